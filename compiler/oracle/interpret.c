#include "evaluate.h"
#include "../trace/program.h"
#include "lt/math.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- values -------------------------------------------------------------------------------------

static void *need(void *memory)
{
    if (!memory) {
        fprintf(stderr, "ltc: out of memory while interpreting\n");
        exit(1);
    }
    return memory;
}

Value value_new(DType dtype, const Shape *shape, int64_t rows)
{
    Value value = {.dtype = dtype, .rank = shape->rank, .count = 1};
    for (int i = 0; i < shape->rank; i++) {
        value.size[i] = dim_at(shape->dim[i], rows);
        value.count *= value.size[i];
    }
    value.cell = need(calloc((size_t)value.count + 1, sizeof *value.cell));
    return value;
}

Value value_copy(const Value *value)
{
    Value copy = *value;
    const size_t bytes = sizeof *copy.cell * (size_t)copy.count;
    copy.cell = need(malloc(bytes + 1));
    memcpy(copy.cell, value->cell, bytes);
    return copy;
}

void value_free(Value *value)
{
    free(value->cell);
    value->cell = NULL;
}

double value_number(const Value *value, int64_t at)
{
    return value_is_float(value) ? value->cell[at].f : (double)value->cell[at].i;
}

void value_set(Value *value, int64_t at, double number)
{
    if (value_is_float(value))
        value->cell[at].f = number;
    else
        value->cell[at].i = (int64_t)dtype_round(value->dtype, number);
}

// ---- nodes --------------------------------------------------------------------------------------

static int64_t wrap(DType type, int64_t x)
{
    switch (type) {
    case DT_I32: return (int32_t)(uint32_t)x;
    case DT_I16: return (int16_t)(uint16_t)x;
    case DT_I8: return (int8_t)(uint8_t)x;
    case DT_U8: return (uint8_t)x;
    default: return x;
    }
}

// Integers have the width of their type; floats only if asked for.
static void value_settle(Value *value, bool narrow)
{
    for (int64_t at = 0; at < value->count; at++)
        if (!value_is_float(value))
            value->cell[at].i = wrap(value->dtype, value->cell[at].i);
        else if (narrow)
            value->cell[at].f = dtype_round(value->dtype, value->cell[at].f);
}

static void copy_in(const Evaluation *e, const Value *from)
{
    if (from->dtype != e->out->dtype || from->count != e->out->count)
        bug("the interpreter was handed a %s of %lld elements for %s", dtype_name(from->dtype),
            (long long)from->count, prim_name(e->node->prim));
    memcpy(e->out->cell, from->cell, sizeof *from->cell * (size_t)from->count);
}

void evaluate_VARIABLE(const Evaluation *e)
{
    copy_in(e, &e->input->variable[e->node->attr->variable->id]);
}

void evaluate_FIELD(const Evaluation *e)
{
    copy_in(e, &e->input->field[e->node->attr->index]);
}

static Evaluate *const evaluate[] = {
#define PRIM(id, ...) evaluate_##id,
#include "../graph/prims.def"
#undef PRIM
};

// ---- the graph ----------------------------------------------------------------------------------

typedef struct Run {
    const Graph *graph;
    const OracleInput *input;
    Value *value;               // by node id; no cells: not there
    int *last_reader;           // by node id; node_count: leaves the graph
    signed char *open;          // by guard id: 1 open, 0 closed, -1 not asked yet
} Run;

static bool guard_open(Run *run, const Guard *guard)
{
    if (!guard)
        return true;
    if (run->open[guard->id] < 0)
        run->open[guard->id] = guard_open(run, guard->outer)
            && run->input->host(run->input->host_context, guard->condition) != 0;
    return run->open[guard->id];
}

static void run_node(Run *run, const Node *node)
{
    Value *more[node->input_count + 1];
    for (int i = 0; i < node->input_count; i++) {
        const Node *from = node->input[i];
        more[i] = &run->value[from->id];
        if (!more[i]->cell)             // a branch not taken; the select does not take it either
            *more[i] = value_new(from->dtype, &from->shape, run->input->rows);
    }
    Value *out = &run->value[node->id];
    *out = value_new(node->dtype, &node->shape, run->input->rows);
    Evaluation e = {run->input, node, {NULL}, more, out};
    for (int i = 0; i < node->input_count && i < 3; i++)
        e.in[i] = more[i];
    if (out->count)
        evaluate[node->prim](&e);
    value_settle(out, run->input->narrow);
}

static void find_last_readers(Run *run)
{
    const Graph *graph = run->graph;
    for (int id = 0; id < graph->node_count; id++) {
        run->last_reader[id] = id;
        for (int i = 0; i < graph->node[id]->input_count; i++)
            run->last_reader[graph->node[id]->input[i]->id] = id;
    }
    for (int i = 0; i < graph->write_count; i++)
        run->last_reader[graph->write[i].value->id] = graph->node_count;
    for (int i = 0; i < graph->result_count; i++)
        run->last_reader[graph->result[i].value->id] = graph->node_count;
}

static void free_read(Run *run, const Node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (run->last_reader[node->input[i]->id] == node->id)
            value_free(&run->value[node->input[i]->id]);
    if (run->last_reader[node->id] == node->id)
        value_free(&run->value[node->id]);
}

static void hand_over(Run *run, OracleResult *result)
{
    const Graph *graph = run->graph;
    for (int i = 0; i < graph->result_count; i++) {
        result[i] = (OracleResult){.ran = guard_open(run, graph->result[i].guard)};
        if (result[i].ran)
            result[i].value = value_copy(&run->value[graph->result[i].value->id]);
    }
    for (int i = 0; i < graph->write_count; i++) {
        const Write *write = &graph->write[i];
        if (!guard_open(run, write->guard))
            continue;
        Value *variable = &run->input->variable[write->variable->id];
        value_free(variable);
        *variable = value_copy(&run->value[write->value->id]);
    }
}

static int guard_greatest(const Guard *guard, int greatest)
{
    for (; guard; guard = guard->outer)
        greatest = guard->id > greatest ? guard->id : greatest;
    return greatest;
}

static int count_guards(const Graph *graph)
{
    int greatest = graph->guard_count;
    for (int i = 0; i < graph->node_count; i++)
        greatest = guard_greatest(graph->node[i]->guard, greatest);
    for (int i = 0; i < graph->write_count; i++)
        greatest = guard_greatest(graph->write[i].guard, greatest);
    for (int i = 0; i < graph->result_count; i++)
        greatest = guard_greatest(graph->result[i].guard, greatest);
    return greatest + 1;
}

void interpret(const Graph *graph, const OracleInput *input, OracleResult *result)
{
    const size_t nodes = (size_t)graph->node_count + 1, guards = (size_t)count_guards(graph);
    Run run = {graph, input, need(calloc(nodes, sizeof(Value))), need(calloc(nodes, sizeof(int))),
               need(malloc(guards))};
    memset(run.open, -1, guards);
    find_last_readers(&run);
    for (int id = 0; id < graph->node_count; id++)
        if (guard_open(&run, graph->node[id]->guard)) {
            run_node(&run, graph->node[id]);
            free_read(&run, graph->node[id]);
        }
    hand_over(&run, result);
    for (int id = 0; id < graph->node_count; id++)
        value_free(&run.value[id]);
    free(run.value);
    free(run.last_reader);
    free(run.open);
}
