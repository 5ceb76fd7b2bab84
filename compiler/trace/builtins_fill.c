// builtins_fill: fills, sources, and what only host code can ask for.
#include "builtins.h"

#include <math.h>
#include <string.h>

// ---- fills --------------------------------------------------------------------------------------

static Value *make_fill(Tracer *t, FillKind kind, Value *a, Value *b)
{
    Value *value = new_value(t->arena, V_FILL);
    value->fill = arena_alloc(t->arena, sizeof *value->fill);
    *value->fill = (Fill){kind, a, b, 0};
    return value;
}

static bool scalar_bound(Tracer *t, Value **value, const char *name, Span span)
{
    *value = read_value(t, *value);
    if ((*value)->kind == V_NUMBER || (*value)->kind == V_HOST || (*value)->kind == V_TENSOR)
        return true;
    fail(t, E_WRONG_TYPE, span, "`%s` is a number, but is given %s", name, value_kind_text(*value));
    return false;
}

static Value *bounded(Tracer *t, Span span, Value **v, int detail)
{
    Value *low = v[0] ? v[0] : value_int(t->arena, 0), *high = v[1] ? v[1] : value_int(t->arena, 1);
    if (!scalar_bound(t, &low, "low", span) || !scalar_bound(t, &high, "high", span))
        return &value_poison;
    return make_fill(t, (FillKind)detail, low, high);
}

static Value *full(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    (void)span;
    Value *fill = make_fill(t, FILL_CONSTANT, read_value(t, v[0]), NULL);
    fill->fill->salt = 1;
    return fill;
}

static Value *fill_by(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    if (v[0]->kind != V_FUNCTION && v[0]->kind != V_PARTIAL && v[0]->kind != V_BUILTIN)
        return fail(t, E_WRONG_TYPE, span, "`fill` takes a function of the shape");
    return make_fill(t, FILL_FUNCTION, v[0], NULL);
}

static Value *linspace(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    int64_t count;
    if (!whole_argument(t, v[2], "count", &count, span))
        return &value_poison;
    if (v[0]->kind != V_NUMBER || v[1]->kind != V_NUMBER || count < 1 || count > 1 << 24)
        return fail(t, E_WRONG_TYPE, span, "`linspace` takes two numbers and a count, known when "
                    "compiling");
    if (!t->graph)
        return fail(t, E_STAGE, span, "tensors exist in steps, in `param` and in `buffer` only");
    set_origin(t, span);
    Builder *b = &t->builder;
    Shape shape = shape_of(1, &count);
    double step = count > 1 ? (v[1]->number - v[0]->number) / (double)(count - 1) : 0;
    Node *i = make_cast(b, t->float_type, make_iota(b, DT_I32, &shape, 0));
    Node *scaled = make_binary(b, P_MUL, i, make_scalar_like(b, i, step));
    return value_tensor(t->arena, make_binary(b, P_ADD, scaled,
                                              make_scalar_like(b, i, v[0]->number)));
}

static const Builtin fill_builtins[] = {
    {"uniform", NULL, bounded, "low? high?", FILL_UNIFORM},
    {"randint", NULL, bounded, "low high", FILL_RANDINT},
    {"full", NULL, full, "value", 0},
    {"fill", NULL, fill_by, "function", 0},
    {"linspace", NULL, linspace, "from to count", 0},
    {0},
};

void bind_fills(Tracer *t)
{
    const struct { const char *name; Value *fill; } fills[] = {
        {"zeros", make_fill(t, FILL_CONSTANT, value_int(t->arena, 0), NULL)},
        {"ones", make_fill(t, FILL_CONSTANT, value_int(t->arena, 1), NULL)},
        {"randn", make_fill(t, FILL_RANDN, NULL, NULL)},
    };
    for (int i = 0; i < 3; i++)
        scope_bind(t->arena, t->builtins, atom(t->atoms, fills[i].name), fills[i].fill, BIND_GLOBAL,
                   (Span){0});
    for (const Builtin *b = fill_builtins; b->name; b++) {
        Value *value = new_value(t->arena, V_BUILTIN);
        value->builtin = b;
        scope_bind(t->arena, t->builtins, atom(t->atoms, b->name), value, BIND_GLOBAL, (Span){0});
    }
}

