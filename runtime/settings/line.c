#include "settings/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "settings/suggest.h"

// ---- commands and options -----------------------------------------------------------------------

static const char *const commands[LT_COMMANDS] = {"fit", "validate", "test", "predict", "info"};

const char *lt_command_name(enum lt_command command)
{
    return commands[command];
}

struct option {
    const char *name, *argument, *commands;
};

enum {
#define LT_OPTION(name, argument, commands, help) OPTION_##name,
#include "settings/options.def"
#undef LT_OPTION
    OPTIONS
};

static const struct option options[OPTIONS] = {
#define LT_OPTION(name, argument, commands, help) {#name, argument, commands},
#include "settings/options.def"
#undef LT_OPTION
};

static int option_find(const char *name)
{
    for (int i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].name, name) == 0)
            return i;
    return -1;
}

// ---- reading ------------------------------------------------------------------------------------

struct reader {
    struct lt_line *line;
    struct lt_settings *settings;
    const struct lt_program *program;
    int argc, at;
    char **argv;
    int mistakes;
};

static void complain(struct reader *reader, const struct lt_fault *fault)
{
    lt_print_fault(fault);
    reader->mistakes++;
}

static bool read_threads(struct lt_line *line, struct lt_fault *fault)
{
    char *end;
    const long threads = strtol(line->threads_text, &end, 10);
    if (end == line->threads_text || *end || threads < 1 || threads > 1024)
        return lt_fail(fault, "--threads takes a whole number from 1 to 1024, not \"%s\"",
                       line->threads_text);
    line->threads = (int)threads;
    return true;
}

static bool set_option(struct reader *reader, int option, const char *text, struct lt_fault *fault)
{
    struct lt_line *line = reader->line;
    if (!strchr(options[option].commands, commands[line->command][0]))
        return lt_fail(fault, "--%s has no meaning for %s", options[option].name,
                       commands[line->command]);
    const char **const place[OPTIONS] = {
        [OPTION_resume] = &line->resume,   [OPTION_weights] = &line->weights,
        [OPTION_output] = &line->output,   [OPTION_split] = &line->split,
        [OPTION_threads] = &line->threads_text, [OPTION_seed] = &line->seed,
    };
    if (place[option])
        *place[option] = text;
    line->quiet |= option == OPTION_quiet;
    line->verify_data |= option == OPTION_verify_data;
    line->help |= option == OPTION_help;
    return option != OPTION_threads || read_threads(line, fault);
}

static bool unknown_name(const struct reader *reader, const char *name, struct lt_fault *fault)
{
    struct lt_suggestion suggestion = {0};
    for (int i = 0; i < OPTIONS; i++)
        lt_suggest(&suggestion, name, options[i].name);
    for (int i = 0; i < reader->settings->count; i++)
        lt_suggest(&suggestion, name, reader->settings->value[i].of->name);
    if (suggestion.best)
        return lt_fail(fault, "there is no setting --%s; did you mean --%s?", name,
                       suggestion.best);
    return lt_fail(fault, "there is no setting --%s; --help lists them", name);
}

static bool is_known(const struct reader *reader, const char *name)
{
    return option_find(name) >= 0 || lt_settings_find(reader->settings, name) >= 0;
}

static bool takes_unit(const struct reader *reader, const char *name)
{
    const int index = lt_settings_find(reader->settings, name);
    return index >= 0 && reader->settings->value[index].of->type == LT_DURATION;
}

static bool takes_text(const struct reader *reader, const char *name)
{
    const int option = option_find(name);
    return option >= 0 ? *options[option].argument != '\0'
                       : !lt_setting_is_flag(reader->settings, name);
}

// The value of a name that came without "=": the next word, and a unit if one follows. A flag may
// stand alone and is then true.
static const char *following_text(struct reader *reader, const char *name, char *joined,
                                  size_t size)
{
    char **const next = reader->argv + reader->at;
    const bool there = reader->at < reader->argc && strncmp(next[0], "--", 2) != 0;
    if (!there && !takes_text(reader, name))
        return "true";
    if (option_find(name) >= 0 && !takes_text(reader, name))
        return "true";
    if (!there)
        return NULL;
    reader->at++;
    if (reader->at < reader->argc && takes_unit(reader, name) && lt_is_unit(next[1])) {
        snprintf(joined, size, "%s %s", next[0], next[1]);
        reader->at++;
        return joined;
    }
    return next[0];
}

