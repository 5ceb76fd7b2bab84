#include "trainer/fit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/print.h"
#include "trainer/evaluate.h"
#include "trainer/feed.h"
#include "trainer/pictures.h"
#include "trainer/row.h"
#include "trainer/saves.h"
#include "trainer/signals.h"
#include "trainer/watch.h"

// ---- when things are due ------------------------------------------------------------------------

static bool epoch_is_over(const struct lt_run *run)
{
    return run->at.batch >= run->plan.train_batches;
}

// Minimums hold against stop requests only, and to the step.
static bool stop_counts(const struct lt_run *run)
{
    const int64_t finished = run->at.epoch + epoch_is_over(run);
    return run->host.stop_asked && run->at.step >= run->plan.min_steps
        && finished >= run->plan.min_epochs;
}

static bool is_over(const struct lt_run *run)
{
    if (lt_run_window_is_open(run))
        return false;
    return run->at.step >= run->plan.max_steps
        || run->at.epoch + epoch_is_over(run) >= run->plan.max_epochs || stop_counts(run);
}

static bool validation_is_due(const struct lt_run *run)
{
    const struct lt_plan *plan = &run->plan;
    if (plan->val_interval == 0)
        return false;
    if (plan->val_across_epochs) {
        const int64_t before = plan->train_batches == LT_ENDLESS
                                   ? 0
                                   : run->at.epoch * plan->train_batches;
        return (before + run->at.batch) % plan->val_interval == 0;
    }
    if ((run->at.epoch + 1) % plan->val_every_epoch != 0)
        return false;
    return run->at.batch % plan->val_interval == 0
        || (plan->val_at_epoch_end && epoch_is_over(run));
}

static bool stands_between_epochs(const struct lt_run *run)
{
    return run->at.batch == 0;
}

// Was the position, which is that between two epochs, validated when the one before ended?
static bool was_validated(struct lt_run *run)
{
    const struct lt_position now = run->at;
    if (now.epoch == 0)
        return false;
    run->at.epoch--;
    run->at.batch = run->plan.train_batches;
    const bool due = validation_is_due(run);
    run->at = now;
    return due;
}

// A run ends with a validation, also where a callback asked to stop after the usual moment of it.
static bool lacks_last_validation(struct lt_run *run)
{
    return run->plan.val_batches > 0 && run->at.step > 0 && !run->metrics.validated
        && !(stands_between_epochs(run) && was_validated(run));
}

// ---- a batch ------------------------------------------------------------------------------------

static bool check_finite(struct lt_run *run, int entry)
{
    if (entry < 0 || lt_run_lists_callback(run, "terminate_on_nan"))
        return true;
    return lt_fail(&run->fault, "%s is %g at step %" PRId64 " of epoch %" PRId64 "; training "
                   "stops, and the checkpoints before it stay", run->program->log[entry].name,
                   run->metrics.newest[entry], run->at.step, run->at.epoch);
}

static void run_training_step(struct lt_run *run, const struct lt_batch *batch)
{
    const int64_t micro = run->at.batch % run->plan.micro_batches;
    struct lt_call call = lt_run_call(run, run->at.step);
    call.rows = batch->rows;
    call.input = batch->field;
    call.first_row = micro * run->extent.batch;     // only an epoch's last batch is smaller

    lt_metrics_clear(&run->metrics, LT_TRAIN);
    lt_pictures_open_step(run);
    run->program->phase[LT_TRAIN](&call);
    run->host.pictures = 0;
}

static bool train_batch(struct lt_run *run)
{
    struct lt_batch batch;
    if (!lt_feed_next(run, LT_TRAIN, &batch))
        return lt_fail(&run->fault, "the training data ended too early");
    lt_run_update_host(run);
    run->host.training = 1;
    run->in_training_batch = true;
    lt_run_fire(run, LT_ON_TRAIN_BATCH_START);
    if (!lt_run_failed(run))
        run_training_step(run, &batch);
    lt_feed_release(run, LT_TRAIN);
    if (lt_run_failed(run))
        return false;

    const int64_t index = run->at.batch++;
    run->at.step += !lt_run_window_is_open(run);
    lt_saves_move_on(run);
    const int bad = lt_metrics_take(&run->metrics);
    lt_run_update_host(run);
    run->host.batch = (double)index;
    lt_run_fire(run, LT_ON_TRAIN_BATCH_END);
    run->in_training_batch = false;
    return !lt_run_failed(run) && check_finite(run, bad) && lt_watch_anomaly(run);
}

