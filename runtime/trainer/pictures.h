// pictures.h: histograms and heatmaps on their way from steps to TensorBoard's file.
//
// A training step or a callback is drawn at once, under the step that it is; what a pass over
// other data logs is added up over its batches and drawn at its end. `host.pictures` tells a step
// beforehand whether anything will be drawn: if not, it calculates nothing for it.
#pragma once
#include "trainer/run.h"

void lt_pictures_open_step(struct lt_run *run);         // a training step comes: is its row due?
void lt_pictures_open_pass(struct lt_run *run, enum lt_phase phase);
void lt_pictures_take(struct lt_run *run, const char *name, enum lt_phase phase, int64_t rows,
                      int64_t columns, const float *value, int64_t count);
void lt_pictures_draw(struct lt_run *run, enum lt_phase phase);         // at the end of a pass
void lt_pictures_close(struct lt_run *run);
