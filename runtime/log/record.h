// record.h: one row of the log, whose columns are known when the program is compiled.
//
// A row stands for one optimiser step: what was trained up to it, validated after it and logged by
// callbacks. Every logger writes the same record. `step` is Lightning's: the index of the last
// step, one less than the number of steps done.
#pragma once
#include "base/fault.h"
#include "lt/program.h"

struct lt_cell {
    char text[24];              // nine significant digits
    float narrow;               // the same, so that all loggers say one number
};

struct lt_record {
    const struct lt_program *program;
    int count;                  // columns after epoch and step
    char **name;
    struct lt_cell *cell;
    bool *filled;
    int *step_column, *epoch_column;    // of each log entry, -1: it has none
    int64_t epoch, step;
};

bool lt_record_open(struct lt_record *record, const struct lt_program *program,
                    struct lt_fault *fault);
void lt_record_close(struct lt_record *record);
void lt_record_clear(struct lt_record *record);
void lt_record_set(struct lt_record *record, int column, double value);
bool lt_record_empty(const struct lt_record *record);
