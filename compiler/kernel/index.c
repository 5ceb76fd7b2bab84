#include "index.h"

#include "../base/mutant.h"
#include "expr.h"

#include <string.h>

// ---- polynomials in B ---------------------------------------------------------------------------

typedef struct Poly {
    int64_t c[max_power];
} Poly;

static Poly poly_of(Dim dim)
{
    Poly p = {{0}};
    if (dim.power >= max_power)
        bug("size with B^%d", dim.power);
    p.c[dim.power] = dim.scale;
    return p;
}

static Poly poly_add(Poly a, Poly b, int64_t times)
{
    for (int k = 0; k < max_power; k++)
        a.c[k] += times * b.c[k];
    return a;
}

static Poly poly_mul(Poly a, Poly b)
{
    Poly r = {{0}};
    for (int i = 0; i < max_power; i++)
        for (int j = 0; a.c[i] && j < max_power; j++) {
            if (b.c[j] && i + j >= max_power)
                bug("size with B^%d", i + j);
            if (b.c[j])
                r.c[i + j] += a.c[i] * b.c[j];
        }
    return r;
}

// Sufficient: with B = least + t every coefficient of t^k is at least 0.
static bool poly_at_least_zero(Poly p, int64_t least)
{
    for (int low = 0; low < max_power - 1; low++)
        for (int k = max_power - 2; k >= low; k--)
            p.c[k] += least * p.c[k + 1];
    for (int k = 0; k < max_power; k++)
        if (p.c[k] < 0)
            return false;
    return true;
}

int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

bool dim_divides(Dim a, Dim by, Dim *quotient)
{
    if (!by.scale || a.power < by.power || a.scale % by.scale)
        return false;
    *quotient = (Dim){a.scale / by.scale, a.power - by.power};
    return true;
}

// ---- order and equality -------------------------------------------------------------------------

static int order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int dim_compare(Dim a, Dim b)
{
    return a.power != b.power ? order(a.power, b.power) : order(a.scale, b.scale);
}

static int atom_compare(const Atom *a, const Atom *b)
{
    if (a->kind != b->kind)
        return order(a->kind, b->kind);
    if (a->kind == ATOM_VAR)
        return order(a->var->id, b->var->id);
    if (a->kind == ATOM_VALUE)
        return expr_compare(a->value, b->value);
    const int by = dim_compare(a->by, b->by);
    return by ? by : index_compare(a->of, b->of);
}

static int term_compare(const Term *a, const Term *b)
{
    const int atom = atom_compare(&a->atom, &b->atom);
    return atom ? atom : order(a->factor.power, b->factor.power);
}

int index_compare(const Index *a, const Index *b)
{
    if (a == b)
        return 0;
    if (a->term_count != b->term_count)
        return order(a->term_count, b->term_count);
    for (int i = 0; i < a->term_count; i++) {
        int result = term_compare(&a->term[i], &b->term[i]);
        if (!result)
            result = dim_compare(a->term[i].factor, b->term[i].factor);
        if (result)
            return result;
    }
    for (int k = 0; k < max_power; k++)
        if (a->constant[k] != b->constant[k])
            return order(a->constant[k], b->constant[k]);
    return 0;
}

bool index_equal(const Index *a, const Index *b)
{
    return index_compare(a, b) == 0;
}

// ---- makers -------------------------------------------------------------------------------------

Var *var_new(IndexContext *c, const char *name, Dim extent)
{
    Var *var = arena_alloc(c->arena, sizeof *var);
    *var = (Var){.id = c->next_var++, .name = name, .extent = extent};
    return var;
}

static Index *index_new(IndexContext *c, Poly constant, const Term *term, int count)
{
    Index *index = arena_alloc(c->arena, sizeof *index);
    memcpy(index->constant, constant.c, sizeof constant.c);
    index->term_count = count;
    index->term = count ? arena_copy(c->arena, term, (size_t)count * sizeof *term) : NULL;
    return index;
}

static Poly constant_of(const Index *a)
{
    Poly p;
    memcpy(p.c, a->constant, sizeof p.c);
    return p;
}

