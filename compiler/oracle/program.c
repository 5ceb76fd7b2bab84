#include "program.h"

#include "host.h"
#include "interpret.h"
#include "raw.h"

#include "lt/random.h"

#include <stdlib.h>
#include <string.h>

enum { step_init, step_phase, step_reset = step_phase + PHASE_COUNT,
       step_compute = step_reset + PHASE_COUNT, step_callback = step_compute + PHASE_COUNT,
       most_steps = 300, most_callback_steps = most_steps - step_callback };

typedef struct Oracle {
    const Program *program;
    struct lt_program table;
    const Graph *step[most_steps];
} Oracle;

static const Program *sampling;         // whose data blocks make rows: `sample` has no context

// ---- memory and values --------------------------------------------------------------------------

static enum lt_dtype kept_as(DType type)
{
    if (dtype_kind(type) == KIND_FLOAT)
        return LT_F64;
    return type == DT_BOOL ? LT_BOOL : LT_I64;
}

static size_t kept_bytes(DType type)
{
    return type == DT_BOOL ? 1 : 8;
}

static void read_kept(Value *value, const void *memory)
{
    for (int64_t i = 0; i < value->count; i++)
        if (value->dtype == DT_BOOL)
            value->cell[i].i = ((const uint8_t *)memory)[i];
        else
            memcpy(&value->cell[i], (const char *)memory + 8 * i, 8);
}

static void write_kept(const Value *value, void *memory)
{
    for (int64_t i = 0; i < value->count; i++)
        if (value->dtype == DT_BOOL)
            ((uint8_t *)memory)[i] = value->cell[i].i != 0;
        else
            memcpy((char *)memory + 8 * i, &value->cell[i], 8);
}

// ---- steps --------------------------------------------------------------------------------------

static void field_values(const Graph *graph, const struct lt_call *call, Value *field, int count)
{
    for (int i = 0; i < graph->node_count; i++) {
        const Node *node = graph->node[i];
        if (node->prim != P_FIELD || node->attr->index >= count
            || field[node->attr->index].cell)
            continue;
        Value *value = &field[node->attr->index];
        *value = value_new(node->dtype, &node->shape, call->rows);
        read_kept(value, call->input[node->attr->index]);
    }
}

static void hand_check(const StepCheck *check, const struct lt_call *call, double failed)
{
    if (failed > 0)
        call->host->call->check(call->host, check->message, check->where, failed,
                                dim_at(check->size, call->rows));
}

static void hand_picture(const Result *result, const Picture *picture, const struct lt_call *call,
                         const Value *value)
{
    const struct lt_host_calls *to = call->host->call;
    float *number = calloc((size_t)value->count + 1, sizeof *number);
    if (!number)
        bug("out of memory");
    for (int64_t i = 0; i < value->count; i++)
        number[i] = (float)value_number(value, i);
    if (result->kind == RESULT_HEATMAP)
        to->heatmap(call->host, picture->name, (enum lt_phase)picture->phase, number,
                    dim_at(picture->shape.dim[0], call->rows),
                    dim_at(picture->shape.dim[1], call->rows));
    else
        to->histogram(call->host, picture->name, (enum lt_phase)picture->phase, number,
                      value->count);
    free(number);
}

static void hand_out(const Program *program, const Graph *graph, const struct lt_call *call,
                     OracleResult *result)
{
    for (int i = 0; i < graph->result_count; i++) {
        const Result *r = &graph->result[i];
        if (result[i].ran && r->kind == RESULT_LOG) {
            double number = value_number(&result[i].value, 0);
            const LogEntry *log = &program->log[r->index];
            double weight = log->reduce == REDUCE_MEAN && !log->computed && call->rows > 0
                          ? (double)call->rows : 1;
            call->log[r->index] = (struct lt_value){number * weight, weight};
        }
        if (result[i].ran && r->kind == RESULT_STATE)
            call->host->state[r->index] = value_number(&result[i].value, 0);
        if (result[i].ran && r->kind == RESULT_PREDICT)
            write_kept(&result[i].value, call->output[r->index]);
        if (result[i].ran && r->kind == RESULT_CHECK)
            hand_check(&program->check[r->index], call, value_number(&result[i].value, 0));
        if (result[i].ran && (r->kind == RESULT_HISTOGRAM || r->kind == RESULT_HEATMAP))
            hand_picture(r, &program->picture[r->index], call, &result[i].value);
        if (result[i].ran)
            value_free(&result[i].value);
    }
}

