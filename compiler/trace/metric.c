// metric: state over batches. `update` is traced into the step, `compute` into a step of its own
// that runs at the end of an epoch; in training both run on the batch alone.
#include "tracer.h"

#include <string.h>

enum { most_states = 32, most_entries = 1024 };

typedef struct MetricState {
    const Ast *member;
    Variable *variable;         // NULL in training
    Value *initial;             // number or fill
    Value *value;               // after the update, in the type of the state
    DType dtype;
    Shape shape;
    bool typed, summed;
} MetricState;

struct Pending {                // a metric of an evaluating step, to be computed at its end
    const Declaration *declaration;
    Scope *scope;
    MetricState state[most_states];
    int count;
    const char *name;
    Span span;
    Pending *next;
};

void open_metrics(Tracer *t)
{
    t->pending = NULL;
}

// ---- states -------------------------------------------------------------------------------------

static bool only_added(const Ast *tree, const char *name, bool *seen)
{
    for (; tree; tree = tree->next) {
        if (tree->kind == AST_UPDATE && tree->a->kind == AST_NAME && tree->a->name == name) {
            *seen = true;
            if (strcmp(tree->name, "+=") != 0)
                return false;
        }
        if (tree->kind == AST_ASSIGN)
            for (const Ast *a = tree->a; a; a = a->next)
                if (a->kind == AST_NAME && a->name == name)
                    return false;
        if ((tree->a && !only_added(tree->a, name, seen))
            || (tree->b && !only_added(tree->b, name, seen))
            || (tree->c && !only_added(tree->c, name, seen))
            || (tree->d && !only_added(tree->d, name, seen)))
            return false;
    }
    return true;
}

static bool read_states(Tracer *t, Scope *scope, const Declaration *d, const Ast *update,
                        MetricState *state, int *count)
{
    *count = 0;
    for (const Ast *m = d->tree->b; m; m = m->next) {
        if (m->kind == AST_BIND)
            bind_targets(t, scope, m->a, eval(t, scope, m->b), BIND_HYPER);
        if (m->kind == AST_FUNCTION) {
            Value *value = new_value(t->arena, V_FUNCTION);
            value->function = arena_alloc(t->arena, sizeof *value->function);
            *value->function = (Function){m, scope, NULL, m->name};
            scope_bind(t->arena, scope, m->name, value, BIND_HYPER, m->span);
        }
        if (m->kind == AST_ASSERT) {
            Ast statement = *m;
            statement.next = NULL;
            run_statements(t, scope, &statement);
        }
        if (m->kind != AST_STATE)
            continue;
        if (*count == most_states) {
            fail(t, E_LIMIT, m->span, "a metric has at most %d states", most_states);
            return false;
        }
        MetricState *s = &state[(*count)++];
        bool seen = false;
        *s = (MetricState){.member = m};
        s->summed = only_added(update->c, m->name, &seen) && seen;
        Graph *graph = t->graph;
        t->graph = NULL;
        s->initial = m->b ? eval(t, scope, m->b) : value_int(t->arena, 0);
        t->graph = graph;
        s->typed = m->a != NULL;
        if (s->initial->kind == V_POISON)
            return false;
        if (s->typed && (m->a->kind != AST_TYPE || !dtype_named(t, m->a->name, &s->dtype)
                         || !eval_shape(t, scope, m->a->a, &s->shape))) {
            fail(t, E_UNKNOWN_TYPE, m->a->span, "a state has a tensor type such as i64[C]");
            return false;
        }
        if (s->typed && !shape_is_static(&s->shape)) {
            fail(t, E_SIZE_VALUE, m->a->span, "the sizes of a state cannot depend on the batch");
            return false;
        }
    }
    return true;
}

