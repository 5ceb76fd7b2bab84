// toy.h: a program table with a variable of every kind and layout, without a model behind it.
#pragma once
#include "checkpoint/checkpoint.h"

extern const struct lt_program toy;

void toy_fill(void *block, uint64_t seed);              // every byte of every element, NaNs too
struct lt_run_state toy_state(uint64_t seed);           // to be freed
// A sum over what a checkpoint restores: variables in the user's order, and the run's state.
uint64_t toy_sum(const void *block, const struct lt_run_state *state, bool weights_only);
