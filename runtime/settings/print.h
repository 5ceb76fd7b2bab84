// print.h: all settings as a file that --config reads: what --print-config prints, and what is kept
// in a run's folder.
#pragma once
#include <stdio.h>

#include "settings/line.h"

// `kept`: for the run's folder, where --resume is only remembered, not repeated.
void lt_settings_write(const struct lt_line *line, const struct lt_settings *settings,
                       const struct lt_program *program, bool kept, FILE *out);
