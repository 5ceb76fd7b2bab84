// derive_move.h: derivatives of moves, indexed primitives and scans, and the moves that
// derivatives are made with. Private to derive.c.
#pragma once
#include "derive.h"

// x, whose axes are those of `shape` in `kept` (a bit an axis), spread over the others.
Node *node_spread(Builder *b, Node *x, const Shape *shape, uint32_t kept);
// Axes `batch` .. `batch + count` of x put behind all others.
Node *node_rotate(Builder *b, Node *x, int batch, int count);

DeriveRule derive_reshape, derive_permute, derive_broadcast, derive_slice, derive_pad,
    derive_concat, derive_gather, derive_scatter_add, derive_scatter_set, derive_cumsum,
    derive_cumprod;
