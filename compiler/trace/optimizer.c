// optimizer: `minimize`, who owns which parameter, groups, clipping, accumulation, updates.
#include "tracer.h"

#include <math.h>
#include <string.h>

// ---- selectors ----------------------------------------------------------------------------------

typedef struct Search {
    const Variable *variable;
    bool found;
} Search;

static void find_leaf(void *data, const char *path, Value *leaf)
{
    (void)path;
    Search *search = data;
    search->found |= leaf->leaf->variable == search->variable;
}

static Scope *variable_scope(Tracer *t, Scope *scope, const Variable *variable)
{
    Scope *about = scope_new(t->arena, scope);
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(variable->shape.rank + 1));
    for (int i = 0; i < variable->shape.rank; i++)
        item[i] = value_dim(t->arena, variable->shape.dim[i]);
    const struct { const char *name; Value *value; } known[] = {
        {"rank", value_int(t->arena, variable->shape.rank)},
        {"shape", value_list(t->arena, V_LIST, item, variable->shape.rank)},
        {"name", value_text(t->arena, variable->path)},
    };
    for (int i = 0; i < 3; i++)
        scope_bind(t->arena, about, atom(t->atoms, known[i].name), known[i].value, BIND_LOCAL,
                   variable->span)->used = true;
    return about;
}

// A part, a tuple of parts, or a condition on rank, shape and name.
bool selects(Tracer *t, Scope *scope, const Ast *selector, Variable *variable, bool *selected)
{
    Graph *graph = t->graph;
    t->graph = NULL;                    // leaves stay leaves
    Value *value = eval(t, variable_scope(t, scope, variable), selector);
    t->graph = graph;
    *selected = false;
    if (value->kind == V_POISON)
        return false;
    if (value->kind == V_BOOL) {
        *selected = value->number != 0;
        return true;
    }
    if (!is_part(value)) {
        t->optimizer_broken = true;
        fail(t, E_SELECTOR, selector->span, "a selector is a part, a tuple of parts or a condition "
             "on rank, shape and name, but this is %s", value_kind_text(value));
        return false;
    }
    Search search = {variable, false};
    each_leaf(value, "", find_leaf, &search);
    *selected = search.found;
    return true;
}

// ---- members `optimizer … over … { group … }` ---------------------------------------------------

void make_optimizers(Tracer *t)
{
    int unnamed = 0;
    for (const Ast *m = t->model->declaration->tree->b; m; m = m->next) {
        if (m->kind != AST_OPTIMIZER)
            continue;
        const char *label = m->name ? arena_format(t->arena, "optimizer.%s", m->name)
                          : unnamed++ == 0 ? "optimizer"
                          : arena_format(t->arena, "optimizer%d", unnamed);
        const char *outer = t->instance_prefix;
        t->instance_prefix = label;
        Part *self = t->self;
        t->self = t->model;
        Value *value = eval(t, t->model->scope, m->a);
        t->self = self;
        t->instance_prefix = outer;
        t->optimizer_broken |= value->kind != V_INSTANCE;
        if (value->kind == V_POISON)
            continue;
        if (value->kind != V_INSTANCE || value->instance->kind != INSTANCE_OPTIMIZER) {
            fail(t, E_NOT_OPTIMIZER, m->a->span, "an optimiser is needed, but this is %s",
                 value_kind_text(value));
            diag_hint(t->diag, "optimizer = name(lr = 1e-3)");
            continue;
        }
        t->optimizer = arena_grow(t->arena, t->optimizer, t->optimizer_count,
                                  &t->optimizer_capacity, sizeof *t->optimizer);
        t->optimizer[t->optimizer_count++] = (Optimizer){label, value->instance, m, m->span};
    }
}

static Optimizer *owner_of(Tracer *t, Variable *variable)
{
    for (int i = 0; i < t->optimizer_count; i++) {
        const Ast *over = t->optimizer[i].tree->b;
        bool selected = true;
        if (over && !selects(t, t->model->scope, over, variable, &selected))
            return NULL;
        if (selected && over)
            return &t->optimizer[i];
    }
    for (int i = 0; i < t->optimizer_count; i++)
        if (!t->optimizer[i].tree->b)
            return &t->optimizer[i];
    return NULL;
}

