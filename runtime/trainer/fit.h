// fit.h: the training loop.
//
// One epoch after another, one batch after another; what is due after a batch (validation, the end
// of the epoch, a row of the log, checkpoints, leaving) is due in that order, and only between two
// batches. A run that is resumed enters the loop at its position; the hooks of the start
// (on_fit_start, sanity check, on_train_start) are not run again, since their effects are part of
// the state that was put back.
#pragma once
#include "trainer/run.h"

// Variables, host states and position are in place. Returns the exit code.
int lt_fit(struct lt_run *run, bool resumed);

