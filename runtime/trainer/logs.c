#include "trainer/logs.h"

#include <stdlib.h>

#include "base/print.h"
#include "trainer/folder.h"

void lt_logs_fault(struct lt_run *run, enum lt_logger logger, const struct lt_fault *fault)
{
    const bool told = run->logger_failed[logger];
    if (!told && run->line->command == LT_FIT)
        lt_print_fault(fault);
    else if (!told)
        lt_print_note("the result is not logged: %s", fault->text);
    run->logger_failed[logger] = true;
    run->saves.failed = true;
}

// What a logger's function says, for the sentence if it failed.
static void take(struct lt_run *run, enum lt_logger logger, bool whole,
                 const struct lt_fault *fault)
{
    if (!whole)
        lt_logs_fault(run, logger, fault);
}

static void open_rows(struct lt_run *run, enum lt_logger logger, enum lt_rows_form form,
                      const char *name, int64_t from_step)
{
    struct lt_fault fault = {.text = ""};
    char *path = lt_path_text("%s/%s", run->folder, name);
    const bool whole = path ? lt_rows_open(&run->rows[logger], form, path, &run->record, from_step,
                                           &fault)
                            : lt_fail(&fault, "no memory for the name of a file");
    take(run, logger, whole, &fault);
    free(path);
}

void lt_logs_open(struct lt_run *run, int64_t from_step)
{
    struct lt_fault fault = {.text = ""};
    if (!run->folder)
        return;
    if (run->program->logs_csv)
        open_rows(run, LT_LOGGER_CSV, LT_ROWS_CSV, "metrics.csv", from_step);
    if (run->program->logs_jsonl)
        open_rows(run, LT_LOGGER_JSON, LT_ROWS_JSON, "metrics.jsonl", from_step);
    if (run->program->logs_tensorboard)
        take(run, LT_LOGGER_EVENTS,
             lt_events_open(&run->events, run->folder, from_step == INT64_MAX ? 0 : from_step,
                            &fault), &fault);
}

void lt_logs_write(struct lt_run *run)
{
    for (int i = 0; i < LT_LOGGERS_OF_ROWS; i++) {
        struct lt_fault fault = {.text = ""};
        take(run, (enum lt_logger)i, lt_rows_write(&run->rows[i], &run->record, &fault), &fault);
    }
    struct lt_fault fault = {.text = ""};
    take(run, LT_LOGGER_EVENTS, lt_events_write(&run->events, &run->record, &fault), &fault);
}

void lt_logs_flush(struct lt_run *run)
{
    for (int i = 0; i < LT_LOGGERS_OF_ROWS; i++) {
        struct lt_fault fault = {.text = ""};
        take(run, (enum lt_logger)i, lt_rows_flush(&run->rows[i], &fault), &fault);
    }
    struct lt_fault fault = {.text = ""};
    take(run, LT_LOGGER_EVENTS, lt_events_flush(&run->events, &fault), &fault);
}

bool lt_logs_close(struct lt_run *run)
{
    bool failed = false;
    for (int i = 0; i < LT_LOGGERS_OF_ROWS; i++) {
        struct lt_fault fault = {.text = ""};
        take(run, (enum lt_logger)i, lt_rows_close(&run->rows[i], &fault), &fault);
    }
    struct lt_fault fault = {.text = ""};
    take(run, LT_LOGGER_EVENTS, lt_events_close(&run->events, &fault), &fault);
    for (int i = 0; i < LT_LOGGERS; i++)
        failed |= run->logger_failed[i];
    return !failed;
}
