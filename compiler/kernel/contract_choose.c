// The roles of operands: a table of costs over what could be rows and what could be lanes.
//
// Lanes must be a variable that the operand of the rows does not read (its number is shared by all
// lanes), or one that both read (pairs: depthwise convolutions). What is not contiguous along the
// lanes is copied, and the cost of the copy counts.
#include "contract_choose.h"

// Cycles by guess, from measured rates: products a cycle and core, copies and scattered stores.
static const double wide_rate = 22, middle_rate = 16, narrow_rate = 8, pairs_rate = 5;
static const double copy_cost = 2, turned_cost = 1, scattered_cost = 3, plain_rate = 0.5;

enum {
    least_products = 2048,              // below, the loops of a tile cost more than they save
    rows_worth_panels = 512,
};

int64_t size_at_bound(const PlanStep *step, Dim dim)
{
    return dim_at(dim, step->graph->bound ? step->graph->bound : 1);
}

bool load_moves(const Expr *e, const Var *var, Dim *stride)
{
    return e->kind == EXPR_LOAD && index_stride(e->index, var, stride);
}

// In panels of whole tiles lanes are as good as in one run.
static bool in_whole_tiles(Dim width, Dim lanes, DType type)
{
    const int widest = tile_width(type, 2);
    return dim_is(width, 1) || (width.power == 0 && width.scale % widest == 0 &&
                                lanes.power == 0 && lanes.scale % widest == 0);
}

bool load_has_lanes(const Expr *e, const Var *lane)
{
    Dim width, stride;
    return e->kind == EXPR_LOAD && index_cut_stride(e->index, lane, &width, &stride) &&
           dim_is(stride, 1) && in_whole_tiles(width, lane->extent, e->dtype);
}

bool store_has_lanes(const Stage *stage, const Var *lane)
{
    Dim width, stride;
    for (int i = 0; i < stage->after.count; i++)
        if (stage->after.item[i].kind == ITEM_STORE)
            return index_cut_stride(stage->after.item[i].index, lane, &width, &stride) &&
                   dim_is(stride, 1) &&
                   in_whole_tiles(width, lane->extent, stage->after.item[i].buffer->dtype);
    return false;
}

bool store_moves(const Stage *stage, const Var *var, Dim *stride)
{
    for (int i = 0; i < stage->after.count; i++)
        if (stage->after.item[i].kind == ITEM_STORE)
            return index_stride(stage->after.item[i].index, var, stride);
    return false;
}

int tile_width(DType type, int step)
{
    return (type == DT_F64 ? 4 : 8) << step;
}

int width_for(DType type, int64_t lanes)
{
    const int64_t middle = tile_width(type, 1), wide = tile_width(type, 2);
    if (lanes < middle)
        return tile_width(type, 0);
    if (lanes < wide)
        return (int)middle;
    const double by_wide = (double)((lanes + wide - 1) / wide * wide) / wide_rate;
    const double by_middle = (double)((lanes + middle - 1) / middle * middle) / middle_rate;
    return by_wide <= by_middle ? 0 : (int)middle;
}

// ---- what can be read as it is ------------------------------------------------------------------

static bool sums_are_affine(const Stage *stage, const Expr *e)
{
    Dim stride;
    for (int i = 0; i < stage->reduce_count; i++)
        if (!load_moves(e, stage->reduce[i].var, &stride))
            return false;
    return e->kind == EXPR_LOAD;
}

static bool readable_as_rows(const Stage *stage, const Roles *roles)
{
    return sums_are_affine(stage, roles->left) &&
           (!roles->pairs || load_has_lanes(roles->left, roles->lane));
}

// The last tile starts early, so there must be a whole one.
static bool readable_as_lanes(const Stage *stage, const Roles *roles)
{
    return sums_are_affine(stage, roles->right) && load_has_lanes(roles->right, roles->lane) &&
           roles->lane->extent.power == 0 &&
           roles->lane->extent.scale >= tile_width(roles->right->dtype, 0);
}

// A matrix that many rows meet is worth a copy in panels: read in strides, it is a fifth slower.
static bool better_in_panels(const PlanStep *step, const Stage *stage, const Roles *roles,
                             double rows)
{
    const int64_t lanes = size_at_bound(step, roles->lane->extent);
    const int64_t widest = tile_width(roles->right->dtype, 2);
    Dim stride;
    const bool one_run = load_moves(roles->right, roles->lane, &stride);
    return !roles->pairs && one_run && lanes > widest && rows > rows_worth_panels &&
           readable_as_lanes(stage, roles);
}

