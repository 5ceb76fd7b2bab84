// bits.c: prints a hash of every function's results over a fixed sample, for bits.sh to compare.
//
// Results go through plain loops, so an optimising build hashes its vector code. All NaNs count as
// one. The last lines hash calls with constant arguments, which a compiler may compute itself.
#include "lt/math.h"
#include "lt/random.h"
#include <inttypes.h>
#include <stdio.h>

enum { SIZE = 1 << 16 };

_Alignas(64) float x32[SIZE], y32[SIZE], z32[SIZE];       // visible, so that nothing is folded
_Alignas(64) double x64[SIZE], y64[SIZE], z64[SIZE];
_Alignas(64) int64_t integers[SIZE];

static const lt_random_key_t key = {0x243F6A88, 0x85A308D3};

#define FLOATS(F)                                                                                  \
    F(max, lt_max_f32(x, y)) F(min, lt_min_f32(x, y)) F(sign, lt_sign_f32(x))                      \
    F(flush, lt_flush_f32(x)) F(mod, lt_mod_f32(x, y)) F(floordiv, lt_floordiv_f32(x, y))          \
    F(round, lt_round_f32(x)) F(floor, lt_floor_f32(x)) F(ceil, lt_ceil_f32(x))                    \
    F(trunc, lt_trunc_f32(x)) F(sqrt, lt_sqrt_f32(x)) F(exp, lt_exp_f32(x))                        \
    F(expm1, lt_expm1_f32(x)) F(log, lt_log_f32(x)) F(log1p, lt_log1p_f32(x))                      \
    F(sin, lt_sin_f32(x)) F(cos, lt_cos_f32(x)) F(tanh, lt_tanh_f32(x)) F(erf, lt_erf_f32(x))      \
    F(pow, lt_pow_f32(x, y)) F(pow_half, lt_pow_f32(x, 0.5f)) F(pow_2, lt_pow_f32(x, 2))           \
    F(pow_17, lt_pow_f32(x, 1.7f)) F(uniform, x + lt_random_uniform_f32(key, (uint32_t)i))         \
    F(f16, lt_f32_from_f16(lt_f16_from_f32(x))) F(bf16, lt_f32_from_bf16(lt_bf16_from_f32(x)))     \
    F(whole, lt_tanh_f32((float)lt_i64_from_f32(x))) F(whole_i32, (float)lt_i32_from_f32(x))

#define DOUBLES(F)                                                                                 \
    F(max_f64, lt_max_f64(x, y)) F(min_f64, lt_min_f64(x, y)) F(sign_f64, lt_sign_f64(x))          \
    F(mod_f64, lt_mod_f64(x, y)) F(floordiv_f64, lt_floordiv_f64(x, y))                            \
    F(round_f64, lt_round_f64(x)) F(floor_f64, lt_floor_f64(x)) F(ceil_f64, lt_ceil_f64(x))        \
    F(trunc_f64, lt_trunc_f64(x)) F(sqrt_f64, lt_sqrt_f64(x)) F(exp_f64, lt_exp_f64(x))            \
    F(expm1_f64, lt_expm1_f64(x)) F(log_f64, lt_log_f64(x)) F(log1p_f64, lt_log1p_f64(x))          \
    F(sin_f64, lt_sin_f64(x)) F(cos_f64, lt_cos_f64(x)) F(tanh_f64, lt_tanh_f64(x))                \
    F(erf_f64, lt_erf_f64(x)) F(pow_f64, lt_pow_f64(x, y)) F(pow_17_f64, lt_pow_f64(x, 1.7))       \
    F(uniform_f64, x + lt_random_uniform_f64(key, (uint32_t)i))                                    \
    F(whole_f64, lt_tanh_f64((double)lt_i64_from_f64(x)))

#define INTEGERS(F)                                                                                \
    F(i64, lt_i64_from_f32(x32[i])) F(i32, lt_i32_from_f32(x32[i])) F(i16, lt_i16_from_f32(x32[i]))\
    F(i8, lt_i8_from_f32(x32[i])) F(u8, lt_u8_from_f32(x32[i])) F(i64_f64, lt_i64_from_f64(x64[i]))\
    F(i32_f64, lt_i32_from_f64(x64[i])) F(i16_f64, lt_i16_from_f64(x64[i]))                        \
    F(i8_f64, lt_i8_from_f64(x64[i])) F(u8_f64, lt_u8_from_f64(x64[i]))                            \
    F(permute, (int64_t)lt_permute((uint64_t)i, SIZE - 77, key))                                   \
    F(bits, lt_random_bits(key, (uint32_t)i))

