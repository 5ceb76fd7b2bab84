// line.h: what a run was asked for: one command, options, settings.
//
// They come, each over the one before, from the spec, from files (--config), from the environment
// (LT_TRAINER_MAX_EPOCHS) and from the command line. Reading changes nothing but the two structures
// handed in. Every mistake is printed, so that one try shows them all.
#pragma once
#include "settings/options.h"

enum { LT_CONFIGS = 16 };

struct lt_line {
    enum lt_command command;
    bool has_command;           // false: only an action such as --help was asked for
    int action;                 // an option that does something else instead, -1: none
    const char *option[LT_OPTIONS];     // as given, NULL: not
    const char *resume, *weights, *output, *split, *metrics_json;   // of those
    const char *subject;        // of info: a checkpoint
    int threads;                // 0: as OpenMP decides
    bool verify_data, quiet;
    const char *config[LT_CONFIGS];     // files that were read
    int config_count;
    const char **given;         // "name", "text" of each setting given, the one that counts
    int given_count;
    char **owned;               // copies that all these point to
    int owned_count;
    const char *program;        // as it was called, without its folder
    int argc;
    char **argv;
};

// False after mistakes, which have been printed: the exit code is 2.
bool lt_line_read(struct lt_line *line, struct lt_settings *settings,
                  const struct lt_program *program, int argc, char **argv);
void lt_line_close(struct lt_line *line);

// The last part of argv[0], or the program's own name.
const char *lt_called_name(const struct lt_program *program, int argc, char **argv);
