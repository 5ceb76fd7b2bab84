#include "trainer/state.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"

enum { FACT_NAME = 256, REQUEST_TEXT = LT_NAME_MOST + 128 };

// Of this moment, not of the run: a resumed run has its own.
static bool is_of_the_moment(const char *setting)
{
    static const char *const names[] = {
        "trainer.default_root_dir", "trainer.enable_progress_bar", "trainer.enable_model_summary",
        "trainer.fast_dev_run", "trainer.seed", "trainer.async_checkpoint",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], setting) == 0)
            return true;
    return false;
}

// ---- gathering ----------------------------------------------------------------------------------

static bool put_number(struct lt_run_state *state, double value, const char *format, int index)
{
    char name[FACT_NAME];
    snprintf(name, sizeof name, "%s.%d", format, index);
    return lt_run_state_set_number(state, name, value);
}

// Sums of an epoch that goes on, or that no row holds yet.
static bool is_open(const struct lt_metrics *metrics, int log)
{
    const enum lt_phase phase = lt_phase_kind(metrics->program->log[log].phase);
    return phase == LT_TRAIN || (phase == LT_VALIDATE && metrics->validated);
}

static bool put_sums(const struct lt_metrics *metrics, struct lt_run_state *state)
{
    bool whole = true;
    for (int i = 0; whole && i < metrics->program->log_count; i++) {
        if (metrics->since_row[i].count != 0)
            whole = put_number(state, metrics->since_row[i].sum, "row_sum", i)
                 && put_number(state, metrics->since_row[i].count, "row_count", i);
        if (whole && metrics->of_epoch[i].count != 0 && is_open(metrics, i))
            whole = put_number(state, metrics->of_epoch[i].sum, "epoch_sum", i)
                 && put_number(state, metrics->of_epoch[i].count, "epoch_count", i);
        if (whole && metrics->host_logged[i])
            whole = put_number(state, metrics->from_host[i], "logged", i);
    }
    return whole && lt_run_state_set_number(state, "wants_row", metrics->host_wants_row)
        && lt_run_state_set_number(state, "validated", metrics->validated);
}

static bool put_requests(const struct lt_saves *saves, struct lt_run_state *state)
{
    bool whole = true;
    for (int i = 0; whole && i < saves->requests; i++) {
        const struct lt_save_request *request = &saves->request[i];
        char name[FACT_NAME], text[REQUEST_TEXT];
        snprintf(name, sizeof name, "request.%d", i);
        snprintf(text, sizeof text, "%d %d %d %d %.17g %s", request->callback, request->keep,
                 request->greater_is_better, request->last, request->score, request->name);
        whole = lt_run_state_set(state, name, text);
    }
    return whole;
}

static bool put_line(const struct lt_run *run, struct lt_run_state *state)
{
    const struct lt_run_state *before = &run->resumed;
    bool whole = true;
    for (int i = 0; whole && i < before->fact_count; i++)
        if (strncmp(before->fact[i].name, "line.", 5) == 0)
            whole = lt_run_state_set(state, before->fact[i].name, before->fact[i].text);
    for (int i = 0; whole && i < run->line->given_count; i++) {
        char name[FACT_NAME];
        snprintf(name, sizeof name, "line.%s", run->line->given[2 * i]);
        if (!is_of_the_moment(run->line->given[2 * i]))
            whole = lt_run_state_set(state, name, run->line->given[2 * i + 1]);
    }
    return whole;
}

static bool put_files(const struct lt_saves *saves, struct lt_run_state *state)
{
    bool whole = true;
    char name[FACT_NAME];
    for (int i = 0; whole && i < saves->files; i++) {
        snprintf(name, sizeof name, "file.%d", i);
        whole = lt_run_state_set(state, name, saves->file[i]);
    }
    for (int i = 0; whole && i < saves->doomed_count; i++) {
        snprintf(name, sizeof name, "doomed.%d", i);
        whole = lt_run_state_set(state, name, saves->doomed[i]);
    }
    return whole;
}

static bool put_hyperparameters(const struct lt_program *program, struct lt_run_state *state)
{
    bool whole = true;
    for (int i = 0; whole && i < program->hyper_count; i++) {
        char name[FACT_NAME];
        snprintf(name, sizeof name, "hyper.%s", program->hyper[i].name);
        whole = lt_run_state_set(state, name, program->hyper[i].text);
    }
    return whole;
}

