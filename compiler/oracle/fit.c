#include "fit.h"
#include "interpret.h"
#include "raw.h"

#include <data/dataset.h>

#include <stdlib.h>
#include <string.h>

enum { most_values = 64 };

typedef struct Fitting {
    const Fit *fit;
    Value state[most_values];
} Fitting;

static Fitting *fitting;        // `sample` of a data block has no context

static void run_graph(const Graph *graph, const Value *field, Value *out)
{
    OracleResult result[most_values];
    OracleInput input = {.rows = 1, .field = field};
    interpret(graph, &input, result);
    for (int i = 0; i < graph->result_count; i++)
        out[i] = result[i].value;
}

static void free_all(Value *value, int count)
{
    for (int i = 0; i < count; i++)
        value_free(&value[i]);
}

// One row joins the states.
static void add_row(const void *const *raw, void *const *out, void *scratch, uint64_t seed,
                    uint64_t epoch, uint64_t index, bool training)
{
    (void)out; (void)scratch; (void)seed; (void)epoch; (void)index; (void)training;
    const Fit *fit = fitting->fit;
    Value *row = calloc((size_t)fit->block->raw_count + 1, sizeof *row), next[most_values];
    Value field[2 * most_values];
    int arguments = fit->sample->result_count, states = fit->start->result_count;
    for (int i = 0; i < fit->block->raw_count; i++)
        row[i] = raw_value(&fit->block->raw[i], raw[i]);
    run_graph(fit->sample, row, field);
    memcpy(field + arguments, fitting->state, sizeof *field * (size_t)states);
    run_graph(fit->update, field, next);
    free_all(field, arguments + states);
    memcpy(fitting->state, next, sizeof *next * (size_t)states);
    free_all(row, fit->block->raw_count);
    free(row);
}

static struct lt_data table_of(Arena *arena, const DataBlock *block)
{
    int count = block->raw_count * (block->part_count ? block->part_count : 1);
    struct lt_raw_field *raw = arena_alloc(arena, sizeof *raw * (size_t)(count + 1));
    for (int i = 0; i < count; i++) {
        const RawField *field = &block->raw[i];
        raw[i] = (struct lt_raw_field){.name = field->name, .file = field->file,
                                       .format = field->format, .rank = field->shape.rank,
                                       .dtype = (enum lt_dtype)field->dtype, .text = field->text,
                                       .words = field->word, .word_count = field->word_count};
        for (int k = 0; k < field->shape.rank; k++)
            raw[i].shape[k] = field->shape.dim[k].scale;
    }
    struct lt_data data = {
        .name = block->name, .source = block->source, .option = block->option,
        .rows = block->rows, .batch = 1, .split_given = block->split_given,
        .split_file_order = block->split_file_order, .raw_count = block->raw_count, .raw = raw,
        .train = {block->split[0], block->split_share[0]},
        .val = {block->split[1], block->split_share[1]},
        .test = {block->split[2], block->split_share[2]}, .sample = add_row, .part_count = block->part_count,
    };
    for (int i = 0; i < block->part_count; i++)
        data.part[i] = (enum lt_phase)block->part[i];
    return data;
}

static bool add_rows(Arena *arena, struct lt_dataset *dataset, struct lt_fault *fault)
{
    const void **raw = arena_alloc(arena, sizeof *raw * (size_t)(dataset->data->raw_count + 1));
    int64_t rows = lt_dataset_phase_rows(dataset, LT_TRAIN);
    for (int64_t i = 0; i < rows; i++)
        if (!lt_dataset_sample(dataset, NULL, NULL, 0, 0, lt_split_row(dataset, LT_TRAIN, i), false,
                               raw, fault))
            return false;
    return true;
}

double *oracle_fit(Arena *arena, const Fit *fit, int64_t *count, const char **why)
{
    Fitting own = {.fit = fit};
    struct lt_fault fault = {{0}};
    struct lt_data data = table_of(arena, fit->block);
    struct lt_dataset *dataset = lt_dataset_open(&data, fit->root, fit->block->split_seed, &fault);
    fitting = &own;
    int states = fit->start->result_count;
    run_graph(fit->start, NULL, own.state);
    double *number = NULL;
    if (dataset && lt_dataset_load(dataset, &fault) && add_rows(arena, dataset, &fault)) {
        Value value;
        run_graph(fit->compute, own.state, &value);
        *count = value.count;
        number = arena_alloc(arena, sizeof *number * (size_t)(value.count + 1));
        for (int64_t i = 0; i < value.count; i++)
            number[i] = value_number(&value, i);
        value_free(&value);
    }
    *why = arena_string(arena, fault.text, strlen(fault.text));
    free_all(own.state, states);
    lt_dataset_close(dataset);
    return number;
}
