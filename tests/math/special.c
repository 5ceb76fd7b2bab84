// special.c: the values at the edges, in both widths: infinities, NaN, zeros with their sign,
// saturation and denormals. One row a fact, compared to the bit.
#include "lt/math.h"
#include <stdio.h>

static int failures;

// Any NaN is as good as another; of zeros the sign counts. Every float is a double.
static void expect(const char *what, double y, double truth)
{
    if (truth != truth ? y != y : lt_bits_f64(y) == lt_bits_f64(truth))
        return;
    printf("%s is %a, not %a\n", what, y, truth);
    failures++;
}

#define F32(call, truth) expect(#call, call, (float)(truth))
#define F64(call, truth) expect(#call, call, truth)

// The same fact of both widths: numbers that both hold.
#define BOTH(function, x, truth)                                                                   \
    (F32(lt_##function##_f32((float)(x)), (float)(truth)), F64(lt_##function##_f64(x), truth))
#define BOTH2(function, x, y, truth)                                                               \
    (F32(lt_##function##_f32((float)(x), (float)(y)), (float)(truth)),                             \
     F64(lt_##function##_f64(x, y), truth))

// Not constants: what runs is the function and not the compiler's opinion of it.
static volatile double infinite = (double)INFINITY, undefined = (double)NAN;

static void check_exponentials(double inf, double nan)
{
    BOTH(exp, 0, 1), BOTH(exp, -0.0, 1), BOTH(exp, 800, inf), BOTH(exp, inf, inf);
    BOTH(exp, -800, 0), BOTH(exp, -inf, 0), BOTH(exp, nan, nan);
    F32(lt_exp_f32(100), INFINITY), F32(lt_exp_f32(88.72283f), 0x1.ffff08p127f);
    F32(lt_exp_f32(88.72284f), INFINITY), F32(lt_exp_f32(-103.2f), 0x1p-149f);
    F32(lt_exp_f32(-104), 0), F64(lt_exp_f64(710), inf), F64(lt_exp_f64(-745), 0x1p-1074);
    BOTH(expm1, 0, 0), BOTH(expm1, -0.0, -0.0), BOTH(expm1, 800, inf), BOTH(expm1, inf, inf);
    BOTH(expm1, -800, -1), BOTH(expm1, -inf, -1), BOTH(expm1, nan, nan);
    BOTH(expm1, 0x1p-140, 0x1p-140), BOTH(expm1, -0x1p-149, -0x1p-149);
}

static void check_logarithms(double inf, double nan)
{
    BOTH(log, 1, 0), BOTH(log, 0, -inf), BOTH(log, -0.0, -inf), BOTH(log, -1, nan);
    BOTH(log, -0x1p-149, nan), BOTH(log, -inf, nan), BOTH(log, inf, inf), BOTH(log, nan, nan);
    F32(lt_log_f32(0x1p-149f), -0x1.9d1dap+6f), F64(lt_log_f64(0x1p-1074), -0x1.74385446d71c3p+9);
    BOTH(log1p, 0, 0), BOTH(log1p, -0.0, -0.0), BOTH(log1p, -1, -inf), BOTH(log1p, -1.5, nan);
    BOTH(log1p, -inf, nan), BOTH(log1p, inf, inf), BOTH(log1p, nan, nan);
    BOTH(log1p, 0x1p-149, 0x1p-149), BOTH(log1p, -0x1p-140, -0x1p-140);
}

static void check_bounded(double inf, double nan)
{
    BOTH(sin, 0, 0), BOTH(sin, -0.0, -0.0), BOTH(sin, inf, nan), BOTH(sin, -inf, nan);
    BOTH(sin, nan, nan), BOTH(sin, 0x1p-149, 0x1p-149), BOTH(sin, 0x1p100, 0);
    BOTH(cos, 0, 1), BOTH(cos, -0.0, 1), BOTH(cos, inf, nan), BOTH(cos, nan, nan);
    BOTH(cos, 0x1p-149, 1), BOTH(cos, -0x1p100, 1);
    BOTH(tanh, 0, 0), BOTH(tanh, -0.0, -0.0), BOTH(tanh, inf, 1), BOTH(tanh, -inf, -1);
    BOTH(tanh, nan, nan), BOTH(tanh, 50, 1), BOTH(tanh, -50, -1), BOTH(tanh, 0x1p-149, 0x1p-149);
    BOTH(erf, 0, 0), BOTH(erf, -0.0, -0.0), BOTH(erf, inf, 1), BOTH(erf, -inf, -1);
    BOTH(erf, nan, nan), BOTH(erf, 50, 1), BOTH(erf, -50, -1);
}

// C's table for pow (annex F), and that NaN spreads but for x^0 and 1^x.
static void check_pow(double inf, double nan)
{
    BOTH2(pow, 0, 0, 1), BOTH2(pow, nan, 0, 1), BOTH2(pow, inf, -0.0, 1), BOTH2(pow, 1, nan, 1);
    BOTH2(pow, nan, 1, nan), BOTH2(pow, -1, nan, nan), BOTH2(pow, 2, nan, nan);
    BOTH2(pow, 0, 3, 0), BOTH2(pow, -0.0, 3, -0.0), BOTH2(pow, -0.0, 2, 0);
    BOTH2(pow, -0.0, 2.5, 0), BOTH2(pow, 0, -3, inf), BOTH2(pow, -0.0, -3, -inf);
    BOTH2(pow, -0.0, -2, inf), BOTH2(pow, 0, inf, 0), BOTH2(pow, 0, -inf, inf);
    BOTH2(pow, -0.0, -1, -inf), BOTH2(pow, -0.0, 0.5, 0), BOTH2(pow, -inf, 0.5, inf);
    BOTH2(pow, -1, inf, 1), BOTH2(pow, -1, -inf, 1), BOTH2(pow, 1, inf, 1);
    BOTH2(pow, 0.5, inf, 0), BOTH2(pow, 0.5, -inf, inf), BOTH2(pow, -2, inf, inf);
    BOTH2(pow, 2, -inf, 0), BOTH2(pow, inf, 2.5, inf), BOTH2(pow, inf, -0.5, 0);
    BOTH2(pow, -inf, 3, -inf), BOTH2(pow, -inf, 2, inf), BOTH2(pow, -inf, -3, -0.0);
    BOTH2(pow, -inf, -2, 0), BOTH2(pow, -8, 1.0 / 3, nan), BOTH2(pow, -2, 0.5, nan);
    BOTH2(pow, -2, 3, -8), BOTH2(pow, -2, -3, -0.125), BOTH2(pow, 4, 0.5, 2);
    BOTH2(pow, 3, 2, 9), BOTH2(pow, 2, 10, 1024), BOTH2(pow, -2, 2000, inf);
    BOTH2(pow, -2, 2001, -inf), BOTH2(pow, -2, -2001, -0.0), BOTH2(pow, -1, 16777216, 1);
    F32(lt_pow_f32(0x1p-149f, 0.5f), 0x1.6a09e6p-75f), F32(lt_pow_f32(2, -149), 0x1p-149f);
    F64(lt_pow_f64(2, -1074), 0x1p-1074), F64(lt_pow_f64(-1, 9007199254740991), -1);
    F64(lt_pow_f64(0x1p-1074, 0.5), 0x1p-537);
}

static void check_comparison(double inf, double nan)
{
    BOTH2(max, 1, 2, 2), BOTH2(max, nan, 2, nan), BOTH2(max, 1, nan, nan);
    BOTH2(max, nan, nan, nan), BOTH2(max, -inf, -5, -5);
    BOTH2(max, -0.0, 0, 0), BOTH2(max, 0, -0.0, -0.0);
    BOTH2(min, 1, 2, 1), BOTH2(min, nan, 2, nan), BOTH2(min, 1, nan, nan), BOTH2(min, inf, 5, 5);
    BOTH(sign, 3, 1), BOTH(sign, -0x1p-149, -1), BOTH(sign, 0, 0), BOTH(sign, -0.0, 0);
    BOTH(sign, -inf, -1), BOTH(sign, nan, nan);
    BOTH(round, 0.5, 0), BOTH(round, 1.5, 2), BOTH(round, -2.5, -2), BOTH(round, -0.25, -0.0);
    BOTH(round, inf, inf), BOTH(round, nan, nan), BOTH(floor, -0.5, -1), BOTH(floor, -0.0, -0.0);
    BOTH(ceil, -0.5, -0.0), BOTH(ceil, 1.25, 2), BOTH(trunc, -1.75, -1), BOTH(trunc, inf, inf);
    F32(lt_flush_f32(0x1p-127f), 0), F32(lt_flush_f32(-0x1p-149f), 0);
    F32(lt_flush_f32(0x1p-126f), 0x1p-126f), F32(lt_flush_f32((float)nan), (float)nan);
    F32(lt_flush_f32(-3), -3);
}

// As torch.remainder and torch.floor_divide.
static void check_division(double inf, double nan)
{
    BOTH2(mod, 7, 3, 1), BOTH2(mod, -7, 3, 2), BOTH2(mod, 7, -3, -2), BOTH2(mod, -7, -3, -1);
    BOTH2(mod, 6, 3, 0), BOTH2(mod, 5.5, 2, 1.5), BOTH2(mod, -0.5, 2, 1.5), BOTH2(mod, 1, 0, nan);
    BOTH2(mod, inf, 2, nan), BOTH2(mod, 3, inf, 3), BOTH2(mod, nan, 2, nan);
    BOTH2(mod, -3, inf, inf), BOTH2(mod, 0x1p100, 3, 1);
    BOTH2(floordiv, 7, 2, 3), BOTH2(floordiv, -7, 2, -4), BOTH2(floordiv, 7, -2, -4);
    BOTH2(floordiv, -7, -2, 3), BOTH2(floordiv, 1, 0, inf), BOTH2(floordiv, -1, 0, -inf);
    BOTH2(floordiv, 0, 0, nan), BOTH2(floordiv, nan, 1, nan), BOTH2(floordiv, 6, 3, 2);
    BOTH2(floordiv, 0, -5, -0.0), BOTH2(floordiv, 5.5, 2.75, 2), BOTH2(floordiv, inf, 2, nan);
    F64(lt_floordiv_f64(1, 0.1), 9), F64(lt_power(2, 10), 1024), F64(lt_power(0.5, 0), 1);
}

static void check_folds(void)
{
    float sum[8] = {1, 2, 3, 4, 5, 6, 7, 8}, most[4] = {1, 2, NAN, 3}, least[4] = {4, 3, 2, 5};
    double wide_sum[4] = {1e16, 1, -1e16, 1}, wide_most[2] = {2, -3}, wide_least[2] = {2, -3};
    F32(lt_fold_f32(sum, 1), 1);
    F32(lt_fold_f32(sum, 8), 36);
    F32(lt_fold_max_f32(most, 2), 2);
    F32(lt_fold_max_f32(most, 4), NAN);
    F32(lt_fold_min_f32(least, 4), 2);
    F64(lt_fold_f64(wide_sum, 4), 2);
    F64(lt_fold_max_f64(wide_most, 2), 2);
    F64(lt_fold_min_f64(wide_least, 2), -3);
}

int main(void)
{
    check_exponentials(infinite, undefined);
    check_logarithms(infinite, undefined);
    check_bounded(infinite, undefined);
    check_pow(infinite, undefined);
    check_comparison(infinite, undefined);
    check_division(infinite, undefined);
    check_folds();
    printf("%d failures\n", failures);
    return failures != 0;
}
