#include "build.h"
#include "../base/text.h"
#include "fold.h"
#include "shapes.h"
#include "share.h"

// ---- making a node ------------------------------------------------------------------------------

// A node that is not in the graph yet; `attr` is copied.
static Node node_draft(Builder *b, Prim prim, const Attr *attr, Node *const *input, int count)
{
    Arena *arena = b->graph->arena;
    const Attr none = {0};
    return (Node){
        .prim = prim,
        .attr = arena_copy(arena, attr ? attr : &none, sizeof none),
        .input = arena_copy(arena, input, sizeof(Node *) * (size_t)count),
        .input_count = count,
        .guard = b->origin.guard,
        .span = b->origin.span,
        .call = b->origin.call,
        .path = b->origin.path ? b->origin.path : "",
        .backward = b->origin.backward,
    };
}

// Says what a caller got wrong, and ends.
static void node_refuse(Builder *b, const Node *node, const char *wrong)
{
    Text text = text_new(b->graph->arena);
    for (int i = 0; i < node->input_count; i++)
        text_add(&text, "%s%s %s", i ? ", " : "", dtype_name(node->input[i]->dtype),
                 shape_text(b->graph->arena, &node->input[i]->shape));
    bug("%s(%s) at %s: %s", prim_name(node->prim), text.data,
        node->span.source ? span_where(b->graph->arena, node->span) : "?", wrong);
}

static void node_check(Builder *b, Node *node)
{
    const char *wrong = node_infer(node);
    if (wrong)
        node_refuse(b, node, wrong);
}

static Node *node_add(Builder *b, Node *draft)
{
    Graph *graph = b->graph;
    node_check(b, draft);
    Node *node = arena_copy(graph->arena, draft, sizeof *draft);
    if (b->sharing) {
        Node *same = sharing_find(b->sharing, node);
        if (same != node)
            return same;
    }
    graph->node = arena_grow(graph->arena, graph->node, graph->node_count, &graph->node_capacity,
                             sizeof *graph->node);
    node->id = graph->node_count;
    graph->node[graph->node_count++] = node;
    return node;
}

static Node *node_make(Builder *b, Prim prim, const Attr *attr, Node *const *input, int count)
{
    Node draft = node_draft(b, prim, attr, input, count);
    return node_add(b, &draft);
}

// For rules that take dtype and shape as given.
static Node *node_given(Builder *b, Prim prim, const Attr *attr, Node *const *input, int count,
                        DType type, const Shape *shape)
{
    Node draft = node_draft(b, prim, attr, input, count);
    draft.dtype = type;
    draft.shape = *shape;
    return node_add(b, &draft);
}

Node *make_again(Builder *b, const Node *node, Node *const *input)
{
    return node_given(b, node->prim, node->attr, input, node->input_count, node->dtype,
                      &node->shape);
}

// ---- sources ------------------------------------------------------------------------------------

static const Shape scalar = {.rank = 0};

Node *make_constant(Builder *b, DType type, double value)
{
    const Attr attr = {.number = dtype_round(type, value)};
    return node_given(b, P_CONSTANT, &attr, NULL, 0, type, &scalar);
}

Node *make_full(Builder *b, DType type, double value, const Shape *shape)
{
    return make_expand(b, make_constant(b, type, value), shape);
}

Node *make_host(Builder *b, DType type, const HostExpr *number)
{
    const Attr attr = {.host = number};
    return node_given(b, P_HOST, &attr, NULL, 0, type, &scalar);
}

Node *make_variable(Builder *b, Variable *variable)
{
    const Attr attr = {.variable = variable};
    return node_make(b, P_VARIABLE, &attr, NULL, 0);
}

Node *make_field(Builder *b, int index, DType type, const Shape *shape)
{
    const Attr attr = {.index = index};
    return node_given(b, P_FIELD, &attr, NULL, 0, type, shape);
}

Node *make_iota(Builder *b, DType type, const Shape *shape, int axis)
{
    const Attr attr = {.axis = axis};
    return node_given(b, P_IOTA, &attr, NULL, 0, type, shape);
}

Node *make_random(Builder *b, uint64_t site, const Shape *shape)
{
    const Attr attr = {.site = site};
    return node_given(b, P_RANDOM, &attr, NULL, 0, DT_F32, shape);
}

// ---- scalar functions ---------------------------------------------------------------------------

bool node_constant(const Node *x, double *value)
{
    while (x->prim == P_BROADCAST || x->prim == P_RESHAPE || x->prim == P_PERMUTE)
        x = x->input[0];
    if (x->prim != P_CONSTANT)
        return false;
    *value = x->attr->number;
    return true;
}

static bool draft_fold(const Node *draft, double *value)
{
    double x[3];
    for (int i = 0; i < draft->input_count; i++)
        if (!node_constant(draft->input[i], &x[i]))
            return false;
    const DType from = draft->input[draft->input_count - 1]->dtype;
    return fold_scalar(draft->prim, draft->dtype, from, x, value);
}

