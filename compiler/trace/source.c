// source: idx(…), csv(…), npy(…): data files, their columns, and the texts in them.
#include "data.h"

#include <data/reader.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Static_assert((int)DT_BOOL == (int)LT_BOOL && (int)DT_I64 == (int)LT_I64, "dtypes in one order");

// ---- files --------------------------------------------------------------------------------------

static const char *data_path(Tracer *t, const char *file)
{
    const char *root = t->options->data_root ? t->options->data_root : t->spec_folder;
    if (*file == '/' || !root || strcmp(root, ".") == 0)
        return file;
    return arena_format(t->arena, "%s/%s", root, file);
}

static struct lt_table *open_table(Tracer *t, const char *file, const char *format,
                                   const char *option, Span span)
{
    const char *path = data_path(t, file);
    if (access(path, F_OK) != 0) {
        fail(t, E_DATA_FILE, span, "there is no file `%s`", path);
        if (*file != '/')
            diag_hint(t->diag, "paths start from the folder of the spec, or from --data-root DIR");
        return NULL;
    }
    struct lt_fault fault = {{0}};
    struct lt_table *table = lt_table_open(path, format, option, NULL, 0, &fault);
    if (!table)
        fail(t, E_DATA_FORMAT, span, "%s", fault.text);
    return table;
}

static SourceField *add_field(Tracer *t, SourceInfo *info, const struct lt_column *column,
                              const char *name, const char *file, const char *format, Span span)
{
    info->field = arena_grow(t->arena, info->field, info->count, &info->capacity,
                             sizeof *info->field);
    SourceField *field = &info->field[info->count++];
    *field = (SourceField){.name = atom(t->atoms, name), .file = file, .format = format,
                           .dtype = (DType)column->dtype, .text = column->text, .greatest = -1,
                           .span = span};
    field->shape = shape_of(column->rank, column->shape);
    return field;
}

static bool add_rows(Tracer *t, SourceInfo *info, const struct lt_column *column, Span span)
{
    if (column->rank > max_rank - 1) {
        fail(t, E_RANK, span, "rows of this file have %d axes, more than a tensor of the batch has",
             column->rank);
        return false;
    }
    if (!info->count)
        info->rows = column->rows;
    if (info->rows == column->rows)
        return true;
    fail(t, E_DATA_FORMAT, span, "this file has %lld rows, but the first has %lld",
         (long long)column->rows, (long long)info->rows);
    return false;
}

// All columns of one file; `name` if it has only one.
static bool add_file(Tracer *t, SourceInfo *info, const char *name, const char *file,
                     const char *format, Span span)
{
    struct lt_table *table = open_table(t, file, format, info->option, span);
    bool good = table != NULL;
    for (int i = 0; good && i < table->column_count; i++) {
        const struct lt_column *column = &table->column[i];
        good = add_rows(t, info, column, span);
        if (good)
            add_field(t, info, column, name ? name : column->name, file, format, span);
    }
    lt_table_close(table);
    if (good && info->rows == 0) {
        fail(t, E_DATA_FORMAT, span, "this file has no rows");
        good = false;
    }
    return good;
}

static void keep_words(Tracer *t, SourceField *field, const struct lt_column *column)
{
    size_t count = (size_t)column->word_count;
    field->word = arena_alloc(t->arena, sizeof *field->word * (count + 1));
    field->word_rows = arena_alloc(t->arena, sizeof *field->word_rows * (count + 1));
    for (int i = 0; i < column->word_count; i++) {
        field->word[i] = arena_string(t->arena, column->words[i], strlen(column->words[i]));
        field->word_rows[i] = column->word_rows ? column->word_rows[i] : 0;
    }
    field->word_count = column->word_count;
}

// The texts of two files in the order of bytes, each with its rows in both.
static void unite_words(Tracer *t, SourceField *field, const SourceField *other)
{
    size_t most = (size_t)field->word_count + (size_t)other->word_count;
    const char **word = arena_alloc(t->arena, sizeof *word * (most + 1));
    int64_t *rows = arena_alloc(t->arena, sizeof *rows * (most + 1));
    int count = 0, i = 0, k = 0;
    while (i < field->word_count || k < other->word_count) {
        int order = i == field->word_count ? 1 : k == other->word_count ? -1
                  : strcmp(field->word[i], other->word[k]);
        word[count] = order <= 0 ? field->word[i] : other->word[k];
        rows[count] = (order <= 0 ? field->word_rows[i] : 0)
                    + (order >= 0 ? other->word_rows[k] : 0);
        i += order <= 0;
        k += order >= 0;
        count++;
    }
    field->word = word;
    field->word_rows = rows;
    field->word_count = count;
}

