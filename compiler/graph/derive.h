// derive.h: the derivative rules of prims.def, for differentiate.c.
//
// A rule is handed a node and the gradient of its result and gives the gradient of each operand
// that is wanted, as ordinary nodes, so that a derivative can be differentiated again.
#pragma once
#include "build.h"

typedef struct Derive {
    Builder *b;
    Node *node;
    Node *g;                    // gradient of the node
    const bool *wanted;         // by operand
    Node **gradient;            // by operand; NULL: zero
} Derive;

typedef void DeriveRule(Derive *d);

DeriveRule *derive_rule(Prim prim);         // NULL: no gradient passes through
