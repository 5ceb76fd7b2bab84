// raw.h: the row of a source as a value of the oracle.
#pragma once
#include "../trace/program.h"
#include "interpret.h"

Value raw_value(const RawField *field, const void *raw);        // value_free
