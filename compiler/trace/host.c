// host: statements of host functions (schedules, callbacks), settings and host states.
#include "tracer.h"

#include <string.h>

HostStmt *host_emit(Tracer *t, HostDo what, Span span)
{
    HostStmt *stmt = arena_alloc(t->arena, sizeof *stmt);
    stmt->what = what;
    stmt->span = span;
    *t->host->last = stmt;
    t->host->last = &stmt->next;
    return stmt;
}

int host_local(Tracer *t, const char *name)
{
    HostFunction *f = t->host->function;
    f->local_name = arena_grow(t->arena, f->local_name, f->local_count, &t->host->local_capacity,
                               sizeof *f->local_name);
    int same = 0;
    for (int i = 0; i < f->local_count; i++) {
        const char *other = f->local_name[i];
        size_t n = strlen(name);
        same += strncmp(other, name, n) == 0
             && strspn(other + n, "0123456789") == strlen(other + n);
    }
    f->local_name[f->local_count] = same ? arena_format(t->arena, "%s%d", name, same + 1) : name;
    return f->local_count++;
}

static const HostExpr *local_read(Tracer *t, int local, HostType type)
{
    return host_leaf(t->arena, HOST_LOCAL, type, local, t->host->function->local_name[local]);
}

static void set_local(Tracer *t, int local, const HostExpr *value, Span span)
{
    HostStmt *set = host_emit(t, DO_SET_LOCAL, span);
    set->index = local;
    set->a = value;
}

// ---- if -----------------------------------------------------------------------------------------

typedef struct Before {
    Binding *binding;
    Value *value, *then_value;  // NULL: not bound then
    struct Before *next;
} Before;

// And the names that the branch has just bound for the first time.
static Before *add_fresh(Tracer *t, Scope *scope, Before *list)
{
    Before *first = list;
    for (Binding *b = scope->first; b; b = b->next) {
        const Before *x = first;
        while (x && x->binding != b)
            x = x->next;
        if (x)
            continue;
        Before *before = arena_alloc(t->arena, sizeof *before);
        *before = (Before){b, NULL, NULL, list};
        list = before;
    }
    return list;
}

// Host values that a branch may rebind: locals of this function and the host states of the layer.
static Before *snapshot(Tracer *t, Scope *scope)
{
    Before *list = NULL;
    for (Scope *s = scope; s; s = s->parent) {
        for (Binding *b = s->first; b; b = b->next) {
            if (s != scope && b->host_state < 0)
                continue;
            Before *before = arena_alloc(t->arena, sizeof *before);
            *before = (Before){b, b->one_path ? NULL : b->value, NULL, list};
            list = before;
        }
        if (s->self || (s != scope && s->parent == t->file))
            break;
    }
    return list;
}

static HostType either(const HostExpr *a, const HostExpr *b)
{
    return a->type == b->type ? a->type : HOST_FLOAT;
}

typedef struct Branch {
    HostStmt *first, **last;
} Branch;

static Value *run_branch(Tracer *t, Scope *scope, const Ast *block, Branch *branch)
{
    HostStmt **outer = t->host->last;
    branch->first = NULL;
    t->host->last = &branch->first;
    Value *value = block ? eval_block(t, scope, block) : &value_none;
    flush_tensors(t);
    branch->last = t->host->last;
    t->host->last = outer;
    return value;
}

static void append(Tracer *t, Branch *branch, int local, const HostExpr *value, Span span)
{
    HostStmt **outer = t->host->last;
    t->host->last = branch->last;
    set_local(t, local, value, span);
    branch->last = t->host->last;
    t->host->last = outer;
}

static Value *join_values(Tracer *t, Branch *then, Branch *otherwise, Value *a, Value *b,
                          const char *name, Span span)
{
    const HostExpr *x = host_of(t->arena, a), *y = host_of(t->arena, b);
    if (!x || !y)
        return a == b ? a : &value_none;
    int local = host_local(t, name);
    append(t, then, local, x, span);
    append(t, otherwise, local, y, span);
    return value_host(t->arena, local_read(t, local, either(x, y)));
}

static void leave_unbound(Binding *binding)
{
    binding->value = &value_poison;
    binding->one_path = true;
}

// What a name is behind the `if`. Tensors are chosen among by the condition, in a step behind it.
static void join_name(Tracer *t, Before *x, Branch *then, Branch *otherwise, Span span)
{
    Binding *b = x->binding;
    if (!x->value && (!x->then_value || b->one_path)) {
        leave_unbound(b);
        return;
    }
    const bool tensors = x->then_value->kind == V_TENSOR || b->value->kind == V_TENSOR;
    if (x->then_value == b->value || tensors)
        return;
    b->value = join_values(t, then, otherwise, x->then_value, b->value, b->name, span);
    x->then_value = b->value;
}

