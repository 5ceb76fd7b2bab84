#include "settings/print.h"

#include <string.h>

#include "settings/options.h"

enum { COMMENT_COLUMN = 40, INDENT = 2 };

// ---- values -------------------------------------------------------------------------------------

static bool is_word(const char *text, const char *words)
{
    char word[16];
    while ((words = lt_next_word(words, word, sizeof word)))
        if (strcmp(text, word) == 0)
            return true;
    return false;
}

// Would YAML read it as the text that it is? A number is none.
static bool is_plain(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_-./";
    const size_t length = strspn(text, letters);
    return length > 0 && text[length] == '\0' && !strchr("0123456789-.", text[0])
        && !is_word(text, "true|false|True|False|yes|no|Yes|No|on|off|On|Off|null|Null|NULL|y|n");
}

static int print_text(const char *text, FILE *out)
{
    if (is_plain(text))
        return fprintf(out, "%s", text);
    int columns = fprintf(out, "\"");
    for (; *text; text++) {
        const unsigned char letter = (unsigned char)*text;
        if (letter == '"' || letter == '\\')
            columns += fprintf(out, "\\%c", letter);
        else if (letter < ' ' || letter == 127)
            columns += fprintf(out, "\\u%04x", letter);
        else
            columns += fprintf(out, "%c", letter);
    }
    return columns + fprintf(out, "\"");
}

// YAML wants a dot in a number with an exponent.
static int print_number(const char *text, FILE *out)
{
    const size_t digits = strcspn(text, "e");
    if (!text[digits] || memchr(text, '.', digits))
        return fprintf(out, "%s", text);
    return fprintf(out, "%.*s.0%s", (int)digits, text, text + digits);
}

// What was never set stays so when the file is read: no limit, and whatever barebones leaves off.
static bool is_unset(const struct lt_settings *settings, int index)
{
    const struct lt_setting_value *value = &settings->value[index];
    const bool bare = settings->number[settings->trainer.barebones] != 0
                   && strncmp(value->of->name, "trainer.", strlen("trainer.")) == 0;
    return !value->from_line && !value->of->given
        && (bare || (value->of->type == LT_INTEGER && settings->number[index] == -1));
}

static int print_value(const struct lt_settings *settings, int index, FILE *out)
{
    const struct lt_setting_value *value = &settings->value[index];
    char text[160];
    if (is_unset(settings, index))
        return fprintf(out, "null");
    if (value->of->type == LT_TEXT || value->of->type == LT_WORD)
        return print_text(value->text, out);
    lt_setting_print(settings, index, text, sizeof text);
    return value->of->type == LT_NUMBER ? print_number(text, out) : fprintf(out, "%s", text);
}

// ---- lines --------------------------------------------------------------------------------------

static void print_comment(int columns, const struct lt_row *row, FILE *out)
{
    if (!*row->help && !row->fixed) {
        fputc('\n', out);
        return;
    }
    fprintf(out, "%*s # %s", columns < COMMENT_COLUMN ? COMMENT_COLUMN - columns : 0, "",
            row->help);
    if (row->fixed)
        fprintf(out, "%sfixed: ltc build -D %s=…", *row->help ? "; " : "", row->name);
    fputc('\n', out);
}

// A name of a file: with underscores.
static int print_key(const char *name, FILE *out)
{
    int columns = 0;
    for (; *name && *name != '\n'; name++, columns++)
        fputc(*name == '-' ? '_' : *name, out);
    return columns + fprintf(out, ": ");
}

static void print_option(const struct lt_line *line, const struct lt_row *row, bool kept, FILE *out)
{
    const char *text = line->option[row->option];
    const bool live = text && !(kept && row->option == LT_OPTION_resume);
    int columns = live ? 0 : fprintf(out, "# ");
    columns += print_key(row->name, out);
    if (live && row->option == LT_OPTION_threads)
        columns += fprintf(out, "%d", line->threads);
    else if (live && !*row->argument)
        columns += fprintf(out, "true");
    else if (live)
        columns += print_text(text, out);
    else
        columns += fprintf(out, "%s", *row->argument ? row->argument : "false");
    print_comment(columns, row, out);
}

static void print_options(const struct lt_line *line, const struct lt_settings *settings, bool kept,
                          FILE *out)
{
    struct lt_row row;
    for (int i = 0; i < LT_OPTIONS; i++) {
        lt_row_read(settings, i, &row);
        if (strchr(row.places, 'c') && row.option != LT_OPTION_seed
            && lt_command_takes(line->command, &row))
            print_option(line, &row, kept, out);
    }
}

// Does a row before this one stand below the same name of `length` letters?
static bool was_opened(const struct lt_settings *settings, int index, size_t length)
{
    struct lt_row row, before;
    lt_row_read(settings, index, &row);
    for (int i = LT_OPTIONS; i < index; i++) {
        lt_row_read(settings, i, &before);
        if (strncmp(before.name, row.name, length) == 0 && before.name[length] == '.')
            return true;
    }
    return false;
}

static void print_setting(const struct lt_settings *settings, const struct lt_row *row, size_t from,
                          int indent, FILE *out)
{
    int columns = fprintf(out, "%*s%s", indent, "", row->fixed ? "# " : "");
    columns += print_key(row->name + from, out);
    columns += print_value(settings, row->setting, out);
    print_comment(columns, row, out);
}

static void print_group_name(const struct lt_row *row, size_t from, size_t length, int indent,
                             FILE *out)
{
    fprintf(out, "%s%*s%.*s:\n", from ? "" : "\n", indent, "", (int)(length - from),
            row->name + from);
}

// What stands below the first `from` letters of the name of row `first`, deeper groups in their
// turn. A name that is a setting and a group too keeps its dots.
static void print_members(const struct lt_settings *settings, int first, size_t from, int indent,
                          FILE *out)
{
    struct lt_row above, row;
    lt_row_read(settings, first, &above);
    for (int i = first; i < lt_rows_count(settings); i++) {
        lt_row_read(settings, i, &row);
        const size_t length = from + strcspn(row.name + from, ".");
        char name[LT_ROW_NAME];
        if (strncmp(row.name, above.name, from) != 0)
            continue;
        memcpy(name, row.name, length);
        name[length] = '\0';
        if (!row.name[length] || lt_rows_find(settings, name) >= 0) {
            print_setting(settings, &row, from, indent, out);
        } else if (!was_opened(settings, i, length)) {
            print_group_name(&row, from, length, indent, out);
            print_members(settings, i, length + 1, indent + INDENT, out);
        }
    }
}

void lt_settings_write(const struct lt_line *line, const struct lt_settings *settings,
                       const struct lt_program *program, const char *history, FILE *out)
{
    fprintf(out, "# Settings of %s (%s, from %s), as --config reads them.\n", line->program,
            program->name, program->spec);
    fprintf(out, "# Command line over LT_... variables over --config over the spec; null: as it "
                 "is.\n%s\n", history ? history : "");
    print_options(line, settings, history != NULL, out);
    print_members(settings, LT_OPTIONS, 0, 0, out);
}
