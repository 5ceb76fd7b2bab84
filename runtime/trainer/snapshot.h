// snapshot.h: what callbacks may change, as it was before a validation.
//
// A sanity check leaves no trace, and a validation that a signal cuts short must not have begun:
// both take a snapshot and put it back. The memory is taken when the run is opened. Variables are
// only copied where the program has tensor steps of callbacks, such as an average that is swapped
// in.
#pragma once
#include "base/fault.h"
#include "lt/program.h"

enum { LT_SAVES = 32, LT_NAME_MOST = 200 };

struct lt_save_request {        // what a callback asked for; done when the step is over
    int callback;               // -1: the trainer
    char name[LT_NAME_MOST];
    double score;
    int keep;
    bool greater_is_better, last;
};

struct lt_snapshot {
    double *state, *metric, *from_host;
    bool *host_logged, *frozen;
    bool host_wants_row, stop_asked;
    int requests;
    struct lt_save_request request[LT_SAVES];
    unsigned char *variables;   // NULL where no callback can change them
};

struct lt_run;

bool lt_snapshot_open(struct lt_snapshot *snapshot, const struct lt_program *program,
                      struct lt_fault *fault);
void lt_snapshot_close(struct lt_snapshot *snapshot);
void lt_snapshot_take(struct lt_run *run);
void lt_snapshot_put_back(struct lt_run *run);
