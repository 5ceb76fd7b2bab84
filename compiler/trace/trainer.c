// trainer: the `trainer { }` block: settings, precision, callbacks, loggers; names behind
// `trainer.`.
#include "tracer.h"

#include <math.h>
#include <string.h>

static const struct TrainerSetting {
    const char *name;
    SettingType type;
    double number;
    const char *text, *help;
} trainer_table[] = {
#define LT_NUMBER SETTING_NUMBER
#define LT_INTEGER SETTING_INTEGER
#define LT_FLAG SETTING_FLAG
#define LT_WORD SETTING_WORD
#define LT_TEXT SETTING_TEXT
#define LT_DURATION SETTING_DURATION
#define LT_TRAINER_SETTING(name, type, number, text, help) {#name, type, number, text, help},
#include "../../runtime/include/lt/trainer.def"
#undef LT_TRAINER_SETTING
#undef LT_NUMBER
#undef LT_INTEGER
#undef LT_FLAG
#undef LT_WORD
#undef LT_TEXT
#undef LT_DURATION
};
enum { trainer_count = sizeof trainer_table / sizeof *trainer_table };

static const char *const structural[] = {"model", "data", "callbacks", "loggers", "logger",
                                         "precision", "validate", "memory"};

static const Ast *trainer_members(const Tracer *t)
{
    for (const Ast *d = t->tree ? t->tree->a : NULL; d; d = d->next)
        if (d->kind == AST_TRAINER)
            return d->b;
    return NULL;
}

const Ast *trainer_tree(const Tracer *t, const char *name)
{
    for (const Ast *m = trainer_members(t); m; m = m->next) {
        if (m->kind != AST_BIND)
            continue;
        const Ast *value = m->b;
        for (const Ast *a = m->a; a && value; a = a->next, value = value->next)
            if (a->name && strcmp(a->name, name) == 0)
                return value;
    }
    return NULL;
}

Value *trainer_value(Tracer *t, const char *name)
{
    Value *given = defined_value(t, arena_format(t->arena, "trainer.%s", name));
    if (given)
        return given;
    const Ast *tree = trainer_tree(t, name);
    return tree ? eval(t, t->file, tree) : NULL;
}

static Span trainer_span(Tracer *t, const char *name)
{
    const Ast *tree = trainer_tree(t, name);
    return tree ? tree->span : (Span){0};
}

// The one setting that is needed before anything is traced: what f32 stands for.
void choose_precision(Tracer *t)
{
    Value *value = trainer_value(t, "precision");
    if (!value || value->kind == V_POISON)
        return;
    Span at = trainer_span(t, "precision");
    const char *word = value->kind == V_TEXT ? value->text
                     : value->kind == V_NUMBER ? value_text_of(t->arena, value) : "";
    if (strcmp(word, "64-true") == 0 || strcmp(word, "64") == 0) {
        t->float_type = DT_F64;
    } else if (strcmp(word, "32-true") != 0 && strcmp(word, "32") != 0) {
        static const char *const later[] = {"bf16-mixed", "16-mixed", "bf16-true", "16-true", "16",
                                            "bf16"};
        for (size_t i = 0; i < sizeof later / sizeof *later; i++)
            if (strcmp(word, later[i]) == 0) {
                fail(t, E_LATER, at, "precision %s is not part of this version", word);
                diag_hint(t->diag, "\"32-true\" and \"64-true\" are");
                return;
            }
        fail(t, E_SETTING_VALUE, at, "`precision` is \"32-true\" or \"64-true\"");
    }
}

static void known_members(Tracer *t)
{
    const char *names[trainer_count + 16];
    int count = 0;
    for (int i = 0; i < trainer_count; i++)
        names[count++] = trainer_table[i].name;
    for (size_t i = 0; i < sizeof structural / sizeof *structural; i++)
        names[count++] = structural[i];
    int blocks = 0;
    for (const Ast *d = t->tree->a; d; d = d->next)
        if (d->kind == AST_TRAINER && ++blocks == 2)
            fail(t, E_DECLARED_TWICE, d->span, "there is one `trainer` block");
    for (const Ast *m = trainer_members(t); m; m = m->next) {
        if (m->kind != AST_BIND) {
            if (m->kind != AST_ERROR)
                fail(t, E_TRAINER_MEMBER, m->span, "a trainer block holds settings: name = value");
            continue;
        }
        for (const Ast *a = m->a; a; a = a->next) {
            bool known = false;
            for (int i = 0; i < count; i++)
                known |= a->name && strcmp(names[i], a->name) == 0;
            if (known)
                continue;
            fail(t, E_UNKNOWN_SETTING, a->span, "the trainer has no setting `%s`",
                 a->name ? a->name : "?");
            const char *near = a->name ? diag_nearest(t->arena, a->name, names, count) : NULL;
            if (near)
                diag_hint(t->diag, "did you mean `%s`?", near);
        }
    }
}

