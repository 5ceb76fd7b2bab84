#include "layout.h"
#include "../base/mutant.h"
#include "contract.h"

#include <string.h>

typedef struct Group Group;             // of values in one order; a union-find tree
struct Group {
    Group *up;                          // NULL at the root
    const Node *node;                   // NULL for a variable's
    Group *next;                        // in the same bucket
    bool fixed;                         // row-major whatever the votes
    bool ordered;
    bool spaced;                        // rows of a matrix must not share a set of the cache
    bool panelled;                      // a matrix whose first axis is cut in panels
    bool whole;                         // someone reads it who wants no panels
    int order[max_rank];                // outermost axis first
};

enum { buckets = 1024 };

struct Layouts {
    Arena *arena;
    Group *of_node[buckets];
    Group *of_variable;                 // by Variable.id
};

// ---- groups -------------------------------------------------------------------------------------

static size_t bucket_of(const Node *node)
{
    return (size_t)((uintptr_t)node >> 4) % buckets;
}

static Group *group_find(const Layouts *l, const Node *node)
{
    for (Group *group = l->of_node[bucket_of(node)]; group; group = group->next)
        if (group->node == node)
            return group;
    return NULL;
}

static Group *group_of(Layouts *l, const Node *node)
{
    if (node->prim == P_VARIABLE)
        return &l->of_variable[node->attr->variable->id];
    Group *group = group_find(l, node);
    if (group)
        return group;
    group = arena_alloc(l->arena, sizeof *group);
    group->node = node;
    group->next = l->of_node[bucket_of(node)];
    l->of_node[bucket_of(node)] = group;
    return group;
}

static Group *root(Group *group)
{
    while (group->up) {
        if (group->up->up)
            group->up = group->up->up;
        group = group->up;
    }
    return group;
}

static void join(Layouts *l, const Node *a, Group *with, int rank)
{
    Group *x = root(group_of(l, a)), *y = root(with);
    if (x == y || a->prim == P_FIELD || a->shape.rank != rank)
        return;
    x->up = y;
    y->fixed |= x->fixed;
}

// ---- who wants to be alike ----------------------------------------------------------------------

static bool keeps_axes(const Node *node)
{
    switch (prim_class(node->prim)) {
    case CLASS_SCALAR: case CLASS_WINDOW: case CLASS_SCAN: return true;
    default:
        return node->prim == P_PAD || node->prim == P_SLICE || node->prim == P_CONCAT ||
               node->prim == P_CONVOLVE;
    }
}

static void join_operands(Layouts *l, const Node *node)
{
    if (node->prim == P_CONVOLVE) {
        join(l, node->input[0], group_of(l, node), node->shape.rank);
        return;
    }
    if (node->prim == P_CONVOLVE_WEIGHT) {
        join(l, node->input[0], group_of(l, node->input[1]), node->shape.rank);
        return;
    }
    for (int i = 0; keeps_axes(node) && i < node->input_count; i++)
        join(l, node->input[i], group_of(l, node), node->shape.rank);
}

static void join_graph(Layouts *l, const Graph *graph)
{
    for (int i = 0; i < graph->node_count; i++)
        join_operands(l, graph->node[i]);
    for (int i = 0; i < graph->write_count; i++) {
        const Write *write = &graph->write[i];
        join(l, write->value, &l->of_variable[write->variable->id], write->variable->shape.rank);
    }
    for (int i = 0; i < graph->result_count; i++)
        root(group_of(l, graph->result[i].value))->fixed |=
            graph->result[i].value->shape.rank > 1;
}

// ---- votes --------------------------------------------------------------------------------------

static void vote(Group *group, const int *order, int rank)
{
    group = root(group);
    if (group->ordered)
        return;
    group->ordered = true;
    memcpy(group->order, order, sizeof *order * (size_t)rank);
}

// Images [N, C, places..] as [N, places.., C]; filters [O, C, places..] as [places.., C, O].
static void vote_convolution(Layouts *l, const Node *image, const Node *filter)
{
    int by_channel[max_rank] = {0}, by_output[max_rank];
    const int rank = image->shape.rank;
    for (int i = 2; i < rank; i++)
        by_channel[i - 1] = by_output[i - 2] = i;
    by_channel[rank - 1] = by_output[rank - 2] = 1;
    by_output[rank - 1] = 0;
    vote(group_of(l, image), by_channel, rank);
    vote(group_of(l, filter), by_output, rank);
}

// Panels of the widest tile: those that are read and updated together lie together.
static bool fills_panels(const Node *matrix)
{
    const Dim lanes = matrix->shape.dim[0];
    const int width = tile_width(matrix->dtype, 2);
    return lanes.power == 0 && matrix->shape.dim[1].power == 0 && lanes.scale > width &&
           lanes.scale % width == 0;
}

