// saves.h: which checkpoints there are: what callbacks asked for, the best k, the last one.
//
// Requests are carried out between two steps: first the list of files is settled, then they are
// written, each with the whole list, and only then older ones are deleted. So a kill anywhere in
// between leaves nothing missing and nothing behind once the run is resumed. A save that fails is
// one sentence: the older checkpoints stay, training goes on, and the run ends with exit code 1.
// With trainer.async_checkpoint a thread does the writing (background.h).
#pragma once
#include "trainer/run.h"

// A file name from what a callback gave: "{epoch}" and "{val_loss:.3f}" become "epoch=3" and
// "val_loss=0.213", or "3" and "0.213" where values are not named; "" is "{epoch}-{step}".
void lt_save_name(const struct lt_run *run, const char *given, bool named, char *name, size_t size);

// A batch was trained: the files of the last position are those of an older one now.
void lt_saves_move_on(struct lt_run *run);

// Waits for a save in the background: what it noticed is told, and `current` is known.
void lt_saves_settle(struct lt_run *run);

// Carries out what was asked for during the step.
void lt_saves_perform(struct lt_run *run);

// Writes the position as last.safetensors; its path, or NULL if it could not be written or nothing
// is to be saved.
const char *lt_saves_write_last(struct lt_run *run);

// After a resume into another folder: the list of the old one means nothing there.
void lt_saves_forget(struct lt_run *run);

// After a resume: writes and deletes what the interrupted run had been about to.
void lt_saves_complete(struct lt_run *run);
