// c_kernel: the loops of a kernel as C.
//
// Rows: threads share the outer loops; within, each stage is a nest of its own. Lanes: neighbours
// of the last loop side by side, in blocks of sums where something is reduced. Sums keep the order
// that the kernel says: a reduction along the innermost loop adds element i to lane i % lanes and
// folds the lanes by halves; every other sum takes its elements one after the other.
#include "c.h"

#include "../base/mutant.h"
#include "../kernel/contract.h"
#include "c_contract.h"

#include <string.h>

enum { block_lanes = 64 };

static void loop_named_inside(C *c, const Loop *loop, const char *from, const char *to)
{
    // The variable's name must live inside the braces, so it is made behind them.
    const int depth = c->depth++;
    const char *name = c_var(c, loop->var);
    c->depth = depth;
    c_open(c, "for (%s %s = %s; %s < %s; %s++)", c_integer(c), name, from, name, to, name);
}

void c_loop(C *c, const Loop *loop)
{
    loop_named_inside(c, loop, "0", c_extent(c, loop->var->extent));
}

static void loops_open(C *c, const Loop *loop, int count)
{
    for (int i = 0; i < count; i++)
        c_loop(c, &loop[i]);
}

static void loops_close(C *c, int count)
{
    for (int i = 0; i < count; i++)
        c_close(c);
}

// ---- accumulators -------------------------------------------------------------------------------

static double least_of(DType type)
{
    if (type == DT_U8 || type == DT_BOOL)
        return 0;
    return -(double)(UINT64_C(1) << (8 * dtype_bytes(type) - 1));
}

static double most_of(DType type)
{
    return type == DT_BOOL ? 1 : type == DT_U8 ? 255 : -least_of(type) - (type == DT_I64 ? 0 : 1);
}

static const char *start_of(C *c, const Acc *acc)
{
    switch (acc->kind) {
    case ACC_MAX:
    case ACC_PICK:
        if (dtype_kind(acc->dtype) == KIND_FLOAT)
            return c_number(c->arena, acc->dtype, -1.0 / 0.0);
        return c_number(c->arena, acc->dtype, least_of(acc->dtype));
    case ACC_MIN:
        if (dtype_kind(acc->dtype) == KIND_FLOAT)
            return c_number(c->arena, acc->dtype, 1.0 / 0.0);
        return c_number(c->arena, acc->dtype, most_of(acc->dtype));
    case ACC_ALL:
    case ACC_PRODUCT:
        return c_number(c->arena, acc->dtype, 1);
    default:
        return c_number(c->arena, acc->dtype, 0);
    }
}

// Selects of what was loaded, no branch: neighbours become one vector.
static void accumulate_pick(C *c, const Acc *acc, const char *to, const char *best,
                            const char *value)
{
    const char *candidate = c_unique(c, "candidate"), *times = c_expr(c, acc->times);
    c_keep(c, candidate);
    const char *chosen = c_unique(c, "pick"), *more = c_unique(c, "more");
    c_keep(c, chosen);
    c_keep(c, more);
    c_line(c, "const %s %s = %s;", c_type(acc->dtype), candidate, value);
    c_line(c, "const %s %s = %s;", c_type(acc->times->dtype), chosen, times);
    c_line(c, "const bool %s = %s > %s;", more, candidate, best);
    c_line(c, "%s = %s ? %s : %s;", best, more, candidate, best);
    c_line(c, "%s = %s ? %s : %s;", to, more, chosen, to);
}

static const char *const acc_name[] = {
    [ACC_SUM] = "sum", [ACC_MAX] = "max", [ACC_MIN] = "min", [ACC_ANY] = "any", [ACC_ALL] = "all",
    [ACC_PICK] = "pick", [ACC_FMA] = "fma", [ACC_PRODUCT] = "product",
};

// `to` is what the accumulator, or its lane, is called; `best` the other half of a pick.
static void accumulate(C *c, const Acc *acc, const char *to, const char *best)
{
    const char *value = c_expr(c, acc->value), *suffix = c_suffix(acc->dtype);
    const bool floats = dtype_kind(acc->dtype) == KIND_FLOAT;
    if (MUTANT_ROW("accumulate", acc_name[acc->kind])) {
        c_line(c, "%s = %s;", to, value);
        return;
    }
    switch (acc->kind) {
    case ACC_SUM:
        if (floats)
            c_line(c, "%s += %s;", to, value);
        else
            c_line(c, "%s = lt_add_%s(%s, %s);", to, suffix, to, value);
        return;
    case ACC_PRODUCT:
        if (floats)
            c_line(c, "%s *= %s;", to, value);
        else
            c_line(c, "%s = lt_mul_%s(%s, %s);", to, suffix, to, value);
        return;
    case ACC_MAX: c_line(c, "%s = lt_max_%s(%s, %s);", to, suffix, to, value); return;
    case ACC_MIN: c_line(c, "%s = lt_min_%s(%s, %s);", to, suffix, to, value); return;
    case ACC_ANY: c_line(c, "%s |= %s;", to, value); return;
    case ACC_ALL: c_line(c, "%s &= %s;", to, value); return;
    case ACC_FMA: {
        const char *times = c_expr(c, acc->times);
        if (floats)
            c_line(c, "%s = fma%s(%s, %s, %s);", to, acc->dtype == DT_F64 ? "" : "f", value, times,
                   to);
        else
            c_line(c, "%s = lt_add_%s(%s, lt_mul_%s(%s, %s));", to, suffix, to, suffix, value,
                   times);
        return;
    }
    case ACC_PICK:
        accumulate_pick(c, acc, to, best, value);
        return;
    }
}

