// random.c: whether the numbers of lt/random.h look random, along every axis that programs walk.
//
// A stream walks one axis with the others held: counters, sites, steps, seeds, or the difference
// of two neighbouring streams. Each statistic is turned into standard deviations; the draws are
// fixed, so a pass stays a pass, and the limit leaves room for the number of statistics.
#include "lt/random.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 1 << 18 };

static const double limit = 5.5;
static int failures, statistics;
static double worst;

static void note(const char *what, const char *where, double deviations)
{
    statistics++;
    worst = fabs(deviations) > worst ? fabs(deviations) : worst;
    if (fabs(deviations) < limit)
        return;
    printf("%s of %s: %g standard deviations\n", what, where, deviations);
    failures++;
}

static void note_chi_square(const char *what, const char *where, const uint32_t *bins, int count,
                            double expected)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += (bins[i] - expected) * (bins[i] - expected) / expected;
    note(what, where, (sum - (count - 1)) / sqrt(2.0 * (count - 1)));
}

// ---- streams ------------------------------------------------------------------------------------

static uint32_t counters(uint32_t i) { return lt_random_bits(lt_random_key(1, 2, 3), i); }
static uint32_t strides(uint32_t i) { return lt_random_bits(lt_random_key(1, 2, 3), i * 4096); }
static uint32_t sites(uint32_t i) { return lt_random_bits(lt_random_key(1, i, 3), 4); }
static uint32_t steps(uint32_t i) { return lt_random_bits(lt_random_key(1, 2, i), 4); }
static uint32_t seeds(uint32_t i) { return lt_random_bits(lt_random_key(i, 2, 3), 4); }

static uint32_t lattice(uint32_t i)
{
    return lt_random_bits(lt_random_key(7, i >> 6 & 63, i >> 12), i & 63);
}

static uint32_t next_site(uint32_t i)
{
    return counters(i) ^ lt_random_bits(lt_random_key(1, 3, 3), i);
}

static uint32_t next_step(uint32_t i)
{
    return counters(i) ^ lt_random_bits(lt_random_key(1, 2, 4), i);
}

static uint32_t next_seed(uint32_t i)
{
    return counters(i) ^ lt_random_bits(lt_random_key(2, 2, 3), i);
}

static uint32_t swapped(uint32_t i)         // site and step exchanged
{
    return lt_random_bits(lt_random_key(0, i, 5), 0) ^ lt_random_bits(lt_random_key(0, 5, i), 0);
}

static uint32_t low_f64(uint32_t i)
{
    const double x = lt_random_uniform_f64(lt_random_key(1, 2, 3), i) * 0x1p21;
    return (uint32_t)((x - floor(x)) * 0x1p32);
}

static const struct {
    const char *name;
    uint32_t (*draw)(uint32_t i);
} streams[] = {
    {"counters", counters},   {"counters 4096 apart", strides},  {"sites", sites},
    {"steps", steps},         {"seeds", seeds},                  {"a lattice", lattice},
    {"neighbouring sites", next_site}, {"neighbouring steps", next_step},
    {"neighbouring seeds", next_seed}, {"site and step exchanged", swapped},
    {"the low bits of doubles", low_f64},
};

// ---- statistics of a stream ---------------------------------------------------------------------

static uint32_t drawn[SAMPLES + 1];

static void check_bytes(const char *where)
{
    for (int byte = 0; byte < 4; byte++) {
        uint32_t bins[256] = {0}, pairs[256] = {0};
        for (int i = 0; i < SAMPLES; i++) {
            const uint32_t x = drawn[i] >> 8 * byte & 255, next = drawn[i + 1] >> 8 * byte & 255;
            bins[x]++;
            pairs[x >> 4 << 4 | next >> 4]++;
        }
        note_chi_square("chi square of bytes", where, bins, 256, SAMPLES / 256.0);
        note_chi_square("chi square of pairs", where, pairs, 256, SAMPLES / 256.0);
    }
}

// Every bit set half the time, and different from the same bit of the next number half the time.
static void check_bits(const char *where)
{
    for (int bit = 0; bit < 32; bit++) {
        int set = 0, changed = 0;
        for (int i = 0; i < SAMPLES; i++) {
            set += drawn[i] >> bit & 1;
            changed += (drawn[i] ^ drawn[i + 1]) >> bit & 1;
        }
        note("bit balance", where, (set - SAMPLES / 2.0) / sqrt(SAMPLES / 4.0));
        note("bit change", where, (changed - SAMPLES / 2.0) / sqrt(SAMPLES / 4.0));
    }
}

static void check_correlation(const char *where)
{
    const int lags[] = {1, 2, 3, 16, 64, 784, 4096};
    for (size_t k = 0; k < sizeof lags / sizeof *lags; k++) {
        const int count = SAMPLES - lags[k];
        double sum = 0;
        for (int i = 0; i < count; i++)
            sum += (drawn[i] * 0x1p-32 - 0.5) * (drawn[i + lags[k]] * 0x1p-32 - 0.5);
        note("serial correlation", where, sum * 12 / sqrt(count));
    }
}

