// dataset: the files of a data block, opened, held against what was compiled, and read once.
#include <stdlib.h>
#include <string.h>
#include "data/dataset.h"

static bool same_file(const struct lt_raw_field *a, const struct lt_raw_field *b)
{
    return !strcmp(a->file, b->file) && !strcmp(a->format, b->format);
}

// Opens the file of data->raw[first] with every raw field before `end` that stands in it.
static bool open_file(struct lt_dataset *dataset, int first, int end, const char *root,
                      struct lt_raw_field *wanted, int *taken, struct lt_fault *fault)
{
    const struct lt_data *data = dataset->data;
    const struct lt_raw_field *raw = &data->raw[first];
    int count = 0;
    for (int i = first; i < end; i++)
        if (same_file(raw, &data->raw[i]))
            wanted[count++] = data->raw[i];
    *taken += count;
    char *path = lt_path_join(root, raw->file);
    if (!path)
        return lt_fail(fault, "%s: no memory to open it", raw->file);
    struct lt_table *table = lt_table_open(path, raw->format, data->option, wanted, count, fault);
    free(path);
    if (!table)
        return false;
    dataset->table[dataset->table_count++] = table;
    for (int i = first; i < end; i++)
        if (same_file(raw, &data->raw[i]))
            dataset->raw[i] = (struct lt_dataset_raw){lt_table_column(table, data->raw[i].name),
                                                      table};
    return true;
}

// The files of one source, whose columns have a row each for every row of the others.
static bool open_part(struct lt_dataset *dataset, int part, const char *root,
                      int *taken, struct lt_fault *fault)
{
    const struct lt_data *data = dataset->data;
    const int begin = part * data->raw_count, end = begin + data->raw_count;
    for (int i = begin; i < end; i++)
        if (!dataset->raw[i].table
            && !open_file(dataset, i, end, root, dataset->wanted + *taken, taken, fault))
            return false;
    const struct lt_dataset_raw *first = &dataset->raw[begin];
    for (int i = begin; i < end; i++) {
        const struct lt_dataset_raw *raw = &dataset->raw[i];
        if (raw->column->rows != first->column->rows)
            return lt_fail(fault, "%s: has %lld rows, but %s has %lld", raw->table->path,
                           (long long)raw->column->rows, first->table->path,
                           (long long)first->column->rows);
    }
    dataset->part_rows[part] = data->raw_count ? first->column->rows : 0;
    dataset->rows += dataset->part_rows[part];
    if (!dataset->part_rows[part])
        return lt_fail(fault, "%s: %s has no rows", data->name,
                       data->raw_count ? first->table->path : "its source");
    return true;
}

static bool open_files(struct lt_dataset *dataset, const char *root, struct lt_fault *fault)
{
    int taken = 0;
    for (int part = 0; part < dataset->part_count; part++)
        if (!open_part(dataset, part, root, &taken, fault))
            return false;
    return true;
}

static bool share_out(struct lt_dataset *dataset, struct lt_fault *fault)
{
    if (dataset->data->split_given)
        return lt_split_rows(dataset->data, dataset->part_rows, dataset->split_rows, fault);
    for (int i = 0; i < LT_PHASES; i++)
        dataset->split_rows[i] = dataset->rows;
    return true;
}

struct lt_dataset *lt_dataset_open(const struct lt_data *data, const char *root,
                                   uint64_t split_seed, struct lt_fault *fault)
{
    struct lt_dataset *dataset = calloc(1, sizeof *dataset);
    if (!dataset) {
        lt_fail(fault, "%s: no memory for a dataset", data->name);
        return NULL;
    }
    dataset->part_count = data->part_count > 1 ? data->part_count : 1;
    const size_t count = (size_t)data->raw_count * (size_t)dataset->part_count + 1;
    dataset->data = data;
    dataset->split_seed = split_seed;
    dataset->table = calloc(count, sizeof *dataset->table);
    dataset->wanted = calloc(count, sizeof *dataset->wanted);
    dataset->raw = calloc(count, sizeof *dataset->raw);
    pthread_mutex_init(&dataset->lock, NULL);
    const bool memory = dataset->table && dataset->wanted && dataset->raw;
    if (!memory)
        lt_fail(fault, "%s: no memory for a dataset", data->name);
    if (memory && (!strcmp(data->source, "none")
                   || (open_files(dataset, root, fault) && share_out(dataset, fault))))
        return dataset;
    lt_dataset_close(dataset);
    return NULL;
}

void lt_dataset_close(struct lt_dataset *dataset)
{
    if (!dataset)
        return;
    for (int i = 0; i < dataset->table_count; i++)
        lt_table_close(dataset->table[i]);
    pthread_mutex_destroy(&dataset->lock);
    free(dataset->table);
    free(dataset->wanted);
    free(dataset->raw);
    free(dataset);
}

int64_t lt_dataset_rows(const struct lt_dataset *dataset)
{
    return dataset->rows;
}

int64_t lt_dataset_phase_rows(const struct lt_dataset *dataset, enum lt_phase phase)
{
    return dataset->split_rows[phase];
}

bool lt_dataset_load(struct lt_dataset *dataset, struct lt_fault *fault)
{
    pthread_mutex_lock(&dataset->lock);
    for (int i = 0; i < dataset->table_count && !dataset->loaded && !dataset->failed; i++)
        dataset->failed = !lt_table_load(dataset->table[i], &dataset->fault);
    dataset->loaded = !dataset->failed;
    const bool loaded = dataset->loaded;
    if (!loaded)
        lt_fail(fault, "%s", dataset->fault.text);
    pthread_mutex_unlock(&dataset->lock);
    return loaded;
}

