#include "trainer/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/print.h"
#include "base/threads.h"
#include "trainer/background.h"
#include "trainer/calls.h"
#include "trainer/feed.h"
#include "trainer/pictures.h"

// ---- memory -------------------------------------------------------------------------------------

// A fresh mapping is zeroed and aligned, and pages that nobody touches cost nothing.
static bool map_block(struct lt_run *run)
{
    const size_t bytes = run->program->block_bytes ? run->program->block_bytes : 64;
    void *block = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        return lt_fail(&run->fault, "the program needs %zu bytes of memory for its variables and "
                       "its arena, and the system has not got them", bytes);
    run->block = block;
    return true;
}

static bool make_numbers(struct lt_run *run)
{
    const struct lt_program *program = run->program;
    const size_t states = (size_t)program->state_count + 1, masks = (size_t)program->mask_count + 1;
    run->state = calloc(states, sizeof *run->state);
    run->frozen = calloc(masks, sizeof *run->frozen);
    if (!run->state || !run->frozen)
        return lt_fail(&run->fault, "no memory for the run's numbers");
    return lt_snapshot_open(&run->before, program, &run->fault);
}

static bool list_listeners(struct lt_run *run)
{
    const struct lt_program *program = run->program;
    for (int event = 0; event < LT_EVENTS; event++) {
        int *callbacks = calloc((size_t)program->callback_count + 1, sizeof *callbacks);
        if (!callbacks)
            return lt_fail(&run->fault, "no memory for the callbacks");
        run->listener[event] = callbacks;
        for (int i = 0; i < program->callback_count; i++)
            if (program->callback[i].events & 1u << event)
                callbacks[run->listeners[event]++] = i;
    }
    return true;
}

// All that is not training is off; whoever asked for it by name hears so.
static bool take_barebones(struct lt_run *run)
{
    const struct lt_trainer_index *at = &run->settings->trainer;
    const int off[] = {at->enable_checkpointing, at->enable_progress_bar, at->enable_model_summary,
                       at->num_sanity_val_steps, at->log_every_n_steps, at->fast_dev_run,
                       at->detect_anomaly};
    run->bare = run->settings->number[at->barebones] != 0;
    for (size_t i = 0; run->bare && i < sizeof off / sizeof *off; i++) {
        const struct lt_setting_value *value = &run->settings->value[off[i]];
        if ((value->from_line || value->of->given) && run->settings->number[off[i]] != 0)
            return lt_fail(&run->fault, "trainer.barebones leaves no room for %s; set one of them "
                           "only", value->of->name);
        run->settings->number[off[i]] = 0;
    }
    return true;
}

bool lt_run_open(struct lt_run *run, const struct lt_program *program, const struct lt_line *line,
                 struct lt_settings *settings)
{
    *run = (struct lt_run){
        .program = program, .line = line, .settings = settings, .rows[LT_LOGGER_CSV].file = -1,
        .rows[LT_LOGGER_JSON].file = -1, .events.file = -1,
        .lock.file = -1,
        .started_at = lt_clock(),
    };
    if (program->contract != LT_CONTRACT)
        return lt_fail(&run->fault, "the program was compiled for contract %d of the runtime, "
                       "this is %d; build it again", program->contract, LT_CONTRACT);
    if (!take_barebones(run) || !map_block(run) || !make_numbers(run) || !list_listeners(run)
        || !lt_metrics_open(&run->metrics, program, &run->fault)
        || !lt_record_open(&run->record, program, &run->fault))
        return false;
    run->seed = (uint64_t)settings->number[settings->trainer.seed];
    run->split_seed = run->seed;
    if (program->data_count && program->data[0].split_fixed)
        run->split_seed = program->data[0].split_seed;
    run->host = (struct lt_host){
        .ranks = 1, .metric = run->metrics.newest, .setting = settings->number,
        .state = run->state, .frozen = run->frozen, .run = run, .call = &lt_trainer_calls,
    };
    lt_console_open(&run->console, program, line->quiet,
                    settings->number[settings->trainer.enable_progress_bar] != 0);
    return true;
}

static void free_kept(struct lt_saves *saves)
{
    for (int i = 0; i < saves->kept_count; i++)
        free(saves->kept[i].file);
    free(saves->kept);
    free(saves->folder);
    free(saves->last);
    lt_background_close(saves->background);
}

void lt_run_close(struct lt_run *run)
{
    lt_feed_close(run);
    if (run->block)
        munmap(run->block, run->program->block_bytes ? run->program->block_bytes : 64);
    for (int event = 0; event < LT_EVENTS; event++)
        free(run->listener[event]);
    lt_metrics_close(&run->metrics);
    lt_record_close(&run->record);
    lt_pictures_close(run);
    lt_console_close(&run->console);
    free_kept(&run->saves);
    lt_lock_release(&run->lock);
    free(run->folder);
    free(run->state);
    free(run->frozen);
    lt_snapshot_close(&run->before);
    lt_run_state_free(&run->peeked);
    lt_run_state_free(&run->resumed);
}

// ---- data ---------------------------------------------------------------------------------------

// With drop_last every step is compiled for whole batches, those of evaluation too.
static int64_t batches_in(int64_t rows, const struct lt_data *data)
{
    if (data->batch <= 0)
        return 0;
    return rows / data->batch + (!data->drop_last && rows % data->batch);
}

