// run.h: a run: a program, its block, its data, its numbers and where it stands.
//
// One structure owns everything; it is opened once for a command and closed at its end. `at` is the
// only position: step, epoch, batch, schedule, sampler and log all follow from it, so a run that
// is put back to a position with its variables and host numbers goes on to the bit. The block is
// the program's: one mapping, zeroed, aligned. Nothing here is global but the flags of signals.
#pragma once
#include "checkpoint/checkpoint.h"
#include "data/data.h"
#include "log/console.h"
#include "log/events.h"
#include "log/picture.h"
#include "log/rows.h"
#include "settings/line.h"
#include "trainer/lock.h"
#include "trainer/metrics.h"
#include "trainer/plan.h"
#include "trainer/snapshot.h"

struct lt_position {            // between two batches
    int64_t step;               // optimiser steps done
    int64_t epoch;
    int64_t batch;              // done in this epoch
    bool validating;            // the validation that is due here has not been finished
    bool epoch_closed;          // and it is one that follows the end of the epoch
};

enum { LT_FILE_MOST = LT_NAME_MOST + 16 };

// The files of one position have the same contents: whichever is found after a kill, it names the
// others, which are then written, and those that were to be deleted for them.
struct lt_saves {
    char *folder;               // "…/version_3/checkpoints", NULL: nothing is saved
    char *last;                 // "…/checkpoints/last.safetensors"
    struct lt_save_request request[LT_SAVES];
    int requests;
    struct lt_kept *kept;       // best first for each callback
    int kept_count, kept_room;
    char file[LT_SAVES + 1][LT_FILE_MOST];          // of the present position
    char doomed[LT_SAVES][LT_FILE_MOST];            // to be deleted once those are on the disk
    int files, doomed_count;
    bool current;               // a file on the disk holds the present position
    bool failed;                // some save could not be made
    bool moved_on;              // since the newest save began
    struct lt_background *background;   // NULL: a step waits for its saves
    bool failing;               // the last one could not, and that was said
};

enum lt_logger {
    LT_LOGGER_CSV, LT_LOGGER_JSON, LT_LOGGER_EVENTS, LT_LOGGERS,
    LT_LOGGERS_OF_ROWS = LT_LOGGER_EVENTS
};

struct lt_run {
    const struct lt_program *program;
    const struct lt_line *line;
    struct lt_settings *settings;
    struct lt_plan plan;
    struct lt_extent extent;
    struct lt_position at;

    unsigned char *block;
    double *state;
    bool *frozen;
    struct lt_host host;
    struct lt_metrics metrics;
    int *listener[LT_EVENTS];           // callbacks of an event, in order
    int listeners[LT_EVENTS];
    bool in_training_batch;             // the event being fired belongs to one
    bool in_callback_step;              // tensor code of a hook runs
    bool bare;                          // trainer.barebones
    bool silent;                        // sanity check: callbacks' wishes are not heard
    struct lt_snapshot before;

    uint64_t seed, split_seed;
    struct lt_dataset **dataset;        // of each data block
    struct lt_data *whole;              // the blocks without their splits, where predict asks
    struct lt_loader *loader[LT_PHASES];        // of the block that leads
    struct lt_loader **also;            // [phase][block]: of those that go along
    const void **input;                 // a batch of several: the fields of all blocks

    char *folder;                       // "…/version_3", NULL: none
    struct lt_lock lock;                // of that folder
    bool settings_synced;               // what it keeps of them is on the disk
    struct lt_saves saves;
    struct lt_record record;
    struct lt_rows rows[LT_LOGGERS_OF_ROWS];
    struct lt_events_file events;
    struct lt_picture *picture;         // of passes over other data than the training's
    int picture_count;
    bool pictures_of_pass;              // they are gathered
    struct lt_console console;
    int64_t started_at;
    double seconds_before;              // trained before this process
    struct lt_run_state peeked;         // of the checkpoint, before data and variables: its
                                        // settings, whose texts are pointed to
    struct lt_run_state resumed;        // what it held, with the variables

    int leave_signal;                   // answered; 0: none
    bool bad_log_reported, logger_failed[LT_LOGGERS];
    struct lt_fault fault;              // why the run failed; empty: it did not
};

bool lt_run_open(struct lt_run *run, const struct lt_program *program, const struct lt_line *line,
                 struct lt_settings *settings);
void lt_run_close(struct lt_run *run);

// Fresh variables and host states, as the seed says.
void lt_run_initialise(struct lt_run *run);

// Opens the data and makes the plan; the seeds are known by now.
bool lt_run_open_data(struct lt_run *run);
bool lt_run_open_loader(struct lt_run *run, enum lt_phase phase);
bool lt_run_open_sets(struct lt_run *run, enum lt_phase phase); // of all validation sets

double lt_run_seconds(const struct lt_run *run);
bool lt_run_lists_callback(const struct lt_run *run, const char *name);

// What steps are handed besides a batch.
struct lt_call lt_run_call(struct lt_run *run, int64_t step);

// Brings host->step, epoch, batch and progress up to the position.
void lt_run_update_host(struct lt_run *run);

// Calls the callbacks that listen, in order.
void lt_run_fire(struct lt_run *run, enum lt_event event);

// True while batches have been summed up whose step is not made yet.
static inline bool lt_run_window_is_open(const struct lt_run *run)
{
    return run->at.batch % run->plan.micro_batches != 0 && run->at.batch < run->plan.train_batches;
}

static inline bool lt_run_failed(const struct lt_run *run)
{
    return lt_failed(&run->fault);
}
