// sum: XXH64, fed in pieces.
#include <string.h>
#include "checkpoint/sum.h"

enum { STRIPE = 32 };

static const uint64_t P1 = 0x9E3779B185EBCA87, P2 = 0xC2B2AE3D27D4EB4F, P3 = 0x165667B19E3779F9,
                      P4 = 0x85EBCA77C2B2AE63, P5 = 0x27D4EB2F165667C5;

static uint64_t turn(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

// Low byte first on every machine.
static uint64_t load(const unsigned char *at, int bytes)
{
    uint64_t x = 0;
    for (int i = 0; i < bytes; i++)
        x |= (uint64_t)at[i] << (8 * i);
    return x;
}

// The same for eight bytes where that is the native order, which is where it has to be fast.
static uint64_t load8(const unsigned char *at)
{
    const uint16_t one = 1;
    uint64_t x;
    if (*(const unsigned char *)&one != 1)
        return load(at, 8);
    memcpy(&x, at, 8);
    return x;
}

static uint64_t step(uint64_t lane, uint64_t x)
{
    return turn(lane + x * P2, 31) * P1;
}

static void stripes(struct lt_sum *sum, const unsigned char *data, size_t count)
{
    uint64_t a = sum->lane[0], b = sum->lane[1], c = sum->lane[2], d = sum->lane[3];
    for (; count; count--, data += STRIPE) {
        a = step(a, load8(data));
        b = step(b, load8(data + 8));
        c = step(c, load8(data + 16));
        d = step(d, load8(data + 24));
    }
    sum->lane[0] = a, sum->lane[1] = b, sum->lane[2] = c, sum->lane[3] = d;
}

void lt_sum_start(struct lt_sum *sum, uint64_t seed)
{
    *sum = (struct lt_sum){{seed + P1 + P2, seed + P2, seed, seed - P1}, seed, 0, {0}};
}

void lt_sum_add(struct lt_sum *sum, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    const size_t held = sum->bytes % STRIPE;
    sum->bytes += bytes;
    if (held) {
        const size_t fill = bytes < STRIPE - held ? bytes : STRIPE - held;
        memcpy(sum->rest + held, at, fill);
        if (held + fill < STRIPE)
            return;
        stripes(sum, sum->rest, 1);
        at += fill;
        bytes -= fill;
    }
    stripes(sum, at, bytes / STRIPE);
    if (bytes % STRIPE)
        memcpy(sum->rest, at + bytes / STRIPE * STRIPE, bytes % STRIPE);
}

static uint64_t merge_lanes(const struct lt_sum *sum)
{
    static const int bits[4] = {1, 7, 12, 18};
    uint64_t x = 0;
    if (sum->bytes < STRIPE)
        return sum->seed + P5;
    for (int i = 0; i < 4; i++)
        x += turn(sum->lane[i], bits[i]);
    for (int i = 0; i < 4; i++)
        x = (x ^ step(0, sum->lane[i])) * P1 + P4;
    return x;
}

uint64_t lt_sum_value(const struct lt_sum *sum)
{
    const unsigned char *at = sum->rest, *end = at + sum->bytes % STRIPE;
    uint64_t x = merge_lanes(sum) + sum->bytes;
    for (; end - at >= 8; at += 8)
        x = turn(x ^ step(0, load8(at)), 27) * P1 + P4;
    for (; end - at >= 4; at += 4)
        x = turn(x ^ load(at, 4) * P1, 23) * P2 + P3;
    for (; at < end; at++)
        x = turn(x ^ *at * P5, 11) * P1;
    x = (x ^ x >> 33) * P2;
    x = (x ^ x >> 29) * P3;
    return x ^ x >> 32;
}

uint64_t lt_sum_of(const void *data, size_t bytes, uint64_t seed)
{
    struct lt_sum sum;
    lt_sum_start(&sum, seed);
    lt_sum_add(&sum, data, bytes);
    return lt_sum_value(&sum);
}
