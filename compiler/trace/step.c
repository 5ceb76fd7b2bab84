// step: graphs of steps, versions of variables, and the model's steps themselves.
#include "tracer.h"

#include <stdlib.h>
#include <string.h>

// ---- variables ----------------------------------------------------------------------------------

Variable *program_variable(Program *program, VariableKind kind, const char *path, DType dtype,
                           const Shape *shape, Span span)
{
    Variable *v = arena_alloc(program->arena, sizeof *v);
    program->variable = arena_grow(program->arena, program->variable, program->variable_count,
                                   &program->variable_capacity, sizeof *program->variable);
    v->id = program->variable_count;
    v->path = path;
    v->kind = kind;
    v->dtype = dtype;
    v->shape = *shape;
    v->span = span;
    v->frozen_mask = -1;
    int64_t stride = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        v->stride[i] = stride;
        stride *= shape->dim[i].scale;
    }
    table_put_name(program->variable_named, path, v->id);
    program->variable[program->variable_count++] = v;
    return v;
}

static Update *update_of(Tracer *t, const Variable *variable)
{
    if (variable->id >= t->update_capacity) {
        int wider = variable->id * 2 + 64;
        Update *more = arena_alloc(t->arena, sizeof *more * (size_t)wider);
        if (t->update_capacity)
            memcpy(more, t->update, sizeof *more * (size_t)t->update_capacity);
        t->update = more;
        t->update_capacity = wider;
    }
    return &t->update[variable->id];
}

Node *variable_now(Tracer *t, Variable *variable)
{
    Update *u = update_of(t, variable);
    if (!u->now) {
        Origin origin = t->builder.origin;
        t->builder.origin = (Origin){
            variable->span, "", NULL, false,
            variable->span.source && variable->span.source->library ? variable->made
                                                                    : variable->span,
        };
        u->now = u->read = make_variable(&t->builder, variable);
        u->now->name = variable->path;
        t->builder.origin = origin;
    }
    return u->now;
}

Update *versions(Tracer *t)
{
    size_t bytes = sizeof *t->update * (size_t)t->update_capacity;
    return bytes ? arena_copy(t->arena, t->update, bytes) : NULL;
}

static bool written_by(const Update *now, const Update *before, int count, int i)
{
    return now->last != (i < count ? before[i].last : NULL);
}

Update *versions_back(Tracer *t, const Update *before, int count)
{
    Update *taken = versions(t);
    for (int i = 0; i < t->update_capacity; i++) {
        Update *u = &t->update[i];
        if (written_by(u, before, count, i))
            u->now = i < count && before[i].now ? before[i].now : u->read;
    }
    return taken;
}

void versions_join(Tracer *t, const Update *before, int count, const Update *taken, int taken_count,
                   const HostExpr *condition)
{
    Origin origin = t->builder.origin;
    t->builder.origin.guard = NULL;
    for (int i = 0; i < taken_count; i++) {
        Update *u = &t->update[i];
        if (!written_by(&taken[i], before, count, i))
            continue;
        if (u->last == taken[i].last) {
            u->now = taken[i].now;
            continue;
        }
        Node *chosen = make_host(&t->builder, DT_BOOL, condition);
        u->now = make_select(&t->builder, make_expand(&t->builder, chosen, &u->now->shape),
                             taken[i].now, u->now);
    }
    t->builder.origin = origin;
}

static const HostExpr *guard_condition(Tracer *t, const Guard *guard)
{
    const HostExpr *all = guard->condition;
    for (guard = guard->outer; guard; guard = guard->outer)
        all = host_op(t->arena, HOST_AND, guard->condition, all, NULL);
    return all;
}

// A parameter that was updated is a leaf again: gradients do not flow through its update.
static Node *as_leaf(Tracer *t, const Variable *variable, Node *value)
{
    bool flows = !t->in_step || variable->kind == VAR_BUFFER
              || dtype_kind(value->dtype) != KIND_FLOAT;
    return flows ? value : make_unary(&t->builder, P_STOP, value);
}

