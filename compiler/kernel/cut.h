// cut.h: loops along an axis that lies in panels, cut in a loop over panels and one within.
//
// A loop over i that addresses buffers by i / w and i % w becomes two, over p and q with
// i = w * p + q: then every address is a sum of strides again, and loops can be ordered, joined and
// made vectors. The order in which a sum takes its terms stays.
#pragma once
#include "kernel.h"

// Points of kernels without outer loops. Contractions keep theirs, whose lanes tiles cut.
void cut_loops(IndexContext *c, Kernel *kernel);
// What a contraction sums over, and its points but for the lanes: places of an image that a reshape
// has made one axis, say, so that neighbours in memory can be neighbours in a tile.
void cut_sums(IndexContext *c, Stage *stage);
void cut_points(IndexContext *c, Stage *stage, const Var *lane);
