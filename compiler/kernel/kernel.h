// kernel.h: loop nests over scalars, and the buffers between them.
//
// A kernel is a nest of outer loops, shared by a list of stages. Each stage has loops of its own:
// over points, and inside them over what is reduced. Per point a stage sets its accumulators,
// runs `body` for every element of the reduction, then `after` once. Without a reduction there is
// no accumulator and no body, only `after`. Stages run in order for each value of the outer loops,
// so what one stores in a row buffer or a local the next reads.
//
// Meaning is here; how loops are tiled, cut into lanes and shared by threads is the schedule's,
// and never changes the order of a sum: it is told by `order` of each accumulator, chosen from
// shapes alone. Kernels are made by fuse, given memory by place, spelled by emit.
#pragma once
#include "expr.h"

typedef enum BufferKind {
    BUFFER_VARIABLE,                    // of a Variable, in the block
    BUFFER_FIELD,                       // a field of the batch, read only; `index`
    BUFFER_ARENA,                       // of this step
    BUFFER_OUTPUT,                      // a result of predict or of sample; `index`
    BUFFER_ROW,                         // on the stack, lives within one turn of the outer loops
} BufferKind;

// Strides count elements; element i0, i1, … stands at the sum of i * stride. Row-major unless
// layout decides otherwise. With panels, one axis is cut: its i counts as
// (i / panel) * panel_stride + i % panel * stride. Loads and stores hold the point already folded
// into one index by buffer_at, so a layout must be set before the first kernel that touches the
// buffer is built.
struct Buffer {
    int id;
    const char *name;                   // as emitted, before it is made unique
    BufferKind kind;
    DType dtype;
    Shape shape;
    Dim stride[max_rank];
    int64_t panel;                      // 0: no axis is cut
    Dim panel_stride;
    int panel_axis;
    const Node *node;                   // whose value it holds, NULL for a variable's own
    Variable *variable;
    int index;
    size_t offset, bytes;               // in the block; bytes at the bound of B
    int first, last;                    // kernels of the step between which it lives
};

typedef enum LoopRole { ROLE_NONE, ROLE_BATCH, ROLE_M, ROLE_N, ROLE_K } LoopRole;

typedef struct Loop {
    const Var *var;
    LoopRole role;                      // in a contraction
} Loop;

typedef enum AccKind {                  // how an element joins the accumulator
    ACC_SUM, ACC_MAX, ACC_MIN, ACC_ANY, ACC_ALL,
    ACC_PICK,                           // `times` of the first greatest value
    ACC_FMA,                            // acc = fma(value, times, acc): contractions
    ACC_PRODUCT,                        // of scans
} AccKind;

typedef enum AccOrder {
    ORDER_SEQUENCE,                     // elements one after the other
    ORDER_LANES,                        // element i of the innermost loop to lane i % lanes, folded
} AccOrder;

typedef struct Acc {
    AccKind kind;
    AccOrder order;
    int lanes;                          // a power of two; ORDER_LANES
    DType dtype;
    const char *name;                   // as emitted
    const Expr *value, *times;          // over the stage's and the kernel's loops
    const Node *node;
} Acc;

typedef enum ItemKind { ITEM_LOCAL, ITEM_STORE } ItemKind;

typedef struct Item {
    ItemKind kind;
    const Local *local;                 // ITEM_LOCAL: name = value
    Buffer *buffer;                     // ITEM_STORE: buffer[index] = value
    const Index *index;
    const Expr *value;
} Item;

typedef struct Body {
    Item *item;
    int count, capacity;
} Body;

typedef enum StageKind {
    STAGE_LOOPS,                        // maps and reductions, as above
    STAGE_CONTRACT,                     // the same, one ACC_FMA; contract.h may tile it
    STAGE_SCAN,                         // body runs per element after it joined: reads EXPR_ACC
    STAGE_SORT, STAGE_SCATTER, STAGE_SPREAD,    // special.h
} StageKind;

typedef struct Contraction Contraction;
typedef struct Special Special;

typedef struct Stage {
    StageKind kind;
    Loop *space;                        // points of this stage, outermost first
    int space_count;
    Loop *reduce;
    int reduce_count;
    Acc *acc;
    int acc_count;
    Body body;                          // per element of the reduction
    Body after;                         // per point; EXPR_ACC reads the accumulators
    Contraction *contraction;           // STAGE_CONTRACT
    Special *special;
} Stage;

// What a contraction or convolution means, beside its loops: for who tiles it. acc[0].value and
// acc[0].times are its operands' elements; the loops carry their roles, space in the order of the
// result's axes. A convolution has m = images and places, n = output channels, k = filter places
// and channels (its gradients alike), batch = groups; what it reads beyond the border is guarded
// (EXPR_CHOOSE). Operands are stored, so each is a load behind views.
struct Contraction {
    const Node *node;                   // P_CONTRACT or one of the convolutions
    struct Tiling *tiling;              // how tiles compute it (contract.h), NULL: the plain loops
};

// What the stages of no uniform shape mean. Indexes are over the kernel's outer loops, which
// threads share, and the loops named here.
struct Special {
    const Node *node;
    // STAGE_SORT: order = positions along `along`, by key. STAGE_SCATTER: result = start (zero or
    // x) over along and rest; then in the order of places: result[at] += update, or = update.
    // STAGE_SPREAD: result = 0 over along; per place the first greatest of key over rest, there
    // result += update.
    Loop *along, *place, *rest;
    int along_count, place_count, rest_count;
    const Expr *key, *start, *update;
    const Index *at;                    // scatter, spread: where an update goes; sort: result
    const Index *zero;                  // scatter, spread: address of a point of along (and rest)
    const Expr *inside;                 // whether an update has a place; spread: a key too
    const Index *which;                 // scatter: index along the axis, for parts
    int parts;                          // scatter: of the axis, shared by threads
    Buffer *result;
    Buffer *keys, *order, *scratch;     // sort: row buffers
};

typedef enum KernelForm {
    FORM_ROWS,                          // outer loops shared by threads; stages within
    FORM_LANES,                         // no outer loop: one stage whose points threads share,
                                        // neighbours of the last loop side by side in lanes;
                                        // reductions in sequence. Contractions too
} KernelForm;

typedef struct Kernel {
    int id;                             // position in the step
    const char *name;                   // of the C function, before it is made unique
    KernelForm form;
    const Guard *guard;
    Loop *outer;
    int outer_count;
    Stage **stage;
    int stage_count, stage_capacity;
    Node **node;                        // that it computes, in order: for comments and explain
    int node_count, node_capacity;
    Buffer **row;                       // row buffers on the stack
    int row_count, row_capacity;
    double cost[4];                     // operations, cost[k] * B^k
    double work;                        // operations and elements at the bound of B
    bool serial;                        // too little work to share among threads
    bool copies;                        // a commit: of what node[0] gave to a variable or result
} Kernel;

void body_local(IndexContext *c, Body *body, const Local *local, const Expr *value);
void body_store(IndexContext *c, Body *body, Buffer *buffer, const Index *index, const Expr *value);
Local *local_new(IndexContext *c, const char *name, DType type);
// Gives names to what is used twice and to what a later store would overwrite; puts these locals
// before all stores. `acc` may be NULL: accumulators whose operands are part of the body.
void body_finish(IndexContext *c, Body *body, Acc *acc, int acc_count);

const Index *buffer_at(IndexContext *c, const Buffer *buffer, const Index *const *point);