const Index *index_dim(IndexContext *c, Dim dim)
{
    return index_new(c, poly_of(dim), NULL, 0);
}

const Index *index_number(IndexContext *c, int64_t number)
{
    return index_dim(c, (Dim){number, 0});
}

static const Index *index_atom(IndexContext *c, Atom atom)
{
    const Term term = {{1, 0}, atom};
    return index_new(c, (Poly){{0}}, &term, 1);
}

const Index *index_var(IndexContext *c, const Var *var)
{
    if (dim_is(var->extent, 1))
        return index_number(c, 0);
    return index_atom(c, (Atom){.kind = ATOM_VAR, .var = var});
}

const Index *index_value(IndexContext *c, const Expr *value, Dim extent)
{
    return index_atom(c, (Atom){.kind = ATOM_VALUE, .value = value, .extent = extent});
}

// by * floor(x / by) and x mod by, with the same factor, are x.
static const Index *rejoin(IndexContext *c, const Index *a)
{
    for (int i = 0; i < a->term_count; i++) {
        const Term *rest = &a->term[i];
        for (int k = 0; rest->atom.kind == ATOM_MOD && k < a->term_count; k++) {
            const Term *whole = &a->term[k];
            if (whole->atom.kind != ATOM_DIV || !dim_equal(whole->atom.by, rest->atom.by) ||
                !dim_equal(whole->factor, dim_mul(rest->factor, rest->atom.by)) ||
                !index_equal(whole->atom.of, rest->atom.of))
                continue;
            Term *term = arena_alloc(c->arena, sizeof *term * (size_t)a->term_count);
            int count = 0;
            for (int j = 0; j < a->term_count; j++)
                if (j != i && j != k)
                    term[count++] = a->term[j];
            return index_add(c, index_new(c, constant_of(a), term, count),
                             index_scale(c, rest->atom.of, rest->factor));
        }
    }
    return a;
}

// a + times * b: terms are merged in order.
static const Index *combine(IndexContext *c, const Index *a, const Index *b, int64_t times)
{
    const int most = a->term_count + b->term_count;
    Term few[8], *term = most <= 8 ? few : arena_alloc(c->arena, sizeof *term * (size_t)most);
    int count = 0, i = 0, j = 0;
    while (i < a->term_count || j < b->term_count) {
        const int side = i == a->term_count   ? 1
                         : j == b->term_count ? -1
                                              : term_compare(&a->term[i], &b->term[j]);
        Term next = side <= 0 ? a->term[i] : b->term[j];
        if (side > 0)
            next.factor.scale *= times;
        if (side == 0)
            next.factor.scale += times * b->term[j].factor.scale;
        i += side <= 0;
        j += side >= 0;
        if (next.factor.scale)
            term[count++] = next;
    }
    return rejoin(c, index_new(c, poly_add(constant_of(a), constant_of(b), times), term, count));
}

const Index *index_add(IndexContext *c, const Index *a, const Index *b)
{
    return combine(c, a, b, 1);
}

const Index *index_sub(IndexContext *c, const Index *a, const Index *b)
{
    return combine(c, a, b, -1);
}

const Index *index_offset(IndexContext *c, const Index *a, int64_t by)
{
    return index_add(c, a, index_number(c, by));
}

const Index *index_scale(IndexContext *c, const Index *a, Dim by)
{
    if (!by.scale)
        return index_number(c, 0);
    Term few[8], *term = few;
    if (a->term_count > 8)
        term = arena_alloc(c->arena, sizeof *term * (size_t)a->term_count);
    for (int i = 0; i < a->term_count; i++) {
        term[i] = a->term[i];
        term[i].factor = dim_mul(term[i].factor, by);
    }
    return index_new(c, poly_mul(constant_of(a), poly_of(by)), term, a->term_count);
}

// ---- ranges -------------------------------------------------------------------------------------

static bool index_upper(IndexContext *c, const Index *a, Poly *upper);

static bool atom_at_least_zero(IndexContext *c, const Atom *atom)
{
    if (atom->kind == ATOM_VALUE)
        return atom->extent.scale > 0;
    return atom->kind != ATOM_DIV || index_at_least_zero(c, atom->of);
}

