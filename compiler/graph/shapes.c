// shapes.c: one function a shape rule of prims.def. Each answers NULL or what does not fit.
#include "shapes.h"
#include "../trace/program.h"
#include "build.h"

// ---- helpers ------------------------------------------------------------------------------------

static const char *inputs_alike(const Node *node)
{
    for (int i = 1; i < node->input_count; i++) {
        if (node->input[i]->dtype != node->input[0]->dtype)
            return "operands differ in dtype";
        if (!shape_equal(&node->input[i]->shape, &node->input[0]->shape))
            return "operands differ in shape";
    }
    return NULL;
}

// Result of the dtype and shape of the first operand.
static const char *like_first(Node *node)
{
    node->dtype = node->input[0]->dtype;
    node->shape = node->input[0]->shape;
    return NULL;
}

static const char *alike_of(Node *node, bool fits)
{
    const char *wrong = inputs_alike(node);
    if (wrong)
        return wrong;
    return fits ? like_first(node) : "wrong kind of dtype";
}

static bool is_index(const Node *node)
{
    return node->dtype == DT_I32 || node->dtype == DT_I64;
}

static bool axis_of(const Node *node, int axis)
{
    return axis >= 0 && axis < node->shape.rank;
}

// Axes from..from+count of x equal those of y from `at` on.
static bool dims_equal(const Shape *x, int from, const Shape *y, int at, int count)
{
    for (int i = 0; i < count; i++)
        if (!dim_equal(x->dim[from + i], y->dim[at + i]))
            return false;
    return true;
}

static bool shape_append(Shape *shape, const Shape *from, int first, int end)
{
    if (shape->rank + end - first > max_rank)
        return false;
    for (int i = first; i < end; i++)
        shape->dim[shape->rank++] = from->dim[i];
    return true;
}

// ---- sources ------------------------------------------------------------------------------------

static const char *shape_constant(Node *node)
{
    return node->shape.rank ? "a constant has rank 0" : NULL;
}

static const char *shape_source(Node *node)
{
    const Attr *attr = node->attr;
    switch (node->prim) {
    case P_HOST:
        return node->shape.rank ? "a host number has rank 0" : attr->host ? NULL : "no number";
    case P_VARIABLE:
        if (!attr->variable)
            return "no variable";
        node->dtype = attr->variable->dtype;
        node->shape = attr->variable->shape;
        return NULL;
    case P_IOTA:
        if (dtype_kind(node->dtype) == KIND_BOOL)
            return "iota of bool";
        return axis_of(node, attr->axis) ? NULL : "axis out of range";
    case P_RANDOM:
        return node->dtype == DT_F32 ? NULL : "draws are f32";
    default:
        return attr->index >= 0 ? NULL : "negative field";
    }
}

// ---- scalar functions ---------------------------------------------------------------------------

static const char *shape_any(Node *node)
{
    return alike_of(node, true);
}

static const char *shape_number(Node *node)
{
    if (prim_class(node->prim) == CLASS_SCAN && !axis_of(node->input[0], node->attr->axis))
        return "axis out of range";
    return alike_of(node, dtype_kind(node->input[0]->dtype) != KIND_BOOL);
}

static const char *shape_floating(Node *node)
{
    return alike_of(node, dtype_kind(node->input[0]->dtype) == KIND_FLOAT);
}

static const char *shape_logical(Node *node)
{
    return alike_of(node, dtype_kind(node->input[0]->dtype) == KIND_BOOL);
}

static const char *shape_compare(Node *node)
{
    const char *wrong = alike_of(node, true);
    node->dtype = DT_BOOL;
    return wrong;
}

static const char *shape_cast(Node *node)
{
    node->shape = node->input[0]->shape;
    return NULL;
}

static const char *shape_select(Node *node)
{
    const Node *condition = node->input[0], *x = node->input[1], *y = node->input[2];
    if (condition->dtype != DT_BOOL)
        return "the condition is not bool";
    if (x->dtype != y->dtype)
        return "sides differ in dtype";
    if (!shape_equal(&x->shape, &y->shape) || !shape_equal(&condition->shape, &x->shape))
        return "operands differ in shape";
    node->dtype = x->dtype;
    node->shape = x->shape;
    return NULL;
}

// ---- moves --------------------------------------------------------------------------------------