void variable_write(Tracer *t, Variable *variable, Node *value, Span span)
{
    value = as_leaf(t, variable, value);
    Update *u = update_of(t, variable);
    Node *before = t->guard ? variable_now(t, variable) : NULL;
    if (u->written && u->guard != t->guard)
        u->mixed = true;
    u->written = true;
    u->guard = t->guard;
    u->last = value;
    u->span = span;
    if (!t->guard) {
        u->now = value;
        return;
    }
    // Below the branch, readers see the new value only where it was taken.
    const Guard *guard = t->guard;
    Origin origin = t->builder.origin;
    t->builder.origin.guard = NULL;
    Node *condition = make_host(&t->builder, DT_BOOL, guard_condition(t, guard));
    Node *taken = make_expand(&t->builder, condition, &value->shape);
    u->now = make_select(&t->builder, taken, value, before);
    t->builder.origin = origin;
}

void begin_graph(Tracer *t, Graph *graph)
{
    t->graph = graph;
    t->builder = (Builder){.graph = graph};
    t->builder.origin.path = t->path ? t->path : "";
    t->guard = NULL;
    t->draws = NULL;
    t->update = NULL;
    t->update_capacity = 0;
}

// Offsets are counted in 64 bits, and no machine holds more anyway.
static void check_sizes(Tracer *t, const Graph *graph)
{
    const double most = 1099511627776.0;        // 2^40
    for (int i = 0; i < graph->node_count; i++) {
        const Node *node = graph->node[i];
        double size = 1;
        for (int k = 0; k < node->shape.rank; k++) {
            size *= (double)node->shape.dim[k].scale;
            for (int p = 0; p < node->shape.dim[k].power; p++)
                size *= (double)graph->bound;
        }
        if (size <= most)
            continue;
        fail(t, E_LIMIT, node->call.source ? node->call : node->span, "a tensor of %s has more "
             "than 2^40 elements", shape_text(t->arena, &node->shape));
        return;
    }
}

void end_graph(Tracer *t)
{
    Graph *graph = t->graph;
    check_sizes(t, graph);
    for (int i = 0; i < t->update_capacity && i < t->program->variable_count; i++) {
        Update *u = &t->update[i];
        if (!u->written)
            continue;
        bool guarded = u->guard && !u->mixed;
        graph_write(graph, t->program->variable[i], guarded ? u->last : u->now,
                    guarded ? u->guard : NULL, u->span);
    }
    sink_checks(t);
    t->graph = NULL;
}

// ---- logs ---------------------------------------------------------------------------------------

int log_entry(Tracer *t, const char *name, Phase phase, Span span)
{
    Program *p = t->program;
    name = t->log_prefix ? arena_format(t->arena, "%s%s", t->log_prefix, name) : name;
    for (int i = 0; i < p->log_count; i++)
        if (p->log[i].phase == phase && strcmp(p->log[i].name, name) == 0) {
            fail(t, E_LOG_TWICE, span, "`%s` is logged twice in this step", name);
            diag_note(t->diag, p->log[i].span, "the first is here");
            return i;
        }
    p->log = arena_grow(t->arena, p->log, p->log_count, &p->log_capacity, sizeof *p->log);
    bool train = phase == PHASE_TRAIN;
    p->log[p->log_count] = (LogEntry){.name = name, .phase = phase, .on_step = train,
                                      .on_epoch = !train, .progress_bar = true, .span = span};
    return p->log_count++;
}

static Value *entry_value(Tracer *t, int index)
{
    return value_host(t->arena, host_leaf(t->arena, HOST_METRIC, HOST_FLOAT, index,
                                          t->program->log[index].name));
}

// What stands behind `name` in `name[0,1]`, or NULL.
static const char *place_in(const LogEntry *entry, const char *name)
{
    const size_t length = strlen(name);
    return strncmp(entry->name, name, length) == 0 && entry->name[length] == '['
         ? entry->name + length + 1 : NULL;
}

// Entries from `*next` on as lists in lists; `last` is the place of the last one, "9,9]".
static Value *entry_lists(Tracer *t, const char *last, int *next)
{
    char *rest;
    const int count = (int)strtol(last, &rest, 10) + 1;
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)count);
    for (int i = 0; i < count; i++)
        item[i] = *rest == ',' ? entry_lists(t, rest + 1, next) : entry_value(t, (*next)++);
    return value_list(t->arena, V_LIST, item, count);
}