static Node *start_of(Tracer *t, MetricState *s, Span span)
{
    if (s->initial->kind == V_FILL)
        return resolve_fill(t, s->initial->fill, &s->shape, s->dtype, span);
    Node *node = to_tensor(t, s->initial, s->dtype, span);
    return node ? expand_initial(t, make_cast(&t->builder, s->dtype, node), &s->shape, span,
                                 s->member->a ? s->member->a->span : span) : NULL;
}

// Runs `update` with the states bound to `value`s; afterwards `value` is what they became.
static bool run_update_method(Tracer *t, Scope *scope, const Ast *update, MetricState *state,
                              int count)
{
    Scope *body = scope_new(t->arena, scope);
    for (int i = 0; i < count; i++)
        scope_bind(t->arena, body, state[i].member->name, state[i].value, BIND_LOCAL,
                   state[i].member->span)->used = true;
    bool outer = t->in_log;
    t->in_log = false;
    Value *value = eval_block(t, body, update->c);
    t->in_log = outer;
    if (value->kind == V_POISON)
        return false;
    for (int i = 0; i < count; i++)
        state[i].value = read_value(t, scope_here(body, state[i].member->name)->value);
    return true;
}

// Untyped states are exact: whole numbers and counts in i64, everything else in f64.
static bool settle_type(Tracer *t, MetricState *s)
{
    Node *node = to_tensor(t, s->value, DT_F64, s->member->span);
    if (!node)
        return false;
    if (s->typed) {
        s->value = value_tensor(t->arena, node);
        return true;
    }
    bool whole = value_is_whole(s->value) || dtype_kind(node->dtype) != KIND_FLOAT
              || (s->value->kind == V_HOST && s->value->host->type != HOST_FLOAT);
    s->dtype = whole ? DT_I64 : DT_F64;
    s->shape = node->shape;
    if (!shape_is_static(&s->shape)) {
        fail(t, E_METRIC_STATE, s->member->span, "the state `%s` becomes %s, which depends on the "
             "batch", s->member->name, shape_text(t->arena, &s->shape));
        return false;
    }
    s->value = value_tensor(t->arena, make_cast(&t->builder, s->dtype, node));
    return true;
}

static bool first_values(Tracer *t, MetricState *state, int count)
{
    for (int i = 0; i < count; i++) {
        MetricState *s = &state[i];
        s->value = s->initial;
        if (!s->typed)
            continue;
        Node *node = start_of(t, s, s->member->span);
        if (!node)
            return false;
        s->value = value_tensor(t->arena, node);
    }
    return true;
}

// ---- in an evaluating step: the states are variables --------------------------------------------

static void add_to_variables(Tracer *t, Pending *p, const Ast *update)
{
    for (int i = 0; i < p->count; i++) {
        MetricState *s = &p->state[i];
        const char *path = arena_format(t->arena, "metrics.%s.%s.%s", t->graph->name, p->name,
                                        s->member->name);
        s->variable = program_variable(t->program, VAR_METRIC_STATE, path, s->dtype, &s->shape,
                                       s->member->span);
        s->variable->saved = true;
        t->state_start = arena_grow(t->arena, t->state_start, t->state_start_count,
                                    &t->state_start_capacity, sizeof *t->state_start);
        t->state_start[t->state_start_count++] = (StateStart){s->variable, s->initial};
    }
    bool all_summed = true;
    for (int i = 0; i < p->count; i++)
        all_summed &= p->state[i].summed && !p->state[i].typed;
    if (!all_summed) {                  // the update itself reads and writes the variables
        Value *batch[most_states];
        for (int i = 0; i < p->count; i++) {
            MetricState *s = &p->state[i];
            batch[i] = s->value;
            s->value = s->summed && !s->typed ? s->initial
                     : value_tensor(t->arena, variable_now(t, s->variable));
        }
        if (!run_update_method(t, p->scope, update, p->state, p->count))
            return;
        for (int i = 0; i < p->count; i++)
            if (p->state[i].summed && !p->state[i].typed)
                p->state[i].value = batch[i];
    }
    for (int i = 0; i < p->count; i++) {
        MetricState *s = &p->state[i];
        Node *node = to_tensor(t, s->value, s->dtype, s->member->span);
        if (!node)
            return;
        if (!s->typed || dtype_kind(node->dtype) == dtype_kind(s->dtype))
            node = make_cast(&t->builder, s->dtype, node);
        if (node->dtype != s->dtype || !shape_equal(&node->shape, &s->shape)) {
            fail(t, E_METRIC_STATE, s->member->span, "the state `%s` is %s%s, but its update gives "
                 "%s%s", s->member->name, dtype_name(s->dtype), shape_text(t->arena, &s->shape),
                 dtype_name(node->dtype), shape_text(t->arena, &node->shape));
            return;
        }
        if (s->summed && !s->typed)
            node = make_binary(&t->builder, P_ADD, variable_now(t, s->variable), node);
        variable_write(t, s->variable, node, s->member->span);
    }
}

