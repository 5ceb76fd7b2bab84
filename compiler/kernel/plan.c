// plan: the whole way from graphs to kernels over bytes.
#include "plan.h"

#include "../graph/passes.h"
#include "contract.h"
#include "fuse.h"
#include "layout.h"
#include "lower.h"
#include "place.h"

#include <string.h>

enum { shared_work = 20000 };            // below that a barrier costs more than it saves

static Buffer *variable_buffer(Plan *plan, int id)
{
    Variable *v = plan->program->variable[id];
    Buffer *buffer = arena_alloc(plan->arena, sizeof *buffer);
    *buffer = (Buffer){.id = id, .name = v->path, .kind = BUFFER_VARIABLE, .dtype = v->dtype,
                       .shape = v->shape, .variable = v, .first = -1, .last = -1};
    layout_variable(plan->layouts, v, buffer);
    for (int i = 0; i < v->shape.rank; i++)
        v->stride[i] = buffer->stride[i].scale;
    v->panel = buffer->panel;
    v->panel_stride = buffer->panel ? buffer->panel_stride.scale : 0;
    v->panel_axis = buffer->panel_axis;
    buffer->bytes = (size_t)layout_elements(buffer, 1) *
                    (size_t)dtype_bytes(v->dtype);
    return buffer;
}

// ---- one step -----------------------------------------------------------------------------------

static Buffer **field_buffers(Plan *plan, const PlanStep *step, IndexContext *c)
{
    const Graph *graph = step->graph;
    int most = 0;
    for (int i = 0; i < graph->node_count; i++)
        if (graph->node[i]->prim == P_FIELD && graph->node[i]->attr->index >= most)
            most = graph->node[i]->attr->index + 1;
    Buffer **field = arena_alloc(plan->arena, sizeof *field * (size_t)(most + 1));
    for (int i = 0; i < graph->node_count; i++) {
        const Node *node = graph->node[i];
        if (node->prim != P_FIELD || field[node->attr->index])
            continue;
        Buffer *buffer = arena_alloc(plan->arena, sizeof *buffer);
        *buffer = (Buffer){.id = c->next_var++, .kind = BUFFER_FIELD, .dtype = node->dtype,
                           .name = node->name ? node->name : "field", .shape = node->shape,
                           .node = node, .index = node->attr->index};
        Dim stride = dim_of(1);
        for (int k = node->shape.rank - 1; k >= 0; k--) {
            buffer->stride[k] = stride;
            stride = dim_mul(stride, node->shape.dim[k]);
        }
        field[node->attr->index] = buffer;
    }
    return field;
}

static double cost_at(const double cost[4], double rows)
{
    return cost[0] + rows * (cost[1] + rows * (cost[2] + rows * cost[3]));
}

static double loops_at(const Loop *loop, int count, int64_t bound)
{
    double points = 1;
    for (int i = 0; i < count; i++)
        points *= (double)dim_at(loop[i].var->extent, bound);
    return points;
}

// Points of a kernel that no node asked for: a copy.
static double copied(const Kernel *kernel, int64_t bound)
{
    double points = 0;
    for (int i = 0; i < kernel->stage_count; i++)
        points += loops_at(kernel->stage[i]->space, kernel->stage[i]->space_count, bound);
    return points * loops_at(kernel->outer, kernel->outer_count, bound);
}

static void count_cost(const Plan *plan, PlanStep *step, double total[4])
{
    const double bound = step->graph->bound ? (double)step->graph->bound : 1;
    for (int i = 0; i < step->kernel_count; i++) {
        Kernel *kernel = step->kernel[i];
        for (int k = 0; k < kernel->node_count; k++) {
            double cost[4] = {0};
            node_cost(kernel->node[k], cost);
            for (int p = 0; p < 4; p++)
                kernel->cost[p] += cost[p];
            const double elements = (double)dim_at(shape_size(&kernel->node[k]->shape),
                                                   step->graph->bound ? step->graph->bound : 1);
            kernel->work += elements;
        }
        for (int p = 0; p < 4; p++)
            total[p] += kernel->cost[p];
        kernel->work += cost_at(kernel->cost, bound);
        if (!kernel->node_count)
            kernel->work = copied(kernel, (int64_t)bound);
        kernel->serial = kernel->work < plan->shared_work || step->sample;
        step->shared = step->shared || !kernel->serial;
    }
}

static bool is_sample(const Plan *plan, const PlanStep *step)
{
    const Program *program = plan->program;
    for (int i = 0; i < program->block_count; i++)
        for (int k = 0; k < 2; k++)
            if (step->graph == program->block[i]->sample[k])
                return true;
    return false;
}

