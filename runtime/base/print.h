// print.h: what a run says on stderr.
//
// One line a message, "name: error: …" or "name: note: …", with the program's name first. A bar
// that is being redrawn on the terminal is cleared before. Nothing here exits or allocates.
#pragma once
#include "base/fault.h"

void lt_print_name(const char *name);           // of the program, once at the start
void lt_print_error(const char *format, ...) LT_PRINTF(1, 2);
void lt_print_note(const char *format, ...) LT_PRINTF(1, 2);
void lt_print_fault(const struct lt_fault *fault);

// Called before a line is printed, so that a bar on the terminal can be cleared.
void lt_print_before(void (*clear)(void *context), void *context);
