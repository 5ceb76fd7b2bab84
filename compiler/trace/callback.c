// callback: instances of optimisers, schedules and callbacks; their host code.
#include "tracer.h"

#include <string.h>

static const char *const event_name[] = {
#define LT_EVENT(id, name) name,
#include "../../runtime/include/lt/events.def"
#undef LT_EVENT
};
enum { event_count = sizeof event_name / sizeof *event_name };

static InstanceKind instance_kind(AstKind kind)
{
    return kind == AST_OPTIMIZER_KIND ? INSTANCE_OPTIMIZER
         : kind == AST_SCHEDULE ? INSTANCE_SCHEDULE : INSTANCE_CALLBACK;
}

// ---- making -------------------------------------------------------------------------------------

static void make_host_state(Tracer *t, Instance *instance, const Ast *member)
{
    Value *initial = member->b ? eval(t, instance->scope, member->b) : value_int(t->arena, 0);
    if (initial->kind == V_POISON)
        return;
    const char *name = arena_format(t->arena, "%s.%s", instance->prefix, member->name);
    int state = program_state(t, name, initial, member->span);
    Value *value = value_host(t->arena, host_leaf(t->arena, HOST_STATE, HOST_FLOAT, state,
                                                  member->name));
    scope_bind(t->arena, instance->scope, member->name, value, BIND_MEMBER,
               member->span)->host_state
        = state;
}

static void make_members(Tracer *t, Instance *instance)
{
    const Declaration *d = instance->declaration;
    if (instance->kind == INSTANCE_OPTIMIZER)
        return;
    bool outer_making = t->making;
    const char *outer_path = t->path;
    for (const Ast *m = d->tree->b; m; m = m->next) {
        t->making = true;
        t->path = instance->prefix;
        if (m->kind == AST_STATE)
            make_host_state(t, instance, m);
        if (m->kind == AST_BIND) {
            const Ast *value = m->b;
            for (const Ast *a = m->a; a && value; a = a->next, value = value->next) {
                t->path = a->name ? join_path(t, instance->prefix, a->name) : instance->prefix;
                scope_bind(t->arena, instance->scope, a->name, eval(t, instance->scope, value),
                           BIND_MEMBER, a->span);
            }
        }
        if (m->kind == AST_FUNCTION || (m->kind == AST_METHOD && m->a)) {
            Value *value = new_value(t->arena, V_FUNCTION);
            value->function = arena_alloc(t->arena, sizeof *value->function);
            *value->function = (Function){m, instance->scope, NULL, m->name};
            scope_bind(t->arena, instance->scope, m->name, value, BIND_HYPER, m->span);
        }
        if (m->kind == AST_ASSERT) {
            Ast statement = *m;
            statement.next = NULL;
            run_statements(t, instance->scope, &statement);
        }
    }
    t->making = outer_making;
    t->path = outer_path;
}

Value *make_instance(Tracer *t, Declaration *declaration, Argument *argument, int count,
                     const char *prefix, Span span)
{
    Instance *instance = arena_alloc(t->arena, sizeof *instance);
    instance->kind = instance_kind(declaration->kind);
    instance->declaration = declaration;
    instance->index = -1;
    instance->span = span;
    instance->prefix = instance->kind == INSTANCE_CALLBACK ? declaration->name : prefix;
    if (instance->kind == INSTANCE_CALLBACK) {
        int same = 0;
        for (int i = 0; i < t->instance_count; i++)
            same += t->instance[i]->declaration == declaration;
        if (same)
            instance->prefix = arena_format(t->arena, "%s%d", declaration->name, same + 1);
    }
    instance->scope = scope_new(t->arena, declaration->scope);
    if (t->model && instance->kind == INSTANCE_CALLBACK) {
        Value *model = new_value(t->arena, V_PART);
        model->part = t->model;
        Scope *around = scope_new(t->arena, declaration->scope);
        scope_bind(t->arena, around, atom(t->atoms, "model"), model, BIND_GLOBAL,
                   span)->used = true;
        instance->scope->parent = around;
    }
    Binder binder = {.what = arena_format(t->arena, "`%s`", declaration->name), .kind = BIND_HYPER,
                     .settings = instance->prefix, .span = span};
    const char *outer = t->instance_prefix;
    t->instance_prefix = instance->prefix;
    t->keeps_holes = instance->kind == INSTANCE_CALLBACK;       // in defaults too
    bool bound = bind_arguments(t, instance->scope, declaration->tree->a, argument, count, &binder);
    t->keeps_holes = false;
    if (bound)
        make_members(t, instance);
    t->instance_prefix = outer;
    if (!bound)
        return &value_poison;
    t->instance = arena_grow(t->arena, t->instance, t->instance_count, &t->instance_capacity,
                             sizeof *t->instance);
    t->instance[t->instance_count++] = instance;
    Value *value = new_value(t->arena, V_INSTANCE);
    value->instance = instance;
    value->span = span;
    return value;
}

