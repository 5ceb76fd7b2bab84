// watch.h: what a run watches besides its steps: the clock and, if asked, every value.
#pragma once
#include "trainer/run.h"

// max_time: asks to stop when the time is up.
void lt_watch_time(struct lt_run *run);

// detect_anomaly: the first variable with a value that is not finite is the run's fault.
bool lt_watch_anomaly(struct lt_run *run);
