#include "place.h"
#include "contract.h"
#include "layout.h"

#include "../base/mutant.h"
#include "visit.h"

#include <stdlib.h>
#include <string.h>

enum { line = 64 };

static size_t align(size_t bytes)
{
    return (bytes + line - 1) / line * line;
}

// ---- variables ----------------------------------------------------------------------------------

// The part of a path before that of the parameter it belongs to: "optimizer.m".
static size_t own_part(const Variable *v)
{
    const size_t length = strlen(v->path);
    if (!v->of)
        return 0;
    const size_t tail = strlen(v->of->path);
    return length > tail && strcmp(v->path + length - tail, v->of->path) == 0 ? length - tail
                                                                              : length;
}

static int by_group(const void *left, const void *right)
{
    const Variable *a = *(Variable *const *)left, *b = *(Variable *const *)right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->dtype != b->dtype)
        return a->dtype < b->dtype ? -1 : 1;
    const size_t mine = own_part(a), its = own_part(b);
    const int state = strncmp(a->path, b->path, mine < its ? mine : its);
    if (a->of && b->of && (mine != its || state))
        return mine == its || state ? state : mine < its ? -1 : 1;
    const Variable *first = a->of ? a->of : a, *second = b->of ? b->of : b;
    return first->id != second->id ? (first->id < second->id ? -1 : 1)
                                   : (a->id > b->id) - (a->id < b->id);
}

void place_variables(Plan *plan)
{
    const Program *program = plan->program;
    const size_t count = (size_t)program->variable_count;
    Variable **order = arena_alloc(plan->arena, sizeof *order * (count + 1));
    for (size_t i = 0; i < count; i++)
        order[i] = program->variable[i];
    qsort(order, count, sizeof *order, by_group);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        Buffer *buffer = plan->variable[order[i]->id];
        buffer->offset = order[i]->offset = at;
        at += align(buffer->bytes);
    }
    plan->variable_bytes = at;
}

// ---- buffers of a step --------------------------------------------------------------------------

typedef struct Uses {
    PlanStep *step;
    Arena *arena;
    int kernel;
} Uses;

static void use(void *data, Buffer *buffer, bool written)
{
    Uses *u = data;
    (void)written;
    if (buffer->kind != BUFFER_ARENA)
        return;
    if (buffer->first < 0) {
        buffer->first = u->kernel;
        PlanStep *step = u->step;
        step->buffer = arena_grow(u->arena, step->buffer, step->buffer_count,
                                  &step->buffer_capacity, sizeof(Buffer *));
        step->buffer[step->buffer_count++] = buffer;
    }
    buffer->last = u->kernel;
}

static int by_size(const void *left, const void *right)
{
    const Buffer *a = *(Buffer *const *)left, *b = *(Buffer *const *)right;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

static bool meet(const Buffer *a, const Buffer *b)
{
    if (MUTANT(place_overlap))
        return a->first < b->last && b->first < a->last;
    return a->first <= b->last && b->first <= a->last;
}

// The lowest gap that is wide enough among the buffers, in the order of their places, that live
// meanwhile.
static size_t lowest(Buffer *const *placed, size_t count, const Buffer *buffer)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const Buffer *other = placed[i];
        if (!meet(other, buffer))
            continue;
        if (other->offset >= at + align(buffer->bytes))
            return at;
        const size_t end = other->offset + align(other->bytes);
        at = end > at ? end : at;
    }
    return at;
}

static void insert(Buffer **placed, size_t count, Buffer *buffer)
{
    for (; count && placed[count - 1]->offset > buffer->offset; count--)
        placed[count] = placed[count - 1];
    placed[count] = buffer;
}

void place_step(Plan *plan, PlanStep *step)
{
    Uses u = {step, plan->arena, 0};
    for (int i = 0; i < step->kernel_count; i++) {
        u.kernel = i;
        kernel_visit(step->kernel[i], use, &u);
    }
    u.kernel = step->kernel_count;
    for (int i = 0; i < step->result_count; i++)
        use(&u, step->result[i].buffer, true);
    const int64_t bound = step->graph->bound ? step->graph->bound : 1;
    const size_t count = (size_t)step->buffer_count;
    for (size_t i = 0; i < count; i++) {
        Buffer *buffer = step->buffer[i];
        buffer->bytes = (size_t)layout_elements(buffer, bound) *
                        (size_t)dtype_bytes(buffer->dtype);
    }
    Buffer **order = arena_alloc(plan->arena, sizeof *order * (count + 1));
    for (size_t i = 0; i < count; i++)
        order[i] = step->buffer[i];
    qsort(order, count, sizeof *order, by_size);
    Buffer **placed = arena_alloc(plan->arena, sizeof *placed * (count + 1));
    for (size_t i = 0; i < count; i++) {
        order[i]->offset = lowest(placed, i, order[i]);
        insert(placed, i, order[i]);
        const size_t end = order[i]->offset + align(order[i]->bytes);
        step->arena_bytes = end > step->arena_bytes ? end : step->arena_bytes;
    }
    for (size_t i = 0; i < count; i++)
        order[i]->offset += plan->variable_bytes;
}
