// toolchain.h: the C compiler and the runtime library that emitted C is linked to.
//
// The compiler is --cc, else $CC, else the first of cc, gcc, clang in the path; it is started by
// its words, never through a shell. The runtime is looked for in $LTC_RUNTIME, then where it
// is installed beside ltc, then in the tree that ltc was built in.
#pragma once
#include "../base/arena.h"
#include <stdbool.h>

typedef struct Toolchain {
    const char *words[64];      // of the C compiler's command, options that the user gave behind
    int count, given;           // words; the first that is an option
    const char *include, *library;
    const char *data_root;      // of the program, unless NULL
    bool debug, verbose;        // -g; print the line
} Toolchain;

bool toolchain_find(Arena *arena, const char *cc, Toolchain *toolchain);    // false: said
// Compiles and links; the program appears whole or not at all.
bool toolchain_compile(Arena *arena, const Toolchain *toolchain, const char *source,
                       const char *program);
// The same as lines of a Makefile, for the installed runtime.
const char *toolchain_makefile(Arena *arena, const char *name);
// Runs a program with these words and hands its exit status on.
int toolchain_start(Arena *arena, const char *program, char **word, int count);
