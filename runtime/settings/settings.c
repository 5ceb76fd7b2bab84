#include "settings/settings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/parse.h"

// ---- the table ----------------------------------------------------------------------------------

struct range {
    const char *name, *choices;
    double least, greatest;
};

static const struct range ranges[] = {
#define LT_RANGE(name, least, greatest, choices) {"trainer." #name, choices, least, greatest},
#include "settings/ranges.def"
#undef LT_RANGE
};

static const struct lt_setting trainer_settings[] = {
#define LT_TRAINER_SETTING(name, type, number, text, help)                                         \
    {"trainer." #name, type, LT_BATCHES, number, text, NULL, help, false, false, false},
#include "lt/trainer.def"
#undef LT_TRAINER_SETTING
};

static const struct lt_setting data_root = {
    .name = "data.root", .type = LT_TEXT, .text = "",
    .help = "folder that the files of data blocks are relative to",
};

enum { TRAINER_SETTINGS = sizeof trainer_settings / sizeof *trainer_settings };

static const struct range *range_of(const char *name)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (strcmp(ranges[i].name, name) == 0)
            return &ranges[i];
    return NULL;
}

const char *lt_setting_choices(const struct lt_setting *setting)
{
    const struct range *range = range_of(setting->name);
    return setting->choices && *setting->choices ? setting->choices
         : range                                 ? range->choices
                                                 : "";
}

// Limits default to the share 1.0: all of it.
static enum lt_unit default_unit(const struct lt_setting *setting)
{
    const bool whole = setting->number == (double)(int64_t)setting->number;
    return setting->type == LT_DURATION && (setting->number == 1.0 || !whole) ? LT_FRACTION
                                                                               : setting->unit;
}

double lt_setting_default(const struct lt_setting *setting)
{
    const int choice = setting->type == LT_WORD && setting->text
                     ? lt_choice_index(lt_setting_choices(setting), setting->text) : -1;
    return choice < 0 ? setting->number : choice;
}

static int add(struct lt_settings *settings, const struct lt_setting *setting, enum lt_unit unit)
{
    const int index = settings->count++;
    settings->value[index] = (struct lt_setting_value){
        .of = setting, .unit = unit, .text = setting->text ? setting->text : "",
    };
    settings->number[index] = lt_setting_default(setting);
    return index;
}

static int find_or_add(struct lt_settings *settings, const struct lt_setting *own)
{
    const int found = lt_settings_find(settings, own->name);
    return found >= 0 ? found : add(settings, own, default_unit(own));
}

bool lt_settings_open(struct lt_settings *settings, const struct lt_program *program,
                      struct lt_fault *fault)
{
    const size_t most = (size_t)program->setting_count + TRAINER_SETTINGS + 1;
    *settings = (struct lt_settings){
        .value = calloc(most, sizeof *settings->value),
        .number = calloc(most, sizeof *settings->number),
    };
    if (!settings->value || !settings->number)
        return lt_fail(fault, "no memory for %zu settings", most);

    for (int i = 0; i < program->setting_count; i++)
        add(settings, &program->setting[i], program->setting[i].unit);
    const struct lt_setting *own = trainer_settings;
#define LT_TRAINER_SETTING(name, type, number, text, help)                                         \
    settings->trainer.name = find_or_add(settings, own++);
#include "lt/trainer.def"
#undef LT_TRAINER_SETTING
    settings->data_root = find_or_add(settings, &data_root);
    return true;
}

void lt_settings_close(struct lt_settings *settings)
{
    free(settings->value);
    free(settings->number);
    *settings = (struct lt_settings){0};
}

int lt_settings_find(const struct lt_settings *settings, const char *name)
{
    for (int i = 0; i < settings->count; i++)
        if (strcmp(settings->value[i].of->name, name) == 0)
            return i;
    return -1;
}

// ---- setting one --------------------------------------------------------------------------------

static bool check_range(const struct lt_setting *setting, double number, enum lt_unit unit,
                        const char *text, struct lt_fault *fault)
{
    const struct range *range = range_of(setting->name);
    if (!range || setting->type == LT_TEXT)
        return true;
    if (number < range->least)
        return lt_fail(fault, "--%s is %s, but the least that it can be is %.15g", setting->name,
                       text, range->least);
    if (number > range->greatest)
        return lt_fail(fault, "--%s is %s, but the greatest that it can be is %.15g",
                       setting->name, text, range->greatest);
    if (unit == LT_FRACTION && number > 1 && setting->type == LT_DURATION)
        return lt_fail(fault, "--%s is %s, but a share is at most 1.0; a whole number without a "
                       "dot counts batches", setting->name, text);
    return true;
}

