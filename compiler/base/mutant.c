#include "mutant.h"
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
#endif
