// print.h: all settings as a file that --config reads: what --print-config prints, and what is kept
// in a run's folder.
#pragma once
#include <stdio.h>

#include "settings/line.h"

// `history`: comment lines for the run's folder, where --resume is remembered in them and not
// repeated; NULL: printed for people.
void lt_settings_write(const struct lt_line *line, const struct lt_settings *settings,
                       const struct lt_program *program, const char *history, FILE *out);
