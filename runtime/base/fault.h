// fault.h: what a run says when it cannot do what it was asked to do.
//
// A fault is one sentence, kept by whoever started the work that failed; the first one wins. A
// function that can fail takes a `struct lt_fault *` last and returns false with the sentence in
// it. Nothing here prints by itself but lt_print_*, nothing exits, and nothing allocates.
#pragma once
#include <stdarg.h>
#include <stdbool.h>

struct lt_fault {
    char text[1024];
};

#if defined(__GNUC__)
#define LT_PRINTF(format, first) __attribute__((format(printf, format, first)))
#else
#define LT_PRINTF(format, first)
#endif

// Puts the sentence into `fault` unless one is there already; always false, for `return lt_fail(…)`.
bool lt_fail(struct lt_fault *fault, const char *format, ...) LT_PRINTF(2, 3);
bool lt_failed(const struct lt_fault *fault);

// One line on stderr, "name: error: …" or "name: note: …"; a redrawn progress bar is ended first.
void lt_print_name(const char *name);           // of the program, once at the start
void lt_print_error(const char *format, ...) LT_PRINTF(1, 2);
void lt_print_note(const char *format, ...) LT_PRINTF(1, 2);

// Called before a line is printed, so that a bar on the terminal can be cleared.
void lt_print_before(void (*clear)(void *context), void *context);
