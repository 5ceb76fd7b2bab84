#include "cut.h"

enum { vector = 8 };                    // loops that are to be vectors are not cut shorter

typedef struct Search {
    const Var *var;
    Dim width;                          // the least by which it is cut; scale 0: nowhere yet
    bool fits;                          // all others are multiples of it
} Search;

static void note(Search *s, Dim width)
{
    Dim times;
    if (!s->width.scale || dim_divides(s->width, width, &times))
        s->width = width;
    s->fits = s->fits && dim_divides(width, s->width, &times);
}

static void look(Search *s, const Index *index)
{
    for (int i = 0; index && i < index->term_count; i++) {
        const Atom *atom = &index->term[i].atom;
        if (atom->kind == ATOM_VAR)
            continue;
        if (atom->kind == ATOM_VALUE)
            s->fits = s->fits && !expr_uses(atom->value, s->var);
        else if (index_is_var(atom->of, s->var))
            note(s, atom->by);
        else
            look(s, atom->of);
    }
}

static void look_expr(Search *s, const Expr *e)
{
    if (e->kind == EXPR_LOAD)
        look(s, e->index);
    for (int i = 0; i < e->operand_count; i++)
        look_expr(s, e->operand[i]);
}

static void look_body(Search *s, const Body *body)
{
    for (int i = 0; i < body->count; i++) {
        look(s, body->item[i].index);
        look_expr(s, body->item[i].value);
    }
}

static Dim cut_width(const Stage *stage, const Var *var)
{
    Search s = {var, dim_of(0), true};
    for (int i = 0; i < stage->acc_count; i++) {
        look_expr(&s, stage->acc[i].value);
        if (stage->acc[i].times)
            look_expr(&s, stage->acc[i].times);
    }
    look_body(&s, &stage->body);
    look_body(&s, &stage->after);
    Dim count;
    return s.fits && s.width.scale && dim_divides(var->extent, s.width, &count) ? s.width
                                                                               : dim_of(0);
}

static void substitute_body(IndexContext *c, Body *body, const Var *var, const Index *by)
{
    for (int i = 0; i < body->count; i++) {
        Item *item = &body->item[i];
        item->value = expr_substitute(c, item->value, var, by);
        if (item->index)
            item->index = index_substitute(c, item->index, var, by);
    }
}

static void substitute(IndexContext *c, Stage *stage, const Var *var, const Index *by)
{
    for (int i = 0; i < stage->acc_count; i++) {
        Acc *acc = &stage->acc[i];
        acc->value = expr_substitute(c, acc->value, var, by);
        if (acc->times)
            acc->times = expr_substitute(c, acc->times, var, by);
    }
    substitute_body(c, &stage->body, var, by);
    substitute_body(c, &stage->after, var, by);
}

static void cut(IndexContext *c, Stage *stage, Loop **loops, int *count, const Var *lane,
                int64_t least)
{
    for (int at = 0; at < *count && *count < max_rank; at++) {
        const Loop loop = (*loops)[at];
        const Dim width = loop.var == lane ? dim_of(0) : cut_width(stage, loop.var);
        Dim panels;
        if (width.scale < least || !dim_divides(loop.var->extent, width, &panels))
            continue;
        const Var *panel = var_new(c, loop.var->name, panels);
        const Var *within = var_new(c, loop.var->name, width);
        Loop *longer = arena_alloc(c->arena, sizeof *longer * (size_t)(*count + 1));
        for (int i = 0; i < *count; i++)
            longer[i + (i > at)] = (*loops)[i];
        longer[at] = (Loop){panel, loop.role};
        longer[at + 1] = (Loop){within, loop.role};
        substitute(c, stage, loop.var,
                   index_add(c, index_scale(c, index_var(c, panel), width),
                             index_var(c, within)));
        *loops = longer;
        (*count)++;
        at--;                           // the loop over panels may be cut again
    }
}

void cut_loops(IndexContext *c, Kernel *kernel)
{
    if (kernel->form != FORM_LANES)
        return;
    for (int i = 0; i < kernel->stage_count; i++) {
        Stage *stage = kernel->stage[i];
        if (stage->kind == STAGE_LOOPS && !stage->special)
            cut(c, stage, &stage->space, &stage->space_count, NULL, vector);
    }
}

void cut_sums(IndexContext *c, Stage *stage)
{
    cut(c, stage, &stage->reduce, &stage->reduce_count, NULL, 2);
}

void cut_points(IndexContext *c, Stage *stage, const Var *lane)
{
    cut(c, stage, &stage->space, &stage->space_count, lane, 2);
}
