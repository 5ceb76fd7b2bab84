// c_contract.h: the C of a contraction that runs as register tiles.
//
// Prints the inside of the kernel's function: a loop over units of work that threads share, in it
// tiles, and the kernel's `after` for every sum. A unit is a block of rows times one panel of
// lanes, so which thread takes which changes no bit.
#pragma once
#include "c.h"

void c_contraction(C *c, const Kernel *kernel);
