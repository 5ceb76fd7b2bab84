#include "fold.h"
#include "lt/math.h"

// ---- rounding -----------------------------------------------------------------------------------

// To float such that a second rounding, to a narrower type, is right: an inexact float is made odd
// (Boldo and Melquiond, "When double rounding is odd").
static float float_odd(double value)
{
    const float nearest = (float)value;
    if (nearest == value || value != value || isinf(nearest) || lt_bits_f32(nearest) & 1)
        return nearest;
    const float toward = nearest < value ? INFINITY : -INFINITY;
    return nextafterf(nearest, toward);
}

double dtype_round(DType type, double value)
{
    switch (type) {
    case DT_F32: return (float)value;
    case DT_F16: return lt_f32_from_f16(lt_f16_from_f32(float_odd(value)));
    case DT_BF16: return lt_f32_from_bf16(lt_bf16_from_f32(float_odd(value)));
    case DT_I64: return (double)lt_i64_from_f64(value);
    case DT_I32: return lt_i32_from_f64(value);
    case DT_I16: return lt_i16_from_f64(value);
    case DT_I8: return lt_i8_from_f64(value);
    case DT_U8: return lt_u8_from_f64(value);
    case DT_BOOL: return value != 0;
    default: return value;
    }
}

// ---- integers -----------------------------------------------------------------------------------

static int64_t wrap(DType type, int64_t value)
{
    switch (type) {
    case DT_I32: return (int32_t)(uint32_t)value;
    case DT_I16: return (int16_t)(uint16_t)value;
    case DT_I8: return (int8_t)(uint8_t)value;
    case DT_U8: return (uint8_t)value;
    default: return value;
    }
}

static bool fold_integer(Prim prim, int64_t x, int64_t y, int64_t *value)
{
    switch (prim) {
    case P_NEG: *value = (int64_t)(0 - (uint64_t)x); return true;
    case P_ABS: *value = x < 0 ? (int64_t)(0 - (uint64_t)x) : x; return true;
    case P_SIGN: *value = (x > 0) - (x < 0); return true;
    case P_ADD: *value = (int64_t)((uint64_t)x + (uint64_t)y); return true;
    case P_SUB: *value = (int64_t)((uint64_t)x - (uint64_t)y); return true;
    case P_MUL: *value = (int64_t)((uint64_t)x * (uint64_t)y); return true;
    case P_FLOORDIV: *value = lt_idiv_i64(x, y); return true;
    case P_MOD: *value = lt_imod_i64(x, y); return true;
    case P_MAXIMUM: *value = x > y ? x : y; return true;
    case P_MINIMUM: *value = x < y ? x : y; return true;
    default: return false;
    }
}

static bool fold_integers(Prim prim, DType type, const double *x, double *value)
{
    const double limit = 0x1p53;
    int64_t whole;
    const double second = prim_arity(prim) > 1 ? x[1] : 0;
    if (fabs(x[0]) > limit || fabs(second) > limit)
        return false;
    if (!fold_integer(prim, (int64_t)x[0], (int64_t)second, &whole))
        return false;
    whole = wrap(type, whole);
    *value = (double)whole;
    return whole <= (int64_t)limit && whole >= -(int64_t)limit;
}

// ---- floats and truth ---------------------------------------------------------------------------

static bool fold_logical(Prim prim, const double *x, double *value)
{
    switch (prim) {
    case P_NOT: *value = !x[0]; return true;
    case P_AND: *value = x[0] && x[1]; return true;
    case P_OR: *value = x[0] || x[1]; return true;
    case P_EQ: *value = x[0] == x[1]; return true;
    case P_NE: *value = x[0] != x[1]; return true;
    case P_LT: *value = x[0] < x[1]; return true;
    case P_LE: *value = x[0] <= x[1]; return true;
    case P_SELECT: *value = x[0] ? x[1] : x[2]; return true;
    case P_CAST: *value = x[0]; return true;
    default: return false;
    }
}

static bool fold_function(Prim prim, double x, double *value)
{
    switch (prim) {
    case P_NEG: *value = -x; return true;
    case P_ABS: *value = lt_abs_f64(x); return true;
    case P_SIGN: *value = lt_sign_f64(x); return true;
    case P_FLOOR: *value = lt_floor_f64(x); return true;
    case P_CEIL: *value = lt_ceil_f64(x); return true;
    case P_ROUND: *value = lt_round_f64(x); return true;
    case P_SQRT: *value = lt_sqrt_f64(x); return true;
    case P_EXP: *value = lt_exp_f64(x); return true;
    case P_EXPM1: *value = lt_expm1_f64(x); return true;
    case P_LOG: *value = lt_log_f64(x); return true;
    case P_LOG1P: *value = lt_log1p_f64(x); return true;
    case P_SIN: *value = lt_sin_f64(x); return true;
    case P_COS: *value = lt_cos_f64(x); return true;
    case P_TANH: *value = lt_tanh_f64(x); return true;
    case P_ERF: *value = lt_erf_f64(x); return true;
    default: return false;
    }
}

static bool fold_arithmetic(Prim prim, double x, double y, double *value)
{
    switch (prim) {
    case P_ADD: *value = x + y; return true;
    case P_SUB: *value = x - y; return true;
    case P_MUL: *value = x * y; return true;
    case P_DIV: *value = x / y; return true;
    case P_FLOORDIV: *value = lt_floordiv_f64(x, y); return true;
    case P_MOD: *value = lt_mod_f64(x, y); return true;
    case P_POW: *value = lt_pow_f64(x, y); return true;
    case P_MAXIMUM: *value = lt_max_f64(x, y); return true;
    case P_MINIMUM: *value = lt_min_f64(x, y); return true;
    default: return false;
    }
}

bool fold_scalar(Prim prim, DType to, DType from, const double *x, double *value)
{
    bool known = fold_logical(prim, x, value);
    if (!known && dtype_kind(from) == KIND_INT)
        return fold_integers(prim, from, x, value);
    if (!known && dtype_kind(from) == KIND_FLOAT)
        known = prim_arity(prim) == 1 ? fold_function(prim, x[0], value)
                                      : fold_arithmetic(prim, x[0], x[1], value);
    if (known)
        *value = dtype_round(to, *value);
    return known;
}
