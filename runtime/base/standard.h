// standard.h: standard input, output and error, which a program may be started without.
#pragma once
#include "base/fault.h"

// Opens /dev/null where one of the three is closed, so that no file of a run gets its number and
// what is printed goes nowhere.
void lt_standard_open(void);

// Everything that was printed is out. A reader that went away (`| head -1`) is no fault.
bool lt_standard_flush(struct lt_fault *fault);