// ---- schedules ----------------------------------------------------------------------------------

static const char *c_name(Tracer *t, const char *prefix, const char *name)
{
    char *text = arena_format(t->arena, "%s_%s", prefix, name);
    for (char *c = text; *c; c++)
        if (*c == '.')
            *c = '_';
    return text;
}

const HostExpr *schedule_rate(Tracer *t, Instance *instance, const HostExpr *step)
{
    Program *p = t->program;
    if (instance->index < 0) {
        const Ast *at = member_named(instance->declaration, AST_METHOD, "at");
        if (!at || !at->a) {
            fail(t, E_NO_UPDATE, instance->span, "the schedule `%s` has no `at(step)`",
                 instance->declaration->name);
            return NULL;
        }
        int errors = diag_count(t->diag);
        Context outer = save_context(t);
        Span called_from = t->called_from;
        const Ast *members = t->members;
        bool host_tensors = t->host_tensors;
        t->host_tensors = false;
        t->called_from = instance->span;
        t->members = instance->declaration->tree->b;
        HostFunction *function = host_function(t, c_name(t, instance->prefix, "at"),
                                               instance->scope, at, -1);
        restore_context(t, &outer);
        t->called_from = called_from;
        t->members = members;
        t->host_tensors = host_tensors;
        if (diag_count(t->diag) > errors)
            return NULL;
        p->schedule = arena_grow(t->arena, p->schedule, p->schedule_count, &p->schedule_capacity,
                                 sizeof *p->schedule);
        p->schedule[p->schedule_count] = (Schedule){instance->prefix, function, -1};
        instance->index = p->schedule_count++;
    }
    HostExpr *rate = arena_alloc(t->arena, sizeof *rate);
    *rate = (HostExpr){.op = HOST_RATE, .type = HOST_FLOAT, .index = instance->index, .a = step};
    return rate;
}

// ---- tensor code in hooks -----------------------------------------------------------------------

void open_tensors(Tracer *t)
{
    if (!t->host || t->graph || !t->host_tensors)
        return;
    Graph *graph = graph_new(t->arena, t->diag,
                             arena_format(t->arena, "%s_step%d", t->host->function->name,
                                          t->program->callback_step_count));
    begin_graph(t, graph);
}

static bool in_graph(const Graph *graph, const Node *node)
{
    return graph && node->id < graph->node_count && graph->node[node->id] == node;
}

static bool written_since(const Tracer *t, const Variable *variable)
{
    for (int i = 0; i < t->host->ran_count; i++)
        for (int k = 0; k < t->host->ran[i]->write_count; k++)
            if (t->host->ran[i]->write[k].variable == variable)
                return true;
    return false;
}

static Node *node_again(Tracer *t, Node *node, Span span)
{
    if (in_graph(t->graph, node))
        return node;
    if (node->prim == P_VARIABLE && written_since(t, node->attr->variable)) {
        fail(t, E_STAGE, span, "this was calculated with `%s` before that was assigned",
             node->attr->variable->path);
        diag_hint(t->diag, "calculate it again, or keep a number of it: item(…)");
        return NULL;
    }
    Node **input = arena_alloc(t->arena, sizeof *input * (size_t)(node->input_count + 1));
    for (int i = 0; i < node->input_count; i++)
        if (!(input[i] = node_again(t, node->input[i], span)))
            return NULL;
    return make_again(&t->builder, node, input);
}

