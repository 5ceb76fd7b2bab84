// flags.h: how the C compiler is called for an emitted file.
//
// None of these changes a bit of any value; some decide speed. They stand here and nowhere else.
#pragma once

typedef enum FlagGroup { FLAGS_COMMON, FLAGS_GCC, FLAGS_CLANG, FLAGS_X86 } FlagGroup;

const char *const *compiler_flags(FlagGroup group);     // ends in NULL