static DType acc_type(const Acc *acc)
{
    return acc->kind == ACC_PICK ? acc->times->dtype : acc->dtype;
}

static void declare_acc(C *c, const Acc *acc, const char **best)
{
    *best = NULL;
    if (acc->kind == ACC_PICK) {
        *best = c_unique(c, "best");
        c_keep(c, *best);
        c_line(c, "%s %s = %s;", c_type(acc->dtype), *best, start_of(c, acc));
        c_line(c, "%s %s = 0;", c_type(acc_type(acc)), c_acc(c, acc));
        return;
    }
    c_line(c, "%s %s = %s;", c_type(acc->dtype), c_acc(c, acc), start_of(c, acc));
}

// ---- a stage within a row -----------------------------------------------------------------------

static bool is_vector_body(const Body *body)
{
    for (int i = 0; i < body->count; i++)
        if (body->item[i].kind == ITEM_STORE)
            return true;
    return false;
}

static void map_stage(C *c, const Stage *stage)
{
    if (stage->space_count == 0) {
        c_body(c, &stage->after);
        return;
    }
    loops_open(c, stage->space, stage->space_count - 1);
    if (is_vector_body(&stage->after))
        c_pragma(c, "omp simd");
    c_loop(c, &stage->space[stage->space_count - 1]);
    c_body(c, &stage->after);
    loops_close(c, stage->space_count);
}

static bool in_lanes(const Stage *stage)
{
    bool any = false;
    for (int i = 0; i < stage->acc_count; i++) {
        if (stage->acc[i].order != ORDER_LANES)
            return false;
        any = true;
    }
    return any && stage->reduce_count > 0;
}

static const char *fold_name(const Acc *acc)
{
    return acc->kind == ACC_MAX ? "lt_fold_max" : acc->kind == ACC_MIN ? "lt_fold_min" : "lt_fold";
}

static void declare_lanes(C *c, const Acc *acc, const char *lane)
{
    const char *start = start_of(c, acc);
    const char *type = c_type(acc->dtype);
    if (acc->kind == ACC_SUM) {
        c_line(c, "%s %s[%d] = {0};", type, lane, acc->lanes);
        return;
    }
    c_line(c, "%s %s[%d];", type, lane, acc->lanes);
    c_line(c, "for (int lane = 0; lane < %d; lane++)", acc->lanes);
    c_line(c, "    %s[lane] = %s;", lane, start);
}

// Element i of the last loop goes to lane i % lanes.
static void lanes_stage(C *c, const Stage *stage)
{
    const Loop *last = &stage->reduce[stage->reduce_count - 1];
    const Dim extent = last->var->extent;
    const int lanes = stage->acc[0].lanes;
    const char **lane = arena_alloc(c->arena, sizeof *lane * (size_t)stage->acc_count);
    for (int i = 0; i < stage->acc_count; i++) {
        lane[i] = c_unique(c, arena_format(c->arena, "%s_lane", stage->acc[i].name));
        c_keep(c, lane[i]);
        declare_lanes(c, &stage->acc[i], lane[i]);
    }
    loops_open(c, stage->reduce, stage->reduce_count - 1);
    const bool one_turn = !extent.power && extent.scale <= lanes;
    const char *first = NULL;
    if (!one_turn) {
        first = c_unique(c, "first");
        c_open(c, "for (%s %s = 0; %s < %s; %s += %d)", c_integer(c), first, first,
               c_extent(c, extent), first, lanes);
        c_keep(c, first);
    }
    c_pragma(c, "omp simd");
    const bool divides = !extent.power && extent.scale % lanes == 0;
    const char *end = one_turn ? c_extent(c, extent)
                      : divides ? arena_format(c->arena, "%s + %d", first, lanes)
                                : arena_format(c->arena, "lt_least%s(%s + %d, %s)",
                                               c->wide ? "_i64" : "", first, lanes,
                                               c_extent(c, extent));
    loop_named_inside(c, last, one_turn ? "0" : first, end);
    const char *name = c_var(c, last->var);
    c_body(c, &stage->body);
    for (int i = 0; i < stage->acc_count; i++)
        accumulate(c, &stage->acc[i],
                   one_turn ? arena_format(c->arena, "%s[%s]", lane[i], name)
                            : arena_format(c->arena, "%s[%s - %s]", lane[i], name, first), NULL);
    loops_close(c, stage->reduce_count + !one_turn);
    for (int i = 0; i < stage->acc_count; i++)
        c_spell_acc(c, &stage->acc[i],
                    arena_format(c->arena, "%s_%s(%s, %d)", fold_name(&stage->acc[i]),
                                 c_suffix(stage->acc[i].dtype), lane[i], lanes));
    c_body(c, &stage->after);
}

