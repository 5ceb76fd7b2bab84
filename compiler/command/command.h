// command.h: what the commands of ltc print about a program.
#pragma once
#include "options.h"
#include "../kernel/plan.h"

// Every distinct graph of a program in a fixed order, NULL behind the last.
Graph **program_graphs(const Program *program);
// "digits: 203,530 parameters · 78 MFLOP a step · peak 3.9 MB at batch 64      (0.2 s)"
void print_build_line(const Plan *plan, const char *name, double seconds, FILE *out);
// The model as expanded, its parameters, kernels with their lines, memory.
void explain(const Program *program, const Plan *plan, FILE *out);
