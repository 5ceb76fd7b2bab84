// math_f64.h: exponentials, logarithms, circles and powers of doubles; a part of math.h.
//
// Built as the float functions are, for host code, constants and programs in double. FDLIBM is
// Sun's Freely Distributable LIBM (1993); coefficients without a name are Taylor's or minimax fits.
#pragma once
#include "lt/math.h"

// ---- exponentials -------------------------------------------------------------------------------

// 2^n for a normal result.
static inline double lt_exponent_f64(int64_t n)
{
    return lt_value_f64((uint64_t)(n + 1023) << 52);
}

typedef struct {
    int64_t n;
    double r, tail;
} lt_exp_parts_f64;

// x = n ln 2 + r + tail with |r| <= ln 2 / 2; the first product is exact.
static inline lt_exp_parts_f64 lt_exp_reduce_f64(double x)
{
    const double shifted = fma(x, 0x1.71547652b82fep+0, LT_ROUND_F64);
    const double n = shifted - LT_ROUND_F64;
    const double first = fma(n, -0x1.62e42fefa39efp-1, x);
    const double r = fma(n, -0x1.abc9e3b39803fp-56, first);
    const double tail = fma(n, -0x1.abc9e3b39803fp-56, first - r);
    return (lt_exp_parts_f64){(int64_t)(lt_bits_f64(shifted) - lt_bits_f64(LT_ROUND_F64)), r, tail};
}

// e^r - 1 - r for |r| <= ln 2 / 2: Taylor's series to r^14.
static inline double lt_exp_rest_f64(double r)
{
    double y = 1.0 / 87178291200;
    y = fma(y, r, 1.0 / 6227020800);
    y = fma(y, r, 1.0 / 479001600);
    y = fma(y, r, 1.0 / 39916800);
    y = fma(y, r, 1.0 / 3628800);
    y = fma(y, r, 1.0 / 362880);
    y = fma(y, r, 1.0 / 40320);
    y = fma(y, r, 1.0 / 5040);
    y = fma(y, r, 1.0 / 720);
    y = fma(y, r, 1.0 / 120);
    y = fma(y, r, 1.0 / 24);
    y = fma(y, r, 1.0 / 6);
    y = fma(y, r, 0.5);
    return y * (r * r);
}

// e^(x + tail), where tail is small and changes only the last bits. It is dropped where the result
// saturates and it may be no number. 1 + r is kept exact in two parts.
static inline double lt_exp_sum_f64(double x, double tail)
{
    tail = fabs(x) < 800 ? tail : 0;
    x = x < -746.0 ? -746.0 : x;
    x = x > 710.0 ? 710.0 : x;
    const lt_exp_parts_f64 parts = lt_exp_reduce_f64(x);
    const double rest = lt_exp_rest_f64(parts.r), low = parts.tail + tail;
    const double sum = 1 + parts.r, lost = (1 - sum) + parts.r;
    const double y = sum + (lost + (rest + fma(parts.r + rest, low, low)));
    const int64_t half = parts.n >> 1;
    return y * lt_exponent_f64(half) * lt_exponent_f64(parts.n - half);
}

static inline double lt_exp_f64(double x)
{
    return lt_exp_sum_f64(x, 0);
}

// e^x - 1. Half of it is computed, so that 2^1024 is never needed where the result is finite; the
// part linear in r is kept exact in two parts.
static inline double lt_expm1_f64(double x)
{
    double inside = x < -40.0 ? -40.0 : x;
    inside = inside > 710.0 ? 710.0 : inside;
    const lt_exp_parts_f64 parts = lt_exp_reduce_f64(inside);
    const double rest = lt_exp_rest_f64(parts.r);
    const double low = fma(parts.r + rest, parts.tail, parts.tail);
    const double scale = lt_exponent_f64(parts.n - 1), one = scale - 0.5;
    const double linear = fma(scale, parts.r, one), lost = fma(scale, parts.r, one - linear);
    const double half = linear + fma(scale, rest + low, lost);
    return fabs(x) < 0x1p-54 ? x : half + half;
}

// ---- logarithms ---------------------------------------------------------------------------------

// The exponent e, in place and not biased, for which x / 2^e is in [sqrt 1/2, sqrt 2).
static inline uint64_t lt_log_exponent_f64(double x)
{
    return (lt_bits_f64(x) - 0x3FE6A09E667F3BCD) & 0xFFF0000000000000;
}

