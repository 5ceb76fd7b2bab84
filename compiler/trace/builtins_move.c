// builtins_move: shapes: reshape, transpose, expand, concat, stack, split, pad, flip.
#include "builtins.h"

#include <string.h>

// Fills in the one size that is `_` or -1.
static bool infer_size(Tracer *t, Value *sizes, const Node *x, Shape *shape, Span span)
{
    int hole = -1;
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(sizes->count + 1));
    for (int i = 0; i < sizes->count; i++) {
        item[i] = sizes->item[i];
        if (item[i]->kind == V_HOLE || (value_is_whole(item[i]) && item[i]->number == -1)) {
            if (hole >= 0) {
                fail(t, E_SIZE_VALUE, span, "only one size can be inferred");
                return false;
            }
            hole = i;
            item[i] = value_int(t->arena, 1);
        }
    }
    Value *list = value_list(t->arena, V_LIST, item, sizes->count);
    if (!shape_argument(t, list, shape, span))
        return false;
    Dim have = shape_size(&x->shape), want = shape_size(shape);
    // A batch axis, or a first axis, that the sizes do not speak of stays in front.
    bool batched = x->shape.rank && x->shape.dim[0].power && want.power == 0 && have.power != 0;
    batched = batched && !(hole >= 0 && have.scale == want.scale);      // [-1, 784]: -1 is B
    bool first_left = x->shape.rank && hole < 0 && !dim_equal(have, want)
                   && dim_equal(dim_mul(x->shape.dim[0], want), have);
    if ((batched || first_left) && shape->rank < max_rank) {
        memmove(shape->dim + 1, shape->dim, sizeof(Dim) * (size_t)shape->rank);
        shape->dim[0] = x->shape.dim[0];
        shape->rank++;
        hole = hole >= 0 ? hole + 1 : hole;
        want = shape_size(shape);
    }
    if (hole < 0)
        return true;
    if (want.scale == 0 || have.scale % want.scale || have.power < want.power) {
        fail(t, E_SHAPE, span, "%s cannot be cut into the sizes given",
             shape_text(t->arena, &x->shape));
        return false;
    }
    shape->dim[hole] = (Dim){have.scale / want.scale, have.power - want.power};
    return true;
}

static Dim row_size(const Shape *shape)
{
    Shape row = {.rank = shape->rank - 1};
    memcpy(row.dim, shape->dim + 1, sizeof(Dim) * (size_t)row.rank);
    return shape_size(&row);
}

static Value *reshape(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x = node_argument(t, v[0], span);
    if (!x)
        return &value_poison;
    Value *sizes = v[1];
    if (sizes->kind != V_LIST && sizes->kind != V_TUPLE) {
        Value **one = arena_alloc(t->arena, sizeof *one);
        one[0] = sizes;
        sizes = value_list(t->arena, V_LIST, one, 1);
    }
    Shape shape;
    if (!infer_size(t, sizes, x, &shape, span))
        return &value_poison;
    if (!dim_equal(shape_size(&shape), shape_size(&x->shape))) {
        fail(t, E_SHAPE, span, "%s has %s elements, %s has %s", shape_text(t->arena, &x->shape),
             dim_text(t->arena, shape_size(&x->shape)), shape_text(t->arena, &shape),
             dim_text(t->arena, shape_size(&shape)));
        note_origin(t, x, span);
        if (x->shape.rank && x->shape.dim[0].power)
            diag_hint(t->diag, "the batch axis stays in front by itself: the sizes are those of a "
                      "row, which has %s elements", dim_text(t->arena, row_size(&x->shape)));
        return &value_poison;
    }
    set_origin(t, span);
    return value_tensor(t->arena, make_reshape(&t->builder, x, &shape));
}

static Value *transpose(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x = node_argument(t, v[0], span);
    if (!x)
        return &value_poison;
    int order[max_rank];
    uint32_t axes;
    if ((v[1]->kind != V_LIST && v[1]->kind != V_TUPLE) || v[1]->count != x->shape.rank
        || !axes_argument(t, v[1], x->shape.rank, &axes, span))
        return fail(t, E_AXIS, span, "`transpose` needs the new order of all %d axes",
                    x->shape.rank);
    for (int i = 0; i < x->shape.rank; i++)
        axis_argument(t, v[1]->item[i], x->shape.rank, &order[i], span);
    set_origin(t, span);
    return value_tensor(t->arena, make_permute(&t->builder, x, order));
}

static Value *expand(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x = node_argument(t, v[0], span);
    Shape shape, joint;
    if (!x || !shape_argument(t, v[1], &shape, span))
        return &value_poison;
    if (!shape_broadcast(&x->shape, &shape, &joint) || !shape_equal(&joint, &shape))
        return fail(t, E_SHAPE, span, "%s cannot be expanded to %s",
                    shape_text(t->arena, &x->shape), shape_text(t->arena, &shape));
    set_origin(t, span);
    return value_tensor(t->arena, make_expand(&t->builder, x, &shape));
}

