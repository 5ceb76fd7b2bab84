// file.h: what writing and reading a checkpoint share; private to runtime/checkpoint.
//
// The header begins with the sum, at a fixed place and of a fixed length, so that it can be filled
// in last. The sum is XXH64 of the tensor bytes, seeded with XXH64 of the header in which the
// digits of the sum are zeros.
#pragma once
#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/sum.h"

#define LT_HEADER_START "{\"__metadata__\":{\"lt.sum\":\""
#define LT_TEMPORARY_SUFFIX ".lt-tmp"

enum {
    LT_CHECKPOINT_FORMAT = 1,
    LT_SUM_DIGITS = 16,
    LT_COPY_BYTES = 1 << 20,    // moved at a time; a multiple of every element's size
};

// A letter for each kind of variable, in "lt.kinds", a tensor each in the order of the file.
extern const char lt_kind_letters[];

struct lt_checkpoint {          // a file that was verified
    struct lt_safetensors file;
    const struct lt_json_text *kinds, *aliases, *averages, *run;   // NULL: not written by us
    bool ours;
    bool damaged_header;
    bool summed;                // the header begins with a sum
    uint64_t sum, header_sum;
};

// Reads the header; with `whole`, every byte against the sum. Files of others have no sum.
bool lt_checkpoint_open(struct lt_checkpoint *checkpoint, const char *path, bool whole,
                        struct lt_fault *fault);
void lt_checkpoint_close(struct lt_checkpoint *checkpoint);
