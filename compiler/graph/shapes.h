// shapes.h: the shape rules of prims.def, for the makers of build.h and for the verifier.
#pragma once
#include "graph.h"

// Checks the operands and attributes of a node and sets its dtype and shape; where a rule takes
// them as given (source, constant, cast, reshape, broadcast, slice, given) it checks those that
// the node has. NULL, or what does not fit in a few words; then the node is not to be used.
const char *node_infer(Node *node);
