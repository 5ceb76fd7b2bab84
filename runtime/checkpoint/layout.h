// layout.h: a variable's elements in the user's order, wherever the compiler put them.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "lt/program.h"

int64_t lt_variable_count(const struct lt_variable *variable);          // elements
size_t lt_variable_bytes(const struct lt_variable *variable);

// Elements first to first + count - 1, last axis fastest, out of the block and into it. Packing
// gives every NaN the same bits, so that equal states are equal files.
void lt_variable_pack(const struct lt_variable *variable, const void *block, int64_t first,
                      int64_t count, void *to);
void lt_variable_unpack(const struct lt_variable *variable, void *block, int64_t first,
                        int64_t count, const void *from);
