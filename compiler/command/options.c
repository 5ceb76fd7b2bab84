#include "options.h"

#include <stdlib.h>
#include <string.h>

typedef struct CommandRow {
    Command command;
    char letter;
    const char *name, *what, *help;
} CommandRow;

static const CommandRow commands[] = {
    {COMMAND_BUILD, 'b', "build", "spec.lt", "make a program that trains the model"},
    {COMMAND_CHECK, 'c', "check", "spec.lt", "find mistakes, and write nothing"},
    {COMMAND_EMIT, 'e', "emit", "spec.lt", "print the C that it becomes, or write it to a folder"},
    {COMMAND_EXPLAIN, 'x', "explain", "spec.lt", "parameters, kernels with their lines, memory"},
    {COMMAND_RUN, 'r', "run", "spec.lt [words]", "build and run at once; words go to the program"},
    {COMMAND_HELP, 'h', "help", "[E0123]", "explain a message, or a command"},
};
enum { command_count = sizeof commands / sizeof *commands };

typedef enum OptionId {
#define OPTION(id, short, long, value, commands, help) OPTION_##id,
#include "options.def"
#undef OPTION
    OPTION_COUNT
} OptionId;

typedef struct OptionRow {
    char letter;
    const char *name, *value, *commands, *help;
} OptionRow;

static const OptionRow rows[] = {
#define OPTION(id, short, long, value, commands, help) {short, long, value, commands, help},
#include "options.def"
#undef OPTION
};

static const CommandRow *command_row(Command command)
{
    for (int i = 0; i < command_count; i++)
        if (commands[i].command == command)
            return &commands[i];
    return NULL;
}

Command options_command(const char *name)
{
    for (int i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].command;
    return COMMAND_NONE;
}

static bool belongs(const OptionRow *row, Command command)
{
    const CommandRow *c = command_row(command);
    return row->commands[0] == 'a' || !c || strchr(row->commands, c->letter);
}

// ---- reading ------------------------------------------------------------------------------------

static bool unknown_command(Arena *arena, const char *word)
{
    const char *names[command_count];
    for (int i = 0; i < command_count; i++)
        names[i] = commands[i].name;
    const char *near = diag_nearest(arena, word, names, command_count);
    size_t length = strlen(word);
    if (!near && length > 3 && strcmp(word + length - 3, ".lt") == 0)
        fprintf(stderr, "ltc: what shall be done with %s? Say `ltc build %s`\n", word, word);
    else if (near)
        fprintf(stderr, "ltc: there is no command `%s`; did you mean `%s`?\n", word, near);
    else
        fprintf(stderr, "ltc: there is no command `%s`; `ltc --help` lists them\n", word);
    return false;
}

static bool unknown_option(Arena *arena, const char *word, Command command)
{
    const char *names[OPTION_COUNT];
    int count = 0;
    for (int i = 0; i < OPTION_COUNT; i++)
        if (belongs(&rows[i], command))
            names[count++] = rows[i].name;
    size_t length = strcspn(word, "=");
    const char *bare = arena_string(arena, word, length);
    const char *near = diag_nearest(arena, bare + strspn(bare, "-"), names, count);
    if (near)
        fprintf(stderr, "ltc: there is no option `%s`; did you mean `--%s`?\n", bare, near);
    else
        fprintf(stderr, "ltc: there is no option `%s`; `ltc --help` lists them\n", bare);
    return false;
}

typedef struct Words {          // of the command line
    Arena *arena;
    int count, at;
    char **word;
    Options *options;
} Words;

static bool define(Words *w, const char *text)
{
    const char *equals = strchr(text, '=');
    Options *o = w->options;
    if (!equals || equals == text || !equals[1]) {
        fprintf(stderr, "ltc: -D takes a name and a value: -D width=512\n");
        return false;
    }
    if (o->definition_count == most_definitions) {
        fprintf(stderr, "ltc: more than %d definitions\n", most_definitions);
        return false;
    }
    o->definition[o->definition_count++] =
        (Definition){arena_string(w->arena, text, (size_t)(equals - text)), equals + 1};
    return true;
}

static bool set_steps(Options *o, const char *text)
{
    char *end;
    o->steps = strtol(text, &end, 10);
    if (*text && !*end && o->steps >= 0)
        return true;
    fprintf(stderr, "ltc: --steps takes a whole number, not `%s`\n", text);
    return false;
}

static bool set_option(Words *w, OptionId id, const char *value)
{
    Options *o = w->options;
    switch (id) {
    case OPTION_OUTPUT: o->output = value; return true;
    case OPTION_DEFINE: return define(w, value);
    case OPTION_STDLIB: o->stdlib = value; return true;
    case OPTION_DATA_ROOT: o->data_root = value; return true;
    case OPTION_DUMP:
        o->dump = o->dump ? arena_format(w->arena, "%s,%s", o->dump, value) : value;
        return true;
    case OPTION_CC: o->cc = value; return true;
    case OPTION_DEBUG: o->debug = true; return true;
    case OPTION_VERBOSE: o->verbose = true; return true;
    case OPTION_INTERPRET: o->interpret = true; return true;
    case OPTION_STEPS: return set_steps(o, value);
    case OPTION_STAGES: o->stages = true; return true;
    case OPTION_HELP:
        o->help_for = o->command;
        o->command = COMMAND_HELP;
        return true;
    case OPTION_VERSION: o->command = COMMAND_VERSION; return true;
    case OPTION_COUNT: break;
    }
    return false;
}