// ---- epochs -------------------------------------------------------------------------------------

static void begin_epoch(struct lt_run *run)
{
    const struct lt_call call = lt_run_call(run, run->at.step);
    lt_run_update_host(run);
    if (run->program->reset[LT_TRAIN])
        run->program->reset[LT_TRAIN](&call);
    lt_metrics_begin_epoch(&run->metrics, LT_TRAIN);
    lt_run_fire(run, LT_ON_TRAIN_EPOCH_START);
}

static void end_epoch(struct lt_run *run)
{
    const struct lt_call call = lt_run_call(run, run->at.step);
    lt_metrics_clear(&run->metrics, LT_TRAIN);
    if (run->program->compute[LT_TRAIN])
        run->program->compute[LT_TRAIN](&call);
    lt_metrics_end_epoch(&run->metrics, LT_TRAIN);
    lt_run_fire(run, LT_ON_TRAIN_EPOCH_END);
}

static struct lt_progress progress_of(const struct lt_run *run)
{
    return (struct lt_progress){
        .label = "epoch", .batch = run->at.batch, .batches = run->plan.train_batches,
        .step = run->at.step, .total_steps = run->plan.total_steps,
        .value = run->metrics.newest, .phases = 1u << LT_TRAIN | 1u << LT_VALIDATE | ~0u << LT_MORE,
    };
}

static enum lt_outcome validate(struct lt_run *run)
{
    run->at.validating = true;
    lt_snapshot_take(run);
    lt_console_pause(&run->console);
    const enum lt_outcome outcome = lt_evaluate(run, LT_VALIDATE, LT_ENDLESS);
    lt_console_go_on(&run->console);
    run->host.training = 1;
    if (outcome == LT_LEFT)
        lt_snapshot_put_back(run);
    if (outcome == LT_DONE) {
        run->at.validating = run->saves.current = false;    // a file from before it is an older state
        run->metrics.validated = run->saves.moved_on = true;
    }
    return outcome;
}

// ---- what follows a batch -----------------------------------------------------------------------

static void ask_for_default_save(struct lt_run *run)
{
    if (lt_run_lists_callback(run, "model_checkpoint") || !run->saves.folder)
        return;
    run->host.call->save(&run->host, -1, NULL, NAN, 1, 0);
}

static void close_epoch(struct lt_run *run)
{
    end_epoch(run);
    const struct lt_progress progress = progress_of(run);
    lt_console_end_epoch(&run->console, &progress);
    if (!stands_between_epochs(run))
        ask_for_default_save(run);
}

// The end of an epoch or of the run, if it is here: its hooks, the last validation, the row.
static enum lt_outcome after_validation(struct lt_run *run, bool *over)
{
    *over = is_over(run);
    const bool epoch_ends = epoch_is_over(run) || *over;
    if (epoch_ends && !run->at.epoch_closed)
        close_epoch(run);
    *over = is_over(run);               // a callback may have asked to stop just now
    if (*over && !lt_run_failed(run) && lacks_last_validation(run)) {
        run->at.epoch_closed = true;
        const enum lt_outcome outcome = validate(run);
        if (outcome != LT_DONE)
            return outcome;
    }
    run->at.validating = run->at.epoch_closed = false;
    if (lt_run_failed(run))
        return LT_BROKEN;
    if (!stands_between_epochs(run) || run->metrics.validated)
        lt_row_write(run, epoch_ends, lt_run_window_is_open(run), *over);
    return LT_DONE;
}

// Everything between two batches: afterwards the position may be saved.
static enum lt_outcome after_batch(struct lt_run *run, bool *over)
{
    enum lt_outcome outcome = LT_DONE;
    lt_watch_time(run);
    if (run->plan.val_batches > 0 && !run->at.epoch_closed
        && (run->at.validating || validation_is_due(run) || is_over(run)))
        outcome = validate(run);
    if (outcome == LT_DONE)
        outcome = after_validation(run, over);
    if (outcome != LT_DONE)
        return outcome;
    if (epoch_is_over(run)) {
        run->at.epoch++;
        run->at.batch = 0;
    }
    lt_saves_perform(run);
    return LT_DONE;
}