static void unite_extents(Tracer *t, SourceField *field, const SourceField *other)
{
    if (field->text)
        unite_words(t, field, other);
    if (other->least > other->greatest)
        return;
    bool known = field->least <= field->greatest;
    field->least = known && field->least < other->least ? field->least : other->least;
    field->greatest = known && field->greatest > other->greatest ? field->greatest
                                                                 : other->greatest;
}

bool unite_sources(Tracer *t, SourceInfo *source, SourceInfo *other, Span span)
{
    if (strcmp(source->option, other->option) != 0) {
        fail(t, E_SOURCE, span, "the files of all parts are read with the same options");
        return false;
    }
    for (int i = 0; i < source->count; i++) {
        SourceField *field = &source->field[i], *same = field_named(other, field->name);
        if (!same)
            continue;                   // it may be one that `sample` does not take
        bool number = strcmp(field->format, "csv") == 0 && strcmp(same->format, "csv") == 0
                   && !field->text && !same->text;
        if (field->text != same->text || (!number && field->dtype != same->dtype)
            || !shape_equal(&field->shape, &same->shape)) {
            fail(t, E_DATA_TYPE, same->span, "`%s` is %s%s here, but %s%s in the file of the "
                 "training rows", field->name, same->text ? "text" : dtype_name(same->dtype),
                 same->shape.rank ? shape_text(t->arena, &same->shape) : "",
                 field->text ? "text" : dtype_name(field->dtype),
                 field->shape.rank ? shape_text(t->arena, &field->shape) : "");
            return false;
        }
        if (dtype_kind(same->dtype) == KIND_FLOAT)
            field->dtype = same->dtype;
    }
    return true;
}

bool scan_column(Tracer *t, const SourceInfo *source, SourceField *field)
{
    if (field->scanned)
        return true;
    struct lt_fault fault = {{0}};
    struct lt_table *table = open_table(t, field->file, field->format, source->option, field->span);
    if (!table)
        return false;
    bool good = lt_table_load(table, &fault);
    if (!good)
        fail(t, E_DATA_FORMAT, field->span, "%s", fault.text);
    for (int i = 0; good && i < source->count; i++) {
        SourceField *other = &source->field[i];
        const struct lt_column *column = strcmp(other->file, field->file) == 0
                                       ? lt_table_column(table, other->name) : NULL;
        if (!column)
            continue;
        other->scanned = true;
        lt_column_extent(column, &other->least, &other->greatest);
        if (column->text)
            keep_words(t, other, column);
    }
    lt_table_close(table);
    for (int i = 1; good && i < source->part_count; i++) {
        SourceField *other = field_named(source->part[i], field->name);
        good = !other || scan_column(t, source->part[i], other);
        if (good && other)
            unite_extents(t, field, other);
    }
    return good;
}

// ---- arguments ----------------------------------------------------------------------------------

static const char *text_given(Tracer *t, const Argument *argument, const char *what)
{
    if (argument->value->kind == V_TEXT && !strchr(argument->value->text, '\n'))
        return argument->value->text;
    fail(t, E_SOURCE, argument->span, "%s is a string of one line, but this is %s", what,
         value_kind_text(argument->value));
    return NULL;
}

// idx(image = "…", label = "…") and npy(x = "…"): a file a field; npy("….npz"): a file of several.
static bool read_arrays(Tracer *t, SourceInfo *info, const Argument *argument, int count, Span span)
{
    if (!count) {
        fail(t, E_SOURCE, span, "`%s` needs a file a field: %s(x = \"…\", y = \"…\")",
             info->kind, info->kind);
        return false;
    }
    for (int i = 0; i < count; i++) {
        const char *file = text_given(t, &argument[i], "a file");
        if (!file)
            return false;
        size_t length = strlen(file);
        bool several = strcmp(info->kind, "npy") == 0 && length > 4
                    && strcmp(file + length - 4, ".npz") == 0;
        if (several != !argument[i].name) {
            fail(t, E_SOURCE, argument[i].span, several ? "a .npz file names its fields itself"
                 : "the field that this file gives needs a name");
            diag_hint(t->diag, several ? "write npy(\"%s\")" : "write x = \"%s\"", file);
            return false;
        }
        if (!add_file(t, info, argument[i].name, file, several ? "npz" : info->kind,
                      argument[i].span))
            return false;
    }
    return true;
}