// The items of a list as tensors of one dtype.
static Node **list_nodes(Tracer *t, Value *list, Span span)
{
    if ((list->kind != V_LIST && list->kind != V_TUPLE) || list->count == 0) {
        fail(t, E_NOT_A_LIST, span, "a list of tensors is needed, but this is %s",
             list->kind == V_LIST ? "empty" : value_kind_text(list));
        return NULL;
    }
    Value **value = arena_alloc(t->arena, sizeof *value * (size_t)list->count);
    Node **node = arena_alloc(t->arena, sizeof *node * (size_t)list->count);
    memcpy(value, list->item, sizeof *value * (size_t)list->count);
    bool whole = true;
    for (int i = 0; i < list->count; i++)
        whole &= value_is_whole(list->item[i]);
    (void)whole;
    return to_tensors(t, value, node, list->count, span) ? node : NULL;
}

static bool join_fits(Tracer *t, Node **node, int count, int axis, Span span)
{
    for (int i = 1; i < count; i++) {
        bool fits = node[i]->shape.rank == node[0]->shape.rank && node[i]->dtype == node[0]->dtype;
        for (int k = 0; fits && k < node[0]->shape.rank; k++)
            fits = k == axis || dim_equal(node[i]->shape.dim[k], node[0]->shape.dim[k]);
        if (!fits) {
            fail(t, E_SHAPE, span, "%s%s and %s%s cannot be joined on axis %d",
                 dtype_name(node[0]->dtype), shape_text(t->arena, &node[0]->shape),
                 dtype_name(node[i]->dtype), shape_text(t->arena, &node[i]->shape), axis);
            for (int k = 0; k <= i; k += i)
                note_origin(t, node[k], span);
            return false;
        }
        if (node[i]->shape.dim[axis < 0 ? 0 : axis].power && axis >= 0) {
            fail(t, E_BATCH_AXIS, span, "the batch axis cannot be joined");
            diag_hint(t->diag, "stack and merge: reshape(stack([a, b]), [2 * B, n]); with "
                      "`drop_last = true` in the data block B is a number");
            return false;
        }
    }
    return true;
}

static Value *concat(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node **node = list_nodes(t, v[0], span);
    int axis;
    Value *zero = value_int(t->arena, 0);
    if (!node || !axis_argument(t, v[1] ? v[1] : zero, node[0]->shape.rank, &axis, span)
        || !join_fits(t, node, v[0]->count, axis, span))
        return &value_poison;
    set_origin(t, span);
    return value_tensor(t->arena, make_concat(&t->builder, node, v[0]->count, axis));
}

static Value *stack(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node **node = list_nodes(t, v[0], span);
    int axis;
    Value *zero = value_int(t->arena, 0);
    if (!node || !axis_argument(t, v[1] ? v[1] : zero, node[0]->shape.rank + 1, &axis, span)
        || !join_fits(t, node, v[0]->count, -1, span))
        return &value_poison;
    if (node[0]->shape.rank == max_rank)
        return fail(t, E_RANK, span, "a tensor has at most %d axes", max_rank);
    set_origin(t, span);
    for (int i = 0; i < v[0]->count; i++) {
        Shape shape = node[i]->shape;
        for (int k = shape.rank; k > axis; k--)
            shape.dim[k] = shape.dim[k - 1];
        shape.dim[axis] = dim_of(1);
        shape.rank++;
        node[i] = make_reshape(&t->builder, node[i], &shape);
    }
    return value_tensor(t->arena, make_concat(&t->builder, node, v[0]->count, axis));
}

static Value *split(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x = node_argument(t, v[0], span);
    int axis;
    Value *last = value_int(t->arena, -1);
    if (!x || !axis_argument(t, v[2] ? v[2] : last, x->shape.rank, &axis, span))
        return &value_poison;
    Dim dim = x->shape.dim[axis];
    if (dim.power)
        return fail(t, E_BATCH_AXIS, span, "the batch axis cannot be split");
    bool list = v[1]->kind == V_LIST || v[1]->kind == V_TUPLE;
    int64_t parts = list ? v[1]->count : 0, total = 0;
    if (!list && !whole_argument(t, v[1], "parts", &parts, span))
        return &value_poison;
    if (parts < 1 || (!list && dim.scale % parts))
        return fail(t, E_SHAPE, span, "an axis of size %lld cannot be split into %lld equal parts",
                    (long long)dim.scale, (long long)parts);
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)parts);
    for (int64_t i = 0; i < parts; i++) {
        int64_t size = dim.scale / parts;
        if (list && !whole_argument(t, v[1]->item[i], "sizes", &size, span))
            return &value_poison;
        if (size < 0 || total + size > dim.scale)
            return fail(t, E_SHAPE, span, "the parts do not add up to %lld", (long long)dim.scale);
        int64_t start[max_rank] = {0}, step[max_rank];
        for (int k = 0; k < max_rank; k++)
            step[k] = 1;
        start[axis] = total;
        Shape shape = x->shape;
        shape.dim[axis] = dim_of(size);
        set_origin(t, span);
        item[i] = value_tensor(t->arena, make_slice(&t->builder, x, start, step, &shape));
        total += size;
    }
    if (total != dim.scale)
        return fail(t, E_SHAPE, span, "the parts do not add up to %lld", (long long)dim.scale);
    return value_list(t->arena, V_LIST, item, (int)parts);
}