static int64_t rows_of(const struct lt_run *run, enum lt_phase phase, int64_t *batches)
{
    const struct lt_data *lead = lt_feed_lead(run, phase);
    const int64_t rows = lt_feed_rows(run, phase);
    *batches = strcmp(lead->source, "none") == 0 ? LT_ENDLESS : batches_in(rows, lead);
    return rows;
}

static void measure(struct lt_run *run)
{
    struct lt_extent *extent = &run->extent;
    extent->batch = lt_feed_lead(run, LT_TRAIN)->batch;
    extent->train_rows = rows_of(run, LT_TRAIN, &extent->train_batches);
    extent->val_rows = rows_of(run, LT_VALIDATE, &extent->val_batches);
    extent->test_rows = rows_of(run, LT_TEST, &extent->test_batches);
    for (enum lt_phase set = lt_next_set(run->program, LT_VALIDATE); set < LT_PHASES;
         set = lt_next_set(run->program, set))
        rows_of(run, set, &extent->more_batches[set]);
}

bool lt_run_open_data(struct lt_run *run)
{
    const struct lt_program *program = run->program;
    run->extent = (struct lt_extent){
        .train_batches = LT_ENDLESS, .val_batches = LT_ENDLESS, .test_batches = LT_ENDLESS,
        .batch = 1,
    };
    if (!lt_feed_open_data(run))
        return false;
    if (program->data_count > 0)
        measure(run);
    return lt_plan_make(&run->plan, run->settings, &run->extent,
                        program->phase[LT_VALIDATE] != NULL, &run->fault)
        && lt_plan_convert(&run->plan, run->settings, &run->fault);
}

// Waking the thread that prepares batches costs some microseconds, and it is woken once for half of
// the slots: small training batches get many of them.
static int slots_for(const struct lt_data *data, enum lt_phase phase)
{
    enum { LEAST = 8, MOST = 64, BUDGET = 4 << 20 };
    size_t bytes = 1;
    if (phase != LT_TRAIN)
        return LEAST;
    for (int i = 0; i < data->field_count; i++)
        bytes += data->field[i].row_bytes * (size_t)data->batch;
    const size_t slots = BUDGET / bytes;
    return slots < LEAST ? LEAST : slots > MOST ? MOST : (int)slots;
}

bool lt_run_open_loader(struct lt_run *run, enum lt_phase phase)
{
    if (!run->program->data_count)
        return true;
    return lt_feed_open(run, phase, &(struct lt_loader_options){
        .phase = lt_phase_kind(phase), .seed = run->seed, .in_order = run->plan.overfit,
        .slots = slots_for(lt_feed_lead(run, phase), phase), .by_team = lt_threads_fill_cores(),
    });
}

bool lt_run_open_sets(struct lt_run *run, enum lt_phase phase)
{
    for (; phase < LT_PHASES; phase = lt_next_set(run->program, phase))
        if (!lt_run_open_loader(run, phase))
            return false;
    return true;
}

// ---- numbers ------------------------------------------------------------------------------------

static double or_infinite(int64_t count)
{
    return count == LT_ENDLESS ? INFINITY : (double)count;
}

void lt_run_update_host(struct lt_run *run)
{
    const struct lt_plan *plan = &run->plan;
    struct lt_host *host = &run->host;
    host->step = (double)run->at.step;
    host->epoch = (double)run->at.epoch;
    host->batch = (double)run->at.batch;
    host->progress = (double)run->at.epoch;
    if (plan->train_batches != LT_ENDLESS && plan->train_batches > 0)
        host->progress += (double)run->at.batch / (double)plan->train_batches;
    host->total_steps = or_infinite(plan->total_steps);
    host->steps_per_epoch = or_infinite(plan->steps_per_epoch);
    host->max_epochs = or_infinite(plan->max_epochs);
    host->max_steps = or_infinite(plan->max_steps);
    host->micro_batches = (double)lt_plan_window(plan, run->at.batch);
    host->micro_batch = (double)(run->at.batch % plan->micro_batches);
    host->val_batches = or_infinite(plan->val_batches);
    host->validates_at_epoch_end = lt_plan_validates_at_epoch_end(plan);
    if (run->program->reads_elapsed)
        host->elapsed = lt_run_seconds(run);
}

struct lt_call lt_run_call(struct lt_run *run, int64_t step)
{
    return (struct lt_call){
        .block = run->block, .setting = run->settings->number, .state = run->state,
        .host = &run->host, .log = run->metrics.written, .seed = run->seed,
        .step = (uint64_t)step, .context = run->program->context,
    };
}

void lt_run_initialise(struct lt_run *run)
{
    const struct lt_program *program = run->program;
    for (int i = 0; i < program->state_count; i++)
        run->state[i] = program->state_initial[i];
    lt_run_update_host(run);
    if (program->init_host)
        program->init_host(&run->host);
    const struct lt_call call = lt_run_call(run, 0);
    if (program->init)
        program->init(&call);
}

double lt_run_seconds(const struct lt_run *run)
{
    return run->seconds_before + (double)(lt_clock() - run->started_at) * 1e-9;
}

bool lt_run_lists_callback(const struct lt_run *run, const char *name)
{
    for (int i = 0; i < run->program->callback_count; i++)
        if (strcmp(run->program->callback[i].name, name) == 0)
            return true;
    return false;
}

void lt_run_fire(struct lt_run *run, enum lt_event event)
{
    for (int i = 0; i < run->listeners[event]; i++)
        run->program->hook(&run->host, run->listener[event][i], event);
}