// An upper bound of floor(of / by) is ceil((upper + 1) / by) - 1, taken term by term.
static bool quotient_upper(IndexContext *c, const Atom *atom, Poly *upper)
{
    Poly whole, result = {{0}};
    if (!index_upper(c, atom->of, &whole))
        return false;
    whole.c[0]++;
    for (int k = 0; k < max_power; k++) {
        if (!whole.c[k])
            continue;
        const int64_t share = -floor_div(-whole.c[k], atom->by.scale);
        if (k >= atom->by.power)
            result.c[k - atom->by.power] += share;
        else
            result.c[0] += share > 0 ? share : 0;       // B is at least 1
    }
    result.c[0]--;
    *upper = result;
    return true;
}

static bool atom_upper(IndexContext *c, const Atom *atom, Poly *upper)
{
    if (atom->kind == ATOM_DIV)
        return quotient_upper(c, atom, upper);
    const Dim extent = atom->kind == ATOM_VAR   ? atom->var->extent
                       : atom->kind == ATOM_MOD ? atom->by
                                                : atom->extent;
    if (!extent.scale)
        return false;
    *upper = poly_of(extent);
    upper->c[0]--;
    return true;
}

// A bound of the index from above (sign 1) or from below (sign -1).
static bool bound(IndexContext *c, const Index *a, int sign, Poly *result)
{
    *result = constant_of(a);
    for (int i = 0; i < a->term_count; i++) {
        const Term *term = &a->term[i];
        if (!atom_at_least_zero(c, &term->atom))
            return false;
        if ((term->factor.scale > 0) != (sign > 0))
            continue;                           // its least value is 0
        Poly upper;
        if (!atom_upper(c, &term->atom, &upper))
            return false;
        *result = poly_add(*result, poly_mul(upper, poly_of(term->factor)), 1);
    }
    return true;
}

static bool index_upper(IndexContext *c, const Index *a, Poly *upper)
{
    return bound(c, a, 1, upper);
}

bool index_at_least_zero(IndexContext *c, const Index *a)
{
    Poly lower;
    return bound(c, a, -1, &lower) && poly_at_least_zero(lower, c->least);
}

bool index_below(IndexContext *c, const Index *a, Dim dim)
{
    Poly upper;
    if (!index_upper(c, a, &upper))
        return false;
    Poly rest = poly_add(poly_of(dim), upper, -1);
    rest.c[0]--;
    return poly_at_least_zero(rest, c->least);
}

static bool within(IndexContext *c, const Index *a, Dim dim)
{
    return index_at_least_zero(c, a) && index_below(c, a, dim);
}

// ---- quotients and remainders -------------------------------------------------------------------

// a = by * quotient + rest, as far as terms tell.
static void split(IndexContext *c, const Index *a, Dim by, const Index **quotient,
                  const Index **rest)
{
    Term *high = arena_alloc(c->arena, sizeof *high * (size_t)(a->term_count + 1));
    Term *low = arena_alloc(c->arena, sizeof *low * (size_t)(a->term_count + 1));
    int high_count = 0, low_count = 0;
    for (int i = 0; i < a->term_count; i++) {
        Dim factor;
        if (dim_divides(a->term[i].factor, by, &factor)) {
            high[high_count] = a->term[i];
            high[high_count++].factor = factor;
        } else {
            low[low_count++] = a->term[i];
        }
    }
    Poly over = {{0}}, under = {{0}};
    for (int k = 0; k < max_power; k++) {
        if (k < by.power) {
            under.c[k] = a->constant[k];
            continue;
        }
        over.c[k - by.power] = floor_div(a->constant[k], by.scale);
        under.c[k] = a->constant[k] - over.c[k - by.power] * by.scale;
    }
    *quotient = index_new(c, over, high, high_count);
    *rest = index_new(c, under, low, low_count);
}