static void count_ticks(const Graph *graph, HostRun *run)
{
    for (int i = 0; i < graph->tick_count; i++) {
        bool open = true;
        for (const Guard *g = graph->tick[i].guard; g; g = g->outer)
            open = open && host_number(run, g->condition) != 0;
        if (open)
            run->host->state[graph->tick[i].state] += 1;
    }
}

static void run_step(const struct lt_call *call, int which)
{
    const Oracle *oracle = call->context;
    const Program *program = oracle->program;
    const Graph *graph = oracle->step[which];
    int fields = 0;
    for (int i = 0; i < program->block_count; i++)
        fields += program->block[i]->field_count;
    Value *field = calloc((size_t)fields + 1, sizeof *field);
    Value *variable = calloc((size_t)program->variable_count + 1, sizeof *variable);
    OracleResult *result = calloc((size_t)graph->result_count + 1, sizeof *result);
    if (!field || !variable || !result)
        bug("out of memory");
    field_values(graph, call, field, fields);
    for (int i = 0; i < program->variable_count; i++) {
        const Variable *v = program->variable[i];
        variable[i] = value_new(v->dtype, &v->shape, call->rows);
        read_kept(&variable[i], (char *)call->block + oracle->table.variable[i].offset);
    }
    HostRun run = {.program = program, .host = call->host, .rows = call->rows, .callback = -1};
    OracleInput input = {.rows = call->rows, .first_row = call->first_row, .seed = call->seed,
                         .step = call->step, .field = field, .variable = variable,
                         .host = host_number, .host_context = &run};
    interpret(graph, &input, result);
    count_ticks(graph, &run);
    hand_out(program, graph, call, result);
    for (int i = 0; i < graph->write_count; i++) {
        int id = graph->write[i].variable->id;
        write_kept(&variable[id], (char *)call->block + oracle->table.variable[id].offset);
    }
    for (int i = 0; i < program->variable_count; i++)
        value_free(&variable[i]);
    for (int i = 0; i < fields; i++)
        if (field[i].cell)
            value_free(&field[i]);
    free(result);
    free(variable);
    free(field);
}

// A step of the table has no number, so each has a function of its own.
#define TEN(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7) X(n##8) X(n##9)
#define HUNDRED(X, n) TEN(X, n##0) TEN(X, n##1) TEN(X, n##2) TEN(X, n##3) TEN(X, n##4) \
    TEN(X, n##5) TEN(X, n##6) TEN(X, n##7) TEN(X, n##8) TEN(X, n##9)
#define STEPS(X) \
    TEN(X, ) TEN(X, 1) TEN(X, 2) TEN(X, 3) TEN(X, 4) TEN(X, 5) TEN(X, 6) TEN(X, 7) TEN(X, 8) \
    TEN(X, 9) HUNDRED(X, 1) HUNDRED(X, 2)
#define THUNK(n) static void step_##n(const struct lt_call *call) { run_step(call, n); }
STEPS(THUNK)
#define NAME(n) step_##n,
static lt_step *const thunk[] = {STEPS(NAME)};
_Static_assert(sizeof thunk / sizeof *thunk == most_steps, "a function for each step");

// ---- host code ----------------------------------------------------------------------------------

static void run_hook(struct lt_host *host, int callback, enum lt_event event)
{
    HostRun run = {.program = sampling, .host = host, .callback = callback};
    const HostFunction *hook = sampling->callback[callback].hook[event];
    if (hook)
        host_call(&run, hook, 0);
}

static void init_host(struct lt_host *host)
{
    HostRun run = {.program = sampling, .host = host, .callback = -1};
    for (int i = 0; i < sampling->state_count; i++)
        if (sampling->state[i].start)
            host->state[i] = host_number(&run, sampling->state[i].start);
}

// ---- sample -------------------------------------------------------------------------------------

static void make_row(const DataBlock *data, const void *const *raw, void *const *out,
                     uint64_t seed, uint64_t epoch, uint64_t index, bool training)
{
    const Graph *graph = data->sample[training];
    Value *field = calloc((size_t)data->raw_count + 1, sizeof *field);
    OracleResult *result = calloc((size_t)graph->result_count + 1, sizeof *result);
    if (!field || !result)
        bug("out of memory");
    for (int i = 0; i < data->raw_count; i++)
        field[i] = raw_value(&data->raw[i], raw[i]);
    HostRun run = {.program = sampling, .callback = -1};
    OracleInput input = {.rows = 1, .seed = seed, .step = lt_sample_step(epoch, index),
                         .field = field, .host = host_number, .host_context = &run};
    interpret(graph, &input, result);
    for (int i = 0; i < graph->result_count; i++) {
        write_kept(&result[i].value, out[graph->result[i].index]);
        value_free(&result[i].value);
    }
    for (int i = 0; i < data->raw_count; i++)
        value_free(&field[i]);
    free(result);
    free(field);
}

// Nor has a block of the table a number.
#define SAMPLE(n) \
    static void sample_##n(const void *const *raw, void *const *out, void *scratch, uint64_t seed, \
                           uint64_t epoch, uint64_t index, bool training) \
    { \
        (void)scratch; \
        make_row(sampling->block[n], raw, out, seed, epoch, index, training); \
    }
