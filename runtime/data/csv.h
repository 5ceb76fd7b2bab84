// csv.h: the cells of a CSV text in order; private to runtime/data.
//
// The scanner never changes the text and copies nothing: a cell is a stretch of it, and whoever
// wants its value takes doubled quotes out with lt_csv_value. It checks the form (quotes closed,
// no bytes 0), not the meaning.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/fault.h"

struct lt_csv {
    const char *path;           // for sentences
    const char *at, *end;
    int64_t line;               // of `at`, from 1
    char separator;
    struct lt_fault *fault;
};

struct lt_csv_cell {
    const char *text;
    size_t length;
    int64_t line;               // where it begins
    bool quoted;
    bool doubled;               // has "" that stand for "
    bool last;                  // of its record
};

// Skips empty lines; false at the end of the text.
bool lt_csv_record(struct lt_csv *csv);
// The next cell of the record; false: malformed, see fault.
bool lt_csv_cell(struct lt_csv *csv, struct lt_csv_cell *cell);
// Writes the cell's value, at most cell->length bytes, and returns its length.
size_t lt_csv_value(const struct lt_csv_cell *cell, char *out);

// ---- numbers ------------------------------------------------------------------------------------

enum lt_csv_kind { LT_CSV_TEXT, LT_CSV_NUMBER, LT_CSV_INTEGER };

// Decimal integers of 64 bits, decimal fractions, nan, inf and infinity with any case and a sign.
enum lt_csv_kind lt_csv_classify(const char *text, size_t length);
int64_t lt_csv_integer(const char *text, size_t length);        // of an LT_CSV_INTEGER
double lt_csv_f64(const char *text, size_t length);             // nearest; of either kind of number
float lt_csv_f32(const char *text, size_t length);
