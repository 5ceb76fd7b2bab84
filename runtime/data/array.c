// array: elements of one dtype in a file, brought into native byte order and row order.
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "data/table.h"

// Larger arrays that stand in the file as they are wanted are mapped, smaller ones read: a file
// that shrinks under a running program must not take the common case down.
enum { MAPPED_FROM = 1 << 28 };

bool lt_array_measure(struct lt_array *array, const char *path, struct lt_fault *fault)
{
    uint64_t bytes = lt_dtype_bytes(array->dtype), row = bytes;
    bool small = true;
    for (int i = 0; i < array->rank; i++) {
        const uint64_t size = (uint64_t)array->size[i];
        small = small && lt_multiply(bytes, size, &bytes);
        if (i)
            small = small && lt_multiply(row, size, &row);
    }
    array->bytes = bytes;
    if (small)
        return true;
    char shape[LT_SHAPE_TEXT];
    return lt_fail(fault, "%s: its header declares the shape %s of %s, larger than any file", path,
                   lt_shape_text(shape, array->size, array->rank), lt_dtype_name(array->dtype));
}

void lt_array_describe(const struct lt_array *array, struct lt_column *column)
{
    column->rows = array->size[0];
    column->dtype = array->dtype;
    column->rank = array->rank - 1;
    column->row_bytes = lt_dtype_bytes(array->dtype);
    for (int i = 1; i < array->rank; i++) {
        column->shape[i - 1] = array->size[i];
        column->row_bytes *= (size_t)array->size[i];
    }
}

// ---- order --------------------------------------------------------------------------------------

static void swap_bytes(unsigned char *data, uint64_t bytes, size_t item)
{
    if (item == 2)
        for (uint64_t i = 0; i < bytes; i += 2) {
            uint16_t x;
            memcpy(&x, data + i, 2);
            x = (uint16_t)(x << 8 | x >> 8);
            memcpy(data + i, &x, 2);
        }
    else
        for (uint64_t i = 0; i < bytes; i += item)
            for (size_t a = 0, b = item - 1; a < b; a++, b--) {
                const unsigned char kept = data[i + a];
                data[i + a] = data[i + b];
                data[i + b] = kept;
            }
}

// First index fastest to last index fastest.
static void transpose(const struct lt_array *array, const unsigned char *from, unsigned char *to)
{
    const size_t item = lt_dtype_bytes(array->dtype);
    const uint64_t count = array->bytes / item;
    int64_t index[LT_MAX_RANK + 1] = {0};
    uint64_t stride[LT_MAX_RANK + 1], at = 0;
    stride[0] = 1;
    for (int i = 1; i < array->rank; i++)
        stride[i] = stride[i - 1] * (uint64_t)array->size[i - 1];
    for (uint64_t i = 0; i < count; i++) {
        memcpy(to + i * item, from + at * item, item);
        for (int axis = array->rank - 1; axis >= 0; axis--) {
            at += stride[axis];
            if (++index[axis] < array->size[axis])
                break;
            at -= stride[axis] * (uint64_t)array->size[axis];
            index[axis] = 0;
        }
    }
}

// ---- loading ------------------------------------------------------------------------------------

static const unsigned char *map(const struct lt_array *array, struct lt_table *table)
{
    const struct lt_input *input = &table->file->input;
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), start = input->begin + array->offset;
    const uint64_t before = start % page;
    void *at = mmap(NULL, array->bytes + before, PROT_READ, MAP_PRIVATE, input->descriptor,
                    (off_t)(start - before));
    if (at == MAP_FAILED)
        return NULL;
    if (lt_table_adopt(table, at, array->bytes + before))
        return (const unsigned char *)at + before;
    munmap(at, array->bytes + before);
    return NULL;
}

static bool as_it_stands(const struct lt_array *array, const struct lt_input *input)
{
    return input->packing == LT_PLAIN && !array->swapped && !array->fortran
        && array->dtype != LT_BOOL && array->bytes >= MAPPED_FROM
        && (input->begin + array->offset) % lt_dtype_bytes(array->dtype) == 0;
}

bool lt_array_load(const struct lt_array *array, struct lt_table *table, struct lt_column *column,
                   struct lt_fault *fault)
{
    struct lt_input *input = &table->file->input;
    if (as_it_stands(array, input) && (column->data = map(array, table)))
        return true;
    unsigned char *data = lt_table_take(table, array->bytes, fault);
    if (!data || !lt_input_exactly(input, data, array->bytes, "elements", fault)
        || !lt_input_ends(input, fault))
        return false;
    if (array->swapped)
        swap_bytes(data, array->bytes, lt_dtype_bytes(array->dtype));
    if (array->dtype == LT_BOOL)
        for (uint64_t i = 0; i < array->bytes; i++)
            data[i] = data[i] != 0;
    if (array->fortran && array->rank > 1) {
        unsigned char *rows = lt_table_take(table, array->bytes, fault);
        if (!rows)
            return false;
        transpose(array, data, rows);
        lt_table_give(table, data);
        data = rows;
    }
    column->data = data;
    return true;
}
