#include "mutant.h"
#include "arena.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define MUTANT_SITE(name) #name,
#include "mutants.def"
#undef MUTANT_SITE
};

const char *mutant_name(Mutant mutant)
{
    return names[mutant];
}

#ifdef LTC_MUTANTS
bool mutant_active(Mutant mutant)
{
    const char *chosen = getenv("LTC_MUTANT");
    return chosen && strcmp(chosen, names[mutant]) == 0;
}

bool mutant_row_active(const char *family, const char *row)
{
    char name[128];
    snprintf(name, sizeof name, "%s_%s", family, row);
    for (int i = 0; i < MUTANT_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return mutant_active((Mutant)i);
    bug("mutants.def has no row %s", name);
}
#endif
