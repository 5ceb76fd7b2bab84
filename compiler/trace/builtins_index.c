// builtins_index: functions with tensors of indices, sorting, running sums, and windows.
#include "builtins.h"

#include <string.h>

static Node *index_argument(Tracer *t, Value *value, const char *name, Span span)
{
    Node *node = to_tensor(t, value, DT_I32, span);
    if (!node)
        return NULL;
    if (dtype_kind(node->dtype) != KIND_INT) {
        fail(t, E_INDEX, span, "`%s` is a tensor of whole numbers, but this is %s", name,
             value_text_of(t->arena, value));
        diag_hint(t->diag, "indices and classes are whole numbers: i32(…)");
        return NULL;
    }
    set_origin(t, span);
    if (node->dtype != DT_I32 && node->dtype != DT_I64)
        node = make_cast(&t->builder, DT_I32, node);
    return node;
}

// take(x, i, axis): for each place of the index, the element of x at that index of its axis. The
// index has x's shape without the axis, or with it.
static Value *take(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Builder *b = &t->builder;
    Node *x = node_argument(t, v[0], span);
    Node *index = x ? index_argument(t, v[1], "index", span) : NULL;
    int axis;
    Value *last = value_int(t->arena, -1);
    if (!index || !axis_argument(t, v[2] ? v[2] : last, x->shape.rank, &axis, span))
        return &value_poison;
    int rank = x->shape.rank;
    bool keeps = index->shape.rank == rank;
    int order[max_rank], back[max_rank], n = 0;
    for (int i = 0; i < rank; i++)
        if (i != axis)
            order[n++] = i;
    order[n] = axis;
    if (!keeps && index->shape.rank != rank - 1)
        return fail(t, E_SHAPE, span, "the index %s does not fit %s along axis %d",
                    shape_text(t->arena, &index->shape), shape_text(t->arena, &x->shape), axis);
    set_origin(t, span);
    Node *last_axis = make_permute(b, x, order);
    if (keeps)
        index = make_permute(b, index, order);
    Shape want = last_axis->shape;
    want.rank--;
    Shape head = index->shape;
    head.rank = want.rank;
    if (!shape_equal(&want, &head))
        return fail(t, E_SHAPE, span, "the index %s does not fit %s along axis %d",
                    shape_text(t->arena, &index->shape), shape_text(t->arena, &x->shape), axis);
    Node *y = make_gather(b, last_axis, index, rank - 1, rank - 1);
    if (!keeps)
        return value_tensor(t->arena, y);
    for (int i = 0; i < rank; i++)
        back[order[i]] = i;
    return value_tensor(t->arena, make_permute(b, y, back));
}

static Value *gather(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x = node_argument(t, v[0], span);
    Node *index = x ? index_argument(t, v[1], "index", span) : NULL;
    int axis;
    Value *zero = value_int(t->arena, 0);
    if (!index || !axis_argument(t, v[2] ? v[2] : zero, x->shape.rank, &axis, span))
        return &value_poison;
    if (x->shape.rank + index->shape.rank - 1 > max_rank)
        return fail(t, E_RANK, span, "a tensor has at most %d axes", max_rank);
    set_origin(t, span);
    return value_tensor(t->arena, make_gather(&t->builder, x, index, axis, 0));
}

// put(x, v, at = i, axis): x with the slices at i replaced by v.
static Value *put(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x = node_argument(t, v[0], span);
    Node *index = x ? index_argument(t, v[2], "at", span) : NULL;
    int axis;
    Value *zero = value_int(t->arena, 0);
    if (!index || !axis_argument(t, v[3] ? v[3] : zero, x->shape.rank, &axis, span))
        return &value_poison;
    Node *updates = to_tensor(t, v[1], x->dtype, span);
    if (!updates)
        return &value_poison;
    Shape shape = {0}, joint;
    for (int i = 0; i < axis; i++)
        shape.dim[shape.rank++] = x->shape.dim[i];
    for (int i = 0; i < index->shape.rank; i++)
        shape.dim[shape.rank++] = index->shape.dim[i];
    for (int i = axis + 1; i < x->shape.rank; i++)
        shape.dim[shape.rank++] = x->shape.dim[i];
    if (updates->dtype != x->dtype)
        return fail(t, E_DTYPE, span, "%s cannot be put into %s", dtype_name(updates->dtype),
                    dtype_name(x->dtype));
    if (!shape_broadcast(&updates->shape, &shape, &joint) || !shape_equal(&joint, &shape))
        return fail(t, E_SHAPE, span, "%s cannot be put at %s of %s",
                    shape_text(t->arena, &updates->shape), shape_text(t->arena, &index->shape),
                    shape_text(t->arena, &x->shape));
    set_origin(t, span);
    updates = make_expand(&t->builder, updates, &shape);
    return value_tensor(t->arena, make_scatter_set(&t->builder, x, index, updates, axis, 0));
}

