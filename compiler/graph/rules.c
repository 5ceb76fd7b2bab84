#include "rules.h"
#include "../base/mutant.h"
#include <math.h>

// ---- helpers ------------------------------------------------------------------------------------

static bool is_number(const Node *x, double number)
{
    double value;
    return node_constant(x, &value) && value == number;
}

// Zero of this sign; an integer has one zero.
static bool is_zero(const Node *x, bool negative)
{
    double value;
    if (!node_constant(x, &value) || value != 0)
        return false;
    return dtype_kind(x->dtype) != KIND_FLOAT || (signbit(value) != 0) == negative;
}

static Node *under(const Node *x, Prim prim)
{
    return x->prim == prim ? x->input[0] : NULL;
}

// ---- scalar functions ---------------------------------------------------------------------------

static Node *rule_stop(Builder *b, const Node *node)
{
    (void)b;
    return node->input[0];
}

static Node *rule_neg_neg(Builder *b, const Node *node)
{
    (void)b;
    return under(node->input[0], P_NEG);
}

static Node *rule_abs_sign(Builder *b, const Node *node)
{
    Node *x = under(node->input[0], P_NEG);
    if (x)
        return make_unary(b, P_ABS, x);
    // the least integer stays what it is
    return node->input[0]->prim == P_ABS ? node->input[0] : NULL;
}

static Node *rule_not_not(Builder *b, const Node *node)
{
    (void)b;
    return under(node->input[0], P_NOT);
}

// Whether `wide` has every value of `narrow`.
static bool dtype_holds(DType wide, DType narrow)
{
    if (wide == narrow || narrow == DT_BOOL || wide == DT_F64)
        return wide == narrow || narrow != DT_I64;
    switch (wide) {
    case DT_F32: return narrow != DT_F64 && narrow != DT_I64 && narrow != DT_I32;
    case DT_F16:
    case DT_BF16: return narrow == DT_U8 || narrow == DT_I8;
    case DT_I64: return dtype_kind(narrow) == KIND_INT;
    case DT_I32: return narrow == DT_I16 || narrow == DT_I8 || narrow == DT_U8;
    case DT_I16: return narrow == DT_I8 || narrow == DT_U8;
    default: return false;
    }
}

static Node *rule_cast_cast(Builder *b, const Node *node)
{
    Node *middle = node->input[0], *x = under(middle, P_CAST);
    return x && dtype_holds(middle->dtype, x->dtype) ? make_cast(b, node->dtype, x) : NULL;
}

// Whether no element can be -0, which is all that x + 0 changes.
static bool never_negative_zero(const Node *x, int depth)
{
    if (depth == 0)
        return false;
    switch (x->prim) {
    case P_RANDOM:
    case P_IOTA:
    case P_ABS:
    case P_EXP: return true;
    case P_CONSTANT: return x->attr->number != 0 || !signbit(x->attr->number);
    case P_CAST:
        return dtype_kind(x->input[0]->dtype) != KIND_FLOAT
            || (dtype_holds(x->dtype, x->input[0]->dtype)
                && never_negative_zero(x->input[0], depth - 1));
    case P_RESHAPE:
    case P_PERMUTE:
    case P_BROADCAST:
    case P_SLICE:
    case P_SUB: return never_negative_zero(x->input[0], depth - 1);
    case P_ADD:
        return never_negative_zero(x->input[0], depth - 1)
            || never_negative_zero(x->input[1], depth - 1);
    default: return false;
    }
}

// x - 0 is x, and so is x + -0; x + 0 is where x is never -0.
static bool adds_nothing(const Node *x, const Node *zero)
{
    return is_zero(zero, true) || (is_zero(zero, false) && never_negative_zero(x, 8));
}

static Node *rule_add_zero(Builder *b, const Node *node)
{
    (void)b;
    if (adds_nothing(node->input[0], node->input[1]))
        return node->input[0];
    return adds_nothing(node->input[1], node->input[0]) ? node->input[1] : NULL;
}

