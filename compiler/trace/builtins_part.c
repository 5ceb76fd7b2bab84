// builtins_part: gradients, parts as values, lists, fills, and what only the host can do.
#include "builtins.h"

#include <string.h>

// ---- gradients ----------------------------------------------------------------------------------

typedef struct Wanted {
    Tracer *t;
    Node **node;
    int count, capacity;
} Wanted;

static void want(Wanted *wanted, Node *node)
{
    wanted->node = arena_grow(wanted->t->arena, wanted->node, wanted->count, &wanted->capacity,
                              sizeof *wanted->node);
    wanted->node[wanted->count++] = node;
}

static void want_leaf(void *data, const char *path, Value *leaf)
{
    (void)path;
    Wanted *wanted = data;
    if (!leaf->leaf->buffer && !leaf->leaf->frozen)
        want(wanted, read_value(wanted->t, leaf)->node);
}

static Node *gradient_or_zero(Tracer *t, Node *x, Node *gradient)
{
    return gradient ? gradient : make_zeros_like(&t->builder, x);
}

typedef struct Gradients {
    Tracer *t;
    Node **gradient;
    int next;
} Gradients;

// grad(y, x): x a tensor, a list of tensors, or a part; the result is built like x.
static Value *shaped_gradient(Gradients *g, Value *x, Node **node)
{
    Tracer *t = g->t;
    if (x->kind == V_TENSOR) {
        Node *d = gradient_or_zero(t, node[g->next], g->gradient[g->next]);
        g->next++;
        return value_tensor(t->arena, d);
    }
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(x->count + 1));
    for (int i = 0; i < x->count; i++)
        item[i] = shaped_gradient(g, x->item[i], node);
    return value_list(t->arena, x->kind, item, x->count);
}

static bool all_tensors(Tracer *t, Value *x, Wanted *wanted)
{
    if (x->kind == V_TENSOR) {
        want(wanted, x->node);
        return true;
    }
    if (x->kind != V_LIST && x->kind != V_TUPLE)
        return false;
    for (int i = 0; i < x->count; i++) {
        Value *item = read_value(t, x->item[i]);
        x->item[i] = item;
        if (!all_tensors(t, item, wanted))
            return false;
    }
    return true;
}

static Value *grad(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *of = node_argument(t, v[0], span);
    if (!of)
        return &value_poison;
    if (shape_size(&of->shape).scale != 1 || shape_size(&of->shape).power)
        return fail(t, E_GRAD_SCALAR, span, "the gradient of one number is taken, but this is %s",
                    shape_text(t->arena, &of->shape));
    if (dtype_kind(of->dtype) != KIND_FLOAT) {
        fail(t, E_GRAD_SCALAR, span, "the gradient of a real number is taken, but this is %s",
             dtype_name(of->dtype));
        diag_hint(t->diag, "truth values and whole numbers do not change by small amounts");
        return &value_poison;
    }
    set_origin(t, span);
    Shape scalar = {0};
    of = make_reshape(&t->builder, of, &scalar);
    Wanted wanted = {.t = t};
    Value *x = v[1]->kind == V_LEAF ? read_value(t, v[1]) : v[1];
    bool part = x->kind == V_PART || (x->kind != V_TENSOR && is_part(x));
    if (part)
        each_leaf(x, "", want_leaf, &wanted);
    else if (!all_tensors(t, x, &wanted))
        return fail(t, E_GRAD_OF, span, "`grad` is taken in a tensor, a list of tensors or a part, "
                    "but this is %s", value_kind_text(x));
    Node **gradient = arena_alloc(t->arena, sizeof *gradient * (size_t)(wanted.count + 1));
    differentiate(&t->builder, of, wanted.node, wanted.count, gradient);
    Gradients g = {t, gradient, 0};
    if (!part)
        return shaped_gradient(&g, x, wanted.node);
    for (int i = 0; i < wanted.count; i++)
        gradient[i] = gradient_or_zero(t, wanted.node[i], gradient[i]);
    return replace_leaves(t, x, gradient, span);
}

static Value *stop_gradient(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Value *x = read_value(t, v[0]);
    if (x->kind == V_NUMBER || x->kind == V_HOST)
        return x;
    Node *node = node_argument(t, x, span);
    if (!node)
        return &value_poison;
    set_origin(t, span);
    return value_tensor(t->arena, make_unary(&t->builder, P_STOP, node));
}

