// derive_move.c: a move's derivative is the move back, with zeros where nothing came from.
#include "derive_move.h"
#include "../base/mutant.h"
#include "../trace/host.h"

// ---- helpers ------------------------------------------------------------------------------------

Node *node_spread(Builder *b, Node *x, const Shape *shape, uint32_t kept)
{
    Shape thin = *shape;
    for (int i = 0; i < shape->rank; i++)
        if (!(kept >> i & 1))
            thin.dim[i] = dim_of(1);
    return make_broadcast(b, make_reshape(b, x, &thin), shape);
}

Node *node_rotate(Builder *b, Node *x, int batch, int count)
{
    int order[max_rank];
    const int rank = x->shape.rank, rest = rank - batch - count;
    for (int i = 0; i < rank; i++)
        order[i] = i < batch ? i : i < batch + rest ? i + count : i - rest;
    return make_permute(b, x, order);
}

static Dim dims_size(const Shape *shape, int first, int end)
{
    Dim size = dim_of(1);
    for (int i = first; i < end; i++)
        size = dim_mul(size, shape->dim[i]);
    return size;
}

// [outer, axis, inner]: any rank as three, so that rules may add an axis.
static Shape shape_around(const Shape *shape, int axis)
{
    return (Shape){.rank = 3, .dim = {dims_size(shape, 0, axis), shape->dim[axis],
                                      dims_size(shape, axis + 1, shape->rank)}};
}

static Node *zeros(Builder *b, DType type, const Shape *shape)
{
    return make_full(b, type, 0, shape);
}

// One axis of x cut to `size` from `start` on, in steps; the others whole.
static Node *cut(Builder *b, Node *x, int axis, int64_t start, int64_t step, Dim size)
{
    int64_t starts[max_rank] = {0}, steps[max_rank];
    Shape shape = x->shape;
    for (int i = 0; i < max_rank; i++)
        steps[i] = 1;
    starts[axis] = start;
    steps[axis] = step;
    shape.dim[axis] = size;
    return make_slice(b, x, starts, steps, &shape);
}

static Node *grow(Builder *b, Node *x, int axis, int64_t low, int64_t high)
{
    int64_t lows[max_rank] = {0}, highs[max_rank] = {0};
    lows[axis] = low;
    highs[axis] = high;
    return make_pad(b, x, lows, highs, 0);
}

// ---- moves --------------------------------------------------------------------------------------

void derive_reshape(Derive *d)
{
    d->gradient[0] = make_reshape(d->b, d->g, &d->node->input[0]->shape);
}

void derive_permute(Derive *d)
{
    int back[max_rank];
    for (int i = 0; i < d->node->shape.rank; i++)
        back[d->node->attr->order[i]] = i;
    d->gradient[0] = make_permute(d->b, d->g, back);
}

void derive_broadcast(Derive *d)
{
    const Shape *from = &d->node->input[0]->shape;
    uint32_t axes = 0;
    for (int i = 0; i < from->rank; i++)
        if (!dim_equal(from->dim[i], d->node->shape.dim[i]))
            axes |= 1u << i;
    d->gradient[0] = make_reshape(d->b, make_reduce(d->b, P_SUM, d->g, axes), from);
}

void derive_pad(Derive *d)
{
    int64_t step[max_rank];
    for (int i = 0; i < max_rank; i++)
        step[i] = 1;
    d->gradient[0] = make_slice(d->b, d->g, d->node->attr->low, step, &d->node->input[0]->shape);
}

// Places the n elements of an axis `step` apart, zeros between: n becomes (n - 1) * step + 1.
static Node *axis_dilate(Builder *b, Node *x, int axis, int64_t step)
{
    const int64_t count = x->shape.dim[axis].scale;
    if (step == 1 || count < 2)
        return x;
    const Shape around = shape_around(&x->shape, axis);
    const Shape apart = {.rank = 4, .dim = {around.dim[0], dim_of(count), dim_of(1),
                                            around.dim[2]}};
    const Shape joined = {.rank = 3, .dim = {around.dim[0], dim_of(count * step), around.dim[2]}};
    Node *wide = grow(b, make_reshape(b, x, &apart), 2, 0, step - 1);
    Node *line = cut(b, make_reshape(b, wide, &joined), 1, 0, 1, dim_of((count - 1) * step + 1));
    Shape shape = x->shape;
    shape.dim[axis] = dim_of((count - 1) * step + 1);
    return make_reshape(b, line, &shape);
}

