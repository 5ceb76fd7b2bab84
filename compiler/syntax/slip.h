// slip.h: a place where the parser cannot go on, seen with the words around it.
#pragma once
#include "parse.h"

typedef struct Slip {
    Parse *p;
    Expected expected;
    const Token *found, *before, *after;        // before: T_NL where the file begins
    const Token *start;                         // first word of the line that is being read
    const Token *opener;                        // the `(` or `[` around it on this line, or NULL
    // Operators between the last separator and the place, outside of inner brackets.
    bool pipe, comparison, range, equals, when;
    Span at;
    const Token *resume;                        // a word that begins a new line after all
} Slip;

bool slip_wants(const Slip *s, int kind);
bool slip_begins_line(const Slip *s);           // nothing of the line stands before it
bool slip_is_operand_end(int kind);             // a value may end with it
bool slip_is_operand_begin(int kind);
bool slip_is_operator(int kind);                // between two values
const char *slip_found(const Slip *s);          // "`over`", "the end of the line"

bool slip_report(Slip *s);                      // slips.c: true if it was one that is known