static void unknown_setting(Tracer *t, const Scope *settings, const Ast *name)
{
    fail(t, E_UNKNOWN_ARGUMENT, name->span, "the optimiser has no `%s`", name->name);
    const char *names[64];
    int count = 0;
    for (Binding *b = settings->first; b && count < 64; b = b->next)
        names[count++] = b->name;
    const char *near = diag_nearest(t->arena, name->name, names, count);
    if (near)
        diag_hint(t->diag, "did you mean `%s`?", near);
    else
        diag_hint(t->diag, "it has %s", join_names(t, names, count));
}

// Settings of the groups that a parameter belongs to; later ones win, the old value is in scope.
static void apply_groups(Tracer *t, Scope *settings, Scope *scope, const Ast *groups,
                         Variable *variable)
{
    for (const Ast *g = groups; g; g = g->next) {
        if (g->kind == AST_GROUP_FOR) {
            Value *over = eval(t, scope, g->b);
            if (over->kind != V_LIST && over->kind != V_TUPLE)
                continue;
            for (int i = 0; i < over->count; i++) {
                Scope *inner = scope_new(t->arena, scope);
                Ast target = *g->a;
                if (bind_targets(t, inner, &target, over->item[i], BIND_LOCAL))
                    apply_groups(t, settings, inner, g->c, variable);
            }
            continue;
        }
        bool selected;
        if (!selects(t, scope, g->a, variable, &selected) || !selected)
            continue;
        Scope *old = scope_new(t->arena, scope);
        for (Binding *b = settings->first; b; b = b->next)
            scope_bind(t->arena, old, b->name, b->value, BIND_LOCAL, b->span)->used = true;
        for (const Ast *m = g->b; m; m = m->next) {
            if (m->kind != AST_BIND)
                continue;
            const Ast *value = m->b;
            for (const Ast *name = m->a; name && value; name = name->next, value = value->next) {
                Binding *setting = scope_here(settings, name->name);
                if (!setting) {
                    unknown_setting(t, settings, name);
                    continue;
                }
                setting->value = eval(t, old, value);
            }
        }
    }
}

// ---- one update ---------------------------------------------------------------------------------

typedef struct Step {           // what all updates of one `minimize` share
    const HostExpr *count;      // optimiser steps before this one
} Step;

static Value *rates_at(Tracer *t, Value *value, const Step *step)
{
    if (value->kind == V_INSTANCE && value->instance->kind == INSTANCE_SCHEDULE) {
        const HostExpr *rate = schedule_rate(t, value->instance, step->count);
        return rate ? value_host(t->arena, rate) : &value_poison;
    }
    return value;
}

static Scope *settings_of(Tracer *t, const Optimizer *o, Variable *variable, const Step *step)
{
    Scope *settings = scope_new(t->arena, o->instance->declaration->scope);
    for (Binding *b = o->instance->scope->first; b; b = b->next)
        scope_bind(t->arena, settings, b->name, rates_at(t, b->value, step), BIND_HYPER,
                   b->span)->used = true;
    Graph *graph = t->graph;
    t->graph = NULL;
    apply_groups(t, settings, t->model->scope, o->tree->c, variable);
    t->graph = graph;
    for (Binding *b = settings->first; b; b = b->next)
        b->value = rates_at(t, b->value, step);
    Scope *about = variable_scope(t, settings, variable);
    return about;
}

static Value *state_initial(Tracer *t, Scope *scope, const Ast *member)
{
    if (!member->b)
        return value_int(t->arena, 0);
    Graph *graph = t->graph;
    t->graph = NULL;
    Value *value = eval(t, scope, member->b);
    t->graph = graph;
    return value;
}

// The tensor of a state of one parameter; its start goes into the init step.
static Value *make_state(Tracer *t, const Optimizer *o, Scope *scope, const Ast *member,
                         Variable *of)
{
    Value *initial = state_initial(t, scope, member);
    if (initial->kind == V_POISON || initial->kind == V_NONE)
        return initial;
    const Ast *type = member->a && member->a->kind == AST_TYPE_OPTIONAL ? member->a->a : member->a;
    DType dtype = of->dtype;
    Shape shape = of->shape;
    if (type && (!dtype_named(t, type->name, &dtype) || !eval_shape(t, scope, type->a, &shape)))
        return &value_poison;
    const char *path = arena_format(t->arena, "%s.%s.%s", o->label, member->name, of->path);
    Variable *variable = program_variable(t->program, VAR_OPTIMIZER_STATE, path, dtype, &shape,
                                          member->span);
    variable->saved = true;
    variable->of = of;
    t->state_start = arena_grow(t->arena, t->state_start, t->state_start_count,
                                &t->state_start_capacity, sizeof *t->state_start);
    t->state_start[t->state_start_count++] = (StateStart){variable, initial};
    return value_leaf(t->arena, variable, NULL);
}

