// feed.h: the batches of a phase, from the data block that leads it and those that go along.
//
// Each block has a dataset and, in a phase that reads it, a loader; a step is handed the fields of
// all in one array. Owned by the run, which opens and closes them; without data there is nothing to
// open, and batches of one row and no fields come without end.
#pragma once
#include "trainer/run.h"

bool lt_feed_open_data(struct lt_run *run);         // the files of all blocks
void lt_feed_close(struct lt_run *run);

// The block that leads a phase; NULL: the program has no data.
const struct lt_data *lt_feed_lead(const struct lt_run *run, enum lt_phase phase);
int64_t lt_feed_rows(const struct lt_run *run, enum lt_phase phase);

// Loaders for a phase; predict may read the rows of another (options->phase).
bool lt_feed_open(struct lt_run *run, enum lt_phase phase, const struct lt_loader_options *options);

void lt_feed_start(struct lt_run *run, enum lt_phase phase, int64_t epoch, int64_t first_batch,
                   int64_t batches);
// The next batch: false at the end of what was started, or with a fault.
bool lt_feed_next(struct lt_run *run, enum lt_phase phase, struct lt_batch *batch);
void lt_feed_release(struct lt_run *run, enum lt_phase phase);

// For predict: all rows of every block that it reads, as if it had no split.
bool lt_feed_join_splits(struct lt_run *run);
