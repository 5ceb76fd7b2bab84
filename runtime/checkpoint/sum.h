// sum.h: a 64-bit sum that notices damage: XXH64 (Y. Collet, "xxHash fast digest algorithm",
// doc/xxhash_spec.md, version 0.1.1). Not for secrets. The same on every machine.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct lt_sum {
    uint64_t lane[4], seed, bytes;
    unsigned char rest[32];     // bytes that don't fill a stripe yet
};

void lt_sum_start(struct lt_sum *sum, uint64_t seed);
void lt_sum_add(struct lt_sum *sum, const void *data, size_t bytes);
uint64_t lt_sum_value(const struct lt_sum *sum);
uint64_t lt_sum_of(const void *data, size_t bytes, uint64_t seed);
