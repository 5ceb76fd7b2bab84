// ulp.h: how far a result is from the truth, and samples to try; for the tests of lt/math.h.
//
// The reference is libm in the next wider type, rounded by nobody. Only tests may ask libm.
#pragma once
#include "lt/math.h"
#include "lt/random.h"
#include <stdio.h>
#include <stdlib.h>

// How many times the quick sample to try: LT_TEST_SCALE, or 1.
static inline double test_scale(void)
{
    const char *text = getenv("LT_TEST_SCALE");
    const double scale = text ? atof(text) : 1;
    return scale > 0 ? scale : 1;
}

// The distance in units of the last place of the type with `digits` bits and least exponent
// `least`: 0 if both are NaN or the same infinity, infinite if only one is.
static inline double ulp_distance(long double y, long double truth, int digits, int least)
{
    if (y != y || truth != truth)
        return y != y && truth != truth ? 0 : (double)INFINITY;
    if (y == truth)
        return 0;
    if (isinf(y) || isinf(truth))
        return (double)INFINITY;
    int exponent = least;
    if (truth != 0)
        exponent = ilogbl(truth) - digits + 1;
    return (double)(fabsl(y - truth) / ldexpl(1, exponent < least ? least : exponent));
}

// A truth beyond the range rounds to infinity, and infinity is then right.
static inline double ulp_f32(float y, double truth)
{
    const double rounded = isinf((float)truth) ? (float)truth : truth;
    return ulp_distance(y, rounded, 24, -149);
}

static inline double ulp_f64(double y, long double truth)
{
    const long double rounded = isinf((double)truth) ? (double)truth : truth;
    return ulp_distance(y, rounded, 53, -1074);
}

typedef struct {
    double worst, at, with;
} Worst;

static inline void worst_note(Worst *worst, double ulp, double at, double with)
{
    if (ulp > worst->worst)
        *worst = (Worst){ulp, at, with};
}

// One line a function; 1 if it broke its limit.
static inline int worst_report(const char *name, Worst worst, double limit, uint64_t samples)
{
    const int failed = !(worst.worst <= limit);
    printf("%-10s %8.3f ulp (limit %g) at %a, %a; %llu samples%s\n", name, worst.worst, limit,
           worst.at, worst.with, (unsigned long long)samples, failed ? "  FAILED" : "");
    return failed;
}
