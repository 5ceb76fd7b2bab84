#include "trainer/feed.h"

#include <stdlib.h>
#include <string.h>

#include "lt/random.h"

#define SITE_BLOCK UINT64_C(0x6C742E626C6F636B)

// ---- data ---------------------------------------------------------------------------------------

static uint64_t split_seed(const struct lt_run *run, const struct lt_data *data, int block)
{
    return block && data->split_fixed ? data->split_seed : run->split_seed;
}

static bool open_block(struct lt_run *run, const struct lt_data *data, int block)
{
    const char *root = run->settings->value[run->settings->data_root].text;
    run->dataset[block] = lt_dataset_open(data, root, split_seed(run, data, block), &run->fault);
    return run->dataset[block] != NULL;
}

static bool take_memory(struct lt_run *run)
{
    const size_t blocks = (size_t)run->program->data_count;
    size_t fields = 1;
    for (size_t i = 0; i < blocks; i++)
        fields += (size_t)run->program->data[i].field_count;
    run->dataset = calloc(blocks + 1, sizeof *run->dataset);
    run->also = calloc(blocks * LT_PHASES + 1, sizeof *run->also);
    run->input = calloc(fields, sizeof *run->input);
    if (run->dataset && run->also && run->input)
        return true;
    return lt_fail(&run->fault, "no memory for the data blocks");
}

bool lt_feed_open_data(struct lt_run *run)
{
    const struct lt_program *program = run->program;
    if (!take_memory(run))
        return false;
    for (int i = 0; i < program->data_count; i++)
        if (!open_block(run, &program->data[i], i)
            || (run->line->verify_data && !lt_dataset_verify(run->dataset[i], &run->fault)))
            return false;
    return true;
}

void lt_feed_close(struct lt_run *run)
{
    const int blocks = run->program->data_count;
    for (int phase = 0; phase < LT_PHASES; phase++)
        lt_loader_close(run->loader[phase]);
    for (int i = 0; run->also && i < blocks * LT_PHASES; i++)
        lt_loader_close(run->also[i]);
    for (int i = 0; run->dataset && i < blocks; i++)
        lt_dataset_close(run->dataset[i]);
    free(run->dataset);
    free(run->also);
    free(run->input);
    free(run->whole);
}

const struct lt_data *lt_feed_lead(const struct lt_run *run, enum lt_phase phase)
{
    const struct lt_program *program = run->program;
    return program->data_count ? &program->data[program->lead[phase]] : NULL;
}

int64_t lt_feed_rows(const struct lt_run *run, enum lt_phase phase)
{
    return lt_dataset_phase_rows(run->dataset[run->program->lead[phase]], lt_phase_kind(phase));
}

// ---- loaders ------------------------------------------------------------------------------------

static bool goes_along(const struct lt_program *program, enum lt_phase phase, int block)
{
    return program->also[phase] >> block & 1;
}

// Two blocks of one file have orders and augmentations of their own.
static uint64_t seed_of(uint64_t seed, int block)
{
    const lt_random_key_t key = lt_random_key(seed, SITE_BLOCK, (uint64_t)block);
    return block ? (uint64_t)key.first << 32 | key.second : seed;
}

static struct lt_loader *open_loader(struct lt_run *run, int block, int64_t along,
                                     const struct lt_loader_options *options)
{
    struct lt_loader_options own = *options;
    own.along = along;
    own.seed = seed_of(options->seed, block);
    return lt_loader_open(run->dataset[block], &own, &run->fault);
}

bool lt_feed_open(struct lt_run *run, enum lt_phase phase, const struct lt_loader_options *options)
{
    const struct lt_program *program = run->program;
    const int blocks = program->data_count;
    if (!blocks || run->loader[phase])
        return true;
    run->loader[phase] = open_loader(run, program->lead[phase], 0, options);
    if (!run->loader[phase])
        return false;
    const struct lt_data *lead = lt_feed_lead(run, phase);
    const int64_t rows = lt_loader_rows(run->loader[phase]);
    const int64_t along = lead->drop_last ? rows / lead->batch * lead->batch : rows;
    for (int i = 0; i < blocks; i++) {
        struct lt_loader **also = &run->also[phase * blocks + i];
        if (goes_along(program, phase, i) && !(*also = open_loader(run, i, along, options)))
            return false;
    }
    return true;
}

void lt_feed_start(struct lt_run *run, enum lt_phase phase, int64_t epoch, int64_t first_batch,
                   int64_t batches)
{
    const int blocks = run->program->data_count;
    if (!run->loader[phase])
        return;
    lt_loader_start(run->loader[phase], epoch, first_batch, batches);
    for (int i = 0; i < blocks; i++)
        if (run->also[phase * blocks + i])
            lt_loader_start(run->also[phase * blocks + i], epoch, first_batch, batches);
}

// ---- batches ------------------------------------------------------------------------------------

static void hand_over(struct lt_run *run, int block, const struct lt_batch *batch)
{
    const struct lt_data *data = run->program->data;
    int first = 0;
    for (int i = 0; i < block; i++)
        first += data[i].field_count;
    if (data[block].field_count)
        memcpy(run->input + first, batch->field,
               sizeof *run->input * (size_t)data[block].field_count);
}

bool lt_feed_next(struct lt_run *run, enum lt_phase phase, struct lt_batch *batch)
{
    const struct lt_program *program = run->program;
    const int blocks = program->data_count;
    *batch = (struct lt_batch){.rows = 1};
    if (!run->loader[phase])
        return true;
    if (lt_loader_next(run->loader[phase], batch, &run->fault) <= 0)
        return false;
    if (!program->lead[phase] && !program->also[phase])
        return true;
    hand_over(run, program->lead[phase], batch);
    for (int i = 0; i < blocks; i++) {
        struct lt_batch other;
        if (!run->also[phase * blocks + i])
            continue;
        if (lt_loader_next(run->also[phase * blocks + i], &other, &run->fault) <= 0)
            return false;
        hand_over(run, i, &other);
    }
    batch->field = run->input;
    return true;
}

void lt_feed_release(struct lt_run *run, enum lt_phase phase)
{
    const int blocks = run->program->data_count;
    if (!run->loader[phase])
        return;
    lt_loader_release(run->loader[phase]);
    for (int i = 0; i < blocks; i++)
        if (run->also[phase * blocks + i])
            lt_loader_release(run->also[phase * blocks + i]);
}

// ---- predict ------------------------------------------------------------------------------------

bool lt_feed_join_splits(struct lt_run *run)
{
    const struct lt_program *program = run->program;
    run->whole = calloc((size_t)program->data_count + 1, sizeof *run->whole);
    if (!run->whole)
        return lt_fail(&run->fault, "no memory for the data blocks");
    for (int i = 0; i < program->data_count; i++) {
        struct lt_data *whole = &run->whole[i];
        if (i != program->lead[LT_PREDICT] && !goes_along(program, LT_PREDICT, i))
            continue;
        *whole = program->data[i];
        whole->split_given = false;
        whole->train.count = whole->val.count = whole->test.count = -1;
        lt_dataset_close(run->dataset[i]);
        if (!open_block(run, whole, i))
            return false;
    }
    return true;
}
