// npy: NumPy's array files (numpy.lib.format, versions 1 to 3).
//
//   93 "NUMPY" major minor   length of the header, 2 bytes or (from version 2) 4, low byte first
//   {'descr': '<f4', 'fortran_order': False, 'shape': (60, 28, 28), }   elements
//
// The header is a literal of Python; only the form that NumPy writes is read: three keys in any
// order. Objects (pickles), records and strings are refused.
#include <string.h>
#include "data/table.h"

enum { HEADER_AT_MOST = 1 << 16 };

// ---- the header's text --------------------------------------------------------------------------

struct text {
    const char *label;          // of the file, for sentences
    const char *start, *at, *end;
    uint64_t offset;            // of `start` in the file
    struct lt_fault *fault;
};

static bool unexpected(const struct text *text, const char *expected)
{
    char quote[LT_QUOTE];
    return lt_fail(text->fault, "%s: byte %llu of its header is %s, expected %s", text->label,
                   (unsigned long long)(text->offset + (uint64_t)(text->at - text->start)),
                   text->at < text->end ? lt_quote(quote, text->at, 1) : "its end", expected);
}

static void blanks(struct text *text)
{
    while (text->at < text->end && strchr(" \t\r\n", *text->at) && *text->at)
        text->at++;
}

static bool take(struct text *text, const char *token)
{
    blanks(text);
    const size_t length = strlen(token);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, token, length))
        return false;
    text->at += length;
    return true;
}

static bool expect(struct text *text, const char *token, const char *spoken)
{
    return take(text, token) || unexpected(text, spoken);
}

// A string without escapes, as a stretch of the header.
static bool string(struct text *text, const char **start, size_t *length)
{
    blanks(text);
    if (text->at == text->end || (*text->at != '\'' && *text->at != '"'))
        return unexpected(text, "a string");
    const char quote = *text->at++;
    const char *close = memchr(text->at, quote, (size_t)(text->end - text->at));
    if (!close)
        return unexpected(text, "a string that ends");
    *start = text->at;
    *length = (size_t)(close - text->at);
    text->at = close + 1;
    return true;
}

static bool number(struct text *text, int64_t *value)
{
    blanks(text);
    if (text->at == text->end || *text->at < '0' || *text->at > '9')
        return unexpected(text, "a size");
    *value = 0;
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++) {
        if (*value > (INT64_MAX - 9) / 10)
            return unexpected(text, "a size below 2^63");
        *value = *value * 10 + (*text->at - '0');
    }
    take(text, "L");            // Python 2 wrote long integers so
    return true;
}

static bool shape(struct text *text, struct lt_array *array)
{
    if (!expect(text, "(", "`(`"))
        return false;
    array->rank = 0;
    while (!take(text, ")")) {
        if (array->rank == LT_MAX_RANK + 1)
            return unexpected(text, "`)`, as more axes are not read");
        if (!number(text, &array->size[array->rank++]))
            return false;
        if (!take(text, ","))
            return expect(text, ")", "`,` or `)`");
    }
    return true;
}

static bool descr(struct text *text, struct lt_array *array)
{
    static const struct { char name[3]; enum lt_dtype dtype; } types[] = {
        {"f8", LT_F64}, {"f4", LT_F32}, {"f2", LT_F16}, {"i8", LT_I64}, {"i4", LT_I32},
        {"i2", LT_I16}, {"i1", LT_I8}, {"u1", LT_U8}, {"b1", LT_BOOL},
    };
    const char *name;
    size_t length;
    if (take(text, "["))
        return lt_fail(text->fault, "%s: holds records of several fields, expected one type",
                       text->label);
    if (!string(text, &name, &length))
        return false;
    const uint16_t one = 1;
    const char native = *(const unsigned char *)&one == 1 ? '<' : '>';
    const bool ordered = length == 3 && strchr("<>|=", name[0]) && name[0];
    for (size_t i = 0; ordered && i < sizeof types / sizeof *types; i++)
        if (!memcmp(name + 1, types[i].name, 2)) {
            array->dtype = types[i].dtype;
            array->swapped = (name[0] == '<' || name[0] == '>') && name[0] != native
                && lt_dtype_bytes(array->dtype) > 1;
            return true;
        }
    char quote[LT_QUOTE];
    return lt_fail(text->fault, "%s: holds elements of the type %s, expected f8, f4, f2, i8, i4, "
                   "i2, i1, u1 or b1", text->label, lt_quote(quote, name, length));
}

