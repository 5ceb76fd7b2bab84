// evaluate.h: one pass over the rows of validation, test or predict.
#pragma once
#include "trainer/run.h"

enum lt_outcome {
    LT_DONE,
    LT_LEFT,                    // a signal asks the run to leave; nothing of the pass counts
    LT_BROKEN,                  // see run->fault
};

// Hooks, batches, epoch means and computed metrics. `phase`: LT_VALIDATE, with all of its sets, or
// LT_TEST. At most so many batches of each.
enum lt_outcome lt_evaluate(struct lt_run *run, enum lt_phase phase, int64_t most);

// Validation batches before the first step, which leave no trace.
enum lt_outcome lt_check_sanity(struct lt_run *run);

// The table of a phase's metrics, on stdout.
void lt_print_metrics(const struct lt_run *run, enum lt_phase phase);
