// probe: opens a data file and prints what the reader makes of it, for tests/data/readers.py.
//
//   probe FORMAT FILE [-o OPTION] [-w NAME:DTYPE]… [-W NAME:WORD,WORD…]… [-s]
//
// -w asks for a column as a program does, -W for a column of words, -s prints the schema only.
// Prints a line a column, then a line a row; a refused file is one sentence on stderr and exit 1.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data/reader.h"

enum { WANTED_AT_MOST = 16, WORDS_AT_MOST = 64 };

static struct lt_raw_field wanted[WANTED_AT_MOST];
static int wanted_count;

static enum lt_dtype dtype_named(const char *name)
{
    for (int i = LT_F64; i <= LT_BOOL; i++)
        if (!strcmp(lt_dtype_name((enum lt_dtype)i), name))
            return (enum lt_dtype)i;
    fprintf(stderr, "probe: no dtype %s\n", name);
    exit(2);
}

static void want(char *text, bool words)
{
    char *colon = strchr(text, ':');
    struct lt_raw_field *field = &wanted[wanted_count++];
    if (!colon || wanted_count > WANTED_AT_MOST)
        exit(2);
    *colon = '\0';
    *field = (struct lt_raw_field){.name = text, .dtype = LT_I32, .text = words};
    if (!words) {
        field->dtype = dtype_named(colon + 1);
        return;
    }
    const char **list = calloc(WORDS_AT_MOST, sizeof *list);
    for (char *word = strtok(colon + 1, ","); word; word = strtok(NULL, ","))
        list[field->word_count++] = word;
    field->words = list;
}

static void print_value(enum lt_dtype dtype, const unsigned char *data, size_t i)
{
    const void *at = data + i * lt_dtype_bytes(dtype);
    double wide;
    float single;
    uint16_t half;
    int64_t i64;
    int32_t i32;
    int16_t i16;
    switch (dtype) {
    case LT_F64: memcpy(&wide, at, 8); printf(" %.17g", wide); break;
    case LT_F32: memcpy(&single, at, 4); printf(" %.9g", (double)single); break;
    case LT_F16:
    case LT_BF16: memcpy(&half, at, 2); printf(" %04x", half); break;
    case LT_I64: memcpy(&i64, at, 8); printf(" %lld", (long long)i64); break;
    case LT_I32: memcpy(&i32, at, 4); printf(" %d", i32); break;
    case LT_I16: memcpy(&i16, at, 2); printf(" %d", i16); break;
    case LT_I8: printf(" %d", *(const int8_t *)at); break;
    default: printf(" %d", *(const uint8_t *)at); break;
    }
}

static void print_column(const struct lt_column *column)
{
    printf("column \"%s\" %s [", column->name, lt_dtype_name(column->dtype));
    for (int i = 0; i < column->rank; i++)
        printf(i ? ", %lld" : "%lld", (long long)column->shape[i]);
    printf("] rows %lld missing %lld", (long long)column->rows, (long long)column->missing);
    if (column->text && column->word_rows)
        for (int i = 0; i < column->word_count; i++)
            printf(" %s*%lld", column->words[i], (long long)column->word_rows[i]);
    int64_t least, greatest;
    if (!column->text && column->data && lt_column_extent(column, &least, &greatest))
        printf(" from %lld to %lld", (long long)least, (long long)greatest);
    printf("\n");
}

static void print_rows(const struct lt_table *table)
{
    for (int64_t row = 0; row < table->rows; row++) {
        printf("row");
        for (int i = 0; i < table->column_count; i++) {
            const struct lt_column *column = &table->column[i];
            const size_t count = column->row_bytes / lt_dtype_bytes(column->dtype);
            if (!column->data || row >= column->rows)
                continue;
            for (size_t k = 0; k < count; k++)
                print_value(column->dtype, column->data + (size_t)row * column->row_bytes, k);
            printf(i + 1 < table->column_count ? " |" : "");
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    struct lt_fault fault = {.text = ""};
    const char *option = "";
    bool schema_only = false;
    if (argc < 3)
        return 2;
    for (int i = 3; i < argc; i++) {
        if (!strcmp(argv[i], "-s"))
            schema_only = true;
        else if (!strcmp(argv[i], "-o") && i + 1 < argc)
            option = argv[++i];
        else if (!strcmp(argv[i], "-w") && i + 1 < argc)
            want(argv[++i], false);
        else if (!strcmp(argv[i], "-W") && i + 1 < argc)
            want(argv[++i], true);
        else
            return 2;
    }
    struct lt_table *table = lt_table_open(argv[2], argv[1], option, wanted_count ? wanted : NULL,
                                           wanted_count, &fault);
    if (!table || (!schema_only && !lt_table_load(table, &fault))) {
        fprintf(stderr, "%s\n", fault.text);
        lt_table_close(table);
        return 1;
    }
    for (int i = 0; i < table->column_count; i++)
        print_column(&table->column[i]);
    if (!schema_only)
        print_rows(table);
    lt_table_close(table);
    for (int i = 0; i < wanted_count; i++)
        free((void *)wanted[i].words);
    return 0;
}
