// csv: columns of numbers and words out of a text. Two passes, so that nothing is kept per cell:
// opening counts the rows and (without `wanted`) finds each column's type, loading fills the rows.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data/csv.h"
#include "data/words.h"

enum {
    COLUMNS_AT_MOST = 1 << 16, GIVEN_AT_MOST = 4096, MISSING_AT_MOST = 64,
    FREE_EXPANSION = 1 << 26, EXPANSION = 10,
};

struct spelling { const char *text; size_t length; };

struct csv_own {
    char *text;
    uint64_t size;
    struct lt_csv rows;                 // at the first record after the header
    char separator;
    bool header;
    struct spelling missing[MISSING_AT_MOST], given[GIVEN_AT_MOST];
    int missing_count, given_count;
    int cells;                          // of a record
    int *column_of;                     // a cell's column in the table, or -1
    struct column_scan {
        int cell;
        bool number, integer, value;    // every cell so far is one; there was one at all
        struct lt_words words;
    } *scan;                            // a table column each
    char *scratch;                      // a value without its doubled quotes
    size_t scratch_size;
};

static bool is(const struct spelling *spelling, const char *text, size_t length)
{
    return spelling->length == length && !memcmp(spelling->text, text, length);
}

// ---- options ------------------------------------------------------------------------------------

static bool option_separator(struct csv_own *own, const char *value, size_t length)
{
    own->separator = length == 2 && !memcmp(value, "\\t", 2) ? '\t' : value[0];
    return (length == 1 || own->separator == '\t') && !strchr("\"\r\n", own->separator);
}

static bool option(struct csv_own *own, const char *name, size_t name_length, const char *value,
                   size_t length)
{
    const struct spelling key = {name, name_length}, given = {value, length};
    if (is(&key, "separator", 9))
        return length && option_separator(own, value, length);
    if (is(&key, "header", 6)) {
        own->header = is(&given, "true", 4);
        return own->header || is(&given, "false", 5);
    }
    if (is(&key, "missing", 7) && own->missing_count < MISSING_AT_MOST) {
        own->missing[own->missing_count++] = given;
        return true;
    }
    if (is(&key, "column", 6) && own->given_count < GIVEN_AT_MOST) {
        own->given[own->given_count++] = given;
        return true;
    }
    return false;
}

static bool read_options(struct lt_table *table, struct csv_own *own, struct lt_fault *fault)
{
    own->separator = ',';
    own->header = true;
    for (const char *at = table->file->option; *at;) {
        const char *end = at + strcspn(at, "\n");
        const char *equals = memchr(at, '=', (size_t)(end - at));
        if (!equals || !option(own, at, (size_t)(equals - at), equals + 1,
                               (size_t)(end - equals - 1)))
            return lt_fail(fault, "%s: %.*s is not an option of a CSV source", table->path,
                           (int)(end - at), at);
        at = *end ? end + 1 : end;
    }
    return true;
}

// ---- the text -----------------------------------------------------------------------------------

// A compressed text declares no size, so what it may become is bounded by what it is.
static bool expand_text(struct lt_table *table, struct csv_own *own, struct lt_fault *fault)
{
    struct lt_input *input = &table->file->input;
    const uint64_t ten = input->file_size * EXPANSION;
    const uint64_t limit = ten > FREE_EXPANSION ? ten : FREE_EXPANSION;
    uint64_t capacity = input->file_size * 4 + 4096;
    own->text = lt_table_take(table, capacity, fault);
    while (own->text) {
        const int64_t got = lt_input_read(input, own->text + own->size, capacity - own->size,
                                          fault);
        if (got < 0)
            return false;
        own->size += (uint64_t)got;
        if (own->size > limit)
            return lt_fail(fault, "%s: expands to more than %llu bytes from %llu; if that is "
                           "meant, decompress it", table->path, (unsigned long long)limit,
                           (unsigned long long)input->file_size);
        if (own->size < capacity)
            return true;
        capacity = capacity * 2 > limit ? limit + 1 : capacity * 2;
        char *more = lt_table_take(table, capacity, fault);
        if (more)
            memcpy(more, own->text, own->size);
        lt_table_give(table, own->text);
        own->text = more;
    }
    return false;
}