static inline double lt_exponent_value_f64(uint64_t exponent)
{
    const uint64_t biased = (exponent + 0x4000000000000000) >> 52;
    return lt_value_f64(biased | 0x4330000000000000) - (0x1p52 + 1024);
}

// ln (1 + f) + e ln 2 for 1 + f in [sqrt 1/2, sqrt 2): FDLIBM e_log.c.
static inline double lt_log_parts_f64(double f, double e)
{
    const double s = f / (2 + f), square = s * s, half = 0.5 * f * f;
    double y = 1.479819860511658591e-01;
    y = fma(y, square, 1.531383769920937332e-01);
    y = fma(y, square, 1.818357216161805012e-01);
    y = fma(y, square, 2.222219843214978396e-01);
    y = fma(y, square, 2.857142874366239149e-01);
    y = fma(y, square, 3.999999999940941908e-01);
    y = fma(y, square, 6.666666666666735130e-01);
    const double rest = fma(s, fma(y, square, half), e * 1.90821492927058770002e-10);
    return fma(e, 6.93147180369123816490e-01, f - (half - rest));
}

static inline double lt_log_special_f64(double x)
{
    const double undefined = lt_value_f64(0x7FF8000000000000);
    return x < 0 ? undefined : x == 0 ? -(double)INFINITY : x;
}

// ln x.
static inline double lt_log_f64(double x)
{
    const double scaled = x < DBL_MIN ? x * 0x1p52 : x;
    const double from = x < DBL_MIN ? -52.0 : 0.0;
    const uint64_t exponent = lt_log_exponent_f64(scaled);
    const double e = lt_exponent_value_f64(exponent) + from;
    const double y = lt_log_parts_f64(lt_value_f64(lt_bits_f64(scaled) - exponent) - 1, e);
    return ((x > 0) & (x < (double)INFINITY)) ? y : lt_log_special_f64(x);
}

// ln (1 + x): see lt_log1p_f32.
static inline double lt_log1p_f64(double x)
{
    const uint64_t exponent = lt_log_exponent_f64(1 + x);
    const double e = lt_exponent_value_f64(exponent);
    const double scale = e < 128 ? lt_value_f64(0x3FF0000000000000 - exponent) : 0;
    const double f = lt_value_f64(lt_bits_f64(x) - exponent) + (scale - 1);
    const double y = lt_log_parts_f64(f, e);
    const double finite = fabs(x) < 0x1p-54 ? x : y;
    return ((x > -1) & (x < (double)INFINITY)) ? finite : lt_log_special_f64(1 + x);
}

// ---- sine and cosine ----------------------------------------------------------------------------

// sin (r + tail) for |r| <= pi / 4: FDLIBM k_sin.c.
static inline double lt_sine_f64(double r, double tail)
{
    const double square = r * r, cube = square * r;
    double y = 1.58969099521155010221e-10;
    y = fma(y, square, -2.50507602534068634195e-08);
    y = fma(y, square, 2.75573137070700676789e-06);
    y = fma(y, square, -1.98412698298579493134e-04);
    y = fma(y, square, 8.33333333332248946124e-03);
    const double rest = fma(square, fma(0.5, tail, -(cube * y)), -tail);
    return r - fma(cube, 1.66666666666666324348e-01, rest);
}

// cos (r + tail) for |r| <= pi / 4: FDLIBM k_cos.c.
static inline double lt_cosine_f64(double r, double tail)
{
    const double square = r * r, half = 0.5 * square, main = 1 - half;
    double y = -1.13596475577881948265e-11;
    y = fma(y, square, 2.08757232129817482790e-09);
    y = fma(y, square, -2.75573143513906633035e-07);
    y = fma(y, square, 2.48015872894767294178e-05);
    y = fma(y, square, -1.38888888888741095749e-03);
    y = fma(y, square, 4.16666666666666019037e-02);
    return main + (((1 - main) - half) + fma(square * square, y, -(r * tail)));
}

