// compile.h: asks a C compiler ($CC, cc) whether it takes a file, without a warning.
#pragma once
#include <stdbool.h>

bool c_compiles(const char *path);
