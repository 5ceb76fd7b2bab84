#include "trainer/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool fill_phases(struct lt_metrics *metrics)
{
    const struct lt_program *program = metrics->program;
    for (int phase = 0; phase < LT_PHASES; phase++) {
        metrics->of_phase[phase] = calloc((size_t)program->log_count + 1, sizeof(int));
        if (!metrics->of_phase[phase])
            return false;
    }
    for (int i = 0; i < program->log_count; i++) {
        const enum lt_phase phase = program->log[i].phase;
        metrics->of_phase[phase][metrics->phase_count[phase]++] = i;
    }
    return true;
}

bool lt_metrics_open(struct lt_metrics *metrics, const struct lt_program *program,
                     struct lt_fault *fault)
{
    const size_t count = (size_t)program->log_count + 1;
    *metrics = (struct lt_metrics){
        .program = program,
        .written = calloc(count, sizeof *metrics->written),
        .since_row = calloc(count, sizeof *metrics->since_row),
        .of_epoch = calloc(count, sizeof *metrics->of_epoch),
        .newest = calloc(count, sizeof *metrics->newest),
        .from_host = calloc(count, sizeof *metrics->from_host),
        .host_logged = calloc(count, sizeof *metrics->host_logged),
    };
    if (!metrics->written || !metrics->since_row || !metrics->of_epoch || !metrics->newest
        || !metrics->from_host || !metrics->host_logged || !fill_phases(metrics))
        return lt_fail(fault, "no memory for %d logged values", program->log_count);
    for (int i = 0; i < program->log_count; i++)
        metrics->newest[i] = NAN;
    return true;
}

void lt_metrics_close(struct lt_metrics *metrics)
{
    free(metrics->written);
    free(metrics->since_row);
    free(metrics->of_epoch);
    free(metrics->newest);
    free(metrics->from_host);
    free(metrics->host_logged);
    for (int phase = 0; phase < LT_PHASES; phase++)
        free(metrics->of_phase[phase]);
    *metrics = (struct lt_metrics){0};
}

void lt_metrics_clear(struct lt_metrics *metrics, enum lt_phase phase)
{
    for (int i = 0; i < metrics->phase_count[phase]; i++)
        metrics->written[metrics->of_phase[phase][i]].count = 0;
}

void lt_metrics_begin_epoch(struct lt_metrics *metrics, enum lt_phase phase)
{
    for (int i = 0; i < metrics->phase_count[phase]; i++)
        metrics->of_epoch[metrics->of_phase[phase][i]] = (struct lt_value){0, 0};
}

static void add(enum lt_reduce reduce, struct lt_value *sum, const struct lt_value *value)
{
    const bool first = sum->count == 0;
    switch (reduce) {
    case LT_MEAN:
    case LT_SUM:
        sum->sum = first ? value->sum : sum->sum + value->sum;
        break;
    case LT_LEAST:
        sum->sum = first || value->sum < sum->sum || isnan(value->sum) ? value->sum : sum->sum;
        break;
    case LT_GREATEST:
        sum->sum = first || value->sum > sum->sum || isnan(value->sum) ? value->sum : sum->sum;
        break;
    }
    sum->count += value->count;
}

double lt_metrics_value(enum lt_reduce reduce, const struct lt_value *sum)
{
    if (sum->count == 0)
        return NAN;
    const double value = reduce == LT_MEAN ? sum->sum / sum->count : sum->sum;
    return isnan(value) ? (double)NAN : value;          // the sign of a NaN is chance
}

int lt_metrics_take(struct lt_metrics *metrics)
{
    int bad = -1;
    for (int i = 0; i < metrics->phase_count[LT_TRAIN]; i++) {
        const int entry = metrics->of_phase[LT_TRAIN][i];
        const struct lt_value *value = &metrics->written[entry];
        const enum lt_reduce reduce = metrics->program->log[entry].reduce;
        if (value->count == 0)
            continue;
        metrics->newest[entry] = lt_metrics_value(reduce, value);
        if (!isfinite(metrics->newest[entry]) && bad < 0)
            bad = entry;
        add(reduce, &metrics->since_row[entry], value);
        add(reduce, &metrics->of_epoch[entry], value);
    }
    return bad;
}

void lt_metrics_take_quietly(struct lt_metrics *metrics, enum lt_phase phase)
{
    for (int i = 0; i < metrics->phase_count[phase]; i++) {
        const int entry = metrics->of_phase[phase][i];
        const struct lt_log *log = &metrics->program->log[entry];
        if (!log->computed && metrics->written[entry].count != 0)
            add(log->reduce, &metrics->of_epoch[entry], &metrics->written[entry]);
    }
}

// A computed value replaces what the epoch added up; the others are read from their sums.
void lt_metrics_end_epoch(struct lt_metrics *metrics, enum lt_phase phase)
{
    for (int i = 0; i < metrics->phase_count[phase]; i++) {
        const int entry = metrics->of_phase[phase][i];
        const struct lt_log *log = &metrics->program->log[entry];
        if (log->computed && metrics->written[entry].count != 0)
            metrics->of_epoch[entry] = metrics->written[entry];
        if (metrics->of_epoch[entry].count != 0)
            metrics->newest[entry] = lt_metrics_value(log->reduce, &metrics->of_epoch[entry]);
    }
}

bool lt_metrics_log(struct lt_metrics *metrics, const char *name, double value)
{
    for (int i = 0; i < metrics->program->log_count; i++)
        if (strcmp(metrics->program->log[i].name, name) == 0) {
            metrics->newest[i] = value;
            metrics->from_host[i] = value;
            metrics->host_logged[i] = true;
            return true;
        }
    return false;
}