static Value *known_state(Tracer *t, const Optimizer *o, const Ast *member, const Variable *of)
{
    const char *path = arena_format(t->arena, "%s.%s.%s", o->label, member->name, of->path);
    for (int i = 0; i < t->state_start_count; i++)
        if (strcmp(t->state_start[i].variable->path, path) == 0)
            return value_leaf(t->arena, t->state_start[i].variable, NULL);
    return NULL;
}

static Node *frozen_or(Tracer *t, const Variable *variable, Node *now, Node *next)
{
    if (!t->freeze_state)
        return next;
    const HostExpr *frozen = host_leaf(t->arena, HOST_STATE, HOST_BOOL,
                                       t->freeze_state[variable->id], "frozen");
    Node *condition = make_expand(&t->builder, make_host(&t->builder, DT_BOOL, frozen),
                                  &now->shape);
    return make_select(&t->builder, condition, now, next);
}

// Zero in place of a denormal: what decays towards zero would reach denormals, which cost a hundred
// cycles each. As a part of the graph it has the same bits everywhere, unlike a mode of the CPU.
static Node *flush(Tracer *t, Node *x)
{
    Builder *b = &t->builder;
    if (x->dtype != DT_F32 && x->dtype != DT_F64)
        return x;
    Node *least = make_scalar_like(b, x, x->dtype == DT_F32 ? 0x1p-126 : 0x1p-1022);
    Node *tiny = make_binary(b, P_LT, make_unary(b, P_ABS, x), least);
    return make_select(b, tiny, make_zeros_like(b, x), x);
}

static void write_back(Tracer *t, Variable *of, Variable *variable, Value *value, Span span)
{
    Node *node = to_tensor(t, value, variable->dtype, span);
    if (!node)
        return;
    Shape joint;
    if (node->dtype != variable->dtype
        || !shape_broadcast(&node->shape, &variable->shape, &joint)
        || !shape_equal(&joint, &variable->shape)) {
        fail(t, E_SHAPE, span, "the update of `%s` (%s%s) gives %s%s", variable->path,
             dtype_name(variable->dtype), shape_text(t->arena, &variable->shape),
             dtype_name(node->dtype), shape_text(t->arena, &node->shape));
        return;
    }
    node = make_expand(&t->builder, node, &variable->shape);
    if (variable->kind == VAR_OPTIMIZER_STATE)
        node = flush(t, node);
    variable_write(t, variable, frozen_or(t, of, variable_now(t, variable), node), span);
}

static void bind_state_asserts(Tracer *t, const Optimizer *o, Scope *scope, Variable *of)
{
    for (const Ast *m = o->instance->declaration->tree->b; m; m = m->next) {
        if (m->kind == AST_STATE) {
            Value *state = known_state(t, o, m, of);
            state = state ? state : make_state(t, o, scope, m, of);
            if (state->kind == V_LEAF)
                state = value_tensor(t->arena, variable_now(t, state->leaf->variable));
            scope_bind(t->arena, scope, m->name, state, BIND_LOCAL, m->span)->used = true;
        } else if (m->kind == AST_BIND) {
            Graph *graph = t->graph;
            t->graph = NULL;
            bind_targets(t, scope, m->a, eval(t, scope, m->b), BIND_LOCAL);
            t->graph = graph;
        } else if (m->kind == AST_ASSERT) {
            Ast statement = *m;
            statement.next = NULL;
            run_statements(t, scope, &statement);
        }
    }
}