// The rows of `size` as a number of the host: what the last index of a dynamic axis is made of.
static Node *last_index(Builder *b, Dim size)
{
    Arena *arena = b->graph->arena;
    const HostExpr rows = {.op = HOST_ROWS, .type = HOST_INT, .index = size.power,
                           .number = (double)size.scale, .span = b->origin.span};
    const HostExpr one = {.op = HOST_NUMBER, .type = HOST_INT, .number = 1, .span = b->origin.span};
    const HostExpr last = {.op = HOST_SUB, .type = HOST_INT, .span = b->origin.span,
                           .a = arena_copy(arena, &rows, sizeof rows),
                           .b = arena_copy(arena, &one, sizeof one)};
    return make_host(b, DT_I32, arena_copy(arena, &last, sizeof last));
}

// One axis of dynamic size of which the slice took the first or the last element.
static Node *axis_place(Builder *b, Node *g, int axis, int64_t start, Dim size)
{
    Shape shape = g->shape;
    shape.dim[axis] = size;
    const bool at_end = start < 0 && !MUTANT(derive_slice_dynamic);
    Node *index = at_end ? last_index(b, size) : make_constant(b, DT_I32, 0);
    Node *iota = make_iota(b, DT_I32, &shape, axis);
    Node *here = make_binary(b, P_EQ, iota, make_expand(b, index, &shape));
    return make_select(b, here, make_broadcast(b, g, &shape), zeros(b, g->dtype, &shape));
}

static Node *axis_unslice(Builder *b, Node *g, int axis, int64_t start, int64_t step, Dim size)
{
    const Dim taken = g->shape.dim[axis];
    if (step < 0 && (taken.power || taken.scale > 1)) {
        const int64_t count = taken.scale;
        g = cut(b, g, axis, taken.power ? -1 : count - 1, -1, taken);
        start += taken.power ? 0 : step * (count - 1);
        step = -step;
    }
    if (taken.power)
        return g;
    if (size.power)
        return axis_place(b, g, axis, start, size);
    if (taken.scale == 0)
        return grow(b, g, axis, 0, size.scale);
    g = axis_dilate(b, g, axis, step);
    return grow(b, g, axis, start, size.scale - start - g->shape.dim[axis].scale);
}

void derive_slice(Derive *d)
{
    const Attr *attr = d->node->attr;
    const Shape *from = &d->node->input[0]->shape;
    Node *g = d->g;
    if (dim_is(shape_size(&g->shape), 0))
        return;
    for (int i = 0; i < from->rank; i++)
        g = axis_unslice(d->b, g, i, attr->start[i], attr->step[i], from->dim[i]);
    d->gradient[0] = g;
}

// Parts of c * B^k rows: with the axis seen as [sum of c, B^k] the cut falls between known indices.
void derive_concat(Derive *d)
{
    const int axis = d->node->attr->axis;
    const Shape around = shape_around(&d->g->shape, axis);
    const Dim unit = {1, around.dim[1].power}, parts = dim_of(around.dim[1].scale);
    const Shape apart = {.rank = 4, .dim = {around.dim[0], parts, unit, around.dim[2]}};
    Node *g = unit.power ? make_reshape(d->b, d->g, &apart) : d->g;
    int64_t start = 0;
    for (int i = 0; i < d->node->input_count; i++) {
        const Shape *shape = &d->node->input[i]->shape;
        const int64_t count = shape->dim[axis].scale;
        if (d->wanted[i] && count) {
            Node *part = cut(d->b, g, unit.power ? 1 : axis, start, 1, dim_of(count));
            d->gradient[i] = make_reshape(d->b, part, shape);
        }
        start += count;
    }
}

// ---- indexed ------------------------------------------------------------------------------------

void derive_gather(Derive *d)
{
    const Attr *attr = d->node->attr;
    d->gradient[0] = make_scatter_add(d->b, d->node->input[1], d->g, attr->axis, attr->batch,
                                      &d->node->input[0]->shape);
}

