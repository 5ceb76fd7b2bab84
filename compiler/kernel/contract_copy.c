// Copies of operands in an order that a tile can read: kernels of their own, one store each.
#include "contract_choose.h"
#include "fuse.h"

#include <string.h>

typedef struct Axis {                   // of the copy
    const Var *var;                     // of the stage, replaced by `point` in the operand
    Dim size;
    const Index *point;
    Var *loop;                          // NULL: `point` is made of other axes' loops
} Axis;

typedef struct Copy {
    PlanStep *step;
    IndexContext *c;
    const Expr *operand;
    Axis axis[max_rank];
    int count;
    const Expr *inside;                 // where there is something to copy
} Copy;

static void copy_axis(Copy *copy, const Var *var)
{
    if (!expr_uses(copy->operand, var))
        return;
    Var *loop = var_new(copy->c, var->name, var->extent);
    copy->axis[copy->count++] = (Axis){var, var->extent, index_var(copy->c, loop), loop};
}

static void copy_axes(Copy *copy, const Loop *loop, int count)
{
    for (int i = 0; i < count; i++)
        copy_axis(copy, loop[i].var);
}

static Buffer *buffer_new(Copy *copy, const char *suffix)
{
    Buffer *buffer = arena_alloc(copy->c->arena, sizeof *buffer);
    const char *of = copy->operand->kind == EXPR_LOAD ? copy->operand->buffer->name : "operand";
    *buffer = (Buffer){.name = arena_format(copy->c->arena, "%s_%s", of, suffix),
                       .kind = BUFFER_ARENA, .dtype = copy->operand->dtype,
                       .first = -1, .last = -1};
    buffer->id = copy->c->next_var++;
    buffer->shape.rank = copy->count;
    Dim stride = dim_of(1);
    for (int i = copy->count - 1; i >= 0; i--) {
        buffer->shape.dim[i] = copy->axis[i].size;
        buffer->stride[i] = stride;
        stride = dim_mul(stride, copy->axis[i].size);
    }
    return buffer;
}

static void kernel_insert(PlanStep *step, int at, Kernel *kernel)
{
    step->kernel = arena_grow(step->context.arena, step->kernel, step->kernel_count,
                              &step->kernel_capacity, sizeof *step->kernel);
    memmove(step->kernel + at + 1, step->kernel + at,
            sizeof *step->kernel * (size_t)(step->kernel_count - at));
    step->kernel[at] = kernel;
    step->kernel_count++;
    for (int i = at; i < step->kernel_count; i++)
        step->kernel[i]->id = i;
}

// The operand at the point of the copy; zero outside of it.
static const Expr *copied_value(Copy *copy)
{
    const Expr *value = copy->operand;
    for (int i = 0; i < copy->count; i++)
        if (copy->axis[i].var)
            value = expr_substitute(copy->c, value, copy->axis[i].var, copy->axis[i].point);
    double always;
    if (!copy->inside || (expr_is_number(copy->inside, &always) && always))
        return value;
    return expr_choose(copy->c, copy->inside, value, expr_number(copy->c, value->dtype, 0));
}

static Buffer *copy_finish(Copy *copy, int at, const char *suffix)
{
    IndexContext *c = copy->c;
    Buffer *buffer = buffer_new(copy, suffix);
    Kernel *kernel = arena_alloc(c->arena, sizeof *kernel);
    Stage *stage = arena_alloc(c->arena, sizeof *stage);
    stage->space = arena_alloc(c->arena, sizeof *stage->space * (size_t)copy->count);
    const Index *point[max_rank];
    for (int i = 0; i < copy->count; i++) {
        stage->space[stage->space_count++] = (Loop){.var = copy->axis[i].loop};
        point[i] = index_var(c, copy->axis[i].loop);
    }
    body_store(c, &stage->after, buffer, buffer_at(c, buffer, point), copied_value(copy));
    *kernel = (Kernel){.name = buffer->name, .form = FORM_LANES,
                       .guard = copy->step->kernel[at]->guard};
    kernel->stage = arena_copy(c->arena, &stage, sizeof stage);
    kernel->stage_count = kernel->stage_capacity = 1;
    collapse(c, kernel);
    kernel_insert(copy->step, at, kernel);
    return buffer;
}

// Lanes in whole panels: of variable n, panel n / width and lane n % width, zeros behind the end.
static void copy_panels(Copy *copy, const Tiling *tiling, const Loop *between, int between_count)
{
    IndexContext *c = copy->c;
    const int width = tiling->width ? tiling->width : tile_width(tiling->dtype, 2);
    const int64_t lanes = size_at_bound(copy->step, tiling->lanes);
    Var *panel = var_new(c, "panel", dim_of((lanes + width - 1) / width));
    Var *lane = var_new(c, "lane", dim_of(width));
    const Index *at = index_add(c, index_scale(c, index_var(c, panel), dim_of(width)),
                                index_var(c, lane));
    copy->inside = expr_within(c, at, tiling->lanes);
    copy->axis[copy->count++] = (Axis){tiling->lane, panel->extent, at, panel};
    copy_axes(copy, between, between_count);
    copy->axis[copy->count++] = (Axis){NULL, lane->extent, index_var(c, lane), lane};
}

// What stands in the stage for the axes that copy_panels and copy_axes made.
static const Expr *copy_load(Copy *copy, Buffer *buffer, const Tiling *tiling)
{
    IndexContext *c = copy->c;
    const Index *point[max_rank];
    for (int i = 0; i < copy->count; i++) {
        const Axis *axis = &copy->axis[i];
        const Dim width = copy->axis[copy->count - 1].size;
        const Index *lane = index_var(c, tiling->lane);
        if (!axis->var)
            point[i] = index_mod(c, lane, width);
        else if (axis->var == tiling->lane)
            point[i] = index_div(c, lane, width);
        else
            point[i] = index_var(c, axis->var);
    }
    return expr_load(c, buffer, buffer_at(c, buffer, point));
}

const Expr *copy_lanes(PlanStep *step, int at, const Expr *operand, const Tiling *tiling,
                       const Stage *stage)
{
    Copy copy = {.step = step, .c = &step->context, .operand = operand};
    copy_axes(&copy, tiling->outer, tiling->outer_count);
    copy_panels(&copy, tiling, stage->reduce, stage->reduce_count);
    return copy_load(&copy, copy_finish(&copy, at, "panels"), tiling);
}

const Expr *copy_rows(PlanStep *step, int at, const Expr *operand, const Tiling *tiling,
                      const Stage *stage)
{
    Copy copy = {.step = step, .c = &step->context, .operand = operand};
    copy_axes(&copy, tiling->outer, tiling->outer_count);
    copy_axes(&copy, tiling->row, tiling->row_count);
    if (tiling->pairs)
        copy_panels(&copy, tiling, stage->reduce, stage->reduce_count);
    else
        copy_axes(&copy, stage->reduce, stage->reduce_count);
    return copy_load(&copy, copy_finish(&copy, at, "rows"), tiling);
}
