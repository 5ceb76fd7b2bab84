// value.h: one element of a node as an expression.
//
// Moves become index maps and scalar primitives become operators, down to where `read` answers
// with an expression of its own (a load, a local, an accumulator). Equal elements asked for twice
// through one Reader are one pointer.
#pragma once
#include "kernel.h"

typedef struct Reader Reader;
struct Reader {
    IndexContext *c;
    // What stands for element `point` of `node`; NULL: expand it. Sources are asked for too.
    const Expr *(*read)(Reader *reader, const Node *node, const Index *const *point);
    void *data;
    struct Known *known[64];
};

const Expr *value_of(Reader *reader, const Node *node, const Index *const *point);
// An integer value as an index; extent: what it is known to stay below, scale 0 if nothing is.
const Index *index_of_value(IndexContext *c, const Expr *value, Dim extent);
// The point of operand `operand` that a move, or an elementwise node, reads for `point`.
void point_behind(IndexContext *c, const Node *node, const Index *const *point,
                  const Index **behind);