// The number of set bits follows the binomial law: it catches bits that depend on each other.
static void check_weights(const char *where)
{
    uint32_t bins[9] = {0};                  // at most 12, 13 to 19 one by one, at least 20
    double share[33], expected[9] = {0}, sum = 0;
    share[0] = 0x1p-32;
    for (int k = 1; k <= 32; k++)
        share[k] = share[k - 1] * (33 - k) / k;
    for (int k = 0; k <= 32; k++)
        expected[k < 12 ? 0 : k > 20 ? 8 : k - 12] += share[k] * SAMPLES;
    for (int i = 0; i < SAMPLES; i++) {
        int weight = 0;
        for (uint32_t x = drawn[i]; x; x &= x - 1)
            weight++;
        bins[weight < 12 ? 0 : weight > 20 ? 8 : weight - 12]++;
    }
    for (int i = 0; i < 9; i++)
        sum += (bins[i] - expected[i]) * (bins[i] - expected[i]) / expected[i];
    note("weights", where, (sum - 8) / 4);
}

static int order(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// Marsaglia's birthday spacings: equal spacings among n of d days are Poisson with mean n^3 / 4d.
static void check_spacings(const char *where)
{
    enum { BIRTHDAYS = 4096 };
    uint32_t days[BIRTHDAYS];
    int equal = 0;
    const double mean = (double)BIRTHDAYS * BIRTHDAYS * BIRTHDAYS / 4 / 0x1p32;
    for (int round = 0; round < SAMPLES / BIRTHDAYS; round++) {
        memcpy(days, drawn + round * BIRTHDAYS, sizeof days);
        qsort(days, BIRTHDAYS, sizeof *days, order);
        for (int i = BIRTHDAYS - 1; i > 0; i--)
            days[i] -= days[i - 1];
        qsort(days, BIRTHDAYS, sizeof *days, order);
        for (int i = 1; i < BIRTHDAYS; i++)
            equal += days[i] == days[i - 1];
    }
    const double expected = mean * (SAMPLES / BIRTHDAYS);
    note("birthday spacings", where, (equal - expected) / sqrt(expected));
}

// ---- avalanche and uniforms ---------------------------------------------------------------------

// Flipping any one bit of any argument flips each bit of the result half the time.
static void check_avalanche(void)
{
    enum { TRIALS = 4096 };
    for (int input = 0; input < 224; input++) {
        uint32_t flips[32] = {0};
        for (uint64_t i = 0; i < TRIALS; i++) {
            uint64_t words[4];
            for (uint64_t j = 0; j < 4; j++)                       // small numbers and large ones
                words[j] = i & 1 ? i * (j + 1) >> 3 : lt_random_mix64(4 * i + j);
            const uint32_t before =
                lt_random_bits(lt_random_key(words[0], words[1], words[2]), (uint32_t)words[3]);
            words[input / 64] ^= UINT64_C(1) << input % 64;
            const uint32_t after =
                lt_random_bits(lt_random_key(words[0], words[1], words[2]), (uint32_t)words[3]);
            for (int bit = 0; bit < 32; bit++)
                flips[bit] += (before ^ after) >> bit & 1;
        }
        for (int bit = 0; bit < 32; bit++)
            note("avalanche", "a flipped bit", (flips[bit] - TRIALS / 2.0) / sqrt(TRIALS / 4.0));
    }
}

static void check_uniform(void)
{
    const lt_random_key_t key = lt_random_key(11, 0, 0);
    double sum = 0, squares = 0, wide_sum = 0;
    for (uint32_t i = 0; i < SAMPLES; i++) {
        const float x = lt_random_uniform_f32(key, i);
        const double y = lt_random_uniform_f64(key, i);
        if (!(x >= 0 && x < 1 && y >= 0 && y < 1))
            note("range", "uniforms", (double)INFINITY);
        sum += x - 0.5;
        squares += (x - 0.5) * (x - 0.5) - 1.0 / 12;
        wide_sum += y - 0.5;
    }
    note("mean", "floats", sum / sqrt(SAMPLES / 12.0));
    note("variance", "floats", squares / sqrt(SAMPLES / 180.0));
    note("mean", "doubles", wide_sum / sqrt(SAMPLES / 12.0));
}

int main(void)
{
    for (size_t k = 0; k < sizeof streams / sizeof *streams; k++) {
        for (uint32_t i = 0; i <= SAMPLES; i++)
            drawn[i] = streams[k].draw(i);
        check_bytes(streams[k].name);
        check_bits(streams[k].name);
        check_correlation(streams[k].name);
        check_weights(streams[k].name);
        check_spacings(streams[k].name);
    }
    check_avalanche();
    check_uniform();
    printf("%d statistics, worst %.2f standard deviations, %d failures\n", statistics, worst,
           failures);
    return failures != 0;
}