// One rank: its own value is the mean over ranks, and its rows are all rows.
static Value *over_ranks(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *node = node_argument(t, v[0], span);
    return node ? value_tensor(t->arena, node) : &value_poison;
}

// ---- parts --------------------------------------------------------------------------------------

static Value *copy(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    bool frozen;
    if (!flag_argument(t, v[1], "frozen", false, &frozen, span))
        return &value_poison;
    if (!is_part(v[0]))
        return fail(t, E_WRONG_TYPE, span, "`copy` takes a part, but this is %s",
                    value_kind_text(v[0]));
    if (!t->making && !t->instance_prefix) {
        fail(t, E_MAKE_IN_METHOD, span, "`copy` makes parameters, so it stands in a body");
        return &value_poison;
    }
    return copy_part(t, v[0], frozen, t->path, span);
}

static Value *map(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    if (count < 2)
        return fail(t, E_MISSING_ARGUMENT, span, "`map` needs a function and at least one part");
    open_tensors(t);                    // in a hook the parts are read from now on
    Value **part = arena_alloc(t->arena, sizeof *part * (size_t)count);
    for (int i = 1; i < count; i++)
        part[i - 1] = argument[i].value;
    return map_leaves(t, argument[0].value, part, count - 1, span);
}

typedef struct Collected {
    Tracer *t;
    Value **item;
    int count, capacity;
} Collected;

static void collect(void *data, const char *path, Value *leaf)
{
    Collected *c = data;
    if (leaf->leaf->buffer)
        return;
    Value **pair = arena_alloc(c->t->arena, 2 * sizeof *pair);
    pair[0] = value_text(c->t->arena, leaf->leaf->variable ? leaf->leaf->variable->path : path);
    pair[1] = read_value(c->t, leaf);
    c->item = arena_grow(c->t->arena, c->item, c->count, &c->capacity, sizeof *c->item);
    c->item[c->count++] = value_list(c->t->arena, V_TUPLE, pair, 2);
}

static Value *parameters(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Collected c = {.t = t};
    open_tensors(t);
    if (v[0]->kind == V_TENSOR) {
        Value **pair = arena_alloc(t->arena, 2 * sizeof *pair);
        pair[0] = value_text(t->arena, "");
        pair[1] = v[0];
        Value **one = arena_alloc(t->arena, sizeof *one);
        one[0] = value_list(t->arena, V_TUPLE, pair, 2);
        return value_list(t->arena, V_LIST, one, 1);
    }
    if (!is_part(v[0]))
        return fail(t, E_WRONG_TYPE, span, "`parameters` takes a part, but this is %s",
                    value_kind_text(v[0]));
    each_leaf(v[0], "", collect, &c);
    return value_list(t->arena, V_LIST, c.item, c.count);
}

// Globs as in weight names: `*` is one component of a path, `**` any number.
static bool glob_match(const char *glob, const char *name)
{
    for (; *glob; glob++, name++) {
        if (glob[0] == '*' && glob[1] == '*') {
            for (const char *rest = name;; rest++) {
                if (glob_match(glob + 2, rest))
                    return true;
                if (!*rest)
                    return false;
            }
        }
        if (*glob == '*') {
            for (const char *rest = name;; rest++) {
                if (glob_match(glob + 1, rest))
                    return true;
                if (!*rest || *rest == '.')
                    return false;
            }
        }
        if (*glob != *name)
            return false;
    }
    return !*name;
}

static Value *matches(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    if (v[0]->kind != V_TEXT || v[1]->kind != V_TEXT)
        return fail(t, E_WRONG_TYPE, span, "`matches` takes a name and a pattern");
    return value_bool(glob_match(v[1]->text, v[0]->text));
}

static void freeze_leaf(void *data, const char *path, Value *leaf)
{
    (void)path;
    Value **pair = data;            // tracer, truth
    Tracer *t = (Tracer *)(void *)pair[0];
    Variable *variable = leaf->leaf->variable;
    if (!variable || !variable->trainable || !t->freeze_state)
        return;
    HostStmt *set = host_emit(t, DO_SET_STATE, variable->span);
    set->index = t->freeze_state[variable->id];
    set->a = number_host(t->arena, pair[1]->number, HOST_BOOL);
}