// ---- host ---------------------------------------------------------------------------------------

// {name} that is not read when compiling has a meaning in the name of a checkpoint only.
static bool keeps_holes(const Tracer *t, const Value *value)
{
    if (value->kind == V_HOST && value->host->op == HOST_SETTING)
        return t->program->setting[value->host->index].holes;
    return value->kind == V_TEXT && value->holes;
}

static HostText *text_argument(Tracer *t, const Value *value)
{
    HostText *piece = arena_alloc(t->arena, sizeof *piece);
    if (value->kind == V_HOST) {
        piece->value = value->host;
        piece->format = value->host->type == HOST_STRING ? "%s" : "%.6g";
    } else {
        piece->text = value->kind == V_TEXT ? value->text : value_text_of(t->arena, value);
    }
    return piece;
}

static bool in_hook(Tracer *t, const char *name, Span span)
{
    if (t->host)
        return true;
    fail(t, E_HOST_PLACE, span, "`%s` stands in callbacks", name);
    return false;
}

// stop("…{x}…"), warn("…"): the string is the argument's own tree, so that its holes are host
// values.
static Value *say(Tracer *t, Span span, Value **v, int detail)
{
    if (!in_hook(t, detail == DO_STOP ? "stop" : "warn", span))
        return &value_poison;
    if (keeps_holes(t, v[0]))
        return fail(t, E_INTERPOLATION, span, "a `{…}` in the text of this `%s` is not known here",
                    detail == DO_STOP ? "stop" : "warn");
    flush_tensors(t);
    HostStmt *stmt = host_emit(t, (HostDo)detail, span);
    stmt->message = v[0]->message ? v[0]->message : text_argument(t, v[0]);
    return &value_none;
}

static bool is_template_format(const char *text)
{
    text += strspn(text, "0123456789.");
    return *text && strchr("defg", *text) && text[1] == '}';
}

// Every {name} of a template must be epoch, step or something that is logged.
static bool check_template(Tracer *t, const char *text, Span span)
{
    for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
        const size_t length = strcspn(at + 1, ":}");
        const char *name = arena_string(t->arena, at + 1, length);
        if (at[1 + length] == ':' && !is_template_format(at + length + 2)) {
            fail(t, E_INTERPOLATION, span, "the format of `{%s:…}` is none of a number", name);
            diag_hint(t->diag, "formats are like .3g, .2f, 8.3e and 04d");
            return false;
        }
        if (strcmp(name, "epoch") != 0 && strcmp(name, "step") != 0
            && metric_value(t, name, span)->kind == V_POISON)
            return false;
    }
    return true;
}

static bool check_name(Tracer *t, const Value *name, Span span)
{
    if (name->kind == V_HOST && name->host->op == HOST_SETTING) {
        Setting *setting = &t->program->setting[name->host->index];
        setting->names_file = true;
        return check_template(t, setting->text ? setting->text : "", span);
    }
    if (!keeps_holes(t, name))
        return true;
    if (!name->message)
        return check_template(t, name->text, span);
    for (const HostText *piece = name->message; piece; piece = piece->next)
        if (piece->text && !check_template(t, piece->text, span))
            return false;
    return true;
}

