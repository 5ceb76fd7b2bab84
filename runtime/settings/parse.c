#include "settings/parse.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "settings/settings.h"

struct unit {
    const char *name;
    enum lt_unit unit;
    double scale;
};

static const struct unit units[] = {
    {"steps", LT_STEPS, 1},       {"step", LT_STEPS, 1},       {"epochs", LT_EPOCHS, 1},
    {"epoch", LT_EPOCHS, 1},      {"batches", LT_BATCHES, 1},  {"batch", LT_BATCHES, 1},
    {"seconds", LT_SECONDS, 1},   {"second", LT_SECONDS, 1},   {"minutes", LT_SECONDS, 60},
    {"minute", LT_SECONDS, 60},   {"hours", LT_SECONDS, 3600}, {"hour", LT_SECONDS, 3600},
    {"days", LT_SECONDS, 86400},  {"day", LT_SECONDS, 86400},
};

static const struct unit *unit_find(const char *word)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, word) == 0)
            return &units[i];
    return NULL;
}

bool lt_is_unit(const char *word)
{
    return unit_find(word) != NULL;
}

const char *lt_unit_name(enum lt_unit unit)
{
    static const char *const names[] = {"steps", "epochs", "batches", "seconds", ""};
    return names[unit];
}

// The number at the start of `text`; the rest is left in `end`, blanks skipped.
static bool number_read(const char *text, double *number, const char **end)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)*digits) && *digits != '.')
        return false;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        return false;
    char *after;
    *number = strtod(text, &after);
    if (after == text || !isfinite(*number))
        return false;
    while (*after == ' ')
        after++;
    *end = after;
    return true;
}

static bool parse_number(const struct lt_setting *setting, const char *text, double *number,
                         struct lt_fault *fault)
{
    const char *end;
    if (!number_read(text, number, &end) || (*end && strcmp(end, "%") != 0))
        return lt_fail(fault, "--%s takes a number, such as 0.1 or 3e-4, not \"%s\"",
                       setting->name, text);
    if (*end)
        *number /= 100;
    return true;
}

static bool parse_integer(const struct lt_setting *setting, const char *text, double *number,
                          struct lt_fault *fault)
{
    const char *end;
    const bool is_switch = strcmp(setting->name, "trainer.fast_dev_run") == 0;
    if (is_switch && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
        *number = text[0] == 't';
        return true;
    }
    const bool may_lack = setting->number == -1 || strncmp(setting->name, "trainer.", 8) == 0;
    if (may_lack && (strcmp(text, "none") == 0 || strcmp(text, "None") == 0)) {
        *number = -1;
        return true;
    }
    if (!number_read(text, number, &end) || *end || *number != floor(*number)
        || fabs(*number) > 9007199254740992.0)
        return lt_fail(fault, "--%s takes a whole number, such as 3, not \"%s\"", setting->name,
                       text);
    return true;
}

static bool parse_flag(const struct lt_setting *setting, const char *text, double *number,
                       struct lt_fault *fault)
{
    static const char *const words[2][5] = {{"false", "no", "off", "0", "False"},
                                            {"true", "yes", "on", "1", "True"}};
    for (int value = 0; value < 2; value++)
        for (int i = 0; i < 5; i++)
            if (strcmp(text, words[value][i]) == 0) {
                *number = value;
                return true;
            }
    return lt_fail(fault, "--%s takes true or false, not \"%s\"", setting->name, text);
}

int lt_choice_index(const char *choices, const char *word)
{
    const size_t length = strlen(word);
    int index = 0;
    for (const char *at = choices; *at; index++) {
        const size_t span = strcspn(at, "|");
        if (span == length && strncmp(at, word, span) == 0)
            return index;
        at += span + (at[span] == '|');
    }
    return -1;
}

static bool parse_word(const struct lt_setting *setting, const char *choices, const char *text,
                       double *number, struct lt_fault *fault)
{
    const int index = lt_choice_index(choices, text);
    if (index < 0 && *choices)
        return lt_fail(fault, "--%s takes one of %s, not \"%s\"", setting->name, choices, text);
    *number = index < 0 ? 0 : index;
    return true;
}

// DD:HH:MM:SS, or less of it from the left.
static bool parse_clock(const struct lt_setting *setting, const char *text, double *seconds,
                        struct lt_fault *fault)
{
    static const double scale[] = {1, 60, 3600, 86400};
    double part[4];
    int parts = 0;

    for (const char *at = text; parts < 4;) {
        char *end;
        if (!isdigit((unsigned char)*at))
            break;
        part[parts++] = strtod(at, &end);
        if (*end == '\0') {
            *seconds = 0;
            for (int i = 0; i < parts; i++)
                *seconds += part[i] * scale[parts - 1 - i];
            return true;
        }
        if (*end != ':')
            break;
        at = end + 1;
    }
    return lt_fail(fault, "--%s takes DD:HH:MM:SS, such as 00:02:30:00, not \"%s\"", setting->name,
                   text);
}

// A bare number counts in the setting's own unit; for the trainer's limits, where batches and
// shares share a setting, a dot or a percent sign makes a share.
static bool parse_duration(const struct lt_setting *setting, const char *text,
                           struct lt_parsed *parsed, struct lt_fault *fault)
{
    const char *end;
    if (setting->unit == LT_SECONDS && strchr(text, ':')) {
        parsed->unit = LT_SECONDS;
        return parse_clock(setting, text, &parsed->number, fault);
    }
    const bool share_allowed = setting->unit == LT_BATCHES || setting->unit == LT_FRACTION;
    if (!number_read(text, &parsed->number, &end))
        return lt_fail(fault, "--%s takes a number with a unit, such as \"5 epochs\"%s, not \"%s\"",
                       setting->name, share_allowed ? ", or a share such as 0.5" : "", text);
    if (*end == '\0') {
        const bool dotted = strpbrk(text, ".eE") != NULL;
        parsed->unit = !share_allowed ? setting->unit : dotted ? LT_FRACTION : LT_BATCHES;
        return true;
    }
    if (strcmp(end, "%") == 0) {
        parsed->number /= 100;
        parsed->unit = LT_FRACTION;
        return true;
    }
    const struct unit *unit = unit_find(end);
    if (!unit)
        return lt_fail(fault, "--%s: \"%s\" is no unit; there are steps, epochs, batches, "
                       "seconds, minutes, hours, days and %%", setting->name, end);
    parsed->number *= unit->scale;
    parsed->unit = unit->unit;
    return true;
}

bool lt_parse_value(const struct lt_setting *setting, const char *choices, const char *text,
                    struct lt_parsed *parsed, struct lt_fault *fault)
{
    switch (setting->type) {
    case LT_NUMBER:
        return parse_number(setting, text, &parsed->number, fault);
    case LT_INTEGER:
        return parse_integer(setting, text, &parsed->number, fault);
    case LT_FLAG:
        return parse_flag(setting, text, &parsed->number, fault);
    case LT_WORD:
        return parse_word(setting, choices, text, &parsed->number, fault);
    case LT_TEXT:
        return true;
    case LT_DURATION:
        return parse_duration(setting, text, parsed, fault);
    }
    return true;
}

bool lt_parse_time(const char *text, double *seconds, struct lt_fault *fault)
{
    static const struct lt_setting max_time = {.name = "trainer.max_time"};
    *seconds = -1;
    return !*text || parse_clock(&max_time, text, seconds, fault);
}