static bool fits(const struct TrainerSetting *s, const Value *value)
{
    switch (s->type) {
    case SETTING_INTEGER:
        return value_is_whole(value) || (value->kind == V_BOOL && strcmp(s->name,
                                                                         "fast_dev_run") == 0)
            || (value->kind == V_NONE) || (value->kind == V_DURATION);
    case SETTING_NUMBER: return value->kind == V_NUMBER || value->kind == V_NONE;
    case SETTING_DURATION: return value->kind == V_NUMBER || value->kind == V_DURATION;
    case SETTING_FLAG: return value->kind == V_BOOL;
    case SETTING_WORD:
        return value->kind == V_TEXT && (strcmp(value->text, "norm") == 0
                                         || strcmp(value->text, "value") == 0);
    default: return value->kind == V_TEXT || value->kind == V_DURATION;
    }
}

static const char *setting_kind(const struct TrainerSetting *s)
{
    switch (s->type) {
    case SETTING_INTEGER: return "a whole number";
    case SETTING_NUMBER: return "a number";
    case SETTING_DURATION: return "a count of batches or a share";
    case SETTING_FLAG: return "true or false";
    case SETTING_WORD: return "\"norm\" or \"value\"";
    default: return "a string";
    }
}

static int lt_unit_of(const Value *value)
{
    enum { steps, epochs, batches, seconds, fraction };
    if (value->kind == V_NUMBER)
        return value->whole ? batches : fraction;
    return value->unit == UNIT_EPOCHS ? epochs : value->unit == UNIT_STEPS ? steps
         : value->unit == UNIT_BATCHES ? batches : seconds;
}

static const char *clock_text(Tracer *t, const Value *value)
{
    static const double unit[] = {[UNIT_SECONDS] = 1, [UNIT_MINUTES] = 60, [UNIT_HOURS] = 3600,
                                  [UNIT_DAYS] = 86400};
    if (value->kind == V_TEXT)
        return value->text;
    int64_t s = (int64_t)(value->number * (value->unit >= UNIT_SECONDS ? unit[value->unit] : 1));
    return arena_format(t->arena, "%02d:%02d:%02d:%02d", (int)(s / 86400), (int)(s / 3600 % 24),
                        (int)(s / 60 % 60), (int)(s % 60));
}

static void add_setting(Tracer *t, int row)
{
    const struct TrainerSetting *s = &trainer_table[row];
    Program *p = t->program;
    p->setting = arena_grow(t->arena, p->setting, p->setting_count, &p->setting_capacity,
                            sizeof *p->setting);
    Setting *setting = &p->setting[p->setting_count];
    *setting = (Setting){.name = arena_format(t->arena, "trainer.%s", s->name), .type = s->type,
                         .number = s->number, .text = s->text, .help = s->help,
                         .span = trainer_span(t, s->name)};
    if (s->type == SETTING_DURATION)
        setting->unit = 4;              // shares, unless said otherwise
    if (s->type == SETTING_WORD)
        setting->choices = "norm|value";
    setting->fixed = s->type == SETTING_WORD;   // the way of clipping is in the step's code
    p->trainer_setting[row] = p->setting_count++;
    Value *value = trainer_value(t, s->name);
    if (!value || value->kind == V_POISON)
        return;
    if (!fits(s, value)) {
        fail(t, E_SETTING_VALUE, setting->span, "`%s` is %s, but this is %s", s->name,
             setting_kind(s), value_text_of(t->arena, value));
        diag_hint(t->diag, "it says: %s", s->help);
        return;
    }
    setting->given = true;
    if (s->type == SETTING_TEXT || s->type == SETTING_WORD)
        setting->text = clock_text(t, value);
    else
        setting->number = value->kind == V_NONE ? -1 : value->number;
    if (s->type == SETTING_DURATION)
        setting->unit = lt_unit_of(value);
}

