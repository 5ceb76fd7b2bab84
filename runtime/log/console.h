// console.h: what a run shows while it trains.
//
// On a terminal one line is redrawn, at most ten times a second; elsewhere each epoch prints one
// line. COLUMNS, TERM=dumb and NO_COLOR are respected, and a reader that goes away silences the
// console, not the run. Asking whether it is time to draw costs one reading of a coarse clock.
#pragma once
#include <stdint.h>

#include "lt/program.h"

struct lt_console {
    const struct lt_program *program;
    bool quiet, bar, terminal, color, wide_letters;
    bool drawn;                 // a bar stands on the current line
    int columns;
    int64_t drawn_at;           // nanoseconds
    int64_t epoch, epochs;      // of the line; epochs 0: no end
    int64_t started_at, batches_before;     // what the rate is measured from
    int64_t paused_at, paused;
};

// What a line shows.
struct lt_progress {
    const char *label;          // "epoch", or NULL: "validate", "test" stand in `what`
    const char *what;
    int64_t batch, batches;     // batches INT64_MAX: no end
    int64_t step, total_steps;
    const double *value;        // newest of each log entry
    unsigned phases;            // whose entries are shown, a bit each
};

void lt_console_open(struct lt_console *console, const struct lt_program *program, bool quiet,
                     bool bar);
void lt_console_close(struct lt_console *console);

void lt_console_begin_epoch(struct lt_console *console, int64_t epoch, int64_t epochs,
                            int64_t batches_before);
// Time that does not count in the rate: validation, saving.
void lt_console_pause(struct lt_console *console);
void lt_console_go_on(struct lt_console *console);

// Redraws if it is time to.
void lt_console_progress(struct lt_console *console, const struct lt_progress *progress);
// The last line of an epoch, which stays.
void lt_console_end_epoch(struct lt_console *console, const struct lt_progress *progress);
void lt_console_clear(void *console);

// A line of text on stdout, above the bar.
void lt_console_say(struct lt_console *console, const char *format, ...);

int lt_console_columns(void);   // of COLUMNS, else of the terminal, else 80
int64_t lt_clock(void);         // nanoseconds