Value *current_value(Tracer *t, Value *value, Span span)
{
    if (!t->host_tensors || !t->host)
        return value;
    if (value->kind == V_TENSOR) {
        open_tensors(t);
        set_origin(t, span);
        Node *node = node_again(t, value->node, span);
        return !node ? &value_poison : node == value->node ? value : value_tensor(t->arena, node);
    }
    if (value->kind != V_LIST && value->kind != V_TUPLE && value->kind != V_RECORD)
        return value;
    Value *list = arena_copy(t->arena, value, sizeof *value);
    list->item = arena_alloc(t->arena, sizeof *list->item * (size_t)(value->count + 1));
    bool same = true;
    for (int i = 0; i < value->count; i++) {
        list->item[i] = current_value(t, value->item[i], span);
        same &= list->item[i] == value->item[i];
    }
    return same ? value : list;
}

static bool reads_local(const HostExpr *e)
{
    return e && (e->op == HOST_LOCAL || reads_local(e->a) || reads_local(e->b)
                 || reads_local(e->c));
}

static int passing_state(Tracer *t, const char *what, Span span)
{
    return program_state(t, arena_format(t->arena, "%s.%s%d", t->host->function->name, what,
                                         t->program->state_count),
                         value_int(t->arena, 0), span);
}

// A step knows nothing of the locals of the hook that runs it, but it reads states.
const HostExpr *handed_over(Tracer *t, const HostExpr *number, Span span)
{
    if (!t->host || !t->host_tensors || !reads_local(number))
        return number;
    HostStmt *set = host_emit(t, DO_SET_STATE, span);
    set->index = passing_state(t, "number", span);
    set->a = number;
    return host_leaf(t->arena, HOST_STATE, number->type, set->index, "number");
}

Value *item_of(Tracer *t, Value *value, Span span)
{
    if (value->kind == V_HOST || value->kind == V_NUMBER || value->kind == V_BOOL
        || value->kind == V_DURATION || value->kind == V_POISON)
        return value;
    open_tensors(t);
    Node *node = to_tensor(t, value, t->float_type, span);
    if (!node)
        return &value_poison;
    if (shape_size(&node->shape).power != 0 || shape_size(&node->shape).scale != 1) {
        fail(t, E_LOG_VALUE, span, "a tensor of one element is a number, but this is %s",
             value_text_of(t->arena, value));
        diag_hint(t->diag, "reduce it first: mean(…) or sum(…)");
        return &value_poison;
    }
    bool whole = dtype_kind(node->dtype) == KIND_INT, truth = dtype_kind(node->dtype) == KIND_BOOL;
    set_origin(t, span);
    Shape scalar = {0};
    node = make_cast(&t->builder, DT_F64, make_reshape(&t->builder, node, &scalar));
    int state = passing_state(t, "item", span);
    graph_result(t->graph, (Result){RESULT_STATE, state, "item", node, NULL, span});
    flush_tensors(t);
    HostStmt *set = host_emit(t, DO_SET_LOCAL, span);
    set->index = host_local(t, "item");
    HostType type = whole ? HOST_INT : truth ? HOST_BOOL : HOST_FLOAT;
    set->a = host_leaf(t->arena, HOST_STATE, type, state, "item");
    return value_host(t->arena, host_leaf(t->arena, HOST_LOCAL, type, set->index,
                                          t->host->function->local_name[set->index]));
}

