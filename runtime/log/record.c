#include "log/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The column with this name, made where there is none: two entries of one name share it.
static int column_of(struct lt_record *record, const char *name, const char *ending)
{
    char *text = malloc(strlen(name) + strlen(ending) + 1);
    if (!text)
        return -2;
    sprintf(text, "%s%s", name, ending);
    for (int i = 0; i < record->count; i++)
        if (strcmp(record->name[i], text) == 0) {
            free(text);
            return i;
        }
    record->name[record->count] = text;
    return record->count++;
}

// Lightning's rule: an entry logged on steps and on epochs has two names.
static bool add_columns(struct lt_record *record, int entry)
{
    const struct lt_log *log = &record->program->log[entry];
    const bool train = log->phase == LT_TRAIN;
    const bool on_step = train && (log->on_step || !log->on_epoch);
    const bool on_epoch = !train || log->on_epoch;
    const bool both = on_step && on_epoch;

    record->step_column[entry] = record->epoch_column[entry] = -1;
    if (on_step)
        record->step_column[entry] = column_of(record, log->name, both ? "_step" : "");
    if (on_epoch)
        record->epoch_column[entry] = column_of(record, log->name, both ? "_epoch" : "");
    return record->step_column[entry] != -2 && record->epoch_column[entry] != -2;
}

bool lt_record_open(struct lt_record *record, const struct lt_program *program,
                    struct lt_fault *fault)
{
    const size_t most = 2 * (size_t)program->log_count + 1;
    *record = (struct lt_record){
        .program = program,
        .name = calloc(most, sizeof *record->name),
        .cell = calloc(most, sizeof *record->cell),
        .filled = calloc(most, sizeof *record->filled),
        .step_column = calloc(most, sizeof *record->step_column),
        .epoch_column = calloc(most, sizeof *record->epoch_column),
    };
    bool whole = record->name && record->cell && record->filled && record->step_column
              && record->epoch_column;
    for (int i = 0; whole && i < program->log_count; i++)
        whole = add_columns(record, i);
    return whole || lt_fail(fault, "no memory for %d logged values", program->log_count);
}

void lt_record_close(struct lt_record *record)
{
    for (int i = 0; i < record->count; i++)
        free(record->name[i]);
    free(record->name);
    free(record->cell);
    free(record->filled);
    free(record->step_column);
    free(record->epoch_column);
    *record = (struct lt_record){0};
}

void lt_record_clear(struct lt_record *record)
{
    memset(record->filled, 0, (size_t)record->count * sizeof *record->filled);
}

void lt_record_set(struct lt_record *record, int column, double value)
{
    struct lt_cell *cell = &record->cell[column];
    snprintf(cell->text, sizeof cell->text, "%.9g", value);
    cell->narrow = (float)strtod(cell->text, NULL);
    record->filled[column] = true;
}

bool lt_record_empty(const struct lt_record *record)
{
    for (int i = 0; i < record->count; i++)
        if (record->filled[i])
            return false;
    return true;
}
