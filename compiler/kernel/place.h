// place.h: memory for variables and for the buffers of a step.
#pragma once
#include "plan.h"

// Variables first in the block, each on a line of its own, alike in every group: parameters of a
// dtype, then each state of the optimiser in the order of its parameters.
void place_variables(Plan *plan);
// The buffers of a step behind them; two whose lives do not meet may share bytes.
void place_step(Plan *plan, PlanStep *step);
