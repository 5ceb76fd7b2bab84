// given.h: what files, environment and command line have in common: one name is set to one text.
//
// Private to settings/. `where` stands before a mistake: "run.yaml:3:5", "LT_SEED", or "" for the
// command line, whose messages name settings as they are typed there.
#pragma once
#include "settings/line.h"

struct lt_reader {
    struct lt_line *line;
    struct lt_settings *settings;
    const struct lt_program *program;
    int mistakes;
};

void lt_complain(struct lt_reader *reader, const char *where, const char *format, ...)
    LT_PRINTF(3, 4);

void lt_complain_rest(const struct lt_reader *reader);     // how many were not shown

// The name is nobody's: says so, with the name that may have been meant.
void lt_complain_unknown(struct lt_reader *reader, const char *where, const char *name);

// A copy that lives as long as the line, or NULL after a complaint.
const char *lt_keep_text(struct lt_reader *reader, const char *text, size_t length);

// Sets what row `index` names, or complains. An option that the command does not take is a mistake
// on the command line and nothing elsewhere.
void lt_give(struct lt_reader *reader, int index, const char *where, const char *text);

// The sources that are not the command line.
void lt_config_read(struct lt_reader *reader, const char *path);
void lt_environment_read(struct lt_reader *reader);