// [n, k] as [k, n], where n gives lanes enough.
static void vote_contraction(Layouts *l, const Node *node)
{
    const Node *right = node->input[1];
    const int turned[] = {1, 0};
    if (right->prim != P_VARIABLE || right->shape.rank != 2)
        return;
    Group *group = root(group_of(l, right));
    group->spaced = true;
    if (node->attr->contracted != 1 || node->attr->batch != 0)
        return;
    if (right->shape.dim[0].scale >= 8)
        vote(group, turned, 2);
    group->panelled |= fills_panels(right);
}

// Who computes point by point, or by tiles, can do so panel by panel.
static bool cuts_fit(const Node *node)
{
    return prim_class(node->prim) == CLASS_SCALAR || node->prim == P_CONTRACT ||
           node->prim == P_PERMUTE;
}

static void vote_graph(Layouts *l, const Graph *graph)
{
    for (int i = 0; i < graph->node_count; i++) {
        const Node *node = graph->node[i];
        if (node->prim == P_CONVOLVE)
            vote_convolution(l, node, node->input[1]);
        if (node->prim == P_CONVOLVE_WEIGHT)
            vote_convolution(l, node->input[1], node);
        if (node->prim == P_CONTRACT)
            vote_contraction(l, node);
        for (int k = 0; !cuts_fit(node) && k < node->input_count; k++)
            root(group_of(l, node->input[k]))->whole = true;
    }
}

Layouts *layouts_choose(Arena *arena, const Program *program, Graph *const *graph, int graph_count)
{
    Layouts *l = arena_alloc(arena, sizeof *l);
    l->arena = arena;
    l->of_variable =
        arena_alloc(arena, sizeof *l->of_variable * (size_t)(program->variable_count + 1));
    for (int i = 0; i < graph_count; i++)
        join_graph(l, graph[i]);
    for (int i = 0; i < graph_count; i++)
        vote_graph(l, graph[i]);
    return l;
}

// ---- strides ------------------------------------------------------------------------------------

enum { line_bytes = 64, set_bytes = 512 };

// Walking down a column of a matrix with rows of 512 bytes or a multiple, addresses fall into few
// sets of the cache and push each other out: a line between rows spreads them.
static Dim row_stride(const Group *group, DType type, Dim row)
{
    const int64_t bytes = dtype_bytes(type);
    if (!group->spaced || row.power || row.scale == 0 || row.scale * bytes % set_bytes)
        return row;
    return dim_of(row.scale + line_bytes / bytes);
}

static bool ordered(const Group *group)
{
    return group && group->ordered && (!group->fixed || MUTANT(layout_free));
}

// [n, k] as [n / width, k, n % width].
static void cut_panels(DType type, Buffer *buffer)
{
    const Dim depth = buffer->shape.dim[1];
    buffer->panel = tile_width(type, 2);
    buffer->panel_axis = 0;
    buffer->panel_stride = dim_mul(depth, dim_of(buffer->panel));
    buffer->stride[0] = dim_of(1);
    buffer->stride[1] = dim_of(buffer->panel);
}

static void lay_out(const Group *group, DType type, Buffer *buffer)
{
    const Shape *shape = &buffer->shape;
    Dim next = dim_of(1);
    buffer->panel = 0;
    for (int i = shape->rank - 1; i >= 0; i--) {
        const int axis = ordered(group) ? group->order[i] : i;
        buffer->stride[axis] = next;
        next = dim_mul(next, shape->dim[axis]);
        if (i == 1 && shape->rank == 2 && group && !group->fixed)
            next = row_stride(group, type, next);
    }
    if (ordered(group) && group->panelled && !group->whole && shape->rank == 2)
        cut_panels(type, buffer);
}

void layout_node(const Layouts *layouts, const Node *node, Buffer *buffer)
{
    Group *group = group_find(layouts, node);
    buffer->shape = node->shape;
    lay_out(group ? root(group) : NULL, node->dtype, buffer);
}

void layout_variable(const Layouts *layouts, const Variable *variable, Buffer *buffer)
{
    buffer->shape = variable->shape;
    lay_out(root(&layouts->of_variable[variable->id]), variable->dtype, buffer);
}

int64_t layout_elements(const Buffer *buffer, int64_t rows)
{
    int64_t last = 0;
    for (int i = 0; i < buffer->shape.rank; i++) {
        int64_t most = dim_at(buffer->shape.dim[i], rows) - 1;
        if (most < 0)
            return 0;
        if (buffer->panel && i == buffer->panel_axis) {
            last += most / buffer->panel * dim_at(buffer->panel_stride, rows);
            most %= buffer->panel;
        }
        last += most * dim_at(buffer->stride[i], rows);
    }
    return last + 1;
}
