// math_f32.h: exponentials, logarithms, circles and powers of floats; a part of math.h.
//
// No branch and no table: where two formulas meet, both are computed and one is selected, and
// special values are selected last. Coefficients are those of Cephes (Moshier, single precision)
// where it is named; the others are minimax fits to the relative error, rounded one by one from
// the lowest with the rest fitted again.
#pragma once
#include "lt/math.h"

// 1.5 * 2^23 and 1.5 * 2^52: added to a number, they leave its nearest integer in the low bits.
#define LT_ROUND_F32 0x1.8p23f
#define LT_ROUND_F64 0x1.8p52

// ---- exponentials -------------------------------------------------------------------------------

// 2^n for a normal result.
static inline float lt_exponent_f32(int32_t n)
{
    return lt_value_f32((uint32_t)(n + 127) << 23);
}

// x = n ln 2 + r with |r| <= ln 2 / 2, for |x| < 2^20; ln 2 in two parts, the first of 15 bits.
typedef struct {
    int32_t n;
    float r;
} lt_exp_parts_f32;

static inline lt_exp_parts_f32 lt_exp_reduce_f32(float x)
{
    const float shifted = fmaf(x, 0x1.715476p+0f, LT_ROUND_F32);
    const float n = shifted - LT_ROUND_F32;
    const float r = fmaf(n, -1.42860677e-6f, fmaf(n, -0.693145752f, x));
    return (lt_exp_parts_f32){(int32_t)(lt_bits_f32(shifted) - lt_bits_f32(LT_ROUND_F32)), r};
}

// e^r - 1 for |r| <= ln 2 / 2.
static inline float lt_exp_less_one_f32(float r)
{
    float y = 0x1.9a615ap-13f;
    y = fmaf(y, r, 0x1.6d4b98p-10f);
    y = fmaf(y, r, 0x1.1115d2p-7f);
    y = fmaf(y, r, 0x1.5554eap-5f);
    y = fmaf(y, r, 0x1.555552p-3f);
    y = fmaf(y, r, 0.5f);
    return fmaf(y, r * r, r);
}

// e^x. The power of two is applied in halves, so results reach infinity and the denormals.
static inline float lt_exp_f32(float x)
{
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    const lt_exp_parts_f32 parts = lt_exp_reduce_f32(x);
    const int32_t half = parts.n >> 1;
    const float y = lt_exp_less_one_f32(parts.r) + 1;
    return y * lt_exponent_f32(half) * lt_exponent_f32(parts.n - half);
}

// e^x where the result is known to be normal: |x| < 87.
static inline float lt_exp_normal_f32(float x)
{
    const lt_exp_parts_f32 parts = lt_exp_reduce_f32(x);
    return (lt_exp_less_one_f32(parts.r) + 1) * lt_exponent_f32(parts.n);
}

// e^x - 1. Half of it is computed, so that 2^128 is never needed where the result is finite.
static inline float lt_expm1_f32(float x)
{
    float inside = x < -20.0f ? -20.0f : x;
    inside = inside > 89.0f ? 89.0f : inside;
    const lt_exp_parts_f32 parts = lt_exp_reduce_f32(inside);
    const float scale = lt_exponent_f32(parts.n - 1);
    const float half = fmaf(lt_exp_less_one_f32(parts.r), scale, scale - 0.5f);
    return fabsf(x) < 0x1p-25f ? x : half + half;
}

// ---- logarithms ---------------------------------------------------------------------------------

// ln (1 + f) + e ln 2 for 1 + f in [sqrt 1/2, sqrt 2): Cephes logf.
static inline float lt_log_parts_f32(float f, float e)
{
    const float square = f * f;
    float y = 7.0376836292e-2f;
    y = fmaf(y, f, -1.1514610310e-1f);
    y = fmaf(y, f, 1.1676998740e-1f);
    y = fmaf(y, f, -1.2420140846e-1f);
    y = fmaf(y, f, 1.4249322787e-1f);
    y = fmaf(y, f, -1.6668057665e-1f);
    y = fmaf(y, f, 2.0000714765e-1f);
    y = fmaf(y, f, -2.4999993993e-1f);
    y = fmaf(y, f, 3.3333331174e-1f);
    y = fmaf(y * f, square, fmaf(e, -2.12194440e-4f, -0.5f * square));
    return fmaf(e, 0.693359375f, f + y);
}

// The exponent e, in place and not biased, for which x / 2^e is in [sqrt 1/2, sqrt 2).
static inline uint32_t lt_log_exponent_f32(float x)
{
    return (lt_bits_f32(x) - 0x3F3504F3) & 0xFF800000;
}

