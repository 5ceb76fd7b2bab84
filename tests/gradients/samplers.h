// samplers.h: for each primitive, random operands at which it can be differentiated.
#pragma once
#include "graph/case.h"

// The node under test: the primitive of random fields (c->node), away from kinks. Every row of
// prims.def has a sampler; one without does not link.
typedef Node *Sampler(Case *c);

Sampler *sampler_of(Prim prim);

// Operands, for tests of single rules.
Node *field_any(Case *c, const Shape *shape);                   // in [-2, 2)
Node *field_away(Case *c, const Shape *shape, double least);    // |x| >= least
Node *field_apart(Case *c, const Shape *shape);                 // no two closer than 0.05
