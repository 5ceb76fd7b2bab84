// passes.h: what is done to a tensor graph before kernels are made, in running order.
#pragma once
#include "build.h"

// Gradient of the scalar `of` in each of `in` (tensors of the same graph), as new nodes of the
// graph behind what is there; NULL where `of` does not depend on it (callers use zeros). Works on
// its own results, so derivatives of any order are calls of it. Ties of max share nothing: the
// first wins; at a kink (abs, relu as maximum(x, 0)) maximum and minimum give half to each side
// when equal, as PyTorch does.
void differentiate(Builder *b, Node *of, Node *const *in, int count, Node **gradient);

// Removes what no write and no result needs, gives equal nodes one name, applies algebraic rules
// that are exact in IEEE arithmetic (and those named in simplify.c as inexact never).
// provides: topological order, ids dense from 0.
void simplify(Graph *graph);

// Floating-point operations of a node, as c * B^k summed by power: cost[k], k = 0 .. 3.
void node_cost(const Node *node, double cost[4]);
