// input.h: the bytes of a file, plain or compressed, read forward.
//
// Owns the descriptor. Knows nothing of what the bytes mean; offsets in its sentences are of the
// expanded bytes. Only regular files are opened, so nothing here can wait for a pipe.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>
#include "base/fault.h"

enum lt_packing { LT_PLAIN, LT_GZIP, LT_DEFLATE };      // LT_DEFLATE: bare, as in a zip member

enum { LT_INPUT_BUFFER = 1 << 16 };

struct lt_input {
    int descriptor;             // -1: closed
    const char *path;           // the caller's
    enum lt_packing packing;
    uint64_t file_size;
    uint64_t begin, end;        // of the bytes in the file that are read
    uint64_t next;              // byte of the file to read next
    uint64_t at;                // expanded bytes handed out so far
    uint32_t check;             // CRC-32 of them, kept if `checked`
    bool checked, stream_open, stream_over;
    z_stream stream;
    unsigned char *buffer;      // compressed bytes
};

// Opens a regular file and finds out whether it is gzip.
bool lt_input_open(struct lt_input *input, const char *path, struct lt_fault *fault);
// Starts again at a part of the file.
bool lt_input_restart(struct lt_input *input, enum lt_packing packing, uint64_t begin, uint64_t end,
                      struct lt_fault *fault);
void lt_input_close(struct lt_input *input);

// Up to `count` bytes; fewer only at the end. -1: the file cannot be read or is damaged.
int64_t lt_input_read(struct lt_input *input, void *to, uint64_t count, struct lt_fault *fault);
// Exactly `count` bytes of `what`, "the header"; fewer are refused.
bool lt_input_exactly(struct lt_input *input, void *to, uint64_t count, const char *what,
                      struct lt_fault *fault);
// Refuses bytes that are left over.
bool lt_input_ends(struct lt_input *input, struct lt_fault *fault);

// May these bytes, expanded, be `count`? Checked before memory is taken for them.
bool lt_input_holds(const struct lt_input *input, uint64_t count, struct lt_fault *fault);