static void sequence_stage(C *c, const Stage *stage)
{
    const char **best = arena_alloc(c->arena, sizeof *best * (size_t)stage->acc_count);
    for (int i = 0; i < stage->acc_count; i++)
        declare_acc(c, &stage->acc[i], &best[i]);
    loops_open(c, stage->reduce, stage->reduce_count);
    // A scan stores what it has after the element joined: names stand before, stores behind.
    Body before = stage->body, behind = {0};
    if (stage->kind == STAGE_SCAN) {
        for (before.count = 0; before.count < stage->body.count; before.count++)
            if (stage->body.item[before.count].kind == ITEM_STORE)
                break;
        behind.item = stage->body.item + before.count;
        behind.count = stage->body.count - before.count;
    }
    c_body(c, &before);
    for (int i = 0; i < stage->acc_count; i++)
        accumulate(c, &stage->acc[i], c_acc(c, &stage->acc[i]), best[i]);
    c_body(c, &behind);
    loops_close(c, stage->reduce_count);
    c_body(c, &stage->after);
}

static void row_stage(C *c, const Stage *stage)
{
    c->stage = stage;
    if (stage->special)
        c_special(c, stage);
    else if (stage->acc_count == 0)
        map_stage(c, stage);
    else if (in_lanes(stage))
        lanes_stage(c, stage);
    else
        sequence_stage(c, stage);
}

static const char *collapsed(C *c, int count)
{
    return count > 1 ? arena_format(c->arena, " collapse(%d)", count) : "";
}

static void rows_kernel(C *c)
{
    const Kernel *kernel = c->kernel;
    const bool parts = kernel->stage[0]->special && kernel->stage[0]->special->parts > 1;
    if (kernel->outer_count && !parts)
        c_share(c, collapsed(c, kernel->outer_count));
    loops_open(c, kernel->outer, kernel->outer_count);
    for (int i = 0; i < kernel->row_count; i++) {
        const int64_t size = dim_at(shape_size(&kernel->row[i]->shape), c->bound);
        c_line(c, "%s %s[%lld];", c_stored(kernel->row[i]->dtype), c_buffer(c, kernel->row[i]),
               (long long)(size > 0 ? size : 1));       // no array of C is empty
    }
    const bool alone = !kernel->outer_count && !parts && !kernel->serial;
    if (alone) {
        c_single(c);
        c_block(c);
    }
    for (int i = 0; i < kernel->stage_count; i++)
        row_stage(c, kernel->stage[i]);
    loops_close(c, kernel->outer_count + alone);
}

// ---- lanes --------------------------------------------------------------------------------------

static void map_kernel(C *c, const Stage *stage)
{
    const int count = stage->space_count;
    if (count == 0) {
        c_single(c);
        if (!c->kernel->serial)
            c_block(c);
        c_body(c, &stage->after);
        if (!c->kernel->serial)
            c_close(c);
        return;
    }
    if (count == 1 && !c->kernel->serial) {
        c_pragma(c, "omp for simd schedule(static) nowait");
    } else {
        if (count > 1)
            c_share(c, collapsed(c, count - 1));
        loops_open(c, stage->space, count - 1);
        c_pragma(c, "omp simd");
    }
    const Loop *last = &stage->space[count - 1];
    const Dim extent = last->var->extent;
    const bool told = count == 1 && !extent.power;      // any size: one function for all of them
    loop_named_inside(c, last, "0", told ? c_count(c, extent) : c_extent(c, extent));
    c_body(c, &stage->after);
    loops_close(c, count);
}

static void point_kernel(C *c, const Stage *stage)      // one point: all in sequence
{
    c_single(c);
    if (!c->kernel->serial)
        c_block(c);
    sequence_stage(c, stage);
    if (!c->kernel->serial)
        c_close(c);
}

