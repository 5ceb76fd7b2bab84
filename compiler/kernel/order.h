// order.h: loops in the order of addresses.
//
// Points of a stage may be visited in any order; the best is that of the memory they are stored
// to. Loops of a sum are moved only by who knows what that does to its bits.
#pragma once
#include "kernel.h"

// The greatest stride of `index` outermost, with B at `bound`; unchanged if one has no stride.
void loops_sort(Loop *loop, int count, const Index *index, int64_t bound);

// The points of a kernel of FORM_LANES along its first store. Before collapse.
void order_loops(Kernel *kernel, int64_t bound);
