// keep.h: what a run's folder remembers of how it was made: config.yaml.
//
// All settings as they are, which --config reads, and above them, as comments, the command line of
// each process that trained there. Whole or absent; a run goes on without it.
#pragma once
#include "trainer/run.h"

void lt_keep_config(struct lt_run *run);