STEPS(SAMPLE)
#define SAMPLE_NAME(n) sample_##n,
static void (*const sample[])(const void *const *, void *const *, void *, uint64_t, uint64_t,
                              uint64_t, bool) = {STEPS(SAMPLE_NAME)};

// ---- tables -------------------------------------------------------------------------------------

static int static_shape(const Shape *shape, int64_t *size)
{
    for (int i = 0; i < shape->rank; i++)
        size[i] = shape->dim[i].scale;
    return shape->rank;
}

static void list_variables(Arena *arena, Oracle *oracle)
{
    const Program *p = oracle->program;
    struct lt_variable *list = arena_alloc(arena, sizeof *list * (size_t)(p->variable_count + 1));
    size_t offset = 0;
    for (int i = 0; i < p->variable_count; i++) {
        const Variable *v = p->variable[i];
        struct lt_variable *to = &list[i];
        to->path = v->path;
        to->kind = (enum lt_variable_kind)v->kind;
        to->dtype = kept_as(v->dtype);
        to->rank = static_shape(&v->shape, to->shape);
        to->offset = offset;
        to->flags = (v->saved ? LT_SAVED : 0u) | (v->trainable ? LT_TRAINABLE : 0u);
        to->frozen_mask = -1;
        to->where = span_where(arena, v->span);
        int64_t stride = 1;
        for (int k = to->rank - 1; k >= 0; k--) {
            to->stride[k] = stride;
            stride *= to->shape[k];
        }
        offset += ((size_t)stride * kept_bytes(v->dtype) + 63) / 64 * 64;
        if (v->kind == VAR_PARAMETER)
            oracle->table.parameter_count += stride;
    }
    oracle->table.variable = list;
    oracle->table.variable_count = p->variable_count;
    oracle->table.variable_bytes = oracle->table.block_bytes = offset;
}

static void list_block(Arena *arena, const DataBlock *d, int number, struct lt_data *to)
{
    int count = d->raw_count * (d->part_count ? d->part_count : 1);
    struct lt_raw_field *raw = arena_alloc(arena, sizeof *raw * (size_t)(count + 1));
    struct lt_field *field = arena_alloc(arena, sizeof *field * (size_t)(d->field_count + 1));
    for (int i = 0; i < count; i++) {
        const RawField *r = &d->raw[i];
        raw[i] = (struct lt_raw_field){.name = r->name, .file = r->file, .format = r->format,
                                       .dtype = (enum lt_dtype)r->dtype, .text = r->text,
                                       .words = r->word, .word_count = r->word_count};
        raw[i].rank = static_shape(&r->shape, raw[i].shape);
    }
    for (int i = 0; i < d->field_count; i++) {
        const DataField *f = &d->field[i];
        field[i] = (struct lt_field){.name = f->name, .dtype = kept_as(f->dtype), .below = f->below};
        field[i].rank = static_shape(&f->shape, field[i].shape);
        field[i].row_bytes = (size_t)shape_size(&f->shape).scale * kept_bytes(f->dtype);
    }
    *to = (struct lt_data){.name = d->name, .source = d->source, .option = d->option ? d->option : "",
                           .rows = d->rows, .split_given = d->split_given,
                           .split_file_order = d->split_file_order, .batch = d->batch,
                           .split_fixed = d->split_fixed, .split_seed = d->split_seed,
                           .shuffle = d->shuffle, .drop_last = d->drop_last,
                           .raw_count = d->raw_count, .field_count = d->field_count, .raw = raw,
                           .field = field, .sample = sample[number],
                           .sample_scratch = 64};
    to->part_count = d->part_count;
    for (int i = 0; i < d->part_count; i++)
        to->part[i] = (enum lt_phase)d->part[i];
    to->train = (struct lt_split){d->split[0], d->split_share[0]};
    to->val = (struct lt_split){d->split[1], d->split_share[1]};
    to->test = (struct lt_split){d->split[2], d->split_share[2]};
}