static Value *freeze(Tracer *t, Span span, Value **v, int detail)
{
    if (!t->host)
        return fail(t, E_HOST_PLACE, span, "`freeze` and `unfreeze` stand in callbacks");
    if (!is_part(v[0]))
        return fail(t, E_WRONG_TYPE, span, "a part is needed, but this is %s",
                    value_kind_text(v[0]));
    Value *pair[2] = {(Value *)(void *)t, value_bool(detail)};
    each_leaf(v[0], "", freeze_leaf, pair);
    return &value_none;
}

typedef struct Leaves {
    Arena *arena;
    Variable **variable;
    int count, capacity;
} Leaves;

static void take_variable(void *data, const char *path, Value *leaf)
{
    (void)path;
    Leaves *leaves = data;
    leaves->variable = arena_grow(leaves->arena, leaves->variable, leaves->count,
                                  &leaves->capacity, sizeof *leaves->variable);
    leaves->variable[leaves->count++] = leaf->leaf->variable;
}

static bool is_of_model(const Variable *variable)
{
    return variable && (variable->kind == VAR_PARAMETER || variable->kind == VAR_BUFFER);
}

static void add_stand_in(Tracer *t, const Variable *weight, const Variable *substitute)
{
    Program *p = t->program;
    if (!is_of_model(weight) || !substitute || substitute->kind != VAR_CALLBACK_STATE)
        return;
    for (int i = 0; i < p->stand_in_count; i++)
        if (strcmp(p->stand_in[i].path, weight->path) == 0)
            return;
    p->stand_in = arena_grow(t->arena, p->stand_in, p->stand_in_count, &p->stand_in_capacity,
                             sizeof *p->stand_in);
    p->stand_in[p->stand_in_count++] = (Alias){weight->path, substitute->path};
}

// What a callback validates with is also what test, predict and --weights take from a checkpoint.
static void note_stand_ins(Tracer *t, Value *a, Value *b)
{
    const char *hook = t->host->tree ? t->host->tree->name : "";
    if (strcmp(hook, "on_validation_start") != 0 && strcmp(hook, "on_validation_epoch_start") != 0)
        return;
    Leaves first = {.arena = t->arena}, second = {.arena = t->arena};
    each_leaf(a, "", take_variable, &first);
    each_leaf(b, "", take_variable, &second);
    for (int i = 0; i < first.count && i < second.count; i++) {
        add_stand_in(t, first.variable[i], second.variable[i]);
        add_stand_in(t, second.variable[i], first.variable[i]);
    }
}

static Value *swap(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    if (!t->host)
        return fail(t, E_HOST_PLACE, span, "`swap` stands in callbacks");
    open_tensors(t);
    Value *a = replace_leaves(t, v[0], NULL, span), *b = replace_leaves(t, v[1], NULL, span);
    if (a->kind == V_POISON || b->kind == V_POISON)
        return &value_poison;
    assign_part(t, v[0], b, span);
    assign_part(t, v[1], a, span);
    note_stand_ins(t, v[0], v[1]);
    return &value_none;
}

const Builtin part_builtins[] = {
    {"grad", NULL, grad, "y x", 0},
    {"stop_gradient", NULL, stop_gradient, "x", 0},
    {"rank_mean", NULL, over_ranks, "x", 0},
    {"all_ranks", NULL, over_ranks, "x", 0},
    {"copy", NULL, copy, "part frozen?", 0},
    {"map", map, NULL, NULL, 0},
    {"parameters", NULL, parameters, "part", 0},
    {"matches", NULL, matches, "name pattern", 0},
    {"freeze", NULL, freeze, "part", 1},
    {"unfreeze", NULL, freeze, "part", 0},
    {"swap", NULL, swap, "a b", 0},
    {0},
};

// ---- lists --------------------------------------------------------------------------------------

static bool list_argument(Tracer *t, const Value *value, Span span)
{
    if (value->kind == V_LIST || value->kind == V_TUPLE)
        return true;
    fail(t, E_NOT_A_LIST, span, "a list is needed, but this is %s", value_kind_text(value));
    return false;
}

