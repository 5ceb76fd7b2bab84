// mutant.h: switches that break one rule of the compiler on purpose.
//
// A test suite is worth what it notices. Built with -DLTC_MUTANTS, each place that says
// MUTANT(name) is broken when the environment variable LTC_MUTANT holds its name, and a test must
// turn red. In every other build the macro is the constant false and leaves no code behind. All
// names stand in mutants.def, so that none is missed: MUTANT of a name without a row does not
// compile.
#pragma once
#include <stdbool.h>

typedef enum Mutant {
#define MUTANT_SITE(name) MUTANT_##name,
#include "mutants.def"
#undef MUTANT_SITE
    MUTANT_COUNT
} Mutant;

const char *mutant_name(Mutant mutant);

// MUTANT_ROW(family, row) is for rules that stand in a table: the site is called family_row.
#ifdef LTC_MUTANTS
bool mutant_active(Mutant mutant);
bool mutant_row_active(const char *family, const char *row);    // ends if mutants.def lacks it
#define MUTANT(name) mutant_active(MUTANT_##name)
#define MUTANT_ROW(family, row) mutant_row_active(family, row)
#else
#define MUTANT(name) ((void)MUTANT_##name, false)
#define MUTANT_ROW(family, row) ((void)(family), (void)(row), false)
#endif
