#include "expr.h"

#include "../trace/program.h"
#include "kernel.h"

#include <string.h>

static Expr *expr_new(IndexContext *c, ExprKind kind, DType type)
{
    Expr *e = arena_alloc(c->arena, sizeof *e);
    e->kind = kind;
    e->dtype = type;
    return e;
}

const Expr *expr_number(IndexContext *c, DType type, double number)
{
    Expr *e = expr_new(c, EXPR_NUMBER, type);
    e->number = number;
    return e;
}

const Expr *expr_host(IndexContext *c, DType type, const HostExpr *host)
{
    Expr *e = expr_new(c, EXPR_HOST, type);
    e->host = host;
    return e;
}

const Expr *expr_load(IndexContext *c, Buffer *buffer, const Index *index)
{
    Expr *e = expr_new(c, EXPR_LOAD, buffer->dtype);
    e->buffer = buffer;
    e->index = index;
    return e;
}

const Expr *expr_index(IndexContext *c, DType type, const Index *index)
{
    int64_t number;
    if (index_is_number(index, &number))
        return expr_number(c, type, (double)number);
    Expr *e = expr_new(c, EXPR_INDEX, type);
    e->index = index;
    return e;
}

const Expr *expr_random(IndexContext *c, uint64_t site, const Index *index, Dim count)
{
    Expr *e = expr_new(c, EXPR_RANDOM, DT_F32);
    e->site = site;
    e->index = index;
    e->extent = count;
    return e;
}

const Expr *expr_prim(IndexContext *c, Prim prim, DType type, const Expr *const *operand, int count)
{
    Expr *e = expr_new(c, EXPR_PRIM, type);
    e->prim = prim;
    e->operand_count = count;
    for (int i = 0; i < count; i++)
        e->operand[i] = operand[i];
    return e;
}

const Expr *expr_within(IndexContext *c, const Index *index, Dim extent)
{
    if (index_at_least_zero(c, index) && index_below(c, index, extent))
        return expr_number(c, DT_BOOL, 1);
    int64_t number;
    if (extent.scale == 0)
        return expr_number(c, DT_BOOL, 0);
    if (index_is_number(index, &number) &&
        (number < 0 || (!extent.power && number >= extent.scale)))
        return expr_number(c, DT_BOOL, 0);
    Expr *e = expr_new(c, EXPR_WITHIN, DT_BOOL);
    e->index = index;
    e->extent = extent;
    return e;
}

const Expr *expr_divides(IndexContext *c, const Index *index, int64_t by)
{
    int64_t number;
    const Index *rest = index_mod(c, index, dim_of(by));
    if (index_is_number(rest, &number))
        return expr_number(c, DT_BOOL, number == 0);
    Expr *e = expr_new(c, EXPR_DIVIDES, DT_BOOL);
    e->index = index;
    e->extent = dim_of(by);
    return e;
}

const Expr *expr_both(IndexContext *c, const Expr *a, const Expr *b)
{
    double number;
    if (expr_is_number(a, &number))
        return number ? b : a;
    if (expr_is_number(b, &number))
        return number ? a : b;
    return expr_prim(c, P_AND, DT_BOOL, (const Expr *const[]){a, b}, 2);
}

const Expr *expr_choose(IndexContext *c, const Expr *condition, const Expr *a, const Expr *b)
{
    double number;
    if (expr_is_number(condition, &number))
        return number ? a : b;
    Expr *e = expr_new(c, EXPR_CHOOSE, a->dtype);
    e->operand_count = 3;
    e->operand[0] = condition;
    e->operand[1] = a;
    e->operand[2] = b;
    return e;
}

const Expr *expr_local(IndexContext *c, const Local *local)
{
    Expr *e = expr_new(c, EXPR_LOCAL, local->dtype);
    e->local = local;
    return e;
}

const Expr *expr_acc(IndexContext *c, DType type, int acc)
{
    Expr *e = expr_new(c, EXPR_ACC, type);
    e->acc = acc;
    return e;
}

bool expr_is_number(const Expr *e, double *number)
{
    *number = e->number;
    return e->kind == EXPR_NUMBER;
}

