// fold.h: scalar primitives of constants, computed by the compiler.
#pragma once
#include "graph.h"

// The value of a scalar primitive of constants of dtype `from` (the last operand's), of a result
// of dtype `to`: in double with lt/math.h, rounded once. False where it cannot be kept exactly (an
// integer past 2^53).
bool fold_scalar(Prim prim, DType to, DType from, const double *x, double *value);