// The option that a word names, and the value glued to it: --cc=gcc, -Dn=3, -ofile.
static int option_of(const char *word, const char **value)
{
    *value = NULL;
    for (int i = 0; i < OPTION_COUNT; i++) {
        size_t length = strlen(rows[i].name);
        if (word[1] == '-' && strncmp(word + 2, rows[i].name, length) == 0
            && (word[2 + length] == '=' || !word[2 + length])) {
            *value = word[2 + length] ? word + 3 + length : NULL;
            return i;
        }
        if (word[1] == rows[i].letter && word[1] != '-' && (!word[2] || rows[i].value)) {
            *value = word[2] ? word + 2 : NULL;
            return i;
        }
    }
    return -1;
}

static bool read_option(Words *w)
{
    const char *word = w->word[w->at++], *value;
    int id = option_of(word, &value);
    if (id < 0)
        return unknown_option(w->arena, word, w->options->command);
    if (!belongs(&rows[id], w->options->command)) {
        fprintf(stderr, "ltc: `%s` has no option --%s\n",
                command_row(w->options->command)->name, rows[id].name);
        return false;
    }
    if (!rows[id].value && value) {
        fprintf(stderr, "ltc: --%s takes no value\n", rows[id].name);
        return false;
    }
    if (rows[id].value && !value) {
        if (w->at == w->count) {
            fprintf(stderr, "ltc: --%s needs a value: %s\n", rows[id].name, rows[id].value);
            return false;
        }
        value = w->word[w->at++];
    }
    return set_option(w, (OptionId)id, value);
}

static bool take_word(Words *w)
{
    Options *o = w->options;
    const char *word = w->word[w->at];
    if (o->command == COMMAND_NONE) {
        o->command = options_command(word);
        w->at++;
        return o->command != COMMAND_NONE || unknown_command(w->arena, word);
    }
    if (!o->spec) {
        o->spec = word;
        w->at++;
        return true;
    }
    fprintf(stderr, "ltc: one spec at a time: `%s` is one more\n", word);
    return false;
}

static bool complete(Options *o)
{
    if (o->command == COMMAND_NONE) {
        fprintf(stderr, "ltc: no command; `ltc --help` lists them\n");
        return false;
    }
    if (o->command == COMMAND_HELP || o->command == COMMAND_VERSION || o->spec)
        return true;
    fprintf(stderr, "ltc: which spec? ltc %s spec.lt\n", command_row(o->command)->name);
    return false;
}

// Behind the spec of `ltc run`, options of its own still count, up to the first word that is not one:
// `ltc run spec.lt --interpret fit`. Help and version there are the program's.
static bool for_the_program(const Options *options, const char *word)
{
    if (options->command != COMMAND_RUN || !options->spec)
        return false;
    const char *value;
    int id = word[0] == '-' && word[1] ? option_of(word, &value) : -1;
    return id < 0 || id == OPTION_HELP || id == OPTION_VERSION
        || !belongs(&rows[id], COMMAND_RUN);
}

bool options_read(Arena *arena, int argc, char **argv, Options *options)
{
    *options = (Options){.steps = -1};
    Words w = {arena, argc, 1, argv, options};
    while (w.at < w.count) {
        if (for_the_program(options, w.word[w.at])) {
            options->rest = w.word + w.at;      // also what looks like an option
            options->rest_count = w.count - w.at;
            break;
        }
        const char *word = w.word[w.at];
        bool option = word[0] == '-' && word[1];
        if (!(option ? read_option(&w) : take_word(&w)))
            return false;
        if (options->command == COMMAND_VERSION
            || (options->command == COMMAND_HELP && strcmp(word, "help") != 0))
            break;
    }
    return complete(options);
}

// ---- help ---------------------------------------------------------------------------------------

static void print_option(const OptionRow *row, FILE *out)
{
    char left[64];
    int n = row->letter ? snprintf(left, sizeof left, "-%c, --%s", row->letter, row->name)
                        : snprintf(left, sizeof left, "    --%s", row->name);
    if (row->value)
        snprintf(left + n, sizeof left - (size_t)n, " %s", row->value);
    fprintf(out, "  %-28s %s\n", left, row->help);
}

void options_help(Command command, FILE *out)
{
    const CommandRow *row = command_row(command);
    if (row) {
        fprintf(out, "ltc %s %s: %s\n\n", row->name, row->what, row->help);
    } else {
        fprintf(out, "ltc makes a training program of a spec.\n\n");
        for (int i = 0; i < command_count; i++)
            fprintf(out, "  ltc %-7s %-16s %s\n", commands[i].name, commands[i].what,
                    commands[i].help);
        fprintf(out, "\n");
    }
    for (int i = 0; i < OPTION_COUNT; i++)
        if (belongs(&rows[i], command))
            print_option(&rows[i], out);
    if (!row)
        fprintf(out, "\nExit: 0 done, 1 the spec is wrong, 2 the command line is wrong, 3 our "
                "fault.\nColour: on a terminal, unless NO_COLOR is set.\n");
}

bool options_dumps(const Options *options, const char *pass)
{
    size_t length = strlen(pass);
    for (const char *at = options->dump; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, pass, length) == 0 && (at[length] == ',' || !at[length]))
            return true;
    }
    return false;
}
