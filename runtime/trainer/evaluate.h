// evaluate.h: one pass over the rows of validation, test or predict.
#pragma once
#include "trainer/run.h"

enum lt_outcome {
    LT_DONE,
    LT_LEFT,                    // a signal asks the run to leave; nothing of the pass counts
    LT_BROKEN,                  // see run->fault
};

// The next batch of a loader: false at the end of what it was started for, or with a fault.
bool lt_batch_next(struct lt_run *run, enum lt_phase phase, struct lt_batch *batch);
void lt_batch_release(struct lt_run *run, enum lt_phase phase);

// Hooks, batches, epoch means and computed metrics. `phase`: LT_VALIDATE or LT_TEST.
enum lt_outcome lt_evaluate(struct lt_run *run, enum lt_phase phase, int64_t batches);

// Validation batches before the first step, which leave no trace.
enum lt_outcome lt_check_sanity(struct lt_run *run);

// The table of a phase's metrics, on stdout.
void lt_print_metrics(const struct lt_run *run, enum lt_phase phase);
