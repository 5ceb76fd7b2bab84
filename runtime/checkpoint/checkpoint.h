// checkpoint.h: the whole state of a run in one safetensors file, whole or absent.
//
// The tensors are the variables marked LT_SAVED, in the user's axes; the run's own state is JSON in
// `__metadata__`, next to a sum over the header and every tensor byte. A file is written under
// another name, flushed, renamed, and its folder flushed: at any moment there is the older file or
// the newer one. Loading verifies everything before it touches a variable. Nothing here decides
// when to save, which files to keep, or what a metric means.
//
// A function that fails leaves one sentence in `fault`; none of them prints or exits but
// lt_checkpoint_print.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/fault.h"
#include "lt/program.h"

#define LT_CHECKPOINT_SUFFIX ".safetensors"
#define LT_SAVED_AS "saved_as"          // the fact that holds the name under which a file was saved

struct lt_kept {                // an entry of a callback's list of best checkpoints
    int callback;               // index in lt_program.callback, or -1: the trainer's own
    double score;
    bool greater_is_better;
    char *file;                 // name in the checkpoint's folder
};

struct lt_fact { char *name, *text; };  // anything else that the trainer wants back, by name

// What is saved beside the variables. The pointers of a state that was loaded belong to it and are
// freed by lt_run_state_free; a state to be saved may point anywhere.
struct lt_run_state {
    int64_t step, epoch, batch;         // optimiser steps; epochs begun; batches done in this one
    int64_t micro_batch;                // batches in the open accumulation window
    int64_t validation_batch;           // batches done of a validation that was interrupted, or -1
    uint64_t seed, split_seed;
    double seconds;                     // trained so far
    double *state;                      // host states, program->state_count of them
    double *metric;                     // newest value of each log entry, program->log_count
    double *setting;                    // numbers, program->setting_count; text ones are facts
    struct lt_kept *kept;
    int kept_count;
    struct lt_fact *fact;
    int fact_count;
};

void lt_run_state_free(struct lt_run_state *state);
bool lt_run_state_set(struct lt_run_state *state, const char *name, const char *text);  // a fact
bool lt_run_state_set_number(struct lt_run_state *state, const char *name, double value);
const char *lt_run_state_fact(const struct lt_run_state *state, const char *name);      // or NULL
double lt_run_state_number(const struct lt_run_state *state, const char *name, double otherwise);

// ---- writing ------------------------------------------------------------------------------------

// Bytes that a checkpoint of this program takes, but for a few of the header.
uint64_t lt_checkpoint_bytes(const struct lt_program *program);

// Is there room for `copies` checkpoints on the disk of this folder? To be asked before training.
bool lt_checkpoint_room(const char *folder, const struct lt_program *program, int copies,
                        struct lt_fault *fault);

// Writes `path`, replacing an older one only when the new one is whole and on the disk. After a
// failure the older one stands, if there was one. The folder must exist.
bool lt_checkpoint_save(const char *path, const struct lt_program *program, const void *block,
                        const struct lt_run_state *state, struct lt_fault *fault);

// The same in two strokes: a checkpoint of this moment but for the bytes of its variables, which may
// then be written from a copy of the block, under several names, and by another thread.
struct lt_image {
    const struct lt_program *program;
    char *header;
    size_t header_bytes;
    int *order, count;          // variables as they follow each other in the file
    uint64_t bytes;             // of the whole file
};

bool lt_image_make(struct lt_image *image, const struct lt_program *program,
                   const struct lt_run_state *state, struct lt_fault *fault);
bool lt_image_write(const struct lt_image *image, const char *path, const void *block,
                    struct lt_fault *fault);
void lt_image_free(struct lt_image *image);

// Removes what an interrupted save of a checkpoint or of another file left in the folder, with a
// line on `out` (may be NULL) for each.
void lt_checkpoint_sweep(const char *folder, FILE *out);

// ---- reading ------------------------------------------------------------------------------------

// Everything, to resume: variables and state. The state is made here and freed by the caller; its
// arrays have the program's lengths. A host state that the file doesn't have is at its initial
// value, a metric or a setting that it doesn't have is NaN. Facts "lt.program", "lt.spec",
// "lt.spec_hash" and "lt.compiler" say what wrote the file.
bool lt_checkpoint_load(const char *path, const struct lt_program *program, void *block,
                        struct lt_run_state *state, struct lt_fault *fault);

// Parameters and buffers only, from a checkpoint or any safetensors file; tied weights may stand
// under any of their names. note (may be NULL): a sentence if the file has tensors left over.
bool lt_weights_load(const char *path, const struct lt_program *program, void *block,
                     struct lt_fault *note, struct lt_fault *fault);

// What the spec's `weights =` ask for, after the init step: each file's tensors, renamed, into the
// variables of its part. Nothing of a file is taken unless all that is asked of it fits.
bool lt_part_weights_load(const struct lt_program *program, const char *root, void *block,
                          struct lt_fault *fault);

// The state alone (which seed, which step), without variables.
bool lt_checkpoint_peek(const char *path, const struct lt_program *program,
                        struct lt_run_state *state, struct lt_fault *fault);

// Was this file saved under another name: renamed, copied, or swapped with one? Then `note` is a
// sentence that says so.
bool lt_checkpoint_renamed(const char *path, const struct lt_run_state *state,
                           struct lt_fault *note);

// The valid checkpoint of the most steps in a folder (names that end in LT_CHECKPOINT_SUFFIX), or
// NULL; to be freed. Each damaged file that was passed over gets a line on `out` (may be NULL).
char *lt_checkpoint_newest(const char *folder, const struct lt_program *program, FILE *out);

// The best of those that the newest checkpoint lists, or NULL. What stands under the name of
// another is passed over too.
char *lt_checkpoint_best(const char *folder, const struct lt_program *program, FILE *out);

// `program info FILE`: what is in it, for people.
bool lt_checkpoint_print(const char *path, FILE *out, struct lt_fault *fault);
