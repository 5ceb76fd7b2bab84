// derive.c: one function a derivative rule of prims.def. derive_move.c has those that move.
//
// Rules at kinks are PyTorch's: sign(0) = 0 for abs, half to each side when maximum or minimum
// tie, even shares among the greatest of a max.
#include "derive_move.h"
#include "../base/mutant.h"

// ---- helpers ------------------------------------------------------------------------------------

static Node *add(Derive *d, Node *x, Node *y) { return make_binary(d->b, P_ADD, x, y); }
static Node *sub(Derive *d, Node *x, Node *y) { return make_binary(d->b, P_SUB, x, y); }
static Node *mul(Derive *d, Node *x, Node *y) { return make_binary(d->b, P_MUL, x, y); }
static Node *div_by(Derive *d, Node *x, Node *y) { return make_binary(d->b, P_DIV, x, y); }
static Node *neg(Derive *d, Node *x) { return make_unary(d->b, P_NEG, x); }
static Node *like(Derive *d, Node *x, double value) { return make_scalar_like(d->b, x, value); }

static Node *operand(const Derive *d, int i)
{
    return d->node->input[i];
}

static void give(Derive *d, int i, Node *gradient)
{
    d->gradient[i] = gradient;
}

// ---- scalar functions ---------------------------------------------------------------------------

static void derive_neg(Derive *d) { give(d, 0, neg(d, d->g)); }

static void derive_abs(Derive *d)
{
    give(d, 0, mul(d, d->g, make_unary(d->b, P_SIGN, operand(d, 0))));
}

static void derive_sqrt(Derive *d)
{
    give(d, 0, div_by(d, d->g, mul(d, like(d, d->node, 2), d->node)));
}

static void derive_exp(Derive *d) { give(d, 0, mul(d, d->g, d->node)); }

static void derive_expm1(Derive *d)
{
    give(d, 0, mul(d, d->g, add(d, d->node, like(d, d->node, 1))));
}

static void derive_log(Derive *d) { give(d, 0, div_by(d, d->g, operand(d, 0))); }

static void derive_log1p(Derive *d)
{
    give(d, 0, div_by(d, d->g, add(d, operand(d, 0), like(d, d->node, 1))));
}

static void derive_sin(Derive *d)
{
    give(d, 0, mul(d, d->g, make_unary(d->b, P_COS, operand(d, 0))));
}

static void derive_cos(Derive *d)
{
    give(d, 0, neg(d, mul(d, d->g, make_unary(d->b, P_SIN, operand(d, 0)))));
}

static void derive_tanh(Derive *d)
{
    Node *square = mul(d, d->node, d->node);
    give(d, 0, mul(d, d->g, sub(d, like(d, square, 1), square)));
}

// 2 / sqrt(pi) * exp(-x²)
static void derive_erf(Derive *d)
{
    Node *x = operand(d, 0);
    Node *bell = make_unary(d->b, P_EXP, neg(d, mul(d, x, x)));
    give(d, 0, mul(d, d->g, mul(d, like(d, x, 0x1.20dd750429b6dp+0), bell)));
}

static void derive_cast(Derive *d)
{
    give(d, 0, make_cast(d->b, operand(d, 0)->dtype, d->g));
}

static void derive_add(Derive *d)
{
    give(d, 0, d->g);
    give(d, 1, d->g);
}

static void derive_sub(Derive *d)
{
    give(d, 0, d->g);
    if (d->wanted[1])
        give(d, 1, neg(d, d->g));
}

static void derive_mul(Derive *d)
{
    if (d->wanted[0])
        give(d, 0, mul(d, d->g, operand(d, 1)));
    if (d->wanted[1])
        give(d, 1, mul(d, d->g, operand(d, 0)));
}

static void derive_div(Derive *d)
{
    Node *quotient = div_by(d, d->g, operand(d, 1));
    give(d, 0, quotient);
    if (d->wanted[1])
        give(d, 1, neg(d, mul(d, quotient, d->node)));
}