static bool add_option(Tracer *t, SourceInfo *info, const char *name, const Argument *argument)
{
    const Value *value = argument->value;
    Value *const one[1] = {argument->value};
    Value *const *item = value->kind == V_LIST || value->kind == V_TUPLE ? value->item : one;
    int count = item == one ? 1 : value->count;
    for (int i = 0; i < count; i++) {
        Argument part = {argument->name, item[i], argument->span};
        const char *text = text_given(t, &part, arena_format(t->arena, "`%s`", argument->name));
        if (!text)
            return false;
        if (!*text && strcmp(name, "missing") == 0)
            continue;                   // an empty cell is missing anyway
        info->option = arena_format(t->arena, "%s%s%s=%s", info->option, *info->option ? "\n" : "",
                                    name, strcmp(text, "\t") == 0 ? "\\t" : text);
    }
    return true;
}

static bool csv_option(Tracer *t, SourceInfo *info, const Argument *argument, bool *header,
                       bool *columns)
{
    const char *name = argument->name;
    if (strcmp(name, "header") == 0) {
        *header = argument->value->kind == V_BOOL && argument->value->number != 0;
        if (argument->value->kind != V_BOOL)
            fail(t, E_SOURCE, argument->span, "`header` is true or false");
        return argument->value->kind == V_BOOL;
    }
    if (strcmp(name, "columns") == 0) {
        *columns = true;
        return add_option(t, info, "column", argument);
    }
    if (strcmp(name, "separator") == 0 || strcmp(name, "missing") == 0)
        return add_option(t, info, name, argument);
    static const char *const names[] = {"separator", "missing", "columns", "header"};
    fail(t, E_UNKNOWN_ARGUMENT, argument->span, "`csv` has no parameter `%s`", name);
    const char *near = diag_nearest(t->arena, name, names, 4);
    diag_hint(t->diag, near ? "did you mean `%s`?" : "it has separator, missing, columns, header",
              near);
    return false;
}

// csv("file", separator = ";", missing = "?", columns = ["a", "b"], header = true)
static bool read_csv(Tracer *t, SourceInfo *info, const Argument *argument, int count, Span span)
{
    if (argument[0].name) {
        fail(t, E_SOURCE, span, "`csv` takes the file first: csv(\"data.csv\", separator = \";\")");
        return false;
    }
    const char *file = text_given(t, &argument[0], "a file");
    bool columns = false, header = true, said = false;
    for (int i = 1; i < count; i++) {
        if (!argument[i].name) {
            fail(t, E_TOO_MANY, argument[i].span, "`csv` takes one file; its options have names");
            return false;
        }
        said |= strcmp(argument[i].name, "header") == 0;
        if (!csv_option(t, info, &argument[i], &header, &columns))
            return false;
    }
    if (!file)
        return false;
    header = said ? header : !columns;  // names for the columns: the file has none
    if (!header)
        info->option = arena_format(t->arena, "%s%sheader=false", info->option,
                                    *info->option ? "\n" : "");
    return add_file(t, info, NULL, file, "csv", argument[0].span);
}

Value *make_source(Tracer *t, const char *kind, const Argument *argument, int count, Span span)
{
    if (strcmp(kind, "csv") == 0 && !count)
        return value_text(t->arena, "csv");     // the logger
    SourceInfo *info = arena_alloc(t->arena, sizeof *info);
    info->kind = kind;
    info->option = "";
    bool good = strcmp(kind, "csv") == 0 ? read_csv(t, info, argument, count, span)
                                         : read_arrays(t, info, argument, count, span);
    if (!good)
        return &value_poison;
    Value *value = new_value(t->arena, V_SOURCE);
    value->source = info;
    value->span = span;
    return value;
}

