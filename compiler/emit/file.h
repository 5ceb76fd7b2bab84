// file.h: the emitted file while it grows; shared by the parts of emit.
#pragma once
#include "c.h"
#include "emit.h"

typedef struct Function {               // of a kernel, shared by all kernels of equal text
    const char *name, *text;
} Function;

typedef struct File {
    const Program *program;
    const Plan *plan;
    Arena *arena;
    Text *out;
    Text kernels, steps;
    Function *function;
    int function_count, function_capacity;
    Table *taken;                       // names at file scope
    const char **step_name;             // by plan->step
    const char **setting, **state, **log, **rate;      // constants and functions, by index
    bool *rate_called;                  // a rate that nothing asks for is not printed
    const C *scope;                     // the step that is being printed: its names are taken too
    int kernel_number;
    bool wide;                          // the present step counts with 64 bits
    bool tiles;                         // lt/tile.h is needed
    bool prints;                        // stdio.h is
    bool has_hooks, has_starts;
} File;

const char *file_name(File *file, const char *wish);    // unique at file scope
bool file_has(const File *file, const char *name);
void file_rule(Text *out, const char *title, const char *where);        // // ---- title ---- where
const char *quoted(Arena *arena, const char *text);     // a string literal, NULL for NULL
const char *comment_safe(Arena *arena, const char *text);

void emit_step(File *file, const PlanStep *step, int number);
void emit_enums(File *file);
void emit_host(File *file);                             // schedules, hooks, init_host
void emit_program(File *file);                          // tables and main

// A host number as C in double. `call`: inside a step, where `call` is at hand; else `host` is.
typedef struct HostScope {
    File *file;
    bool call;
    const HostFunction *function;       // whose locals HOST_LOCAL means
} HostScope;

const char *host_c(const HostScope *scope, const HostExpr *e);
const char *host_text_c(const HostScope *scope, const HostExpr *e);
