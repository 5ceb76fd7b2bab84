#include "contract.h"
#include "../base/mutant.h"

#include "contract_choose.h"
#include "cut.h"
#include "order.h"

enum {
    block_rows = 48, block_rows_small = 24,     // of a unit of work
    small_rows = 256,                           // below: more, smaller units
    panel_bytes = 256 << 10,                    // lanes' operand above this: panels outermost
    chunk_terms = 192, chunk_terms_long = 512,  // of a sum, of a long one
    long_sum = 4096,                            // terms
    part_bytes = 1 << 20, most_parts = 8,
};

Dim loops_size(const Loop *loop, int count)
{
    Dim size = dim_of(1);
    for (int i = 0; i < count; i++)
        size = dim_mul(size, loop[i].var->extent);
    return size;
}

// ---- loops --------------------------------------------------------------------------------------

static int64_t bound_of(const PlanStep *step)
{
    return step->graph->bound ? step->graph->bound : 1;
}

static void sort_space(const PlanStep *step, const Stage *stage, Tiling *t)
{
    const size_t room = (size_t)(stage->space_count + 1);
    t->row = arena_alloc(step->context.arena, sizeof *t->row * room);
    t->outer = arena_alloc(step->context.arena, sizeof *t->outer * room);
    for (int i = 0; i < stage->space_count; i++) {
        const Var *var = stage->space[i].var;
        if (var == t->lane)
            continue;
        if (expr_uses(t->right, var))
            t->outer[t->outer_count++] = stage->space[i];
        else
            t->row[t->row_count++] = stage->space[i];
    }
}

static bool merges(Dim outer, Dim inner, Dim count)
{
    if (MUTANT(contract_merge))
        return true;
    return dim_equal(outer, dim_mul(inner, count)) || (outer.scale == 0 && inner.scale == 0);
}

// Loops of the sum with both strides; neighbours that make one longer loop become one.
static bool list_sum(const Stage *stage, Tiling *t)
{
    t->sum_count = 0;
    for (int i = 0; i < stage->reduce_count; i++) {
        const Var *var = stage->reduce[i].var;
        TileLoop loop = {.count = var->extent};
        if (dim_is(var->extent, 1))
            continue;
        if (!load_moves(t->left, var, &loop.rows) || !load_moves(t->right, var, &loop.lanes))
            return false;
        TileLoop *before = t->sum_count ? &t->sum[t->sum_count - 1] : NULL;
        if (before && merges(before->rows, loop.rows, loop.count) &&
            merges(before->lanes, loop.lanes, loop.count)) {
            loop.count = dim_mul(before->count, loop.count);
            *before = loop;
            continue;
        }
        if (t->sum_count == tile_loops)
            return false;
        t->sum[t->sum_count++] = loop;
    }
    return true;
}

// ---- the rest of the schedule -------------------------------------------------------------------

static int64_t turn_terms(const PlanStep *step, const Tiling *t)
{
    int64_t within = 1;
    for (int i = 1; i < t->sum_count; i++)
        within *= size_at_bound(step, t->sum[i].count);
    return within;
}

static bool is_long(const PlanStep *step, const Tiling *t)
{
    if (t->sum_count == 0)
        return false;
    return t->sum[0].count.power > 0 ||
           size_at_bound(step, t->sum[0].count) * turn_terms(step, t) >= long_sum;
}

// A sum is made in chunks, each through all tiles of a block: what a chunk reads of the lanes'
// operand then stays in the first cache.
static int64_t choose_chunk(const PlanStep *step, const Tiling *t)
{
    if (t->sum_count == 0)
        return 0;
    const int64_t terms = is_long(step, t) ? chunk_terms_long : chunk_terms;
    const int64_t within = turn_terms(step, t);
    const int64_t chunk = within < terms ? terms / within : 1;
    return chunk < size_at_bound(step, t->sum[0].count) ? chunk : 0;
}

static int64_t up_to(int64_t count, int64_t unit)
{
    return (count + unit - 1) / unit * unit;
}

// A long sum, over the batch above all, with few results is cut in parts that threads share; each
// keeps results of its own, so what a part reads of the batch it reads once.
static void choose_parts(PlanStep *step, Tiling *t)
{
    if (!t->chunk || !is_long(step, t))
        return;
    const int64_t widest = t->width ? t->width : tile_width(t->dtype, 2);
    const int64_t rows = size_at_bound(step, loops_size(t->row, t->row_count));
    const int64_t by_six = up_to(rows, tile_rows), by_eight = up_to(rows, tile_rows_most);
    const int64_t results = size_at_bound(step, loops_size(t->outer, t->outer_count)) *
                            (by_six > by_eight ? by_six : by_eight) *
                            up_to(size_at_bound(step, t->lanes), widest);
    const int64_t turns = size_at_bound(step, t->sum[0].count);
    if (results * dtype_bytes(t->dtype) > part_bytes || turns < 2 * t->chunk)
        return;
    t->part_turns = up_to((turns + most_parts - 1) / most_parts, t->chunk);
    t->parts = (int)((turns + t->part_turns - 1) / t->part_turns) - MUTANT(contract_parts);
    Buffer *partial = arena_alloc(step->context.arena, sizeof *partial);
    *partial = (Buffer){.id = step->context.next_var++, .name = "partial", .kind = BUFFER_ARENA,
                        .dtype = t->dtype, .first = -1, .last = -1};
    partial->shape = (Shape){.rank = 1, .dim = {dim_of(t->parts * results)}};
    partial->stride[0] = dim_of(1);
    t->partial = partial;
}

