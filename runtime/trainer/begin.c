#include "trainer/begin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "trainer/background.h"
#include "trainer/folder.h"
#include "trainer/keep.h"
#include "trainer/logs.h"
#include "trainer/pictures.h"
#include "trainer/saves.h"
#include "trainer/state.h"

static const char *root_of(const struct lt_run *run)
{
    const char *root = run->settings->value[run->settings->trainer.default_root_dir].text;
    return *root ? root : ".";
}

static bool flag(const struct lt_run *run, int index)
{
    return run->settings->number[index] != 0;
}

// ---- folders and logs ---------------------------------------------------------------------------

static bool open_folder(struct lt_run *run, const char *resumed_from)
{
    const bool saves = flag(run, run->settings->trainer.enable_checkpointing);
    const bool logs = !run->bare
                   && (run->program->logs_csv || run->program->logs_jsonl
                       || run->program->logs_tensorboard);
    if (run->plan.dev_run || (!saves && !logs))
        return true;
    if (resumed_from)
        run->folder = lt_folder_of_checkpoint(resumed_from);
    run->saves.current = run->folder != NULL;
    if (!run->folder)
        run->folder = lt_folder_make(root_of(run), saves, &run->fault);
    if (!run->folder)
        return false;
    if (!run->lock.path && !lt_lock_take(&run->lock, run->folder, true, &run->fault))
        return false;
    if (!saves)
        return true;
    run->saves.folder = lt_path_text("%s/checkpoints", run->folder);
    run->saves.last = lt_path_text("%s/checkpoints/last.safetensors", run->folder);
    if (!run->saves.folder || !run->saves.last)
        return lt_fail(&run->fault, "no memory for the name of a folder");
    lt_checkpoint_sweep(run->saves.folder, stderr);
    if (flag(run, run->settings->trainer.async_checkpoint))
        run->saves.background = lt_background_open(run->program, &run->fault);
    return !lt_run_failed(run)
        && lt_checkpoint_room(run->saves.folder, run->program, 2, &run->fault);
}

// The row of the last step is not written yet where its validation has to be done again.
static void open_logs(struct lt_run *run)
{
    lt_logs_open(run, run->at.step - (run->at.validating && !lt_run_window_is_open(run)));
}

// Where a file was found by looking, the search has said it.
static void say_renamed(const struct lt_run *run, const struct lt_origin *origin)
{
    struct lt_fault note = {.text = ""};
    if (!origin->word && lt_checkpoint_renamed(origin->path, &run->peeked, &note))
        lt_print_note("%s", note.text);
}

// ---- fit ----------------------------------------------------------------------------------------

static bool peek(struct lt_run *run, const char *path)
{
    if (!lt_checkpoint_peek(path, run->program, &run->peeked, &run->fault))
        return false;
    run->seed = run->peeked.seed;
    run->split_seed = run->peeked.split_seed;
    return lt_state_restore_settings(run->settings, run->program, &run->peeked, &run->fault);
}

static bool load_weights(struct lt_run *run, const char *path)
{
    struct lt_fault note = {.text = ""};
    if (!lt_weights_load(path, run->program, run->block, &note, &run->fault))
        return false;
    if (lt_failed(&note))
        lt_print_note("%s", note.text);
    return true;
}

static bool open_rows(struct lt_run *run)
{
    if (!run->program->phase[LT_TRAIN])
        return lt_fail(&run->fault, "this program has no training step");
    if (!lt_run_open_data(run))
        return false;
    if (run->plan.train_batches == 0 && run->extent.train_batches == 0)
        return lt_fail(&run->fault, "there are no training rows");
    return lt_run_open_loader(run, LT_TRAIN)
        && (run->plan.val_batches == 0 || lt_run_open_sets(run, LT_VALIDATE));
}

static bool resume(struct lt_run *run, const char *path)
{
    lt_run_initialise(run);             // tables that no checkpoint holds
    if (!lt_checkpoint_load(path, run->program, run->block, &run->resumed, &run->fault)
        || !open_folder(run, path) || !lt_state_restore(run))
        return false;
    if (run->saves.current)
        lt_saves_complete(run);
    else
        lt_saves_forget(run);
    lt_run_update_host(run);
    lt_console_say(&run->console, "resumed from %s: step %" PRId64 ", epoch %" PRId64, path,
                   run->at.step, run->at.epoch);
    lt_keep_settings(run);
    open_logs(run);
    return true;
}

static bool start(struct lt_run *run, const char *weights)
{
    lt_run_initialise(run);
    const char *root = run->settings->value[run->settings->data_root].text;
    if (!lt_part_weights_load(run->program, root, run->block, &run->fault))
        return false;
    if (weights && !load_weights(run, weights))
        return false;
    if (!open_folder(run, NULL))
        return false;
    lt_keep_settings(run);
    open_logs(run);
    return true;
}