// ---- compute ------------------------------------------------------------------------------------

static Value *run_compute(Tracer *t, const Pending *p)
{
    const Ast *compute = member_named(p->declaration, AST_METHOD, "compute");
    if (!compute) {
        fail(t, E_NO_COMPUTE, p->span, "the metric `%s` has no `compute`", p->declaration->name);
        diag_note(t->diag, p->declaration->tree->name_span, "declared here");
        return &value_poison;
    }
    Scope *body = scope_new(t->arena, p->scope);
    for (int i = 0; i < p->count; i++) {
        const MetricState *s = &p->state[i];
        Node *node = s->variable ? variable_now(t, s->variable) : s->value->node;
        if (!s->typed)
            node = make_cast(&t->builder, DT_F64, node);
        scope_bind(t->arena, body, s->member->name, value_tensor(t->arena, node), BIND_LOCAL,
                   s->member->span)->used = true;
    }
    bool outer = t->in_log;
    t->in_log = false;
    Value *value = eval_block(t, body, compute->c);
    t->in_log = outer;
    return value;
}

static void enter(Tracer *t, const char *name, Node *node, bool computed, Span span)
{
    int index = log_entry(t, name, t->phase, span);
    t->program->log[index].computed = computed;
    Shape scalar = {0};
    node = make_cast(&t->builder, DT_F64, make_reshape(&t->builder, node, &scalar));
    graph_result(t->graph, (Result){RESULT_LOG, index, name, node, t->guard, span});
}

// One number is one entry; a vector or matrix is one entry for each element, `name[0,1]`.
static void enter_all(Tracer *t, const Pending *p, Value *value, bool computed)
{
    Node *node = to_tensor(t, value, DT_F64, p->span);
    if (!node)
        return;
    Dim size = shape_size(&node->shape);
    if (size.power || size.scale > most_entries) {
        fail(t, E_LOG_VALUE, p->span, "`%s` computes %s, more than a log can hold", p->name,
             shape_text(t->arena, &node->shape));
        return;
    }
    if (node->shape.rank == 0 || size.scale == 1) {
        enter(t, p->name, node, computed, p->span);
        return;
    }
    for (int64_t i = 0; i < size.scale; i++) {
        int64_t start[max_rank], step[max_rank], rest = i;
        Shape one = {.rank = node->shape.rank};
        const char *place = "";
        for (int k = node->shape.rank - 1; k >= 0; k--) {
            start[k] = rest % node->shape.dim[k].scale;
            rest /= node->shape.dim[k].scale;
            step[k] = 1;
            one.dim[k] = dim_of(1);
            place = arena_format(t->arena, "%lld%s%s", (long long)start[k], *place ? "," : "",
                                 place);
        }
        const char *name = arena_format(t->arena, "%s[%s]", p->name, place);
        enter(t, name, make_slice(&t->builder, node, start, step, &one), computed, p->span);
        t->program->log[t->program->log_count - 1].progress_bar = false;
    }
}