// The common measure of `by` and of some terms of the rest, above what the others can reach:
// (g * high + low) / (g * b) is high / b when 0 <= low < g.
static bool measure(IndexContext *c, const Index *rest, Dim by, Dim *g, Dim *b)
{
    for (int i = 0; i < rest->term_count; i++) {
        *g = rest->term[i].factor;
        const Index *high, *low;
        if (g->scale < 0)
            g->scale = -g->scale;
        if (dim_is(*g, 1) || !dim_divides(by, *g, b))
            continue;
        split(c, rest, *g, &high, &low);
        if (within(c, low, *g))
            return true;
    }
    return false;
}

static const Index *div_rest(IndexContext *c, const Index *rest, Dim by)
{
    Dim g, b;
    if (within(c, rest, by))
        return index_number(c, 0);
    if (measure(c, rest, by, &g, &b)) {
        const Index *high, *low;
        split(c, rest, g, &high, &low);
        return index_div(c, high, b);
    }
    const Term *only = rest->term_count == 1 ? &rest->term[0] : NULL;
    if (only && only->atom.kind == ATOM_DIV && dim_is(only->factor, 1) &&
        index_equal(rest, index_atom(c, only->atom)))
        return index_div(c, only->atom.of, dim_mul(only->atom.by, by));
    return index_atom(c, (Atom){.kind = ATOM_DIV, .of = rest, .by = by});
}

const Index *index_div(IndexContext *c, const Index *a, Dim by)
{
    if (by.scale <= 0)                          // of an empty tensor: no element is ever reached
        return index_number(c, 0);
    const Index *quotient, *rest;
    split(c, a, by, &quotient, &rest);
    if (MUTANT(index_div))
        return quotient;
    return index_add(c, quotient, div_rest(c, rest, by));
}

const Index *index_mod(IndexContext *c, const Index *a, Dim by)
{
    if (by.scale <= 0)
        return index_number(c, 0);
    const Index *quotient, *rest;
    Dim g, b;
    split(c, a, by, &quotient, &rest);
    if (within(c, rest, by))
        return rest;
    if (measure(c, rest, by, &g, &b)) {
        const Index *high, *low;
        split(c, rest, g, &high, &low);
        return index_add(c, index_scale(c, index_mod(c, high, b), g), low);
    }
    return index_atom(c, (Atom){.kind = ATOM_MOD, .of = rest, .by = by});
}

// ---- substitution and questions -----------------------------------------------------------------

const Index *index_map(IndexContext *c, const Index *a, IndexMap *map, void *data)
{
    const Index *result = index_new(c, constant_of(a), NULL, 0);
    for (int i = 0; i < a->term_count; i++) {
        const Term *term = &a->term[i];
        const Index *atom;
        if (term->atom.kind == ATOM_DIV)
            atom = index_div(c, index_map(c, term->atom.of, map, data), term->atom.by);
        else if (term->atom.kind == ATOM_MOD)
            atom = index_mod(c, index_map(c, term->atom.of, map, data), term->atom.by);
        else
            atom = map(c, &term->atom, data);
        if (!atom)
            atom = index_atom(c, term->atom);
        result = index_add(c, result, index_scale(c, atom, term->factor));
    }
    return result;
}

typedef struct Replacement {
    const Var *var;
    const Index *by;
} Replacement;

static const Index *replace(IndexContext *c, const Atom *atom, void *data)
{
    const Replacement *r = data;
    if (atom->kind == ATOM_VAR)
        return atom->var == r->var ? r->by : NULL;
    const Expr *value = expr_substitute(c, atom->value, r->var, r->by);
    return value == atom->value ? NULL : index_value(c, value, atom->extent);
}

const Index *index_substitute(IndexContext *c, const Index *a, const Var *var, const Index *by)
{
    Replacement r = {var, by};
    return index_uses(a, var) ? index_map(c, a, replace, &r) : a;
}

bool index_is_number(const Index *a, int64_t *number)
{
    for (int k = 1; k < max_power; k++)
        if (a->constant[k])
            return false;
    *number = a->constant[0];
    return a->term_count == 0;
}

