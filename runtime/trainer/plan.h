// plan.h: what settings and data decide before the first step.
//
// All limits as whole numbers; LT_ENDLESS where there is none. Computed once, never changed by the
// loop, so that a resumed run and `info` see the same schedule of events.
#pragma once
#include <stdint.h>
#include <stdio.h>

#include "base/fault.h"
#include "settings/parse.h"
#include "settings/settings.h"

#define LT_ENDLESS INT64_MAX

struct lt_extent {              // of the data, before limits
    int64_t train_rows, val_rows, test_rows;
    int64_t train_batches, val_batches, test_batches;
    int64_t more_batches[LT_PHASES];    // of validation sets behind the first
    int64_t batch;              // rows of a batch
};

struct lt_plan {
    int64_t train_batches, val_batches, test_batches;       // of an epoch
    int64_t more_batches[LT_PHASES];    // of validation sets behind the first
    int64_t train_rows;         // of an epoch, where all batches are read
    int64_t micro_batches;      // of a window; an epoch's last one may be shorter
    int64_t steps_per_epoch;
    int64_t max_epochs, max_steps, min_epochs, min_steps;
    int64_t total_steps;
    int64_t val_interval;       // in batches; 0: never
    bool val_across_epochs;     // counted over epochs
    bool val_at_epoch_end;
    int64_t val_every_epoch;
    int64_t sanity_batches;
    int64_t log_every;          // 0: never
    double max_seconds;         // < 0: no limit
    bool overfit, dev_run;
};

bool lt_plan_make(struct lt_plan *plan, const struct lt_settings *settings,
                  const struct lt_extent *extent, bool validates, struct lt_fault *fault);

// Batches of an epoch of validation or test.
int64_t lt_plan_batches(const struct lt_plan *plan, enum lt_phase phase);

// Is there a validation at the end of each epoch, and nowhere else?
bool lt_plan_validates_at_epoch_end(const struct lt_plan *plan);

// Batches in the window that holds this batch of an epoch.
int64_t lt_plan_window(const struct lt_plan *plan, int64_t batch);

// A duration of the program in the unit that it was compiled with ("5 epochs" for steps).
bool lt_plan_convert(const struct lt_plan *plan, struct lt_settings *settings,
                     struct lt_fault *fault);

// The schedule of events, for people.
void lt_plan_print(const struct lt_plan *plan, FILE *out);
