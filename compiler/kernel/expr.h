// expr.h: scalar expressions, the bodies of kernels.
//
// An expression computes one element of a tensor from loads, numbers and primitives. While a body
// is made it is a graph: what two places use is one pointer, and body_finish gives it a name, a
// Local, declared by an item. Loads say which buffer and which element, never bytes.
#pragma once
#include "index.h"

typedef struct Buffer Buffer;           // kernel.h
typedef struct Local Local;

typedef enum ExprKind {
    EXPR_NUMBER,                        // number, of dtype
    EXPR_HOST,                          // host, rounded once to dtype; computed before the kernels
    EXPR_LOAD,                          // buffer[index]
    EXPR_INDEX,                         // index, cast to dtype (iota)
    EXPR_RANDOM,                        // f32 in [0, 1): draw `index` of the key of `site`, counted
                                        // from that of first_row; extent: draws of the whole step
    EXPR_PRIM,                          // a scalar primitive of operand[]
    EXPR_WITHIN,                        // bool: 0 <= index < extent
    EXPR_DIVIDES,                       // bool: index is a multiple of extent
    EXPR_CHOOSE,                        // operand[0] ? operand[1] : operand[2], only one evaluated
    EXPR_LOCAL,                         // local: a value named before
    EXPR_ACC,                           // accumulator `acc` of the stage, after its reduction
} ExprKind;

struct Expr {
    ExprKind kind;
    DType dtype;                        // of the value
    double number;
    const HostExpr *host;
    Buffer *buffer;
    const Index *index;
    Dim extent;
    uint64_t site;
    Prim prim;
    int operand_count;
    const Expr *operand[3];
    const Local *local;
    int acc;
    const Node *node;                   // whose element it is, or NULL
    int uses;                           // scratch of body_finish
    bool eager;                         // a branch of a select: computed in any case, as vectors do
    const Local *named;
    const Expr *renamed;
};

struct Local {                          // `const float scale = …;`
    int id;                             // unique in the plan
    const char *name;                   // wish; made unique in its kernel by emit
    DType dtype;
};

const Expr *expr_number(IndexContext *c, DType type, double number);
const Expr *expr_host(IndexContext *c, DType type, const HostExpr *host);
const Expr *expr_load(IndexContext *c, Buffer *buffer, const Index *index);
const Expr *expr_index(IndexContext *c, DType type, const Index *index);
const Expr *expr_random(IndexContext *c, uint64_t site, const Index *index, Dim count);
const Expr *expr_prim(IndexContext *c, Prim prim, DType type, const Expr *const *operand,
                      int count);
const Expr *expr_within(IndexContext *c, const Index *index, Dim extent);   // true if proved
const Expr *expr_divides(IndexContext *c, const Index *index, int64_t by);
const Expr *expr_both(IndexContext *c, const Expr *a, const Expr *b);
const Expr *expr_choose(IndexContext *c, const Expr *condition, const Expr *a, const Expr *b);
const Expr *expr_local(IndexContext *c, const Local *local);
const Expr *expr_acc(IndexContext *c, DType type, int acc);

bool expr_is_number(const Expr *e, double *number);
int expr_compare(const Expr *a, const Expr *b);         // an order that only forms decide
bool expr_uses(const Expr *e, const Var *var);
const Expr *expr_substitute(IndexContext *c, const Expr *e, const Var *var, const Index *by);

// Copies an expression with parts replaced: `map` sees each subexpression after its operands and
// returns what takes its place, the argument itself to keep it.
typedef const Expr *ExprMap(IndexContext *c, const Expr *e, void *data);
const Expr *expr_map(IndexContext *c, const Expr *e, ExprMap *map, void *data);
