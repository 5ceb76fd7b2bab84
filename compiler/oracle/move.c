// move.c: moves, reductions, scans and sorting of the interpreter.
#include "evaluate.h"
#include <math.h>

// ---- moves --------------------------------------------------------------------------------------

static void copy_all(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at] = e->in[0]->cell[at];
}

void evaluate_RESHAPE(const Evaluation *e) { copy_all(e); }

void evaluate_PERMUTE(const Evaluation *e)
{
    int64_t to[max_rank] = {0}, from[max_rank] = {0};
    for (int64_t at = 0; at < e->out->count; at++) {
        place_split(e->out, at, to);
        for (int i = 0; i < e->out->rank; i++)
            from[e->node->attr->order[i]] = to[i];
        e->out->cell[at] = e->in[0]->cell[place_of(e->in[0], from)];
    }
}

void evaluate_BROADCAST(const Evaluation *e)
{
    int64_t index[max_rank] = {0};
    for (int64_t at = 0; at < e->out->count; at++) {
        place_split(e->out, at, index);
        for (int i = 0; i < e->out->rank; i++)
            index[i] = e->in[0]->size[i] == 1 ? 0 : index[i];
        e->out->cell[at] = e->in[0]->cell[place_of(e->in[0], index)];
    }
}

void evaluate_SLICE(const Evaluation *e)
{
    const Attr *attr = e->node->attr;
    int64_t index[max_rank] = {0};
    for (int64_t at = 0; at < e->out->count; at++) {
        place_split(e->out, at, index);
        for (int i = 0; i < e->out->rank; i++) {
            const int64_t start = attr->start[i] + (attr->start[i] < 0 ? e->in[0]->size[i] : 0);
            index[i] = start + attr->step[i] * index[i];
        }
        e->out->cell[at] = e->in[0]->cell[place_of(e->in[0], index)];
    }
}

void evaluate_PAD(const Evaluation *e)
{
    int64_t index[max_rank] = {0};
    for (int64_t at = 0; at < e->out->count; at++)
        value_set(e->out, at, e->node->attr->number);
    for (int64_t at = 0; at < e->in[0]->count; at++) {
        place_split(e->in[0], at, index);
        for (int i = 0; i < e->out->rank; i++)
            index[i] += e->node->attr->low[i];
        e->out->cell[place_of(e->out, index)] = e->in[0]->cell[at];
    }
}

void evaluate_CONCAT(const Evaluation *e)
{
    const int axis = e->node->attr->axis;
    int64_t index[max_rank] = {0}, before = 0;
    for (int part = 0; part < e->node->input_count; part++) {
        const Value *value = e->more[part];
        for (int64_t at = 0; at < value->count; at++) {
            place_split(value, at, index);
            index[axis] += before;
            e->out->cell[place_of(e->out, index)] = value->cell[at];
        }
        before += value->size[axis];
    }
}

// ---- reductions ---------------------------------------------------------------------------------

// Where an element of the operand goes: its index without the reduced axes.
static int64_t place_reduced(const Evaluation *e, int64_t at)
{
    int64_t index[max_rank] = {0}, left[max_rank] = {0};
    int rank = 0;
    place_split(e->in[0], at, index);
    for (int i = 0; i < e->in[0]->rank; i++)
        if (!(e->node->attr->axes >> i & 1))
            left[rank++] = index[i];
    return place_of(e->out, left);
}

// In the order of the operand. The sum of one number is that number, so -0, which changes nothing,
// is where it begins; the sum of none is 0.
void evaluate_SUM(const Evaluation *e)
{
    for (int64_t at = 0; value_is_float(e->out) && e->in[0]->count && at < e->out->count; at++)
        e->out->cell[at].f = -0.0;
    for (int64_t at = 0; at < e->in[0]->count; at++) {
        Cell *sum = &e->out->cell[place_reduced(e, at)];
        *sum = cell_add(*sum, e->in[0]->cell[at], value_is_float(e->out));
    }
}

static bool is_nan(Cell x, bool is_float)
{
    return is_float && x.f != x.f;
}

// The least (greatest) value of a type: what max (min) of nothing is.
static Cell extreme(DType type, bool least)
{
    const int bits = 8 * dtype_bytes(type);
    if (dtype_kind(type) == KIND_FLOAT)
        return (Cell){.f = least ? -INFINITY : INFINITY};
    if (type == DT_U8)
        return (Cell){.i = least ? 0 : UINT8_MAX};
    const int64_t most = bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - 1)) - 1;
    return (Cell){.i = least ? -most - 1 : most};
}

