// table.h: what the readers of the formats share; private to runtime/data.
//
// A table owns blocks of memory, given back together by lt_table_close, and at most a few mapped
// stretches of its file. A format is two functions: `open` fills in the columns, `load` their rows.
#pragma once
#include "data/input.h"
#include "data/reader.h"
#include "data/text.h"

struct lt_table_format {
    const char *name;
    bool (*open)(struct lt_table *table, struct lt_fault *fault);
    bool (*load)(struct lt_table *table, struct lt_fault *fault);
};

extern const struct lt_table_format lt_format_idx, lt_format_npy, lt_format_npz, lt_format_csv;

struct lt_table_block;

struct lt_table_file {
    const struct lt_table_format *format;
    struct lt_input input;
    const char *option;
    const struct lt_raw_field *wanted;
    int wanted_count;
    bool loaded;
    void *own;                          // the format's, a block of the table
    struct lt_table_block *block;
};

// Not zeroed, aligned to 64 bytes, the table's; also for 0 bytes a place of its own.
void *lt_table_take(struct lt_table *table, uint64_t bytes, struct lt_fault *fault);
void lt_table_give(struct lt_table *table, void *memory);       // back before the table is closed
bool lt_table_adopt(struct lt_table *table, void *map, uint64_t bytes);     // of its file
bool lt_table_columns(struct lt_table *table, int count, struct lt_fault *fault);
char *lt_table_text(struct lt_table *table, const char *text, size_t length,
                    struct lt_fault *fault);

// ---- arrays of numbers: IDX and NumPy -----------------------------------------------------------

struct lt_array {
    enum lt_dtype dtype;
    int rank;                           // the rows' axis counted in, 1 to LT_MAX_RANK + 1
    int64_t size[LT_MAX_RANK + 1];
    bool swapped;                       // bytes of an element stand the other way round
    bool fortran;                       // first index fastest
    uint64_t offset, bytes;             // of the elements in the expanded file
};

// Sets array->bytes from dtype and size; sizes that no file can have are refused.
bool lt_array_measure(struct lt_array *array, const char *path, struct lt_fault *fault);
void lt_array_describe(const struct lt_array *array, struct lt_column *column);
// Reads from where the input stands, which is the array's offset.
bool lt_array_load(const struct lt_array *array, struct lt_table *table, struct lt_column *column,
                   struct lt_fault *fault);

// ---- NumPy's header, also of the members of a .npz ----------------------------------------------

bool lt_npy_header(struct lt_input *input, const char *label, struct lt_array *array,
                   struct lt_fault *fault);
