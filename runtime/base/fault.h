// fault.h: why something was refused: one sentence, filled in by the function that noticed.
//
// A caller hands an empty fault down and prints its text; the first sentence wins, later ones are
// dropped. A function that can fail takes a `struct lt_fault *` last and returns false (or NULL)
// with the sentence in it. Nothing here prints, exits or allocates.
#pragma once
#include <stdbool.h>

struct lt_fault {
    char text[1024];            // no newline at its end; empty: all is well
};

#if defined(__GNUC__)
#define LT_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define LT_PRINTF(text, first)
#endif

// Always false, so that a check reads `return lt_fail(fault, …)`.
bool lt_fail(struct lt_fault *fault, const char *format, ...) LT_PRINTF(2, 3);
bool lt_failed(const struct lt_fault *fault);