// ---- cost ---------------------------------------------------------------------------------------

static double elements(const PlanStep *step, const Stage *stage, const Expr *e)
{
    double count = 1;
    for (int i = 0; i < stage->space_count; i++)
        if (expr_uses(e, stage->space[i].var))
            count *= (double)size_at_bound(step, stage->space[i].var->extent);
    for (int i = 0; i < stage->reduce_count; i++)
        if (expr_uses(e, stage->reduce[i].var))
            count *= (double)size_at_bound(step, stage->reduce[i].var->extent);
    return count;
}

static double points(const PlanStep *step, const Loop *loop, int count)
{
    double product = 1;
    for (int i = 0; i < count; i++)
        product *= (double)size_at_bound(step, loop[i].var->extent);
    return product;
}

static double row_points(const PlanStep *step, const Stage *stage, const Roles *roles)
{
    double rows = 1;
    for (int i = 0; i < stage->space_count; i++) {
        const Var *var = stage->space[i].var;
        if (!expr_uses(roles->right, var))
            rows *= (double)size_at_bound(step, var->extent);
    }
    return rows;
}

static double up_to(double count, double unit)
{
    const double whole = (double)(int64_t)((count + unit - 1) / unit);
    return whole * unit;
}

static double rate_of(const Roles *roles, int width)
{
    if (roles->pairs)
        return pairs_rate;
    if (width == 0)
        return wide_rate;
    return width == tile_width(roles->right->dtype, 1) ? middle_rate : narrow_rate;
}

static double store_cost(const Stage *stage, const Roles *roles)
{
    Dim stride;
    if (store_has_lanes(stage, roles->lane))
        return 0;
    for (int i = 0; i < stage->space_count; i++) {
        const Var *var = stage->space[i].var;
        if (store_moves(stage, var, &stride) && dim_is(stride, 1))
            return expr_uses(roles->right, var) ? scattered_cost : turned_cost;
    }
    return scattered_cost;
}

static void roles_cost(const PlanStep *step, const Stage *stage, Roles *roles)
{
    const double space = points(step, stage->space, stage->space_count);
    const double products = space * points(step, stage->reduce, stage->reduce_count);
    const double lanes = (double)size_at_bound(step, roles->lane->extent);
    const double rows = row_points(step, stage, roles);
    const int width = width_for(roles->right->dtype, (int64_t)lanes);
    const double whole = width ? width : tile_width(roles->right->dtype, 2);
    roles->copy_left = !readable_as_rows(stage, roles);
    roles->copy_right = !readable_as_lanes(stage, roles) ||
                        better_in_panels(step, stage, roles, rows);
    roles->cost = products / rate_of(roles, width) * (up_to(lanes, whole) / lanes) *
                      (up_to(rows, tile_rows) / rows) +
                  space * store_cost(stage, roles);
    if (roles->copy_left)
        roles->cost += copy_cost * elements(step, stage, roles->left);
    if (roles->copy_right)
        roles->cost += copy_cost * elements(step, stage, roles->right);
}

// ---- choice -------------------------------------------------------------------------------------

static void consider(const PlanStep *step, const Stage *stage, Roles roles, Roles *best)
{
    if (size_at_bound(step, roles.lane->extent) < 2)
        return;
    roles_cost(step, stage, &roles);
    if (roles.cost < best->cost)
        *best = roles;
}

bool roles_choose(const PlanStep *step, const Stage *stage, Roles *best)
{
    const Expr *value = stage->acc[0].value, *times = stage->acc[0].times;
    const double products = points(step, stage->space, stage->space_count) *
                            points(step, stage->reduce, stage->reduce_count);
    *best = (Roles){.cost = products / plain_rate};
    if (products < least_products)
        return false;
    for (int i = 0; i < stage->space_count; i++) {
        const Var *var = stage->space[i].var;
        const bool left = expr_uses(value, var), right = expr_uses(times, var);
        if (right)
            consider(step, stage, (Roles){value, times, var, .pairs = left}, best);
        if (left)
            consider(step, stage, (Roles){times, value, var, .pairs = right}, best);
    }
    return best->lane != NULL;
}