static Value *enumerate(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    if (!list_argument(t, v[0], span))
        return &value_poison;
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(v[0]->count + 1));
    for (int i = 0; i < v[0]->count; i++) {
        Value **pair = arena_alloc(t->arena, 2 * sizeof *pair);
        pair[0] = value_int(t->arena, i);
        pair[1] = v[0]->item[i];
        item[i] = value_list(t->arena, V_TUPLE, pair, 2);
    }
    return value_list(t->arena, V_LIST, item, v[0]->count);
}

static Value *zip(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    if (count && argument[0].value->kind == V_SOURCE)
        return zip_sources(t, argument, count, span);
    for (int i = 0; i < count; i++) {
        if (!list_argument(t, argument[i].value, argument[i].span))
            return &value_poison;
        if (argument[i].value->count != argument[0].value->count)
            return fail(t, E_ZIP, span, "`zip` needs lists of one length, but these have %d and %d "
                        "items", argument[0].value->count, argument[i].value->count);
    }
    int length = count ? argument[0].value->count : 0;
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(length + 1));
    for (int i = 0; i < length; i++) {
        Value **tuple = arena_alloc(t->arena, sizeof *tuple * (size_t)count);
        for (int k = 0; k < count; k++)
            tuple[k] = argument[k].value->item[i];
        item[i] = value_list(t->arena, V_TUPLE, tuple, count);
    }
    return value_list(t->arena, V_LIST, item, length);
}

static Value *reversed(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    if (!list_argument(t, v[0], span))
        return &value_poison;
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(v[0]->count + 1));
    for (int i = 0; i < v[0]->count; i++)
        item[i] = v[0]->item[v[0]->count - 1 - i];
    return value_list(t->arena, v[0]->kind, item, v[0]->count);
}

static Value *range(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    int64_t from = 0, to, step = 1;         // range(n) is 0..n
    if ((v[1] && !whole_argument(t, v[0], "a", &from, span))
        || !whole_argument(t, v[v[1] ? 1 : 0], v[1] ? "b" : "a", &to, span)
        || (v[2] && !whole_argument(t, v[2], "step", &step, span)))
        return &value_poison;
    if (step == 0)
        return fail(t, E_RANGE_ENDS, span, "a range needs a step other than 0");
    int64_t count = step > 0 ? (to - from + step - 1) / step : (from - to - step - 1) / -step;
    count = count < 0 ? 0 : count;
    if (count > 1 << 24)
        return fail(t, E_RANGE_ENDS, span, "a range of %lld items is too long", (long long)count);
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(count + 1));
    for (int64_t i = 0; i < count; i++)
        item[i] = value_int(t->arena, from + i * step);
    return value_list(t->arena, V_LIST, item, (int)count);
}

static Value *contains(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    if (!list_argument(t, v[0], span))
        return &value_poison;
    for (int i = 0; i < v[0]->count; i++)
        if (value_equal(v[0]->item[i], v[1]))
            return &value_true;
    return &value_false;
}

// per_axis(3, 2) is [3, 3], per_axis([3, 5], 2) is [3, 5]: for kernel sizes and the like.
static Value *per_axis(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    int64_t count = v[0]->kind == V_LIST || v[0]->kind == V_TUPLE ? v[0]->count : 1;
    int64_t want = count;
    if (v[1] && !whole_argument(t, v[1], "count", &want, span))
        return &value_poison;
    bool list = v[0]->kind == V_LIST || v[0]->kind == V_TUPLE;
    if (list && want != count)
        return fail(t, E_WINDOW, span, "%lld numbers are needed, but this list has %lld",
                    (long long)want, (long long)count);
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(want + 1));
    for (int64_t i = 0; i < want; i++)
        item[i] = list ? v[0]->item[i] : v[0];
    return value_list(t->arena, V_LIST, item, (int)want);
}

const Builtin list_builtins[] = {
    {"enumerate", NULL, enumerate, "list", 0}, {"zip", zip, NULL, NULL, 0},
    {"reversed", NULL, reversed, "list", 0},   {"range", NULL, range, "a b? step?", 0},
    {"contains", NULL, contains, "list x", 0}, {"per_axis", NULL, per_axis, "x count?", 0},
    {0},
};