static Node *make_scalar(Builder *b, Node *draft)
{
    double value;
    node_check(b, draft);
    if (draft_fold(draft, &value))
        return make_full(b, draft->dtype, value, &draft->shape);
    return node_add(b, draft);
}

Node *make_unary(Builder *b, Prim prim, Node *x)
{
    Node draft = node_draft(b, prim, NULL, &x, 1);
    return make_scalar(b, &draft);
}

// x^y for the exponents that people write; NULL for others.
static Node *make_power(Builder *b, Node *x, double y)
{
    if (y == 0)
        return make_scalar_like(b, x, 1);
    if (y == 1)
        return x;
    if (y == 2)
        return make_binary(b, P_MUL, x, x);
    if (y == 3)
        return make_binary(b, P_MUL, make_binary(b, P_MUL, x, x), x);
    if (y == 0.5)
        return make_unary(b, P_SQRT, x);
    if (y == -1 || y == -2 || y == -0.5)
        return make_binary(b, P_DIV, make_scalar_like(b, x, 1), make_power(b, x, -y));
    return NULL;
}

Node *make_binary(Builder *b, Prim prim, Node *x, Node *y)
{
    double exponent;
    Node draft = node_draft(b, prim, NULL, (Node *[]){x, y}, 2);
    node_check(b, &draft);
    if (prim == P_POW && node_constant(y, &exponent)) {
        Node *power = make_power(b, x, exponent);
        if (power)
            return power;
    }
    return make_scalar(b, &draft);
}

Node *make_select(Builder *b, Node *condition, Node *x, Node *y)
{
    Node draft = node_draft(b, P_SELECT, NULL, (Node *[]){condition, x, y}, 3);
    return make_scalar(b, &draft);
}

Node *make_cast(Builder *b, DType type, Node *x)
{
    if (x->dtype == type)
        return x;
    Node draft = node_draft(b, P_CAST, NULL, &x, 1);
    draft.dtype = type;
    return make_scalar(b, &draft);
}

// ---- moves --------------------------------------------------------------------------------------

Node *make_reshape(Builder *b, Node *x, const Shape *shape)
{
    if (shape_equal(&x->shape, shape))
        return x;
    return node_given(b, P_RESHAPE, NULL, &x, 1, x->dtype, shape);
}

Node *make_permute(Builder *b, Node *x, const int *order)
{
    Attr attr = {0};
    bool moved = false;
    for (int i = 0; i < x->shape.rank; i++) {
        attr.order[i] = order[i];
        moved |= order[i] != i;
    }
    return moved ? node_make(b, P_PERMUTE, &attr, &x, 1) : x;
}

Node *make_broadcast(Builder *b, Node *x, const Shape *shape)
{
    if (shape_equal(&x->shape, shape))
        return x;
    return node_given(b, P_BROADCAST, NULL, &x, 1, x->dtype, shape);
}

Node *make_slice(Builder *b, Node *x, const int64_t *start, const int64_t *step,
                 const Shape *shape)
{
    Attr attr = {0};
    bool cut = !shape_equal(&x->shape, shape);
    for (int i = 0; i < x->shape.rank; i++) {
        attr.start[i] = start[i];
        attr.step[i] = step[i];
        cut |= step[i] != 1;
    }
    return cut ? node_given(b, P_SLICE, &attr, &x, 1, x->dtype, shape) : x;
}

Node *make_pad(Builder *b, Node *x, const int64_t *low, const int64_t *high, double value)
{
    Attr attr = {.number = dtype_round(x->dtype, value)};
    bool grown = false;
    for (int i = 0; i < x->shape.rank; i++) {
        attr.low[i] = low[i];
        attr.high[i] = high[i];
        grown |= low[i] || high[i];
    }
    return grown ? node_make(b, P_PAD, &attr, &x, 1) : x;
}

Node *make_concat(Builder *b, Node *const *x, int count, int axis)
{
    const Attr attr = {.axis = axis};
    return count == 1 ? x[0] : node_make(b, P_CONCAT, &attr, x, count);
}

// ---- reductions and contractions ----------------------------------------------------------------

Node *make_reduce(Builder *b, Prim prim, Node *x, uint32_t axes)
{
    const Attr attr = {.axes = axes};
    return axes ? node_make(b, prim, &attr, &x, 1) : x;
}

Node *make_argmax(Builder *b, Node *x, int axis)
{
    const Attr attr = {.axes = 1u << axis};
    return node_make(b, P_ARGMAX, &attr, &x, 1);
}

Node *make_contract(Builder *b, Node *x, Node *y, int batch, int contracted)
{
    const Attr attr = {.batch = batch, .contracted = contracted};
    return node_make(b, P_CONTRACT, &attr, (Node *[]){x, y}, 2);
}

static Attr window_of_weight(const Window *window, const Shape *weight)
{
    Attr attr = {.window = *window};
    for (int i = 0; i < window->spatial && i + 2 < weight->rank; i++)
        attr.window.size[i] = weight->dim[2 + i].scale;
    return attr;
}