// Constant arguments, as the compiler's own folding meets them.
#define CONSTANTS(F)                                                                               \
    F(lt_exp_f32(1.25f)) F(lt_exp_f32(-103.5f)) F(lt_log_f32(0x1p-140f)) F(lt_tanh_f32(0.7f))      \
    F(lt_erf_f32(1.1f)) F(lt_sin_f32(100.0f)) F(lt_cos_f32(1e7f)) F(lt_pow_f32(-1.5f, 7))          \
    F(lt_expm1_f32(3.3f)) F(lt_log1p_f32(0.3f)) F(lt_exp_f64(1.25)) F(lt_log_f64(0x1p-1040))       \
    F(lt_tanh_f64(0.7)) F(lt_erf_f64(1.1)) F(lt_sin_f64(1e7)) F(lt_pow_f64(0.9, 5000.5))           \
    F(lt_power(0.999, 12345)) F(lt_floordiv_f64(-7.5, 2)) F(lt_exp_f64(-744.5))

static uint64_t hash_add(uint64_t hash, uint64_t bits)
{
    return lt_random_mix64(hash ^ bits) + 0x9E3779B97F4A7C15;
}

static uint64_t hash_f32(uint64_t hash, float x)
{
    return hash_add(hash, x == x ? lt_bits_f32(x) : 0x7FC00000);
}

static uint64_t hash_f64(uint64_t hash, double x)
{
    return hash_add(hash, x == x ? lt_bits_f64(x) : 0x7FF8000000000000);
}

#define HASH(name, expression, arrays, array, hash_one)                                            \
    static void print_##name(void)                                                                 \
    {                                                                                              \
        for (int i = 0; i < SIZE; i++) {                                                           \
            arrays                                                                                 \
            array[i] = expression;                                                                 \
        }                                                                                          \
        uint64_t hash = 0;                                                                         \
        for (int i = 0; i < SIZE; i++)                                                             \
            hash = hash_one(hash, array[i]);                                                       \
        printf("%-12s %016" PRIx64 "\n", #name, hash);                                             \
    }
#define HASH_F32(name, expression)                                                                 \
    HASH(name, expression, const float x = x32[i]; const float y = y32[i]; (void)y;, z32, hash_f32)
#define HASH_F64(name, expression)                                                                 \
    HASH(name, expression, const double x = x64[i]; const double y = y64[i]; (void)y;, z64,        \
         hash_f64)
#define HASH_INTEGER(name, expression) HASH(name, expression, , integers, hash_integer)

static uint64_t hash_integer(uint64_t hash, int64_t x)
{
    return hash_add(hash, (uint64_t)x);
}

FLOATS(HASH_F32)
DOUBLES(HASH_F64)
INTEGERS(HASH_INTEGER)

// Half the sample is any bits at all, half numbers of ordinary size.
static void fill(void)
{
    for (uint32_t i = 0; i < SIZE; i++) {
        const uint32_t a = lt_random_bits(key, i), b = lt_random_bits(key, i + SIZE);
        const int ordinary = i & 1;
        x32[i] = ordinary ? ((float)(int32_t)a) * 0x1p-28f : lt_value_f32(a);
        y32[i] = i & 2 ? ((float)(int32_t)b) * 0x1p-28f : lt_value_f32(b);
        x64[i] = ordinary ? ((double)(int32_t)a) * 0x1p-28 : lt_value_f64((uint64_t)a << 32 | b);
        y64[i] = i & 2 ? ((double)(int32_t)b) * 0x1p-28 : lt_value_f64((uint64_t)b << 32 | a);
    }
}

#define HASH_CONSTANT(call) hash = hash_f64(hash, call);
#define PRINT(name, expression) print_##name();

int main(void)
{
    fill();
    FLOATS(PRINT)
    DOUBLES(PRINT)
    INTEGERS(PRINT)
    uint64_t hash = 0;
    CONSTANTS(HASH_CONSTANT)
    printf("%-12s %016" PRIx64 "\n", "constants", hash);
    for (int i = 0; i < SIZE; i++)
        z32[i] = x32[i] == x32[i] ? x32[i] : 0;
    hash = hash_f32(0, lt_fold_f32(z32, 32));
    hash = hash_f32(hash, lt_fold_max_f32(z32 + 64, 32));
    hash = hash_f32(hash, lt_fold_min_f32(z32 + 128, 32));
    printf("%-12s %016" PRIx64 "\n", "folds", hash);
    return 0;
}
