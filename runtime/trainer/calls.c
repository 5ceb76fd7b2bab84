#include "trainer/calls.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/print.h"
#include "trainer/pictures.h"
#include "trainer/run.h"
#include "trainer/saves.h"

static void stop(struct lt_host *host, const char *reason)
{
    const struct lt_run *run = host->run;
    if (run->silent || run->plan.dev_run || host->stop_asked)
        return;
    host->stop_asked = true;
    snprintf(host->stop_reason, sizeof host->stop_reason, "%s", reason ? reason : "");
}

// Saves are made when the step is over, so that a checkpoint never holds half of what a moment's
// callbacks do. The same callback asks once a step; the newer wish counts.
static void save(struct lt_host *host, int callback, const char *name, double score, int keep,
                 unsigned manner)
{
    struct lt_run *run = host->run;
    struct lt_saves *saves = &run->saves;
    if (run->silent || !saves->folder)
        return;
    int at = 0;
    while (at < saves->requests && saves->request[at].callback != callback)
        at++;
    if (at == LT_SAVES) {
        lt_print_note("more than %d callbacks save; the rest is not heard", LT_SAVES);
        return;
    }
    saves->requests += at == saves->requests;
    saves->request[at] = (struct lt_save_request){
        .callback = callback, .score = score, .keep = keep,
        .greater_is_better = manner & LT_SAVE_GREATEST, .last = manner & LT_SAVE_LAST,
    };
    lt_save_name(run, name, !(manner & LT_SAVE_VALUES), saves->request[at].name, LT_NAME_MOST);
}

static const char *text(struct lt_host *host, int setting)
{
    const struct lt_run *run = host->run;
    return run->settings->value[setting].text;
}

static void log_value(struct lt_host *host, const char *name, double value)
{
    struct lt_run *run = host->run;
    if (run->silent)
        return;
    if (!lt_metrics_log(&run->metrics, name, value)) {
        if (!run->bad_log_reported)
            lt_print_note("a callback logs %s, which the program does not know", name);
        run->bad_log_reported = true;
        return;
    }
    run->metrics.host_wants_row |= !run->in_training_batch;
}

static void histogram(struct lt_host *host, const char *name, enum lt_phase phase,
                      const float *value, int64_t count)
{
    lt_pictures_take(host->run, name, phase, 0, 0, value, count);
}

static void heatmap(struct lt_host *host, const char *name, enum lt_phase phase,
                    const float *value, int64_t rows, int64_t columns)
{
    lt_pictures_take(host->run, name, phase, rows, columns, value, rows * columns);
}

static void run_step(struct lt_host *host, int step)
{
    struct lt_run *run = host->run;
    const struct lt_call call = lt_run_call(run, run->at.step);
    const double pictures = host->pictures;
    run->in_callback_step = true;
    host->pictures = run->events.file >= 0 && !run->silent;
    run->program->callback_step[step](&call);
    run->in_callback_step = false;
    host->pictures = pictures;
}

static void freeze(struct lt_host *host, int mask, bool frozen)
{
    struct lt_run *run = host->run;
    if (mask >= 0 && mask < run->program->mask_count)
        run->frozen[mask] = frozen;
}

static void warn(struct lt_host *host, const char *text)
{
    (void)host;
    lt_print_note("%s", text);          // in the sanity check too: its hooks have no other voice
}

static void fail(struct lt_host *host, const char *text)
{
    struct lt_run *run = host->run;
    if (!run->silent)
        lt_fail(&run->fault, "%s; at step %" PRId64 " of epoch %" PRId64, text, run->at.step,
                run->at.epoch);
}

// A training step is counted when it is over, so it is the next.
static void check(struct lt_host *host, const char *message, const char *where, double failed,
                  int64_t of)
{
    struct lt_run *run = host->run;
    const bool trains = host->training != 0 && !run->in_callback_step;
    const char *when = run->in_callback_step ? "in a callback after"
                     : trains ? "in" : "in evaluation after";
    lt_fail(&run->fault, "%s (check at %s): %.0f of %" PRId64 " element%s fail%s %s step %" PRId64
            " of epoch %" PRId64, message, where, failed, of, of == 1 ? "" : "s",
            failed == 1 ? "s" : "", when, run->at.step + trains, run->at.epoch);
}

const struct lt_host_calls lt_trainer_calls = {
    .stop = stop, .save = save, .text = text, .log = log_value, .run_step = run_step, .freeze = freeze,
    .warn = warn, .fail = fail, .check = check, .histogram = histogram,
    .heatmap = heatmap,
};