static Node *rule_add_neg(Builder *b, const Node *node)
{
    Node *x = node->input[0], *y = node->input[1];
    if (under(y, P_NEG))
        return make_binary(b, P_SUB, x, under(y, P_NEG));
    return under(x, P_NEG) ? make_binary(b, P_SUB, y, under(x, P_NEG)) : NULL;
}

static Node *rule_sub_zero(Builder *b, const Node *node)
{
    (void)b;
    return is_zero(node->input[1], false) ? node->input[0] : NULL;
}

static Node *rule_sub_neg(Builder *b, const Node *node)
{
    Node *y = under(node->input[1], P_NEG);
    return y ? make_binary(b, P_ADD, node->input[0], y) : NULL;
}

static Node *rule_mul_one(Builder *b, const Node *node)
{
    for (int i = 0; i < 2; i++) {
        if (is_number(node->input[i], 1))
            return node->input[1 - i];
        if (is_number(node->input[i], -1))
            return make_unary(b, P_NEG, node->input[1 - i]);
    }
    return NULL;
}

static Node *rule_mul_neg(Builder *b, const Node *node)
{
    Node *x = under(node->input[0], P_NEG), *y = under(node->input[1], P_NEG);
    return x && y ? make_binary(b, P_MUL, x, y) : NULL;
}

static Node *rule_div_one(Builder *b, const Node *node)
{
    if (is_number(node->input[1], -1))
        return make_unary(b, P_NEG, node->input[0]);
    return is_number(node->input[1], 1) ? node->input[0] : NULL;
}

// By a power of two whose reciprocal the type has, and not as a denormal.
static Node *rule_div_power(Builder *b, const Node *node)
{
    static const int least[DT_COUNT] = {[DT_F64] = -1022, [DT_F32] = -126, [DT_F16] = -14,
                                        [DT_BF16] = -126};
    double value;
    int exponent;
    if (!node_constant(node->input[1], &value) || value == 0 || !isfinite(value))
        return NULL;
    if (fabs(frexp(value, &exponent)) != 0.5 || 1 - exponent < least[node->dtype]
        || dtype_round(node->dtype, 1 / value) != 1 / value)
        return NULL;
    Node *factor = make_full(b, node->dtype, 1 / value, &node->shape);
    return make_binary(b, P_MUL, node->input[0], factor);
}

static Node *rule_extreme_same(Builder *b, const Node *node)
{
    (void)b;
    return node->input[0] == node->input[1] ? node->input[0] : NULL;
}

static Node *rule_extreme_same_min(Builder *b, const Node *node)
{
    return rule_extreme_same(b, node);
}

// A value compared with itself; a float may be NaN.
static Node *compare_same(Builder *b, const Node *node, bool known)
{
    const Node *x = node->input[0];
    if (x != node->input[1] || dtype_kind(x->dtype) == KIND_FLOAT)
        return NULL;
    return make_full(b, node->dtype, known, &node->shape);
}

static Node *rule_eq_same(Builder *b, const Node *node)
{
    return compare_same(b, node, true);
}

static Node *rule_ne_same(Builder *b, const Node *node)
{
    return compare_same(b, node, false);
}

static Node *rule_lt_same(Builder *b, const Node *node)
{
    return compare_same(b, node, false);
}

static Node *rule_le_same(Builder *b, const Node *node)
{
    return compare_same(b, node, true);
}

