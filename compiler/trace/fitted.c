// fitted: statistics of the training rows in `sample`: fitted(metric(x)).
//
// The metric runs over the training rows while compiling, and its value becomes constants of the
// sample graphs. So that they are the rows which the program trains on, the split is then drawn by
// the spec's seed, not by that of a run.
#include "../oracle/fit.h"
#include "data.h"

#include <math.h>

enum { most_numbers = 4096 };

typedef struct Statistic Statistic;
struct Statistic {
    Span span;                  // of the call
    double *number;
    Shape shape;
    DType dtype;
    Statistic *next;
};

static Statistic *statistic_at(const DataPart *data, Span span)
{
    for (Statistic *s = data->statistic; s; s = s->next)
        if (s->span.source == span.source && s->span.begin == span.begin && s->span.end == span.end)
            return s;
    return NULL;
}

static Value *statistic_value(Tracer *t, const Statistic *s, Span span)
{
    Builder *b = &t->builder;
    set_origin(t, span);
    int64_t count = shape_size(&s->shape).scale;
    if (!s->shape.rank)
        return value_tensor(t->arena, make_constant(b, s->dtype, s->number[0]));
    Shape one = shape_of(1, (int64_t[]){1});
    Node **node = arena_alloc(t->arena, sizeof *node * (size_t)(count + 1));
    for (int64_t i = 0; i < count; i++)
        node[i] = make_reshape(b, make_constant(b, s->dtype, s->number[i]), &one);
    return value_tensor(t->arena, make_reshape(b, make_concat(b, node, (int)count, 0), &s->shape));
}

static bool needs_host(const Graph *graph)
{
    for (int i = 0; i < graph->node_count; i++)
        if (graph->node[i]->prim == P_HOST)
            return true;
    return false;
}

// The sample graph so far, with the metric's arguments as results.
static Graph *arguments_graph(Tracer *t, const Argument *argument, int count, Span span)
{
    Graph *graph = arena_alloc(t->arena, sizeof *graph);
    *graph = *t->graph;
    graph->result = NULL;
    graph->result_count = graph->result_capacity = 0;
    for (int i = 0; i < count; i++) {
        const Value *value = argument[i].value;
        if (value->kind == V_TENSOR)
            graph_result(graph, (Result){RESULT_FIELD, i, "x", value->node, NULL, span});
    }
    return graph;
}

static void fix_split(Tracer *t, DataBlock *block)
{
    Value *seed = trainer_value(t, "seed");
    block->split_fixed = true;
    block->split_seed = seed && seed->kind == V_NUMBER ? (uint64_t)seed->number : 0;
}

static Statistic *work_out(Tracer *t, DataPart *data, const FitGraphs *graphs, const Graph *sample,
                           Span span)
{
    fill_raw(t, data);
    fix_split(t, data->block);
    Fit fit = {.block = data->block, .sample = sample, .start = graphs->start,
               .root = t->options->data_root ? t->options->data_root : t->spec_folder,
               .update = graphs->update, .compute = graphs->compute};
    const Node *value = graphs->compute->result[0].value;
    int64_t count;
    const char *why;
    double *number = oracle_fit(t->arena, &fit, &count, &why);
    if (!number) {
        fail(t, E_DATA_FORMAT, span, "%s", why);
        return NULL;
    }
    Statistic *s = arena_alloc(t->arena, sizeof *s);
    *s = (Statistic){span, number, value->shape, value->dtype, data->statistic};
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(number[i])) {
            fail(t, E_FITTED, span, "this statistic of the training rows is %g", number[i]);
            return NULL;
        }
    return data->statistic = s;
}

Value *make_fitted(Tracer *t, Declaration *metric, Argument *argument, int count, Span span)
{
    DataPart *data = t->making_data;
    if (!data || !t->graph || !data->source)
        return fail(t, E_FITTED, span, "`fitted` stands in `sample` of a data block");
    Statistic *known = statistic_at(data, span);
    if (known)
        return t->fitted = statistic_value(t, known, span);
    if (t->training)
        return fail(t, E_FITTED, span, "`fitted` stands outside of `if training`: the statistic is "
                    "taken of rows as evaluation sees them");
    FitGraphs graphs;
    t->fitting = false;                 // inside, a metric is one no more
    if (!trace_fit(t, metric, argument, count, span, &graphs))
        return &value_poison;
    Graph *sample = arguments_graph(t, argument, count, span);
    const Node *value = graphs.compute->result[0].value;
    if (needs_host(sample) || needs_host(graphs.update) || needs_host(graphs.compute))
        return fail(t, E_FITTED, span, "a fitted statistic must be known when compiling, but this "
                    "depends on a number that is known between steps");
    if (shape_size(&value->shape).power || shape_size(&value->shape).scale > most_numbers)
        return fail(t, E_FITTED, span, "a fitted statistic has at most %d numbers, but this is %s",
                    most_numbers, shape_text(t->arena, &value->shape));
    Statistic *s = work_out(t, data, &graphs, sample, span);
    return s ? t->fitted = statistic_value(t, s, span) : &value_poison;
}
