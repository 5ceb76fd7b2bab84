#include "trainer/evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "trainer/feed.h"
#include "trainer/pictures.h"
#include "trainer/signals.h"

// ---- a pass -------------------------------------------------------------------------------------

struct moments {                // of a phase
    enum lt_event start, epoch_start, batch_start, batch_end, epoch_end, end;
    const char *what;
};

static const struct moments moments[] = {
    [LT_VALIDATE] = {LT_ON_VALIDATION_START, LT_ON_VALIDATION_EPOCH_START,
                     LT_ON_VALIDATION_BATCH_START, LT_ON_VALIDATION_BATCH_END,
                     LT_ON_VALIDATION_EPOCH_END, LT_ON_VALIDATION_END, "validate"},
    [LT_TEST] = {LT_ON_TEST_START, LT_ON_TEST_EPOCH_START, LT_ON_TEST_BATCH_START,
                 LT_ON_TEST_BATCH_END, LT_ON_TEST_EPOCH_END, LT_ON_TEST_END, "test"},
};

static void show_progress(struct lt_run *run, enum lt_phase phase, int64_t done, int64_t batches)
{
    lt_console_progress(&run->console, &(struct lt_progress){
        .what = moments[lt_phase_kind(phase)].what, .batch = done, .batches = batches,
        .value = run->metrics.newest,
    });
}

static enum lt_outcome one_batch(struct lt_run *run, enum lt_phase phase, int64_t *first_row)
{
    const struct moments *moment = &moments[lt_phase_kind(phase)];
    struct lt_batch batch;
    if (!lt_feed_next(run, phase, &batch)) {
        lt_fail(&run->fault, "the data of %s ended too early", moment->what);
        return LT_BROKEN;
    }
    struct lt_call call = lt_run_call(run, run->at.step);
    call.rows = batch.rows;
    call.input = batch.field;
    call.first_row = *first_row;
    lt_run_fire(run, moment->batch_start);
    lt_metrics_clear(&run->metrics, phase);
    run->host.pictures = run->pictures_of_pass;
    run->program->phase[phase](&call);
    run->host.pictures = 0;
    lt_metrics_take_quietly(&run->metrics, phase);
    lt_feed_release(run, phase);
    lt_run_fire(run, moment->batch_end);
    *first_row += batch.rows;
    return lt_run_failed(run) ? LT_BROKEN : LT_DONE;
}

static enum lt_outcome all_batches(struct lt_run *run, enum lt_phase phase, int64_t batches)
{
    int64_t first_row = 0;
    lt_feed_start(run, phase, 0, 0, batches);
    for (int64_t done = 0; done < batches; done++) {
        if (lt_signals_leave())
            return LT_LEFT;
        if (one_batch(run, phase, &first_row) == LT_BROKEN)
            return LT_BROKEN;
        show_progress(run, phase, done + 1, batches);
    }
    return LT_DONE;
}

static void begin_set(struct lt_run *run, enum lt_phase phase)
{
    const struct lt_call call = lt_run_call(run, run->at.step);
    if (run->program->reset[phase])
        run->program->reset[phase](&call);
    lt_metrics_begin_epoch(&run->metrics, phase);
}

static void end_set(struct lt_run *run, enum lt_phase phase)
{
    const struct lt_call call = lt_run_call(run, run->at.step);
    lt_metrics_clear(&run->metrics, phase);
    if (run->program->compute[phase])
        run->program->compute[phase](&call);
    lt_metrics_end_epoch(&run->metrics, phase);
}

enum lt_outcome lt_evaluate(struct lt_run *run, enum lt_phase phase, int64_t most)
{
    const struct lt_program *program = run->program;
    run->host.training = 0;
    lt_run_fire(run, moments[phase].start);
    for (enum lt_phase set = phase; set < LT_PHASES; set = lt_next_set(program, set)) {
        begin_set(run, set);
        lt_pictures_open_pass(run, set);
    }
    lt_run_fire(run, moments[phase].epoch_start);

    for (enum lt_phase set = phase; set < LT_PHASES; set = lt_next_set(program, set)) {
        const int64_t batches = lt_plan_batches(&run->plan, set);
        const enum lt_outcome outcome = all_batches(run, set, batches < most ? batches : most);
        if (outcome != LT_DONE)
            return outcome;
    }

    for (enum lt_phase set = phase; set < LT_PHASES; set = lt_next_set(program, set)) {
        end_set(run, set);
        lt_pictures_draw(run, set);
    }
    lt_run_fire(run, moments[phase].epoch_end);
    lt_run_fire(run, moments[phase].end);
    return lt_run_failed(run) ? LT_BROKEN : LT_DONE;
}

enum lt_outcome lt_check_sanity(struct lt_run *run)
{
    if (run->plan.sanity_batches == 0)
        return LT_DONE;
    lt_snapshot_take(run);
    run->silent = true;
    run->host.sanity = 1;
    lt_run_fire(run, LT_ON_SANITY_CHECK_START);
    const enum lt_outcome outcome = lt_evaluate(run, LT_VALIDATE, run->plan.sanity_batches);
    if (outcome == LT_DONE)
        lt_run_fire(run, LT_ON_SANITY_CHECK_END);
    run->silent = false;
    run->host.sanity = 0;
    lt_snapshot_put_back(run);
    const struct lt_call call = lt_run_call(run, run->at.step);
    for (enum lt_phase set = LT_VALIDATE; set < LT_PHASES; set = lt_next_set(run->program, set))
        if (run->program->reset[set])
            run->program->reset[set](&call);
    lt_console_clear(&run->console);
    return outcome;
}

// ---- the table ----------------------------------------------------------------------------------

void lt_print_metrics(const struct lt_run *run, enum lt_phase phase)
{
    const struct lt_metrics *metrics = &run->metrics;
    int widest = 6;
    for (enum lt_phase set = phase; set < LT_PHASES; set = lt_next_set(run->program, set))
        for (int i = 0; i < metrics->phase_count[set]; i++) {
            const int size = (int)strlen(run->program->log[metrics->of_phase[set][i]].name);
            widest = size > widest ? size : widest;
        }
    printf("%-*s  value\n", widest, "metric");
    for (enum lt_phase set = phase; set < LT_PHASES; set = lt_next_set(run->program, set))
        for (int i = 0; i < metrics->phase_count[set]; i++) {
            const int entry = metrics->of_phase[set][i];
            printf("%-*s  %.9g\n", widest, run->program->log[entry].name, metrics->newest[entry]);
        }
}