static bool put_facts(const struct lt_run *run, struct lt_run_state *state)
{
    bool whole = put_sums(&run->metrics, state) && put_requests(&run->saves, state)
              && put_line(run, state) && put_hyperparameters(run->program, state);
    for (int i = 0; whole && i < run->program->mask_count; i++)
        whole = !run->frozen[i] || put_number(state, 1, "frozen", i);
    if (whole && run->host.stop_asked)
        whole = lt_run_state_set(state, "stop", run->host.stop_reason);
    return whole && put_files(&run->saves, state);
}

// The clock is part of the state only where it decides something, so that equal runs write equal
// files.
static double seconds_to_save(const struct lt_run *run)
{
    const bool decides = run->plan.max_seconds >= 0 || run->program->reads_elapsed;
    return decides ? lt_run_seconds(run) : 0;
}

bool lt_state_gather(struct lt_run *run, struct lt_run_state *state, struct lt_fault *fault)
{
    *state = (struct lt_run_state){
        .step = run->at.step, .epoch = run->at.epoch, .batch = run->at.batch,
        .micro_batch = run->at.batch % run->plan.micro_batches,
        .validation_batch = run->at.validating ? run->at.epoch_closed : -1,
        .seed = run->seed, .split_seed = run->split_seed, .seconds = seconds_to_save(run),
        .state = run->state, .metric = run->metrics.newest, .setting = run->settings->number,
        .kept = run->saves.kept, .kept_count = run->saves.kept_count,
    };
    if (put_facts(run, state))
        return true;
    lt_state_release(state);
    return lt_fail(fault, "no memory to save a checkpoint");
}

void lt_state_release(struct lt_run_state *state)
{
    state->state = state->metric = state->setting = NULL;
    state->kept = NULL;
    state->kept_count = 0;
    lt_run_state_free(state);
}

// ---- restoring ----------------------------------------------------------------------------------

static double number_of(const struct lt_run_state *state, const char *format, int index)
{
    char name[FACT_NAME];
    snprintf(name, sizeof name, "%s.%d", format, index);
    return lt_run_state_number(state, name, 0);
}

static const char *numbered_fact(const struct lt_run_state *state, const char *format, int index)
{
    char name[FACT_NAME];
    snprintf(name, sizeof name, "%s.%d", format, index);
    return lt_run_state_fact(state, name);
}

static bool has_fact(const struct lt_run_state *state, const char *format, int index)
{
    return numbered_fact(state, format, index) != NULL;
}

static void restore_sums(struct lt_metrics *metrics, const struct lt_run_state *state)
{
    for (int i = 0; i < metrics->program->log_count; i++) {
        metrics->newest[i] = state->metric ? state->metric[i] : NAN;
        metrics->since_row[i] = (struct lt_value){number_of(state, "row_sum", i),
                                                  number_of(state, "row_count", i)};
        metrics->of_epoch[i] = (struct lt_value){number_of(state, "epoch_sum", i),
                                                 number_of(state, "epoch_count", i)};
        metrics->host_logged[i] = has_fact(state, "logged", i);
        metrics->from_host[i] = number_of(state, "logged", i);
    }
    metrics->validated = lt_run_state_number(state, "validated", 0) != 0;
    metrics->host_wants_row = lt_run_state_number(state, "wants_row", 0) != 0;
}

static bool read_request(const char *text, struct lt_save_request *request)
{
    int greater, last, name = 0;
    if (sscanf(text, "%d %d %d %d %lf %n", &request->callback, &request->keep, &greater, &last,
               &request->score, &name) < 5 || name == 0)
        return false;
    request->greater_is_better = greater != 0;
    request->last = last != 0;
    snprintf(request->name, sizeof request->name, "%s", text + name);
    return true;
}

static void restore_requests(struct lt_saves *saves, const struct lt_run_state *state)
{
    for (int i = 0; i < LT_SAVES; i++) {
        char name[FACT_NAME];
        snprintf(name, sizeof name, "request.%d", i);
        const char *text = lt_run_state_fact(state, name);
        if (text && read_request(text, &saves->request[saves->requests]))
            saves->requests++;
    }
}

static void restore_files(struct lt_saves *saves, const struct lt_run_state *state)
{
    const char *file;
    while (saves->files <= LT_SAVES && (file = numbered_fact(state, "file", saves->files)))
        snprintf(saves->file[saves->files++], LT_FILE_MOST, "%s", file);
    while (saves->doomed_count < LT_SAVES
           && (file = numbered_fact(state, "doomed", saves->doomed_count)))
        snprintf(saves->doomed[saves->doomed_count++], LT_FILE_MOST, "%s", file);
}