// scatter_add(index, updates, size, axis): zeros of `size` on the axis, plus each update at its
// index.
static Value *scatter_add(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *index = index_argument(t, v[0], "index", span);
    Node *updates = index ? node_argument(t, v[1], span) : NULL;
    int64_t size;
    if (!updates || !whole_argument(t, v[2], "size", &size, span))
        return &value_poison;
    int axis = 0;
    int rest = updates->shape.rank - index->shape.rank;
    if (rest < 0 && updates->shape.rank == 0) {
        updates = make_expand(&t->builder, updates, &index->shape);
        rest = 0;
    }
    if (rest < 0 || (v[3] && !axis_argument(t, v[3], rest + 1, &axis, span)))
        return rest < 0 ? fail(t, E_SHAPE, span, "the updates %s have fewer axes than the index %s",
                               shape_text(t->arena, &updates->shape),
                               shape_text(t->arena, &index->shape)) : &value_poison;
    Shape shape = {.rank = rest + 1};
    for (int i = 0; i < axis; i++)
        shape.dim[i] = updates->shape.dim[i];
    shape.dim[axis] = dim_of(size);
    for (int i = axis; i < rest; i++)
        shape.dim[i + 1] = updates->shape.dim[i + index->shape.rank];
    for (int i = 0; i < index->shape.rank; i++)
        if (!dim_equal(updates->shape.dim[axis + i], index->shape.dim[i]))
            return fail(t, E_SHAPE, span, "the updates %s do not fit the index %s",
                        shape_text(t->arena, &updates->shape),
                        shape_text(t->arena, &index->shape));
    set_origin(t, span);
    return value_tensor(t->arena, make_scatter_add(&t->builder, index, updates, axis, 0, &shape));
}

static Value *argsort(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x = node_argument(t, v[0], span);
    int axis;
    bool descending;
    Value *last = value_int(t->arena, -1);
    if (!x || !axis_argument(t, v[1] ? v[1] : last, x->shape.rank, &axis, span)
        || !flag_argument(t, v[2], "descending", false, &descending, span))
        return &value_poison;
    set_origin(t, span);
    return value_tensor(t->arena, make_argsort(&t->builder, x, axis, descending));
}

static Value *running(Tracer *t, Span span, Value **v, int detail)
{
    Node *x = node_argument(t, v[0], span);
    int axis;
    Value *zero = value_int(t->arena, x && x->shape.rank == 1 ? 0 : -1);
    bool reverse;
    if (!x || !axis_argument(t, v[1] ? v[1] : zero, x->shape.rank, &axis, span)
        || !flag_argument(t, v[2], "reverse", false, &reverse, span))
        return &value_poison;
    set_origin(t, span);
    if (x->dtype == DT_BOOL)
        x = make_cast(&t->builder, DT_I32, x);
    return value_tensor(t->arena, make_scan(&t->builder, (Prim)detail, x, axis, reverse));
}

const Builtin index_builtins[] = {
    {"take", NULL, take, "x index axis?", 0},       {"gather", NULL, gather, "x index axis?", 0},
    {"put", NULL, put, "x value at axis?", 0},
    {"scatter_add", NULL, scatter_add, "index updates size axis?", 0},
    {"argsort", NULL, argsort, "x axis? descending?", 0},
    {"cumsum", NULL, running, "x axis? reverse?", P_CUMSUM},
    {"cumprod", NULL, running, "x axis? reverse?", P_CUMPROD},
    {0},
};

