#include "predict/predict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "predict/output.h"
#include "trainer/evaluate.h"
#include "trainer/feed.h"
#include "trainer/signals.h"

static const char *default_path(const struct lt_run *run)
{
    return run->line->output ? run->line->output : "predictions.csv";
}

static bool open_loader(struct lt_run *run, enum lt_phase phase)
{
    return lt_feed_open(run, LT_PREDICT, &(struct lt_loader_options){
        .phase = phase, .seed = run->seed, .in_order = true, .plain = true,
    });
}

// Rows of a part as validation sees them: in file order, without augmentation.
static bool open_part(struct lt_run *run)
{
    static const char *const parts[] = {"train", "val", "test"};
    static const enum lt_phase phases[] = {LT_TRAIN, LT_VALIDATE, LT_TEST};
    const char *part = run->line->split;
    if (!run->program->data_count || run->program->predict_setting > 0)
        return true;
    if (!part)
        return open_loader(run, LT_PREDICT);
    if (strcmp(part, "all") == 0)
        return lt_feed_join_splits(run) && open_loader(run, LT_PREDICT);
    for (int i = 0; i < 3; i++)
        if (strcmp(part, parts[i]) == 0)
            return open_loader(run, phases[i]);
    return lt_fail(&run->fault, "--split takes train, val, test or all, not \"%s\"", part);
}

// The rows of a call that reads no data: a setting of predict.
static int64_t rows_asked_for(const struct lt_run *run)
{
    const int setting = run->program->predict_setting - 1;
    return setting < 0 ? 1 : (int64_t)run->settings->number[setting];
}

static bool count_batches(struct lt_run *run, int64_t *batches)
{
    const struct lt_settings *settings = run->settings;
    const int index = settings->trainer.limit_predict_batches;
    const double number = settings->number[index];
    if (!run->loader[LT_PREDICT]) {
        *batches = 1;
        return true;
    }
    *batches = lt_loader_batches(run->loader[LT_PREDICT]);
    if (settings->value[index].unit == LT_FRACTION)
        *batches = number == 1 ? *batches : (int64_t)((double)*batches * number);
    else if ((double)*batches > number)
        *batches = (int64_t)number;
    return *batches > 0 || lt_fail(&run->fault, "there are no rows to predict");
}

static enum lt_outcome predict_batch(struct lt_run *run, struct lt_output_writer *writer,
                                     int64_t *rows)
{
    struct lt_batch batch;
    if (!lt_feed_next(run, LT_PREDICT, &batch)) {
        lt_fail(&run->fault, "the data of predict ended too early");
        return LT_BROKEN;
    }
    if (!run->loader[LT_PREDICT])
        batch.rows = rows_asked_for(run);
    struct lt_call call = lt_run_call(run, run->at.step);
    call.rows = batch.rows;
    call.input = batch.field;
    call.first_row = *rows;
    call.output = writer->array;
    lt_run_fire(run, LT_ON_PREDICT_BATCH_START);
    run->program->phase[LT_PREDICT](&call);
    lt_feed_release(run, LT_PREDICT);
    *rows += batch.rows;
    lt_run_fire(run, LT_ON_PREDICT_BATCH_END);
    return !lt_run_failed(run) && lt_output_rows(writer, batch.rows, &run->fault) ? LT_DONE : LT_BROKEN;
}

static enum lt_outcome predict_all(struct lt_run *run, struct lt_output_writer *writer,
                                   int64_t batches, int64_t *rows)
{
    lt_feed_start(run, LT_PREDICT, 0, 0, batches);
    lt_run_fire(run, LT_ON_PREDICT_START);
    lt_run_fire(run, LT_ON_PREDICT_EPOCH_START);
    for (int64_t done = 0; done < batches; done++) {
        if (lt_signals_leave())
            return LT_LEFT;
        if (predict_batch(run, writer, rows) == LT_BROKEN)
            return LT_BROKEN;
        lt_console_progress(&run->console, &(struct lt_progress){
            .what = "predict", .batch = done + 1, .batches = batches,
            .value = run->metrics.newest,
        });
    }
    lt_run_fire(run, LT_ON_PREDICT_EPOCH_END);
    lt_run_fire(run, LT_ON_PREDICT_END);
    return lt_run_failed(run) ? LT_BROKEN : LT_DONE;
}

int lt_predict(struct lt_run *run)
{
    struct lt_output_writer writer = {.csv = false};
    int64_t batches, rows = 0;
    if (!run->program->phase[LT_PREDICT]) {
        lt_fail(&run->fault, "this program has no predict: its model has neither a predict nor a forward "
                "that takes fields of a batch; write predict(x) { ... } in the model");
        return 1;
    }
    if (!open_part(run) || !count_batches(run, &batches))
        return 1;
    enum lt_outcome outcome = LT_BROKEN;
    const int64_t most = run->loader[LT_PREDICT] ? lt_feed_lead(run, LT_PREDICT)->batch
                                                  : rows_asked_for(run);
    if (lt_output_open(&writer, run->program, default_path(run), most, &run->fault))
        outcome = predict_all(run, &writer, batches, &rows);
    const bool split = writer.file_count > 1;
    const bool whole = lt_output_close(&writer, outcome == LT_DONE, &run->fault);
    if (outcome == LT_LEFT)
        return 128 + lt_signals_leave();
    if (!whole || lt_run_failed(run))
        return 1;
    lt_console_say(&run->console, "%" PRId64 " rows predicted, written to %s%s", rows,
                   default_path(run), split ? ", a file for each result" : "");
    return 0;
}
