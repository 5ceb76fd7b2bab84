#include "kernel.h"

#include "../base/mutant.h"

#include <string.h>

static Item *item_new(IndexContext *c, Body *body)
{
    body->item = arena_grow(c->arena, body->item, body->count, &body->capacity, sizeof(Item));
    return &body->item[body->count++];
}

void body_local(IndexContext *c, Body *body, const Local *local, const Expr *value)
{
    *item_new(c, body) = (Item){.kind = ITEM_LOCAL, .local = local, .value = value};
}

void body_store(IndexContext *c, Body *body, Buffer *buffer, const Index *index, const Expr *value)
{
    *item_new(c, body) =
        (Item){.kind = ITEM_STORE, .buffer = buffer, .index = index, .value = value};
}

Local *local_new(IndexContext *c, const char *name, DType type)
{
    Local *local = arena_alloc(c->arena, sizeof *local);
    *local = (Local){.id = c->next_var++, .name = name, .dtype = type};
    return local;
}

const Index *buffer_at(IndexContext *c, const Buffer *buffer, const Index *const *point)
{
    const Index *at = index_number(c, 0);
    for (int i = 0; i < buffer->shape.rank; i++) {
        const Index *along = point[i];
        if (buffer->panel && i == buffer->panel_axis) {
            const Dim width = dim_of(buffer->panel);
            at = index_add(c, at, index_scale(c, index_div(c, along, width), buffer->panel_stride));
            along = index_mod(c, along, width);
        }
        at = index_add(c, at, index_scale(c, along, buffer->stride[i]));
    }
    return at;
}

// ---- names --------------------------------------------------------------------------------------

typedef struct Naming {
    IndexContext *c;
    const Body *body;
    int current;                        // item whose value is being renamed
    Body result;
    Body stores;
} Naming;

// Counts the places outside every choice that use an expression; inside one, nothing may be moved.
static void count_uses(const Expr *e);

static void count_index(const Index *index)
{
    for (int i = 0; index && i < index->term_count; i++) {
        const Atom *atom = &index->term[i].atom;
        if (atom->kind == ATOM_VALUE)
            count_uses(atom->value);
        else if (atom->kind != ATOM_VAR)
            count_index(atom->of);
    }
}

static void count_uses(const Expr *e)
{
    Expr *counted = (Expr *)e;
    if (counted->uses++)
        return;
    count_index(e->index);
    for (int i = 0; i < e->operand_count; i++)
        if (e->kind != EXPR_CHOOSE || i == 0)
            count_uses(e->operand[i]);
    for (int i = 1; i < e->operand_count; i++)
        if (e->kind == EXPR_PRIM && e->prim == P_SELECT)
            ((Expr *)e->operand[i])->eager = true;
}

static bool has_work(const Expr *e)
{
    return e->kind == EXPR_PRIM || e->kind == EXPR_RANDOM || e->kind == EXPR_CHOOSE;
}

static const char *const words[P_COUNT] = {
    [P_NEG] = "negative", [P_ABS] = "size", [P_SIGN] = "sign", [P_SQRT] = "root",
    [P_EXP] = "raised", [P_EXPM1] = "raised", [P_LOG] = "logarithm", [P_LOG1P] = "logarithm",
    [P_SIN] = "sine", [P_COS] = "cosine", [P_TANH] = "squashed", [P_ERF] = "error",
    [P_NOT] = "not_so", [P_CAST] = "as_number", [P_ADD] = "total", [P_SUB] = "difference",
    [P_MUL] = "product", [P_DIV] = "quotient", [P_POW] = "power", [P_MAXIMUM] = "greater",
    [P_MINIMUM] = "lesser", [P_EQ] = "equal", [P_NE] = "differs", [P_LT] = "below",
    [P_LE] = "at_most", [P_AND] = "both", [P_OR] = "either", [P_SELECT] = "chosen",
    [P_STOP] = "place",
};