static bool zip_source(Tracer *t, SourceInfo *all, const SourceInfo *source, Span span)
{
    if (!all->count)
        all->rows = source->rows;
    if (all->rows != source->rows) {
        fail(t, E_SOURCE, span, "this source has %lld rows, but the first has %lld",
             (long long)source->rows, (long long)all->rows);
        return false;
    }
    if (*source->option && *all->option && strcmp(source->option, all->option) != 0) {
        fail(t, E_SOURCE, span, "the CSV files of a source are read with the same options");
        return false;
    }
    all->option = *source->option ? source->option : all->option;
    for (int i = 0; i < source->count; i++) {
        for (int k = 0; k < all->count; k++)
            if (all->field[k].name == source->field[i].name) {
                fail(t, E_SOURCE, span, "two of these sources have `%s`", source->field[i].name);
                return false;
            }
        all->field = arena_grow(t->arena, all->field, all->count, &all->capacity,
                                sizeof *all->field);
        all->field[all->count++] = source->field[i];
    }
    return true;
}

// zip(csv(…), npy(…)): the fields of all, row by row.
Value *zip_sources(Tracer *t, const Argument *argument, int count, Span span)
{
    SourceInfo *all = arena_alloc(t->arena, sizeof *all);
    all->kind = "zip";
    all->option = "";
    for (int i = 0; i < count; i++) {
        const Value *value = argument[i].value;
        if (value->kind == V_POISON)
            return &value_poison;
        if (value->kind != V_SOURCE || argument[i].name)
            return fail(t, E_SOURCE, argument[i].span, "sources are zipped with sources, without "
                        "names: zip(csv(…), npy(…))");
        if (!zip_source(t, all, value->source, argument[i].span))
            return &value_poison;
    }
    Value *value = new_value(t->arena, V_SOURCE);
    value->source = all;
    value->span = span;
    return value;
}

// ---- columns that a sample takes ----------------------------------------------------------------

// "Hours per-week" is hours_per_week to a spec.
static bool spelled_alike(const char *column, const char *name)
{
    for (; *column && *name; column++, name++) {
        char c = *column >= 'A' && *column <= 'Z' ? (char)(*column + 32) : *column;
        char n = *name >= 'A' && *name <= 'Z' ? (char)(*name + 32) : *name;
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if ((word ? c : '_') != n)
            return false;
    }
    return !*column && !*name;
}

SourceField *field_named(const SourceInfo *source, const char *name)
{
    SourceField *alike = NULL;
    for (int i = 0; i < source->count; i++)
        if (strcmp(source->field[i].name, name) == 0)
            return &source->field[i];
    for (int i = 0; i < source->count; i++)
        if (spelled_alike(source->field[i].name, name)) {
            if (alike)
                return NULL;
            alike = &source->field[i];
        }
    return alike;
}

static void no_such_column(Tracer *t, const SourceInfo *source, const char *name, Span span)
{
    fail(t, E_DATA_FIELD, span, "the source has no `%s`", name);
    const char **names = arena_alloc(t->arena, sizeof *names * (size_t)(source->count + 1));
    const char *all = "";
    for (int i = 0; i < source->count; i++) {
        names[i] = source->field[i].name;
        if (i < 12)
            all = arena_format(t->arena, "%s%s%s", all, i ? ", " : "", names[i]);
    }
    const char *near = diag_nearest(t->arena, name, names, source->count);
    if (near)
        diag_hint(t->diag, "did you mean `%s`?", near);
    else if (source->count)
        diag_hint(t->diag, "it has %s%s", all, source->count > 12 ? ", …" : "");
}

static bool wrong_type(Tracer *t, const SourceField *field, const Ast *parameter,
                       const char *wanted, const char *hint)
{
    const char *sizes = field->shape.rank ? shape_text(t->arena, &field->shape) : "";
    const char *has = field->text ? "text"
                    : arena_format(t->arena, "%s%s", dtype_name(field->dtype), sizes);
    fail(t, E_DATA_TYPE, parameter->span, "`%s` is %s in the file, but `sample` takes it as %s",
         parameter->name, has, wanted);
    if (hint)
        diag_hint(t->diag, hint, wanted);
    return false;
}

