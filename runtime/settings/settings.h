// settings.h: the numbers and words of a run: what the spec says, changed by files, environment and
// command line.
//
// One table: first the settings of the program in its own order, so that `number` is what steps
// read, then those of the trainer that the program does not name, with Lightning's defaults. It
// owns its arrays; texts belong to the program or to argv. It never reads files or environment.
#pragma once
#include "base/fault.h"
#include "lt/program.h"

struct lt_setting_value {
    const struct lt_setting *of;
    enum lt_unit unit;          // of a duration, as given
    const char *text;           // of a word or a text
    bool from_line;             // the command line gave it, or a file or the environment
};

struct lt_settings {
    int count;
    struct lt_setting_value *value;
    double *number;             // in the same order
    struct lt_setting *own;     // descriptions of those that the program does not name
    struct lt_trainer_index trainer;        // all present
    int data_root;
};

bool lt_settings_open(struct lt_settings *settings, const struct lt_program *program,
                      struct lt_fault *fault);
void lt_settings_close(struct lt_settings *settings);

// Sets one from text, whole and checked. `name` without the leading "--".
bool lt_settings_set(struct lt_settings *settings, const struct lt_program *program,
                     const char *name, const char *text, struct lt_fault *fault);

// -1 where no setting has this name.
int lt_settings_find(const struct lt_settings *settings, const char *name);
// "norm|value" of a word, else "".
const char *lt_setting_choices(const struct lt_setting *setting);
double lt_setting_default(const struct lt_setting *setting);     // a word as its place in those

// True for a word that may follow a number: "epochs", "minutes".
bool lt_is_unit(const char *word);

// As a person would write it, into `text` of `size` bytes.
void lt_setting_print(const struct lt_settings *settings, int index, char *text, int size);

static inline double lt_setting_number(const struct lt_settings *settings, int index)
{
    return settings->number[index];
}
