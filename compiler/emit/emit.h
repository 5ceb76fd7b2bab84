// emit.h: a plan as one C file, and as a report.
//
// The file is C17, includes only lt/*.h and gives no warning; the same plan gives the same bytes.
#pragma once
#include "../base/text.h"
#include "../kernel/plan.h"
#include <stdio.h>

void emit_c(const Program *program, const Plan *plan, Text *out);
void explain(const Program *program, const Plan *plan, FILE *out);      // command/explain.c