static void list_data(Arena *arena, Oracle *oracle)
{
    const Program *p = oracle->program;
    struct lt_data *list = arena_alloc(arena, sizeof *list * (size_t)(p->block_count + 1));
    if (p->block_count > (int)(sizeof sample / sizeof *sample))
        bug("%d data blocks", p->block_count);
    for (int i = 0; i < p->block_count; i++)
        list_block(arena, p->block[i], i, &list[i]);
    oracle->table.data = list;
    oracle->table.data_count = p->block_count;
    for (int i = 0; i < PHASE_COUNT; i++) {
        oracle->table.lead[i] = p->lead[i];
        oracle->table.also[i] = p->also[i];
    }
}

static void list_settings(Arena *arena, Oracle *oracle)
{
    const Program *p = oracle->program;
    struct lt_setting *list = arena_alloc(arena, sizeof *list * (size_t)(p->setting_count + 1));
    for (int i = 0; i < p->setting_count; i++) {
        const Setting *s = &p->setting[i];
        list[i] = (struct lt_setting){.name = s->name, .type = (enum lt_setting_type)s->type,
                                      .unit = (enum lt_unit)s->unit, .number = s->number,
                                      .text = s->text, .choices = s->choices, .help = s->help,
                                      .fixed = s->fixed, .given = s->given,
                                      .names_file = s->names_file};
    }
    oracle->table.setting = list;
    oracle->table.setting_count = p->setting_count;
    memcpy(&oracle->table.trainer, p->trainer_setting, sizeof oracle->table.trainer);
}

static void list_states(Arena *arena, Oracle *oracle)
{
    const Program *p = oracle->program;
    const char **name = arena_alloc(arena, sizeof *name * (size_t)(p->state_count + 1));
    double *initial = arena_alloc(arena, sizeof *initial * (size_t)(p->state_count + 1));
    for (int i = 0; i < p->state_count; i++) {
        name[i] = p->state[i].name;
        initial[i] = p->state[i].initial;
    }
    oracle->table.state_name = name;
    oracle->table.state_initial = initial;
    oracle->table.state_count = p->state_count;

    struct lt_callback *callback = arena_alloc(arena, sizeof *callback
                                                      * (size_t)(p->callback_count + 1));
    for (int i = 0; i < p->callback_count; i++) {
        callback[i] = (struct lt_callback){.name = p->callback[i].name,
                                           .first_state = p->callback[i].first_state,
                                           .state_count = p->callback[i].state_count};
        for (int e = 0; e < LT_EVENTS; e++)
            if (p->callback[i].hook[e])
                callback[i].events |= 1u << e;
    }
    oracle->table.callback = callback;
    oracle->table.callback_count = p->callback_count;
}

static const struct lt_alias *list_aliases(Arena *arena, const Alias *alias, int count)
{
    struct lt_alias *list = arena_alloc(arena, sizeof *list * (size_t)(count + 1));
    for (int i = 0; i < count; i++)
        list[i] = (struct lt_alias){alias[i].path, alias[i].stands_for};
    return list;
}

static void list_logs(Arena *arena, Oracle *oracle)
{
    const Program *p = oracle->program;
    struct lt_log *log = arena_alloc(arena, sizeof *log * (size_t)(p->log_count + 1));
    for (int i = 0; i < p->log_count; i++) {
        const LogEntry *l = &p->log[i];
        log[i] = (struct lt_log){l->name, (enum lt_phase)l->phase, (enum lt_reduce)l->reduce,
                                 l->on_step, l->on_epoch, l->progress_bar, l->computed};
    }
    struct lt_output *output = arena_alloc(arena, sizeof *output * (size_t)(p->output_count + 1));
    for (int i = 0; i < p->output_count; i++) {
        const Output *o = &p->output[i];
        output[i] = (struct lt_output){.name = o->name, .dtype = kept_as(o->dtype),
                                       .per_row = o->per_row};
        int first = o->per_row;
        output[i].rank = o->shape.rank - first;
        for (int k = first; k < o->shape.rank; k++)
            output[i].shape[k - first] = o->shape.dim[k].scale;
    }
    oracle->table.log = log;
    oracle->table.log_count = p->log_count;
    oracle->table.output = output;
    oracle->table.output_count = p->output_count;
    oracle->table.alias = list_aliases(arena, p->alias, p->alias_count);
    oracle->table.alias_count = p->alias_count;
    oracle->table.stand_in = list_aliases(arena, p->stand_in, p->stand_in_count);
    oracle->table.stand_in_count = p->stand_in_count;
}