// The dtype that a column is handed over in: numbers of a CSV file are read as what is wanted, all
// else stays as it is in the file.
static bool column_dtype(Tracer *t, const SourceField *field, const Ast *parameter, DType *dtype)
{
    const Ast *type = parameter->a;
    *dtype = field->dtype;
    if (!type)
        return true;
    const char *wanted = type->kind == AST_TYPE ? type->name : NULL;
    if (wanted && strcmp(wanted, "string") == 0)
        return field->text || wrong_type(t, field, parameter, wanted,
                                         "only columns of a CSV file are strings");
    DType given;
    if (!wanted || !dtype_named(t, wanted, &given)) {
        fail(t, E_DATA_TYPE, type->span, "a field of a source has an element type with sizes, such "
             "as u8[28, 28] or f32, or is a `string`");
        return false;
    }
    if (field->text)
        return wrong_type(t, field, parameter, wanted, "take it as a string, and compare it: "
                          "x = column == \"…\"");
    if (strcmp(field->format, "csv") != 0) {
        bool same = given == field->dtype || (given == t->float_type
                                              && dtype_kind(field->dtype) == KIND_FLOAT
                                              && strcmp(wanted, dtype_name(field->dtype)) == 0);
        return same || wrong_type(t, field, parameter, span_text(t->arena, type->span),
                                  "take it as it is in the file, and cast it by name");
    }
    *dtype = given;
    if (given == DT_F16 || given == DT_BF16)
        return wrong_type(t, field, parameter, wanted, "take it as f32, and cast it");
    if (dtype_kind(field->dtype) == KIND_FLOAT && dtype_kind(given) != KIND_FLOAT)
        return wrong_type(t, field, parameter, wanted, "some of its cells are missing or have a "
                          "fraction: take it as f32");
    return true;
}

static void add_column(DataPart *data, SourceField *field, const Ast *parameter,
                       DType dtype)
{
    data->raw[data->raw_count] = (RawColumn){.field = field, .dtype = dtype,
                                             .index = data->raw_count,
                                             .name = parameter ? parameter->name : field->name,
                                             .type = parameter ? parameter->a : NULL};
    data->raw_count++;
}

static bool named_twice(Tracer *t, const Ast *first, const Ast *parameter)
{
    for (const Ast *p = first; p != parameter; p = p->next)
        if (p->name == parameter->name) {
            fail(t, E_DECLARED_TWICE, parameter->span, "`sample` takes `%s` twice", p->name);
            diag_note(t->diag, p->span, "the first is here");
            return true;
        }
    return false;
}

static bool in_all_parts(const SourceInfo *source, const char *name)
{
    for (int i = 1; i < source->part_count; i++)
        if (!field_named(source->part[i], name))
            return false;
    return true;
}

bool match_columns(Tracer *t, DataPart *data, const Ast *sample)
{
    SourceInfo *source = data->source;
    bool good = true;
    size_t most = (size_t)(sample ? ast_count(sample->a) : source->count);
    data->raw = arena_alloc(t->arena, sizeof *data->raw * (most + 1));
    for (int i = 0; !sample && i < source->count; i++)
        if (in_all_parts(source, source->field[i].name))
            add_column(data, &source->field[i], NULL, source->field[i].dtype);
    for (const Ast *p = sample ? sample->a : NULL; p; p = p->next) {
        SourceField *field = field_named(source, p->name);
        DType dtype;
        if (!field)
            no_such_column(t, source, p->name, p->span);
        for (int i = 1; field && i < source->part_count; i++)
            if (!field_named(source->part[i], field->name)) {
                no_such_column(t, source->part[i], p->name, p->span);
                field = NULL;
            }
        if (field && !named_twice(t, sample->a, p) && column_dtype(t, field, p, &dtype))
            add_column(data, field, p, dtype);
        else
            good = false;
    }
    return good;
}

bool column_is_label(const RawColumn *column)
{
    return !column->field->text && column->field->shape.rank == 0
        && dtype_kind(column->dtype) == KIND_INT && dtype_kind(column->field->dtype) == KIND_INT;
}

// ---- text ---------------------------------------------------------------------------------------

int ask_word(Tracer *t, RawColumn *column, const char *word)
{
    for (int i = 0; i < column->word_count; i++)
        if (strcmp(column->word[i], word) == 0)
            return i;
    column->word = arena_grow(t->arena, column->word, column->word_count, &column->word_capacity,
                              sizeof *column->word);
    column->word[column->word_count] = word;
    return column->word_count++;
}

static Node *word_index(Tracer *t, const RawColumn *column)
{
    Shape scalar = {0};
    return make_field(&t->builder, column->index, DT_I32, &scalar);
}

