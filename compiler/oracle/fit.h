// fit.h: statistics of the training rows, worked out while compiling: fitted(metric(x)).
//
// The rows are those that a program of the same seed trains on; they come through the same readers
// and splits. Floats are double, rows are added in the order in which the split has them.
#pragma once
#include "../trace/program.h"

typedef struct Fit {
    const DataBlock *block;     // raw fields and split
    const char *root;           // of its files
    const Graph *sample;        // a row: raw fields to the metric's arguments, its results
    const Graph *start;         // results: the metric's states
    const Graph *update;        // fields: arguments, then states; results: states
    const Graph *compute;       // fields: states; result: the statistic
} Fit;

// The elements of the statistic; NULL: why not, in one sentence.
double *oracle_fit(Arena *arena, const Fit *fit, int64_t *count, const char **why);
