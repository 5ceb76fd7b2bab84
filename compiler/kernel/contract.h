// contract.h: which contractions and convolutions run as register tiles, and how.
//
// The pass looks at each STAGE_CONTRACT after fusion and decides, from shapes and strides alone,
// which operand gives the rows and which the lanes of a tile (lt/tile.h), in which order sums run,
// and what must be copied first into an order that a tile can read. Copies are ordinary kernels in
// front. A stage that is better off as plain loops is left as it is.
//
//   requires  kernels of fuse, strides of all buffers set; convolutions as lower leaves them
//   provides  stage->contraction->tiling; new kernels and buffers, ids dense, not placed yet
#pragma once
#include "plan.h"

// lt_rows (lt/tile.h) is one of the two numbers of rows.
enum { tile_loops = 4, tile_rows = 6, tile_rows_most = 8 };

typedef struct TileLoop {               // one loop of a sum, for struct lt_loop
    Dim count, rows, lanes;             // strides of the two operands
} TileLoop;

typedef struct Tiling Tiling;
struct Tiling {
    DType dtype;
    bool pairs;                         // the lane variable moves both operands
    int width;                          // lanes of a tile; 0: the widest that the machine has
    const Var *lane;
    Dim lanes;                          // its extent
    bool padded;                        // the lanes' operand is readable behind its end, zeros there
    Loop *row;                          // a point of these, flattened, is a row; outermost first
    int row_count;
    Loop *outer;                        // what is left of the space
    int outer_count;
    const Expr *left, *right;           // loads: the operand of the rows, that of the lanes
    TileLoop sum[tile_loops];           // outermost first
    int sum_count;
    int64_t chunk;                      // turns of sum[0] before the next tile; 0: all of them
    int parts;                          // of sum[0], summed apart and then in order; 0: none
    int64_t part_turns;                 // a multiple of chunk
    Buffer *partial;                    // tiles of sums for each part, as the machine cuts them
    int64_t block;                      // rows of a unit of work, a multiple of both tile_rows
    bool panel_outermost;               // units run along rows first, then to the next lanes
    bool turned;                        // stores are contiguous along rows, not along lanes
};

void contract(PlanStep *step);

int tile_width(DType type, int step);   // 0: the narrow tile, 1: the middle, 2: the widest there is
Dim loops_size(const Loop *loop, int count);
