// flags.h: how the C compiler is called for an emitted file.
//
// None of these changes a bit of any value; some decide speed. They stand here and nowhere else.
#pragma once
#include <stdbool.h>

// For `gcc` (true) or clang; ends in NULL. `debug` asks for -g as well.
const char *const *compiler_flags(bool gcc, bool debug);
