// state.h: a run's state as JSON, for saving and loading; private to runtime/checkpoint.
#pragma once
#include "checkpoint/checkpoint.h"
#include "checkpoint/json.h"

// Numbers are written exactly, named as the program names them.
void lt_state_write(struct lt_text *out, const struct lt_program *program,
                    const struct lt_run_state *state);
// What the program names otherwise is passed over. The text is copied. false: no memory or not a
// state, in `fault` after `path`.
bool lt_state_read(const struct lt_json_text *text, const struct lt_program *program,
                   struct lt_run_state *state, const char *path, struct lt_fault *fault);
