// saves.h: which checkpoints there are: what callbacks asked for, the best k, the last one.
//
// Requests are carried out between two steps. An older file is deleted only after the newer one is
// whole and on the disk, and what is still to be deleted stands in the newer one, so that a kill
// between the two leaves nothing behind. A save that fails is one sentence: the older checkpoints
// stay, training goes on, and the run ends with exit code 1.
#pragma once
#include "trainer/run.h"

// A file name from what a callback gave: "{epoch}" and "{val_loss:.3f}" become "epoch=3" and
// "val_loss=0.213"; "" is "{epoch}-{step}".
void lt_save_name(const struct lt_run *run, const char *given, char *name, size_t size);

// Carries out what was asked for during the step.
void lt_saves_perform(struct lt_run *run);

// Writes the position as last.safetensors; its path, or NULL if it could not be written or nothing
// is to be saved.
const char *lt_saves_write_last(struct lt_run *run);

// After a resume: deletes what the interrupted run had been about to delete.
void lt_saves_clean(struct lt_run *run);
