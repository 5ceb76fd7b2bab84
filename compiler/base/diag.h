// diag.h: what the compiler says to the person who wrote the spec.
//
// A message is one sentence about one span, with a code from codes.def that `ltc help` explains.
// Passes report and go on, so one run shows every mistake; nothing here exits. Messages are
// printed in source order, equal ones once.
//
//   gpt.lt:19:16: error[E0301]: `proj` takes `dim` features but is given 3 * dim
//      19 |             |> proj
//         |                ^~~~
//      hint: ...
#pragma once
#include "source.h"
#include <stdio.h>

typedef enum Code {
#define CODE(number, name, title, text) name = number,
#include "codes.def"
#undef CODE
} Code;

typedef struct Diag Diag;

typedef struct DiagMark {       // a moment, to go back to when something was only tried
    void *last;
    int errors;
} DiagMark;

Diag *diag_new(Arena *arena);
void diag_error(Diag *diag, Code code, Span at, const char *format, ...) LTC_PRINTF(4, 5);
void diag_warning(Diag *diag, Code code, Span at, const char *format, ...) LTC_PRINTF(4, 5);
void diag_note(Diag *diag, Span at, const char *format, ...) LTC_PRINTF(3, 4);  // joins the last
void diag_hint(Diag *diag, const char *format, ...) LTC_PRINTF(2, 3);           // a way out
bool diag_failed(const Diag *diag);
int diag_count(const Diag *diag);                               // errors so far
DiagMark diag_mark(const Diag *diag);
void diag_forget(Diag *diag, DiagMark mark);                    // all that was said since
void diag_each(const Diag *diag, void (*visit)(void *context, Span at), void *context);
void diag_print(const Diag *diag, FILE *out, bool color);       // in source order

bool diag_explain(const char *code, FILE *out);                 // "E0123"; false if there is none

// The nearest of `names` to `name`, or NULL: for "did you mean".
const char *diag_nearest(Arena *arena, const char *name, const char *const *names, int count);