static const char *shape_reshape(Node *node)
{
    node->dtype = node->input[0]->dtype;
    const bool same = dim_equal(shape_size(&node->shape), shape_size(&node->input[0]->shape));
    return same ? NULL : "sizes differ";
}

static const char *shape_permute(Node *node)
{
    const Shape *from = &node->input[0]->shape;
    unsigned seen = 0;
    like_first(node);
    for (int i = 0; i < from->rank; i++) {
        const int axis = node->attr->order[i];
        if (axis < 0 || axis >= from->rank || seen >> axis & 1)
            return "not a permutation";
        seen |= 1u << axis;
        node->shape.dim[i] = from->dim[axis];
    }
    return NULL;
}

static const char *shape_grow(Node *node)
{
    const Shape *from = &node->input[0]->shape;
    node->dtype = node->input[0]->dtype;
    if (from->rank != node->shape.rank)
        return "ranks differ";
    for (int i = 0; i < from->rank; i++)
        if (!dim_equal(from->dim[i], node->shape.dim[i]) && !dim_is(from->dim[i], 1))
            return "an axis that is not 1 grows";
    return NULL;
}

static const char *slice_axis(Dim from, Dim to, int64_t start, int64_t step)
{
    if (to.power) {
        const bool whole = (start == 0 && step == 1) || (start == -1 && step == -1);
        return dim_equal(from, to) && whole ? NULL : "part of a dynamic axis";
    }
    if (from.power)
        return to.scale <= 1 && (start == 0 || start == -1) ? NULL : "part of a dynamic axis";
    if (to.scale == 0)
        return NULL;
    const int64_t last = start + step * (to.scale - 1);
    const bool inside = start >= 0 && start < from.scale && last >= 0 && last < from.scale;
    return inside ? NULL : "beyond the end";
}

