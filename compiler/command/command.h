// command.h: what the commands of ltc print about a program.
#pragma once
#include "options.h"
#include "../kernel/plan.h"

// Bytes that a program takes by plan: its block, and the copy that saves in the background want.
size_t peak_bytes(const Plan *plan);

// Every distinct graph of a program in a fixed order, NULL behind the last.
Graph **program_graphs(const Program *program);
// "digits: 203,530 parameters · 78 MFLOP a step · peak 3.9 MB at batch 64      (0.2 s)"
void print_build_line(const Plan *plan, const char *name, double seconds, FILE *out);
// The spec, each line marked with the latest stage of what it calculates.
void print_stages(const Program *program, FILE *out);

const char *grouped(Arena *arena, int64_t number);      // "203,530"
const char *scaled(Arena *arena, double number);        // "3.9 M": in front of a unit
int64_t parameter_count(const Program *program);        // scalars, trainable and frozen
