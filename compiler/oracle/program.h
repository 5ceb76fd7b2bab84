// program.h: a traced program behind the table that compiled programs have, run by the oracle.
//
// The trainer cannot tell it from a compiled one: it reads the same data, keeps the same books and
// writes the same files. Floating-point variables and fields are kept in double.
#pragma once
#include "../trace/program.h"
#include "lt/program.h"

// One program at a time in a process: `sample` of the table has no context. Lives in the arena.
struct lt_program *oracle_program(Arena *arena, const Program *program, const char *compiler);
