// speed.c: elements a second of the float functions in the first cache; a measurement, not a test.
//
// Each loop is the plain loop that emitted code has; scalar code shows at once, as a tenth.
#include "lt/math.h"
#include "lt/random.h"
#include <stdio.h>
#include <time.h>

enum { SIZE = 2048, REPEATS = 20000 };

static double now(void)
{
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

_Alignas(64) float from[SIZE], into[SIZE];       // visible, so that no store is dead
static lt_random_key_t key;

#define LOOP(name, expression)                                                                     \
    static __attribute__((noinline)) void loop_##name(void)                                        \
    {                                                                                              \
        for (int i = 0; i < SIZE; i++) {                                                           \
            const float x = from[i];                                                               \
            into[i] = expression;                                                                  \
        }                                                                                          \
    }                                                                                              \
    static void speed_##name(void)                                                                 \
    {                                                                                              \
        double best = 1e9;                                                                         \
        for (int round = 0; round < 5; round++) {                                                  \
            const double start = now();                                                            \
            for (int i = 0; i < REPEATS / 5; i++)                                                  \
                loop_##name();                                                                     \
            const double time = now() - start;                                                     \
            best = time < best ? time : best;                                                      \
        }                                                                                          \
        printf("%-10s %6.2f Gelem/s\n", #name, SIZE * (REPEATS / 5) / best * 1e-9);                \
    }

LOOP(max, lt_max_f32(x, 0.5f))
LOOP(exp, lt_exp_f32(x))
LOOP(expm1, lt_expm1_f32(x))
LOOP(log, lt_log_f32(x))
LOOP(log1p, lt_log1p_f32(x))
LOOP(tanh, lt_tanh_f32(x))
LOOP(erf, lt_erf_f32(x))
LOOP(sin, lt_sin_f32(x))
LOOP(cos, lt_cos_f32(x))
LOOP(pow, lt_pow_f32(x, 1.7f))
LOOP(floor, lt_floor_f32(x))
LOOP(round, lt_round_f32(x))
LOOP(sign, lt_sign_f32(x))
LOOP(f16, lt_f32_from_f16(lt_f16_from_f32(x)))
LOOP(bf16, lt_f32_from_bf16(lt_bf16_from_f32(x)))
LOOP(i32, (float)lt_i32_from_f32(x))
LOOP(u8, (float)lt_u8_from_f32(x))
LOOP(uniform, x + lt_random_uniform_f32(key, (uint32_t)i))
LOOP(dropout, lt_random_uniform_f32(key, (uint32_t)i) < 0.1f ? 0 : x)

int main(void)
{
    key = lt_random_key(1, 2, 3);
    for (int i = 0; i < SIZE; i++)
        from[i] = 4 * lt_random_uniform_f32(key, (uint32_t)i);
    speed_max(), speed_exp(), speed_expm1(), speed_log(), speed_log1p(), speed_tanh();
    speed_erf(), speed_sin(), speed_cos(), speed_pow(), speed_floor(), speed_round();
    speed_sign(), speed_f16(), speed_bf16(), speed_i32(), speed_u8();
    speed_uniform(), speed_dropout();
    return 0;
}
