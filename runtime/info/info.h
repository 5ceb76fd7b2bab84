// info.h: what a program says about itself: help, manual page, completion, summary, facts, memory.
#pragma once
#include <stdio.h>

#include "settings/line.h"
#include "trainer/plan.h"

// What help and the manual page tell besides the tables of options and settings; ends with NULL.
struct lt_told {
    const char *name, *help;
};

extern const struct lt_told lt_told_examples[], lt_told_values[], lt_told_codes[],
    lt_told_signals[], lt_told_variables[];

void lt_help_print(const struct lt_program *program, const struct lt_line *line,
                   const struct lt_settings *settings, FILE *out);
void lt_man_print(const struct lt_program *program, const struct lt_line *line,
                  const struct lt_settings *settings, FILE *out);
// For the shell that --completion names.
void lt_completion_print(const struct lt_line *line, const struct lt_settings *settings, FILE *out);

// The layers with their parameters, and the totals.
void lt_summary_print(const struct lt_program *program, FILE *out);

// `program info`: what the program is made of and what it would do. `plan` may be NULL: no data.
void lt_info_print(const struct lt_program *program, const struct lt_settings *settings,
                   const struct lt_extent *extent, const struct lt_plan *plan, FILE *out);

// The greatest memory of the process so far, in bytes (VmHWM), or 0 where the system does not say.
size_t lt_peak_memory(void);
void lt_bytes_text(double bytes, char *text, int size);         // "3.9 MB"
