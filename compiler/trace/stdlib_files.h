// stdlib_files.h: the standard library, built into the compiler.
#pragma once
#include <stddef.h>

typedef struct StdlibFile {
    const char *path;           // "stdlib/losses.lt"
    const char *text;
    size_t length;
} StdlibFile;

extern const StdlibFile stdlib_file[];
extern const int stdlib_file_count;