static bool restore_kept(struct lt_saves *saves, const struct lt_run_state *state)
{
    saves->kept = calloc((size_t)state->kept_count + 1, sizeof *saves->kept);
    saves->kept_room = state->kept_count + 1;
    for (int i = 0; saves->kept && i < state->kept_count; i++) {
        saves->kept[i] = state->kept[i];
        saves->kept[i].file = strdup(state->kept[i].file);
        if (!saves->kept[i].file)
            return false;
        saves->kept_count++;
    }
    return saves->kept != NULL;
}

// Is a setting that is given now another than the run had? What its line said, it has as a fact.
static bool is_changed(const struct lt_run *run, const char *name, const char *text)
{
    char fact[FACT_NAME];
    snprintf(fact, sizeof fact, "line.%s", name);
    const char *before = lt_run_state_fact(&run->resumed, fact);
    if (before)
        return strcmp(before, text) != 0;
    const int index = lt_settings_find(run->settings, name);
    const struct lt_setting *setting = run->settings->value[index].of;
    if (setting->type == LT_TEXT)
        return strcmp(setting->text ? setting->text : "", text) != 0;
    return run->settings->number[index] != lt_setting_default(setting);
}

// A stop that was asked for stands, unless the run is changed now.
static void restore_stop(struct lt_run *run)
{
    const char *reason = lt_run_state_fact(&run->resumed, "stop");
    if (!reason)
        return;
    for (int i = 0; i < run->line->given_count; i++)
        if (!is_of_the_moment(run->line->given[2 * i])
            && strcmp(run->line->given[2 * i], "data.root") != 0
            && is_changed(run, run->line->given[2 * i], run->line->given[2 * i + 1]))
            return;
    run->host.stop_asked = true;
    snprintf(run->host.stop_reason, sizeof run->host.stop_reason, "%s", reason);
}

bool lt_state_restore(struct lt_run *run)
{
    const struct lt_run_state *state = &run->resumed;
    run->at = (struct lt_position){state->step, state->epoch, state->batch,
                                   state->validation_batch >= 0, state->validation_batch > 0};
    run->seconds_before = state->seconds;
    if (state->state && run->program->state_count > 0)
        memcpy(run->state, state->state, (size_t)run->program->state_count * sizeof *run->state);
    restore_sums(&run->metrics, state);
    for (int i = 0; i < run->program->mask_count; i++)
        run->frozen[i] = has_fact(state, "frozen", i);
    restore_stop(run);
    if (run->saves.folder) {
        restore_requests(&run->saves, state);
        restore_files(&run->saves, state);
        if (!restore_kept(&run->saves, state))
            return lt_fail(&run->fault, "no memory for the list of checkpoints");
    }
    if (run->at.batch % run->plan.micro_batches != state->micro_batch
        && run->at.batch < run->plan.train_batches)
        return lt_fail(&run->fault, "the checkpoint stands inside a window of accumulation, so "
                       "--trainer.accumulate_grad_batches cannot change here");
    if (run->at.batch > run->plan.train_batches)
        return lt_fail(&run->fault, "the checkpoint stands at batch %" PRId64 " of an epoch, but "
                       "an epoch now has %" PRId64 " batches", run->at.batch,
                       run->plan.train_batches);
    return true;
}

static bool check_seed(const struct lt_settings *settings, const struct lt_run_state *state,
                       struct lt_fault *fault)
{
    const int index = settings->trainer.seed;
    if (!settings->value[index].from_line || settings->number[index] == (double)state->seed)
        return true;
    return lt_fail(fault, "--seed %.15g: this run was begun with seed %" PRIu64 ", and a resumed "
                   "run keeps its seed", settings->number[index], state->seed);
}

bool lt_state_restore_settings(struct lt_settings *settings, const struct lt_program *program,
                               const struct lt_run_state *state, struct lt_fault *fault)
{
    if (!check_seed(settings, state, fault))
        return false;
    for (int i = 0; i < state->fact_count; i++) {
        const struct lt_fact *fact = &state->fact[i];
        if (strncmp(fact->name, "line.", 5) != 0)
            continue;
        const int index = lt_settings_find(settings, fact->name + 5);
        struct lt_fault ignored = {.text = ""};
        if (index < 0 || settings->value[index].from_line || is_of_the_moment(fact->name + 5))
            continue;
        if (!lt_settings_set(settings, program, fact->name + 5, fact->text, &ignored))
            lt_print_note("from the checkpoint: %s", ignored.text);
    }
    settings->number[settings->trainer.seed] = (double)state->seed;
    return true;
}