// A metric that computes a vector or matrix has an entry for each element, one after the other.
static Value *metric_of_many(Tracer *t, const char *name)
{
    const Program *p = t->program;
    int first = 0, end;
    while (first < p->log_count && !place_in(&p->log[first], name))
        first++;
    for (end = first; end < p->log_count && p->log[end].phase == p->log[first].phase
                      && place_in(&p->log[end], name); end++)
        ;
    return first < end ? entry_lists(t, place_in(&p->log[end - 1], name), &first) : NULL;
}

Value *metric_value(Tracer *t, const char *name, Span span)
{
    const Program *p = t->program;
    for (int i = 0; i < p->log_count; i++)
        if (strcmp(p->log[i].name, name) == 0)
            return entry_value(t, i);
    Value *many = metric_of_many(t, name);
    if (many)
        return many;
    fail(t, E_UNKNOWN_METRIC, span, "no step logs `%s`", name);
    const char *names[256];
    int count = 0;
    for (int i = 0; i < p->log_count && count < 256; i++)
        names[count++] = p->log[i].name;
    const char *near = diag_nearest(t->arena, name, names, count);
    if (near) {
        diag_hint(t->diag, "did you mean `%s`?", near);
    } else if (count) {
        const char *all = names[0];
        for (int i = 1; i < count && i < 12; i++)
            all = arena_format(t->arena, "%s, %s", all, names[i]);
        diag_hint(t->diag, "logged are: %s", all);
    }
    return &value_poison;
}

// ---- steps --------------------------------------------------------------------------------------

// A parameter of `predict` that no sample makes: `count: int <= 64 = 16` is the rows of the call,
// other numbers are settings.
static Value *predict_parameter(Tracer *t, const Ast *p)
{
    Value *value = eval(t, t->file, p->b);
    if (value->kind != V_NUMBER && value->kind != V_BOOL && value->kind != V_TEXT)
        return value;
    const char *name = arena_format(t->arena, "predict.%s", p->name);
    bool rows = p->a && p->a->kind == AST_TYPE_BOUND && p->a->b;
    int index = program_setting(t, name, value, p, false);
    if (!rows)
        return value_host(t->arena, host_leaf(t->arena, HOST_SETTING,
                          value->kind == V_BOOL ? HOST_BOOL : value_is_whole(value) ? HOST_INT
                          : HOST_FLOAT, index, name));
    if (t->program->predict_setting >= 0 || t->graph->bound)
        return fail(t, E_LIMIT, p->span, "`predict` has one dynamic size, `%s` is a second",
                    p->name);
    t->program->setting[index].type = SETTING_INTEGER;
    t->program->predict_setting = index;
    if (value->kind == V_NUMBER && value->number > p->a->b->number)
        return fail(t, E_BOUND, p->b->span, "`%s` is at most %.15g, but is %.15g", p->name,
                    p->a->b->number, value->number);
    t->graph->bound = (int64_t)p->a->b->number;
    return value_dim(t->arena, (Dim){1, 1});
}

static Value *step_argument(Tracer *t, const Ast *p, Dim rows, bool *typed)
{
    *typed = false;
    if (!p->b || takes_field(t, p->name))
        return batch_argument(t, p, rows, typed);
    return t->phase == PHASE_PREDICT ? predict_parameter(t, p) : eval(t, t->file, p->b);
}

static Scope *step_scope(Tracer *t, const Ast *method)
{
    Dim rows = batch_dim(t);
    Scope *scope = scope_new(t->arena, t->model->scope);
    if (t->lead && t->lead->block && t->lead->block->batch)
        scope_bind(t->arena, scope, atom(t->atoms, "B"), value_dim(t->arena, rows), BIND_LOCAL,
                   method->span)->used = true;
    scope_bind(t->arena, scope, t->word_training, value_bool(t->training), BIND_LOCAL,
               method->span)->used = true;
    for (const Ast *p = method->a; p; p = p->next) {
        bool typed, known = false;
        Value *value = step_argument(t, p, rows, &typed);
        Shape rest;
        const char *what = arena_format(t->arena, "`%s`", p->name);
        if (!typed)
            value = match_type(t, scope, p->a, value, what, p->span, &known, &rest);
        scope_bind(t->arena, scope, p->name, value, BIND_LOCAL, p->span)->used = true;
    }
    return scope;
}

