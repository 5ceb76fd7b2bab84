// state.h: a run's numbers as a checkpoint holds them, and back.
//
// Beside the variables: the position, host states, newest metrics, sums of open rows and epochs,
// frozen masks, open requests, the list of kept files, the settings that the command line gave.
// What is gathered points into the run, but for the facts.
#pragma once
#include "trainer/run.h"

bool lt_state_gather(struct lt_run *run, struct lt_run_state *state, struct lt_fault *fault);
void lt_state_release(struct lt_run_state *state);

// From run->resumed, whose variables are in the block already.
bool lt_state_restore(struct lt_run *run);

// Settings that the checkpoint's run was given and this line does not give; and the seeds.
bool lt_state_restore_settings(struct lt_settings *settings, const struct lt_program *program,
                               const struct lt_run_state *state, struct lt_fault *fault);