static const char *word_for(const Expr *e)
{
    if (e->node && e->node->name)
        return e->node->name;
    if (e->kind == EXPR_LOAD)
        return e->buffer->name;
    if (e->kind == EXPR_RANDOM)
        return "draw";
    return e->kind == EXPR_PRIM && words[e->prim] ? words[e->prim] : "value";
}

// A load that would come behind a store to the same buffer.
static bool overwritten(const Naming *n, const Expr *e)
{
    if (e->kind != EXPR_LOAD || MUTANT(body_overwrite))
        return false;
    for (int i = 0; i < n->body->count; i++)
        if (n->body->item[i].kind == ITEM_STORE && n->body->item[i].buffer == e->buffer)
            return e->uses >= 2 || (e->uses == 1 && n->current > i);
    return false;
}

static bool deserves_name(const Naming *n, const Expr *e)
{
    if (e->named || overwritten(n, e))
        return true;
    if (e->eager && (has_work(e) || e->kind == EXPR_LOAD))
        return true;                    // a branch that loads keeps compilers from vectors
    if (e->uses >= 2 || (e->uses && e->prim == P_STOP))
        return has_work(e);
    return e->uses == 1 && e->kind == EXPR_PRIM && e->node && e->node->name;
}

static const Expr *name_parts(Naming *n, const Expr *e);

static const Index *rename_atom(IndexContext *c, const Atom *atom, void *data)
{
    if (atom->kind != ATOM_VALUE)
        return NULL;
    const Expr *value = name_parts(data, atom->value);
    return value == atom->value ? NULL : index_value(c, value, atom->extent);
}

static const Index *rename_index(Naming *n, const Index *index)
{
    return index ? index_map(n->c, index, rename_atom, n) : NULL;
}

static const Expr *name_parts(Naming *n, const Expr *e)
{
    if (e->renamed)
        return e->renamed;
    Expr copy = *e;
    bool changed = false;
    copy.index = rename_index(n, e->index);
    changed = copy.index && !index_equal(copy.index, e->index);
    for (int i = 0; i < e->operand_count; i++) {
        copy.operand[i] = name_parts(n, e->operand[i]);
        changed = changed || copy.operand[i] != e->operand[i];
    }
    copy.uses = 0;
    copy.named = NULL;
    const Expr *result = changed ? arena_copy(n->c->arena, &copy, sizeof copy) : e;
    if (deserves_name(n, e)) {
        const Local *local = e->named ? e->named : local_new(n->c, word_for(e), e->dtype);
        body_local(n->c, &n->result, local, result);
        result = expr_local(n->c, local);
    }
    ((Expr *)e)->renamed = result;
    return result;
}

void body_finish(IndexContext *c, Body *body, Acc *acc, int acc_count)
{
    Naming n = {.c = c, .body = body};
    for (int i = 0; i < acc_count; i++) {
        count_uses(acc[i].value);
        if (acc[i].times)
            count_uses(acc[i].times);
    }
    for (int i = 0; i < body->count; i++) {
        count_uses(body->item[i].value);
        count_index(body->item[i].index);
        if (body->item[i].kind == ITEM_LOCAL)
            ((Expr *)body->item[i].value)->named = body->item[i].local;
    }
    for (int i = 0; i < acc_count; i++) {
        acc[i].value = name_parts(&n, acc[i].value);
        acc[i].times = acc[i].times ? name_parts(&n, acc[i].times) : NULL;
    }
    for (int i = 0; i < body->count; i++) {
        Item item = body->item[i];
        n.current = i;
        const Expr *value = name_parts(&n, item.value);
        if (item.kind == ITEM_LOCAL) {
            if (value->kind == EXPR_LOCAL && value->local == item.local)
                continue;
            body_local(c, &n.result, item.local, value);    // a second name of one value
            continue;
        }
        body_store(c, &n.stores, item.buffer, rename_index(&n, item.index), value);
    }
    for (int i = 0; i < n.stores.count; i++)
        *item_new(c, &n.result) = n.stores.item[i];
    *body = n.result;
}