// `predict` may take nothing of the data: then its rows are not those of a batch.
static bool takes_fields(Tracer *t, const Ast *method)
{
    if (t->phase != PHASE_PREDICT || t->lead != t->data)
        return true;
    for (const Ast *p = method->a; p; p = p->next)
        if (takes_field(t, p->name) || takes_block(t, p))
            return true;
    return false;
}

static Graph *open_step(Tracer *t, const char *name, const Ast *method)
{
    Graph *graph = graph_new(t->arena, t->diag, name);
    choose_blocks(t, t->phase, method);
    const DataBlock *lead = t->lead ? t->lead->block : NULL;
    bool batch = lead && lead->batch && takes_fields(t, method);
    graph->bound = batch && !lead->drop_last ? lead->batch : 0;
    graph->least = 1;
    t->path = "";
    begin_graph(t, graph);
    return graph;
}

static const Ast *model_method(const Tracer *t, const char *name)
{
    return member_named(t->model->declaration, AST_METHOD, name);
}

static Value *trace_step(Tracer *t, Phase phase, const char *name, const char *as, Graph **graph)
{
    const Ast *method = model_method(t, name);
    t->phase = phase;
    t->step_name = as;
    t->training = phase == PHASE_TRAIN;
    t->in_step = true;
    *graph = open_step(t, as, method);
    open_metrics(t);
    Scope *scope = step_scope(t, method);
    Part *outer = t->self;
    t->self = t->model;
    Value *value = eval_block(t, scope, method->c);
    t->self = outer;
    return value;
}

static void close_step(Tracer *t)
{
    end_graph(t);
    t->in_step = false;
    close_metrics(t);
    t->lead = NULL;
}

static void add_output(Tracer *t, Value *value, const char *name, Span span)
{
    if (value->kind == V_TUPLE || value->kind == V_LIST || value->kind == V_RECORD) {
        for (int i = 0; i < value->count; i++)
            add_output(t, value->item[i], value->label ? value->label[i]
                       : arena_format(t->arena, "%s%d", name, i), span);
        return;
    }
    Node *node = to_tensor(t, value, t->float_type, span);
    if (!node)
        return;
    Program *p = t->program;
    p->output = arena_grow(t->arena, p->output, p->output_count, &p->output_capacity,
                           sizeof *p->output);
    bool per_row = node->shape.rank > 0 && dim_equal(node->shape.dim[0], (Dim){1, 1});
    p->output[p->output_count] = (Output){name, node->dtype, node->shape, per_row};
    graph_result(t->graph, (Result){RESULT_PREDICT, p->output_count++, name, node, NULL, span});
}

static void trace_result(Tracer *t, const char *name)
{
    Value *value = trace_step(t, PHASE_PREDICT, name, "predict_step",
                              &t->program->phase[PHASE_PREDICT]);
    if (value->kind != V_POISON)
        add_output(t, value, "output", model_method(t, name)->span);
    close_step(t);
}

// Where there is no `predict`, `forward` stands for it if its parameters are fields. A field that
// only has the name of a parameter is no mistake where the steps have shown that `forward` is sound.
static void trace_forward_as_predict(Tracer *t)
{
    const Ast *method = model_method(t, "forward");
    if (!method || !t->data || !t->data->fields || diag_failed(t->diag))
        return;                         // its mistakes were found where other steps call it
    for (const Ast *p = method->a; p; p = p->next)
        if (!p->b && !scope_here(t->data->fields, p->name))
            return;                     // `forward` takes what no data block makes
    const bool sound = scope_here(t->model->scope, method->name)->used;
    const Program before = *t->program;
    const DiagMark mark = diag_mark(t->diag);
    trace_result(t, "forward");
    if (!diag_failed(t->diag))
        return;
    if (sound) {
        *t->program = before;
        diag_forget(t->diag, mark);
        return;
    }
    diag_note(t->diag, method->span, "no step calls this `forward`; it is what `predict` runs, with "
              "fields of its parameters' names");
}