static void update_parameter(Tracer *t, const Optimizer *o, Variable *variable, Node *gradient,
                             const Step *step)
{
    const Declaration *d = o->instance->declaration;
    const Ast *update = member_named(d, AST_METHOD, "update");
    if (!update) {
        fail(t, E_NO_UPDATE, d->tree->span, "the optimiser `%s` has no `update`", d->name);
        diag_hint(t->diag, "update(p, g, t) { p = p - lr * g }");
        return;
    }
    Scope *scope = settings_of(t, o, variable, step);
    bind_state_asserts(t, o, scope, variable);
    const HostExpr *count = host_op(t->arena, HOST_ADD, step->count,
                                    number_host(t->arena, 1, HOST_INT), NULL);
    Value *given[3] = {value_tensor(t->arena, variable_now(t, variable)),
                       value_tensor(t->arena, gradient), value_host(t->arena, count)};
    int i = 0;
    for (const Ast *p = update->a; p && i < 3; p = p->next, i++)
        scope_bind(t->arena, scope, p->name, given[i], BIND_LOCAL, p->span)->used = true;
    const char *outer_path = t->path;
    Part *outer_self = t->self;
    t->path = variable->path;
    t->self = NULL;
    Value *value = eval_block(t, scope, update->c);
    if (value->kind != V_POISON && value->kind != V_NONE) {
        fail(t, E_UNUSED_VALUE, update->c->span, "`update` of `%s` assigns what it changes; the "
             "value of its last line goes nowhere", d->name);
        diag_hint(t->diag, "%s = …", update->a ? update->a->name : "p");
    } else if (value->kind != V_POISON && update->a) {
        write_back(t, variable, variable, scope_here(scope, update->a->name)->value, update->span);
        for (const Ast *m = d->tree->b; m; m = m->next) {
            Value *state = m->kind == AST_STATE ? known_state(t, o, m, variable) : NULL;
            if (state)
                write_back(t, variable, state->leaf->variable, scope_here(scope, m->name)->value,
                           m->span);
        }
    }
    t->path = outer_path;
    t->self = outer_self;
}

// ---- clipping -----------------------------------------------------------------------------------

static Node *sum_of_squares(Tracer *t, Node *x)
{
    Builder *b = &t->builder;
    Node *square = make_binary(b, P_MUL, x, x);
    return x->shape.rank ? make_reduce(b, P_SUM, square, (1u << x->shape.rank) - 1) : square;
}

// Scales all gradients so that their joint norm is at most the setting; 0 switches it off.
// The 1e-6 is PyTorch's (clip_grad_norm_).
static void clip_norm(Tracer *t, Node **gradient, int count, const HostExpr *limit)
{
    Builder *b = &t->builder;
    Node *total = NULL;
    for (int i = 0; i < count; i++) {
        Node *part = sum_of_squares(t, gradient[i]);
        if (total && part->dtype != total->dtype)
            part = make_cast(b, total->dtype, part);
        total = total ? make_binary(b, P_ADD, total, part) : part;
    }
    DType type = total->dtype;
    Node *norm = make_unary(b, P_SQRT, total);
    Node *scale = make_binary(b, P_DIV, make_host(b, type, limit),
                              make_binary(b, P_ADD, norm, make_constant(b, type, 1e-6)));
    scale = make_binary(b, P_MINIMUM, scale, make_constant(b, type, 1));
    const HostExpr *on = host_op(t->arena, HOST_LT, number_host(t->arena, 0, HOST_INT), limit,
                                 NULL);
    scale = make_select(b, make_host(b, DT_BOOL, on), scale, make_constant(b, type, 1));
    for (int i = 0; i < count; i++)
        gradient[i] = make_binary(b, P_MUL, gradient[i],
                                  make_expand(b, make_cast(b, gradient[i]->dtype, scale),
                                              &gradient[i]->shape));
}

static void clip_value(Tracer *t, Node **gradient, int count, const HostExpr *limit)
{
    Builder *b = &t->builder;
    const HostExpr *on = host_op(t->arena, HOST_LT, number_host(t->arena, 0, HOST_INT), limit,
                                 NULL);
    limit = host_op(t->arena, HOST_SELECT, on, limit, number_host(t->arena, INFINITY, HOST_FLOAT));
    for (int i = 0; i < count; i++) {
        Node *high = make_expand(b, make_host(b, gradient[i]->dtype, limit), &gradient[i]->shape);
        Node *low = make_unary(b, P_NEG, high);
        gradient[i] = make_binary(b, P_MAXIMUM, low, make_binary(b, P_MINIMUM, gradient[i], high));
    }
}

static const HostExpr *trainer_number(Tracer *t, const char *name, HostType type)
{
    for (int i = 0; i < t->program->setting_count; i++)
        if (strncmp(t->program->setting[i].name, "trainer.", 8) == 0
            && strcmp(t->program->setting[i].name + 8, name) == 0)
            return host_leaf(t->arena, HOST_SETTING, type, i, t->program->setting[i].name);
    bug("no trainer setting %s", name);
}

static void clip(Tracer *t, Node **gradient, int count)
{
    if (!t->program->has_clip || count == 0)
        return;
    const HostExpr *limit = trainer_number(t, "gradient_clip_val", HOST_FLOAT);
    Value *algorithm = trainer_value(t, "gradient_clip_algorithm");
    if (algorithm && algorithm->kind == V_TEXT && strcmp(algorithm->text, "value") == 0)
        clip_value(t, gradient, count, limit);
    else
        clip_norm(t, gradient, count, limit);
}