static bool set_named(struct reader *reader, const char *name, const char *text,
                      struct lt_fault *fault)
{
    const int option = option_find(name);
    if (option >= 0) {
        if (!set_option(reader, option, text, fault))
            return false;
        if (option != OPTION_seed)
            return true;
        name = "trainer.seed";
    }
    if (!lt_settings_set(reader->settings, reader->program, name, text, fault))
        return false;
    char *name_copy = strdup(name), *text_copy = strdup(text);
    if (!name_copy || !text_copy)
        return lt_fail(fault, "no memory for the command line");
    reader->line->given[2 * reader->line->given_count] = name_copy;
    reader->line->given[2 * reader->line->given_count + 1] = text_copy;
    reader->line->given_count++;
    return true;
}

static void read_named(struct reader *reader, const char *word)
{
    char name[128], joined[128];
    const size_t length = strcspn(word, "=");
    struct lt_fault fault = {.text = ""};

    snprintf(name, sizeof name, "%.*s", (int)(length < 127 ? length : 127), word);
    if (!is_known(reader, name)) {
        unknown_name(reader, name, &fault);
        complain(reader, &fault);
        if (!word[length] && reader->at < reader->argc && reader->argv[reader->at][0] != '-')
            reader->at++;
        return;
    }
    const char *text = word[length] ? word + length + 1
                                    : following_text(reader, name, joined, sizeof joined);
    if (!text)
        lt_fail(&fault, "--%s needs a value", name);
    else
        set_named(reader, name, text, &fault);
    if (lt_failed(&fault))
        complain(reader, &fault);
}

static void read_word(struct reader *reader)
{
    const char *word = reader->argv[reader->at++];
    struct lt_fault fault = {.text = ""};

    if (strcmp(word, "-h") == 0)
        reader->line->help = true;
    else if (strncmp(word, "--", 2) == 0 && word[2])
        read_named(reader, word + 2);
    else if (reader->line->command == LT_INFO && !reader->line->subject && word[0] != '-')
        reader->line->subject = word;
    else {
        lt_fail(&fault, "\"%s\" was not expected here; settings are given as --name value", word);
        complain(reader, &fault);
    }
}

static bool read_command(struct reader *reader)
{
    const char *word = reader->argc > 1 ? reader->argv[1] : "";
    for (int i = 0; i < LT_COMMANDS; i++)
        if (strcmp(word, commands[i]) == 0) {
            reader->line->command = (enum lt_command)i;
            reader->at = 2;
            return true;
        }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        reader->line->help = true;
        reader->line->command = LT_FIT;
        reader->at = reader->argc;
        return true;
    }
    struct lt_suggestion suggestion = {0};
    for (int i = 0; i < LT_COMMANDS; i++)
        lt_suggest(&suggestion, word, commands[i]);
    if (!*word)
        lt_print_error("a command is missing: fit, validate, test, predict or info; --help "
                       "explains them");
    else if (suggestion.best)
        lt_print_error("there is no command \"%s\"; did you mean %s?", word, suggestion.best);
    else
        lt_print_error("there is no command \"%s\"; there are fit, validate, test, predict and "
                       "info", word);
    return false;
}

bool lt_line_read(struct lt_line *line, struct lt_settings *settings,
                  const struct lt_program *program, int argc, char **argv)
{
    struct reader reader = {
        .line = line, .settings = settings, .program = program, .argc = argc, .argv = argv,
    };
    *line = (struct lt_line){.given = calloc((size_t)argc * 2 + 2, sizeof *line->given)};
    if (!line->given) {
        lt_print_error("no memory for the command line");
        return false;
    }
    if (!read_command(&reader))
        return false;
    while (reader.at < argc)
        read_word(&reader);
    return reader.mistakes == 0;
}

void lt_line_close(struct lt_line *line)
{
    for (int i = 0; i < 2 * line->given_count; i++)
        free((void *)(uintptr_t)line->given[i]);
    free(line->given);
    *line = (struct lt_line){0};
}