// What a logarithm is where it is not finite: x is the number less the pole, so 0, negative,
// infinity or NaN.
static inline float lt_log_special_f32(float x)
{
    const float undefined = lt_value_f32(0x7FC00000);
    return x < 0 ? undefined : x == 0 ? -INFINITY : x;
}

// ln x.
static inline float lt_log_f32(float x)
{
    const float scaled = x < FLT_MIN ? x * 0x1p23f : x;
    const float from = x < FLT_MIN ? -23.0f : 0.0f;
    const uint32_t exponent = lt_log_exponent_f32(scaled);
    const float e = fmaf((float)(int32_t)exponent, 0x1p-23f, from);
    const float y = lt_log_parts_f32(lt_value_f32(lt_bits_f32(scaled) - exponent) - 1, e);
    return ((x > 0) & (x < INFINITY)) ? y : lt_log_special_f32(x);
}

// ln (1 + x). With 1 + x near 2^e, f = 2^-e x + (2^-e - 1) loses nothing that matters; from
// 2^64 on, 2^-e itself is as good as 0.
static inline float lt_log1p_f32(float x)
{
    const uint32_t exponent = lt_log_exponent_f32(1 + x);
    const float e = (float)(int32_t)exponent * 0x1p-23f;
    const float scale = e < 64 ? lt_value_f32(0x3F800000 - exponent) : 0;
    const float f = lt_value_f32(lt_bits_f32(x) - exponent) + (scale - 1);
    const float y = lt_log_parts_f32(f, e);
    const float finite = fabsf(x) < 0x1p-25f ? x : y;
    return ((x > -1) & (x < INFINITY)) ? finite : lt_log_special_f32(1 + x);
}

// ---- sine and cosine ----------------------------------------------------------------------------

// sin (x + quarters pi / 2). The reduction is in double, with pi / 2 in two parts, and good to
// |x| = 2^48. Neighbouring floats are far more than a period apart there; from there on x counts
// as 0. Polynomials: Cephes sinf and cosf.
static inline float lt_circle_f32(float x, uint32_t quarters)
{
    const double near = fabsf(x) > 0x1p48f ? x - x : x;
    const double shifted = fma(near, 0x1.45f306dc9c883p-1, LT_ROUND_F64);
    const double n = shifted - LT_ROUND_F64;
    const float r = (float)fma(n, -0x1.1a62633145c07p-54, fma(n, -0x1.921fb54442d18p+0, near));
    const uint32_t quadrant = (uint32_t)lt_bits_f64(shifted) + quarters;
    const float square = r * r;
    float sine = fmaf(-1.9515295891e-4f, square, 8.3321608736e-3f);
    sine = fmaf(sine, square, -1.6666654611e-1f);
    sine = fmaf(sine * square, r, r);
    float cosine = fmaf(2.443315711809948e-5f, square, -1.388731625493765e-3f);
    cosine = fmaf(cosine, square, 4.166664568298827e-2f);
    cosine = fmaf(fmaf(cosine, square, -0.5f), square, 1);
    const float y = quadrant & 1 ? cosine : sine;
    return lt_value_f32(lt_bits_f32(y) ^ (quadrant & 2) << 30);
}

static inline float lt_sin_f32(float x)
{
    const float y = lt_circle_f32(x, 0);
    return x == 0 ? x : y;
}

static inline float lt_cos_f32(float x)
{
    return lt_circle_f32(x, 1);
}

// ---- sigmoids -----------------------------------------------------------------------------------

// tanh x: a polynomial below 5/8 and 1 - 2 / (e^2x + 1) above, as in Cephes tanhf.
static inline float lt_tanh_f32(float x)
{
    const float a = fabsf(x), square = a * a;
    float small = -0x1.75615ap-8f;
    small = fmaf(small, square, 0x1.520944p-6f);
    small = fmaf(small, square, -0x1.b837acp-5f);
    small = fmaf(small, square, 0x1.1107p-3f);
    small = fmaf(small, square, -0x1.555532p-2f);
    small = fmaf(small * square, a, a);
    const float inside = a > 10.0f ? 10.0f : a;
    const float large = 1 - 2 / (lt_exp_normal_f32(inside + inside) + 1);
    return copysignf(a < 0.625f ? small : large, x);
}

