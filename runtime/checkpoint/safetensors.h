// safetensors.h: the format of weights (github.com/huggingface/safetensors), read strictly.
//
//   length of the header, 8 bytes, low byte first   header, JSON   tensors without a gap
//
// Accepts what the official reader accepts, and refuses what it refuses, with two exceptions on the
// strict side: a name that stands twice, which the format's text forbids, and a tensor described by
// a list in place of an object. The header is in memory, the tensors stay in the file.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"
#include "checkpoint/json.h"
#include "lt/program.h"

enum { LT_TENSOR_HEADER_AT_MOST = 100000000 };

struct lt_tensor_type {
    const char *name;           // "F32"
    int bits;
    int dtype;                  // enum lt_dtype, or -1: we have none
};

struct lt_tensor {
    struct lt_json_text name;
    const struct lt_tensor_type *type;
    int rank;
    const char *shape;          // in the header
    uint64_t begin, end;        // in the part after the header
};

struct lt_metadata { struct lt_json_text key, value; };

struct lt_safetensors {
    const char *path;           // the caller's
    int descriptor;
    char *header;               // decoded where it stood
    uint64_t header_bytes;      // as the file says
    uint64_t data_begin, data_bytes;
    struct lt_tensor *tensor;   // by place in the file
    size_t tensor_count, tensor_capacity;
    struct lt_metadata *metadata;
    size_t metadata_count, metadata_capacity;
    struct lt_tensor **by_name;
};

// raw: if not NULL, called with the header's bytes before they are changed.
bool lt_safetensors_open(struct lt_safetensors *file, const char *path,
                         bool (*raw)(void *context, const char *header, size_t bytes),
                         void *context, struct lt_fault *fault);
void lt_safetensors_close(struct lt_safetensors *file);
const struct lt_tensor *lt_safetensors_find(const struct lt_safetensors *file, const char *name,
                                            size_t length);
const struct lt_json_text *lt_safetensors_metadata(const struct lt_safetensors *file,
                                                   const char *key);
// The sizes; false if they are more than LT_MAX_RANK or pass 2^63.
bool lt_tensor_shape(const struct lt_tensor *tensor, int64_t shape[LT_MAX_RANK]);
// Reads bytes after the header, exactly.
bool lt_safetensors_read(const struct lt_safetensors *file, uint64_t at, void *to, size_t bytes,
                         struct lt_fault *fault);
const char *lt_tensor_type_name(enum lt_dtype dtype);