static Value *save(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    if (!in_hook(t, "save", span) || !check_name(t, v[0], span))
        return &value_poison;
    flush_tensors(t);
    const HostExpr *score = v[1] && v[1]->kind != V_NONE ? host_of(t->arena, v[1])
                                                         : number_host(t->arena, NAN, HOST_FLOAT);
    const HostExpr *keep = v[2] ? host_of(t->arena, v[2]) : number_host(t->arena, 1, HOST_INT);
    const HostExpr *last = v[4] ? host_of(t->arena, v[4]) : number_host(t->arena, 0, HOST_BOOL);
    const HostExpr *named = v[5] ? host_of(t->arena, v[5]) : number_host(t->arena, 1, HOST_BOOL);
    const HostExpr *greater = number_host(t->arena, 0, HOST_BOOL);
    if (v[3] && v[3]->kind == V_TEXT)
        greater = number_host(t->arena, strcmp(v[3]->text, "max") == 0, HOST_BOOL);
    else if (v[3] && v[3]->kind == V_HOST)
        greater = host_op(t->arena, HOST_SAME_TEXT, v[3]->host,
                          host_leaf(t->arena, HOST_TEXT, HOST_STRING, 0, "max"), NULL);
    if (!score || !keep || !last || !named)
        return fail(t, E_WRONG_TYPE, span, "`save` takes a name, a score, how many to keep, a "
                    "mode, whether to keep the last and whether values have their names");
    HostStmt *stmt = host_emit(t, DO_SAVE, span);
    stmt->index = t->host->callback;
    stmt->message = v[0]->message ? v[0]->message : text_argument(t, v[0]);
    stmt->a = score;
    stmt->b = keep;
    stmt->c = greater;
    stmt->d = last;
    stmt->e = named;
    return &value_none;
}

// due(every): is this a step of that interval? `every` is in steps (a duration becomes steps).
static Value *due(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    const HostExpr *every = host_of(t->arena, v[0]);
    if (!every || every->type == HOST_STRING)
        return fail(t, E_WRONG_TYPE, span, "`due` takes a duration");
    const HostExpr *step = host_leaf(t->arena, HOST_RUN, HOST_INT, 0, "step");
    const HostExpr *one = number_host(t->arena, 1, HOST_INT);
    every = host_op(t->arena, HOST_MAX, one, host_op(t->arena, HOST_ROUND, every, NULL, NULL),
                    NULL);
    const HostExpr *rest = host_op(t->arena, HOST_MOD, step, every, NULL);
    return value_host(t->arena, host_op(t->arena, HOST_EQ, rest, number_host(t->arena, 0, HOST_INT),
                                        NULL));
}

const Builtin host_builtins[] = {
    {"stop", NULL, say, "reason", DO_STOP},
    {"warn", NULL, say, "text", DO_WARN},
    {"save", NULL, save, "name score? keep? mode? last? named?", 0},
    {"due", NULL, due, "every", 0},
    {0},
};

// ---- data ---------------------------------------------------------------------------------------

static Value *source(Tracer *t, const char *kind, const Argument *argument, int count, Span span)
{
    return make_source(t, kind, argument, count, span);
}

static Value *idx(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    return source(t, "idx", argument, count, span);
}

static Value *csv(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    return source(t, "csv", argument, count, span);
}

static Value *npy(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    return source(t, "npy", argument, count, span);
}

static Value *categories(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    return make_categories(t, argument, count, span);
}

// The metric in it was worked out when it was called (make_fitted).
static Value *fitted(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    return count == 1 && !argument[0].name && argument[0].value == t->fitted
         ? argument[0].value : fail(t, E_FITTED, span,
                                    "`fitted` takes a metric: fitted(metric(x))");
}

static Value *logger(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)argument; (void)data;
    if (count)
        return fail(t, E_TOO_MANY, span, "this logger has no parameters");
    return value_text(t->arena, "tensorboard");
}

static const char *span_name(Tracer *t, Span span)
{
    const char *text = span_text(t->arena, span);
    return arena_string(t->arena, text, strcspn(text, " (\n"));
}

// ---- weights of a file --------------------------------------------------------------------------