// erf x: a polynomial below 0.93, and above it 1 - e^(a p(a)) with p fitted to ln erfc (a) / a,
// the form of Juffa's erff.
static inline float lt_erf_f32(float x)
{
    const float a = fabsf(x), square = a * a;
    float small = -0x1.3872aap-11f;
    small = fmaf(small, square, 0x1.46d94ep-8f);
    small = fmaf(small, square, -0x1.b67be4p-6f);
    small = fmaf(small, square, 0x1.ce1984p-4f);
    small = fmaf(small, square, -0x1.8126e2p-2f);
    small = fmaf(small, square, 0x1.06eba6p-3f);
    small = fmaf(small, a, a);
    const float inside = a > 3.95f ? 3.95f : a;
    float large = -0x1.791e4p-17f;
    large = fmaf(large, inside, 0x1.5291d4p-12f);
    large = fmaf(large, inside, -0x1.dd785ap-9f);
    large = fmaf(large, inside, 0x1.85549p-6f);
    large = fmaf(large, inside, -0x1.b3266cp-4f);
    large = fmaf(large, inside, -0x1.45327ap-1f);
    large = fmaf(large, inside, -0x1.20ef1ep+0f);
    large = 1 - lt_exp_normal_f32(large * inside);
    return copysignf(a < 0.93f ? small : large, x);
}

// ---- powers -------------------------------------------------------------------------------------

// ln a of a positive finite double, to 2^-39: the series of 2 artanh (f / (2 + f)).
static inline double lt_pow_log_f32(double a)
{
    const uint64_t exponent = (lt_bits_f64(a) - 0x3FE6A09E00000000) & 0xFFF0000000000000;
    const uint64_t biased = (exponent + 0x3FF0000000000000) >> 52;
    const double e = lt_value_f64(biased | 0x4330000000000000) - (0x1p52 + 1023);
    const double f = lt_value_f64(lt_bits_f64(a) - exponent) - 1;
    const double s = f / (2 + f), square = s * s;
    double y = 2.0 / 13;
    y = fma(y, square, 2.0 / 11);
    y = fma(y, square, 2.0 / 9);
    y = fma(y, square, 2.0 / 7);
    y = fma(y, square, 2.0 / 5);
    y = fma(y, square, 2.0 / 3);
    y = fma(y, square, 2.0);
    return fma(e, 0x1.62e42fefa39efp-1, y * s);
}

// e^x to 2^-37, for the range of a float's result: the series of e^r.
static inline float lt_pow_exp_f32(double x)
{
    x = x < -110.0 ? -110.0 : x;
    x = x > 90.0 ? 90.0 : x;
    const double shifted = fma(x, 0x1.71547652b82fep+0, LT_ROUND_F64);
    const double r = fma(shifted - LT_ROUND_F64, -0x1.62e42fefa39efp-1, x);
    double y = 1.0 / 362880;
    y = fma(y, r, 1.0 / 40320);
    y = fma(y, r, 1.0 / 5040);
    y = fma(y, r, 1.0 / 720);
    y = fma(y, r, 1.0 / 120);
    y = fma(y, r, 1.0 / 24);
    y = fma(y, r, 1.0 / 6);
    y = fma(y, r, 0.5);
    y = fma(y, r, 1.0);
    y = fma(y, r, 1.0);
    return (float)(y * lt_value_f64((lt_bits_f64(shifted) << 52) + 0x3FF0000000000000));
}

// The powers that programs write most, to the last bit; else y.
static inline float lt_pow_exact_f32(float x, float power, float y)
{
    y = power == 2 ? x * x : y;
    y = power == 3 ? (float)((double)x * x * x) : y;
    y = power == -1 ? 1 / x : y;
    y = ((power == 0.5f) & (x > 0)) ? sqrtf(x) : y;
    y = power == 1 ? x : y;
    return ((power == 0) | (x == 1)) ? 1 : y;
}

// x^power in the real numbers, with the special cases of C's pow: 0^0 = 1, and NaN for a negative
// finite x and a power that is no integer. A power of infinity counts as a huge even one.
static inline float lt_pow_f32(float x, float power)
{
    const float a = fabsf(x);
    float limited = power < -FLT_MAX ? -FLT_MAX : power;
    limited = limited > FLT_MAX ? FLT_MAX : limited;
    double logarithm = lt_pow_log_f32(a);
    logarithm = a == 0 ? -INFINITY : logarithm;
    logarithm = a < INFINITY ? logarithm : a;
    float y = lt_pow_exp_f32(limited * logarithm);
    const float half = power * 0.5f;
    const int whole = floorf(power) == power;
    const int odd = whole & (floorf(half) != half);
    y = odd ? copysignf(y, x) : y;
    y = ((x < 0) & (a < INFINITY) & !whole) ? lt_value_f32(0x7FC00000) : y;
    return lt_pow_exact_f32(x, power, y);
}