static bool file_has_word(Tracer *t, RawColumn *column, const char *word, Span span)
{
    SourceField *field = column->field;
    for (int i = 0; i < field->word_count; i++)
        if (strcmp(field->word[i], word) == 0)
            return true;
    fail(t, E_DATA_WORD, span, "the column `%s` has no \"%s\"", field->name, word);
    const char *near = diag_nearest(t->arena, word, field->word, field->word_count);
    if (near)
        diag_hint(t->diag, "did you mean \"%s\"?", near);
    return false;
}

// income == ">50K": is the text of this row the one of that number?
Value *compare_words(Tracer *t, const char *op, Value *a, Value *b, Span span)
{
    Value *words = a->kind == V_WORDS ? a : b, *text = words == a ? b : a;
    if ((strcmp(op, "==") != 0 && strcmp(op, "!=") != 0) || text->kind != V_TEXT) {
        fail(t, E_DATA_WORD, span, "a text column is compared with a string, and nothing else");
        diag_hint(t->diag, "x = column == \"…\"");
        return &value_poison;
    }
    if (!file_has_word(t, words->column, text->text, span))
        return &value_poison;
    int index = ask_word(t, words->column, text->text);
    set_origin(t, span);
    return value_tensor(t->arena, make_binary(&t->builder, op[0] == '=' ? P_EQ : P_NE,
                                              word_index(t, words->column),
                                              make_constant(&t->builder, DT_I32, index)));
}

// ---- categories ---------------------------------------------------------------------------------

typedef struct Categories {     // of a column: what categories(…) stands for
    SourceField *field;
    const char **word;
    int count;
    bool unknown;
} Categories;

typedef struct Frequent {
    const char *word;
    int64_t rows;
    int place;
} Frequent;

static int more_rows(const void *a, const void *b)
{
    const Frequent *x = a, *y = b;
    return x->rows != y->rows ? (x->rows < y->rows ? 1 : -1) : x->place - y->place;
}

static int in_place(const void *a, const void *b)
{
    return ((const Frequent *)a)->place - ((const Frequent *)b)->place;
}

// The `max` most frequent texts, in the order of the file's.
static void choose_words(Tracer *t, Categories *c, int64_t max)
{
    int count = c->field->word_count;
    Frequent *all = arena_alloc(t->arena, sizeof *all * (size_t)(count + 1));
    for (int i = 0; i < count; i++)
        all[i] = (Frequent){c->field->word[i], c->field->word_rows[i], i};
    qsort(all, (size_t)count, sizeof *all, more_rows);
    c->count = max >= 0 && max < count ? (int)max : count;
    qsort(all, (size_t)c->count, sizeof *all, in_place);
    c->word = arena_alloc(t->arena, sizeof *c->word * (size_t)(c->count + 1));
    for (int i = 0; i < c->count; i++)
        c->word[i] = all[i].word;
}

enum { most_renumbered = 4096 };

// The texts of this column are numbered for other categories: their numbers here, one by one.
static Node *renumbered(Tracer *t, RawColumn *column, const Categories *c, Node *index)
{
    Builder *b = &t->builder;
    Node *id = make_constant(b, DT_I32, c->unknown ? c->count : -1);
    for (int i = 0; i < c->count; i++)
        id = make_select(b, make_binary(b, P_EQ, index, make_constant(
                                            b, DT_I32, ask_word(t, column, c->word[i]))),
                         make_constant(b, DT_I32, i), id);
    return id;
}

// Number of the text of this row: 0 .. count - 1, and `count` for an unknown one.
static Value *category_id(Tracer *t, Span span, const Argument *argument, int count, void *data)
{
    (void)data;
    const Value *names = argument[0].value, *words = count == 2 ? argument[1].value : NULL;
    const Categories *c = names->categories;
    if (!words || words->kind != V_WORDS || words->column->field != c->field)
        return fail(t, E_CATEGORIES, span, "`id` takes the column that the categories were made "
                    "of, `%s`", c->field->name);
    RawColumn *column = words->column;
    Builder *b = &t->builder;
    bool same = true;
    for (int i = 0; i < c->count; i++)
        same &= ask_word(t, column, c->word[i]) == i;
    set_origin(t, span);
    Node *index = word_index(t, column);
    if (!same && c->count > most_renumbered)
        return fail(t, E_LIMIT, span, "a second kind of categories of one column has at most %d "
                    "texts, but this has %d", most_renumbered, c->count);
    if (!same)
        return value_tensor(t->arena, renumbered(t, column, c, index));
    if (!c->unknown)
        return value_tensor(t->arena, index);
    Node *size = make_constant(b, DT_I32, c->count);
    Node *known = make_binary(b, P_AND, make_binary(b, P_LT, index, size),
                              make_binary(b, P_LE, make_constant(b, DT_I32, 0), index));
    return value_tensor(t->arena, make_select(b, known, index, size));
}

