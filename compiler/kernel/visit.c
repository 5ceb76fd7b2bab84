#include "visit.h"

#include "../base/mutant.h"
#include "contract.h"

typedef struct Visit {
    SeeBuffer *see;
    void *data;
} Visit;

static void visit_expr(const Visit *v, const Expr *e);

static void visit_index(const Visit *v, const Index *index)
{
    for (int i = 0; index && i < index->term_count; i++) {
        const Atom *atom = &index->term[i].atom;
        if (atom->kind == ATOM_VALUE)
            visit_expr(v, atom->value);
        else if (atom->kind != ATOM_VAR)
            visit_index(v, atom->of);
    }
}

static void visit_expr(const Visit *v, const Expr *e)
{
    if (!e)
        return;
    if (e->kind == EXPR_LOAD)
        v->see(v->data, e->buffer, false);
    visit_index(v, e->index);
    for (int i = 0; i < e->operand_count; i++)
        visit_expr(v, e->operand[i]);
}

static void visit_body(const Visit *v, const Body *body)
{
    for (int i = 0; i < body->count; i++) {
        if (body->item[i].kind == ITEM_STORE)
            v->see(v->data, body->item[i].buffer, true);
        visit_index(v, body->item[i].index);
        visit_expr(v, body->item[i].value);
    }
}

static void visit_special(const Visit *v, const Special *s)
{
    v->see(v->data, s->result, true);
    visit_expr(v, s->key);
    visit_expr(v, s->start);
    visit_expr(v, s->update);
    visit_expr(v, s->inside);
    visit_index(v, s->at);
    visit_index(v, s->which);
    if (s->keys) {
        v->see(v->data, s->keys, true);
        v->see(v->data, s->order, true);
        v->see(v->data, s->scratch, true);
    }
}

void kernel_visit(const Kernel *kernel, SeeBuffer *see, void *data)
{
    const Visit v = {see, data};
    for (int i = 0; i < kernel->stage_count; i++) {
        const Stage *stage = kernel->stage[i];
        for (int k = 0; k < stage->acc_count; k++) {
            visit_expr(&v, stage->acc[k].value);
            visit_expr(&v, stage->acc[k].times);
        }
        visit_body(&v, &stage->body);
        visit_body(&v, &stage->after);
        if (stage->special)
            visit_special(&v, stage->special);
        const Tiling *tiling = stage->contraction ? stage->contraction->tiling : NULL;
        if (tiling && tiling->partial)
            see(data, tiling->partial, true);
    }
}

// ---- side by side -------------------------------------------------------------------------------

typedef struct Taking {
    Arena *arena;
    Touches touches;
} Taking;

static void take(void *data, Buffer *buffer, bool written)
{
    Taking *t = data;
    if (buffer->kind == BUFFER_ROW)
        return;
    for (int i = 0; i < t->touches.count; i++)
        if (t->touches.touch[i].buffer == buffer) {
            t->touches.touch[i].written |= written;
            return;
        }
    t->touches.touch = arena_grow(t->arena, t->touches.touch, t->touches.count,
                                  &t->touches.capacity, sizeof(Touch));
    t->touches.touch[t->touches.count++] = (Touch){buffer, written};
}

Touches kernel_touches(Arena *arena, const Kernel *kernel)
{
    Taking t = {.arena = arena};
    kernel_visit(kernel, take, &t);
    return t.touches;
}

static bool in_block(const Buffer *buffer)
{
    return buffer->kind == BUFFER_VARIABLE || buffer->kind == BUFFER_ARENA;
}

static bool overlap(const Buffer *a, const Buffer *b)
{
    if (in_block(a) && in_block(b))
        return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
    return a->kind == b->kind && a->index == b->index;
}

bool touches_conflict(const Touches *a, const Touches *b)
{
    for (int i = 0; i < a->count && !MUTANT(visit_no_conflict); i++)
        for (int k = 0; k < b->count; k++)
            if ((a->touch[i].written || b->touch[k].written) &&
                overlap(a->touch[i].buffer, b->touch[k].buffer))
                return true;
    return false;
}
