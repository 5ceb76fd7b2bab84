// table: opening by format, the memory of a table, and the check against what a program wants.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "data/table.h"

struct lt_table_block {
    struct lt_table_block *next, *before;
    void *memory;
    uint64_t mapped;            // bytes of a mapping; 0: from the heap
};

static const struct lt_table_format *const formats[] = {
    &lt_format_idx, &lt_format_npy, &lt_format_npz, &lt_format_csv,
};

const char *lt_dtype_name(enum lt_dtype dtype)
{
    static const char *const name[] = {
        [LT_F64] = "f64", [LT_F32] = "f32", [LT_F16] = "f16", [LT_BF16] = "bf16", [LT_I64] = "i64",
        [LT_I32] = "i32", [LT_I16] = "i16", [LT_I8] = "i8", [LT_U8] = "u8", [LT_BOOL] = "bool",
    };
    return name[dtype];
}

size_t lt_dtype_bytes(enum lt_dtype dtype)
{
    static const unsigned char bytes[] = {
        [LT_F64] = 8, [LT_F32] = 4, [LT_F16] = 2, [LT_BF16] = 2, [LT_I64] = 8,
        [LT_I32] = 4, [LT_I16] = 2, [LT_I8] = 1, [LT_U8] = 1, [LT_BOOL] = 1,
    };
    return bytes[dtype];
}

// ---- memory -------------------------------------------------------------------------------------

static void block_add(struct lt_table *table, struct lt_table_block *block, void *memory,
                      uint64_t mapped)
{
    *block = (struct lt_table_block){table->file->block, NULL, memory, mapped};
    if (block->next)
        block->next->before = block;
    table->file->block = block;
}

void *lt_table_take(struct lt_table *table, uint64_t bytes, struct lt_fault *fault)
{
    enum { ALIGNMENT = 64 };
    struct lt_table_block *block = bytes > PTRDIFF_MAX ? NULL : malloc(sizeof *block);
    void *memory = NULL;
    // Not rounded up, so that a sanitizer sees a byte read past the end.
    if (!block || posix_memalign(&memory, ALIGNMENT, bytes ? bytes : 1)) {
        free(block);
        lt_fail(fault, "%s: no memory for its %llu bytes", table->path, (unsigned long long)bytes);
        return NULL;
    }
    block_add(table, block, memory, 0);
    return memory;
}

bool lt_table_adopt(struct lt_table *table, void *map, uint64_t bytes)
{
    struct lt_table_block *block = malloc(sizeof *block);
    if (!block)
        return false;
    block_add(table, block, map, bytes);
    return true;
}

void lt_table_give(struct lt_table *table, void *memory)
{
    for (struct lt_table_block *block = table->file->block; block; block = block->next) {
        if (block->memory != memory)
            continue;
        *(block->before ? &block->before->next : &table->file->block) = block->next;
        if (block->next)
            block->next->before = block->before;
        free(memory);
        free(block);
        return;
    }
}

bool lt_table_columns(struct lt_table *table, int count, struct lt_fault *fault)
{
    table->column = lt_table_take(table, (uint64_t)count * sizeof *table->column, fault);
    if (!table->column)
        return false;
    memset(table->column, 0, (size_t)count * sizeof *table->column);
    table->column_count = count;
    return true;
}