// sin (x + quarters pi / 2). pi / 2 is in three parts of 53 bits, the first subtraction is exact
// and the second keeps its error; good to |x| = 2^48, and from there on x counts as 0.
static inline double lt_circle_f64(double x, uint64_t quarters)
{
    const double near = fabs(x) > 0x1p48 ? x - x : x;
    const double shifted = fma(near, 0x1.45f306dc9c883p-1, LT_ROUND_F64);
    const double n = shifted - LT_ROUND_F64;
    const double first = fma(n, -0x1.921fb54442d18p+0, near);
    const double second = n * -0x1.1a62633145c07p-54;
    const double second_tail = fma(n, -0x1.1a62633145c07p-54, -second);
    const double sum = first + second, back = sum - first;
    const double lost = (first - (sum - back)) + (second - back);       // Knuth's two-sum
    const double rest = lost + fma(n, 0x1.f1976b7ed8fbcp-110, second_tail);
    const double r = sum + rest, tail = (sum - r) + rest;
    const uint64_t quadrant = lt_bits_f64(shifted) + quarters;
    const double y = quadrant & 1 ? lt_cosine_f64(r, tail) : lt_sine_f64(r, tail);
    return lt_value_f64(lt_bits_f64(y) ^ (quadrant & 2) << 62);
}

static inline double lt_sin_f64(double x)
{
    const double y = lt_circle_f64(x, 0);
    return x == 0 ? x : y;
}

static inline double lt_cos_f64(double x)
{
    return lt_circle_f64(x, 1);
}

// ---- sigmoids -----------------------------------------------------------------------------------

// tanh x from t = e^2x - 1, as FDLIBM s_tanh.c: below 1 with the negative exponent, as t / (t + 2)
// with the error of the sum and of the quotient put right.
static inline double lt_tanh_f64(double x)
{
    const double a = fabs(x), inside = a > 22.0 ? 22.0 : a;
    const double t = lt_expm1_f64(a < 1 ? -2 * inside : 2 * inside);
    const double sum = 2 + t, lost = (2 - sum) + t, quotient = -t / sum;
    const double remainder = fma(-quotient, sum, -t) - quotient * lost;
    const double small = quotient + remainder / sum;
    return copysign(a < 1 ? small : 1 - 2 / sum, x);
}

// erf x for 0 <= x <= 1.
static inline double lt_erf_small_f64(double x)
{
    const double square = x * x;
    double y = 0x1.29f85a67d51b8p-34;
    y = fma(y, square, -0x1.46b9f5525d31dp-30);
    y = fma(y, square, 0x1.fc945da630868p-27);
    y = fma(y, square, -0x1.5f9b7758e62efp-23);
    y = fma(y, square, 0x1.b9ef14b7d0b53p-20);
    y = fma(y, square, -0x1.f4d34013d9b41p-17);
    y = fma(y, square, 0x1.f9a3360b9f7e5p-14);
    y = fma(y, square, -0x1.c02db4a433862p-11);
    y = fma(y, square, 0x1.565bcd12da389p-8);
    y = fma(y, square, -0x1.b82ce312ae190p-6);
    y = fma(y, square, 0x1.ce2f21a0436c6p-4);
    y = fma(y, square, -0x1.812746b0379fep-2);
    y = fma(y, square, 0x1.06eba8214db69p-3);
    return fma(y, x, x);
}

// e^(x^2) erfc x for 1 <= x <= 6.2, as a polynomial in (x - 5/2) / (x + 5/2): the variable of
// Schonfelder, "Chebyshev Expansions for the Error and Related Functions", 1978.
static inline double lt_erfc_scaled_f64(double x)
{
    const double t = (x - 2.5) / (x + 2.5);
    double y = -0x1.9a39838ea9668p-22;
    y = fma(y, t, -0x1.0eb1f10e7c315p-19);
    y = fma(y, t, -0x1.31beb74d067e6p-19);
    y = fma(y, t, 0x1.fe06629e0b674p-18);
    y = fma(y, t, 0x1.38621efa83859p-16);
    y = fma(y, t, -0x1.1ecf6b984bdfep-15);
    y = fma(y, t, -0x1.0e485c0aa08ddp-13);
    y = fma(y, t, 0x1.def28e8a50211p-13);
    y = fma(y, t, 0x1.cb3b64d1641e3p-11);
    y = fma(y, t, -0x1.5a5716890ca4fp-9);
    y = fma(y, t, -0x1.05bb2fe3560edp-8);
    y = fma(y, t, 0x1.470ba1f67499dp-5);
    y = fma(y, t, -0x1.001154371734fp-3);
    y = fma(y, t, 0x1.01c11a735cd85p-2);
    y = fma(y, t, -0x1.7ca88dec217a4p-2);
    return fma(y, t, 0x1.afbb3f3b7343bp-3);
}

static inline double lt_erf_f64(double x)
{
    const double a = fabs(x), inside = a > 6.2 ? 6.2 : a;
    const double large = 1 - lt_exp_f64(-inside * inside) * lt_erfc_scaled_f64(inside);
    return copysign(a < 1 ? lt_erf_small_f64(a) : large, x);
}

