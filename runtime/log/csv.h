// csv.h: metrics.csv: a header once, then a row a record, nine significant digits.
//
// Rows are gathered in memory and appended with one write when the buffer is full, before a
// checkpoint, and when the log is closed. A row that could not be written is a fault, and the next
// write starts where the last whole one ended.
#pragma once
#include "log/record.h"

enum { LT_CSV_BUFFER = 1 << 16 };

struct lt_csv {
    int file;                   // -1: closed
    char *path;
    size_t used;
    char *buffer;
    int64_t whole;              // bytes of the file that are whole rows
};

// Opens or makes the file. Rows of step `from_step` and later, left by a run that was stopped, are
// dropped. An older file with other columns is a fault.
bool lt_csv_open(struct lt_csv *csv, const char *path, const struct lt_record *record,
                 int64_t from_step, struct lt_fault *fault);
bool lt_csv_write(struct lt_csv *csv, const struct lt_record *record, struct lt_fault *fault);
bool lt_csv_flush(struct lt_csv *csv, struct lt_fault *fault);
bool lt_csv_close(struct lt_csv *csv, struct lt_fault *fault);