// x mod y = x - floor(x / y) * y, and the floor is constant between its steps.
static void derive_mod(Derive *d)
{
    give(d, 0, d->g);
    if (d->wanted[1]) {
        Node *whole = make_binary(d->b, P_FLOORDIV, operand(d, 0), operand(d, 1));
        give(d, 1, neg(d, mul(d, d->g, whole)));
    }
}

// y * x^(y - 1). Where y is 0 the power would be 1/x, infinite at 0, so the exponent is kept away.
static Node *pow_in_base(Derive *d)
{
    Node *x = operand(d, 0), *y = operand(d, 1);
    double exponent;
    if (node_constant(y, &exponent))
        return mul(d, y, make_binary(d->b, P_POW, x, like(d, y, exponent - 1)));
    Node *flat = make_binary(d->b, P_EQ, y, like(d, y, 0));
    Node *safe = MUTANT(derive_pow_zero_exponent) ? y : make_select(d->b, flat, like(d, y, 1), y);
    return mul(d, y, make_binary(d->b, P_POW, x, sub(d, safe, like(d, y, 1))));
}

// x^y * log(x); 0 where x is 0 and y is not below 0.
static Node *pow_in_exponent(Derive *d)
{
    Node *x = operand(d, 0), *y = operand(d, 1);
    Node *zero = make_binary(d->b, P_EQ, x, like(d, x, 0));
    Node *flat = make_binary(d->b, P_AND, zero, make_binary(d->b, P_LE, like(d, y, 0), y));
    Node *safe = MUTANT(derive_pow_zero_base) ? x : make_select(d->b, flat, like(d, x, 1), x);
    return mul(d, d->node, make_unary(d->b, P_LOG, safe));
}

static void derive_pow(Derive *d)
{
    if (d->wanted[0])
        give(d, 0, mul(d, d->g, pow_in_base(d)));
    if (d->wanted[1])
        give(d, 1, mul(d, d->g, pow_in_exponent(d)));
}

// The gradient of the operand that won where `lost` is less than `won`; half of it on a tie.
static Node *winner(Derive *d, Node *less, Node *greater)
{
    const double share = MUTANT(derive_maximum_tie) ? 1 : 0.5;
    Node *half = mul(d, d->g, like(d, d->g, share));
    Node *tie = make_binary(d->b, P_EQ, less, greater);
    Node *rest = make_select(d->b, tie, half, like(d, d->g, 0));
    return make_select(d->b, make_binary(d->b, P_LT, less, greater), d->g, rest);
}

static void derive_maximum(Derive *d)
{
    Node *x = operand(d, 0), *y = operand(d, 1);
    if (d->wanted[0])
        give(d, 0, winner(d, y, x));
    if (d->wanted[1])
        give(d, 1, winner(d, x, y));
}

static void derive_minimum(Derive *d)
{
    Node *x = operand(d, 0), *y = operand(d, 1);
    if (d->wanted[0])
        give(d, 0, winner(d, x, y));
    if (d->wanted[1])
        give(d, 1, winner(d, y, x));
}

static void derive_select(Derive *d)
{
    Node *zero = like(d, d->g, 0);
    if (d->wanted[1])
        give(d, 1, make_select(d->b, operand(d, 0), d->g, zero));
    if (d->wanted[2])
        give(d, 2, make_select(d->b, operand(d, 0), zero, d->g));
}

// ---- reductions ---------------------------------------------------------------------------------

static void derive_sum(Derive *d)
{
    give(d, 0, node_spread(d->b, d->g, &operand(d, 0)->shape, ~d->node->attr->axes));
}

// To all that equal the greatest (least), in even shares.
static void derive_max(Derive *d)
{
    Node *x = operand(d, 0);
    const uint32_t axes = d->node->attr->axes;
    Node *best = make_binary(d->b, P_EQ, x, node_spread(d->b, d->node, &x->shape, ~axes));
    Node *count = make_reduce(d->b, P_SUM, make_cast(d->b, x->dtype, best), axes);
    Node *share = MUTANT(derive_max_tie) ? d->g : div_by(d, d->g, count);
    Node *spread = node_spread(d->b, share, &x->shape, ~axes);
    give(d, 0, make_select(d->b, best, spread, like(d, spread, 0)));
}