static bool order(struct text *text, struct lt_array *array)
{
    array->fortran = take(text, "True");
    return array->fortran || expect(text, "False", "True or False");
}

static bool dictionary(struct text *text, struct lt_array *array)
{
    static const struct {
        const char *key;
        bool (*read)(struct text *text, struct lt_array *array);
    } entries[] = {{"descr", descr}, {"fortran_order", order}, {"shape", shape}};
    unsigned seen = 0;
    if (!expect(text, "{", "`{`"))
        return false;
    while (!take(text, "}")) {
        const char *key;
        size_t length, i;
        if (!string(text, &key, &length) || !expect(text, ":", "`:`"))
            return false;
        for (i = 0; i < 3; i++)
            if (strlen(entries[i].key) == length && !memcmp(entries[i].key, key, length))
                break;
        if (i == 3 || (seen & 1u << i))
            return unexpected(text, "descr, fortran_order and shape, once each");
        if (!entries[i].read(text, array))
            return false;
        seen |= 1u << i;
        if (take(text, ","))
            continue;
        if (!expect(text, "}", "`,` or `}`"))
            return false;
        break;
    }
    blanks(text);
    if (seen != 7)
        return unexpected(text, "descr, fortran_order and shape, once each");
    return text->at == text->end || unexpected(text, "its end");
}

// ---- the header ---------------------------------------------------------------------------------

static bool header_length(struct lt_input *input, const char *label, uint32_t *length,
                          struct lt_fault *fault)
{
    unsigned char start[8], size[4] = {0};
    if (!lt_input_exactly(input, start, sizeof start, "a NumPy header", fault))
        return false;
    if (memcmp(start, "\x93NUMPY", 6))
        return lt_fail(fault, "%s: does not begin with the bytes 93 \"NUMPY\"", label);
    if (start[6] < 1 || start[6] > 3)
        return lt_fail(fault, "%s: byte 6 declares version %d.%d, expected 1 to 3", label, start[6],
                       start[7]);
    if (!lt_input_exactly(input, size, start[6] == 1 ? 2 : 4, "a length", fault))
        return false;
    *length = size[0] | (uint32_t)size[1] << 8 | (uint32_t)size[2] << 16 | (uint32_t)size[3] << 24;
    if (*length > HEADER_AT_MOST)
        return lt_fail(fault, "%s: declares a header of %u bytes, expected at most %d", label,
                       *length, HEADER_AT_MOST);
    return true;
}

bool lt_npy_header(struct lt_input *input, const char *label, struct lt_array *array,
                   struct lt_fault *fault)
{
    char header[HEADER_AT_MOST];
    uint32_t length = 0;
    *array = (struct lt_array){0};
    if (!header_length(input, label, &length, fault))
        return false;
    const uint64_t offset = input->at;
    if (!lt_input_exactly(input, header, length, "header", fault))
        return false;
    struct text text = {label, header, header, header + length, offset, fault};
    if (!dictionary(&text, array))
        return false;
    if (!array->rank)
        return lt_fail(fault, "%s: holds a single number, expected an array whose first axis is "
                       "the rows", label);
    array->offset = input->at;
    return lt_array_measure(array, label, fault);
}

static bool npy_open(struct lt_table *table, struct lt_fault *fault)
{
    struct lt_input *input = &table->file->input;
    struct lt_array *array = table->file->own = lt_table_take(table, sizeof *array, fault);
    if (!array || !lt_npy_header(input, table->path, array, fault)
        || !lt_input_holds(input, array->offset + array->bytes, fault)
        || !lt_table_columns(table, 1, fault))
        return false;
    table->column->name = "";
    lt_array_describe(array, table->column);
    return true;
}

static bool npy_load(struct lt_table *table, struct lt_fault *fault)
{
    return lt_array_load(table->file->own, table, table->column, fault);
}

const struct lt_table_format lt_format_npy = {"npy", npy_open, npy_load};
