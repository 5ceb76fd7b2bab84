// predict.h: `program predict`: the results of every row, in the order of the rows.
#pragma once
#include "trainer/run.h"

// Variables are in place. Returns the exit code.
int lt_predict(struct lt_run *run);