// ---- windows ------------------------------------------------------------------------------------

// stride, padding, dilation of a window over the last `spatial` axes. Padding may be pairs.
static bool window_arguments(Tracer *t, Window *w, Value *stride, Value *padding, Value *dilation,
                             Span span)
{
    int n = w->spatial;
    if (!each_axis_argument(t, stride, "stride", n, 1, w->stride, span)
        || !each_axis_argument(t, dilation, "dilation", n, 1, w->dilation, span))
        return false;
    bool pairs = padding && (padding->kind == V_LIST || padding->kind == V_TUPLE) && padding->count
              && (padding->item[0]->kind == V_TUPLE || padding->item[0]->kind == V_LIST);
    if (!pairs) {
        if (!each_axis_argument(t, padding, "padding", n, 0, w->low, span))
            return false;
        memcpy(w->high, w->low, sizeof w->high);
    } else if (padding->count != n) {
        fail(t, E_WINDOW, span, "`padding` needs %d pairs, but has %d", n, padding->count);
        return false;
    }
    for (int i = 0; pairs && i < n; i++)
        if (padding->item[i]->count != 2
            || !whole_argument(t, padding->item[i]->item[0], "padding", &w->low[i], span)
            || !whole_argument(t, padding->item[i]->item[1], "padding", &w->high[i], span))
            return false;
    for (int i = 0; i < n; i++)
        if (w->stride[i] < 1 || w->dilation[i] < 1 || w->low[i] < 0 || w->high[i] < 0) {
            fail(t, E_WINDOW, span, "stride and dilation are at least 1, padding at least 0");
            return false;
        }
    return true;
}

static bool window_fits(Tracer *t, const Node *x, const Window *w, const int64_t *size, Span span)
{
    for (int i = 0; i < w->spatial; i++) {
        Dim dim = x->shape.dim[x->shape.rank - w->spatial + i];
        int64_t reach = (size[i] - 1) * w->dilation[i] + 1;
        if (dim.power) {
            fail(t, E_BATCH_AXIS, span, "a window cannot go over the batch axis");
            return false;
        }
        if (size[i] < 1 || dim.scale + w->low[i] + w->high[i] < reach) {
            fail(t, E_WINDOW, span, "a window of %lld does not fit into axis %d of %s, with "
                 "padding %lld and %lld", (long long)reach, x->shape.rank - w->spatial + i,
                 shape_text(t->arena, &x->shape), (long long)w->low[i], (long long)w->high[i]);
            note_origin(t, x, span);
            return false;
        }
    }
    return true;
}

static bool convolution_operands(Tracer *t, Span span, Value **v, Node **x, Node **weight,
                                 Window *w)
{
    *x = node_argument(t, v[0], span);
    *weight = *x ? node_argument(t, v[1], span) : NULL;
    if (!*weight)
        return false;
    w->spatial = (*x)->shape.rank - 2;
    w->groups = 1;
    if (w->spatial < 1 || w->spatial > max_spatial || (*weight)->shape.rank != (*x)->shape.rank
        || !shape_is_static(&(*weight)->shape)) {
        fail(t, E_RANK, span, "a convolution needs [batch, channels, sizes…] and a weight of as "
             "many axes, but these are %s and %s", shape_text(t->arena, &(*x)->shape),
             shape_text(t->arena, &(*weight)->shape));
        return false;
    }
    if ((*x)->dtype != (*weight)->dtype || dtype_kind((*x)->dtype) != KIND_FLOAT) {
        fail(t, E_DTYPE, span, "a convolution takes floats of one type, but these are %s and %s",
             dtype_name((*x)->dtype), dtype_name((*weight)->dtype));
        return false;
    }
    return window_arguments(t, w, v[2], v[3], v[4], span)
        && (!v[5] || whole_argument(t, v[5], "groups", &w->groups, span));
}

