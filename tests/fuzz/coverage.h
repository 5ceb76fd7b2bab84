// coverage.h: which edges of the compiler's flow have been taken, where it was built with
// -DLTC_COVER=ON by clang; elsewhere there are none.
#pragma once
#include <stdbool.h>

bool coverage_grew(void);       // since it was asked last
void coverage_print(void);      // one line; nothing where there is none
