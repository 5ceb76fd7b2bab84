// random_graph.h: random graphs, grown operation by operation from the shape rules.
//
// Every primitive occurs, operands are earlier results wherever one fits, parts stand under guards,
// gradients are asked for, and constants are such as invite simplification (1, -1, 0, -0, 2, …).
#pragma once
#include "case.h"

// Grows about `operations` nodes in a case just begun; what nothing reads becomes a result. False
// if a value is not finite or past 10^6, so that nothing could be compared: take another seed.
bool random_graph(Case *c, int operations);

// All results of the graph, in order (result[i].ran tells whether its guard was open), and behind
// them the variables as they are after the step. The case's own stay as they were.
void random_graph_run(Case *c, bool narrow, OracleResult *result);
int random_graph_results(const Case *c);                // how many that are
