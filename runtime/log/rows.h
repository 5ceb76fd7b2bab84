// rows.h: logs that are texts with a line a record: metrics.csv and metrics.jsonl.
//
// csv: a header once, then a row a record, nine significant digits. jsonl: an object a record, of
// those columns that have a value; null where it is not finite. Rows are gathered in memory and
// appended with one write when the buffer is full, before a checkpoint, and when the log is closed.
// A file only ever gets whole rows: after a write that failed it is cut back to the last of them,
// and the rows of the buffer wait for the next try.
#pragma once
#include "log/record.h"

enum { LT_ROWS_BUFFER = 1 << 16 };
enum lt_rows_form { LT_ROWS_CSV, LT_ROWS_JSON };

struct lt_rows {
    int file;                   // -1: closed
    enum lt_rows_form form;
    char *path;
    char *row;                  // being made
    size_t row_used;
    char *buffer;               // whole rows
    size_t used, room;
    int64_t whole;              // bytes of the file that are whole rows
};

// Opens or makes the file. Rows of step `from_step` and later, left by a run that was stopped, are
// dropped. An older file with other columns is a fault.
bool lt_rows_open(struct lt_rows *rows, enum lt_rows_form form, const char *path,
                  const struct lt_record *record, int64_t from_step, struct lt_fault *fault);
bool lt_rows_write(struct lt_rows *rows, const struct lt_record *record, struct lt_fault *fault);
bool lt_rows_flush(struct lt_rows *rows, struct lt_fault *fault);
bool lt_rows_close(struct lt_rows *rows, struct lt_fault *fault);
