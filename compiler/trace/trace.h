// trace.h: from syntax trees to a program.
//
// Tracing evaluates the spec: layers are made, methods inlined, loops unrolled, conditions on
// constants decided, until each step is one graph over primitives. Constants are computed here,
// host numbers become HostExpr trees, tensors become nodes. All mistakes of names, types, stages
// and shapes are found and reported here; a program is returned only if there was none.
#pragma once
#include "../syntax/ast.h"
#include "program.h"

typedef struct Definition { const char *name, *value; } Definition;     // -D name=value

typedef struct TraceOptions {
    const char *spec_path;
    const char *stdlib_folder;          // NULL: the built-in library
    const char *data_root;              // NULL: the spec's folder
    const Definition *definition;
    int definition_count;
} TraceOptions;

Program *trace(Arena *arena, AtomTable *atoms, Diag *diag, const TraceOptions *options);
