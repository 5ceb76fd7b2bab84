// environment: LT_TRAINER_MAX_EPOCHS=3 gives trainer.max_epochs, LT_SEED=7 gives --seed.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/print.h"
#include "settings/given.h"
#include "settings/suggest.h"

extern char **environ;

// An empty variable is one that is not set.
static void give_row(struct lt_reader *reader, int index)
{
    struct lt_row row;
    lt_row_read(reader->settings, index, &row);
    const char *text = *row.variable ? getenv(row.variable) : NULL;
    if (text && *text && row.option != LT_OPTION_config)
        lt_give(reader, index, row.variable, text);
}

// Does it begin with a group of settings, or is it an option but for one letter?
static bool is_meant_for_us(const struct lt_reader *reader, const char *variable,
                            struct lt_suggestion *suggestion, char best[LT_ROW_NAME])
{
    struct lt_row row;
    bool of_group = false;
    *suggestion = (struct lt_suggestion){0};
    for (int i = 0; i < lt_rows_count(reader->settings); i++) {
        lt_row_read(reader->settings, i, &row);
        if (!*row.variable)
            continue;
        of_group |= row.group > 0 && strncmp(variable, row.variable, (size_t)row.group + 4) == 0;
        lt_suggest(suggestion, variable, row.variable);
        if (suggestion->best == row.variable)
            suggestion->best = memcpy(best, row.variable, LT_ROW_NAME);
    }
    return of_group || (suggestion->best && suggestion->distance <= 1);
}

static bool is_known(const struct lt_reader *reader, const char *variable)
{
    struct lt_row row;
    for (int i = 0; i < lt_rows_count(reader->settings); i++) {
        lt_row_read(reader->settings, i, &row);
        if (strcmp(row.variable, variable) == 0)
            return true;
    }
    return false;
}

static void look_at(struct lt_reader *reader, const char *entry)
{
    struct lt_suggestion suggestion;
    char variable[LT_ROW_NAME], best[LT_ROW_NAME];
    const size_t length = strcspn(entry, "=");
    if (strncmp(entry, "LT_", 3) != 0 || length >= sizeof variable || !entry[length]
        || !entry[length + 1])
        return;
    snprintf(variable, sizeof variable, "%.*s", (int)length, entry);
    if (is_known(reader, variable) || !is_meant_for_us(reader, variable, &suggestion, best))
        return;
    if (suggestion.best)
        lt_print_note("%s is set, but no setting has this name; did you mean %s?", variable,
                      suggestion.best);
    else
        lt_print_note("%s is set, but no setting has this name; --help lists them", variable);
}

void lt_environment_read(struct lt_reader *reader)
{
    for (char **entry = environ; entry && *entry; entry++)
        look_at(reader, *entry);
    for (int i = 0; i < lt_rows_count(reader->settings); i++)
        give_row(reader, i);
}