// ---- names behind `trainer.` --------------------------------------------------------------------

// Lists of a number of each optimiser: trainer.rates.
static const struct { const char *name, *setting, *other, *suffix; } optimizer_lists[] = {
    {"rates", "lr", NULL, ""},
    {"momenta", "momentum", "betas", "-momentum"},
    {"weight_decays", "weight_decay", NULL, "-weight_decay"},
};
enum { list_count = sizeof optimizer_lists / sizeof *optimizer_lists };

static void bind_trainer_names(Tracer *t)
{
    static const struct { const char *name; HostType type; const char *member; } names[] = {
        {"step", HOST_INT, "step"},               {"global_step", HOST_INT, "step"},
        {"epoch", HOST_INT, "epoch"},             {"current_epoch", HOST_INT, "epoch"},
        {"batch", HOST_INT, "batch"},             {"total_steps", HOST_INT, "total_steps"},
        {"steps_per_epoch", HOST_INT, "steps_per_epoch"},
        {"max_epochs", HOST_INT, "max_epochs"},   {"max_steps", HOST_INT, "max_steps"},
        {"progress", HOST_FLOAT, "progress"},     {"rank", HOST_INT, "rank"},
        {"ranks", HOST_INT, "ranks"},             {"elapsed", HOST_FLOAT, "elapsed"},
        {"sanity", HOST_BOOL, "sanity"},          {"val_batches", HOST_INT, "val_batches"},
        {"validates_at_epoch_end", HOST_BOOL, "validates_at_epoch_end"},
    };
    Value *value = new_value(t->arena, V_NAMESPACE);
    value->names = scope_new(t->arena, NULL);
    value->text = "the trainer";
    t->trainer_names = value;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const HostExpr *host = host_leaf(t->arena, HOST_RUN, names[i].type, 0, names[i].member);
        scope_bind(t->arena, value->names, atom(t->atoms, names[i].name),
                   value_host(t->arena, host), BIND_GLOBAL, (Span){0});
    }
    for (int i = 0; i < list_count; i++)
        scope_bind(t->arena, value->names, atom(t->atoms, optimizer_lists[i].name),
                   value_list(t->arena, V_LIST, NULL, 0), BIND_GLOBAL, (Span){0});
    scope_bind(t->arena, t->builtins, atom(t->atoms, "trainer"), value, BIND_GLOBAL, (Span){0});
    Value *metrics = new_value(t->arena, V_NAMESPACE);
    metrics->names = scope_new(t->arena, NULL);
    metrics->text = "`metrics`";
    t->metric_names = metrics->names;
    scope_bind(t->arena, t->builtins, atom(t->atoms, "metrics"), metrics, BIND_GLOBAL, (Span){0});
}

// A setting of an optimiser as it is at this step; NULL: it has none.
static Value *optimizer_number(Tracer *t, const Instance *optimizer, const char *setting)
{
    Binding *binding = scope_here(optimizer->scope, atom(t->atoms, setting));
    if (!binding)
        return NULL;
    Value *value = binding->value;
    if ((value->kind == V_TUPLE || value->kind == V_LIST) && value->count)
        value = value->item[0];
    if (value->kind != V_INSTANCE)
        return value;
    const HostExpr *step = host_leaf(t->arena, HOST_RUN, HOST_INT, 0, "step");
    const HostExpr *host = schedule_rate(t, value->instance, step);
    return host ? value_host(t->arena, host) : NULL;
}

static const char *optimizer_label(Tracer *t, int index, const char *suffix)
{
    const Declaration *declaration = t->optimizer[index].instance->declaration;
    int same = 0;
    for (int i = 0; i < index; i++)
        same += t->optimizer[i].instance->declaration == declaration;
    return same ? arena_format(t->arena, "lr-%s-%d%s", declaration->name, same, suffix)
                : arena_format(t->arena, "lr-%s%s", declaration->name, suffix);
}

// (name, number) of every optimiser that has one of the settings.
static Value *list_numbers(Tracer *t, const char *setting, const char *other, const char *suffix)
{
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(t->optimizer_count + 1));
    int count = 0;
    for (int i = 0; i < t->optimizer_count; i++) {
        Value *number = optimizer_number(t, t->optimizer[i].instance, setting);
        if (!number && other)
            number = optimizer_number(t, t->optimizer[i].instance, other);
        if (!number)
            continue;
        Value **pair = arena_alloc(t->arena, 2 * sizeof *pair);
        pair[0] = value_text(t->arena, optimizer_label(t, i, suffix));
        pair[1] = number;
        item[count++] = value_list(t->arena, V_TUPLE, pair, 2);
    }
    return value_list(t->arena, V_LIST, item, count);
}

