// parse.h: the text of one setting to its value.
//
// Strict: the whole text must be of the type, and a fault says what was expected and what a right
// value looks like. Numbers are read as C's strtod reads them in the C locale, but infinities,
// NaN and hexadecimal are refused.
#pragma once
#include "base/fault.h"
#include "lt/program.h"

struct lt_parsed {
    double number;
    enum lt_unit unit;
};

bool lt_parse_value(const struct lt_setting *setting, const char *choices, const char *text,
                    struct lt_parsed *parsed, struct lt_fault *fault);

// Which of "min|max" a word is, or -1.
int lt_choice_index(const char *choices, const char *word);
const char *lt_unit_name(enum lt_unit unit);

// "DD:HH:MM:SS" or fewer parts, to seconds; "" is no limit: -1.
bool lt_parse_time(const char *text, double *seconds, struct lt_fault *fault);
