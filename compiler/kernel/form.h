// form.h: from a cluster to a kernel; shared by form.c, form_rows.c, form_contract.c and
// form_special.c.
#pragma once
#include "fuse.h"

Kernel *kernel_new(Fuse *f, Cluster *cluster, KernelForm form);
Stage *stage_new(Fuse *f, Kernel *kernel, StageKind kind);
Loop *loops_new(Fuse *f, int count);
void stage_space(Fuse *f, Stage *stage, const Shape *shape);  // a loop per axis, but of size 1
void kernel_outer(Fuse *f, Kernel *kernel, const Shape *shape, uint32_t axes);
Buffer *buffer_new(Fuse *f, BufferKind kind, const char *name, DType type, const Shape *shape);
Buffer *member_home(Fuse *f, const Member *m);

// The point of `shape` whose row-major number over `axes` is that of the loops; other axes stay.
void point_in_loops(Fuse *f, const Loop *loop, int count, const Shape *shape, uint32_t axes,
                    const Index **point);

// Stores an element wherever the member is kept.
void member_store(Fuse *f, const Member *m, Body *body, const Index *const *point,
                  const Expr *value);

AccKind acc_kind_of(Prim prim);
int lanes_for(const Loop *loop, int count);
const char *acc_name(const Node *node);

void form_rows(Fuse *f, Cluster *cluster);
void form_lanes(Fuse *f, Cluster *cluster);             // maps, reductions in sequence, windows,
                                                        // contractions
void form_alone(Fuse *f, Cluster *cluster);             // scans, sorts, scatters, spreads
// Sets the accumulators, the loops of the reduction and, for groups, those of the points.
void form_contraction(Fuse *f, Stage *stage, Reader *reader, Member *base);
void form_window(Fuse *f, Stage *stage, Reader *reader, Member *base);
