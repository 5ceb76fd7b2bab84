// driver.h: a small graph as a compiled program, run in this process.
//
// A case of tests/graph becomes a program with one training step, whose results are outputs. The
// step is emitted, compiled once per build of `builds`, loaded, and run with given threads.
#pragma once
#include "emit/emit.h"
#include "graph/case.h"
#include "lt/program.h"
#include "trace/program.h"

typedef struct Build {
    const char *name, *command;         // up to the files
    bool warns;                         // any warning is an error
} Build;

extern const Build builds[];
extern const int build_count;

typedef struct Memory {                 // of a run: what the step wrote
    void **output;
    size_t *bytes;
    int output_count;
    char *block;
    size_t block_bytes;
} Memory;

Program *program_of(Case *c);                           // graph simplified
// The file's text; shared: threads share even the smallest kernel.
const char *emitted(Case *c, const Program *program, bool shared);
// A shared object of the text; NULL if the compiler fails, after saying why. It stays loaded, as
// threads of its OpenMP wait in there.
void *compiled(const char *folder, const char *text, const Build *build);
Memory run_case(Case *c, const Program *program, void *object, int threads, int64_t rows);
void memory_free(Memory *memory);
double memory_number(const Memory *memory, const Program *program, int output, int64_t at);
double variable_number(const Memory *memory, const Variable *variable, int64_t at);