static void declare_block(C *c, const Acc *acc, const char *lane, const char *size,
                          const char *best)
{
    if (acc->kind == ACC_PICK) {
        c_line(c, "%s %s[%s];", c_type(acc->dtype), best, size);
        c_line(c, "for (int lane = 0; lane < %s; lane++)", size);
        c_line(c, "    %s[lane] = %s;", best, start_of(c, acc));
    }
    const bool zero = acc->kind == ACC_SUM || acc->kind == ACC_FMA || acc->kind == ACC_ANY ||
                      acc->kind == ACC_PICK;
    c_line(c, "%s %s[%s]%s;", c_type(acc_type(acc)), lane, size, zero ? " = {0}" : "");
    if (zero)
        return;
    c_line(c, "for (int lane = 0; lane < %s; lane++)", size);
    c_line(c, "    %s[lane] = %s;", lane, start_of(c, acc));
}

typedef struct Block {                  // neighbours along the last loop of the space
    const Stage *stage;
    const Loop *last;
    const char *first, *end, *size;
    const char **lane, **best;
    bool whole;                         // one block is all there is
} Block;

static const char *lane_at(C *c, const Block *b, const char *lane)
{
    const char *name = c_var(c, b->last->var);
    return b->whole ? arena_format(c->arena, "%s[%s]", lane, name)
                    : arena_format(c->arena, "%s[%s - %s]", lane, name, b->first);
}

// Opens the loops around a block; returns how many braces that took.
static int open_block(C *c, Block *b)
{
    const int count = b->stage->space_count;
    const Dim extent = b->last->var->extent;
    const int shared = count - b->whole;
    if (shared)
        c_share(c, collapsed(c, shared));
    else
        c_single(c);
    loops_open(c, b->stage->space, count - 1);
    if (b->whole && count > 1)
        return count - 1;
    if (b->whole) {
        c_block(c);
        return 1;
    }
    b->first = c_unique(c, "first");
    c_open(c, "for (%s %s = 0; %s < %s; %s += %d)", c_integer(c), b->first, b->first,
           c_extent(c, extent), b->first, block_lanes);
    c_keep(c, b->first);
    b->end = c_unique(c, "end");
    c_keep(c, b->end);
    c_line(c, "const %s %s = lt_least%s(%s + %d, %s);", c_integer(c), b->end,
           c->wide ? "_i64" : "", b->first, block_lanes, c_extent(c, extent));
    return count;
}

static void declare_blocks(C *c, Block *b)
{
    const Stage *stage = b->stage;
    b->lane = arena_alloc(c->arena, sizeof *b->lane * (size_t)stage->acc_count);
    b->best = arena_alloc(c->arena, sizeof *b->best * (size_t)stage->acc_count);
    for (int i = 0; i < stage->acc_count; i++) {
        b->lane[i] = c_unique(c, stage->acc[i].name);
        c_keep(c, b->lane[i]);
        b->best[i] = c_unique(c, "best");
        if (stage->acc[i].kind == ACC_PICK)
            c_keep(c, b->best[i]);
        declare_block(c, &stage->acc[i], b->lane[i], b->size, b->best[i]);
    }
}

// Sums of a block of neighbours, each in sequence.
static void block_kernel(C *c, const Stage *stage)
{
    Block b = {.stage = stage, .last = &stage->space[stage->space_count - 1], .first = "0"};
    const Dim extent = b.last->var->extent;
    b.whole = !extent.power && extent.scale <= block_lanes;
    b.size = b.whole ? c_dim(c, extent) : arena_format(c->arena, "%d", block_lanes);
    b.end = b.size;
    const int open = open_block(c, &b);
    declare_blocks(c, &b);
    loops_open(c, stage->reduce, stage->reduce_count);
    c_pragma(c, "omp simd");
    loop_named_inside(c, b.last, b.first, b.end);
    c_body(c, &stage->body);
    for (int i = 0; i < stage->acc_count; i++)
        accumulate(c, &stage->acc[i], lane_at(c, &b, b.lane[i]), lane_at(c, &b, b.best[i]));
    loops_close(c, stage->reduce_count + 1);
    c_pragma(c, "omp simd");
    loop_named_inside(c, b.last, b.first, b.end);
    for (int i = 0; i < stage->acc_count; i++)
        c_spell_acc(c, &stage->acc[i], lane_at(c, &b, b.lane[i]));
    c_body(c, &stage->after);
    loops_close(c, open + 1);
}

static void lanes_kernel(C *c)
{
    const Stage *stage = c->kernel->stage[0];
    c->stage = stage;
    if (stage->contraction && stage->contraction->tiling)
        c_contraction(c, c->kernel);
    else if (stage->acc_count == 0)
        map_kernel(c, stage);
    else if (stage->space_count == 0)
        point_kernel(c, stage);
    else
        block_kernel(c, stage);
}

void c_kernel(C *c)
{
    if (c->kernel->form == FORM_ROWS)
        rows_kernel(c);
    else
        lanes_kernel(c);
}