// Rows that a checkpoint was tested on stay test rows: its split goes with its weights.
static void take_split(struct lt_run *run, const char *path)
{
    struct lt_fault none = {.text = ""};
    struct lt_run_state state = {.step = 0};
    if (!lt_checkpoint_peek(path, run->program, &state, &none))
        return;
    run->split_seed = state.split_seed;
    lt_run_state_free(&state);
}

static bool choose_resume(struct lt_run *run, struct lt_origin *origin)
{
    if (!lt_origin_resume(origin, run->line->resume, root_of(run), run->program, &run->lock,
                          &run->fault))
        return false;
    if (!origin->path)
        lt_print_note("nothing to resume under %s/lightning_logs; starting anew", root_of(run));
    if (!origin->path)
        return true;
    if (!peek(run, origin->path))
        return false;
    say_renamed(run, origin);
    return true;
}

static bool choose_weights(struct lt_run *run, struct lt_origin *origin)
{
    if (!lt_origin_weights(origin, run->line->weights, root_of(run), run->program, &run->fault))
        return false;
    if (origin->path)
        take_split(run, origin->path);
    return true;
}

bool lt_begin_fit(struct lt_run *run, bool *resumed)
{
    struct lt_origin origin = {.path = NULL};
    const struct lt_line *line = run->line;
    bool whole = true;
    if (line->resume && line->weights)
        whole = lt_fail(&run->fault, "--resume and --weights exclude each other: a resumed run "
                        "has its weights");
    else if (line->resume)
        whole = choose_resume(run, &origin);
    else if (line->weights)
        whole = choose_weights(run, &origin);
    *resumed = line->resume && origin.path;
    whole = whole && open_rows(run)
         && (*resumed ? resume(run, origin.path) : start(run, origin.path));
    free(origin.path);
    return whole;
}

// ---- evaluation ---------------------------------------------------------------------------------

// Host numbers of the model, such as a weight of a loss; limits and paths are the line's own.
static bool take_numbers(struct lt_run *run, const char *path)
{
    struct lt_fault none = {.text = ""};
    if (!lt_checkpoint_peek(path, run->program, &run->peeked, &none))
        return true;                    // weights of some other program
    run->split_seed = run->peeked.split_seed;
    run->at.step = run->peeked.step;
    run->at.epoch = run->peeked.epoch - (run->peeked.batch == 0 && run->peeked.epoch > 0);
    for (int i = 0; i < run->peeked.fact_count; i++) {
        const struct lt_fact *fact = &run->peeked.fact[i];
        const char *name = fact->name + 5;
        if (strncmp(fact->name, "line.", 5) != 0 || strncmp(name, "trainer.", 8) == 0
            || strncmp(name, "data.", 5) == 0)
            continue;
        const int index = lt_settings_find(run->settings, name);
        if (index >= 0 && !run->settings->value[index].from_line)
            lt_settings_set(run->settings, run->program, name, fact->text, &none);
    }
    return true;
}

bool lt_begin_evaluation(struct lt_run *run, struct lt_origin *origin)
{
    if (!lt_origin_weights(origin, run->line->weights, root_of(run), run->program, &run->fault))
        return false;
    if (origin->path && !take_numbers(run, origin->path))
        return false;
    if (origin->path)
        say_renamed(run, origin);
    if (!lt_run_open_data(run))
        return false;
    lt_run_initialise(run);
    if (!origin->path)
        return true;
    if (!load_weights(run, origin->path))
        return false;
    if (origin->word)
        lt_console_say(&run->console, "weights: %s, %s", origin->word, origin->path);
    else
        lt_console_say(&run->console, "weights: %s", origin->path);
    return true;
}

static void fill_record(struct lt_run *run, enum lt_phase phase)
{
    struct lt_record *record = &run->record;
    lt_record_clear(record);
    record->epoch = run->at.epoch;
    record->step = run->at.step > 0 ? run->at.step - 1 : 0;
    for (; phase < LT_PHASES; phase = lt_next_set(run->program, phase))
        for (int i = 0; i < run->metrics.phase_count[phase]; i++) {
            const int entry = run->metrics.of_phase[phase][i];
            if (record->epoch_column[entry] >= 0)
                lt_record_set(record, record->epoch_column[entry], run->metrics.newest[entry]);
        }
}

void lt_log_evaluation(struct lt_run *run, enum lt_phase phase, const struct lt_origin *origin)
{
    struct lt_fault fault = {.text = ""};
    run->folder = origin->path ? lt_folder_of_checkpoint(origin->path) : NULL;
    if (!run->folder)
        return;
    if (!lt_lock_take(&run->lock, run->folder, false, &fault)) {
        lt_print_note("the result is not logged: %s", fault.text);
        return;
    }
    fill_record(run, phase);
    lt_logs_open(run, INT64_MAX);
    lt_logs_write(run);
    lt_pictures_draw(run, phase);
    lt_logs_close(run);
}