static PlanStep *plan_graph(Plan *plan, const Graph *graph, const char *name)
{
    PlanStep *step = plan_step_of(plan, graph);
    if (!graph || step)
        return step;
    step = arena_alloc(plan->arena, sizeof *step);
    step->graph = graph;
    step->name = name;
    step->sample = is_sample(plan, step);
    step->context = (IndexContext){.arena = plan->arena,
                                   .least = graph->least > 1 ? graph->least : 1,
                                   .next_var = plan->program->variable_count};
    plan->step = arena_grow(plan->arena, plan->step, plan->step_count, &plan->step_capacity,
                            sizeof(PlanStep *));
    plan->step[plan->step_count++] = step;
    Fuse f = {.plan = plan, .step = step, .graph = graph, .c = &step->context};
    f.member = arena_alloc(plan->arena, sizeof(Member) * (size_t)(graph->node_count + 1));
    f.field = field_buffers(plan, step, f.c);
    choose(&f);
    cluster(&f);
    schedule(&f);
    contract(step);
    place_step(plan, step);
    double total[4] = {0};
    count_cost(plan, step, total);
    if (graph == plan->program->phase[PHASE_TRAIN]) {
        const double bound = graph->bound ? (double)graph->bound : 1;
        plan->flops_per_step = total[0];
        plan->flops_per_row = total[1] + bound * (total[2] + bound * total[3]);
    }
    return step;
}

// ---- all steps ----------------------------------------------------------------------------------

static const char *const phase_step[PHASE_MORE] = {
    "training_step", "validation_step", "test_step", "prediction_step",
};
static const char *const phase_reset[PHASE_MORE] = {
    "training_reset", "validation_reset", "test_reset", "prediction_reset",
};
static const char *const phase_compute[PHASE_MORE] = {
    "training_metrics", "validation_metrics", "test_metrics", "prediction_metrics",
};

static const char *name_at(const Plan *plan, const char *const *name, int phase)
{
    return phase < PHASE_MORE ? name[phase]
         : arena_format(plan->arena, "%s_%d", name[PHASE_VALIDATE], phase - PHASE_MORE + 2);
}

static void plan_graphs(Plan *plan)
{
    Program *program = plan->program;
    for (int i = 0; i < program->block_count; i++) {
        plan_graph(plan, program->block[i]->sample[1], "training_sample");
        plan_graph(plan, program->block[i]->sample[0], "sample");
    }
    plan_graph(plan, program->init, "initial_values");
    for (int i = 0; i < PHASE_COUNT; i++) {
        plan_graph(plan, program->phase[i], name_at(plan, phase_step, i));
        plan_graph(plan, program->reset[i], name_at(plan, phase_reset, i));
        plan_graph(plan, program->compute[i], name_at(plan, phase_compute, i));
    }
    for (int i = 0; i < program->callback_step_count; i++)
        plan_graph(plan, program->callback_step[i],
                   arena_format(plan->arena, "callback_step_%d", i));
}

// Brings every graph into the forms that kernels are made of, and settles the order of axes.
static void prepare(Plan *plan)
{
    Program *program = plan->program;
    const int most = 2 * program->block_count + 1 + 3 * PHASE_COUNT + program->callback_step_count;
    Graph **graph = arena_alloc(plan->arena, sizeof *graph * (size_t)most);
    int count = 0;
    for (int i = 0; i < 2 * program->block_count; i++)
        graph[count++] = program->block[i / 2]->sample[i % 2];
    graph[count++] = program->init;
    for (int i = 0; i < PHASE_COUNT; i++) {
        graph[count++] = program->phase[i];
        graph[count++] = program->reset[i];
        graph[count++] = program->compute[i];
    }
    for (int i = 0; i < program->callback_step_count; i++)
        graph[count++] = program->callback_step[i];
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (graph[i]) {
            lower(graph[i]);
            graph[kept++] = graph[i];
        }
    plan->layouts = layouts_choose(plan->arena, program, graph, kept);
}

Plan *make_plan(Program *program)
{
    return make_plan_sharing(program, shared_work);
}

Plan *make_plan_sharing(Program *program, double least)
{
    Arena *arena = program->arena;
    Plan *plan = arena_alloc(arena, sizeof *plan);
    plan->shared_work = least;
    plan->program = program;
    plan->arena = arena;
    prepare(plan);
    plan->variable = arena_alloc(arena, sizeof(Buffer *) * (size_t)(program->variable_count + 1));
    for (int i = 0; i < program->variable_count; i++)
        plan->variable[i] = variable_buffer(plan, i);
    place_variables(plan);
    plan_graphs(plan);
    size_t most = 0;
    for (int i = 0; i < plan->step_count; i++) {
        PlanStep *step = plan->step[i];
        size_t *bytes = step->sample ? &plan->scratch_bytes : &most;
        *bytes = step->arena_bytes > *bytes ? step->arena_bytes : *bytes;
        for (int k = 0; step->sample && k < step->buffer_count; k++)
            step->buffer[k]->offset -= plan->variable_bytes;
    }
    plan->block_bytes = plan->variable_bytes + most;
    return plan;
}

PlanStep *plan_step_of(const Plan *plan, const Graph *graph)
{
    for (int i = 0; graph && i < plan->step_count; i++)
        if (plan->step[i]->graph == graph)
            return plan->step[i];
    return NULL;
}