static bool read_text(struct lt_table *table, struct csv_own *own, struct lt_fault *fault)
{
    struct lt_input *input = &table->file->input;
    if (input->packing != LT_PLAIN)
        return expand_text(table, own, fault);
    own->text = lt_table_take(table, own->size = input->file_size, fault);
    return own->text && lt_input_exactly(input, own->text, own->size, "text", fault);
}

// The cell's value, valid until the next call; NULL: no memory.
static const char *value(struct lt_table *table, const struct lt_csv_cell *cell, size_t *length,
                         struct lt_fault *fault)
{
    struct csv_own *own = table->file->own;
    *length = cell->length;
    if (!cell->doubled)
        return cell->text;
    if (cell->length > own->scratch_size) {
        lt_table_give(table, own->scratch);
        own->scratch_size = 0;
        own->scratch = lt_table_take(table, cell->length * 2, fault);
        if (!own->scratch)
            return NULL;
        own->scratch_size = cell->length * 2;
    }
    *length = lt_csv_value(cell, own->scratch);
    return own->scratch;
}

static bool is_missing(const struct csv_own *own, const char *text, size_t length)
{
    for (int i = 0; i < own->missing_count; i++)
        if (is(&own->missing[i], text, length))
            return true;
    return length == 0;
}

// ---- names --------------------------------------------------------------------------------------

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool distinct(struct lt_table *table, const char **names, int count, struct lt_fault *fault)
{
    const char **sorted = lt_table_take(table, (uint64_t)count * sizeof *sorted, fault);
    if (!sorted)
        return false;
    memcpy(sorted, names, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_text);
    char quote[LT_QUOTE];
    for (int i = 1; i < count; i++)
        if (!strcmp(sorted[i - 1], sorted[i]))
            return lt_fail(fault, "%s: has two columns %s", table->path,
                           lt_quote(quote, sorted[i], strlen(sorted[i])));
    lt_table_give(table, sorted);
    return true;
}

static bool count_cells(struct csv_own *own, struct lt_csv scan, struct lt_fault *fault)
{
    struct lt_csv_cell cell = {.last = false};
    while (!cell.last) {
        if (!lt_csv_cell(&scan, &cell))
            return false;
        if (++own->cells > COLUMNS_AT_MOST)
            return lt_fail(fault, "%s:%lld: has more than %d columns", scan.path,
                           (long long)cell.line, COLUMNS_AT_MOST);
    }
    return true;
}

static const char *column_name(struct lt_table *table, const struct lt_csv_cell *cell, int i,
                               struct lt_fault *fault)
{
    const struct csv_own *own = table->file->own;
    char counted[16];
    size_t length = 0;
    const char *text = "";
    if (own->given_count) {
        text = own->given[i].text;
        length = own->given[i].length;
    } else if (own->header && !(text = value(table, cell, &length, fault))) {
        return NULL;
    }
    if (!lt_utf8_valid((const unsigned char *)text, length)) {
        lt_fail(fault, "%s:%lld: the name of column %d is not UTF-8", table->path,
                (long long)cell->line, i + 1);
        return NULL;
    }
    if (!length) {
        length = (size_t)sprintf(counted, "c%d", i);
        text = counted;
    }
    return lt_table_text(table, text, length, fault);
}

