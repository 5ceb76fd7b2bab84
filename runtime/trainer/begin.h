// begin.h: how a command begins: data, variables, position, folders and logs.
//
// Each function leaves its sentence in run->fault. What is expensive or may fail for reasons of the
// user (paths, space, data) comes before the first step.
#pragma once
#include "trainer/origin.h"
#include "trainer/run.h"

// fit: fresh, from weights, or resumed.
bool lt_begin_fit(struct lt_run *run, bool *resumed);

// validate, test, predict: data and weights; `origin` says which.
bool lt_begin_evaluation(struct lt_run *run, struct lt_origin *origin);

// A row of a pass that stands alone goes to the log of the run that the weights come from.
void lt_log_evaluation(struct lt_run *run, enum lt_phase phase, const struct lt_origin *origin);
