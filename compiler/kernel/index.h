// index.h: integer expressions over loop variables, the algebra of addresses.
//
// An index is kept in one normal form: a polynomial in B (the rows of the batch) plus a sum of
// coefficients times atoms. An atom is a loop variable, a quotient or remainder that could not be
// resolved, or an integer value of the graph (a gather). Makers simplify: as every variable has a
// known extent, most quotients and remainders that reshapes bring vanish. Indexes are never
// changed once made; equal ones need not be the same pointer.
#pragma once
#include "../graph/graph.h"

typedef struct Expr Expr;               // expr.h

typedef struct Var {                    // a loop variable: 0 <= value < extent
    int id;                             // unique in the plan
    const char *name;                   // as emitted, unique in its kernel
    Dim extent;
} Var;

typedef enum AtomKind { ATOM_VAR, ATOM_DIV, ATOM_MOD, ATOM_VALUE } AtomKind;

typedef struct Index Index;

typedef struct Atom {
    AtomKind kind;
    const Var *var;                     // ATOM_VAR
    const Index *of;                    // ATOM_DIV, ATOM_MOD: floor(of / by), of - by * that
    Dim by;
    const Expr *value;                  // ATOM_VALUE: an integer, 0 <= value < extent
    Dim extent;                         // where it is known, else scale 0
} Atom;

typedef struct Term {
    Dim factor;
    Atom atom;
} Term;

enum { max_power = 5 };

struct Index {
    int64_t constant[max_power];        // constant[k] * B^k
    int term_count;
    const Term *term;                   // in a fixed order, no atom twice, no factor 0
};

typedef struct IndexContext {           // what the makers need
    Arena *arena;
    int64_t least;                      // smallest B, at least 1
    int next_var;
} IndexContext;

Var *var_new(IndexContext *c, const char *name, Dim extent);

const Index *index_number(IndexContext *c, int64_t number);
const Index *index_dim(IndexContext *c, Dim dim);
const Index *index_var(IndexContext *c, const Var *var);
const Index *index_value(IndexContext *c, const Expr *value, Dim extent);
const Index *index_add(IndexContext *c, const Index *a, const Index *b);
const Index *index_sub(IndexContext *c, const Index *a, const Index *b);
const Index *index_scale(IndexContext *c, const Index *a, Dim by);
const Index *index_offset(IndexContext *c, const Index *a, int64_t by);
const Index *index_div(IndexContext *c, const Index *a, Dim by);        // rounds down
const Index *index_mod(IndexContext *c, const Index *a, Dim by);
// The same with each variable and value replaced by what `map` gives; NULL keeps it.
typedef const Index *IndexMap(IndexContext *c, const Atom *atom, void *data);
const Index *index_map(IndexContext *c, const Index *a, IndexMap *map, void *data);
const Index *index_substitute(IndexContext *c, const Index *a, const Var *var, const Index *by);

int index_compare(const Index *a, const Index *b);      // an order that only forms decide
bool index_equal(const Index *a, const Index *b);
bool index_is_number(const Index *a, int64_t *number);
bool index_is_var(const Index *a, const Var *var);      // var, and nothing else
bool index_uses(const Index *a, const Var *var);
// True if a >= 0 (a < dim) for every value of its variables and of B; false if not proved.
bool index_at_least_zero(IndexContext *c, const Index *a);
bool index_below(IndexContext *c, const Index *a, Dim dim);
// The factor of `var` in an index that is otherwise free of it; false if not of that form.
bool index_stride(const Index *a, const Var *var, Dim *stride);
// The same where `var` is cut: stride of var % width, as var / width has another. Width 1: not cut.
bool index_cut_stride(const Index *a, const Var *var, Dim *width, Dim *stride);
// Greatest value with B at `rows`, variables at the end of their range: for widths of integers.
int64_t index_greatest(const Index *a, int64_t rows);

// Row-major linear index of a point of `shape`, and back.
const Index *index_linear(IndexContext *c, const Shape *shape, const Index *const *point);
void index_unravel(IndexContext *c, const Index *linear, const Shape *shape, const Index **point);

int64_t floor_div(int64_t a, int64_t b);
bool dim_divides(Dim a, Dim by, Dim *quotient);         // by * quotient == a for every B
