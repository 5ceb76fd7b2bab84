// builtins.h: the tables of functions that the compiler knows by itself; each ends in a row without
// a name. Everything else is the library's, in .lt.
#pragma once
#include "tracer.h"

extern const Builtin scalar_builtins[], reduce_builtins[], move_builtins[], named_axes_builtins[],
    index_builtins[], window_builtins[], part_builtins[], list_builtins[], host_builtins[],
    source_builtins[];

void bind_fills(Tracer *t);

// ---- arguments of builtins; each reports what is wrong and says false or NULL -------------------

Node *node_argument(Tracer *t, Value *value, Span span);
bool whole_argument(Tracer *t, const Value *value, const char *name, int64_t *number, Span span);
bool axis_argument(Tracer *t, const Value *value, int rank, int *axis, Span span);
bool axes_argument(Tracer *t, const Value *value, int rank, uint32_t *axes, Span span);
bool flag_argument(Tracer *t, const Value *value, const char *name, bool missing, bool *flag,
                   Span span);
// A number for each of `count` axes: one for all, or a list.
bool each_axis_argument(Tracer *t, const Value *value, const char *name, int count, int64_t missing,
                        int64_t *number, Span span);
