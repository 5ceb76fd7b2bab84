// passes.h: what is done to a tensor graph before kernels are made, in running order.
#pragma once
#include "build.h"

// Gradient of the scalar `of` in each of `in` (tensors of the same graph), as new nodes of the
// graph behind what is there; NULL where `of` does not depend on it (callers use zeros). Works on
// its own results, so derivatives of any order are calls of it. The new nodes take span and
// path from what they derive, and stand under its guard or that of b->origin, the one further in
// (a branch beside b->origin's on the way moves them out to the guard around both).
//
// Rules at kinks, as PyTorch has them: abs has 0 at 0; maximum and minimum give half to each side
// when equal; the max (min) of axes shares evenly among all that equal it, as torch.amax does;
// window_max gives to the first; x^y has 0 in y where x = 0 <= y; a select routes and nothing
// else; stop, integers, truth, floor, ceil, round, sign pass nothing on. cumprod costs n times
// its scan, exact at zeros.
void differentiate(Builder *b, Node *of, Node *const *in, int count, Node **gradient);

// Removes what no write and no result needs, and every P_STOP, gives equal nodes one name, applies
// rules.def, each of them exact in IEEE arithmetic, until nothing changes. The nodes are new ones:
// what was held of the graph but its writes and results is void.
// provides: topological order, ids dense from 0.
void simplify(Graph *graph);

// Floating-point operations of a node, as c * B^k: cost[k] is c, k = 0 .. 3, the others 0.
void node_cost(const Node *node, double cost[4]);
