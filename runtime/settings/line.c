#include "settings/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "settings/given.h"
#include "settings/suggest.h"

// Words in order; what they set waits until files and environment have been read.
struct words {
    struct lt_reader reader;
    int at, waiting;
    struct { int row; const char *text; } *wait;
};

// ---- values -------------------------------------------------------------------------------------

static bool takes_unit(const struct lt_settings *settings, const struct lt_row *row)
{
    return row->setting >= 0 && settings->value[row->setting].of->type == LT_DURATION;
}

// The value of a name that came without "=": the next word, and a unit if one follows. A flag may
// stand alone and is then true; a flag among the options never takes a word.
static const char *following_text(struct words *words, const struct lt_row *row)
{
    const struct lt_line *line = words->reader.line;
    char **const next = line->argv + words->at;
    const bool flag = lt_row_is_flag(words->reader.settings, row);
    const bool there = words->at < line->argc && strncmp(next[0], "--", 2) != 0;
    if (flag && (!there || row->option >= 0))
        return "true";
    if (!there)
        return NULL;
    words->at++;
    if (words->at < line->argc && takes_unit(words->reader.settings, row) && lt_is_unit(next[1])) {
        char joined[LT_ROW_NAME];
        const int length = snprintf(joined, sizeof joined, "%s %s", next[0], next[1]);
        words->at++;
        return lt_keep_text(&words->reader, joined, (size_t)length);
    }
    return next[0];
}

static void add_config(struct words *words, const char *text)
{
    struct lt_line *line = words->reader.line;
    if (line->config_count == LT_CONFIGS)
        lt_complain(&words->reader, "", "--config is given more than %d times", LT_CONFIGS);
    else
        line->config[line->config_count++] = text;
}

static void wait_with(struct words *words, int index, const struct lt_row *row, const char *text)
{
    if (row->option == LT_OPTION_config) {
        add_config(words, text);
        return;
    }
    if (row->option >= 0 && strchr(row->places, 'x'))
        words->reader.line->action = row->option;
    words->wait[words->waiting].row = index;
    words->wait[words->waiting++].text = text;
}

// ---- words --------------------------------------------------------------------------------------

static void read_named(struct words *words, const char *word)
{
    struct lt_reader *reader = &words->reader;
    char name[LT_ROW_NAME];
    struct lt_row row;
    const size_t length = strcspn(word, "=");
    const struct lt_line *line = reader->line;

    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1),
             word);
    const int index = lt_rows_find(reader->settings, name);
    if (index < 0) {
        lt_complain_unknown(reader, "", name);
        if (!word[length] && words->at < line->argc && line->argv[words->at][0] != '-')
            words->at++;
        return;
    }
    lt_row_read(reader->settings, index, &row);
    const char *text = word[length] ? word + length + 1 : following_text(words, &row);
    if (!text)
        lt_complain(reader, "", "--%s needs a value", row.name);
    else
        wait_with(words, index, &row, text);
}

static void read_word(struct words *words)
{
    struct lt_line *line = words->reader.line;
    const char *word = line->argv[words->at++];

    if (strcmp(word, "-h") == 0)
        line->action = LT_OPTION_help;
    else if (strncmp(word, "--", 2) == 0 && word[2])
        read_named(words, word + 2);
    else if (line->command == LT_INFO && !line->subject && word[0] != '-')
        line->subject = word;
    else
        lt_complain(&words->reader, "", "\"%s\" was not expected here; settings are given as "
                    "--name value", word);
}

static bool is_action(const struct lt_settings *settings, const char *word)
{
    char name[LT_ROW_NAME];
    struct lt_row row;
    if (strcmp(word, "-h") == 0)
        return true;
    if (strncmp(word, "--", 2) != 0)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const int index = lt_rows_find(settings, name);
    if (index < 0)
        return false;
    lt_row_read(settings, index, &row);
    return strchr(row.places, 'x') != NULL;
}

static bool no_command(const char *word)
{
    struct lt_suggestion suggestion = {0};
    for (int i = 0; i < LT_COMMANDS; i++)
        lt_suggest(&suggestion, word, lt_command_name((enum lt_command)i));
    if (!*word)
        lt_print_error("a command is missing: fit, validate, test, predict or info; --help "
                       "explains them");
    else if (word[0] == '-')
        lt_print_error("a command is missing before %s: fit, validate, test, predict or info",
                       word);
    else if (suggestion.best)
        lt_print_error("there is no command \"%s\"; did you mean %s?", word, suggestion.best);
    else
        lt_print_error("there is no command \"%s\"; there are fit, validate, test, predict and "
                       "info", word);
    return false;
}

static bool read_command(struct words *words)
{
    struct lt_line *line = words->reader.line;
    const char *word = line->argc > 1 ? line->argv[1] : "";
    words->at = 1;
    if (is_action(words->reader.settings, word))
        return true;
    words->at = 2;
    if (strcmp(word, "help") == 0) {
        line->action = LT_OPTION_help;
        return true;
    }
    for (int i = 0; i < LT_COMMANDS; i++)
        if (strcmp(word, lt_command_name((enum lt_command)i)) == 0) {
            line->command = (enum lt_command)i;
            line->has_command = true;
            return true;
        }
    return no_command(word);
}

// ---- the line -----------------------------------------------------------------------------------

static void read_sources(struct words *words)
{
    struct lt_line *line = words->reader.line;
    const char *named = getenv("LT_CONFIG");
    if (line->config_count == 0 && named && *named)
        add_config(words, named);
    for (int i = 0; i < line->config_count; i++)
        lt_config_read(&words->reader, line->config[i]);
    lt_environment_read(&words->reader);
}

static void name_options(struct lt_line *line)
{
    line->resume = line->option[LT_OPTION_resume];
    line->weights = line->option[LT_OPTION_weights];
    line->output = line->option[LT_OPTION_output];
    line->split = line->option[LT_OPTION_split];
    line->metrics_json = line->option[LT_OPTION_metrics_json];
    line->quiet |= line->metrics_json && strcmp(line->metrics_json, "-") == 0;
}

bool lt_line_read(struct lt_line *line, struct lt_settings *settings,
                  const struct lt_program *program, int argc, char **argv)
{
    struct words words = {
        .reader = {.line = line, .settings = settings, .program = program},
        .wait = calloc((size_t)argc + 1, sizeof *words.wait),
    };
    *line = (struct lt_line){
        .action = -1, .program = lt_called_name(program, argc, argv), .argc = argc, .argv = argv,
    };
    if (!words.wait) {
        lt_print_error("no memory for the command line");
        return false;
    }
    bool whole = read_command(&words);
    if (whole) {
        while (words.at < argc)
            read_word(&words);
        if (line->action < 0 || line->action == LT_OPTION_print_config)
            read_sources(&words);
        for (int i = 0; i < words.waiting; i++)
            lt_give(&words.reader, words.wait[i].row, "", words.wait[i].text);
        name_options(line);
        whole = words.reader.mistakes == 0;
        lt_complain_rest(&words.reader);
    }
    free(words.wait);
    return whole;
}

void lt_line_close(struct lt_line *line)
{
    for (int i = 0; i < line->owned_count; i++)
        free(line->owned[i]);
    free(line->owned);
    free(line->given);
    *line = (struct lt_line){.action = -1};
}

const char *lt_called_name(const struct lt_program *program, int argc, char **argv)
{
    if (argc < 1 || !argv[0] || !*argv[0])
        return program->name;
    const char *slash = strrchr(argv[0], '/');
    return slash && slash[1] ? slash + 1 : argv[0];
}