static void derive_min(Derive *d) { derive_max(d); }

// ---- contractions and convolutions --------------------------------------------------------------

// The gradient of `to` in contract(to, other), g with the free axes of `to` first:
// [batch, free.., rest..] x [batch, rest.., k..] summed over the free axes `rest` of the other.
static Node *contract_gradient(Derive *d, Node *g, Node *to, Node *other)
{
    const int batch = d->node->attr->batch, contracted = d->node->attr->contracted;
    const int rest = other->shape.rank - batch - contracted;
    if (rest > 0)
        return make_contract(d->b, g, node_rotate(d->b, other, batch, rest), batch, rest);
    const int rank = to->shape.rank;
    const uint32_t first = (1u << batch) - 1;
    const uint32_t last = ((1u << contracted) - 1) << (rank - contracted);
    return mul(d, node_spread(d->b, g, &to->shape, ~last),
               node_spread(d->b, other, &to->shape, first | last));
}

static void derive_contract(Derive *d)
{
    Node *x = operand(d, 0), *y = operand(d, 1);
    const int batch = d->node->attr->batch;
    const int free = x->shape.rank - batch - d->node->attr->contracted;
    if (d->wanted[0])
        give(d, 0, contract_gradient(d, d->g, x, y));
    if (d->wanted[1])
        give(d, 1, contract_gradient(d, node_rotate(d->b, d->g, batch, free), y, x));
}

// A convolution, its gradient in x and that in the weight are one form in three tensors, linear in
// each: the derivative of one is made of the other two.
static void derive_convolve(Derive *d)
{
    Node *x = operand(d, 0), *weight = operand(d, 1);
    const Window *window = &d->node->attr->window;
    if (d->wanted[0])
        give(d, 0, make_convolve_input(d->b, d->g, weight, window, &x->shape));
    if (d->wanted[1])
        give(d, 1, make_convolve_weight(d->b, x, d->g, window, &weight->shape));
}

static void derive_convolve_input(Derive *d)
{
    Node *weight = operand(d, 1);
    const Window *window = &d->node->attr->window;
    if (d->wanted[0])
        give(d, 0, make_convolve(d->b, d->g, weight, window));
    if (d->wanted[1])
        give(d, 1, make_convolve_weight(d->b, d->g, operand(d, 0), window, &weight->shape));
}

static void derive_convolve_weight(Derive *d)
{
    Node *x = operand(d, 0);
    const Window *window = &d->node->attr->window;
    if (d->wanted[0])
        give(d, 0, make_convolve_input(d->b, operand(d, 1), d->g, window, &x->shape));
    if (d->wanted[1])
        give(d, 1, make_convolve(d->b, x, d->g, window));
}

// ---- windows ------------------------------------------------------------------------------------

static void derive_window_max(Derive *d)
{
    give(d, 0, make_window_max_grad(d->b, operand(d, 0), d->g, &d->node->attr->window));
}

// Where the maxima are does not change with x, but at ties.
static void derive_window_max_grad(Derive *d)
{
    if (d->wanted[1])
        give(d, 1, make_window_max_pick(d->b, operand(d, 0), d->g, &d->node->attr->window));
}

static void derive_window_max_pick(Derive *d)
{
    if (d->wanted[1])
        give(d, 1, make_window_max_grad(d->b, operand(d, 0), d->g, &d->node->attr->window));
}

static void derive_window_sum(Derive *d)
{
    const Shape *shape = &operand(d, 0)->shape;
    give(d, 0, make_window_sum_grad(d->b, d->g, &d->node->attr->window, shape));
}

static void derive_window_sum_grad(Derive *d)
{
    give(d, 0, make_window(d->b, P_WINDOW_SUM, d->g, &d->node->attr->window));
}

// ---- the table ----------------------------------------------------------------------------------

static void derive_none(Derive *d) { (void)d; }

static DeriveRule *const rules[] = {
#define PRIM(id, name, class, arity, shape, rule, ...) derive_##rule,
#include "prims.def"
#undef PRIM
};

DeriveRule *derive_rule(Prim prim)
{
    return rules[prim] == derive_none ? NULL : rules[prim];
}
