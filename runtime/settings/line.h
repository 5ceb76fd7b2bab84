// line.h: the command line: one command, options, settings.
//
// Reading it changes nothing but the two structures handed in. Every mistake of a line is
// printed, so that one try shows them all; texts point into argv.
#pragma once
#include "settings/settings.h"

enum lt_command { LT_FIT, LT_VALIDATE_ONLY, LT_TEST_ONLY, LT_PREDICT_ONLY, LT_INFO, LT_COMMANDS };

struct lt_line {
    enum lt_command command;
    const char *resume, *weights, *output, *split, *seed;
    const char *subject;        // of info: a checkpoint
    const char *threads_text;
    int threads;                // 0: as OpenMP decides
    bool verify_data, quiet, help;
    const char **given;         // "name", "text" of each setting on the line, in order
    int given_count;
};

const char *lt_command_name(enum lt_command command);

// False after mistakes, which have been printed: the exit code is 2.
bool lt_line_read(struct lt_line *line, struct lt_settings *settings,
                  const struct lt_program *program, int argc, char **argv);
void lt_line_close(struct lt_line *line);
