#include "settings/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct command {
    const char *name, *argument, *help;
};

static const struct command commands[LT_COMMANDS] = {
#define LT_COMMAND(id, name, argument, help) {name, argument, help},
#include "settings/commands.def"
#undef LT_COMMAND
};

struct option {
    const char *name, *argument, *words, *commands, *places, *help;
};

static const struct option options[LT_OPTIONS] = {
#define LT_OPTION(name, argument, words, commands, places, help)                                   \
    {#name, argument, words, commands, places, help},
#include "settings/options.def"
#undef LT_OPTION
};

const char *lt_command_name(enum lt_command command)
{
    return commands[command].name;
}

const char *lt_command_argument(enum lt_command command)
{
    return commands[command].argument;
}

const char *lt_command_help(enum lt_command command)
{
    return commands[command].help;
}

bool lt_command_takes(enum lt_command command, const struct lt_row *row)
{
    return strchr(row->commands, commands[command].name[0]) != NULL;
}

// ---- rows ---------------------------------------------------------------------------------------

int lt_rows_count(const struct lt_settings *settings)
{
    return LT_OPTIONS + settings->count;
}

static const char *type_name(const struct lt_setting *setting)
{
    static const char *const names[] = {
        [LT_NUMBER] = "NUMBER", [LT_INTEGER] = "N", [LT_FLAG] = "true|false",
        [LT_WORD] = "WORD",     [LT_TEXT] = "TEXT", [LT_DURATION] = "DURATION",
    };
    if (setting->type == LT_DURATION
        && (setting->unit == LT_BATCHES || setting->unit == LT_FRACTION))
        return "N|SHARE";
    return names[setting->type];
}

static bool ends_in(const char *name, const char *ending)
{
    const size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

static void read_setting(const struct lt_settings *settings, int index, struct lt_row *row)
{
    const struct lt_setting *setting = settings->value[index].of;
    const char *words = setting->type == LT_FLAG   ? "true|false"
                      : setting->type == LT_WORD   ? lt_setting_choices(setting)
                                                   : "";
    const bool folder = ends_in(setting->name, ".root") || ends_in(setting->name, "_dir");
    *row = (struct lt_row){
        .argument = setting->type == LT_WORD && *words    ? words
                  : setting->type == LT_TEXT && folder ? "DIR"
                                                       : type_name(setting),
        .words = words, .help = setting->help ? setting->help : "", .commands = "fvtpi",
        .places = "ce", .group = (int)strcspn(setting->name, "."), .option = -1,
        .setting = index, .fixed = setting->fixed,
    };
    snprintf(row->name, sizeof row->name, "%s", setting->name);
}

static void read_option(int index, struct lt_row *row)
{
    const struct option *option = &options[index];
    *row = (struct lt_row){
        .argument = option->argument, .words = option->words, .help = option->help,
        .commands = option->commands, .places = option->places, .option = index, .setting = -1,
    };
    snprintf(row->name, sizeof row->name, "%s", option->name);
    for (char *letter = row->name; *letter; letter++)
        if (*letter == '_')
            *letter = '-';
}

static void name_variable(struct lt_row *row)
{
    size_t used = 3;
    memcpy(row->variable, "LT_", used);
    for (const char *at = row->name; *at && used + 1 < sizeof row->variable; at++)
        row->variable[used++] = isalnum((unsigned char)*at) ? (char)toupper((unsigned char)*at)
                                                            : '_';
    row->variable[used] = '\0';
}

void lt_row_read(const struct lt_settings *settings, int index, struct lt_row *row)
{
    if (index < LT_OPTIONS)
        read_option(index, row);
    else
        read_setting(settings, index - LT_OPTIONS, row);
    if (strchr(row->places, 'e'))
        name_variable(row);
}

static bool same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
            return false;
    return *a == *b;
}

int lt_rows_find(const struct lt_settings *settings, const char *name)
{
    for (int i = 0; i < LT_OPTIONS; i++)
        if (same_name(options[i].name, name))
            return i;
    for (int i = 0; i < settings->count; i++)
        if (same_name(settings->value[i].of->name, name))
            return LT_OPTIONS + i;
    return -1;
}

bool lt_row_is_flag(const struct lt_settings *settings, const struct lt_row *row)
{
    return row->option >= 0 ? !*row->argument : settings->value[row->setting].of->type == LT_FLAG;
}

bool lt_row_group_was_before(const struct lt_settings *settings, int index)
{
    struct lt_row row, before;
    lt_row_read(settings, index, &row);
    for (int i = 0; i < index; i++) {
        lt_row_read(settings, i, &before);
        if (before.group == row.group && strncmp(before.name, row.name, (size_t)row.group) == 0)
            return true;
    }
    return false;
}

const char *lt_next_word(const char *at, char *word, int size)
{
    if (!*at)
        return NULL;
    const size_t length = strcspn(at, "|");
    snprintf(word, (size_t)size, "%.*s", (int)length, at);
    return at + length + (at[length] == '|');
}