// What trainer.rates and its like are, once the optimisers are there.
void make_rates(Tracer *t)
{
    for (int i = 0; i < list_count; i++)
        scope_here(t->trainer_names->names, atom(t->atoms, optimizer_lists[i].name))->value
            = list_numbers(t, optimizer_lists[i].setting, optimizer_lists[i].other,
                           optimizer_lists[i].suffix);
}

// ---- callbacks and loggers ----------------------------------------------------------------------

// A checkpoint has to hold the time trained only where the spec asks for it.
bool reads_elapsed(const Tracer *t)
{
    return scope_here(t->trainer_names->names, atom(t->atoms, "elapsed"))->used;
}

static void check_items(Tracer *t, const Value *list, const Ast *tree)
{
    for (int i = 0; i < list->count; i++)
        if (list->item[i]->kind != V_INSTANCE
            || list->item[i]->instance->kind != INSTANCE_CALLBACK)
            fail(t, E_SETTING_VALUE, tree->span, "`callbacks` is a list of callbacks, but item %d "
                 "is %s", i, value_kind_text(list->item[i]));
}

void make_callbacks(Tracer *t)
{
    const Ast *tree = trainer_tree(t, "callbacks");
    if (tree) {
        // A callback's arguments may name parts of the model.
        Scope *scope = scope_new(t->arena, t->model->scope);
        Value *model = new_value(t->arena, V_PART);
        model->part = t->model;
        scope_bind(t->arena, scope, atom(t->atoms, "model"), model, BIND_LOCAL, tree->span);
        t->instance_prefix = "callback";
        Value *list = eval(t, scope, tree);
        t->instance_prefix = NULL;
        if (list->kind == V_LIST || list->kind == V_TUPLE)
            check_items(t, list, tree);
        else if (list->kind != V_POISON)
            fail(t, E_SETTING_VALUE, tree->span, "`callbacks` is a list of callbacks");
    }
}

static void choose_loggers(Tracer *t)
{
    const Ast *tree = trainer_tree(t, "loggers") ? trainer_tree(t, "loggers")
                                                 : trainer_tree(t, "logger");
    t->program->logs_csv = !tree;
    if (!tree)
        return;
    const Ast *one = tree->kind == AST_LIST ? tree->a : tree;
    for (; one; one = tree->kind == AST_LIST ? one->next : NULL) {
        const Ast *callee = one->kind == AST_CALL ? one->a : one;
        const char *name = callee->kind == AST_NAME ? callee->name : "";
        if (strcmp(name, "csv") == 0)
            t->program->logs_csv = true;
        else if (strcmp(name, "tensorboard") == 0)
            t->program->logs_tensorboard = true;
        else if (strcmp(name, "jsonl") == 0)
            t->program->logs_jsonl = true;
        else if (callee->kind == AST_FALSE || callee->kind == AST_NONE)
            continue;
        else {
            fail(t, E_UNKNOWN_LOGGER, one->span, "there is no logger `%s`",
                 span_text(t->arena, callee->span));
            diag_hint(t->diag, "loggers are csv(), jsonl() and tensorboard()");
        }
        if (one->kind == AST_CALL && one->b)
            fail(t, E_TOO_MANY, one->span, "this logger has no parameters");
    }
}

void trace_trainer(Tracer *t)
{
    bind_trainer_names(t);
    known_members(t);
    for (int i = 0; i < trainer_count; i++)
        add_setting(t, i);
    Program *p = t->program;
    for (int i = 0; i < p->setting_count; i++) {
        const Setting *s = &p->setting[i];
        if (strcmp(s->name, "trainer.gradient_clip_val") == 0)
            p->has_clip = s->given && s->number >= 0;
        if (strcmp(s->name, "trainer.accumulate_grad_batches") == 0)
            p->has_accumulation = s->given;
    }
    choose_loggers(t);
    if (trainer_tree(t, "memory"))
        fail(t, E_LATER, trainer_span(t, "memory"), "`memory` is not part of this version");
}
