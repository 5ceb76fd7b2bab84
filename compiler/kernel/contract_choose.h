// contract_choose.h: the roles of the two operands of a contraction; between contract.c and its
// parts contract_choose.c (decides) and contract_copy.c (makes what was decided readable).
#pragma once
#include "contract.h"

typedef struct Roles {
    const Expr *left, *right;           // of the rows, of the lanes
    const Var *lane;
    bool pairs, copy_left, copy_right;
    double cost;                        // cycles, roughly
} Roles;

// False if plain loops are the better choice.
bool roles_choose(const PlanStep *step, const Stage *stage, Roles *best);

// Extent or stride at the bound of B.
int64_t size_at_bound(const PlanStep *step, Dim dim);
bool load_moves(const Expr *e, const Var *var, Dim *stride);    // e is a load, affine in var
// Stride of the first store of the stage along `var`; false if it has no such form.
bool store_moves(const Stage *stage, const Var *var, Dim *stride);
// Neighbours on the lanes are neighbours in memory, at least in whole tiles.
bool load_has_lanes(const Expr *e, const Var *lane);
bool store_has_lanes(const Stage *stage, const Var *lane);      // of the first store
int width_for(DType type, int64_t lanes);       // Tiling.width

// Puts a kernel in front of kernel `at` that copies an operand; returns the load that stands for
// it. Rows: variables in the order outer, rows, sum. Lanes: in panels behind the sum.
const Expr *copy_rows(PlanStep *step, int at, const Expr *operand, const Tiling *tiling,
                      const Stage *stage);
const Expr *copy_lanes(PlanStep *step, int at, const Expr *operand, const Tiling *tiling,
                       const Stage *stage);