void close_metrics(Tracer *t)
{
    if (!t->pending)
        return;
    Context outer = save_context(t);
    Graph *reset = graph_new(t->arena, t->diag, arena_format(t->arena, "%s_reset", t->step_name));
    begin_graph(t, reset);
    for (Pending *p = t->pending; p; p = p->next)
        for (int i = 0; i < p->count; i++) {
            Node *start = start_of(t, &p->state[i], p->span);
            if (start)
                variable_write(t, p->state[i].variable, start, p->span);
        }
    end_graph(t);
    t->program->reset[t->phase] = reset;

    Graph *compute = graph_new(t->arena, t->diag, arena_format(t->arena, "%s_compute",
                                                               t->step_name));
    begin_graph(t, compute);
    for (Pending *p = t->pending; p; p = p->next) {
        set_origin(t, p->span);
        Value *value = run_compute(t, p);
        if (value->kind != V_POISON)
            enter_all(t, p, value, true);
    }
    end_graph(t);
    t->program->compute[t->phase] = compute;
    restore_context(t, &outer);
}

// ---- the call in `log` --------------------------------------------------------------------------

Value *log_metric(Tracer *t, Declaration *declaration, Argument *argument, int count, Span span)
{
    const Ast *update = member_named(declaration, AST_METHOD, "update");
    if (!update)
        return fail(t, E_NO_UPDATE, span, "the metric `%s` has no `update`", declaration->name);
    Pending *p = arena_alloc(t->arena, sizeof *p);
    *p = (Pending){.declaration = declaration, .name = t->log_name, .span = span};
    p->scope = scope_new(t->arena, declaration->scope);
    Binder binder = {.what = arena_format(t->arena, "`%s`", declaration->name), .kind = BIND_LOCAL,
                     .tensors = true, .span = span};
    set_origin(t, span);
    if (!bind_arguments(t, p->scope, declaration->tree->a, argument, count, &binder)
        || !read_states(t, p->scope, declaration, update, p->state, &p->count)
        || !first_values(t, p->state, p->count)
        || !run_update_method(t, p->scope, update, p->state, p->count))
        return &value_poison;
    for (int i = 0; i < p->count; i++)
        if (!settle_type(t, &p->state[i]))
            return &value_poison;
    if (t->phase == PHASE_TRAIN) {
        Value *value = run_compute(t, p);
        if (value->kind != V_POISON)
            enter_all(t, p, value, false);
        return &value_none;
    }
    add_to_variables(t, p, update);
    Pending **last = &t->pending;
    while (*last)
        last = &(*last)->next;
    *last = p;
    return &value_none;
}

// ---- fitted(metric(x)) --------------------------------------------------------------------------

// The arguments with tensors of the sample replaced by fields of the open graph.
static Argument *as_fields(Tracer *t, const Argument *argument, int count, int *fields)
{
    Argument *inner = arena_alloc(t->arena, sizeof *inner * (size_t)(count + 1));
    *fields = 0;
    for (int i = 0; i < count; i++) {
        inner[i] = argument[i];
        if (argument[i].value->kind != V_TENSOR)
            continue;
        const Node *node = argument[i].value->node;
        inner[i].value = value_tensor(t->arena, make_field(&t->builder, (*fields)++, node->dtype,
                                                           &node->shape));
    }
    return inner;
}

// Opens a graph and binds the metric to it; `old` holds the settled types of the second time.
static bool open_fit(Tracer *t, Pending *p, Graph *graph, const Argument *argument, int count,
                     int *fields)
{
    const Ast *update = member_named(p->declaration, AST_METHOD, "update");
    p->scope = scope_new(t->arena, p->declaration->scope);
    Binder binder = {.what = arena_format(t->arena, "`%s`", p->declaration->name),
                     .kind = BIND_LOCAL, .tensors = true, .span = p->span};
    begin_graph(t, graph);
    set_origin(t, p->span);
    return bind_arguments(t, p->scope, p->declaration->tree->a,
                          as_fields(t, argument, count, fields), count, &binder)
        && read_states(t, p->scope, p->declaration, update, p->state, &p->count);
}

