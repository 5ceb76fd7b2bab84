// info.h: what a program says about itself: help, summary, facts, memory.
#pragma once
#include <stdio.h>

#include "settings/line.h"
#include "trainer/plan.h"

void lt_help_print(const struct lt_program *program, const struct lt_settings *settings, FILE *out);

// The layers with their parameters, and the totals.
void lt_summary_print(const struct lt_program *program, FILE *out);

// `program info`: what the program is made of and what it would do. `plan` may be NULL: no data.
void lt_info_print(const struct lt_program *program, const struct lt_settings *settings,
                   const struct lt_extent *extent, const struct lt_plan *plan, FILE *out);

// The greatest memory of the process so far, in bytes (VmHWM), or 0 where the system does not say.
size_t lt_peak_memory(void);
void lt_bytes_text(double bytes, char *text, int size);         // "3.9 MB"