// The whole numbers that the elements can be, or false where nothing is known: a label read as u8 is
// never -100, whatever type it was cast to.
static bool whole_range(const Node *x, double *low, double *high)
{
    static const double least[DT_COUNT] = {[DT_I32] = INT32_MIN, [DT_I16] = INT16_MIN,
                                           [DT_I8] = INT8_MIN};
    static const double most[DT_COUNT] = {[DT_I32] = INT32_MAX, [DT_I16] = INT16_MAX,
                                          [DT_I8] = INT8_MAX, [DT_U8] = UINT8_MAX};
    double value;
    if (dtype_kind(x->dtype) == KIND_FLOAT)
        return false;
    if (node_constant(x, &value)) {
        *low = *high = value;
        return true;
    }
    const bool passes = x->prim == P_RESHAPE || x->prim == P_BROADCAST || x->prim == P_PERMUTE
                     || x->prim == P_SLICE || x->prim == P_CAST;
    const bool known = passes && whole_range(x->input[0], low, high);
    if (x->dtype == DT_I64 || (known && x->prim != P_CAST))
        return known;
    if (x->dtype == DT_BOOL) {                                       // x != 0
        *low = known && (*low > 0 || *high < 0);
        *high = !known || *low || *high != 0;
        return true;
    }
    const double bottom = least[x->dtype], top = most[x->dtype];     // casts saturate
    *low = known ? fmin(fmax(*low, bottom), top) : bottom;
    *high = known ? fmax(fmin(*high, top), bottom) : top;
    return true;
}

// A comparison of whole numbers that the ranges of both sides decide.
static Node *compare_ranges(Builder *b, const Node *node)
{
    double low[2], high[2];
    for (int i = 0; i < 2; i++)
        if (!whole_range(node->input[i], &low[i], &high[i]))
            return NULL;
    const bool below = high[0] < low[1], above = low[0] > high[1];
    const bool at_most = high[0] <= low[1], at_least = low[0] >= high[1];
    bool known = below || above, holds = false;
    switch (node->prim) {
    case P_EQ: break;
    case P_NE: holds = true; break;
    case P_LT: known = below || at_least; holds = below; break;
    case P_LE: known = at_most || above; holds = at_most; break;
    default: return NULL;
    }
    return known ? make_full(b, node->dtype, holds, &node->shape) : NULL;
}

static Node *rule_eq_range(Builder *b, const Node *node)
{
    return compare_ranges(b, node);
}

static Node *rule_ne_range(Builder *b, const Node *node)
{
    return compare_ranges(b, node);
}

static Node *rule_lt_range(Builder *b, const Node *node)
{
    return compare_ranges(b, node);
}

static Node *rule_le_range(Builder *b, const Node *node)
{
    return compare_ranges(b, node);
}

// and: true keeps the other, false wins. or: the other way round.
static Node *logic_known(const Node *node, bool keeps)
{
    if (node->input[0] == node->input[1])
        return node->input[0];
    for (int i = 0; i < 2; i++) {
        if (is_number(node->input[i], keeps))
            return node->input[1 - i];
        if (is_number(node->input[i], !keeps))
            return node->input[i];
    }
    return NULL;
}

static Node *rule_and_known(Builder *b, const Node *node)
{
    (void)b;
    return logic_known(node, true);
}

static Node *rule_or_known(Builder *b, const Node *node)
{
    (void)b;
    return logic_known(node, false);
}

static Node *rule_select_known(Builder *b, const Node *node)
{
    double known;
    (void)b;
    if (!node_constant(node->input[0], &known))
        return NULL;
    return known ? node->input[1] : node->input[2];
}

static Node *rule_select_same(Builder *b, const Node *node)
{
    (void)b;
    return node->input[1] == node->input[2] ? node->input[1] : NULL;
}

static Node *rule_select_not(Builder *b, const Node *node)
{
    Node *condition = under(node->input[0], P_NOT);
    return condition ? make_select(b, condition, node->input[2], node->input[1]) : NULL;
}

// ---- scalar work before moves -------------------------------------------------------------------

// The one shape that all operands had before `move`; constants had any. NULL if there is none.
static const Shape *shape_before(const Node *node, Prim move)
{
    const Shape *shape = NULL;
    double value;
    for (int i = 0; i < node->input_count; i++) {
        if (node_constant(node->input[i], &value))
            continue;
        const Node *x = under(node->input[i], move);
        if (!x || (shape && !shape_equal(shape, &x->shape)))
            return NULL;
        shape = &x->shape;
    }
    return shape;
}