// The first record gives the number of cells, and the names unless the option does.
static bool read_names(struct lt_table *table, const char ***names, struct lt_fault *fault)
{
    struct csv_own *own = table->file->own;
    if (!lt_csv_record(&own->rows))
        return lt_fail(fault, "%s: is empty, expected %s", table->path,
                       own->header ? "a line with the names of the columns" : "rows");
    struct lt_csv scan = own->rows;
    struct lt_csv_cell cell;
    if (!count_cells(own, scan, fault))
        return false;
    if (own->given_count && own->given_count != own->cells)
        return lt_fail(fault, "%s:%lld: has %d columns, but %d names are given", table->path,
                       (long long)scan.line, own->cells, own->given_count);
    *names = lt_table_take(table, (uint64_t)own->cells * sizeof **names, fault);
    if (!*names)
        return false;
    for (int i = 0; i < own->cells; i++)
        if (!lt_csv_cell(&scan, &cell) || !((*names)[i] = column_name(table, &cell, i, fault)))
            return false;
    if (own->header)
        own->rows = scan;
    return distinct(table, *names, own->cells, fault);
}

// ---- columns ------------------------------------------------------------------------------------

static int cell_named(const struct csv_own *own, const char **names, const char *name)
{
    for (int i = 0; i < own->cells; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

static bool column_wanted(struct lt_table *table, struct lt_column *column,
                          const struct lt_raw_field *wanted, struct lt_fault *fault)
{
    column->dtype = wanted->dtype;
    column->text = wanted->text;
    column->words = wanted->words;
    column->word_count = wanted->word_count;
    if (wanted->text ? wanted->dtype == LT_I32
                     : wanted->dtype != LT_F16 && wanted->dtype != LT_BF16)
        return true;
    return lt_fail(fault, "%s: column %s cannot be read as %s", table->path, column->name,
                   lt_dtype_name(wanted->dtype));
}

static bool make_columns(struct lt_table *table, const char **names, struct lt_fault *fault)
{
    struct csv_own *own = table->file->own;
    const struct lt_raw_field *wanted = table->file->wanted;
    const int count = wanted ? table->file->wanted_count : own->cells;
    own->column_of = lt_table_take(table, (uint64_t)own->cells * sizeof(int), fault);
    own->scan = lt_table_take(table, (uint64_t)count * sizeof *own->scan, fault);
    if (!own->column_of || !own->scan || !lt_table_columns(table, count, fault))
        return false;
    memset(own->column_of, 0xFF, (size_t)own->cells * sizeof(int));
    for (int i = 0; i < count; i++) {
        struct lt_column *column = &table->column[i];
        const int cell = wanted ? cell_named(own, names, wanted[i].name) : i;
        if (cell < 0)
            return lt_fail(fault, "%s: has no column %s, which the program was built with",
                           table->path, wanted[i].name);
        if (own->column_of[cell] >= 0)
            return lt_fail(fault, "%s: the program asks for the column %s twice", table->path,
                           names[cell]);
        own->column_of[cell] = i;
        own->scan[i] = (struct column_scan){.cell = cell, .number = true, .integer = true};
        column->name = names[cell];
        if (wanted && !column_wanted(table, column, &wanted[i], fault))
            return false;
    }
    return true;
}

// ---- first pass: rows and types -----------------------------------------------------------------

static bool look(struct lt_table *table, const struct lt_csv_cell *cell, int i,
                 struct lt_fault *fault)
{
    struct column_scan *scan = &((struct csv_own *)table->file->own)->scan[i];
    size_t length;
    const char *text = value(table, cell, &length, fault);
    if (!text)
        return false;
    if (is_missing(table->file->own, text, length)) {
        table->column[i].missing++;
        return true;
    }
    scan->value = true;
    if (!scan->number)
        return true;
    const enum lt_csv_kind kind = lt_csv_classify(text, length);
    scan->integer = scan->integer && kind == LT_CSV_INTEGER;
    scan->number = kind != LT_CSV_TEXT;
    return true;
}

static void take_type(struct lt_column *column, const struct column_scan *scan)
{
    column->text = !scan->number;
    column->dtype = column->text ? LT_I32
        : scan->integer && scan->value && !column->missing ? LT_I64 : LT_F64;
}

static bool count_rows(struct lt_table *table, struct lt_csv csv, int64_t *rows,
                       struct lt_fault *fault)
{
    struct csv_own *own = table->file->own;
    const bool infer = !table->file->wanted;
    for (*rows = 0; lt_csv_record(&csv); ++*rows) {
        struct lt_csv_cell cell = {.last = false};
        const int64_t line = csv.line;
        int i = 0;
        for (; !cell.last; i++) {
            if (!lt_csv_cell(&csv, &cell))
                return false;
            if (infer && i < own->cells && !look(table, &cell, i, fault))
                return false;
        }
        if (i != own->cells)
            return lt_fail(fault, "%s:%lld: has %d cells, expected %d as in the first line",
                           table->path, (long long)line, i, own->cells);
    }
    return true;
}

static bool csv_open(struct lt_table *table, struct lt_fault *fault)
{
    struct csv_own *own = table->file->own = lt_table_take(table, sizeof *own, fault);
    const char **names = NULL;
    int64_t rows;
    if (!own)
        return false;
    memset(own, 0, sizeof *own);
    if (!read_options(table, own, fault) || !read_text(table, own, fault))
        return false;
    const bool mark = own->size >= 3 && !memcmp(own->text, "\xEF\xBB\xBF", 3);
    own->rows = (struct lt_csv){table->path, own->text + (mark ? 3 : 0), own->text + own->size, 1,
                                own->separator, fault};
    if (!read_names(table, &names, fault) || !make_columns(table, names, fault)
        || !count_rows(table, own->rows, &rows, fault))
        return false;
    for (int i = 0; i < table->column_count; i++) {
        struct lt_column *column = &table->column[i];
        if (!table->file->wanted)
            take_type(column, &own->scan[i]);
        column->rows = rows;
        column->row_bytes = lt_dtype_bytes(column->dtype);
    }
    return true;
}

// ---- second pass: the rows ----------------------------------------------------------------------

static bool misfit(const struct lt_table *table, const struct lt_csv_cell *cell,
                   const struct lt_column *column, const char *expected, struct lt_fault *fault)
{
    char quote[LT_QUOTE], name[LT_QUOTE];
    return lt_fail(fault, "%s:%lld: column %s has %s, expected %s", table->path,
                   (long long)cell->line, lt_plain(name, column->name),
                   cell->length ? lt_quote(quote, cell->text, cell->length) : "no value", expected);
}

static bool store_integer(enum lt_dtype dtype, int64_t x, void *to, int64_t row)
{
    switch (dtype) {
    case LT_I64: ((int64_t *)to)[row] = x; return true;
    case LT_I32: ((int32_t *)to)[row] = (int32_t)x; return x == (int32_t)x;
    case LT_I16: ((int16_t *)to)[row] = (int16_t)x; return x == (int16_t)x;
    case LT_I8:  ((int8_t *)to)[row] = (int8_t)x; return x == (int8_t)x;
    case LT_U8:  ((uint8_t *)to)[row] = (uint8_t)x; return x == (uint8_t)x;
    default:     ((bool *)to)[row] = x == 1; return x == 0 || x == 1;
    }
}

static bool store_number(const struct lt_column *column, const char *text, size_t length,
                         bool missing, int64_t row)
{
    const bool wide = column->dtype == LT_F64;
    void *to = (void *)column->data;
    if (missing) {
        if (wide)
            ((double *)to)[row] = (double)NAN;
        else
            ((float *)to)[row] = NAN;
        return true;
    }
    if (lt_csv_classify(text, length) == LT_CSV_TEXT)
        return false;
    if (wide)
        ((double *)to)[row] = lt_csv_f64(text, length);
    else
        ((float *)to)[row] = lt_csv_f32(text, length);
    return true;
}

static bool store_word(struct lt_table *table, const struct lt_csv_cell *cell, int i,
                       const char *text, size_t length, int64_t row, struct lt_fault *fault)
{
    struct lt_column *column = &table->column[i];
    struct lt_words *words = &((struct csv_own *)table->file->own)->scan[i].words;
    int32_t *to = (int32_t *)(void *)column->data;
    if (!lt_utf8_valid((const unsigned char *)text, length))
        return misfit(table, cell, column, "UTF-8", fault);
    to[row] = table->file->wanted ? lt_words_find(words, text, length)
                                  : lt_words_add(words, text, length, fault);
    if (to[row] >= 0)
        words->rows[to[row]]++;
    return to[row] >= 0 || table->file->wanted || !lt_failed(fault);
}

static bool store(struct lt_table *table, const struct lt_csv_cell *cell, int i, int64_t row,
                  struct lt_fault *fault)
{
    struct lt_column *column = &table->column[i];
    size_t length;
    const char *text = value(table, cell, &length, fault);
    if (!text)
        return false;
    const bool missing = is_missing(table->file->own, text, length);
    if (column->text) {
        if (!missing)
            return store_word(table, cell, i, text, length, row, fault);
        ((int32_t *)(void *)column->data)[row] = -1;
        return true;
    }
    if (column->dtype == LT_F64 || column->dtype == LT_F32)
        return store_number(column, text, length, missing, row)
            || misfit(table, cell, column, "a number", fault);
    if (missing || lt_csv_classify(text, length) != LT_CSV_INTEGER
        || !store_integer(column->dtype, lt_csv_integer(text, length), (void *)column->data, row)) {
        char expected[48];
        sprintf(expected, "a whole number that fits %s", lt_dtype_name(column->dtype));
        return misfit(table, cell, column, expected, fault);
    }
    return true;
}

static bool make_room(struct lt_table *table, struct lt_fault *fault)
{
    struct csv_own *own = table->file->own;
    for (int i = 0; i < table->column_count; i++) {
        struct lt_column *column = &table->column[i];
        uint64_t bytes;
        if (!lt_multiply((uint64_t)column->rows, column->row_bytes, &bytes)
            || !(column->data = lt_table_take(table, bytes, fault)))
            return false;
        if (!column->text)
            continue;
        if (!lt_words_start(&own->scan[i].words, table, fault))
            return false;
        for (int k = 0; table->file->wanted && k < column->word_count; k++)
            if (lt_words_add(&own->scan[i].words, column->words[k], strlen(column->words[k]),
                             fault) != k)
                return lt_fail(fault, "%s: the program's words of column %s are not distinct",
                               table->path, column->name);
    }
    return true;
}

// Words that were found get their numbers by the order of bytes, whatever the order of the rows.
static bool settle_words(struct lt_table *table, int i, struct lt_fault *fault)
{
    struct csv_own *own = table->file->own;
    struct lt_column *column = &table->column[i];
    struct lt_words *words = &own->scan[i].words;
    if (!table->file->wanted) {
        const int32_t *now = lt_words_sort(words, fault);
        int32_t *row = (int32_t *)(void *)column->data;
        if (!now)
            return false;
        for (int64_t r = 0; r < column->rows; r++)
            row[r] = row[r] < 0 ? -1 : now[row[r]];
        column->words = words->word;
        column->word_count = words->count;
    }
    column->word_rows = words->rows;
    return true;
}

static bool csv_load(struct lt_table *table, struct lt_fault *fault)
{
    struct csv_own *own = table->file->own;
    struct lt_csv csv = own->rows;
    csv.fault = fault;
    if (!make_room(table, fault))
        return false;
    for (int64_t row = 0; lt_csv_record(&csv); row++) {
        struct lt_csv_cell cell = {.last = false};
        for (int i = 0; !cell.last; i++) {
            if (!lt_csv_cell(&csv, &cell))
                return false;
            const int column = own->column_of[i];
            if (column >= 0 && !store(table, &cell, column, row, fault))
                return false;
        }
    }
    for (int i = 0; i < table->column_count; i++)
        if (table->column[i].text && !settle_words(table, i, fault))
            return false;
    lt_table_give(table, own->text);
    own->text = NULL;
    return true;
}

const struct lt_table_format lt_format_csv = {"csv", csv_open, csv_load};