static Value *choose_tensor(Tracer *t, const HostExpr *condition, Value *a, Value *b, Span span)
{
    a = current_value(t, a, span);
    b = current_value(t, b, span);
    if (a->kind == V_POISON || b->kind == V_POISON)
        return &value_poison;
    return choose_value(t, value_host(t->arena, condition), a, b, span);
}

static void join_tensors(Tracer *t, const Before *x, const HostExpr *condition, Span span)
{
    Binding *b = x->binding;
    if (!b->one_path && x->then_value != b->value)
        b->value = choose_tensor(t, condition, x->then_value, b->value, span);
}

void host_if(Tracer *t, Scope *scope, const Ast *tree, const HostExpr *condition, Value **result)
{
    flush_tensors(t);
    Before *before = snapshot(t, scope);
    Branch then, otherwise;
    Value *a = run_branch(t, scope, tree->b, &then);
    before = add_fresh(t, scope, before);
    for (Before *x = before; x; x = x->next) {
        x->then_value = x->binding->one_path ? NULL : x->binding->value;
        x->binding->value = x->value;
        if (!x->value)
            leave_unbound(x->binding);
    }
    Value *b = run_branch(t, scope, tree->c, &otherwise);
    before = add_fresh(t, scope, before);

    if (a->kind == V_POISON || b->kind == V_POISON)
        *result = &value_poison;
    else
        *result = join_values(t, &then, &otherwise, a, b, "value", tree->span);
    for (Before *x = before; x; x = x->next)
        join_name(t, x, &then, &otherwise, tree->span);
    HostStmt *stmt = host_emit(t, DO_IF, tree->span);
    stmt->a = condition;
    stmt->then = then.first;
    stmt->otherwise = otherwise.first;
    for (Before *x = before; x; x = x->next)
        join_tensors(t, x, condition, tree->span);
    if (a->kind == V_TENSOR || b->kind == V_TENSOR)
        *result = a->kind == V_NONE || b->kind == V_NONE ? &value_none
                : choose_tensor(t, condition, a, b, tree->span);
}

// ---- functions ----------------------------------------------------------------------------------

HostFunction *host_function(Tracer *t, const char *name, Scope *scope, const Ast *method,
                            int callback)
{
    HostFunction *function = arena_alloc(t->arena, sizeof *function);
    function->name = name;
    function->parameter = -1;
    function->span = method->span;
    HostFrame frame = {.function = function, .last = &function->body, .callback = callback,
                       .tree = method};
    HostFrame *outer = t->host;
    Graph *outer_graph = t->graph;
    t->host = &frame;
    t->graph = NULL;

    // States start a function as they are; assignments within it go through locals.
    for (Binding *b = scope->first; b; b = b->next)
        if (b->host_state >= 0)
            b->value = value_host(t->arena, host_leaf(t->arena, HOST_STATE, HOST_FLOAT,
                                                      b->host_state, b->name));
    Scope *inner = scope_new(t->arena, scope);
    for (Binding *b = scope->first; b; b = b->next)
        if (b->host_state >= 0 && tree_assigns(t->members, b->name)) {
            int local = host_local(t, b->name);
            set_local(t, local, b->value->host, method->span);
            b->value = value_host(t->arena, local_read(t, local, HOST_FLOAT));
        }
    if (method->a) {
        function->parameter = host_local(t, method->a->name);
        scope_bind(t->arena, inner, method->a->name,
                   value_host(t->arena, local_read(t, function->parameter, HOST_INT)), BIND_LOCAL,
                   method->a->span);
    }
    Value *value = eval_block(t, inner, method->c);
    flush_tensors(t);
    const HostExpr *result = host_of(t->arena, value);
    if (result && result->type != HOST_STRING) {
        HostStmt *stmt = host_emit(t, DO_RETURN, method->span);
        stmt->a = result;
    } else if (function->parameter >= 0 && value->kind != V_POISON) {
        fail(t, E_SCHEDULE_VALUE, method->span, "`%s` must end in a number, but ends in %s",
             method->name, value_kind_text(value));
    }
    t->host = outer;
    t->graph = outer_graph;
    return function;
}

// ---- tables -------------------------------------------------------------------------------------

