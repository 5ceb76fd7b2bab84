// tile.h: register tiles, the inner part of every contraction and convolution.
//
// A tile is lt_rows rows times some lanes of sums. Row i is a pointer of its own, so rows may be
// any places: rows of a matrix, pixels of images, taps of a filter. The sum runs over up to
// four nested loops; loop l moves the rows by `a` elements and the lanes' operand by `b`. Each
// output sums its terms one after the other in the order of the loops, with one rounding a term
// (fma), starting at zero or, with `carry`, at what `sums` holds. So the number of rows and lanes,
// which follows the machine, changes no bit.
//
//   lt_tile_T_N    sums[i][j] += row[i][k] * b[k][j]          one number a row, N lanes of b
//   lt_pairs_T_N   sums[i][j] += row[i][k][j] * b[k][j]       N lanes of both (depthwise)
//
// Lanes are contiguous in b, and in the rows for pairs. Sums are [lt_rows][N], best aligned to 64
// bytes. lt_tile_f32 and lt_tile_f64 are the widest of which lt_rows rows fit the registers.
//
// Functions stay out of line: the loops around them are then compiled in no time, and registers
// are allocated for the tile alone. Speed needs -O3, -fno-math-errno and an -march with fma.
#pragma once
#include "lt/least.h"
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

struct lt_loop {
    int count;
    ptrdiff_t a, b;
};

struct lt_nest {                // outermost first; loops that are not needed count 1
    struct lt_loop loop[4];
    ptrdiff_t start;            // added to every row: where this part of a longer sum begins
};

#ifdef __AVX512F__
enum { lt_rows = 8, lt_wide_f32 = 32, lt_wide_f64 = 16 };
#define lt_tile_f32 lt_tile_f32_32
#define lt_tile_f64 lt_tile_f64_16
#define lt_pairs_f32 lt_pairs_f32_32
#define lt_pairs_f64 lt_pairs_f64_16
#else
enum { lt_rows = 6, lt_wide_f32 = 16, lt_wide_f64 = 8 };
#define lt_tile_f32 lt_tile_f32_16
#define lt_tile_f64 lt_tile_f64_8
#define lt_pairs_f32 lt_pairs_f32_16
#define lt_pairs_f64 lt_pairs_f64_8
#endif

#if defined __AVX512F__ && !defined __clang__
#define LT_REST volatile
#else
#define LT_REST
#endif

#define LT_OUT_OF_LINE __attribute__((noinline, unused)) static

// gcc peels no other loop of so many rows: that costs the time of compiling and gains nothing.
#ifdef __clang__
#define LT_EACH_ROW for (int i = 0; i < lt_rows; i++)
#else
#define LT_EACH_ROW _Pragma("GCC unroll 16") for (int i = 0; i < lt_rows; i++)
#endif

#define LT_REAL float
#define LT_FMA fmaf
#define LT_LEFT at
#define LT_LANES 8
#define LT_NAME lt_tile_f32_8
#include "tile_body.h"
#undef LT_LANES
#define LT_LANES 16
#define LT_NAME lt_tile_f32_16
#include "tile_body.h"
#undef LT_LANES
#ifdef __AVX512F__
#define LT_LANES 32
#define LT_NAME lt_tile_f32_32
#include "tile_body.h"
#undef LT_LANES
#endif
#undef LT_LEFT
#define LT_LEFT at + j
#define LT_LANES 8
#define LT_NAME lt_pairs_f32_8
#include "tile_body.h"
#undef LT_LANES
#define LT_LANES 16
#define LT_NAME lt_pairs_f32_16
#include "tile_body.h"
#undef LT_LANES
#ifdef __AVX512F__
#define LT_LANES 32
#define LT_NAME lt_pairs_f32_32
#include "tile_body.h"
#undef LT_LANES
#endif
#undef LT_LEFT
#undef LT_REAL
#undef LT_FMA

#define LT_REAL double
#define LT_FMA fma
#define LT_LEFT at
#define LT_LANES 4
#define LT_NAME lt_tile_f64_4
#include "tile_body.h"
#undef LT_LANES
#define LT_LANES 8
#define LT_NAME lt_tile_f64_8
#include "tile_body.h"
#undef LT_LANES
#ifdef __AVX512F__
#define LT_LANES 16
#define LT_NAME lt_tile_f64_16
#include "tile_body.h"
#undef LT_LANES
#endif
#undef LT_LEFT
#define LT_LEFT at + j
#define LT_LANES 4
#define LT_NAME lt_pairs_f64_4
#include "tile_body.h"
#undef LT_LANES
#define LT_LANES 8
#define LT_NAME lt_pairs_f64_8
#include "tile_body.h"
#undef LT_LANES
#ifdef __AVX512F__
#define LT_LANES 16
#define LT_NAME lt_pairs_f64_16
#include "tile_body.h"
#undef LT_LANES
#endif
#undef LT_LEFT
#undef LT_REAL
#undef LT_FMA
