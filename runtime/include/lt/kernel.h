// kernel.h: small functions that the kernels of a compiled program call.
//
// Integers wrap, so that no value of a program has undefined behaviour; what is exact stays plain
// C in the emitted file. Nothing here allocates or keeps anything.
#pragma once
#include "lt/least.h"
#include "lt/math.h"
#include "lt/random.h"
#include <stdbool.h>
#include <stddef.h>

// A processor without a vector fma leaves loops scalar; the values are the same.
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

// A kernel stays out of line: what a step calls for each of its blocks is compiled once.
#define LT_KERNEL __attribute__((noinline)) static

static inline int64_t lt_least_i64(int64_t x, int64_t y) { return x < y ? x : y; }

// Division of indexes that rounds down, by a positive number.
static inline int64_t lt_index_div(int64_t x, int64_t by)
{
    return x >= 0 ? x / by : -((by - 1 - x) / by);
}

static inline int64_t lt_index_mod(int64_t x, int64_t by)
{
    return x - lt_index_div(x, by) * by;
}

static inline bool lt_both(bool x, bool y) { return x & y; }       // both are evaluated
static inline bool lt_either(bool x, bool y) { return x | y; }

// ---- integers of every width ----------------------------------------------------------------------

#define LT_INTEGER(suffix, type)                                                                   \
    static inline type lt_add_##suffix(type x, type y)                                             \
    {                                                                                              \
        return (type)((uint64_t)x + (uint64_t)y);                                                  \
    }                                                                                              \
    static inline type lt_sub_##suffix(type x, type y)                                             \
    {                                                                                              \
        return (type)((uint64_t)x - (uint64_t)y);                                                  \
    }                                                                                              \
    static inline type lt_mul_##suffix(type x, type y)                                             \
    {                                                                                              \
        return (type)((uint64_t)x * (uint64_t)y);                                                  \
    }                                                                                              \
    static inline type lt_neg_##suffix(type x) { return (type)(0 - (uint64_t)x); }                 \
    static inline type lt_abs_##suffix(type x) { return x < 1 ? (type)(0 - (uint64_t)x) : x; }     \
    static inline type lt_sign_##suffix(type x) { return (type)((x > 0) - (x < 1 && x != 0)); } \
    static inline type lt_max_##suffix(type x, type y) { return x > y ? x : y; }                   \
    static inline type lt_min_##suffix(type x, type y) { return x < y ? x : y; }                   \
    static inline type lt_floordiv_##suffix(type x, type y) { return (type)lt_idiv_i64(x, y); }    \
    static inline type lt_mod_##suffix(type x, type y) { return (type)lt_imod_i64(x, y); }

// x, of which a C compiler knows nothing: gcc 12 takes a truth value that a vectorised loop indexes
// by for -1.
#if defined __GNUC__ && !defined __clang__
#define LT_HIDE(x) __asm__("" : "+r"(x))
#else
#define LT_HIDE(x) (void)(x)
#endif

static inline int32_t lt_hidden_i32(int32_t x)
{
    LT_HIDE(x);
    return x;
}

static inline int64_t lt_hidden_i64(int64_t x)
{
    LT_HIDE(x);
    return x;
}

LT_INTEGER(i64, int64_t)
LT_INTEGER(i32, int32_t)
LT_INTEGER(i16, int16_t)
LT_INTEGER(i8, int8_t)
LT_INTEGER(u8, uint8_t)
#undef LT_INTEGER

// Casts between integers saturate as those from floats do.
#define LT_NARROW(suffix, type, least, most)                                                       \
    static inline type lt_##suffix##_from_i64(int64_t x)                                           \
    {                                                                                              \
        return (type)(x < least ? least : x > most ? most : x);                                    \
    }

LT_NARROW(i32, int32_t, INT32_MIN, INT32_MAX)
LT_NARROW(i16, int16_t, INT16_MIN, INT16_MAX)
LT_NARROW(i8, int8_t, INT8_MIN, INT8_MAX)
LT_NARROW(u8, uint8_t, 0, UINT8_MAX)
#undef LT_NARROW

// ---- narrow floats: computed as float, rounded after each operation ---------------------------------

static inline float lt_round_to_f16(float x) { return lt_f32_from_f16(lt_f16_from_f32(x)); }
static inline float lt_round_to_bf16(float x) { return lt_f32_from_bf16(lt_bf16_from_f32(x)); }

// ---- sorting --------------------------------------------------------------------------------------

// Positions of the keys in ascending (descending) order, equal ones as they came, NaN as the
// greatest: merging from the bottom. `other` has room for as many.
#define LT_ARGSORT(name, type)                                                                     \
    static inline bool name##_before(type x, type y, bool descending)                              \
    {                                                                                              \
        if (x != x || y != y)                                                                      \
            return descending ? x != x && y == y : x == x && y != y;                               \
        return descending ? x > y : x < y;                                                         \
    }                                                                                              \
    static inline void name(const type *key, int32_t *order, int32_t *other, int64_t count,        \
                            bool descending)                                                       \
    {                                                                                              \
        for (int64_t i = 0; i < count; i++)                                                        \
            order[i] = (int32_t)i;                                                                 \
        for (int64_t width = 1; width < count; width *= 2) {                                       \
            for (int64_t low = 0; low < count; low += 2 * width) {                                 \
                const int64_t middle = lt_least_i64(low + width, count);                           \
                const int64_t high = lt_least_i64(low + 2 * width, count);                         \
                int64_t left = low, right = middle;                                                \
                for (int64_t i = low; i < high; i++) {                                             \
                    const bool take_right =                                                        \
                        left == middle ||                                                          \
                        (right < high && name##_before(key[order[right]], key[order[left]],        \
                                                       descending));                               \
                    other[i] = take_right ? order[right++] : order[left++];                        \
                }                                                                                  \
            }                                                                                      \
            for (int64_t i = 0; i < count; i++)                                                    \
                order[i] = other[i];                                                               \
        }                                                                                          \
    }

LT_ARGSORT(lt_argsort_f32, float)
LT_ARGSORT(lt_argsort_f64, double)
LT_ARGSORT(lt_argsort_i64, int64_t)
#undef LT_ARGSORT
