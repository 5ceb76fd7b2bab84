// layout.h: the order of axes in memory, chosen once for all steps of a program.
//
// Values that meet elementwise want one order; whoever reads or writes most decides for the group.
// Convolutions want channels innermost in images and outputs innermost in filters; a contraction
// wants the rows of its second operand, if that is a parameter, side by side: in panels as wide as
// the widest tile where they fill several, so that a thread that owns a panel owns whole lines of
// memory. Nothing here moves data: it tells the strides of buffers before the first kernel is
// built.
//
//   requires  graphs as lower leaves them, ids dense
//   provides  strides for nodes and variables; values handed to the host stay row-major
#pragma once
#include "../trace/program.h"
#include "kernel.h"

typedef struct Layouts Layouts;

Layouts *layouts_choose(Arena *arena, const Program *program, Graph *const *graph, int graph_count);

// Sets strides and panels of a buffer that keeps the node's value, or the variable.
void layout_node(const Layouts *layouts, const Node *node, Buffer *buffer);
void layout_variable(const Layouts *layouts, const Variable *variable, Buffer *buffer);
// From the first to the last element in memory, with gaps, when B is `rows`.
int64_t layout_elements(const Buffer *buffer, int64_t rows);
