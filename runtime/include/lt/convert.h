// convert.h: integers, narrow floats and casts; a part of math.h, which includes it.
//
// A cast saturates and takes NaN to 0, so no value of a program has undefined behaviour. Each
// clamps before it converts: the select comes first, the conversion is always in range, and a
// loop over it stays a vector loop.
#pragma once
#include "lt/math.h"

// ---- integers -----------------------------------------------------------------------------------

// Division that rounds down, and the remainder with the sign of the divisor. A divisor of 0 gives
// 0 for both; the least integer divided by -1 wraps to itself, remainder 0.
static inline int64_t lt_idiv_i64(int64_t x, int64_t y)
{
    if (y == 0)
        return 0;
    if (y == -1)
        return (int64_t)(0 - (uint64_t)x);
    return x / y - (x % y != 0 && (x < 0) != (y < 0));
}

static inline int64_t lt_imod_i64(int64_t x, int64_t y)
{
    if (y == 0 || y == -1)
        return 0;
    const int64_t remainder = x % y;
    return remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder;
}

static inline int32_t lt_idiv_i32(int32_t x, int32_t y)
{
    return (int32_t)(uint32_t)(uint64_t)lt_idiv_i64(x, y);
}

static inline int32_t lt_imod_i32(int32_t x, int32_t y)
{
    return (int32_t)lt_imod_i64(x, y);
}

// x^n modulo 2^64. A negative power is that of the rational number rounded towards 0: ±1 for
// ±1 and 0 for all else, 0 itself included.
static inline int64_t lt_ipow_i64(int64_t x, int64_t n)
{
    if (n < 0)
        return x == 1 || (x == -1 && n % 2 == 0) ? 1 : x == -1 ? -1 : 0;
    uint64_t base = (uint64_t)x, y = 1;
    for (; n; n >>= 1, base *= base)
        if (n & 1)
            y *= base;
    return (int64_t)y;
}

static inline int32_t lt_ipow_i32(int32_t x, int32_t n)
{
    return (int32_t)(uint32_t)(uint64_t)lt_ipow_i64(x, n);
}

// ---- narrow floats ------------------------------------------------------------------------------

// Half precision, to nearest even. The sum with a power of two that depends on the exponent makes
// the adder round at the right bit, denormals and overflow included: Maratyszcza, FP16.
static inline uint16_t lt_f16_from_f32(float x)
{
    const uint32_t bits = lt_bits_f32(x), twice = bits + bits;
    uint32_t bias = twice & 0xFF000000;
    bias = bias < 0x71000000 ? 0x71000000 : bias;
    const float scaled = fabsf(x) * 0x1p112f * 0x1p-110f;
    const uint32_t rounded = lt_bits_f32(lt_value_f32((bias >> 1) + 0x07800000) + scaled);
    const uint32_t finite = ((rounded >> 13) & 0x7C00) + (rounded & 0x0FFF);
    return (uint16_t)(((bits >> 16) & 0x8000) | (twice > 0xFF000000 ? 0x7E00 : finite));
}

// Exact. The product moves the exponent, and makes a denormal half a normal float.
static inline float lt_f32_from_f16(uint16_t half)
{
    const uint32_t bits = (uint32_t)(half & 0x7FFF) << 13;
    const uint32_t finite = lt_bits_f32(lt_value_f32(bits) * 0x1p112f);
    const uint32_t special = bits | 0x7F800000;
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    return lt_value_f32((bits >= 0x0F800000 ? special : finite) | sign);
}

// The upper half of a float, to nearest even; the carry may reach infinity, as it should.
static inline uint16_t lt_bf16_from_f32(float x)
{
    const uint32_t bits = lt_bits_f32(x);
    const uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    const uint32_t quiet = (bits >> 16) | 0x40;
    return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? quiet : rounded);
}

static inline float lt_f32_from_bf16(uint16_t upper)
{
    return lt_value_f32((uint32_t)upper << 16);
}

// ---- casts --------------------------------------------------------------------------------------

// The size of x is cut off, and the sign given back to what is whole: gcc 12 makes of a float that
// becomes whole and a float again a rounding towards zero, under -fno-trapping-math, and so -0 of
// what is 0. `most` is the greatest float of the source's type that the target holds; from `limit`
// on the result is `top`, which that type may be too coarse to hold, up to `least` it is `bottom`.
#define LT_CAST(name, source, target, through, size, most, least, bottom, limit, top)              \
    static inline target name(source x)                                                            \
    {                                                                                              \
        source inside = x == x ? size(x) : 0;                                                      \
        inside = inside > most ? most : inside;                                                    \
        const target value = (target)(through)inside;                                              \
        const target signed_value = x < 0 ? (target)-value : value;                                \
        return x >= limit ? top : x <= least ? bottom : signed_value;                              \
    }

LT_CAST(lt_i64_from_f32, float, int64_t, int64_t, fabsf, 0x1.fffffep62f,
        -0x1p63f, INT64_MIN, 0x1p63f, INT64_MAX)
LT_CAST(lt_i32_from_f32, float, int32_t, int32_t, fabsf, 0x1.fffffep30f,
        -0x1p31f, INT32_MIN, 0x1p31f, INT32_MAX)
LT_CAST(lt_i16_from_f32, float, int16_t, int32_t, fabsf, 32767.0f,
        -0x1p15f, INT16_MIN, 32767.0f, INT16_MAX)
LT_CAST(lt_i8_from_f32, float, int8_t, int32_t, fabsf, 127.0f, -128.0f, INT8_MIN, 127.0f, INT8_MAX)
LT_CAST(lt_u8_from_f32, float, uint8_t, int32_t, fabsf, 255.0f, 0.0f, 0, 255.0f, UINT8_MAX)

LT_CAST(lt_i64_from_f64, double, int64_t, int64_t, fabs, 0x1.fffffffffffffp62,
        -0x1p63, INT64_MIN, 0x1p63, INT64_MAX)
LT_CAST(lt_i32_from_f64, double, int32_t, int32_t, fabs, 2147483647.0,
        -0x1p31, INT32_MIN, 2147483647.0, INT32_MAX)
LT_CAST(lt_i16_from_f64, double, int16_t, int32_t, fabs, 32767.0,
        -0x1p15, INT16_MIN, 32767.0, INT16_MAX)
LT_CAST(lt_i8_from_f64, double, int8_t, int32_t, fabs, 127.0, -128.0, INT8_MIN, 127.0, INT8_MAX)
LT_CAST(lt_u8_from_f64, double, uint8_t, int32_t, fabs, 255.0, 0.0, 0, 255.0, UINT8_MAX)
#undef LT_CAST