Node *make_convolve(Builder *b, Node *x, Node *weight, const Window *window)
{
    const Attr attr = window_of_weight(window, &weight->shape);
    return node_make(b, P_CONVOLVE, &attr, (Node *[]){x, weight}, 2);
}

Node *make_convolve_input(Builder *b, Node *g, Node *weight, const Window *window, const Shape *x)
{
    const Attr attr = window_of_weight(window, &weight->shape);
    return node_given(b, P_CONVOLVE_INPUT, &attr, (Node *[]){g, weight}, 2, g->dtype, x);
}

Node *make_convolve_weight(Builder *b, Node *x, Node *g, const Window *window, const Shape *weight)
{
    const Attr attr = window_of_weight(window, weight);
    return node_given(b, P_CONVOLVE_WEIGHT, &attr, (Node *[]){x, g}, 2, x->dtype, weight);
}

// ---- windows ------------------------------------------------------------------------------------

Node *make_window(Builder *b, Prim prim, Node *x, const Window *window)
{
    const Attr attr = {.window = *window};
    return node_make(b, prim, &attr, &x, 1);
}

Node *make_window_max_grad(Builder *b, Node *x, Node *g, const Window *window)
{
    const Attr attr = {.window = *window};
    return node_given(b, P_WINDOW_MAX_GRAD, &attr, (Node *[]){x, g}, 2, x->dtype, &x->shape);
}

Node *make_window_max_pick(Builder *b, Node *x, Node *v, const Window *window)
{
    const Attr attr = {.window = *window};
    return node_make(b, P_WINDOW_MAX_PICK, &attr, (Node *[]){x, v}, 2);
}

Node *make_window_sum_grad(Builder *b, Node *g, const Window *window, const Shape *x)
{
    const Attr attr = {.window = *window};
    return node_given(b, P_WINDOW_SUM_GRAD, &attr, &g, 1, g->dtype, x);
}

// ---- indexed, scans, sort -----------------------------------------------------------------------

Node *make_gather(Builder *b, Node *x, Node *index, int axis, int batch)
{
    const Attr attr = {.axis = axis, .batch = batch};
    return node_make(b, P_GATHER, &attr, (Node *[]){x, index}, 2);
}

Node *make_scatter_add(Builder *b, Node *index, Node *updates, int axis, int batch, const Shape *x)
{
    const Attr attr = {.axis = axis, .batch = batch};
    return node_given(b, P_SCATTER_ADD, &attr, (Node *[]){index, updates}, 2, updates->dtype, x);
}

Node *make_scatter_set(Builder *b, Node *x, Node *index, Node *updates, int axis, int batch)
{
    const Attr attr = {.axis = axis, .batch = batch};
    return node_make(b, P_SCATTER_SET, &attr, (Node *[]){x, index, updates}, 3);
}

Node *make_scan(Builder *b, Prim prim, Node *x, int axis, bool reverse)
{
    const Attr attr = {.axis = axis, .reverse = reverse};
    return node_make(b, prim, &attr, &x, 1);
}

Node *make_argsort(Builder *b, Node *x, int axis, bool descending)
{
    const Attr attr = {.axis = axis, .descending = descending};
    return node_make(b, P_ARGSORT, &attr, &x, 1);
}

Node *make_copy(Builder *b, const Node *node, Node *const *input)
{
    Node draft = node_draft(b, node->prim, node->attr, input, node->input_count);
    draft.dtype = node->dtype;
    draft.shape = node->shape;
    const bool folds = prim_class(node->prim) == CLASS_SCALAR;
    return folds ? make_scalar(b, &draft) : node_add(b, &draft);
}

// ---- compositions -------------------------------------------------------------------------------

Node *make_scalar_like(Builder *b, Node *x, double value)
{
    return make_full(b, x->dtype, value, &x->shape);
}

Node *make_zeros_like(Builder *b, Node *x)
{
    return make_scalar_like(b, x, 0);
}

Node *make_expand(Builder *b, Node *x, const Shape *shape)
{
    const int added = shape->rank - x->shape.rank;
    if (added < 0)
        bug("a shape of rank %d cannot grow to rank %d", x->shape.rank, shape->rank);
    Shape full = {.rank = shape->rank};
    for (int i = 0; i < shape->rank; i++)
        full.dim[i] = i < added ? dim_of(1) : x->shape.dim[i - added];
    return make_broadcast(b, make_reshape(b, x, &full), shape);
}

bool shape_broadcast(const Shape *a, const Shape *b, Shape *result)
{
    const int rank = a->rank > b->rank ? a->rank : b->rank;
    result->rank = rank;
    for (int i = 0; i < rank; i++) {
        const int at = i - (rank - a->rank), bt = i - (rank - b->rank);
        const Dim x = at < 0 ? dim_of(1) : a->dim[at], y = bt < 0 ? dim_of(1) : b->dim[bt];
        if (!dim_equal(x, y) && !dim_is(x, 1) && !dim_is(y, 1))
            return false;
        result->dim[i] = dim_is(x, 1) ? y : x;
    }
    return true;
}