// ---- accumulation -------------------------------------------------------------------------------

static Variable *accumulator(Tracer *t, const char *path, DType dtype, const Shape *shape,
                             Variable *of)
{
    Variable *v = program_variable(t->program, VAR_ACCUMULATOR, path, dtype, shape,
                                   t->minimize_span);
    v->saved = true;
    v->of = of;
    t->state_start = arena_grow(t->arena, t->state_start, t->state_start_count,
                                &t->state_start_capacity, sizeof *t->state_start);
    t->state_start[t->state_start_count++] = (StateStart){v, value_int(t->arena, 0)};
    return v;
}

// Gradients are summed by rows over the window, and divided by the rows that were really seen.
static void accumulate(Tracer *t, Variable **variable, Node **gradient, int count, int which)
{
    Builder *b = &t->builder;
    const HostExpr *first = host_op(t->arena, HOST_EQ,
        host_leaf(t->arena, HOST_RUN, HOST_INT, 0, "micro_batch"),
        number_host(t->arena, 0, HOST_INT), NULL);
    const HostExpr *rows = host_rows(t->arena, t->graph->bound ? (Dim){1, 1} : batch_dim(t));
    Shape scalar = {0};
    Variable *seen = accumulator(t, arena_format(t->arena, "accumulated%d.rows", which),
                                 DT_F64, &scalar, NULL);
    Node *zero = make_constant(b, DT_F64, 0);
    Node *before = make_select(b, make_host(b, DT_BOOL, first), zero, variable_now(t, seen));
    Node *total = make_binary(b, P_ADD, before, make_host(b, DT_F64, rows));
    variable_write(t, seen, total, t->minimize_span);
    for (int i = 0; i < count; i++) {
        Node *g = gradient[i];
        const char *path = arena_format(t->arena, "accumulated%d.%s", which, variable[i]->path);
        Variable *sum = accumulator(t, path, g->dtype, &g->shape, variable[i]);
        Node *fresh = make_expand(b, make_host(b, DT_BOOL, first), &g->shape);
        Node *old = make_select(b, fresh, make_zeros_like(b, g), variable_now(t, sum));
        Node *weight = make_expand(b, make_host(b, g->dtype, rows), &g->shape);
        Node *now = make_binary(b, P_ADD, old, make_binary(b, P_MUL, g, weight));
        variable_write(t, sum, now, t->minimize_span);
        Node *by = make_expand(b, make_cast(b, g->dtype, total), &g->shape);
        gradient[i] = make_binary(b, P_DIV, now, by);
    }
}

// The guard of what happens once a window: on its last batch.
const Guard *window_end(Tracer *t)
{
    Guard *guard = arena_alloc(t->arena, sizeof *guard);
    const HostExpr *last = host_op(t->arena, HOST_SUB,
        host_leaf(t->arena, HOST_RUN, HOST_INT, 0, "micro_batches"),
        number_host(t->arena, 1, HOST_INT), NULL);
    guard->condition = host_op(t->arena, HOST_EQ, last,
                               host_leaf(t->arena, HOST_RUN, HOST_INT, 0, "micro_batch"), NULL);
    guard->outer = t->guard;
    guard->id = ++t->graph->guard_count;
    return guard;
}

// ---- minimize -----------------------------------------------------------------------------------

// Optimiser steps done: the trainer's count, or one of its own where a branch leaves some out.
static Step step_count(Tracer *t, int which)
{
    if (!t->guard)
        return (Step){host_leaf(t->arena, HOST_RUN, HOST_INT, 0, "step")};
    const char *name = arena_format(t->arena, "minimize%d.steps", which);
    int state = program_state(t, name, value_int(t->arena, 0), t->minimize_span);
    graph_tick(t->graph, state, t->guard);
    return (Step){host_leaf(t->arena, HOST_STATE, HOST_INT, state, name)};
}

static int wanted_variables(Tracer *t, Scope *scope, const Ast *over, Variable **variable)
{
    int count = 0;
    for (int i = 0; i < t->program->variable_count; i++) {
        Variable *v = t->program->variable[i];
        bool selected = true;
        if (v->kind != VAR_PARAMETER || !v->trainable)
            continue;
        if (over && !selects(t, scope, over, v, &selected))
            return -1;
        if (selected)
            variable[count++] = v;
    }
    return count;
}

