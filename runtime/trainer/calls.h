// calls.h: what callbacks may ask of the trainer: the functions behind lt_host.call.
#pragma once
#include "lt/program.h"

extern const struct lt_host_calls lt_trainer_calls;
