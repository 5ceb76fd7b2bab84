// share.h: nodes that compute the same are made once (common subexpressions).
//
// A node under a guard never serves one outside of it; equal draws (same site and shape) are one.
#pragma once
#include "graph.h"

typedef struct Sharing Sharing;

Sharing *sharing_new(Arena *arena);
// The node met before that computes the same and runs whenever `node` does, or `node` itself,
// which is then remembered.
Node *sharing_find(Sharing *sharing, Node *node);
