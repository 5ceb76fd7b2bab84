// host.h: host numbers and host functions, evaluated as trees.
//
// Stands where emitted C stands in a compiled program: reads the numbers of the run from struct
// lt_host and asks the trainer for what a callback may ask for through its calls.
#pragma once
#include "../trace/program.h"
#include "lt/program.h"

typedef struct HostRun {
    const Program *program;
    struct lt_host *host;
    int64_t rows;               // of this call, for HOST_ROWS
    int callback;               // that runs, for its checkpoints; -1: none
    bool failed;                // a check did not hold; its message has been handed to fail
    double *local;              // of the function that runs
} HostRun;

double host_number(void *run, const HostExpr *number);      // a HostNumber; run is a HostRun
const char *host_text(HostRun *run, const HostExpr *text);
double host_call(HostRun *run, const HostFunction *function, double argument);
