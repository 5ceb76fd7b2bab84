#include "lower.h"

#include "../graph/build.h"
#include "../graph/share.h"

#include <string.h>

enum { channel_axes = 2 };              // images and channels stand before the places

static Origin origin_of(const Node *node)
{
    return (Origin){node->span, node->path, node->guard, node->backward};
}

// ---- moves of images and weights ----------------------------------------------------------------

// Grows each place axis by low and high; negative amounts cut.
static Node *places_grow(Builder *b, Node *x, int spatial, const int64_t *low, const int64_t *high)
{
    int64_t start[max_rank] = {0}, step[max_rank], under[max_rank] = {0}, over[max_rank] = {0};
    Shape cut = x->shape;
    for (int i = 0; i < x->shape.rank; i++)
        step[i] = 1;
    for (int i = 0; i < spatial; i++) {
        const int axis = channel_axes + i;
        start[axis] = low[i] < 0 ? -low[i] : 0;
        under[axis] = low[i] > 0 ? low[i] : 0;
        over[axis] = high[i] > 0 ? high[i] : 0;
        cut.dim[axis].scale -= start[axis] + (high[i] < 0 ? -high[i] : 0);
    }
    return make_pad(b, make_slice(b, x, start, step, &cut), under, over, 0);
}

// Puts stride - 1 zeros behind each element of each place axis.
static Node *places_spread(Builder *b, Node *x, const Window *window)
{
    for (int i = 0; i < window->spatial; i++) {
        const int axis = channel_axes + i;
        if (window->stride[i] == 1)
            continue;
        Shape split = x->shape, joined = x->shape;
        split.rank++;
        for (int k = x->shape.rank; k > axis + 1; k--)
            split.dim[k] = x->shape.dim[k - 1];
        split.dim[axis + 1] = dim_of(1);
        joined.dim[axis].scale *= window->stride[i];
        int64_t low[max_rank] = {0}, high[max_rank] = {0};
        high[axis + 1] = window->stride[i] - 1;
        x = make_reshape(b, make_pad(b, make_reshape(b, x, &split), low, high, 0), &joined);
    }
    return x;
}

// Filter places in reverse, inputs and outputs exchanged within each group.
static Node *weight_turn(Builder *b, Node *weight, const Window *window)
{
    const Shape shape = weight->shape;
    const int64_t groups = window->groups;
    int64_t start[max_rank] = {0}, step[max_rank];
    for (int i = 0; i < shape.rank; i++) {
        step[i] = i < channel_axes ? 1 : -1;
        start[i] = i < channel_axes ? 0 : shape.dim[i].scale - 1;
    }
    Node *turned = make_slice(b, weight, start, step, &shape);
    const int64_t out = shape.dim[0].scale / groups, in = shape.dim[1].scale;
    Shape grouped = {.rank = shape.rank + 1, .dim = {dim_of(groups), dim_of(out), dim_of(in)}};
    int order[max_rank] = {0, 2, 1};
    for (int i = channel_axes; i < shape.rank; i++) {
        grouped.dim[i + 1] = shape.dim[i];
        order[i + 1] = i + 1;
    }
    Shape result = shape;
    result.dim[0] = dim_of(groups * in);
    result.dim[1] = dim_of(out);
    return make_reshape(b, make_permute(b, make_reshape(b, turned, &grouped), order), &result);
}

// ---- the three convolutions ---------------------------------------------------------------------

static bool window_pads(const Window *window)
{
    for (int i = 0; i < window->spatial; i++)
        if (window->low[i] || window->high[i])
            return true;
    return false;
}

static Window window_unpadded(const Window *window)
{
    Window bare = *window;
    memset(bare.low, 0, sizeof bare.low);
    memset(bare.high, 0, sizeof bare.high);
    return bare;
}

static Node *lower_convolve(Builder *b, const Node *node)
{
    const Window *window = &node->attr->window, bare = window_unpadded(window);
    Node *x = places_grow(b, node->input[0], window->spatial, window->low, window->high);
    return make_convolve(b, x, node->input[1], &bare);
}

static Node *lower_weight(Builder *b, const Node *node)
{
    const Window *window = &node->attr->window, bare = window_unpadded(window);
    Node *x = places_grow(b, node->input[0], window->spatial, window->low, window->high);
    return make_convolve_weight(b, x, node->input[1], &bare, &node->shape);
}

// x[s] takes gradient[p] * weight[k] wherever p * stride - low + k * dilation = s. With zeros
// between the gradient's elements that is a convolution of stride 1 with the filter in reverse.
static Node *lower_input(Builder *b, const Node *node)
{
    const Window *window = &node->attr->window;
    Node *weight = node->input[1];
    Node *gradient = places_spread(b, node->input[0], window);
    Window dense = window_unpadded(window);
    int64_t low[max_spatial], high[max_spatial];
    for (int i = 0; i < window->spatial; i++) {
        const int axis = channel_axes + i;
        const int64_t reach = (weight->shape.dim[axis].scale - 1) * window->dilation[i];
        low[i] = reach - window->low[i];
        high[i] = node->shape.dim[axis].scale + reach - low[i] - gradient->shape.dim[axis].scale;
        dense.stride[i] = 1;
    }
    gradient = places_grow(b, gradient, window->spatial, low, high);
    return make_convolve(b, gradient, weight_turn(b, weight, window), &dense);
}

static Node *lower_node(Builder *b, Node *node)
{
    b->origin = origin_of(node);
    switch (node->prim) {
    case P_CONVOLVE: return window_pads(&node->attr->window) ? lower_convolve(b, node) : node;
    case P_CONVOLVE_WEIGHT: return window_pads(&node->attr->window) ? lower_weight(b, node) : node;
    case P_CONVOLVE_INPUT: return lower_input(b, node);
    default: return node;
    }
}

// ---- the graph ----------------------------------------------------------------------------------

// Appends what `node` needs, then `node`, where they are not in the new order yet.
static void order_visit(Node **ordered, int *count, Node *node)
{
    if (node->mark)
        return;
    node->mark = node;
    for (int i = 0; i < node->input_count; i++)
        order_visit(ordered, count, node->input[i]);
    node->id = *count;
    ordered[(*count)++] = node;
}

// New nodes were appended behind their readers: puts inputs first again. Nodes that stay keep
// their order, so the depth of the search is that of one lowered node's parts.
static void graph_order(Graph *graph, Node *const *instead, int count)
{
    Node **ordered = arena_alloc(graph->arena, sizeof *ordered * (size_t)(graph->node_count + 1));
    int kept = 0;
    for (int i = 0; i < count; i++)
        order_visit(ordered, &kept, instead[i]);
    for (int i = 0; i < kept; i++)
        ordered[i]->mark = NULL;
    graph->node = ordered;
    graph->node_count = graph->node_capacity = kept;
}

void lower(Graph *graph)
{
    Builder b = {.graph = graph, .sharing = sharing_new(graph->arena)};
    const int count = graph->node_count;
    Node **instead = arena_alloc(graph->arena, sizeof *instead * (size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        Node *node = graph->node[i];
        for (int k = 0; k < node->input_count; k++)
            node->input[k] = instead[node->input[k]->id];
        instead[i] = lower_node(&b, node);
    }
    for (int i = 0; i < graph->write_count; i++)
        graph->write[i].value = instead[graph->write[i].value->id];
    for (int i = 0; i < graph->result_count; i++)
        graph->result[i].value = instead[graph->result[i].value->id];
    graph_order(graph, instead, count);
}
