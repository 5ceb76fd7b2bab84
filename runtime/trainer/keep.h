// keep.h: what a run's folder remembers of how it was made: config.yaml and hparams.yaml.
//
// The first has all settings as they are, which --config reads, and above them, as comments, the
// command line of each process that trained there; the second the hyperparameters of the model, as
// Lightning's loggers write them. Each is whole or absent; a run goes on without them.
#pragma once
#include "trainer/run.h"

void lt_keep_settings(struct lt_run *run);

// To the disk, which the first step does not wait for: with the first checkpoint. By any thread.
void lt_keep_sync(const char *folder);