static const Builtin category_id_builtin = {.name = "id", .call = category_id};

static Value *categories_value(Tracer *t, Categories *c, Span span)
{
    Value *hidden = new_value(t->arena, V_NAMESPACE), *callee = new_value(t->arena, V_BUILTIN);
    hidden->categories = c;
    callee->builtin = &category_id_builtin;
    Value *id = new_value(t->arena, V_PARTIAL);
    id->partial = arena_alloc(t->arena, sizeof *id->partial);
    id->partial->callee = callee;
    id->partial->count = 2;
    id->partial->argument = arena_alloc(t->arena, 2 * sizeof *id->partial->argument);
    id->partial->argument[0] = (Argument){NULL, hidden, span};
    id->partial->argument[1] = (Argument){NULL, &value_hole, span};

    Value *names = new_value(t->arena, V_NAMESPACE);
    names->names = scope_new(t->arena, NULL);
    names->text = "categories";
    names->span = span;
    scope_bind(t->arena, names->names, atom(t->atoms, "size"),
               value_int(t->arena, c->count + c->unknown), BIND_GLOBAL, span);
    scope_bind(t->arena, names->names, atom(t->atoms, "id"), id, BIND_GLOBAL, span);
    return names;
}

static bool categories_option(Tracer *t, const Argument *argument, Categories *c, int64_t *max)
{
    const char *name = argument->name;
    const Value *value = argument->value;
    if (name && strcmp(name, "unknown") == 0 && value->kind == V_BOOL) {
        c->unknown = value->number != 0;
        return true;
    }
    if (name && strcmp(name, "max") == 0 && value_is_whole(value) && value->number >= 1) {
        *max = (int64_t)value->number;
        return true;
    }
    fail(t, E_CATEGORIES, argument->span, "`categories` takes a column, unknown = true or false, "
         "and max = a whole number");
    return false;
}

Value *make_categories(Tracer *t, const Argument *argument, int count, Span span)
{
    DataPart *data = t->making_data;
    if (data && !data->source && scope_here(data->scope, atom(t->atoms, "source")))
        return &value_poison;           // which was refused
    if (!data || !data->source)
        return fail(t, E_CATEGORIES, span, "categories are made in a data block, below its "
                    "`source`");
    if (!count || argument[0].name || argument[0].value->kind != V_TEXT)
        return fail(t, E_CATEGORIES, span, "`categories` takes the name of a column: "
                    "categories(\"country\")");
    Categories *c = arena_alloc(t->arena, sizeof *c);
    int64_t max = -1;
    c->field = field_named(data->source, argument[0].value->text);
    if (!c->field) {
        no_such_column(t, data->source, argument[0].value->text, argument[0].span);
        return &value_poison;
    }
    for (int i = 1; i < count; i++)
        if (!categories_option(t, &argument[i], c, &max))
            return &value_poison;
    if (!c->field->text)
        return fail(t, E_CATEGORIES, span, "the column `%s` is of numbers, and has no categories",
                    c->field->name);
    if (!scan_column(t, data->source, c->field))
        return &value_poison;
    choose_words(t, c, max);
    if (c->count < c->field->word_count && !c->unknown)
        return fail(t, E_CATEGORIES, span, "the column `%s` has %d texts: with `max = %lld` some "
                    "are unknown, so write `unknown = true` too", c->field->name,
                    c->field->word_count, (long long)max);
    for (int i = 0; i < data->raw_count; i++)
        if (data->raw[i].field == c->field && !data->raw[i].word_count)
            for (int k = 0; k < c->count; k++)
                ask_word(t, &data->raw[i], c->word[k]);
    return categories_value(t, c, span);
}
