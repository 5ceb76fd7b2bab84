// libfuzzer.c: the front end under libFuzzer, which prints the edges it has covered.
#include "front.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *why = NULL;
    bool print = size % 64 == 0;                                // slow, and seldom of interest
    if (!front_holds((const char *)data, size, print, &why)) {
        fprintf(stderr, "found: %s\n", why);
        abort();
    }
    return 0;
}