static void trace_predict(Tracer *t)
{
    if (model_method(t, "predict"))
        trace_result(t, "predict");
    else
        trace_forward_as_predict(t);
}

// The step once more for a set: the fields are those of its block, and so are the logs' names.
static void trace_set(Tracer *t, DataPart *set, int number)
{
    const char *block = set->declaration->name, *as = "validation_step";
    Phase phase = number ? (Phase)(PHASE_MORE + number - 1) : PHASE_VALIDATE;
    if (number) {
        as = arena_format(t->arena, "validation_step_%s", block);
        t->log_prefix = arena_format(t->arena, "%s/", block);
    }
    DataPart *data = t->data;
    t->data = set;
    trace_step(t, phase, "validation_step", as, &t->program->phase[phase]);
    if (t->lead != set) {
        const Ast *tree = trainer_tree(t, "validate");
        fail(t, E_SETTING_VALUE, tree->span, "`validation_step` names its data block, and it is "
             "not `%s`", block);
        diag_hint(t->diag, "its parameters are then fields: validation_step(x, y)");
    }
    close_step(t);
    t->data = data;
    t->log_prefix = NULL;
}

static void trace_validation(Tracer *t)
{
    enum { most = PHASE_COUNT - PHASE_MORE + 1 };
    DataPart *set[most];
    int count = validation_sets(t, set, most);
    bool step = model_method(t, "validation_step") != NULL;
    if (count > 0 && !step)
        fail(t, E_SETTING_VALUE, trainer_tree(t, "validate")->span, "`%s` has no `validation_step`",
             t->model->declaration->name);
    if (!step || count < 0)
        return;
    for (int i = 0; i < count; i++)
        trace_set(t, set[i], i);
    if (count)
        return;
    trace_step(t, PHASE_VALIDATE, "validation_step", "validation_step",
               &t->program->phase[PHASE_VALIDATE]);
    close_step(t);
}

static const char *test_name(Tracer *t, const char *name)
{
    return strncmp(name, "val_", 4) == 0 ? arena_format(t->arena, "test_%s", name + 4) : name;
}

// test_step; without it, validation_step with val_ renamed test_.
static void trace_test(Tracer *t)
{
    const char *name = model_method(t, "test_step") ? "test_step" : "validation_step";
    if (!model_method(t, name))
        return;
    const bool renames = strcmp(name, "validation_step") == 0;
    const int first = t->program->log_count, first_picture = t->program->picture_count;
    t->renames_steps = renames;
    trace_step(t, PHASE_TEST, name, "test_step", &t->program->phase[PHASE_TEST]);
    t->renames_steps = false;
    close_step(t);
    for (int i = first_picture; renames && i < t->program->picture_count; i++)
        t->program->picture[i].name = test_name(t, t->program->picture[i].name);
    for (int i = first; renames && i < t->program->log_count; i++)
        t->program->log[i].name = test_name(t, t->program->log[i].name);
}

static void check_minimized(Tracer *t)
{
    bool trains = false;
    for (int i = 0; i < t->program->variable_count; i++)
        trains |= t->program->variable[i]->trainable;
    if (t->minimized || !trains || diag_failed(t->diag))
        return;
    const Ast *method = model_method(t, "training_step");
    fail(t, E_NO_TRAINING, method->name_span, "this step minimizes nothing, so nothing is trained");
    diag_hint(t->diag, "end it with `minimize loss`; the value of its last line goes nowhere");
}

void trace_steps(Tracer *t)
{
    if (!model_method(t, "training_step")) {
        fail(t, E_NO_TRAINING, t->model->declaration->tree->name_span,
             "`%s` has no `training_step`",
             t->model->declaration->name);
        diag_hint(t->diag, "training_step(x, y) { minimize mean((forward(x) - y)^2) }");
        return;
    }
    t->minimized = 0;
    trace_step(t, PHASE_TRAIN, "training_step", "training_step", &t->program->phase[PHASE_TRAIN]);
    close_step(t);
    check_minimized(t);
    trace_validation(t);
    trace_test(t);
    trace_predict(t);
}
