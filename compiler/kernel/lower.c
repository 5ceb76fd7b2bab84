#include "lower.h"
#include "../base/mutant.h"

#include "../graph/build.h"
#include "../graph/share.h"

#include <string.h>

enum { channel_axes = 2 };              // images and channels stand before the places

static Origin origin_of(const Node *node)
{
    return (Origin){node->span, node->path, node->guard, node->backward, node->call};
}

// ---- moves of images and weights ----------------------------------------------------------------

// Grows each of the last `spatial` axes by low and high; negative amounts cut.
static Node *places_grow(Builder *b, Node *x, int spatial, const int64_t *low, const int64_t *high)
{
    const int lead = x->shape.rank - spatial;
    int64_t start[max_rank] = {0}, step[max_rank], under[max_rank] = {0}, over[max_rank] = {0};
    Shape cut = x->shape;
    for (int i = 0; i < x->shape.rank; i++)
        step[i] = 1;
    for (int i = 0; i < spatial; i++) {
        const int axis = lead + i;
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
        step[i] = i < channel_axes || MUTANT(lower_straight) ? 1 : -1;
        start[i] = step[i] > 0 ? 0 : shape.dim[i].scale - 1;
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

// ---- the gradient of a maximum ------------------------------------------------------------------

enum { most_window = 256 };             // places of a window that any float counts exactly

static bool windows_apart(const Window *window)
{
    int64_t size = 1;
    for (int i = 0; i < window->spatial; i++) {
        if (window->stride[i] != window->size[i] || window->dilation[i] != 1 || window->low[i])
            return false;
        size *= window->size[i];
    }
    return size <= most_window;
}

// Shape [lead.., places, size, places, size, ..], each part 1 where it is not asked for.
static Shape windows_shape(const Shape *pooled, const Window *window, bool lead, bool places,
                           bool size)
{
    const int first = pooled->rank - window->spatial;
    Shape shape = {.rank = pooled->rank + window->spatial};
    for (int i = 0; i < first; i++)
        shape.dim[i] = lead ? pooled->dim[i] : dim_of(1);
    for (int i = 0; i < window->spatial; i++) {
        shape.dim[first + 2 * i] = places ? pooled->dim[first + i] : dim_of(1);
        shape.dim[first + 2 * i + 1] = dim_of(size ? window->size[i] : 1);
    }
    return shape;
}

// One value of a window for each of its places, `from` being the shape that t has as windows.
static Node *windows_fill(Builder *b, Node *t, const Shape *from, const Shape *pooled,
                          const Node *x, const Window *window)
{
    const Shape whole = windows_shape(pooled, window, true, true, true);
    Shape joined = *pooled;
    int64_t low[max_spatial] = {0}, high[max_spatial];
    const int first = pooled->rank - window->spatial;
    for (int i = 0; i < window->spatial; i++) {
        joined.dim[first + i].scale *= window->size[i];
        high[i] = x->shape.dim[first + i].scale - joined.dim[first + i].scale;
    }
    Node *filled = make_broadcast(b, make_reshape(b, t, from), &whole);
    return places_grow(b, make_reshape(b, filled, &joined), window->spatial, low, high);
}

// Where windows lie apart, each element of x looks up whether it was the one.
static Node *lower_maximum(Builder *b, const Node *node)
{
    const Window *window = &node->attr->window;
    Node *x = node->input[0], *gradient = node->input[1];
    const Shape pooled = gradient->shape;
    const Shape each = windows_shape(&pooled, window, true, true, false);
    const Shape once = windows_shape(&pooled, window, false, false, true);
    const Shape count = {.rank = 1, .dim = {shape_size(&once)}};
    Node *number = make_iota(b, x->dtype, &count, 0);
    number = windows_fill(b, number, &once, &pooled, x, window);
    Node *place = make_window_max_pick(b, x, number, window);
    place = windows_fill(b, place, &each, &pooled, x, window);
    gradient = windows_fill(b, gradient, &each, &pooled, x, window);
    return make_select(b, make_binary(b, P_EQ, number, place), gradient,
                       make_zeros_like(b, gradient));
}

// ---- sums ---------------------------------------------------------------------------------------

enum { apart_terms = 64 };              // terms of one row worth a sum of their own

// A sum over the rows of the batch and more: within each row first, then over rows. Rows run side
// by side, and two short sums round less than one long one.
static Node *lower_sum(Builder *b, Node *node)
{
    Node *x = node->input[0];
    const uint32_t within = node->attr->axes & ~1u;
    int64_t terms = 1;
    for (int i = 1; i < x->shape.rank; i++)
        if (within >> i & 1)
            terms *= x->shape.dim[i].power ? apart_terms : x->shape.dim[i].scale;
    if (!(node->attr->axes & 1) || terms < apart_terms || dim_is(x->shape.dim[0], 1) ||
        dtype_kind(node->dtype) != KIND_FLOAT)
        return node;
    return make_reduce(b, P_SUM, make_reduce(b, P_SUM, x, within), 1);
}

// ---- rectifiers ---------------------------------------------------------------------------------

static bool is_zero(const Node *node)
{
    while (node->prim == P_BROADCAST || node->prim == P_RESHAPE)
        node = node->input[0];
    return node->prim == P_CONSTANT && node->attr->number == 0;
}

// y = 0 when x <= 0 else x, NaNs included, so y <= 0 wherever x <= 0 and nowhere else.
static bool is_rectifier(const Node *node)
{
    if (node->prim != P_SELECT)
        return false;
    const Node *test = node->input[0];
    return test->prim == P_LE && is_zero(test->input[1]) && is_zero(node->input[1]) &&
           test->input[0] == node->input[2] && node->guard == test->guard;
}

// Gradients ask the result of a rectifier, which is kept anyway, so that x need not be.
static Node *lower_select(Builder *b, Node *node)
{
    Node *test = node->input[0];
    if (is_rectifier(node) && !test->mark) {
        test->mark = node;
        return node;
    }
    Node *y = test->mark;
    if (y && !is_rectifier(node))
        node->input[0] = make_binary(b, P_LE, y, test->input[1]);
    return node;
}

// ---- the graph ----------------------------------------------------------------------------------

static Node *lower_node(Builder *b, Node *node)
{
    b->origin = origin_of(node);
    switch (node->prim) {
    case P_CONVOLVE: return window_pads(&node->attr->window) ? lower_convolve(b, node) : node;
    case P_CONVOLVE_WEIGHT: return window_pads(&node->attr->window) ? lower_weight(b, node) : node;
    case P_CONVOLVE_INPUT: return lower_input(b, node);
    case P_SUM: return lower_sum(b, node);
    case P_SELECT: return lower_select(b, node);
    case P_WINDOW_MAX_GRAD:
        return windows_apart(&node->attr->window) ? lower_maximum(b, node) : node;
    default: return node;
    }
}

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
    for (int i = 0; i < count; i++)
        graph->node[i]->mark = NULL;
    for (int i = 0; i < graph->write_count; i++)
        graph->write[i].value = instead[graph->write[i].value->id];
    for (int i = 0; i < graph->result_count; i++)
        graph->result[i].value = instead[graph->result[i].value->id];
    graph_order(graph, instead, count);
}
