// permute.c: lt_permute is a bijection for every count, and looks like a shuffle.
#include "lt/random.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

static void fail(const char *what, uint64_t count, double value)
{
    printf("%s, count %llu: %g\n", what, (unsigned long long)count, value);
    failures++;
}

// Every value is met once, and arguments beyond the count come back inside it.
static void check_bijection(uint64_t count, lt_random_key_t key)
{
    unsigned char *met = calloc(count + 1, 1);
    if (!met)
        exit(2);
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t x = lt_permute(i, count, key);
        if (x >= count || met[x])
            fail("no bijection at", count, (double)i);
        met[x < count ? x : count] = 1;
    }
    if (count && lt_permute(UINT64_MAX, count, key) >= count)
        fail("outside", count, 0);
    free(met);
}

// All 24 orders of four things are equally likely over keys, steps as the epochs are.
static void check_small(void)
{
    enum { KEYS = 240000 };
    uint32_t bins[256] = {0};
    double sum = 0;
    int orders = 0;
    for (uint32_t k = 0; k < KEYS; k++) {
        const lt_random_key_t key = lt_random_key(5, 0, k);
        int code = 0;
        for (uint64_t i = 0; i < 4; i++)
            code = code << 2 | (int)lt_permute(i, 4, key);
        bins[code]++;
    }
    for (int code = 0; code < 256; code++)
        if (bins[code]) {
            sum += (bins[code] - KEYS / 24.0) * (bins[code] - KEYS / 24.0) / (KEYS / 24.0);
            orders++;
        }
    const double deviations = (sum - 23) / sqrt(46.0);
    if (orders != 24 || fabs(deviations) > 5.5)
        fail("orders of four", (uint64_t)orders, deviations);
}

// Over epochs, a shuffle of n leaves one fixed point, one successor in place and no correlation.
static void check_shuffle(uint64_t count)
{
    enum { EPOCHS = 200 };
    double fixed = 0, successors = 0, correlation = 0;
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        const lt_random_key_t key = lt_random_key(5, 1, epoch);
        uint64_t before = count;
        for (uint64_t i = 0; i < count; i++) {
            const uint64_t x = lt_permute(i, count, key);
            fixed += x == i;
            successors += x == before + 1;
            correlation += ((double)x / (double)count - 0.5) * ((double)i / (double)count - 0.5);
            before = x;
        }
    }
    const double spread = sqrt(EPOCHS);
    if (fabs(fixed - EPOCHS) > 5.5 * spread)
        fail("fixed points", count, fixed);
    if (fabs(successors - EPOCHS) > 5.5 * spread)
        fail("successors", count, successors);
    if (fabs(correlation * 12 / sqrt((double)(count * EPOCHS))) > 5.5)
        fail("correlation", count, correlation);
}

// Where the first element goes is uniform over epochs, and so is what a batch holds.
static void check_places(uint64_t count)
{
    enum { EPOCHS = 64000, BINS = 64 };
    uint32_t first[BINS] = {0}, later[BINS] = {0};
    double sum = 0, sum_later = 0;
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        const lt_random_key_t key = lt_random_key(5, 2, epoch);
        first[lt_permute(0, count, key) * BINS / count]++;
        later[lt_permute(count / 3, count, key) * BINS / count]++;
    }
    for (int i = 0; i < BINS; i++) {
        const double expected = EPOCHS / (double)BINS;
        sum += (first[i] - expected) * (first[i] - expected) / expected;
        sum_later += (later[i] - expected) * (later[i] - expected) / expected;
    }
    const double spread = sqrt(2.0 * (BINS - 1));
    if (fabs(sum - (BINS - 1)) > 5.5 * spread || fabs(sum_later - (BINS - 1)) > 5.5 * spread)
        fail("places", count, sum);
}

// Numbers too large to list: still inside, and no two of a sample alike.
static void check_huge(uint64_t count, lt_random_key_t key)
{
    uint64_t before = count;
    for (uint64_t i = 0; i < 1000; i++) {
        const uint64_t x = lt_permute(count - 1 - i, count, key);
        if (x >= count || x == before)
            fail("huge", count, (double)i);
        before = x;
    }
}

int main(void)
{
    const lt_random_key_t key = lt_random_key(5, 3, 0);
    for (uint64_t count = 0; count <= 600; count++)
        check_bijection(count, lt_random_key(5, 4, count));
    const uint64_t counts[] = {1023,  1024,  1025,  4095,  4096,   4097,
                               50000, 60000, 65536, 65537, 1000003};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        check_bijection(counts[i], key);
    check_small();
    check_shuffle(1000);
    check_shuffle(4096);
    check_places(6400);
    check_places(60032);
    check_huge(UINT64_C(1) << 32, key);
    check_huge((UINT64_C(1) << 32) + 1, key);
    check_huge(UINT64_MAX, key);
    check_huge(UINT64_C(10000000000000), key);
    printf("%d failures\n", failures);
    return failures != 0;
}