// ---- powers -------------------------------------------------------------------------------------

typedef struct {
    double high, low;
} lt_pair;

// The sum of a larger and a smaller number, exact.
static inline lt_pair lt_pair_sum(double larger, double smaller)
{
    const double sum = larger + smaller;
    return (lt_pair){sum, (larger - sum) + smaller};
}

// The product, to about 100 bits.
static inline lt_pair lt_pair_product(lt_pair x, lt_pair y)
{
    const double product = x.high * y.high;
    const double error = fma(x.high, y.high, -product);
    return (lt_pair){product, fma(x.high, y.low, fma(x.low, y.high, error))};
}

// 2 artanh s - 2 s over s: 2/3 s^2 in a pair, and the rest of the series, 60 times smaller.
static inline lt_pair lt_artanh_rest_f64(lt_pair square)
{
    const double z = square.high;
    double y = 2.0 / 25;
    y = fma(y, z, 2.0 / 23);
    y = fma(y, z, 2.0 / 21);
    y = fma(y, z, 2.0 / 19);
    y = fma(y, z, 2.0 / 17);
    y = fma(y, z, 2.0 / 15);
    y = fma(y, z, 2.0 / 13);
    y = fma(y, z, 2.0 / 11);
    y = fma(y, z, 2.0 / 9);
    y = fma(y, z, 2.0 / 7);
    y = fma(y, z, 2.0 / 5);
    const lt_pair third = {0x1.5555555555555p-1, 0x1.5555555555555p-55};
    const lt_pair first = lt_pair_product(third, square);
    const lt_pair sum = lt_pair_sum(first.high, y * z * z);
    return (lt_pair){sum.high, sum.low + first.low};
}

// ln a of a positive finite number to about 2^-64, in a pair.
static inline lt_pair lt_log_pair_f64(double a)
{
    const double scaled = a < DBL_MIN ? a * 0x1p52 : a;
    const uint64_t exponent = lt_log_exponent_f64(scaled);
    const double e = lt_exponent_value_f64(exponent) - (a < DBL_MIN ? 52.0 : 0.0);
    const double m = lt_value_f64(lt_bits_f64(scaled) - exponent);
    const double f = m - 1, below = m + 1, below_low = m - (below - 1);
    const double quotient = f / below;
    const double remainder = fma(-quotient, below_low, fma(-quotient, below, f));
    const lt_pair s = {quotient, remainder / below};
    const lt_pair rest = lt_pair_product(s, lt_artanh_rest_f64(lt_pair_product(s, s)));
    const lt_pair series = lt_pair_sum(2 * s.high, rest.high);
    const lt_pair sum = lt_pair_sum(e * 0x1.62e42feep-1, series.high);
    const double low = fma(e, 0x1.a39ef35793c76p-33, series.low + fma(2, s.low, rest.low));
    return lt_pair_sum(sum.high, sum.low + low);
}

// The powers that programs write most, to the last bit; else y.
static inline double lt_pow_exact_f64(double x, double power, double y)
{
    y = power == 2 ? x * x : y;
    y = power == -1 ? 1 / x : y;
    y = ((power == 0.5) & (x > 0)) ? sqrt(x) : y;
    y = power == 1 ? x : y;
    return ((power == 0) | (x == 1)) ? 1 : y;
}

// x^power: see lt_pow_f32.
static inline double lt_pow_f64(double x, double power)
{
    const double a = fabs(x), infinity = (double)INFINITY;
    double limited = power < -DBL_MAX ? -DBL_MAX : power;
    limited = limited > DBL_MAX ? DBL_MAX : limited;
    lt_pair logarithm = lt_log_pair_f64(a);
    logarithm.high = a == 0 ? -infinity : logarithm.high;
    logarithm.high = a < infinity ? logarithm.high : a;
    const double product = limited * logarithm.high;
    const double error = fma(limited, logarithm.high, -product);
    double y = lt_exp_sum_f64(product, fma(limited, logarithm.low, error));
    const double half = power * 0.5;
    const int whole = floor(power) == power;
    const int odd = whole & (floor(half) != half);
    y = odd ? copysign(y, x) : y;
    y = ((x < 0) & (a < infinity) & !whole) ? lt_value_f64(0x7FF8000000000000) : y;
    return lt_pow_exact_f64(x, power, y);
}
