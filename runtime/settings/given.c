#include "settings/given.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "settings/parse.h"
#include "settings/suggest.h"

enum { MISTAKES_SHOWN = 20 };

// ---- mistakes -----------------------------------------------------------------------------------

static void complain_text(struct lt_reader *reader, const char *where, const char *text)
{
    if (reader->mistakes++ >= MISTAKES_SHOWN)
        return;
    if (!*where)
        lt_print_error("%s", text);
    else
        lt_print_error("%s: %s", where, strncmp(text, "--", 2) == 0 ? text + 2 : text);
}

void lt_complain(struct lt_reader *reader, const char *where, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    complain_text(reader, where, text);
}

void lt_complain_rest(const struct lt_reader *reader)
{
    if (reader->mistakes > MISTAKES_SHOWN)
        lt_print_error("and %d more mistakes", reader->mistakes - MISTAKES_SHOWN);
}

// What Lightning's command line calls otherwise.
static const char *name_of_ours(const char *name)
{
    static const char *const known[][2] = {
        {"seed_everything", "seed"}, {"ckpt_path", "resume"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i][0], name) == 0)
            return known[i][1];
    return NULL;
}

void lt_complain_unknown(struct lt_reader *reader, const char *where, const char *name)
{
    struct lt_suggestion suggestion = {0};
    struct lt_row row;
    char best[LT_ROW_NAME];
    const char *dashes = *where ? "" : "--";
    suggestion.best = name_of_ours(name);
    for (int i = 0; i < lt_rows_count(reader->settings); i++) {
        lt_row_read(reader->settings, i, &row);
        if (*where && !strchr(row.places, 'c'))
            continue;
        lt_suggest(&suggestion, name, row.name);
        if (suggestion.best == row.name)
            suggestion.best = memcpy(best, row.name, sizeof best);
    }
    if (suggestion.best)
        lt_complain(reader, where, "there is no setting %s%s; did you mean %s%s?", dashes, name,
                    dashes, suggestion.best);
    else
        lt_complain(reader, where, "there is no setting %s%s; --help lists them", dashes, name);
}

// ---- giving -------------------------------------------------------------------------------------

const char *lt_keep_text(struct lt_reader *reader, const char *text, size_t length)
{
    struct lt_line *line = reader->line;
    char **more = realloc(line->owned, ((size_t)line->owned_count + 1) * sizeof *more);
    if (more)
        line->owned = more;
    char *copy = more ? strndup(text, length) : NULL;
    if (copy)
        line->owned[line->owned_count++] = copy;
    else
        lt_complain(reader, "", "no memory for the command line");
    return copy;
}

static bool read_threads(struct lt_line *line, const char *text, struct lt_fault *fault)
{
    char *end;
    const long threads = strtol(text, &end, 10);
    if (end == text || *end || threads < 1 || threads > 1024)
        return lt_fail(fault, "--threads takes a whole number from 1 to 1024, not \"%s\"", text);
    line->threads = (int)threads;
    return true;
}

static bool read_flag(const struct lt_row *row, const char *text, bool *flag,
                      struct lt_fault *fault)
{
    const struct lt_setting setting = {.name = row->name, .type = LT_FLAG};
    struct lt_parsed parsed;
    if (!lt_parse_value(&setting, "", text, &parsed, fault))
        return false;
    *flag = parsed.number != 0;
    return true;
}

// "a|b|c" as "a, b or c".
static void list_words(const char *words, char *text, size_t size)
{
    char word[64];
    size_t used = 0;
    for (bool first = true; (words = lt_next_word(words, word, sizeof word)) && used < size;) {
        const char *between = first ? "" : *words ? ", " : " or ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", between, word);
        first = false;
    }
}

static bool is_named_word(const struct lt_row *row, const char *text, struct lt_fault *fault)
{
    char words[256] = "";
    if (!*row->words || strstr(row->words, "FILE") || lt_choice_index(row->words, text) >= 0)
        return true;
    list_words(row->words, words, sizeof words);
    return lt_fail(fault, "--%s takes %s, not \"%s\"", row->name, words, text);
}

static bool set_option(struct lt_line *line, const struct lt_row *row, const char *text,
                       struct lt_fault *fault)
{
    bool flag = true;
    if (!*row->argument && !read_flag(row, text, &flag, fault))
        return false;
    if (!is_named_word(row, text, fault))
        return false;
    line->option[row->option] = flag ? text : NULL;
    switch ((enum lt_option)row->option) {
    case LT_OPTION_threads:
        return read_threads(line, text, fault);
    case LT_OPTION_verify_data:
        line->verify_data = flag;
        return true;
    case LT_OPTION_quiet:
        line->quiet = flag;
        return true;
    default:
        return true;
    }
}

// The one that is given later takes the place of an earlier one.
static bool remember(struct lt_line *line, const char *name, const char *text,
                     struct lt_fault *fault)
{
    for (int i = 0; i < line->given_count; i++)
        if (strcmp(line->given[2 * i], name) == 0) {
            line->given[2 * i + 1] = text;
            return true;
        }
    const size_t count = (size_t)line->given_count + 1;
    const char **more = realloc(line->given, 2 * count * sizeof *more);
    if (!more)
        return lt_fail(fault, "no memory for the command line");
    line->given = more;
    line->given[2 * count - 2] = name;
    line->given[2 * count - 1] = text;
    line->given_count++;
    return true;
}

static bool set_setting(struct lt_reader *reader, int index, const char *text,
                        struct lt_fault *fault)
{
    const struct lt_setting *setting = reader->settings->value[index].of;
    return lt_settings_set(reader->settings, reader->program, setting->name, text, fault)
        && (setting->fixed || remember(reader->line, setting->name, text, fault));
}

void lt_give(struct lt_reader *reader, int index, const char *where, const char *text)
{
    struct lt_row row;
    struct lt_fault fault = {.text = ""};
    const char *kept = lt_keep_text(reader, text, strlen(text));
    lt_row_read(reader->settings, index, &row);
    if (!kept)
        return;
    if (!lt_command_takes(reader->line->command, &row)) {
        if (!*where)
            lt_complain(reader, where, "--%s has no meaning for %s", row.name,
                        lt_command_name(reader->line->command));
        return;
    }
    const int setting = row.option == LT_OPTION_seed ? reader->settings->trainer.seed
                                                     : row.setting;
    if (row.option >= 0 && !set_option(reader->line, &row, kept, &fault))
        complain_text(reader, where, fault.text);
    else if (setting >= 0 && !set_setting(reader, setting, kept, &fault))
        complain_text(reader, where, fault.text);
}