static void no_owner(Tracer *t, const Variable *variable)
{
    if (!t->optimizer_count) {
        fail(t, E_NO_OWNER, t->model->declaration->tree->name_span, "`%s` has no optimiser",
             t->model->declaration->name);
        diag_note(t->diag, t->minimize_span, "this needs one");
        diag_hint(t->diag, "add a member: optimizer = %s(lr = 1e-3)",
                  library_example(t, AST_OPTIMIZER_KIND));
        return;
    }
    fail(t, E_NO_OWNER, t->minimize_span, "no optimiser owns `%s`, which this changes",
         variable->path);
    for (int i = 0; i < t->optimizer_count; i++)
        if (t->optimizer[i].tree->b)
            diag_note(t->diag, t->optimizer[i].tree->b->span, "this does not select it");
    diag_hint(t->diag, "add an `optimizer = …` without `over`: it takes the rest");
}

static void update_all(Tracer *t, Variable **variable, Node **gradient, int count, const Step *step)
{
    for (int i = 0; i < count; i++) {
        const Optimizer *owner = owner_of(t, variable[i]);
        if (!owner && t->optimizer_broken)
            return;
        if (!owner) {
            no_owner(t, variable[i]);
            return;
        }
        int errors = diag_count(t->diag);
        Span outer = t->called_from;
        t->called_from = owner->instance->span;
        update_parameter(t, owner, variable[i], gradient[i], step);
        t->called_from = outer;
        if (diag_count(t->diag) > errors)
            return;
    }
}

void trace_minimize(Tracer *t, Scope *scope, const Ast *tree)
{
    t->minimize_span = tree->span;
    if (!t->in_step || t->phase != PHASE_TRAIN || t->making) {
        fail(t, E_MINIMIZE_PLACE, tree->span, "`minimize` stands in `training_step` only");
        return;
    }
    Value *loss = eval(t, scope, tree->a);
    Node *of = loss->kind == V_POISON ? NULL : to_tensor(t, loss, t->float_type, tree->a->span);
    if (!of)
        return;
    if (shape_size(&of->shape).scale != 1 || shape_size(&of->shape).power
        || dtype_kind(of->dtype) != KIND_FLOAT) {
        fail(t, E_MINIMIZE_VALUE, tree->a->span, "`minimize` takes one number, but this is %s",
             value_text_of(t->arena, loss));
        if (loss->kind == V_TENSOR && dtype_kind(loss->node->dtype) != KIND_FLOAT)
            diag_hint(t->diag, "only floats have a gradient; a class or a count has none");
        else
            diag_hint(t->diag, "reduce it first: mean(…)");
        return;
    }
    set_origin(t, tree->span);
    Shape scalar = {0};
    of = make_reshape(&t->builder, of, &scalar);

    int room = t->program->variable_count;
    Variable **variable = arena_alloc(t->arena, sizeof *variable * (size_t)(room + 1));
    int count = wanted_variables(t, scope, tree->b, variable);
    if (count < 0)
        return;
    Node **in = arena_alloc(t->arena, sizeof *in * (size_t)(count + 1));
    Node **gradient = arena_alloc(t->arena, sizeof *gradient * (size_t)(count + 1));
    for (int i = 0; i < count; i++)
        in[i] = variable_now(t, variable[i]);
    differentiate(&t->builder, of, in, count, gradient);
    int reached = 0;
    for (int i = 0; i < count; i++)
        if (gradient[i]) {              // a parameter that the loss does not touch stays as it is
            variable[reached] = variable[i];
            gradient[reached++] = gradient[i];
        }
    if (reached == 0) {
        fail(t, E_MINIMIZE_NOTHING, tree->span, "this does not depend on any parameter%s",
             tree->b ? " of the selection" : "");
        diag_hint(t->diag, "stop_gradient, comparisons and casts to whole numbers cut it off, and "
                  "frozen parts are not trained");
        return;
    }
    int which = t->minimized++;
    const Guard *outer = t->guard;
    set_origin(t, tree->span);
    t->builder.origin.backward = true;
    if (t->program->has_accumulation)
        accumulate(t, variable, gradient, reached, which);
    Step step = step_count(t, which);
    if (t->program->has_accumulation) {
        t->guard = window_end(t);
        set_origin(t, tree->span);
    }
    clip(t, gradient, reached);
    t->builder.origin.backward = false;
    update_all(t, variable, gradient, reached, &step);
    t->guard = outer;
    set_origin(t, tree->span);
}