// The node, of operands as they were before the move.
static Node *make_before(Builder *b, const Node *node, const Shape *shape)
{
    Node small = *node, *input[3];
    double value;
    for (int i = 0; i < node->input_count; i++)
        input[i] = node_constant(node->input[i], &value)
            ? make_full(b, node->input[i]->dtype, value, shape) : node->input[i]->input[0];
    small.shape = *shape;
    return make_copy(b, &small, input);
}

static Node *rule_before_broadcast(Builder *b, const Node *node)
{
    const Shape *shape = shape_before(node, P_BROADCAST);
    return shape ? make_broadcast(b, make_before(b, node, shape), &node->shape) : NULL;
}

// Only of single numbers: elsewhere a reshape is better left where it stands.
static Node *rule_before_reshape(Builder *b, const Node *node)
{
    if (node->shape.rank == 0 || !dim_is(shape_size(&node->shape), 1))
        return NULL;
    const Shape *shape = shape_before(node, P_RESHAPE);
    return shape ? make_reshape(b, make_before(b, node, shape), &node->shape) : NULL;
}

// ---- moves --------------------------------------------------------------------------------------

// A moved constant is the constant, reshaped to ones and broadcast, and nothing else.
static Node *rule_move_constant(Builder *b, const Node *node)
{
    double value;
    if (node->prim == P_PAD || node->prim == P_CONCAT || !node_constant(node->input[0], &value))
        return NULL;
    const Node *from = node->input[0];
    if (node->prim == P_RESHAPE && from->prim == P_CONSTANT)
        return NULL;
    if (node->prim == P_BROADCAST && from->prim == P_RESHAPE && from->input[0]->prim == P_CONSTANT)
        return NULL;
    return make_full(b, node->dtype, value, &node->shape);
}

static Node *rule_reshape_reshape(Builder *b, const Node *node)
{
    Node *x = under(node->input[0], P_RESHAPE);
    return x ? make_reshape(b, x, &node->shape) : NULL;
}

static Node *rule_permute_permute(Builder *b, const Node *node)
{
    int order[max_rank];
    const Node *first = node->input[0];
    if (first->prim != P_PERMUTE)
        return NULL;
    for (int i = 0; i < node->shape.rank; i++)
        order[i] = first->attr->order[node->attr->order[i]];
    return make_permute(b, first->input[0], order);
}

// Axes of size 1 may pass each other and all others without anything moving in memory.
static Node *rule_permute_ones(Builder *b, const Node *node)
{
    int last = -1;
    for (int i = 0; i < node->shape.rank; i++) {
        if (dim_is(node->shape.dim[i], 1))
            continue;
        if (node->attr->order[i] < last)
            return NULL;
        last = node->attr->order[i];
    }
    return make_reshape(b, node->input[0], &node->shape);
}

static Node *rule_broadcast_broadcast(Builder *b, const Node *node)
{
    Node *x = under(node->input[0], P_BROADCAST);
    return x ? make_broadcast(b, x, &node->shape) : NULL;
}

static bool slices_whole(const Node *slice, int axis)
{
    return dim_equal(slice->shape.dim[axis], slice->input[0]->shape.dim[axis])
        && slice->attr->step[axis] == 1;
}

// Two slices of an axis of dynamic size stay two, but for a whole one.
static Node *rule_slice_slice(Builder *b, const Node *node)
{
    const Node *first = node->input[0];
    int64_t start[max_rank] = {0}, step[max_rank] = {0};
    if (first->prim != P_SLICE)
        return NULL;
    for (int i = 0; i < node->shape.rank; i++) {
        const bool keep_first = slices_whole(node, i), keep_second = slices_whole(first, i);
        const Attr *outer = node->attr, *inner = first->attr;
        if (!keep_first && !keep_second && first->input[0]->shape.dim[i].power)
            return NULL;
        start[i] = keep_first ? inner->start[i] : keep_second ? outer->start[i]
                                              : inner->start[i] + inner->step[i] * outer->start[i];
        step[i] = keep_first ? inner->step[i] : keep_second ? outer->step[i]
                                              : inner->step[i] * outer->step[i];
    }
    return make_slice(b, first->input[0], start, step, &node->shape);
}