static void state_fields(Tracer *t, Pending *p, int first)
{
    for (int i = 0; i < p->count; i++)
        p->state[i].value = value_tensor(t->arena, make_field(&t->builder, first + i,
                                                              p->state[i].dtype,
                                                              &p->state[i].shape));
}

static bool state_results(Tracer *t, Pending *p)
{
    for (int i = 0; i < p->count; i++) {
        MetricState *s = &p->state[i];
        Node *node = to_tensor(t, s->value, s->dtype, s->member->span);
        if (!node)
            return false;
        node = make_cast(&t->builder, s->dtype, node);
        if (!shape_equal(&node->shape, &s->shape)) {
            fail(t, E_METRIC_STATE, s->member->span, "the state `%s` is %s, but its update gives "
                 "%s", s->member->name, shape_text(t->arena, &s->shape),
                 shape_text(t->arena, &node->shape));
            return false;
        }
        graph_result(t->graph, (Result){RESULT_FIELD, i, s->member->name, node, NULL, p->span});
    }
    return true;
}

static bool settle_all(Tracer *t, Pending *p, const Ast *update, const Argument *argument,
                       int count)
{
    int fields;
    if (!open_fit(t, p, graph_new(t->arena, t->diag, "fitted"), argument, count, &fields)
        || !first_values(t, p->state, p->count)
        || !run_update_method(t, p->scope, update, p->state, p->count))
        return false;
    for (int i = 0; i < p->count; i++)
        if (!settle_type(t, &p->state[i]))
            return false;
    return true;
}

static bool trace_fit_update(Tracer *t, Pending *p, const Ast *update, Graph *graph,
                             const Argument *argument, int count)
{
    MetricState settled[most_states];
    memcpy(settled, p->state, sizeof settled);
    int fields;
    if (!open_fit(t, p, graph, argument, count, &fields))
        return false;
    memcpy(p->state, settled, sizeof settled);
    state_fields(t, p, fields);
    return run_update_method(t, p->scope, update, p->state, p->count) && state_results(t, p);
}

bool trace_fit(Tracer *t, Declaration *declaration, const Argument *argument, int count, Span span,
               FitGraphs *fit)
{
    const Ast *update = member_named(declaration, AST_METHOD, "update");
    if (!update) {
        fail(t, E_NO_UPDATE, span, "the metric `%s` has no `update`", declaration->name);
        return false;
    }
    Pending *p = arena_alloc(t->arena, sizeof *p);
    *p = (Pending){.declaration = declaration, .name = declaration->name, .span = span};
    Context outer = save_context(t);
    *fit = (FitGraphs){graph_new(t->arena, t->diag, "fitted_start"),
                       graph_new(t->arena, t->diag, "fitted_update"),
                       graph_new(t->arena, t->diag, "fitted_compute")};
    bool good = settle_all(t, p, update, argument, count)
             && trace_fit_update(t, p, update, fit->update, argument, count);
    if (good) {
        begin_graph(t, fit->compute);
        set_origin(t, span);
        state_fields(t, p, 0);
        Value *value = run_compute(t, p);
        Node *node = value->kind == V_POISON ? NULL : to_tensor(t, value, t->float_type, span);
        good = node != NULL;
        if (good)
            graph_result(fit->compute, (Result){RESULT_FIELD, 0, "fitted", node, NULL, span});
        begin_graph(t, fit->start);
        for (int i = 0; i < p->count; i++) {
            Node *start = good ? start_of(t, &p->state[i], span) : NULL;
            good = start != NULL;
            if (good)
                graph_result(fit->start, (Result){RESULT_FIELD, i, p->state[i].member->name, start,
                                                  NULL, span});
        }
    }
    restore_context(t, &outer);
    return good;
}