static Value *convolve(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x, *weight;
    Window w = {0};
    if (!convolution_operands(t, span, v, &x, &weight, &w))
        return &value_poison;
    int64_t channels = x->shape.dim[1].scale, out = weight->shape.dim[0].scale;
    int64_t size[max_spatial];
    for (int i = 0; i < w.spatial; i++)
        size[i] = weight->shape.dim[2 + i].scale;
    if (w.groups < 1 || channels % w.groups || out % w.groups
        || channels / w.groups != weight->shape.dim[1].scale) {
        fail(t, E_SHAPE, span, "%s has %lld channels, but the weight %s takes %lld",
             shape_text(t->arena, &x->shape), (long long)channels,
             shape_text(t->arena, &weight->shape),
             (long long)(weight->shape.dim[1].scale * w.groups));
        note_origin(t, x, span);
        return &value_poison;
    }
    if (!window_fits(t, x, &w, size, span))
        return &value_poison;
    set_origin(t, span);
    return value_tensor(t->arena, make_convolve(&t->builder, x, weight, &w));
}

// The transpose of a convolution, as PyTorch's conv_transpose: weight [in, out / groups, k..].
static Value *convolve_transpose(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x, *weight;
    Window w = {0};
    int64_t extra[max_spatial];
    if (!convolution_operands(t, span, v, &x, &weight, &w)
        || !each_axis_argument(t, v[6], "output_padding", w.spatial, 0, extra, span))
        return &value_poison;
    if (w.groups < 1 || x->shape.dim[1].scale != weight->shape.dim[0].scale
        || weight->shape.dim[0].scale % w.groups)
        return fail(t, E_SHAPE, span, "%s has %lld channels, but the weight %s takes %lld",
                    shape_text(t->arena, &x->shape), (long long)x->shape.dim[1].scale,
                    shape_text(t->arena, &weight->shape), (long long)weight->shape.dim[0].scale);
    Shape shape = x->shape;
    shape.dim[1] = dim_of(weight->shape.dim[1].scale * w.groups);
    for (int i = 0; i < w.spatial; i++) {
        int64_t reach = (weight->shape.dim[2 + i].scale - 1) * w.dilation[i] + 1;
        int64_t size = (x->shape.dim[2 + i].scale - 1) * w.stride[i] - w.low[i] - w.high[i] + reach
                     + extra[i];
        if (size < 1 || extra[i] < 0 || extra[i] >= (w.stride[i] > w.dilation[i] ? w.stride[i]
                                                      : w.dilation[i]))
            return fail(t, E_WINDOW, span, "this transposed convolution has no valid size on axis "
                        "%d", 2 + i);
        w.high[i] += 0;
        shape.dim[2 + i] = dim_of(size);
    }
    set_origin(t, span);
    return value_tensor(t->arena, make_convolve_input(&t->builder, x, weight, &w, &shape));
}

static Value *window(Tracer *t, Span span, Value **v, int detail)
{
    Node *x = node_argument(t, v[0], span);
    Window w = {.groups = 1};
    if (!x)
        return &value_poison;
    Value *size = v[1];
    if (size->kind != V_LIST && size->kind != V_TUPLE)
        return fail(t, E_WINDOW, span, "`size` is a list with a number for each axis of the "
                    "window");
    w.spatial = size->count;
    if (w.spatial < 1 || w.spatial > max_spatial || w.spatial > x->shape.rank)
        return fail(t, E_WINDOW, span, "a window over %d of the axes of %s", w.spatial,
                    shape_text(t->arena, &x->shape));
    if (!each_axis_argument(t, size, "size", w.spatial, 1, w.size, span)
        || !window_arguments(t, &w, v[2], v[3], v[4], span)
        || !window_fits(t, x, &w, w.size, span))
        return &value_poison;
    set_origin(t, span);
    return value_tensor(t->arena, make_window(&t->builder, (Prim)detail, x, &w));
}

const Builtin window_builtins[] = {
    {"convolve", NULL, convolve, "x weight stride? padding? dilation? groups?", 0},
    {"convolve_transpose", NULL, convolve_transpose,
     "x weight stride? padding? dilation? groups? output_padding?", 0},
    {"window_max", NULL, window, "x size stride? padding? dilation?", P_WINDOW_MAX},
    {"window_sum", NULL, window, "x size stride? padding? dilation?", P_WINDOW_SUM},
    {0},
};
