// lower.h: convolutions and pooling in the few forms that kernels are made from.
//
// requires  any graph that graph_verify accepts
// provides  every P_CONVOLVE and P_CONVOLVE_WEIGHT has low = high = 0: the padding is a P_PAD of
//           the images, made once for all that read it; no P_CONVOLVE_INPUT is left: it becomes a
//           convolution of the gradient, spread and padded, with the turned weight.
//           P_WINDOW_MAX_GRAD is left only where windows overlap. Long sums over the batch and
//           more are two: within each row, then over rows. Gradients of rectifiers read results.
//           Topological order, ids dense from 0. Values stay the same but for the order of sums.
#pragma once
#include "../graph/graph.h"

void lower(Graph *graph);