// ---- samples ------------------------------------------------------------------------------------

static int64_t integer_at(const void *data, enum lt_dtype dtype, size_t i)
{
    switch (dtype) {
    case LT_I64: return ((const int64_t *)data)[i];
    case LT_I32: return ((const int32_t *)data)[i];
    case LT_I16: return ((const int16_t *)data)[i];
    case LT_I8:  return ((const int8_t *)data)[i];
    default:     return ((const uint8_t *)data)[i];
    }
}

// The raw fields of the source that has the row `index`, and which row of it that is.
static const struct lt_dataset_raw *raw_at(const struct lt_dataset *dataset, int64_t *index)
{
    int part = 0;
    while (part + 1 < dataset->part_count && *index >= dataset->part_rows[part])
        *index -= dataset->part_rows[part++];
    return &dataset->raw[part * dataset->data->raw_count];
}

// The file that the value came from: the first with the same value in this row, if there is one.
static const char *origin(const struct lt_dataset *dataset, int64_t index, int64_t value)
{
    const struct lt_dataset_raw *raw = raw_at(dataset, &index);
    for (int i = 0; i < dataset->data->raw_count; i++) {
        const struct lt_column *column = raw[i].column;
        const bool integer = column->dtype >= LT_I64 && column->dtype <= LT_U8;
        if (integer && column->rank == 0
            && integer_at(column->data, column->dtype, (size_t)index) == value)
            return raw[i].table->path;
    }
    return dataset->table_count ? dataset->table[0]->path : dataset->data->name;
}

// The text column whose word in this row the program doesn't know, if -1 stands for that.
static const struct lt_dataset_raw *unknown_word(const struct lt_dataset *dataset, int64_t index)
{
    const struct lt_dataset_raw *raw = raw_at(dataset, &index);
    for (int i = 0; i < dataset->data->raw_count; i++) {
        const struct lt_column *column = raw[i].column;
        if (column->text && integer_at(column->data, LT_I32, (size_t)index) < 0)
            return &raw[i];
    }
    return NULL;
}

static bool out_of_range(const struct lt_dataset *dataset, const struct lt_field *field,
                         int64_t value, int64_t index, struct lt_fault *fault)
{
    const struct lt_dataset_raw *raw = value == -1 ? unknown_word(dataset, index) : NULL;
    const char *file = origin(dataset, index, value);
    raw_at(dataset, &index);            // the row of that file
    if (raw)
        return lt_fail(fault, "%s: row %lld has no text in column %s, or one that the program was "
                       "not built with", raw->table->path, (long long)index, raw->column->name);
    return lt_fail(fault, "%s: row %lld has %s %lld, expected 0 to %lld",
                   file, (long long)index, field->name, (long long)value,
                   (long long)field->below - 1);
}

static bool in_range(const struct lt_dataset *dataset, const struct lt_field *field,
                     const void *data, int64_t index, struct lt_fault *fault)
{
    const size_t count = field->row_bytes / lt_dtype_bytes(field->dtype);
    for (size_t i = 0; i < count; i++) {
        const int64_t value = integer_at(data, field->dtype, i);
        if (value < 0 || value >= field->below)
            return out_of_range(dataset, field, value, index, fault);
    }
    return true;
}

bool lt_dataset_sample(const struct lt_dataset *dataset, void *const *out, void *scratch,
                       uint64_t seed, uint64_t epoch, int64_t index, bool training,
                       const void **raw, struct lt_fault *fault)
{
    const struct lt_data *data = dataset->data;
    int64_t row = index;
    const struct lt_dataset_raw *from = raw_at(dataset, &row);
    for (int i = 0; i < data->raw_count; i++)
        raw[i] = from[i].column->data + (size_t)row * from[i].column->row_bytes;
    data->sample(raw, out, scratch, seed, epoch, (uint64_t)index, training);
    for (int i = 0; i < data->field_count; i++)
        if (data->field[i].below > 0
            && !in_range(dataset, &data->field[i], out[i], index, fault))
            return false;
    return true;
}

static bool verify_rows(struct lt_dataset *dataset, void **out, void *scratch, const void **raw,
                        struct lt_fault *fault)
{
    for (int64_t i = 0; i < dataset->rows; i++)
        if (!lt_dataset_sample(dataset, out, scratch, 0, 0, i, false, raw, fault))
            return false;
    return true;
}

bool lt_dataset_verify(struct lt_dataset *dataset, struct lt_fault *fault)
{
    enum { ALIGNMENT = 64 };
    const struct lt_data *data = dataset->data;
    size_t bytes = data->sample_scratch / ALIGNMENT * ALIGNMENT + ALIGNMENT;
    for (int i = 0; i < data->field_count; i++)
        bytes += data->field[i].row_bytes / ALIGNMENT * ALIGNMENT + ALIGNMENT;
    char *block = aligned_alloc(ALIGNMENT, bytes);
    void **out = calloc((size_t)data->field_count + 1, sizeof *out);
    const void **raw = calloc((size_t)data->raw_count + 1, sizeof *raw);
    bool fine = block && out && raw;
    if (!fine)
        lt_fail(fault, "%s: no memory for a sample", data->name);
    char *at = block ? block + data->sample_scratch / ALIGNMENT * ALIGNMENT + ALIGNMENT : NULL;
    for (int i = 0; fine && i < data->field_count; i++) {
        out[i] = at;
        at += data->field[i].row_bytes / ALIGNMENT * ALIGNMENT + ALIGNMENT;
    }
    fine = fine && lt_dataset_load(dataset, fault)
        && verify_rows(dataset, out, block, raw, fault);
    free(block);
    free(out);
    free(raw);
    return fine;
}
