// background.h: checkpoints that are written while training goes on (trainer.async_checkpoint).
//
// A step waits for a copy of the variables and no longer; a thread writes the copy. The memory of
// the copy is taken when the run begins. There is one, so a save waits for the one before it. What
// the thread noticed is told by the run's own thread, with the first batch after it.
#pragma once
#include "trainer/save_job.h"

struct lt_background;

// NULL with a fault: no memory.
struct lt_background *lt_background_open(const struct lt_program *program, struct lt_fault *fault);
void lt_background_close(struct lt_background *background);     // nothing may be under way

// Copies the variables and begins to write; the job is taken over. false: there is no thread to be
// had, and the job is the caller's still. Nothing may be under way.
bool lt_background_begin(struct lt_background *background, const struct lt_save_job *job,
                         const void *block);

// The job that was under way, or NULL; with `wait`, until it is done, else only if it is. To be
// read before the next one begins; freed here.
const struct lt_save_job *lt_background_end(struct lt_background *background, bool wait);
