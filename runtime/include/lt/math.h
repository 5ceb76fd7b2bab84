// math.h: the scalar functions of a specification, one definition for every reader of a program.
//
// Emitted code, the runtime and the compiler's constant folding all call these, so a value is the
// same wherever it was computed: with gcc or clang, at any -O level, for any -march. That holds
// because nothing here rests on more than what IEEE 754 defines to the bit (+, -, *, /, sqrt, fma,
// floor, rint, fmod, comparison, conversion), and every fused multiply-add is spelled out.
// It needs -ffp-contract=off and IEEE denormals; it never sees -ffast-math. The float functions
// are free of branches and tables, so a plain loop over them becomes vector code under
// -O3 -fno-math-errno -fno-trapping-math. The payload and sign of a NaN are not specified.
//
// tests/math measures the errors and prints them; most functions stay within 1 ulp.
#pragma once
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __FAST_MATH__
#error "lt/math.h gives the same bits everywhere only without -ffast-math"
#endif

// ---- bits ---------------------------------------------------------------------------------------

static inline uint32_t lt_bits_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float lt_value_f32(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint64_t lt_bits_f64(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double lt_value_f64(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// ---- comparison and rounding --------------------------------------------------------------------

// The larger (smaller) of two, NaN if either is. Of two equal values, +0 and -0 among them, it is
// the second. The inner select is what maxps does, so it costs one instruction; it already gives
// y when y is NaN.
static inline float lt_max_f32(float x, float y)
{
    const float larger = x > y ? x : y;
    return x != x ? x : larger;
}

static inline float lt_min_f32(float x, float y)
{
    const float smaller = x < y ? x : y;
    return x != x ? x : smaller;
}

static inline double lt_max_f64(double x, double y)
{
    const double larger = x > y ? x : y;
    return x != x ? x : larger;
}

static inline double lt_min_f64(double x, double y)
{
    const double smaller = x < y ? x : y;
    return x != x ? x : smaller;
}

static inline float lt_abs_f32(float x) { return fabsf(x); }
static inline double lt_abs_f64(double x) { return fabs(x); }

static inline float lt_sqrt_f32(float x) { return sqrtf(x); }
static inline double lt_sqrt_f64(double x) { return sqrt(x); }

static inline float lt_floor_f32(float x) { return floorf(x); }
static inline double lt_floor_f64(double x) { return floor(x); }

static inline float lt_ceil_f32(float x) { return ceilf(x); }
static inline double lt_ceil_f64(double x) { return ceil(x); }

static inline float lt_trunc_f32(float x) { return truncf(x); }
static inline double lt_trunc_f64(double x) { return trunc(x); }

// To the nearest integer, halves to even, as the default rounding mode does.
static inline float lt_round_f32(float x) { return rintf(x); }
static inline double lt_round_f64(double x) { return rint(x); }

// -1, 0 or 1; zero for either zero, NaN for NaN.
static inline float lt_sign_f32(float x)
{
    const float one = x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f;
    return x != x ? x : one;
}

static inline double lt_sign_f64(double x)
{
    const double one = x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0;
    return x != x ? x : one;
}

// Zero in place of a denormal, for values that decay towards zero, such as moments: arithmetic
// on denormals costs 100 cycles each. It is part of the program, so every machine agrees.
static inline float lt_flush_f32(float x)
{
    return fabsf(x) < 0x1p-126f ? 0.0f : x;
}

// The remainder with the sign of the divisor; NaN for a divisor of 0. fmod is exact by definition
// but no vector instruction, so a loop over it stays scalar.
static inline float lt_mod_f32(float x, float y)
{
    const float remainder = fmodf(x, y);
    return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder;
}

static inline double lt_mod_f64(double x, double y)
{
    const double remainder = fmod(x, y);
    return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder;
}

// The floor of the exact quotient, rounded only if it has no exact float; x / 0 as division gives.
static inline float lt_floordiv_f32(float x, float y)
{
    if (y == 0)
        return x / y;
    const float quotient = (x - lt_mod_f32(x, y)) / y;
    const float below = floorf(quotient);
    const float nearest = quotient - below > 0.5f ? below + 1 : below;
    return nearest == 0 ? copysignf(0, x / y) : nearest;
}

static inline double lt_floordiv_f64(double x, double y)
{
    if (y == 0)
        return x / y;
    const double quotient = (x - lt_mod_f64(x, y)) / y;
    const double below = floor(quotient);
    const double nearest = quotient - below > 0.5 ? below + 1 : below;
    return nearest == 0 ? copysign(0, x / y) : nearest;
}

// ---- sums and extremes of lanes -----------------------------------------------------------------

// The sum (largest, smallest) of a power of two of lanes, by halves: the order is fixed whatever
// the width of a vector. Overwrites the lanes.
#define LT_FOLD(name, type, combine)                                                               \
    static inline type name(type *lane, int lanes)                                                 \
    {                                                                                              \
        for (int half = lanes / 2; half; half /= 2)                                                \
            for (int i = 0; i < half; i++)                                                         \
                lane[i] = combine(lane[i], lane[half + i]);                                        \
        return lane[0];                                                                            \
    }

static inline float lt_add_f32(float x, float y) { return x + y; }
static inline double lt_add_f64(double x, double y) { return x + y; }

LT_FOLD(lt_fold_f32, float, lt_add_f32)
LT_FOLD(lt_fold_f64, double, lt_add_f64)
LT_FOLD(lt_fold_max_f32, float, lt_max_f32)
LT_FOLD(lt_fold_max_f64, double, lt_max_f64)
LT_FOLD(lt_fold_min_f32, float, lt_min_f32)
LT_FOLD(lt_fold_min_f64, double, lt_min_f64)
#undef LT_FOLD

// b^n for a number of the host, such as a decay rate to the step.
static inline double lt_power(double b, uint64_t n)
{
    double y = 1;
    for (; n; n >>= 1, b *= b)
        if (n & 1)
            y *= b;
    return y;
}

#include "lt/convert.h"
#include "lt/math_f32.h"
#include "lt/math_f64.h"
