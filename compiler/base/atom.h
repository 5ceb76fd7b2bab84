// atom.h: names stored once, so that equal names are equal pointers.
#pragma once
#include "arena.h"

typedef struct AtomTable AtomTable;

AtomTable *atom_table_new(Arena *arena);
const char *atom(AtomTable *table, const char *text);
const char *atom_of(AtomTable *table, const char *text, size_t length);