bool index_uses(const Index *a, const Var *var)
{
    for (int i = 0; i < a->term_count; i++) {
        const Atom *atom = &a->term[i].atom;
        if (atom->kind == ATOM_VAR ? atom->var == var
            : atom->kind == ATOM_VALUE ? expr_uses(atom->value, var)
                                       : index_uses(atom->of, var))
            return true;
    }
    return false;
}

bool index_stride(const Index *a, const Var *var, Dim *stride)
{
    *stride = dim_of(0);
    for (int i = 0; i < a->term_count; i++) {
        const Term *term = &a->term[i];
        if (term->atom.kind == ATOM_VAR && term->atom.var == var) {
            if (stride->scale)
                return false;
            *stride = term->factor;
        } else if (term->atom.kind == ATOM_VALUE ? expr_uses(term->atom.value, var)
                   : term->atom.kind != ATOM_VAR && index_uses(term->atom.of, var)) {
            return false;
        }
    }
    return true;
}

bool index_is_var(const Index *a, const Var *var)
{
    for (int k = 0; k < max_power; k++)
        if (a->constant[k])
            return false;
    return a->term_count == 1 && a->term[0].atom.kind == ATOM_VAR && a->term[0].atom.var == var &&
           dim_is(a->term[0].factor, 1);
}

bool index_cut_stride(const Index *a, const Var *var, Dim *width, Dim *stride)
{
    if (index_stride(a, var, stride)) {
        *width = dim_of(1);
        return true;
    }
    *width = *stride = dim_of(0);
    for (int i = 0; i < a->term_count; i++) {
        const Term *term = &a->term[i];
        if (term->atom.kind == ATOM_VALUE ? expr_uses(term->atom.value, var)
                                          : term->atom.kind == ATOM_VAR && term->atom.var == var)
            return false;
        if (term->atom.kind == ATOM_VAR || term->atom.kind == ATOM_VALUE ||
            !index_uses(term->atom.of, var))
            continue;
        if (!index_is_var(term->atom.of, var) || term->atom.by.power ||
            (width->scale && width->scale != term->atom.by.scale))
            return false;
        *width = term->atom.by;
        if (term->atom.kind == ATOM_MOD)
            *stride = term->factor;
    }
    return true;
}

static int64_t poly_at(Poly p, int64_t rows)
{
    int64_t value = 0;
    for (int k = max_power - 1; k >= 0; k--)
        value = value * rows + p.c[k];
    return value;
}

int64_t index_greatest(const Index *a, int64_t rows)
{
    int64_t value = poly_at(constant_of(a), rows);
    for (int i = 0; i < a->term_count; i++) {
        const Atom *atom = &a->term[i].atom;
        int64_t most = 0;
        if (atom->kind == ATOM_DIV) {
            const int64_t by = dim_at(atom->by, rows);
            most = by > 0 ? index_greatest(atom->of, rows) / by : 0;
        } else {
            most = dim_at(atom->kind == ATOM_VAR   ? atom->var->extent
                          : atom->kind == ATOM_MOD ? atom->by
                                                   : atom->extent, rows) - 1;
        }
        const int64_t factor = dim_at(a->term[i].factor, rows);
        if (factor > 0 && most > 0)
            value += factor * most;
    }
    return value;
}

// ---- points -------------------------------------------------------------------------------------

const Index *index_linear(IndexContext *c, const Shape *shape, const Index *const *point)
{
    const Index *linear = index_number(c, 0);
    for (int i = 0; i < shape->rank; i++)
        linear = index_add(c, index_scale(c, linear, shape->dim[i]), point[i]);
    return linear;
}

void index_unravel(IndexContext *c, const Index *linear, const Shape *shape, const Index **point)
{
    for (int i = shape->rank - 1; i >= 0; i--) {
        bool first = true;
        for (int j = 0; j < i; j++)
            first = first && dim_is(shape->dim[j], 1);
        if (dim_is(shape->dim[i], 1)) {
            point[i] = index_number(c, 0);
            continue;
        }
        point[i] = first ? linear : index_mod(c, linear, shape->dim[i]);
        linear = index_div(c, linear, shape->dim[i]);
    }
}
