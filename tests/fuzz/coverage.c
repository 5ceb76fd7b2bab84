// coverage: clang calls these two functions at the start and at every edge of what it compiled with
// -fsanitize-coverage=trace-pc-guard (SanitizerCoverage in clang's documentation). A guard is 1
// until its edge is taken.
#include "coverage.h"

#include <stdint.h>
#include <stdio.h>

static long edges, taken, told;

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop);
void __sanitizer_cov_trace_pc_guard(uint32_t *guard);

void __sanitizer_cov_trace_pc_guard_init(uint32_t *start, uint32_t *stop)
{
    if (start == stop || *start)
        return;
    for (uint32_t *guard = start; guard < stop; guard++)
        *guard = 1;
    edges += stop - start;
}

void __sanitizer_cov_trace_pc_guard(uint32_t *guard)
{
    taken += *guard;
    *guard = 0;
}

bool coverage_grew(void)
{
    const bool grew = taken > told;
    told = taken;
    return grew;
}

void coverage_print(void)
{
    if (edges)
        printf("%ld of %ld edges taken (%.1f %%)\n", taken, edges,
               100 * (double)taken / (double)edges);
}
