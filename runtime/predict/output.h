// output.h: results of predict as .npy or .csv, by the ending of the file's name.
//
// A CSV has a line a row and a column an element; a .npy file has the result's array. With several
// results a .npy name gets the result's name before its ending. A file is written under another
// name and renamed when it is whole. Results that are not per row are written once, from the last
// batch.
#pragma once
#include <stdio.h>

#include "base/fault.h"
#include "lt/program.h"

struct lt_output_file {
    char *path, *partial;
    FILE *file;
    int64_t rows;
};

struct lt_output_writer {
    const struct lt_program *program;
    bool csv;
    struct lt_output_file *file;        // one for a CSV, else one a result
    int file_count;
    void **array;               // lt_call.output: of one batch
};

bool lt_output_open(struct lt_output_writer *writer, const struct lt_program *program,
                    const char *path, int64_t batch, struct lt_fault *fault);
bool lt_output_rows(struct lt_output_writer *writer, int64_t rows, struct lt_fault *fault);
// `whole` false: what was written is thrown away.
bool lt_output_close(struct lt_output_writer *writer, bool whole, struct lt_fault *fault);