// What is not compiled in cannot be switched on; switching it off is fine.
static bool check_compiled(const struct lt_program *program, const char *name, double number,
                           struct lt_fault *fault)
{
    if (!program->has_clip && number > 0 && strcmp(name, "trainer.gradient_clip_val") == 0)
        return lt_fail(fault, "--%s: this program was compiled without clipping; build it with "
                       "`ltc build -D %s=%.15g`", name, name, number);
    if (!program->has_accumulation && number > 1
        && strcmp(name, "trainer.accumulate_grad_batches") == 0)
        return lt_fail(fault, "--%s: this program was compiled without accumulation; build it "
                       "with `ltc build -D %s=%.15g`", name, name, number);
    return true;
}

// The rows of predict have room for so many and no more.
static bool check_rows(const struct lt_program *program, int index, double number,
                       struct lt_fault *fault)
{
    if (index != program->predict_setting - 1)
        return true;
    const struct lt_setting *setting = &program->setting[index];
    const double most =
        program->predict_most > 0 ? (double)program->predict_most : setting->number;
    return (number >= 1 && number <= most)
        || lt_fail(fault, "--%s is %.15g, but this program was compiled for 1 to %.15g",
                   setting->name, number, most);
}

static bool is_logged(const struct lt_program *program, const char *name, size_t length)
{
    for (int i = 0; i < program->log_count; i++)
        if (strlen(program->log[i].name) == length
            && strncmp(program->log[i].name, name, length) == 0)
            return true;
    return false;
}

// Every {NAME} in the name of a checkpoint is epoch, step or something that is logged.
static bool check_template(const struct lt_program *program, const struct lt_setting *setting,
                           const char *text, struct lt_fault *fault)
{
    if (!setting->names_file)
        return true;
    for (const char *at = strchr(text, '{'); at; at = strchr(at, '{')) {
        const size_t length = strcspn(++at, ":}");
        const bool counter = length == strlen("epoch") && strncmp(at, "epoch", length) == 0;
        const bool step = length == strlen("step") && strncmp(at, "step", length) == 0;
        if (!counter && !step && !is_logged(program, at, length))
            return lt_fail(fault, "--%s: {%.*s} is neither epoch nor step nor anything that this "
                           "program logs", setting->name, (int)length, at);
    }
    return true;
}

// What is compiled in may be said again, as the file does that --print-config wrote.
static bool is_same(const struct lt_settings *settings, int index, const struct lt_parsed *parsed,
                    const char *text)
{
    const struct lt_setting_value *value = &settings->value[index];
    if (value->of->type == LT_TEXT)
        return strcmp(value->text, text) == 0;
    return parsed->number == settings->number[index] && parsed->unit == value->unit;
}

bool lt_settings_set(struct lt_settings *settings, const struct lt_program *program,
                     const char *name, const char *text, struct lt_fault *fault)
{
    const int index = lt_settings_find(settings, name);
    if (index < 0)
        return lt_fail(fault, "there is no setting --%s", name);
    struct lt_setting_value *value = &settings->value[index];
    struct lt_parsed parsed = {.unit = value->of->unit};
    if (!lt_parse_value(value->of, lt_setting_choices(value->of), text, &parsed, fault))
        return false;
    if (value->of->fixed)
        return is_same(settings, index, &parsed, text)
            || lt_fail(fault, "--%s is fixed when compiling; build with `ltc build -D %s=%s`",
                       name, name, text);
    if (!check_range(value->of, parsed.number, parsed.unit, text, fault)
        || !check_compiled(program, name, parsed.number, fault)
        || !check_rows(program, index, parsed.number, fault)
        || !check_template(program, value->of, text, fault))
        return false;
    settings->number[index] = parsed.number;
    value->unit = parsed.unit;
    value->text = value->of->type == LT_TEXT || value->of->type == LT_WORD ? text : value->text;
    value->from_line = true;
    return true;
}

// ---- printing -----------------------------------------------------------------------------------

// The shortest of its spellings that is read back to the bit.
static void print_number(double number, char *text, int size)
{
    if (number == floor(number) && fabs(number) < 1e15) {
        snprintf(text, (size_t)size, "%.0f", number);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, (size_t)size, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            return;
    }
}

static void print_duration(double number, enum lt_unit unit, char *text, int size)
{
    char digits[32];
    print_number(number, digits, sizeof digits);
    if (unit != LT_FRACTION)
        snprintf(text, (size_t)size, "%s %s", digits, lt_unit_name(unit));
    else
        snprintf(text, (size_t)size, "%s%s", digits, strpbrk(digits, ".e") ? "" : ".0");
}

void lt_setting_print(const struct lt_settings *settings, int index, char *text, int size)
{
    const struct lt_setting_value *value = &settings->value[index];
    const double number = settings->number[index];

    switch (value->of->type) {
    case LT_FLAG:
        snprintf(text, (size_t)size, "%s", number != 0 ? "true" : "false");
        return;
    case LT_WORD:
    case LT_TEXT:
        snprintf(text, (size_t)size, "%s", *value->text ? value->text : "\"\"");
        return;
    case LT_DURATION:
        print_duration(number, value->unit, text, size);
        return;
    case LT_INTEGER:
    case LT_NUMBER:
        print_number(number, text, size);
    }
}