static void reduce_extreme(const Evaluation *e, bool greatest)
{
    const bool is_float = value_is_float(e->out);
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at] = extreme(e->out->dtype, greatest);
    for (int64_t at = 0; at < e->in[0]->count; at++) {
        const Cell x = e->in[0]->cell[at];
        Cell *best = &e->out->cell[place_reduced(e, at)];
        const bool better = greatest ? cell_less(*best, x, is_float)
                                     : cell_less(x, *best, is_float);
        if (is_nan(x, is_float) || better)
            *best = x;
    }
}

void evaluate_MAX(const Evaluation *e) { reduce_extreme(e, true); }
void evaluate_MIN(const Evaluation *e) { reduce_extreme(e, false); }

void evaluate_ANY(const Evaluation *e)
{
    for (int64_t at = 0; at < e->in[0]->count; at++)
        e->out->cell[place_reduced(e, at)].i |= e->in[0]->cell[at].i;
}

void evaluate_ALL(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at].i = 1;
    for (int64_t at = 0; at < e->in[0]->count; at++)
        e->out->cell[place_reduced(e, at)].i &= e->in[0]->cell[at].i;
}

// The first of the greatest. The operand is walked in order, so an axis is too.
void evaluate_ARGMAX(const Evaluation *e)
{
    const bool is_float = value_is_float(e->in[0]);
    int axis = 0;
    while (!(e->node->attr->axes >> axis & 1))
        axis++;
    const int64_t n = e->in[0]->size[axis], inner = axes_count(e->in[0], axis + 1, e->in[0]->rank);
    for (int64_t at = 0; at < e->out->count; at++) {
        const Cell *line = e->in[0]->cell + at / inner * n * inner + at % inner;
        for (int64_t i = 1; i < n; i++)
            if (cell_less(line[e->out->cell[at].i * inner], line[i * inner], is_float))
                e->out->cell[at].i = i;
    }
}

// ---- along an axis ------------------------------------------------------------------------------

typedef Cell Combine(Cell x, Cell y, bool is_float);

static void scan(const Evaluation *e, Combine *combine)
{
    const Attr *attr = e->node->attr;
    const int64_t n = e->out->size[attr->axis];
    const int64_t inner = axes_count(e->out, attr->axis + 1, e->out->rank);
    copy_all(e);
    for (int64_t at = 0; at < e->out->count; at++) {
        const int64_t place = attr->reverse ? e->out->count - 1 - at : at;
        const int64_t i = place / inner % n, before = place + (attr->reverse ? inner : -inner);
        if (i != (attr->reverse ? n - 1 : 0))
            e->out->cell[place] = combine(e->out->cell[before], e->out->cell[place],
                                          value_is_float(e->out));
    }
}

void evaluate_CUMSUM(const Evaluation *e) { scan(e, cell_add); }
void evaluate_CUMPROD(const Evaluation *e) { scan(e, cell_mul); }

// Whether y must stand before x, which stands before it: NaN counts as the greatest.
static bool out_of_order(Cell x, Cell y, bool is_float, bool descending)
{
    if (is_nan(x, is_float) || is_nan(y, is_float))
        return descending ? !is_nan(x, is_float) : !is_nan(y, is_float);
    return descending ? cell_less(x, y, is_float) : cell_less(y, x, is_float);
}

// Stable, by insertion.
void evaluate_ARGSORT(const Evaluation *e)
{
    const Attr *attr = e->node->attr;
    const Value *x = e->in[0];
    const int64_t n = x->size[attr->axis], inner = axes_count(x, attr->axis + 1, x->rank);
    for (int64_t line = 0; n && line < x->count / n; line++) {
        const int64_t first = line / inner * n * inner + line % inner;
        Cell *order = e->out->cell + first;
        for (int64_t i = 0; i < n; i++) {
            int64_t at = i;
            for (; at > 0; at--) {
                const int64_t other = order[(at - 1) * inner].i;
                if (!out_of_order(x->cell[first + other * inner], x->cell[first + i * inner],
                                  value_is_float(x), attr->descending))
                    break;
                order[at * inner].i = other;
            }
            order[at * inner].i = i;
        }
    }
}
