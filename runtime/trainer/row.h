// row.h: which row of the log a step leaves.
//
// One row a step at most, written when everything that belongs to it is known: means since the last
// row each log_every_n_steps, what a validation found, the epoch's means, what callbacks logged.
// What comes up inside a window of accumulation goes to the row of the step that the window makes.
#pragma once
#include "trainer/run.h"

void lt_row_write(struct lt_run *run, bool epoch_ends, bool window_is_open, bool over);
