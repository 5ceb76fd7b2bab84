// files.h: what ltc writes: whole or not at all.
#pragma once
#include "../base/arena.h"
#include <stdbool.h>

// Writes beside `path` and renames. false: said on standard error.
bool file_write(Arena *arena, const char *path, const char *text, size_t length);
bool file_exists(const char *path);
bool folder_make(Arena *arena, const char *path);       // and those above it
// "examples/digits.lt" -> "digits"
const char *file_stem(Arena *arena, const char *path);
const char *file_stem_plain(Arena *arena, const char *path);     // fit for make and a shell
// A new empty folder for files in between; NULL: said on standard error.
const char *folder_temporary(Arena *arena);
