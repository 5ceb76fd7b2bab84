// options.h: the command line of ltc: `ltc COMMAND [options] spec.lt`.
//
// What is wrong with it is said in one sentence on standard error, with a suggestion, and the caller
// exits with 2. Behind the spec of `run`, words belong to the program.
#pragma once
#include "../trace/trace.h"

typedef enum Command {
    COMMAND_NONE, COMMAND_BUILD, COMMAND_CHECK, COMMAND_EMIT, COMMAND_EXPLAIN, COMMAND_RUN,
    COMMAND_HELP, COMMAND_VERSION
} Command;

enum { most_definitions = 256 };

typedef struct Options {
    Command command, help_for;  // help_for: of `ltc build --help`
    const char *spec;           // or the code that `ltc help` explains
    const char *output, *stdlib, *data_root, *cc;
    const char *dump;           // names of passes, apart by commas
    bool debug, verbose, interpret, stages;
    long steps;                 // -1: not given
    Definition definition[most_definitions];
    int definition_count;
    char **rest;                // the program's words
    int rest_count;
} Options;

bool options_read(Arena *arena, int argc, char **argv, Options *options);
void options_help(Command command, FILE *out);          // COMMAND_NONE: of all
Command options_command(const char *name);             // COMMAND_NONE: not one
bool options_dumps(const Options *options, const char *pass);