static bool stores_along_rows(const Stage *stage, const Tiling *t)
{
    Dim stride;
    if (store_has_lanes(stage, t->lane))
        return false;
    for (int i = 0; i < t->row_count; i++)
        if (store_moves(stage, t->row[i].var, &stride) && dim_is(stride, 1))
            return true;
    return false;
}

static int64_t choose_block(const PlanStep *step, const Tiling *t)
{
    const int64_t rows = size_at_bound(step, loops_size(t->row, t->row_count));
    return rows < small_rows ? block_rows_small : block_rows;
}

// Whether what is made is a variable: a weight, its moments.
static bool updates_variable(const Stage *stage)
{
    for (int i = 0; i < stage->after.count; i++)
        if (stage->after.item[i].kind == ITEM_STORE &&
            stage->after.item[i].buffer->kind == BUFFER_VARIABLE)
            return true;
    return false;
}

static void schedule(PlanStep *step, const Stage *stage, Tiling *t)
{
    int64_t sum = 1;
    for (int i = 0; i < t->sum_count; i++)
        sum *= size_at_bound(step, t->sum[i].count);
    t->chunk = choose_chunk(step, t);
    choose_parts(step, t);
    t->block = choose_block(step, t);
    t->turned = stores_along_rows(stage, t);
    // A core that reads some lanes of a weight is the one that has updated them, so that weights
    // and moments stay in its cache.
    t->panel_outermost =
        updates_variable(stage) ||
        sum * size_at_bound(step, t->lanes) * dtype_bytes(t->dtype) > panel_bytes;
    const Item *store = NULL;
    for (int i = 0; i < stage->after.count && !store; i++)
        if (stage->after.item[i].kind == ITEM_STORE)
            store = &stage->after.item[i];
    if (t->turned)
        loops_sort(t->row, t->row_count, store->index, bound_of(step));
    else
        loops_sort(t->row, t->row_count, t->left->index, bound_of(step));
}

// ---- the pass -----------------------------------------------------------------------------------

static bool fits_tile(const Kernel *kernel)
{
    const Stage *stage = kernel->stage_count == 1 ? kernel->stage[0] : NULL;
    if (!stage || stage->kind != STAGE_CONTRACT || kernel->outer_count)
        return false;
    const Acc *acc = &stage->acc[0];
    if (stage->acc_count != 1 || acc->kind != ACC_FMA || stage->body.count)
        return false;
    return (acc->dtype == DT_F32 || acc->dtype == DT_F64) && acc->value->dtype == acc->dtype &&
           acc->times->dtype == acc->dtype &&
           stage->space_count + stage->reduce_count + 2 <= max_rank;
}

// Copies are made for good: what else could forbid a tile is asked first.
static bool sums_fit(const Stage *stage, const Roles *roles)
{
    Tiling trial = {.left = roles->left, .right = roles->right};
    if (roles->copy_left || roles->copy_right)
        return stage->reduce_count <= tile_loops;
    return list_sum(stage, &trial);
}

static int tile_stage(PlanStep *step, int at, Stage *stage)
{
    Roles roles;
    cut_sums(&step->context, stage);
    if (!roles_choose(step, stage, &roles))
        return 0;
    const bool value_left = roles.left == stage->acc[0].value;
    cut_points(&step->context, stage, roles.lane);
    roles.left = value_left ? stage->acc[0].value : stage->acc[0].times;
    roles.right = value_left ? stage->acc[0].times : stage->acc[0].value;
    if (roles.left->kind == EXPR_LOAD && !roles.copy_left)
        loops_sort(stage->reduce, stage->reduce_count, roles.left->index, bound_of(step));
    if (!sums_fit(stage, &roles))
        return 0;

    const int before = step->kernel_count;
    Tiling *t = arena_alloc(step->context.arena, sizeof *t);
    *t = (Tiling){.dtype = stage->acc[0].dtype, .pairs = roles.pairs, .lane = roles.lane,
                  .lanes = roles.lane->extent, .left = roles.left, .right = roles.right};
    t->width = width_for(t->dtype, size_at_bound(step, t->lanes));
    t->padded = !MUTANT(contract_unpadded) &&
                (roles.copy_right || (roles.pairs && roles.copy_left));
    sort_space(step, stage, t);
    if (t->padded)
        t->right = copy_lanes(step, at, roles.right, t, stage);
    if (roles.copy_left || (roles.pairs && t->padded))
        t->left = copy_rows(step, at, roles.left, t, stage);
    if (!list_sum(stage, t))
        bug("the sum of kernel %d has too many loops for a tile", at);
    schedule(step, stage, t);
    stage->acc[0].value = t->left;
    stage->acc[0].times = t->right;
    stage->contraction->tiling = t;
    return step->kernel_count - before;
}

void contract(PlanStep *step)
{
    for (int i = 0; i < step->kernel_count; i++)
        if (fits_tile(step->kernel[i]))
            i += tile_stage(step, i, step->kernel[i]->stage[0]);
}