int program_state(Tracer *t, const char *name, Value *initial, Span span)
{
    Program *p = t->program;
    p->state = arena_grow(t->arena, p->state, p->state_count, &p->state_capacity, sizeof *p->state);
    HostState *state = &p->state[p->state_count];
    *state = (HostState){.name = name};
    const HostExpr *start = host_of(t->arena, initial);
    if (!start || start->type == HOST_STRING)
        fail(t, E_STATE_VALUE, span, "the state `%s` holds a number, but starts as %s", name,
             value_kind_text(initial));
    else if (start->op == HOST_NUMBER)
        state->initial = start->number;
    else
        state->start = start;
    return p->state_count++;
}

static SettingType setting_type(const Value *value, const Ast *parameter)
{
    const Ast *type = parameter ? parameter->a : NULL;
    if (value->kind == V_DURATION)
        return SETTING_DURATION;
    if (type && type->name && strcmp(type->name, "duration") == 0)
        return SETTING_DURATION;
    if (value->kind == V_BOOL)
        return SETTING_FLAG;
    if (value->kind == V_TEXT)
        return type && type->kind == AST_TYPE_WORDS ? SETTING_WORD : SETTING_TEXT;
    if (type && type->name && strcmp(type->name, "int") == 0)
        return SETTING_INTEGER;
    return SETTING_NUMBER;
}

static const char *choices_of(Tracer *t, const Ast *type)
{
    if (!type || type->kind != AST_TYPE_WORDS)
        return NULL;
    const char *text = type->a->text;
    for (const Ast *word = type->a->next; word; word = word->next)
        text = arena_format(t->arena, "%s|%s", text, word->text);
    return text;
}

int program_setting(Tracer *t, const char *name, Value *value, const Ast *parameter, bool fixed)
{
    Program *p = t->program;
    for (int i = 0; i < p->setting_count; i++)
        if (strcmp(p->setting[i].name, name) == 0)
            name = arena_format(t->arena, "%s_%d", name, i);
    p->setting = arena_grow(t->arena, p->setting, p->setting_count, &p->setting_capacity,
                            sizeof *p->setting);
    Setting *s = &p->setting[p->setting_count];
    *s = (Setting){.name = name, .type = setting_type(value, parameter), .fixed = fixed,
                   .given = true, .help = parameter ? parameter->doc : NULL,
                   .choices = choices_of(t, parameter ? parameter->a : NULL)};
    s->number = value->kind == V_TEXT ? 0 : value->number;
    s->text = value->kind == V_TEXT ? value->text : NULL;
    if (value->kind == V_DURATION) {
        static const int unit[] = {[UNIT_STEPS] = 0, [UNIT_EPOCHS] = 1, [UNIT_BATCHES] = 2,
                                   [UNIT_SECONDS] = 3, [UNIT_MINUTES] = 3, [UNIT_HOURS] = 3,
                                   [UNIT_DAYS] = 3};
        static const double seconds[] = {[UNIT_MINUTES] = 60, [UNIT_HOURS] = 3600,
                                         [UNIT_DAYS] = 86400};
        s->unit = unit[value->unit];
        if (value->unit >= UNIT_MINUTES)
            s->number *= seconds[value->unit];
    }
    return p->setting_count++;
}

// ---- questions about trees ----------------------------------------------------------------------

static bool is_target(const Ast *target, const char *name)
{
    for (; target; target = target->next) {
        if (target->kind == AST_NAME && target->name == name)
            return true;
        if ((target->kind == AST_TUPLE || target->kind == AST_TARGETS)
            && is_target(target->a, name))
            return true;
    }
    return false;
}

bool tree_assigns(const Ast *tree, const char *name)
{
    for (; tree; tree = tree->next) {
        if (tree->kind == AST_ASSIGN && is_target(tree->a, name))
            return true;
        if (tree->kind == AST_UPDATE && tree->a->kind == AST_NAME && tree->a->name == name)
            return true;
        if ((tree->a && tree_assigns(tree->a, name)) || (tree->b && tree_assigns(tree->b, name))
            || (tree->c && tree_assigns(tree->c, name))
            || (tree->d && tree_assigns(tree->d, name)))
            return true;
    }
    return false;
}

bool tree_calls(const Ast *tree, const char *name)
{
    for (; tree; tree = tree->next) {
        if (tree->kind == AST_CALL && tree->a->kind == AST_NAME && strcmp(tree->a->name, name) == 0)
            return true;
        if ((tree->a && tree_calls(tree->a, name)) || (tree->b && tree_calls(tree->b, name))
            || (tree->c && tree_calls(tree->c, name)) || (tree->d && tree_calls(tree->d, name)))
            return true;
    }
    return false;
}
