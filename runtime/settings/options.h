// options.h: what a command line may say: one table of options and settings.
//
// Help, completion, the manual page, config files and the environment read the same rows: first the
// options of options.def, then the settings of the program and its trainer. A row is a view; its
// texts belong to the tables.
#pragma once
#include "settings/settings.h"

enum lt_command {
#define LT_COMMAND(id, name, argument, help) LT_##id,
#include "settings/commands.def"
#undef LT_COMMAND
    LT_COMMANDS
};

enum lt_option {
#define LT_OPTION(name, argument, words, commands, places, help) LT_OPTION_##name,
#include "settings/options.def"
#undef LT_OPTION
    LT_OPTIONS
};

enum { LT_ROW_NAME = 192 };

struct lt_row {
    char name[LT_ROW_NAME];     // as it is typed behind "--": "print-config", "trainer.max_epochs"
    char variable[LT_ROW_NAME]; // "LT_TRAINER_MAX_EPOCHS", "" where the environment does not count
    const char *argument;       // "N", "true|false"; "" for none
    const char *words;          // what it takes by name, "a|b"
    const char *help;
    const char *commands;       // letters, as in options.def
    const char *places;
    int group;                  // letters of the name that are its group; 0: an option
    int option, setting;        // -1: it is none
    bool fixed;                 // known when compiling
};

const char *lt_command_name(enum lt_command command);
const char *lt_command_argument(enum lt_command command);
const char *lt_command_help(enum lt_command command);
bool lt_command_takes(enum lt_command command, const struct lt_row *row);

int lt_rows_count(const struct lt_settings *settings);
void lt_row_read(const struct lt_settings *settings, int index, struct lt_row *row);
// -1 where nothing has this name; hyphens and underscores are the same.
int lt_rows_find(const struct lt_settings *settings, const char *name);
bool lt_row_is_flag(const struct lt_settings *settings, const struct lt_row *row);

// Whether a row before `index` is of the same group.
bool lt_row_group_was_before(const struct lt_settings *settings, int index);

// The first word of "a|b" from `at` on, into `word`; NULL at the end, else where the next begins.
const char *lt_next_word(const char *at, char *word, int size);