static bool rename_pairs(Tracer *t, const Value *names, PartWeights *weights, Span span)
{
    int count = names ? names->count : 0;
    weights->from = arena_alloc(t->arena, sizeof *weights->from * (size_t)(count + 1));
    weights->to = arena_alloc(t->arena, sizeof *weights->to * (size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const Value *pair = names->kind == V_LIST ? names->item[i] : NULL;
        if (!pair || pair->kind != V_ARROW || pair->item[0]->kind != V_TEXT
            || (pair->item[1]->kind != V_TEXT && pair->item[1]->kind != V_NONE)) {
            fail(t, E_WRONG_TYPE, span, "`names` is a list of pairs \"theirs\" -> \"ours\", or "
                 "-> none for what is not taken");
            return false;
        }
        weights->from[i] = pair->item[0]->text;
        weights->to[i] = pair->item[1]->kind == V_TEXT ? pair->item[1]->text : NULL;
    }
    weights->rename_count = count;
    return true;
}

static bool transposed_names(Tracer *t, const Value *list, PartWeights *weights, Span span)
{
    int count = list ? list->count : 0;
    weights->transpose = arena_alloc(t->arena, sizeof *weights->transpose * (size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        if (list->kind != V_LIST || list->item[i]->kind != V_TEXT) {
            fail(t, E_WRONG_TYPE, span, "`transpose` is a list of names");
            return false;
        }
        weights->transpose[i] = list->item[i]->text;
    }
    weights->transpose_count = count;
    return true;
}

static Value *weights_file(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    PartWeights *weights = arena_alloc(t->arena, sizeof *weights);
    *weights = (PartWeights){.strict = true, .span = span};
    if (v[0]->kind != V_TEXT)
        return fail(t, E_WRONG_TYPE, span, "the path of a file of weights is a string");
    weights->file = v[0]->text;
    if (!rename_pairs(t, v[1], weights, span) || !transposed_names(t, v[2], weights, span)
        || !flag_argument(t, v[3], "strict", true, &weights->strict, span))
        return &value_poison;
    Value *value = new_value(t->arena, V_WEIGHTS);
    value->weights = weights;
    return value;
}

static Value *item(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    if (t->host && t->host_tensors)
        return item_of(t, v[0], span);
    fail(t, E_HOST_PLACE, span, "`item` stands in callbacks: a step hands out no numbers");
    diag_hint(t->diag, t->host ? "a schedule reads metrics[…]"
                               : "go on with the tensor, or `log` it");
    return &value_poison;
}

static Value *picture(Tracer *t, Span span, Value **v, int detail)
{
    return picture_value(t, v[0], (ResultKind)detail, span);
}

static Value *check(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    return check_tensor(t, v[0], v[1], span);
}

// What the language has and this version has not: a sentence that says so, not an unknown name.
static Value *later(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)argument; (void)count; (void)data;
    return fail(t, E_LATER, span, "`%s` is not part of this version", span_name(t, span));
}

const Builtin source_builtins[] = {
    {"idx", idx, NULL, NULL, 0},       {"csv", csv, NULL, NULL, 0},
    {"npy", npy, NULL, NULL, 0},       {"categories", categories, NULL, NULL, 0},
    {"fitted", fitted, NULL, NULL, 0}, {"tensorboard", logger, NULL, NULL, 0},
    {"jsonl", logger, NULL, NULL, 0},
    {"text", later, NULL, NULL, 0},    {"images", later, NULL, NULL, 0},
    {"chars", later, NULL, NULL, 0},   {"bytes", later, NULL, NULL, 0},
    {"bpe", later, NULL, NULL, 0},     {"tiktoken", later, NULL, NULL, 0},
    {"along", later, NULL, NULL, 0},   {"kv_cache", later, NULL, NULL, 0},
    {"with_images", later, NULL, NULL, 0},
    {"histogram", NULL, picture, "x", RESULT_HISTOGRAM},
    {"heatmap", NULL, picture, "x", RESULT_HEATMAP},
    {"check", NULL, check, "c message", 0}, {"item", NULL, item, "x", 0},
    {"safetensors", NULL, weights_file, "path names? transpose? strict?", 0},
    {"checkpoint", NULL, weights_file, "path", 0},
    {0},
};
