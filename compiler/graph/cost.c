// cost.c: one function a cost rule of prims.def: floating-point operations of a node.
#include "passes.h"

typedef struct Cost {
    double operations;          // scale of B^power
    int power;
} Cost;

enum { function_operations = 10, draw_operations = 10 };    // about what lt/math.h spells

static Cost cost_each(const Shape *shape, double operations)
{
    const Dim size = shape_size(shape);
    return (Cost){(double)size.scale * operations, size.power};
}

static const Shape *larger(const Node *node)
{
    const bool reduces = prim_class(node->prim) == CLASS_REDUCE;
    return reduces ? &node->input[0]->shape : &node->shape;
}

static Cost cost_none(const Node *node)
{
    (void)node;
    return (Cost){0, 0};
}

static Cost cost_map(const Node *node)
{
    if (node->prim == P_SCATTER_ADD || node->prim == P_SCATTER_SET)
        return cost_each(&node->input[node->input_count - 1]->shape, 1);
    return cost_each(larger(node), 1);
}

static Cost cost_function(const Node *node)
{
    return cost_each(&node->shape, function_operations);
}

static Cost cost_random(const Node *node)
{
    return cost_each(&node->shape, draw_operations);
}

static Cost cost_contract(const Node *node)
{
    const Shape *x = &node->input[0]->shape;
    Dim inner = shape_size(&node->shape);
    for (int i = x->rank - node->attr->contracted; i < x->rank; i++)
        inner = dim_mul(inner, x->dim[i]);
    return (Cost){2 * (double)inner.scale, inner.power};
}

// All three forms multiply the same pairs: a result's elements times a weight's taps.
static Cost cost_convolve(const Node *node)
{
    const Shape *result = &node->shape, *weight = &node->input[1]->shape;
    if (node->prim == P_CONVOLVE_INPUT)
        result = &node->input[0]->shape;
    if (node->prim == P_CONVOLVE_WEIGHT) {
        result = &node->input[1]->shape;
        weight = &node->shape;
    }
    double taps = 1;
    for (int i = 1; i < weight->rank; i++)
        taps *= (double)weight->dim[i].scale;
    return cost_each(result, 2 * taps);
}

static Cost cost_window(const Node *node)
{
    const Window *window = &node->attr->window;
    const bool back = node->prim == P_WINDOW_MAX_GRAD || node->prim == P_WINDOW_SUM_GRAD;
    double taps = 1;
    for (int i = 0; i < window->spatial; i++)
        taps *= (double)window->size[i];
    return cost_each(back ? &node->input[node->input_count - 1]->shape : &node->shape, taps);
}

static Cost cost_sort(const Node *node)
{
    double depth = 0;
    for (int64_t n = node->shape.dim[node->attr->axis].scale; n > 1; n = (n + 1) / 2)
        depth++;
    return cost_each(&node->shape, depth);
}

typedef Cost CostRule(const Node *node);

static CostRule *const rules[] = {
#define PRIM(id, name, class, arity, shape, derivative, cost, ...) cost_##cost,
#include "prims.def"
#undef PRIM
};

void node_cost(const Node *node, double cost[4])
{
    const Cost sum = rules[node->prim](node);
    for (int k = 0; k < 4; k++)
        cost[k] = k == sum.power ? sum.operations : 0;
}
