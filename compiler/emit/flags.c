#include "flags.h"

// -fno-strict-aliasing: buffers of different types share the bytes of one block over time.
// The scheduling flags keep a row of a tile in registers instead of loading it for each sum.
#define COMMON                                                                                     \
    "-std=c17", "-O3", "-march=native", "-ffp-contract=off", "-fno-math-errno",                    \
        "-fno-trapping-math", "-fno-strict-aliasing", "-fopenmp"

static const char *const gcc_flags[] = {COMMON, "-fschedule-insns", "-fsched-pressure",
                                        "-mprefer-vector-width=512", "-g", 0};
static const char *const gcc_plain[] = {COMMON, "-fschedule-insns", "-fsched-pressure",
                                        "-mprefer-vector-width=512", 0};
static const char *const clang_flags[] = {COMMON, "-g", 0};
static const char *const clang_plain[] = {COMMON, 0};

const char *const *compiler_flags(bool gcc, bool debug)
{
    if (gcc)
        return debug ? gcc_flags : gcc_plain;
    return debug ? clang_flags : clang_plain;
}