// A number pads every axis but the batch's; a list has a number or (low, high) for each of the last
// axes.
static bool pad_amounts(Tracer *t, const Value *by, const Node *x, int64_t *low, int64_t *high,
                        Span span)
{
    int rank = x->shape.rank;
    memset(low, 0, sizeof *low * max_rank);
    memset(high, 0, sizeof *high * max_rank);
    if (by->kind == V_NUMBER) {
        for (int i = 0; i < rank; i++)
            if (!x->shape.dim[i].power && !whole_argument(t, by, "pad", &low[i], span))
                return false;
        memcpy(high, low, sizeof *low * max_rank);
        return true;
    }
    if ((by->kind != V_LIST && by->kind != V_TUPLE) || by->count > rank) {
        fail(t, E_WRONG_TYPE, span, "`pad` takes a number, or a list of numbers or (low, high) for "
             "the last axes");
        return false;
    }
    for (int i = 0; i < by->count; i++) {
        int axis = rank - by->count + i;
        const Value *one = by->item[i];
        bool pair = (one->kind == V_TUPLE || one->kind == V_LIST) && one->count == 2;
        if (!whole_argument(t, pair ? one->item[0] : one, "pad", &low[axis], span)
            || !whole_argument(t, pair ? one->item[1] : one, "pad", &high[axis], span))
            return false;
        if (x->shape.dim[axis].power && (low[axis] || high[axis])) {
            fail(t, E_BATCH_AXIS, span, "the batch axis cannot be padded");
            return false;
        }
    }
    return true;
}

static Value *pad(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x = node_argument(t, v[0], span);
    int64_t low[max_rank], high[max_rank];
    if (!x || !pad_amounts(t, v[1], x, low, high, span))
        return &value_poison;
    if (v[2] && v[2]->kind != V_NUMBER && v[2]->kind != V_BOOL)
        return fail(t, E_WRONG_TYPE, span, "`value` is a number that is known when compiling");
    for (int i = 0; i < x->shape.rank; i++)
        if (!x->shape.dim[i].power && x->shape.dim[i].scale + low[i] + high[i] < 0)
            return fail(t, E_SHAPE, span, "axis %d would get a negative size", i);
    // Negative amounts cut.
    int64_t start[max_rank] = {0}, step[max_rank];
    Shape shape = x->shape;
    bool cuts = false;
    for (int i = 0; i < x->shape.rank; i++) {
        step[i] = 1;
        int64_t before = low[i] < 0 ? -low[i] : 0, behind = high[i] < 0 ? -high[i] : 0;
        start[i] = before;
        shape.dim[i].scale -= shape.dim[i].power ? 0 : before + behind;
        cuts |= before || behind;
        low[i] = low[i] < 0 ? 0 : low[i];
        high[i] = high[i] < 0 ? 0 : high[i];
    }
    set_origin(t, span);
    if (cuts)
        x = make_slice(&t->builder, x, start, step, &shape);
    return value_tensor(t->arena, make_pad(&t->builder, x, low, high, v[2] ? v[2]->number : 0));
}

static Value *flip(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *x = node_argument(t, v[0], span);
    uint32_t axes;
    if (!x || !axes_argument(t, v[1], x->shape.rank, &axes, span))
        return &value_poison;
    int64_t start[max_rank] = {0}, step[max_rank];
    for (int i = 0; i < x->shape.rank; i++) {
        bool turned = axes & 1u << i;
        if (turned && x->shape.dim[i].power)
            return fail(t, E_BATCH_AXIS, span, "the batch axis cannot be turned round");
        step[i] = turned ? -1 : 1;
        start[i] = turned ? x->shape.dim[i].scale - 1 : 0;
        if (turned && x->shape.dim[i].scale == 0)
            start[i] = 0;
    }
    set_origin(t, span);
    return value_tensor(t->arena, make_slice(&t->builder, x, start, step, &x->shape));
}

const Builtin move_builtins[] = {
    {"reshape", NULL, reshape, "x sizes", 0},  {"transpose", NULL, transpose, "x order", 0},
    {"expand", NULL, expand, "x sizes", 0},    {"concat", NULL, concat, "list axis?", 0},
    {"stack", NULL, stack, "list axis?", 0},   {"split", NULL, split, "x parts axis?", 0},
    {"pad", NULL, pad, "x by value?", 0},      {"flip", NULL, flip, "x axis", 0},
    {0},
};