// Only axes that a broadcast made are cut: less is broadcast.
static Node *rule_slice_broadcast(Builder *b, const Node *node)
{
    const Node *wide = node->input[0];
    if (wide->prim != P_BROADCAST)
        return NULL;
    for (int i = 0; i < node->shape.rank; i++)
        if (!slices_whole(node, i) && !dim_is(wide->input[0]->shape.dim[i], 1))
            return NULL;
    return make_broadcast(b, wide->input[0], &node->shape);
}

// What a slice leaves of a pad when it takes nothing of the padding.
static Node *rule_slice_pad(Builder *b, const Node *node)
{
    const Node *padded = node->input[0];
    int64_t start[max_rank] = {0};
    if (padded->prim != P_PAD)
        return NULL;
    const Shape *inside = &padded->input[0]->shape;
    for (int i = 0; i < node->shape.rank; i++) {
        const int64_t count = node->shape.dim[i].scale, low = padded->attr->low[i];
        start[i] = node->attr->start[i];
        if (low == 0 && padded->attr->high[i] == 0)
            continue;
        start[i] -= low;
        const int64_t last = start[i] + node->attr->step[i] * (count - 1);
        if (count == 0 || start[i] < 0 || last < 0 || start[i] >= inside->dim[i].scale
            || last >= inside->dim[i].scale)
            return NULL;
    }
    return make_slice(b, padded->input[0], start, node->attr->step, &node->shape);
}

// ---- reductions ---------------------------------------------------------------------------------

// Axes of size 1 are reduced by leaving them out: the sum of one number is that number.
static Node *rule_reduce_ones(Builder *b, const Node *node)
{
    Node *x = node->input[0];
    Shape shape = {0};
    uint32_t axes = 0;
    if (node->prim == P_ARGMAX)
        return NULL;
    for (int i = 0; i < x->shape.rank; i++) {
        const bool reduced = node->attr->axes >> i & 1;
        if (reduced && dim_is(x->shape.dim[i], 1))
            continue;
        if (reduced)
            axes |= 1u << shape.rank;
        shape.dim[shape.rank++] = x->shape.dim[i];
    }
    if (shape.rank == x->shape.rank)
        return NULL;
    return make_reduce(b, node->prim, make_reshape(b, x, &shape), axes);
}

// ---- the table ----------------------------------------------------------------------------------

enum { P_ANY_SCALAR = P_COUNT, P_ANY_MOVE, P_ANY_REDUCE };

typedef struct RuleRow {
    const char *name;
    int prim;
    Node *(*apply)(Builder *b, const Node *node);
} RuleRow;

static const RuleRow rows[] = {
#define RULE(name, prim, exactness) {#name, P_##prim, rule_##name},
#include "rules.def"
#undef RULE
};

const char *rule_name(Rule rule)
{
    return rows[rule].name;
}

bool rule_fits(Rule rule, Prim prim)
{
    switch (rows[rule].prim) {
    case P_ANY_SCALAR: return prim_class(prim) == CLASS_SCALAR;
    case P_ANY_MOVE: return prim_class(prim) == CLASS_MOVE;
    case P_ANY_REDUCE: return prim_class(prim) == CLASS_REDUCE;
    default: return rows[rule].prim == (int)prim;
    }
}

Node *rule_apply(Rule rule, Builder *b, const Node *node)
{
    Node *instead = rows[rule].apply(b, node);
    if (instead && MUTANT_ROW("simplify", rows[rule].name))
        return make_unary(b, instead->dtype == DT_BOOL ? P_NOT : P_NEG, instead);
    return instead;
}
