// fault.h: why something was refused: one sentence, filled in by the function that noticed.
//
// A caller hands an empty fault down and prints its text; the first sentence wins, later ones are
// dropped. Nothing here prints, exits or allocates. Functions return false (or NULL) with it.
#pragma once
#include <stdbool.h>

struct lt_fault {
    bool set;
    char text[1024];            // no newline at its end
};

#if defined(__GNUC__)
#define LT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define LT_PRINTF(text, first)
#endif

// Always false, so that a check reads `return lt_fault_set(fault, …)`.
bool lt_fault_set(struct lt_fault *fault, const char *format, ...) LT_PRINTF(2, 3);
bool lt_fault_memory(struct lt_fault *fault, const char *what, unsigned long long bytes);

// The text with everything that could disturb a terminal as escapes; returns `out`.
const char *lt_fault_quote(char *out, unsigned long size, const char *text, unsigned long length);