static void list_weights(Arena *arena, Oracle *oracle)
{
    const Program *p = oracle->program;
    struct lt_part_weights *list = arena_alloc(arena, sizeof *list * (size_t)(p->weights_count + 1));
    for (int i = 0; i < p->weights_count; i++) {
        const PartWeights *w = &p->weights[i];
        struct lt_rename *rename = arena_alloc(arena, sizeof *rename * (size_t)(w->rename_count + 1));
        for (int k = 0; k < w->rename_count; k++)
            rename[k] = (struct lt_rename){w->from[k], w->to[k]};
        list[i] = (struct lt_part_weights){w->prefix, w->file, w->strict, w->rename_count,
                                           w->transpose_count, rename, w->transpose};
    }
    oracle->table.part_weights = list;
    oracle->table.part_weights_count = p->weights_count;
}

static lt_step *step_of(Oracle *oracle, int which, const Graph *graph)
{
    oracle->step[which] = graph;
    return graph ? thunk[which] : NULL;
}

static void list_steps(Arena *arena, Oracle *oracle)
{
    const Program *p = oracle->program;
    struct lt_program *table = &oracle->table;
    table->init = step_of(oracle, step_init, p->init);
    for (int i = 0; i < PHASE_COUNT; i++) {
        table->phase[i] = step_of(oracle, step_phase + i, p->phase[i]);
        table->reset[i] = step_of(oracle, step_reset + i, p->reset[i]);
        table->compute[i] = step_of(oracle, step_compute + i, p->compute[i]);
    }
    if (p->callback_step_count > most_callback_steps)
        bug("more than %d steps of callbacks", most_callback_steps);
    lt_step **list = arena_alloc(arena, sizeof *list * (size_t)(p->callback_step_count + 1));
    for (int i = 0; i < p->callback_step_count; i++)
        list[i] = step_of(oracle, step_callback + i, p->callback_step[i]);
    table->callback_step = list;
    table->callback_step_count = p->callback_step_count;
}

static void list_layers(Arena *arena, Oracle *oracle)
{
    const Program *p = oracle->program;
    struct lt_layer *list = arena_alloc(arena, sizeof *list * (size_t)(p->layer_count + 1));
    for (int i = 0; i < p->layer_count; i++)
        list[i] = (struct lt_layer){p->layer[i].path, p->layer[i].type, p->layer[i].parameters};
    oracle->table.layer = list;
    oracle->table.layer_count = p->layer_count;
}

static void list_hyperparameters(Arena *arena, Oracle *oracle)
{
    const Program *p = oracle->program;
    struct lt_hyper *list = arena_alloc(arena, sizeof *list * (size_t)(p->hyper_count + 1));
    for (int i = 0; i < p->hyper_count; i++)
        list[i] = (struct lt_hyper){p->hyper[i].name, p->hyper[i].text};
    oracle->table.hyper = list;
    oracle->table.hyper_count = p->hyper_count;
}

struct lt_program *oracle_program(Arena *arena, const Program *program, const char *compiler)
{
    Oracle *oracle = arena_alloc(arena, sizeof *oracle);
    oracle->program = program;
    sampling = program;
    list_variables(arena, oracle);
    list_data(arena, oracle);
    list_settings(arena, oracle);
    list_states(arena, oracle);
    list_logs(arena, oracle);
    list_steps(arena, oracle);
    list_weights(arena, oracle);
    list_layers(arena, oracle);
    list_hyperparameters(arena, oracle);
    struct lt_program *table = &oracle->table;
    table->contract = LT_CONTRACT;
    table->name = program->name;
    table->spec = program->spec;
    table->spec_hash = program->hash;
    table->compiler = compiler;
    table->logs_csv = program->logs_csv;
    table->logs_tensorboard = program->logs_tensorboard;
    table->logs_jsonl = program->logs_jsonl;
    table->has_clip = program->has_clip;
    table->has_accumulation = program->has_accumulation;
    table->init_host = init_host;
    table->hook = run_hook;
    table->context = oracle;
    table->predict_setting = program->predict_setting + 1;
    if (program->predict_setting >= 0)
        table->predict_most = program->phase[PHASE_PREDICT]->bound;
    table->reads_elapsed = program->reads_elapsed;
    return table;
}
