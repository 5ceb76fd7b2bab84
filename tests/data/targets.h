// targets.h: every reader of files, as a function of bytes, for the two fuzzers (fuzz.c).
//
// A target writes the bytes to a file in memory and has its reader open and load it. It is given
// rows, tensors, a state, or one sentence; anything else is a finding, like a sanitizer's report
// and more memory than ten times the file and 64 MB.
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct target {
    const char *name;           // files of seeds are called NAME.number
    const char *seeds;          // whose seeds it takes besides its own, or NULL
    bool (*read)(const unsigned char *data, size_t size);       // false: a finding, which was printed
    int slower;                 // than the others, so many times; 0: it is not
};

extern const struct target targets[];
extern const int target_count;

const struct target *target_named(const char *name);

// The most memory that was held at once since the last call, and whether that can be told.
bool peak_memory(size_t *bytes);

// A fault for the harness to find: "past" reads a byte past the last row, "memory" takes more than
// a reader may, "silent" hides a refusal's sentence. NULL: none.
extern const char *planted_fault;
