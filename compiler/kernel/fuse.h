// fuse.h: how nodes are gathered into kernels; shared by choose.c, cluster.c and form.c.
//
// choose decides which nodes are computed by a kernel and which are only read through (moves,
// cheap functions of one value). cluster gathers computed nodes that can share outer loops. form
// makes a kernel of each cluster. A computed node is a Member, found by node id.
#pragma once
#include "plan.h"
#include "value.h"

typedef struct Cluster Cluster;
typedef struct Member Member;

typedef struct Read {                   // of a computed node by a member
    Member *member;
    const Index *const *point;          // over the reader's axes; NULL: anywhere
} Read;

struct Member {
    const Node *node;
    bool computed;                      // by a kernel; else inlined wherever it is read
    bool kept;                          // needs memory beyond its kernel
    bool wanted;                        // a write, a result, or something that can't be inlined
    int operations, loads;              // of one element, inlined parts included
    Cluster *cluster;
    Shape space;                        // that it is computed over: of a reduction, the operand's
    Var *axis[max_rank];
    const Index *point[max_rank];
    Read *read;
    int read_count, read_capacity;
    Member **reader;                    // the way back
    int reader_count, reader_capacity;
    // within its cluster
    uint32_t outer;                     // axes of `space` that are outer loops
    uint32_t outer_result;              // the same of the node's own shape
    bool placed;
    int level;
    int stage;
    const Index *at[max_rank];          // its point in the loops of its kernel
    Buffer *home;                       // memory that keeps it
    Buffer **twin;                      // other variables that are written the same
    int twin_count, twin_capacity;
    Buffer *row;                        // on the stack
    const Local *local;                 // one value per turn of the outer loops
    int acc;
    int stamp;
};

typedef enum ClusterForm {
    CLUSTER_FREE,                       // maps over one space
    CLUSTER_ROWS, CLUSTER_LANES, CLUSTER_POINTS,
    CLUSTER_ALONE,                      // a node that shares with none
} ClusterForm;

struct Cluster {
    int id;
    Member **member;                    // by node id
    int count;
    ClusterForm form;
    Dim rows;
    const Guard *guard;
    bool gone;                          // merged into another
    int newest;                         // at least the last node of every cluster it depends on
    int stamp;
    Kernel *kernel;
};

typedef struct VariableRead {
    const Variable *variable;
    const Member *reader;
    int next;                           // of the same variable, in f->old; -1: none
} VariableRead;

typedef struct Fuse {
    Plan *plan;
    PlanStep *step;
    const Graph *graph;
    IndexContext *c;
    Member *member;                     // by node id
    Cluster **cluster;
    int cluster_count, cluster_capacity;
    Buffer **field;                     // by index of the batch's field
    VariableRead *old;                  // reads of variables as they were before the step
    int old_count, old_capacity;
    int *first_old, *last_old;          // by variable, -1: none
    int stamp, visits;
} Fuse;

enum { cluster_most = 64 };             // members: bounds the time of fusion
enum { visit_most = 512 };              // clusters seen in one search: likewise

void choose(Fuse *f);
void cluster(Fuse *f);
void schedule(Fuse *f);                         // forms the kernels, in order, into step->kernel
void form(Fuse *f, Cluster *cluster);
void collapse(IndexContext *c, Kernel *kernel); // neighbouring loops that act as one become one

bool reduces_innermost(const Fuse *f, const Node *node);    // neighbours in memory are joined
uint32_t reduced_axes(const Node *node);
int reduced_axis(const Node *node);             // the first
bool is_stored_source(const Node *node);        // a variable or field: read where it lies
const Expr *member_load(Fuse *f, const Node *node, const Index *const *point);
