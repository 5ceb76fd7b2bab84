// reader.h: data files (IDX, CSV, NumPy) as tables of rows, for the compiler and for programs.
//
// A table is one file: named columns, each an array of rows of one dtype and shape. Opening reads
// what gives the schema and checks the file's length against it; loading makes the rows readable.
// Both refuse a malformed file in one sentence that names the file, the place and what was
// expected. No size is believed before it was held against the length of the file, no text before
// it was checked; a compressed file never expands past what its header declares. The table owns
// all that it points to. Nothing here knows of batches, splits or the trainer.
//
// Formats: "idx" and "npy" have one column (name ""), "npz" and "csv" have several. Each but npz
// may be compressed by gzip, which is seen by its first bytes.
//
// CSV is RFC 4180: quotes, doubled quotes, newlines in quotes, CR LF or LF, a byte order mark.
// Blanks around an unquoted cell are dropped. A cell is missing if it is empty or spelled like one
// of the option's `missing`. A column is of integers if every cell is one, and then i64; of numbers
// (f64, missing: NaN) if every cell that is there is a number; else of text, an i32 that is an
// index into `words`, -1 for a missing one or one that `words` doesn't have.
// Options are lines "name=value": separator (one byte, or \t), header (true, false), missing
// (may be repeated), column (a name for each column in turn; without it and without a header
// "c0", "c1", …).
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"
#include "lt/program.h"

enum { LT_WORDS_AT_MOST = 1 << 20 };

struct lt_column {
    const char *name;
    enum lt_dtype dtype;
    int rank;
    int64_t shape[LT_MAX_RANK];         // of one row
    size_t row_bytes;
    int64_t rows;                       // the members of a .npz may differ, else the table's
    bool text;                          // CSV: i32 indices into words
    const char *const *words;           // as given, or those of the file in the order of bytes
    const int64_t *word_rows;           // rows that hold each word
    int word_count;
    int64_t missing;                    // CSV: cells without a value
    const unsigned char *data;          // rows * row_bytes, aligned to the dtype; NULL until loaded
};

struct lt_table {
    const char *path;
    const char *format;
    int64_t rows;                       // of the first column
    int column_count;
    struct lt_column *column;
    struct lt_table_file *file;         // the reader's own
};

// wanted: the columns that a program was built with (CSV: converted to their dtypes; others are not
// read at all); NULL: all of them, as the file has them. Checks that the file fits what is wanted.
// path is copied; option, wanted and all that they point to must outlive the table.
struct lt_table *lt_table_open(const char *path, const char *format, const char *option,
                               const struct lt_raw_field *wanted, int wanted_count,
                               struct lt_fault *fault);
bool lt_table_load(struct lt_table *table, struct lt_fault *fault);
void lt_table_close(struct lt_table *table);

const struct lt_column *lt_table_column(const struct lt_table *table, const char *name);

// Least and greatest value of a loaded integer column; false if it has no value or isn't integer.
// The number of classes of a label is its greatest value + 1.
bool lt_column_extent(const struct lt_column *column, int64_t *least, int64_t *greatest);

const char *lt_dtype_name(enum lt_dtype dtype);         // "f32"
size_t lt_dtype_bytes(enum lt_dtype dtype);

// root + "/" + file, or file if it is absolute or root is empty; to be freed. NULL: no memory.
char *lt_path_join(const char *root, const char *file);
