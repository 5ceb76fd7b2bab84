// collapse: neighbouring loops that every address sees as one become one loop.
//
// Loops over i and j act as one loop over w = i * J + j where each index has i J times as often as
// j. That makes inner loops long, which vectors want, and text short.
#include "fuse.h"

#include "../base/mutant.h"

typedef struct Pair {
    const Var *outer, *inner;
    bool fits;
} Pair;

static void look_expr(Pair *pair, const Expr *e);

static void look(Pair *pair, const Index *index)
{
    const Dim times = pair->inner->extent;
    for (int i = 0; index && i < index->term_count; i++) {
        const Term *term = &index->term[i];
        if (term->atom.kind == ATOM_VALUE) {
            look_expr(pair, term->atom.value);
            continue;
        }
        if (term->atom.kind != ATOM_VAR) {
            look(pair, term->atom.of);
            continue;
        }
        const bool is_outer = term->atom.var == pair->outer;
        if (!is_outer && term->atom.var != pair->inner)
            continue;
        bool found = false;             // the partner, with the right factor
        for (int k = 0; k < index->term_count; k++) {
            const Term *other = &index->term[k];
            if (other->atom.kind != ATOM_VAR ||
                other->atom.var != (is_outer ? pair->inner : pair->outer))
                continue;
            found = found || (is_outer
                                  ? dim_equal(term->factor, dim_mul(other->factor, times))
                                  : dim_equal(other->factor, dim_mul(term->factor, times)));
        }
        pair->fits = pair->fits && found;
    }
}

static void look_expr(Pair *pair, const Expr *e)
{
    look(pair, e->index);
    for (int i = 0; i < e->operand_count; i++)
        look_expr(pair, e->operand[i]);
}

static void look_body(Pair *pair, const Body *body)
{
    for (int i = 0; i < body->count; i++) {
        look(pair, body->item[i].index);
        look_expr(pair, body->item[i].value);
    }
}

static void look_stage(Pair *pair, const Stage *stage)
{
    for (int i = 0; i < stage->acc_count; i++) {
        look_expr(pair, stage->acc[i].value);
        if (stage->acc[i].times)
            look_expr(pair, stage->acc[i].times);
    }
    look_body(pair, &stage->body);
    look_body(pair, &stage->after);
}

// ---- replacing ----------------------------------------------------------------------------------

typedef struct Change {
    const Pair *pair;
    const Index *by;
} Change;

static const Index *change_atom(IndexContext *c, const Atom *atom, void *data);

static const Expr *change_expr(IndexContext *c, const Expr *e, void *data)
{
    const Change *change = data;
    if (!e->index || (!index_uses(e->index, change->pair->inner) &&
                      !index_uses(e->index, change->pair->outer)))
        return e;
    Expr *copy = arena_copy(c->arena, e, sizeof *e);
    copy->index = index_map(c, e->index, change_atom, data);
    return copy;
}

static const Index *change_atom(IndexContext *c, const Atom *atom, void *data)
{
    const Change *change = data;
    if (atom->kind == ATOM_VALUE)
        return index_value(c, expr_map(c, atom->value, change_expr, data), atom->extent);
    if (atom->var == change->pair->outer)
        return index_number(c, 0);
    return atom->var == change->pair->inner ? change->by : NULL;
}

static void change_body(IndexContext *c, Body *body, Change *change)
{
    for (int i = 0; i < body->count; i++) {
        Item *item = &body->item[i];
        item->value = expr_map(c, item->value, change_expr, change);
        if (item->index)
            item->index = index_map(c, item->index, change_atom, change);
    }
}

static void change_stage(IndexContext *c, Stage *stage, Change *change)
{
    for (int i = 0; i < stage->acc_count; i++) {
        Acc *acc = &stage->acc[i];
        acc->value = expr_map(c, acc->value, change_expr, change);
        if (acc->times)
            acc->times = expr_map(c, acc->times, change_expr, change);
    }
    change_body(c, &stage->body, change);
    change_body(c, &stage->after, change);
}

static void join(IndexContext *c, Loop *loop, int *count, int at, Stage **stage, int stage_count)
{
    const Pair pair = {loop[at].var, loop[at + 1].var, true};
    const Var *joined =
        var_new(c, pair.inner->name, dim_mul(pair.outer->extent, pair.inner->extent));
    Change change = {&pair, index_var(c, joined)};
    for (int i = 0; i < stage_count; i++)
        change_stage(c, stage[i], &change);
    loop[at].var = joined;
    for (int i = at + 1; i < *count - 1; i++)
        loop[i] = loop[i + 1];
    (*count)--;
}

static void collapse_loops(IndexContext *c, Loop *loop, int *count, Stage **stage, int stage_count)
{
    for (int at = *count - 2; at >= 0; at--) {
        Pair pair = {loop[at].var, loop[at + 1].var, true};
        for (int i = 0; i < stage_count; i++)
            look_stage(&pair, stage[i]);
        if ((pair.fits || MUTANT(collapse_unfit)) && loop[at].role == loop[at + 1].role)
            join(c, loop, count, at, stage, stage_count);
    }
}

void collapse(IndexContext *c, Kernel *kernel)
{
    for (int i = 0; i < kernel->stage_count; i++) {
        Stage *stage = kernel->stage[i];
        if (stage->special)
            return;
        collapse_loops(c, stage->space, &stage->space_count, &kernel->stage[i], 1);
        if (stage->kind != STAGE_SCAN)
            collapse_loops(c, stage->reduce, &stage->reduce_count, &kernel->stage[i], 1);
    }
    collapse_loops(c, kernel->outer, &kernel->outer_count, kernel->stage, kernel->stage_count);
}