// ---- order --------------------------------------------------------------------------------------

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int host_compare(const HostExpr *a, const HostExpr *b)
{
    if (a == b)
        return 0;
    if (!a || !b)
        return a ? 1 : -1;
    if (a->op != b->op || a->index != b->index)
        return a->op != b->op ? order(a->op, b->op) : order(a->index, b->index);
    int result = memcmp(&a->number, &b->number, sizeof a->number);
    if (!result && (a->text || b->text))
        result = !a->text ? -1 : !b->text ? 1 : strcmp(a->text, b->text);
    result = result ? result : host_compare(a->a, b->a);
    result = result ? result : host_compare(a->b, b->b);
    return result ? result : host_compare(a->c, b->c);
}

static int leaf_compare(const Expr *a, const Expr *b)
{
    switch (a->kind) {
    case EXPR_NUMBER: return memcmp(&a->number, &b->number, sizeof a->number);
    case EXPR_HOST: return host_compare(a->host, b->host);
    case EXPR_LOAD: return order(a->buffer->id, b->buffer->id);
    case EXPR_RANDOM: return (a->site > b->site) - (a->site < b->site);
    case EXPR_PRIM: return order(a->prim, b->prim);
    case EXPR_WITHIN:
    case EXPR_DIVIDES:
        return a->extent.scale != b->extent.scale ? order(a->extent.scale, b->extent.scale)
                                                  : order(a->extent.power, b->extent.power);
    case EXPR_LOCAL: return order(a->local->id, b->local->id);
    case EXPR_ACC: return order(a->acc, b->acc);
    case EXPR_INDEX:
    case EXPR_CHOOSE: return 0;
    }
    return 0;
}

int expr_compare(const Expr *a, const Expr *b)
{
    if (a == b)
        return 0;
    if (a->kind != b->kind || a->dtype != b->dtype)
        return a->kind != b->kind ? order(a->kind, b->kind) : order(a->dtype, b->dtype);
    int result = leaf_compare(a, b);
    if (!result && a->index)
        result = index_compare(a->index, b->index);
    for (int i = 0; !result && i < a->operand_count; i++)
        result = expr_compare(a->operand[i], b->operand[i]);
    return result;
}

bool expr_uses(const Expr *e, const Var *var)
{
    if (e->index && index_uses(e->index, var))
        return true;
    for (int i = 0; i < e->operand_count; i++)
        if (expr_uses(e->operand[i], var))
            return true;
    return false;
}

// ---- copies -------------------------------------------------------------------------------------

typedef struct Mapping {
    ExprMap *map;
    void *data;
} Mapping;

static const Index *map_atom(IndexContext *c, const Atom *atom, void *data)
{
    const Mapping *m = data;
    if (atom->kind != ATOM_VALUE)
        return NULL;
    const Expr *value = expr_map(c, atom->value, m->map, m->data);
    return value == atom->value ? NULL : index_value(c, value, atom->extent);
}

const Expr *expr_map(IndexContext *c, const Expr *e, ExprMap *map, void *data)
{
    Mapping m = {map, data};
    Expr copy = *e;
    bool changed = false;
    if (e->index) {
        copy.index = index_map(c, e->index, map_atom, &m);
        changed = !index_equal(copy.index, e->index);
    }
    for (int i = 0; i < e->operand_count; i++) {
        copy.operand[i] = expr_map(c, e->operand[i], map, data);
        changed = changed || copy.operand[i] != e->operand[i];
    }
    return map(c, changed ? arena_copy(c->arena, &copy, sizeof copy) : e, data);
}

typedef struct Swap {
    const Var *var;
    const Index *by;
} Swap;

static const Expr *swap_index(IndexContext *c, const Expr *e, void *data)
{
    const Swap *swap = data;
    if (!e->index || !index_uses(e->index, swap->var))
        return e;
    Expr *copy = arena_copy(c->arena, e, sizeof *e);
    copy->index = index_substitute(c, e->index, swap->var, swap->by);
    return copy;
}

const Expr *expr_substitute(IndexContext *c, const Expr *e, const Var *var, const Index *by)
{
    Swap swap = {var, by};
    return expr_uses(e, var) ? expr_map(c, e, swap_index, &swap) : e;
}
