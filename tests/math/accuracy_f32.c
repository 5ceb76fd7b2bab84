// accuracy_f32.c: the float functions against double libm, over a sample of all 2^32 floats.
//
// The sample has a prime stride over the bit patterns; LT_TEST_SCALE makes it denser and the
// argument `all` takes every float. Powers are tried on random pairs as well as on a grid.
#include "ulp.h"

typedef struct {
    const char *name;
    float (*function)(float);
    double (*truth)(double);
    double limit;
} Unary;

static const Unary functions[] = {
    {"exp", lt_exp_f32, exp, 1},         {"expm1", lt_expm1_f32, expm1, 1.5},
    {"log", lt_log_f32, log, 1},         {"log1p", lt_log1p_f32, log1p, 1.5},
    {"sin", lt_sin_f32, sin, 1.7},       {"cos", lt_cos_f32, cos, 1.7},
    {"tanh", lt_tanh_f32, tanh, 1.5},    {"erf", lt_erf_f32, erf, 1.5},
    {"sqrt", lt_sqrt_f32, sqrt, 0.5},    {"round", lt_round_f32, rint, 0},
    {"floor", lt_floor_f32, floor, 0},   {"ceil", lt_ceil_f32, ceil, 0},
    {"trunc", lt_trunc_f32, trunc, 0},
};

// Beyond 2^48 the circle functions promise only to stay bounded.
static int is_promised(const Unary *unary, float x)
{
    return (unary->truth != sin && unary->truth != cos) || !(fabsf(x) > 0x1p48f) || isinf(x);
}

static int unary_check(const Unary *unary, uint64_t stride)
{
    Worst worst = {0};
    uint64_t samples = 0;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += stride, samples++) {
        const float x = lt_value_f32((uint32_t)bits), y = unary->function(x);
        if (is_promised(unary, x))
            worst_note(&worst, ulp_f32(y, unary->truth(x)), x, 0);
        else if (!(fabsf(y) <= 1))
            worst_note(&worst, (double)INFINITY, x, 0);
    }
    return worst_report(unary->name, worst, unary->limit, samples);
}

// Bases of any bits, or near 1 where the power magnifies most.
static int pow_check(uint64_t samples)
{
    const lt_random_key_t key = lt_random_key(1, 0, 0), other = lt_random_key(2, 0, 0);
    Worst worst = {0};
    for (uint64_t i = 0; i < samples; i++) {
        float x = lt_value_f32(lt_random_bits(key, (uint32_t)i));
        float y = lt_value_f32(lt_random_bits(other, (uint32_t)i));
        if (i % 4 == 1)
            y = (float)(int)(lt_random_bits(other, (uint32_t)i) % 65) - 32;
        if (i % 4 >= 2)
            x = 0.5f + 1.5f * lt_random_uniform_f32(key, (uint32_t)i);
        if (i % 4 == 3)
            y = 256 * lt_random_uniform_f32(other, (uint32_t)i) - 128;
        worst_note(&worst, ulp_f32(lt_pow_f32(x, y), pow(x, y)), x, y);
    }
    return worst_report("pow", worst, 0.51, samples);
}

// The powers that must be exact.
static int pow_exact_check(uint64_t stride)
{
    Worst worst = {0};
    uint64_t samples = 0;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += stride, samples++) {
        const float x = lt_value_f32((uint32_t)bits);
        const double square = (double)x * x;
        worst_note(&worst, ulp_f32(lt_pow_f32(x, 2), (float)square), x, 2);
        worst_note(&worst, ulp_f32(lt_pow_f32(x, 3), (float)(square * x)), x, 3);
        worst_note(&worst, ulp_f32(lt_pow_f32(x, 1), x), x, 1);
        worst_note(&worst, ulp_f32(lt_pow_f32(x, 0), 1), x, 0);
        worst_note(&worst, ulp_f32(lt_pow_f32(x, -1), 1 / x), x, -1);
        worst_note(&worst, ulp_f32(lt_pow_f32(x, 0.5f), (float)pow(x, 0.5)), x, 0.5);
    }
    return worst_report("pow exact", worst, 0, samples);
}

int main(int count, char **arguments)
{
    const int all = count > 1 && strcmp(arguments[1], "all") == 0;
    const double stride = 1021 / test_scale();
    const uint64_t step = all || stride < 1 ? 1 : (uint64_t)stride | 1;
    int failures = 0;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        failures += unary_check(&functions[i], step);
    failures += pow_check((UINT64_C(1) << 32) / step / 2);
    failures += pow_exact_check(step);
    return failures != 0;
}
