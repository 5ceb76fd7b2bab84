// convert.c: narrow floats, casts and integer division, against slow and plain definitions.
#include "lt/math.h"
#include "lt/random.h"
#include <stdio.h>

static int failures;

static void expect(const char *what, double input, double y, double truth)
{
    if (y == truth || (y != y && truth != truth))
        return;
    if (failures++ < 20)
        printf("%s of %a is %a, not %a\n", what, input, y, truth);
}

// The nearest number with `digits` bits, least exponent `least` and greatest finite `most`.
static double nearest(double x, int digits, int least, double most)
{
    if (x != x || isinf(x) || x == 0)
        return x;
    int exponent = ilogb(x) - digits + 1;
    exponent = exponent < least ? least : exponent;
    const double y = ldexp(rint(ldexp(x, -exponent)), exponent);
    return fabs(y) > most ? copysign((double)INFINITY, y) : y;
}

static void check_narrow(uint32_t stride)
{
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += stride) {
        const float x = lt_value_f32((uint32_t)bits);
        const float half = lt_f32_from_f16(lt_f16_from_f32(x));
        const float upper = lt_f32_from_bf16(lt_bf16_from_f32(x));
        expect("f16", x, half, nearest(x, 11, -24, 65504));
        expect("bf16", x, upper, nearest(x, 8, -133, 0x1.fep127));
        if (x == x)
            expect("sign of f16", x, signbit(half) != 0, signbit(x) != 0);
    }
}

// Every narrow number comes back as itself, and the halves between two go to the even one.
static void check_all_narrow(void)
{
    for (uint32_t i = 0; i < 65536; i++) {
        const float half = lt_f32_from_f16((uint16_t)i), upper = lt_f32_from_bf16((uint16_t)i);
        const int exponent = i >> 10 & 31, fraction = i & 1023;
        double truth = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
        if (exponent == 31)
            truth = fraction ? (double)NAN : (double)INFINITY;
        expect("f32 from f16", i, half, i & 0x8000 ? -truth : truth);
        if (half == half)
            expect("f16 again", i, lt_f16_from_f32(half), i);
        if (upper == upper)
            expect("bf16 again", i, lt_bf16_from_f32(upper), i);
        if (exponent < 31 && (i & 0x7FFF) < 0x7BFF) {
            const float next = lt_f32_from_f16((uint16_t)(i + 1)), middle = (half + next) / 2;
            expect("f16 of a tie", middle, lt_f16_from_f32(middle), i + (i & 1));
        }
    }
}

// The definition: NaN to 0, then the integer part, held in range.
static double saturated(double x, double least, double most)
{
    const double whole = x == x ? trunc(x) : 0;
    return whole < least ? least : whole > most ? most : whole;
}

static void check_casts(double x)
{
    const float f = (float)x;
    expect("i8", f, lt_i8_from_f32(f), saturated(f, -128, 127));
    expect("u8", f, lt_u8_from_f32(f), saturated(f, 0, 255));
    expect("i16", f, lt_i16_from_f32(f), saturated(f, -32768, 32767));
    expect("i32", f, lt_i32_from_f32(f), saturated(f, INT32_MIN, INT32_MAX));
    expect("i8 f64", x, lt_i8_from_f64(x), saturated(x, -128, 127));
    expect("u8 f64", x, lt_u8_from_f64(x), saturated(x, 0, 255));
    expect("i16 f64", x, lt_i16_from_f64(x), saturated(x, -32768, 32767));
    expect("i32 f64", x, lt_i32_from_f64(x), saturated(x, INT32_MIN, INT32_MAX));
    const int64_t wide = lt_i64_from_f64(x), narrow = lt_i64_from_f32(f);
    if (fabs(x) < 0x1p63)
        expect("i64 f64", x, (double)wide, trunc(x));
    else
        expect("i64 f64 limit", x, wide == (x > 0 ? INT64_MAX : x < 0 ? INT64_MIN : 0), 1);
    if (fabsf(f) < 0x1p63f)
        expect("i64", f, (double)narrow, truncf(f));
    else
        expect("i64 limit", f, narrow == (f > 0 ? INT64_MAX : f < 0 ? INT64_MIN : 0), 1);
}