static const char *shape_slice(Node *node)
{
    const Shape *from = &node->input[0]->shape;
    node->dtype = node->input[0]->dtype;
    if (from->rank != node->shape.rank)
        return "ranks differ";
    for (int i = 0; i < from->rank; i++) {
        if (node->attr->step[i] == 0)
            return "step of 0";
        const char *wrong = slice_axis(from->dim[i], node->shape.dim[i], node->attr->start[i],
                                       node->attr->step[i]);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static const char *shape_pad(Node *node)
{
    like_first(node);
    for (int i = 0; i < node->shape.rank; i++) {
        const int64_t low = node->attr->low[i], high = node->attr->high[i];
        if (low < 0 || high < 0)
            return "negative padding";
        if (!low && !high)
            continue;
        if (node->shape.dim[i].power)
            return "a dynamic axis is padded";
        node->shape.dim[i].scale += low + high;
    }
    return NULL;
}

static const char *shape_concat(Node *node)
{
    const int axis = node->attr->axis;
    like_first(node);
    if (!axis_of(node->input[0], axis))
        return "axis out of range";
    for (int i = 1; i < node->input_count; i++) {
        Shape other = node->input[i]->shape;
        if (node->input[i]->dtype != node->dtype)
            return "operands differ in dtype";
        if (other.rank != node->shape.rank)
            return "operands differ in rank";
        Dim *sum = &node->shape.dim[axis], *part = &other.dim[axis];
        if (sum->scale && part->scale && sum->power != part->power)
            return "sizes that do not add";
        *sum = (Dim){sum->scale + part->scale, sum->scale ? sum->power : part->power};
        *part = *sum;
        if (!shape_equal(&other, &node->shape))
            return "operands differ in another axis";
    }
    return NULL;
}

// ---- reductions ---------------------------------------------------------------------------------

static const char *shape_reduce(Node *node)
{
    const Shape from = node->input[0]->shape;
    if (dtype_kind(node->input[0]->dtype) == KIND_BOOL)
        return "wrong kind of dtype";
    if (node->attr->axes >> from.rank)
        return "axis out of range";
    node->dtype = node->input[0]->dtype;
    node->shape.rank = 0;
    for (int i = 0; i < from.rank; i++)
        if (!(node->attr->axes >> i & 1))
            node->shape.dim[node->shape.rank++] = from.dim[i];
    return NULL;
}

static const char *shape_reducebool(Node *node)
{
    if (node->input[0]->dtype != DT_BOOL)
        return "wrong kind of dtype";
    Node numbers = *node->input[0], *input = &numbers;
    numbers.dtype = DT_I32;
    Node view = *node;
    view.input = &input;
    const char *wrong = shape_reduce(&view);
    node->shape = view.shape;
    node->dtype = DT_BOOL;
    return wrong;
}

static const char *shape_argreduce(Node *node)
{
    const uint32_t axes = node->attr->axes;
    if (axes == 0 || axes & (axes - 1))
        return "argmax takes one axis";
    const char *wrong = shape_reduce(node);
    node->dtype = DT_I32;
    return wrong;
}

// ---- contractions -------------------------------------------------------------------------------

static const char *shape_contract(Node *node)
{
    const Shape *x = &node->input[0]->shape, *y = &node->input[1]->shape;
    const int batch = node->attr->batch, contracted = node->attr->contracted;
    if (node->input[0]->dtype != node->input[1]->dtype)
        return "operands differ in dtype";
    if (dtype_kind(node->input[0]->dtype) == KIND_BOOL)
        return "wrong kind of dtype";
    if (batch < 0 || contracted < 1 || batch + contracted > x->rank || batch + contracted > y->rank)
        return "more axes than there are";
    if (!dims_equal(x, 0, y, 0, batch))
        return "batch axes differ";
    if (!dims_equal(x, x->rank - contracted, y, y->rank - contracted, contracted))
        return "contracted axes differ";
    node->dtype = node->input[0]->dtype;
    node->shape.rank = 0;
    if (!shape_append(&node->shape, x, 0, x->rank - contracted)
        || !shape_append(&node->shape, y, batch, y->rank - contracted))
        return "rank too high";
    return NULL;
}

static int64_t window_places(int64_t size, const Window *window, int axis)
{
    const int64_t span = window->dilation[axis] * (window->size[axis] - 1) + 1;
    const int64_t room = size + window->low[axis] + window->high[axis] - span;
    return room < 0 ? 0 : room / window->stride[axis] + 1;
}

Shape shape_window(const Shape *x, const Window *window, int64_t channels)
{
    Shape shape = *x;
    const int first = x->rank - window->spatial;
    if (channels)
        shape.dim[first - 1] = dim_of(channels);
    for (int i = 0; i < window->spatial; i++)
        shape.dim[first + i] = dim_of(window_places(x->dim[first + i].scale, window, i));
    return shape;
}

static const char *window_wrong(const Shape *x, const Window *window)
{
    if (window->spatial < 1 || window->spatial > max_spatial || window->spatial > x->rank)
        return "number of spatial axes";
    for (int i = 0; i < window->spatial; i++) {
        if (x->dim[x->rank - window->spatial + i].power)
            return "a dynamic spatial axis";
        if (window->size[i] < 1 || window->stride[i] < 1 || window->dilation[i] < 1)
            return "size, stride and dilation start at 1";
        if (window->low[i] < 0 || window->high[i] < 0)
            return "negative padding";
    }
    return NULL;
}

// Shape of the result of a convolution of x by a weight.
static const char *convolve_shape(const Shape *x, const Shape *weight, const Window *window,
                                  Shape *result)
{
    const int64_t groups = window->groups;
    const char *wrong = window_wrong(x, window);
    if (wrong)
        return wrong;
    if (x->rank != window->spatial + 2 || weight->rank != x->rank || !shape_is_static(weight))
        return "rank of a convolution's operand";
    for (int i = 0; i < window->spatial; i++)
        if (!dim_is(weight->dim[2 + i], window->size[i]))
            return "the window is not the weight's";
    if (groups < 1 || weight->dim[0].scale % groups
        || !dim_is(x->dim[1], weight->dim[1].scale * groups))
        return "channels do not fit";
    *result = shape_window(x, window, 1);
    result->dim[1] = weight->dim[0];
    return NULL;
}

static const char *shape_convolve(Node *node)
{
    if (node->input[0]->dtype != node->input[1]->dtype)
        return "operands differ in dtype";
    if (dtype_kind(node->input[0]->dtype) != KIND_FLOAT)
        return "wrong kind of dtype";
    node->dtype = node->input[0]->dtype;
    return convolve_shape(&node->input[0]->shape, &node->input[1]->shape, &node->attr->window,
                          &node->shape);
}

// ---- windows ------------------------------------------------------------------------------------

static const char *shape_pool(Node *node)
{
    const char *wrong = window_wrong(&node->input[0]->shape, &node->attr->window);
    if (!wrong)
        wrong = shape_number(node);
    if (!wrong)
        node->shape = shape_window(&node->input[0]->shape, &node->attr->window, 0);
    return wrong;
}

// ---- indexed ------------------------------------------------------------------------------------

static const char *gather_shape(const Shape *x, const Node *index, const Attr *attr, Shape *result)
{
    if (!is_index(index))
        return "indices are i32 or i64";
    if (attr->batch < 0 || attr->axis < attr->batch || attr->axis >= x->rank
        || attr->batch > index->shape.rank)
        return "axis out of range";
    if (!dims_equal(x, 0, &index->shape, 0, attr->batch))
        return "batch axes differ";
    result->rank = 0;
    if (!shape_append(result, x, 0, attr->axis)
        || !shape_append(result, &index->shape, attr->batch, index->shape.rank)
        || !shape_append(result, x, attr->axis + 1, x->rank))
        return "rank too high";
    return NULL;
}

static const char *shape_gather(Node *node)
{
    node->dtype = node->input[0]->dtype;
    return gather_shape(&node->input[0]->shape, node->input[1], node->attr, &node->shape);
}

static const char *updates_wrong(const Shape *x, const Node *index, const Node *updates,
                                 const Attr *attr)
{
    Shape want;
    const char *wrong = gather_shape(x, index, attr, &want);
    if (wrong)
        return wrong;
    return shape_equal(&want, &updates->shape) ? NULL : "the updates do not fit";
}

static const char *shape_scatter_set(Node *node)
{
    like_first(node);
    if (node->input[2]->dtype != node->dtype)
        return "operands differ in dtype";
    return updates_wrong(&node->shape, node->input[1], node->input[2], node->attr);
}

static const char *shape_argsort(Node *node)
{
    if (!axis_of(node->input[0], node->attr->axis))
        return "axis out of range";
    const char *wrong = shape_number(node);
    node->dtype = DT_I32;
    return wrong;
}

// ---- shape given by the node --------------------------------------------------------------------

static const char *given_convolve(Node *node, const Shape *x, const Shape *weight, const Shape *g)
{
    Shape want;
    if (node->input[0]->dtype != node->input[1]->dtype)
        return "operands differ in dtype";
    if (dtype_kind(node->input[0]->dtype) != KIND_FLOAT)
        return "wrong kind of dtype";
    node->dtype = node->input[0]->dtype;
    const char *wrong = convolve_shape(x, weight, &node->attr->window, &want);
    if (wrong)
        return wrong;
    return shape_equal(&want, g) ? NULL : "the gradient does not fit";
}

static const char *given_window(Node *node, const Node *gradient)
{
    const char *wrong = window_wrong(&node->shape, &node->attr->window);
    if (wrong)
        return wrong;
    node->dtype = gradient->dtype;
    const Shape want = shape_window(&node->shape, &node->attr->window, 0);
    return shape_equal(&want, &gradient->shape) ? NULL : "the gradient does not fit";
}

static const char *shape_given(Node *node)
{
    Node *const *in = node->input;
    switch (node->prim) {
    case P_CONVOLVE_INPUT:
        return given_convolve(node, &node->shape, &in[1]->shape, &in[0]->shape);
    case P_CONVOLVE_WEIGHT:
        return given_convolve(node, &in[0]->shape, &node->shape, &in[1]->shape);
    case P_WINDOW_MAX_GRAD:
        if (in[0]->dtype != in[1]->dtype || !shape_equal(&in[0]->shape, &node->shape))
            return "operands do not fit";
        return given_window(node, in[1]);
    case P_WINDOW_SUM_GRAD:
        return given_window(node, in[0]);
    default:
        if (dtype_kind(in[1]->dtype) == KIND_BOOL)
            return "wrong kind of dtype";
        node->dtype = in[1]->dtype;
        return updates_wrong(&node->shape, in[0], in[1], node->attr);
    }
}

// ---- the table ----------------------------------------------------------------------------------

typedef const char *ShapeRule(Node *node);

static ShapeRule *const rules[] = {
#define PRIM(id, name, class, arity, rule, ...) shape_##rule,
#include "prims.def"
#undef PRIM
};

const char *node_infer(Node *node)
{
    const int arity = prim_arity(node->prim);
    if (arity < 0 ? node->input_count < 1 : node->input_count != arity)
        return "wrong number of operands";
    return rules[node->prim](node);
}