static void save_on_signal(struct lt_run *run)
{
    if (!lt_signals_save())
        return;
    const char *path = lt_saves_write_last(run);
    if (path)
        lt_print_note("SIGUSR1: saved step %" PRId64 " as %s", run->at.step, path);
}

static void begin_line(struct lt_run *run)
{
    lt_console_begin_epoch(&run->console, run->at.epoch, run->plan.max_epochs, run->at.batch);
}

// One epoch or what is left of it.
static enum lt_outcome train_epoch(struct lt_run *run, bool *over)
{
    const int64_t epoch = run->at.epoch;
    if (run->at.batch == 0)
        begin_epoch(run);
    if (lt_run_failed(run))
        return LT_BROKEN;
    if (run->at.batch == 0 && is_over(run))     // a callback asked to stop as the epoch began
        return after_validation(run, over);
    begin_line(run);
    lt_feed_start(run, LT_TRAIN, epoch, run->at.batch, run->plan.train_batches);

    while (run->at.epoch == epoch && !*over) {
        if (!run->at.validating && !train_batch(run))
            return LT_BROKEN;
        const enum lt_outcome outcome = after_batch(run, over);
        if (outcome != LT_DONE)
            return outcome;
        save_on_signal(run);
        if (lt_signals_leave())
            return LT_LEFT;
        const struct lt_progress progress = progress_of(run);
        if (run->at.batch > 0)
            lt_console_progress(&run->console, &progress);
    }
    return LT_DONE;
}

// ---- leaving ------------------------------------------------------------------------------------

static int leave(struct lt_run *run)
{
    const int signal = lt_signals_leave();
    run->leave_signal = signal;
    const char *name = lt_signal_name(signal);
    const char *path = run->saves.current && !run->at.validating ? NULL : lt_saves_write_last(run);
    if (path)
        lt_print_note("%s: stopped after step %" PRId64 " of epoch %" PRId64 "; saved as %s; `fit "
                      "--resume auto` goes on from there", name, run->at.step, run->at.epoch, path);
    else
        lt_print_note("%s: stopped after step %" PRId64 " of epoch %" PRId64 "%s", name,
                      run->at.step, run->at.epoch,
                      run->saves.current ? "; a checkpoint of it is there" : "; nothing is saved");
    return 128 + signal;
}

static int finish(struct lt_run *run, bool trained)
{
    lt_run_update_host(run);
    run->host.epoch += run->at.batch > 0;       // epochs begun, as for a run that ends with one
    if (trained)
        lt_run_fire(run, LT_ON_TRAIN_END);
    lt_run_fire(run, LT_ON_FIT_END);
    if (lt_run_failed(run))
        return 1;
    lt_saves_perform(run);
    lt_saves_settle(run);
    if (run->host.stop_asked)
        lt_console_say(&run->console, "stopped at step %" PRId64 ": %s", run->at.step,
                       run->host.stop_reason);
    if (run->saves.folder && !run->saves.current && run->at.step > 0)
        lt_saves_write_last(run);
    return run->saves.failed ? 1 : 0;
}

static bool has_nothing_to_do(const struct lt_run *run)
{
    return run->plan.train_batches == 0 || (!run->at.validating && is_over(run));
}

// Where no epoch comes, training neither starts nor ends.
static enum lt_outcome begin(struct lt_run *run, bool *trains)
{
    lt_run_update_host(run);
    lt_run_fire(run, LT_ON_FIT_START);
    const enum lt_outcome outcome = lt_check_sanity(run);
    run->host.training = 1;
    lt_watch_time(run);
    *trains = !has_nothing_to_do(run);
    if (outcome == LT_DONE && *trains)
        lt_run_fire(run, LT_ON_TRAIN_START);
    return lt_run_failed(run) ? LT_BROKEN : outcome;
}

int lt_fit(struct lt_run *run, bool resumed)
{
    bool trains = true;
    enum lt_outcome outcome = resumed ? LT_DONE : begin(run, &trains);
    bool over = has_nothing_to_do(run);
    if (over && resumed)
        lt_console_say(&run->console, "nothing is left to do: %s",
                       run->host.stop_asked ? run->host.stop_reason
                                            : "all epochs or steps are done");
    while (outcome == LT_DONE && !over)
        outcome = train_epoch(run, &over);
    lt_saves_settle(run);
    if (outcome == LT_BROKEN)
        return 1;
    return outcome == LT_LEFT ? leave(run) : finish(run, trains);
}
