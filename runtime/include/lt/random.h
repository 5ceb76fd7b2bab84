// random.h: random numbers that are computed where they are used and never stored.
//
// A number is a function of a key and a counter, so any thread may draw any element in any order,
// and the backward pass draws the same mask again. A key names a seed, a site (the place in the
// program that draws) and a step. Nothing here has state, and nothing here is cryptographic.
#pragma once
#include <stdint.h>

typedef struct {
    uint32_t first, second;
} lt_random_key_t;

// A bijection of 64 bits: Stafford's variant 13 of MurmurHash3's finaliser, as in SplitMix64
// (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
static inline uint64_t lt_random_mix64(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
}

// A bijection of 32 bits of low bias: Wellons, "Prospecting for Hash Functions", and the better
// constants that TheIronBorn found for the same form.
static inline uint32_t lt_random_mix32(uint32_t x)
{
    x = (x ^ (x >> 16)) * 0x21F0AAAD;
    x = (x ^ (x >> 15)) * 0xD35A2D97;
    return x ^ (x >> 15);
}

// Each word goes through a mix of its own, so neighbours in any of the three share nothing.
static inline lt_random_key_t lt_random_key(uint64_t seed, uint64_t site, uint64_t step)
{
    uint64_t x = lt_random_mix64(seed + 0x9E3779B97F4A7C15);
    x = lt_random_mix64((x ^ site) + 0x9E3779B97F4A7C15);
    x = lt_random_mix64((x ^ step) + 0x9E3779B97F4A7C15);
    return (lt_random_key_t){(uint32_t)x, (uint32_t)(x >> 32)};
}

// The step that names the draws of one row's `sample`: which pass over which row of the source.
static inline uint64_t lt_sample_step(uint64_t epoch, uint64_t index)
{
    return lt_random_mix64(epoch) + index;
}

// 32 random bits. For one key it is a bijection of the counter.
static inline uint32_t lt_random_bits(lt_random_key_t key, uint32_t counter)
{
    return lt_random_mix32(lt_random_mix32(counter + key.first) ^ key.second);
}

// In [0, 1), a multiple of 2^-24.
static inline float lt_random_uniform_f32(lt_random_key_t key, uint32_t counter)
{
    return (float)(int32_t)(lt_random_bits(key, counter) >> 8) * 0x1p-24f;
}

// In [0, 1), a multiple of 2^-53.
static inline double lt_random_uniform_f64(lt_random_key_t key, uint32_t counter)
{
    const lt_random_key_t other = {key.second ^ 0x9E3779B9, key.first ^ 0x7F4A7C15};
    const uint32_t high = lt_random_bits(key, counter) >> 5;
    const uint32_t low = lt_random_bits(other, counter) >> 6;
    return ((double)(int32_t)high * 0x1p26 + (double)(int32_t)low) * 0x1p-53;
}

// ---- a permutation ------------------------------------------------------------------------------

enum { LT_PERMUTE_ROUNDS = 8, LT_PERMUTE_LEAST_BITS = 3 };

// One pass of a Feistel network over 2 * bits bits.
static inline uint64_t lt_permute_once(uint64_t x, int bits, lt_random_key_t key)
{
    const uint32_t mask = (uint32_t)((UINT64_C(1) << bits) - 1);
    uint32_t left = (uint32_t)(x >> bits), right = (uint32_t)x & mask;
    for (uint32_t round = 0; round < LT_PERMUTE_ROUNDS; round++) {
        const lt_random_key_t of_round = {key.first + round * 0x9E3779B9, key.second ^ round};
        const uint32_t next = left ^ (lt_random_bits(of_round, right) & mask);
        left = right;
        right = next;
    }
    return (uint64_t)left << bits | right;
}

// Where a random permutation of [0, count) takes index: an epoch's order without a table. A Feistel
// network permutes the next power of four, and a value outside is sent on until it falls inside:
// Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002. Fewer than four passes on
// average, but for the smallest counts; a count of 0 gives 0.
static inline uint64_t lt_permute(uint64_t index, uint64_t count, lt_random_key_t key)
{
    if (count < 2)
        return 0;
    int bits = LT_PERMUTE_LEAST_BITS;
    while (bits < 32 && (count - 1) >> (2 * bits))
        bits++;
    uint64_t x = index % count;           // from outside the walk might never come in
    do
        x = lt_permute_once(x, bits, key);
    while (x >= count);
    return x;
}
