// hash.h: SHA-256 (FIPS 180-4) of what a program was compiled from.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct Hash {
    uint32_t state[8];
    uint64_t length;
    unsigned char block[64];
} Hash;

void hash_begin(Hash *hash);
void hash_add(Hash *hash, const void *bytes, size_t count);
void hash_end(Hash *hash, unsigned char digest[32]);
