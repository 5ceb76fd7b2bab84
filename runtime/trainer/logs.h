// logs.h: the loggers of a run, as one: metrics.csv, metrics.jsonl, TensorBoard's events.
//
// All write the same record. One that fails says so once and never stops the training nor the
// others; training then ends with exit code 1.
#pragma once
#include "trainer/run.h"

// Rows of step `from_step` and later, left by a run that was stopped, are dropped; INT64_MAX: none.
void lt_logs_open(struct lt_run *run, int64_t from_step);
void lt_logs_write(struct lt_run *run);
void lt_logs_flush(struct lt_run *run);                 // to the files, before a checkpoint
bool lt_logs_close(struct lt_run *run);                 // false: some logger has failed

void lt_logs_fault(struct lt_run *run, enum lt_logger logger, const struct lt_fault *fault);