void derive_scatter_add(Derive *d)
{
    const Attr *attr = d->node->attr;
    d->gradient[1] = make_gather(d->b, d->g, d->node->input[0], attr->axis, attr->batch);
}

// Each index's number in the order of the updates, from 0 within its batch.
static Node *update_numbers(Builder *b, Node *index, int batch)
{
    Shape line = {.rank = batch + 1};
    for (int i = 0; i < batch; i++)
        line.dim[i] = index->shape.dim[i];
    line.dim[batch] = dims_size(&index->shape, batch, index->shape.rank);
    return make_reshape(b, make_iota(b, DT_I32, &line, batch), &index->shape);
}

// Where the update at an index was the last one there, so that the result shows it.
static Node *update_wins(Derive *d)
{
    const Attr *attr = d->node->attr;
    Node *x = d->node->input[0], *index = d->node->input[1];
    Shape slots = {.rank = attr->batch + 1};
    for (int i = 0; i < attr->batch; i++)
        slots.dim[i] = x->shape.dim[i];
    slots.dim[attr->batch] = x->shape.dim[attr->axis];
    Node *number = update_numbers(d->b, index, attr->batch);
    Node *nobody = make_full(d->b, DT_I32, -1, &slots);
    Node *last = make_scatter_set(d->b, nobody, index, number, attr->batch, attr->batch);
    Node *winner = make_gather(d->b, last, index, attr->batch, attr->batch);
    return make_binary(d->b, P_EQ, winner, number);
}

void derive_scatter_set(Derive *d)
{
    const Attr *attr = d->node->attr;
    Node *index = d->node->input[1], *updates = d->node->input[2];
    Node *none = make_zeros_like(d->b, updates);
    if (d->wanted[0])
        d->gradient[0] = make_scatter_set(d->b, d->g, index, none, attr->axis, attr->batch);
    if (!d->wanted[2])
        return;
    const int inner = index->shape.rank - attr->batch;
    const uint32_t axes = ((1u << inner) - 1) << attr->axis | ((1u << attr->batch) - 1);
    Node *taken = make_gather(d->b, d->g, index, attr->axis, attr->batch);
    Node *wins = node_spread(d->b, update_wins(d), &updates->shape, axes);
    d->gradient[2] = MUTANT(derive_scatter_set_winner) ? taken
                                                       : make_select(d->b, wins, taken, none);
}

// ---- scans --------------------------------------------------------------------------------------

void derive_cumsum(Derive *d)
{
    const Attr *attr = d->node->attr;
    d->gradient[0] = make_scan(d->b, P_CUMSUM, d->g, attr->axis, !attr->reverse);
}

// The gradient in x[j] is the sum over i >= j of g[i] times the product of x[0 .. i] without x[j].
// The products are made for every j at once, x[j] replaced by 1: exact at zeros, any number of
// them, which dividing by x[j] is not, at n times the work of the scan.
void derive_cumprod(Derive *d)
{
    const Attr *attr = d->node->attr;
    Node *x = d->node->input[0];
    const Shape around = shape_around(&x->shape, attr->axis);
    const Dim n = around.dim[1];
    const Shape square = {.rank = 4, .dim = {around.dim[0], n, n, around.dim[2]}};  // [o, j, i, r]
    const uint32_t line = 1u << 0 | 1u << 2 | 1u << 3;
    Builder *b = d->b;
    Node *j = make_iota(b, DT_I32, &square, 1), *i = make_iota(b, DT_I32, &square, 2);
    Node *wide = node_spread(b, make_reshape(b, x, &around), &square, line);
    Node *factor = make_select(b, make_binary(b, P_EQ, i, j), make_scalar_like(b, wide, 1), wide);
    Node *product = make_scan(b, P_CUMPROD, factor, 2, attr->reverse);
    Node *reached = attr->reverse ? make_binary(b, P_LE, i, j) : make_binary(b, P_LE, j, i);
    Node *g = node_spread(b, make_reshape(b, d->g, &around), &square, line);
    Node *term = make_select(b, reached, make_binary(b, P_MUL, g, product),
                             make_zeros_like(b, product));
    d->gradient[0] = make_reshape(b, make_reduce(b, P_SUM, term, 1u << 2), &x->shape);
}