char *lt_table_text(struct lt_table *table, const char *text, size_t length, struct lt_fault *fault)
{
    char *copy = lt_table_take(table, length + 1, fault);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

void lt_table_close(struct lt_table *table)
{
    if (!table)
        return;
    struct lt_table_file *file = table->file;
    lt_input_close(&file->input);
    while (file->block) {
        struct lt_table_block *block = file->block;
        file->block = block->next;
        if (block->mapped)
            munmap(block->memory, block->mapped);
        else
            free(block->memory);
        free(block);
    }
    free((char *)table->path);
    free(file);
    free(table);
}

// ---- opening ------------------------------------------------------------------------------------

const struct lt_column *lt_table_column(const struct lt_table *table, const char *name)
{
    for (int i = 0; i < table->column_count; i++)
        if (!strcmp(table->column[i].name, name))
            return &table->column[i];
    return table->column_count == 1 && !*table->column[0].name ? table->column : NULL;
}

static bool fits(const struct lt_table *table, const struct lt_raw_field *wanted,
                 struct lt_fault *fault)
{
    const struct lt_column *column = lt_table_column(table, wanted->name);
    if (!column)
        return lt_fail(fault, "%s: has no column %s, which the program was built with",
                       table->path, wanted->name);
    const bool same = column->dtype == wanted->dtype && column->rank == wanted->rank
        && !memcmp(column->shape, wanted->shape, (size_t)wanted->rank * sizeof *wanted->shape);
    if (same)
        return true;
    char has[LT_SHAPE_TEXT], wants[LT_SHAPE_TEXT];
    return lt_fail(fault, "%s: has rows of %s%s, but the program was built for %s%s (field %s)",
                   table->path, lt_dtype_name(column->dtype),
                   column->rank ? lt_shape_text(has, column->shape, column->rank) : "",
                   lt_dtype_name(wanted->dtype),
                   wanted->rank ? lt_shape_text(wants, wanted->shape, wanted->rank) : "",
                   wanted->name);
}

static struct lt_table *table_new(const char *path)
{
    struct lt_table *table = calloc(1, sizeof *table);
    struct lt_table_file *file = calloc(1, sizeof *file);
    char *name = strdup(path);
    if (!table || !file || !name) {
        free(table);
        free(file);
        free(name);
        return NULL;
    }
    file->input.descriptor = -1;
    table->path = name;
    table->file = file;
    return table;
}

static const struct lt_table_format *format_named(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(formats[i]->name, name))
            return formats[i];
    return NULL;
}

static bool open_as(struct lt_table *table, const char *format, struct lt_fault *fault)
{
    struct lt_table_file *file = table->file;
    file->format = format_named(format);
    if (!file->format)
        return lt_fail(fault, "%s: no reader for the format %s", table->path, format);
    table->format = file->format->name;
    if (!lt_input_open(&file->input, table->path, fault) || !file->format->open(table, fault))
        return false;
    table->rows = table->column_count ? table->column[0].rows : 0;
    for (int i = 0; i < file->wanted_count; i++)
        if (!fits(table, &file->wanted[i], fault))
            return false;
    return true;
}

struct lt_table *lt_table_open(const char *path, const char *format, const char *option,
                               const struct lt_raw_field *wanted, int wanted_count,
                               struct lt_fault *fault)
{
    struct lt_table *table = table_new(path);
    if (!table) {
        lt_fail(fault, "%s: no memory to open it", path);
        return NULL;
    }
    table->file->option = option ? option : "";
    table->file->wanted = wanted;
    table->file->wanted_count = wanted ? wanted_count : 0;
    if (open_as(table, format, fault))
        return table;
    lt_table_close(table);
    return NULL;
}

bool lt_table_load(struct lt_table *table, struct lt_fault *fault)
{
    if (table->file->loaded)
        return true;
    if (!table->file->format->load(table, fault))
        return false;
    lt_input_close(&table->file->input);
    return table->file->loaded = true;
}

// ---- what the compiler asks ---------------------------------------------------------------------

static int64_t integer_at(const struct lt_column *column, int64_t i)
{
    switch (column->dtype) {
    case LT_I64: return ((const int64_t *)(const void *)column->data)[i];
    case LT_I32: return ((const int32_t *)(const void *)column->data)[i];
    case LT_I16: return ((const int16_t *)(const void *)column->data)[i];
    case LT_I8:  return (int8_t)column->data[i];
    default:     return column->data[i];
    }
}

bool lt_column_extent(const struct lt_column *column, int64_t *least, int64_t *greatest)
{
    const bool integer = column->dtype >= LT_I64 && column->dtype <= LT_U8;
    const uint64_t values = column->row_bytes / lt_dtype_bytes(column->dtype)
        * (uint64_t)column->rows;
    if (!integer || !column->data || !values)
        return false;
    *least = *greatest = integer_at(column, 0);
    for (uint64_t i = 1; i < values; i++) {
        const int64_t value = integer_at(column, (int64_t)i);
        *least = value < *least ? value : *least;
        *greatest = value > *greatest ? value : *greatest;
    }
    return true;
}
