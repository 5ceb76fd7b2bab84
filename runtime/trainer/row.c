#include "trainer/row.h"

#include <math.h>
#include <string.h>

#include "trainer/logs.h"

static void take_steps(struct lt_run *run)
{
    struct lt_metrics *metrics = &run->metrics;
    for (int i = 0; i < metrics->phase_count[LT_TRAIN]; i++) {
        const int entry = metrics->of_phase[LT_TRAIN][i], column = run->record.step_column[entry];
        struct lt_value *sum = &metrics->since_row[entry];
        if (column >= 0 && sum->count != 0)
            lt_record_set(&run->record, column,
                          lt_metrics_value(run->program->log[entry].reduce, sum));
        *sum = (struct lt_value){0, 0};
    }
}

static void take_epoch(struct lt_run *run, enum lt_phase phase)
{
    const struct lt_metrics *metrics = &run->metrics;
    for (int i = 0; i < metrics->phase_count[phase]; i++) {
        const int entry = metrics->of_phase[phase][i], column = run->record.epoch_column[entry];
        if (column >= 0 && metrics->of_epoch[entry].count != 0)
            lt_record_set(&run->record, column,
                          lt_metrics_value(run->program->log[entry].reduce,
                                           &metrics->of_epoch[entry]));
    }
}

static void take_callbacks(struct lt_run *run)
{
    struct lt_metrics *metrics = &run->metrics;
    for (int i = 0; i < run->program->log_count; i++) {
        const int step = run->record.step_column[i], epoch = run->record.epoch_column[i];
        if (metrics->host_logged[i])
            lt_record_set(&run->record, step >= 0 ? step : epoch, metrics->from_host[i]);
        metrics->host_logged[i] = false;
    }
    metrics->host_wants_row = false;
}

void lt_row_write(struct lt_run *run, bool epoch_ends, bool window_is_open, bool over)
{
    const int64_t every = run->plan.log_every;
    struct lt_metrics *metrics = &run->metrics;
    const bool steps_due = every > 0 && (run->at.step % every == 0 || over);
    if (window_is_open
        || (!steps_due && !metrics->validated && !epoch_ends && !metrics->host_wants_row))
        return;

    struct lt_record *record = &run->record;
    lt_record_clear(record);
    record->epoch = run->at.epoch;
    record->step = run->at.step > 0 ? run->at.step - 1 : 0;
    if (steps_due)
        take_steps(run);
    if (metrics->validated)
        for (enum lt_phase set = LT_VALIDATE; set < LT_PHASES; set = lt_next_set(run->program, set))
            take_epoch(run, set);
    if (epoch_ends)
        take_epoch(run, LT_TRAIN);
    take_callbacks(run);
    metrics->validated = false;
    if (!lt_record_empty(record))
        lt_logs_write(run);
}
