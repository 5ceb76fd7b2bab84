// accuracy_f64.c: the double functions against long double libm, on random numbers.
//
// Where long double is no wider than double the truth is rounded too, and half an ulp is allowed.
#include "ulp.h"

typedef struct {
    const char *name;
    double (*function)(double);
    long double (*truth)(long double);
    double limit;
} Unary;

static const Unary functions[] = {
    {"exp", lt_exp_f64, expl, 1},       {"expm1", lt_expm1_f64, expm1l, 1.5},
    {"log", lt_log_f64, logl, 1},       {"log1p", lt_log1p_f64, log1pl, 1.5},
    {"sin", lt_sin_f64, sinl, 1},       {"cos", lt_cos_f64, cosl, 1},
    {"tanh", lt_tanh_f64, tanhl, 2},    {"erf", lt_erf_f64, erfl, 1.5},
    {"sqrt", lt_sqrt_f64, sqrtl, 0.501}, {"round", lt_round_f64, rintl, 0},
    {"floor", lt_floor_f64, floorl, 0}, {"ceil", lt_ceil_f64, ceill, 0},
    {"trunc", lt_trunc_f64, truncl, 0},
};

static const double slack = LDBL_MANT_DIG > DBL_MANT_DIG ? 0 : 0.5;

// By turns: any bits at all, a number of ordinary size, one of any small exponent, one in [-1, 1].
static double sample(lt_random_key_t key, uint64_t i)
{
    const uint64_t bits = lt_random_mix64(i ^ ((uint64_t)key.first << 32 | key.second));
    const double uniform = 2 * lt_random_uniform_f64(key, (uint32_t)i) - 1;
    switch (i % 4) {
    case 0:
        return lt_value_f64(bits);
    case 1:
        return 40 * uniform;
    case 2:
        return ldexp(uniform, (int)(bits % 96) - 64);
    default:
        return uniform;
    }
}

static int unary_check(const Unary *unary, uint64_t samples)
{
    const lt_random_key_t key = lt_random_key(3, 0, 0);
    Worst worst = {0};
    for (uint64_t i = 0; i < samples; i++) {
        const double x = sample(key, i), y = unary->function(x);
        const int circle = unary->truth == sinl || unary->truth == cosl;
        if (!circle || !(fabs(x) > 0x1p48) || isinf(x))
            worst_note(&worst, ulp_f64(y, unary->truth(x)), x, 0);
        else if (!(fabs(y) <= 1))
            worst_note(&worst, (double)INFINITY, x, 0);
    }
    return worst_report(unary->name, worst, unary->limit + slack, samples);
}

static int pow_check(uint64_t samples)
{
    const lt_random_key_t key = lt_random_key(4, 0, 0), other = lt_random_key(5, 0, 0);
    Worst worst = {0};
    for (uint64_t i = 0; i < samples; i++) {
        const double x = i % 3 ? fabs(sample(key, i / 4 * 4 + 1)) : sample(key, i);
        double y = i % 5 ? sample(other, i) : (double)((int)(i % 65) - 32);
        if (i % 2)
            y = 700 * (2 * lt_random_uniform_f64(other, (uint32_t)i) - 1) / log(fabs(x));
        worst_note(&worst, ulp_f64(lt_pow_f64(x, y), powl(x, y)), x, y);
    }
    return worst_report("pow", worst, 1.5 + slack, samples);
}

int main(void)
{
    const uint64_t samples = (uint64_t)(1000000 * test_scale());
    int failures = 0;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        failures += unary_check(&functions[i], samples);
    failures += pow_check(samples);
    return failures != 0;
}
