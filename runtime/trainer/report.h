// report.h: how a run ended, for scripts: --metrics-json.
//
// One JSON object with status, exit code, position and metrics, written when all else is done, and
// whole or absent: a file of an earlier run is removed before this one begins.
#pragma once
#include "trainer/run.h"

// Standard output has nothing else on it.
bool lt_report_only(const struct lt_run *run);

bool lt_report_prepare(struct lt_run *run);

// `code` is what the program will exit with. False after a sentence on stderr.
bool lt_report_write(const struct lt_run *run, int code);
