// expr.h: scalar expressions, the bodies of kernels.
//
// A tree over loads, numbers and primitives that computes one element of a tensor. Trees share
// nothing in C: a value that two places read is a Local, declared by an item of the stage's body.
// Loads say which buffer and which element; nothing here knows of addresses in bytes.
#pragma once
#include "index.h"

typedef struct Buffer Buffer;           // kernel.h
typedef struct Local Local;

typedef enum ExprKind {
    EXPR_NUMBER,                        // number, of dtype
    EXPR_HOST,                          // host, rounded once to dtype; computed before the kernels
    EXPR_LOAD,                          // buffer[index]
    EXPR_INDEX,                         // index, cast to dtype (iota)
    EXPR_RANDOM,                        // f32 in [0, 1): draw `index` of the key of `site`
    EXPR_PRIM,                          // a scalar primitive of operand[]
    EXPR_WITHIN,                        // bool: 0 <= index < extent
    EXPR_DIVIDES,                       // bool: index is a multiple of extent (a static size)
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
};

struct Local {                          // `const float scale = …;`
    const char *name;                   // unique in its kernel
    DType dtype;
    const Node *node;                   // that it is an element of
};
