// rules.h: the algebra that simplify applies. Private to this folder and its tests.
#pragma once
#include "build.h"

typedef enum Rule {
#define RULE(name, prim, exactness) RULE_##name,
#include "rules.def"
#undef RULE
    RULE_COUNT
} Rule;

const char *rule_name(Rule rule);
bool rule_fits(Rule rule, Prim prim);
// The node that stands for `node`, made where needed, or NULL. `node` need not be in the graph,
// only its operands are.
Node *rule_apply(Rule rule, Builder *b, const Node *node);

// simplify, counting how often each rule fired.
void simplify_counted(Graph *graph, int fired[RULE_COUNT]);