// What was traced since the last flush becomes a step that the hook runs here.
void flush_tensors(Tracer *t)
{
    if (!t->host || !t->graph || !t->host_tensors)
        return;
    Graph *graph = t->graph;
    end_graph(t);
    if (graph->write_count || graph->result_count) {
        Program *p = t->program;
        p->callback_step = arena_grow(t->arena, p->callback_step, p->callback_step_count,
                                      &p->callback_step_capacity, sizeof *p->callback_step);
        p->callback_step[p->callback_step_count] = graph;
        HostStmt *run = host_emit(t, DO_RUN_STEP, t->host->function->span);
        run->index = p->callback_step_count++;
        HostFrame *frame = t->host;
        frame->ran = arena_grow(t->arena, frame->ran, frame->ran_count, &frame->ran_capacity,
                                sizeof *frame->ran);
        frame->ran[frame->ran_count++] = graph;
    }
    open_tensors(t);
}

// ---- hooks --------------------------------------------------------------------------------------

static int event_of(const char *name)
{
    for (int i = 0; i < event_count; i++)
        if (strcmp(event_name[i], name) == 0)
            return i;
    return -1;
}

static bool is_called_hook(const Ast *member)
{
    return member->kind == AST_METHOD && strncmp(member->name, "on_", 3) == 0;
}

static bool has_hooks(const Declaration *declaration)
{
    for (const Ast *m = declaration->tree->b; m; m = m->next)
        if (is_called_hook(m))
            return true;
    return false;
}

// A moment hands nothing over, so nobody would call this.
static void refuse_parameters(Tracer *t, const Ast *hook)
{
    fail(t, E_UNKNOWN_HOOK, hook->span, "the moment `%s` has no parameters", hook->name);
    diag_hint(t->diag, "write `%s { … }`; numbers of the run are behind `trainer.`", hook->name);
}

static void trace_hooks(Tracer *t, Instance *instance)
{
    Program *p = t->program;
    const bool of_model = instance->declaration->kind == AST_MODEL;
    if (instance->kind != INSTANCE_CALLBACK && !has_hooks(instance->declaration))
        return;
    p->callback = arena_grow(t->arena, p->callback, p->callback_count, &p->callback_capacity,
                             sizeof *p->callback);
    int index = p->callback_count++;
    p->callback[index] = (Callback){.name = instance->prefix};
    t->members = instance->declaration->tree->b;
    for (const Ast *m = instance->declaration->tree->b; m; m = m->next) {
        if (m->kind == AST_METHOD && m->a && event_of(m->name) >= 0)
            refuse_parameters(t, m);
        if (m->kind != AST_METHOD || m->a || strcmp(m->name, "at") == 0
            || (of_model && !is_called_hook(m)))
            continue;
        int event = event_of(m->name);
        if (event < 0) {
            fail(t, E_UNKNOWN_HOOK, m->span, "there is no moment `%s` in a run", m->name);
            const char *near = diag_nearest(t->arena, m->name, event_name, event_count);
            if (near)
                diag_hint(t->diag, "did you mean `%s`?", near);
            continue;
        }
        t->host_tensors = true;
        p->callback[index].hook[event]
            = host_function(t, c_name(t, instance->prefix, m->name), instance->scope, m, index);
        t->host_tensors = false;
        t->graph = NULL;
    }
}

static void trace_instance(Tracer *t, Instance *instance)
{
    Context outer = save_context(t);
    t->called_from = instance->span;
    t->phase = PHASE_TRAIN;
    t->training = false;
    trace_hooks(t, instance);
    restore_context(t, &outer);
}

// Callbacks first, then the model's own hooks, as if it were the last of them.
void trace_callbacks(Tracer *t)
{
    for (int i = 0; i < t->instance_count; i++)
        trace_instance(t, t->instance[i]);
    if (!t->model)
        return;
    Instance *own = arena_alloc(t->arena, sizeof *own);
    *own = (Instance){.kind = INSTANCE_CALLBACK, .declaration = t->model->declaration, .index = -1,
                      .prefix = t->model->declaration->name, .scope = t->model->scope,
                      .span = t->model->declaration->tree->name_span};
    for (const Ast *m = own->declaration->tree->b; m; m = m->next)
        if (m->kind == AST_STATE)
            make_host_state(t, own, m);
    if (has_hooks(own->declaration))
        trace_instance(t, own);
}
