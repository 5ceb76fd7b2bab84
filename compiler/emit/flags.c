#include "flags.h"

// -fno-strict-aliasing: buffers of different types share the bytes of one block over time.
static const char *const common[] = {
    "-std=c17", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math",
    "-fno-strict-aliasing", "-fopenmp", 0,
};
// The scheduling flags keep a row of a tile in registers instead of loading it for each sum.
// At -O3 clang's tiles are up to seven times slower than at -O2, gcc's at -O2 five times slower.
// Sums that start at zero must not become a call of memset, nor what is stored one of memcpy.
static const char *const gcc[] = {
    "-O3", "-fschedule-insns", "-fsched-pressure", "-fno-tree-loop-distribute-patterns",
    // A quarter of the time that -O3 takes, without which steps are as fast.
    "-fno-loop-interchange", "-fno-loop-unroll-and-jam", "-fno-split-paths", "-fno-ipa-cp-clone",
    "-fno-tree-partial-pre", "-fno-gcse-after-reload", "-fno-tree-loop-distribution",
    "--param=max-completely-peeled-insns=32", 0,
};
static const char *const clang[] = {"-O2", 0};
static const char *const x86[] = {"-mprefer-vector-width=512", 0};

const char *const *compiler_flags(FlagGroup group)
{
    switch (group) {
    case FLAGS_GCC:
        return gcc;
    case FLAGS_CLANG:
        return clang;
    case FLAGS_X86:
        return x86;
    case FLAGS_COMMON:
        break;
    }
    return common;
}
