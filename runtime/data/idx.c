// idx: the format of MNIST (Y. LeCun, "The MNIST database of handwritten digits", last section).
//
//   00 00 type rank   size of each axis, 4 bytes, high byte first   elements, high byte first
#include <string.h>
#include "data/table.h"

static bool dtype_of(unsigned char type, enum lt_dtype *dtype)
{
    switch (type) {
    case 0x08: *dtype = LT_U8; return true;
    case 0x09: *dtype = LT_I8; return true;
    case 0x0B: *dtype = LT_I16; return true;
    case 0x0C: *dtype = LT_I32; return true;
    case 0x0D: *dtype = LT_F32; return true;
    case 0x0E: *dtype = LT_F64; return true;
    default:   return false;
    }
}

static bool check_start(const unsigned char start[4], struct lt_array *array, const char *path,
                        struct lt_fault *fault)
{
    if (start[0] || start[1])
        return lt_fail(fault, "%s: begins with the bytes %02x %02x, expected 00 00 as in an IDX "
                       "file", path, start[0], start[1]);
    if (!dtype_of(start[2], &array->dtype))
        return lt_fail(fault, "%s: byte 2 is %02x, expected a type of IDX (08, 09, 0b, 0c, 0d, 0e)",
                       path, start[2]);
    if (start[3] < 1 || start[3] > LT_MAX_RANK + 1)
        return lt_fail(fault, "%s: byte 3 declares %d axes, expected 1 to %d", path, start[3],
                       LT_MAX_RANK + 1);
    array->rank = start[3];
    return true;
}

static bool idx_open(struct lt_table *table, struct lt_fault *fault)
{
    struct lt_input *input = &table->file->input;
    unsigned char start[4], sizes[4 * (LT_MAX_RANK + 1)];
    struct lt_array *array = table->file->own = lt_table_take(table, sizeof *array, fault);
    if (!array)
        return false;
    *array = (struct lt_array){0};
    if (!lt_input_exactly(input, start, sizeof start, "an IDX header", fault)
        || !check_start(start, array, table->path, fault)
        || !lt_input_exactly(input, sizes, 4 * (uint64_t)array->rank, "sizes", fault))
        return false;
    for (int i = 0; i < array->rank; i++) {
        const unsigned char *size = sizes + 4 * i;
        array->size[i] = (int64_t)size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3];
    }
    const uint16_t one = 1;
    array->swapped = lt_dtype_bytes(array->dtype) > 1 && *(const unsigned char *)&one == 1;
    array->offset = input->at;
    if (!lt_array_measure(array, table->path, fault)
        || !lt_input_holds(input, array->offset + array->bytes, fault)
        || !lt_table_columns(table, 1, fault))
        return false;
    table->column->name = "";
    lt_array_describe(array, table->column);
    return true;
}

static bool idx_load(struct lt_table *table, struct lt_fault *fault)
{
    return lt_array_load(table->file->own, table, table->column, fault);
}

const struct lt_table_format lt_format_idx = {"idx", idx_open, idx_load};