static void check_all_casts(void)
{
    const double edges[] = {
        0, -0.0, 0.99, -0.99, 127, 127.5, 128, -128, -128.9, -129, 255, 255.9, 256, 32767, 32767.9,
        32768, -32768, -32769, 2147483520, 2147483647, 2147483647.5, 2147483648, -2147483648.0,
        -2147483649.0, 0x1p62, 0x1p63, 0x1.fffffffffffffp62, -0x1p63, -0x1p64, 1e300, -1e300,
        (double)INFINITY, -(double)INFINITY, (double)NAN, 0x1p-1074,
    };
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        check_casts(edges[i]);
    const lt_random_key_t key = lt_random_key(9, 9, 9);
    for (uint32_t i = 0; i < 200000; i++)
        check_casts(ldexp(2 * lt_random_uniform_f64(key, i) - 1, (int)(i % 70)));
}

// Division that rounds down is what these say: x = q y + r with r between 0 and y.
static void check_integers(int64_t x, int64_t y)
{
    const int64_t q = lt_idiv_i64(x, y), r = lt_imod_i64(x, y);
    const int inside = y > 0 ? 0 <= r && r < y : y < r && r <= 0;
    const int whole = (uint64_t)q * (uint64_t)y + (uint64_t)r == (uint64_t)x;
    expect("idiv, imod", (double)x, y ? inside && whole : q == 0 && r == 0, 1);
    const int32_t a = (int32_t)x, b = (int32_t)y;
    const int64_t wide = lt_idiv_i64(a, b);
    expect("idiv i32", a, lt_idiv_i32(a, b), wide > INT32_MAX ? INT32_MIN : (double)wide);
    expect("imod i32", a, lt_imod_i32(a, b), (double)lt_imod_i64(a, b));
}

static void check_all_integers(void)
{
    const int64_t edges[] = {0, 1, -1, 2, -2, 3, -3, 7, -7, INT32_MAX, INT32_MIN, INT64_MAX,
                             INT64_MIN, INT64_MIN + 1};
    const size_t count = sizeof edges / sizeof *edges;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            check_integers(edges[i], edges[j]);
    for (uint64_t i = 0; i < 100000; i++) {
        const int64_t x = (int64_t)lt_random_mix64(i), y = (int64_t)lt_random_mix64(~i);
        check_integers(x >> i % 64, y >> i / 64 % 64);
    }
}

static void check_powers(void)
{
    expect("3^4", 3, (double)lt_ipow_i64(3, 4), 81);
    expect("(-3)^3", -3, (double)lt_ipow_i64(-3, 3), -27);
    expect("0^0", 0, (double)lt_ipow_i64(0, 0), 1);
    expect("2^63", 2, lt_ipow_i64(2, 63) == INT64_MIN, 1);
    expect("2^64", 2, (double)lt_ipow_i64(2, 64), 0);
    expect("2^-1", 2, (double)lt_ipow_i64(2, -1), 0);
    expect("(-1)^-3", -1, (double)lt_ipow_i64(-1, -3), -1);
    expect("(-1)^-2", -1, (double)lt_ipow_i64(-1, -2), 1);
    expect("3^21 in 32 bits", 3, lt_ipow_i32(3, 21), 1870418611);
    uint64_t product = 1;
    for (int n = 0; n < 100; n++, product *= 7)
        expect("7^n", n, lt_ipow_i64(7, n) == (int64_t)product, 1);
}

int main(void)
{
    check_narrow(4093);
    check_all_narrow();
    check_all_casts();
    check_all_integers();
    check_powers();
    printf("%d failures\n", failures);
    return failures != 0;
}
