// metrics.h: what steps, metrics and callbacks log, added up for rows and for epochs.
//
// Each log entry of the program has its newest value (host->metric), a sum since the last row of
// the log and a sum of the epoch. Sums are added in the order of the batches, in doubles, so they
// repeat to the bit; they belong to a checkpoint. A step hands over `written`; an entry that a step
// did not write is left alone. Adding allocates nothing.
#pragma once
#include "base/fault.h"
#include "lt/program.h"

struct lt_metrics {
    const struct lt_program *program;
    struct lt_value *written;           // lt_call.log
    struct lt_value *since_row, *of_epoch;
    double *newest;
    double *from_host;                  // logged by callbacks since the last row
    bool *host_logged;
    bool host_wants_row;                // logged outside of a training batch
    bool validated;                     // a validation's values wait for the row of this step
    int *of_phase[LT_PHASES];           // entries of a phase
    int phase_count[LT_PHASES];
};

bool lt_metrics_open(struct lt_metrics *metrics, const struct lt_program *program,
                     struct lt_fault *fault);
void lt_metrics_close(struct lt_metrics *metrics);

// Before a step: nothing is written yet.
void lt_metrics_clear(struct lt_metrics *metrics, enum lt_phase phase);
void lt_metrics_begin_epoch(struct lt_metrics *metrics, enum lt_phase phase);

// After a training step: adds what was written. The first entry that is not finite, or -1.
int lt_metrics_take(struct lt_metrics *metrics);
// After a step of another phase: adds to the epoch only.
void lt_metrics_take_quietly(struct lt_metrics *metrics, enum lt_phase phase);

// At the end of an epoch, after the compute step: the epoch's values become the newest.
void lt_metrics_end_epoch(struct lt_metrics *metrics, enum lt_phase phase);

// A callback logs: false if no entry has the name.
bool lt_metrics_log(struct lt_metrics *metrics, const char *name, double value);

// The value of a sum, or NaN where nothing was added.
double lt_metrics_value(enum lt_reduce reduce, const struct lt_value *sum);
