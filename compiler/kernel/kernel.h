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
// layout decides otherwise. Loads and stores hold the point already folded into one index by
// buffer_at, so a layout must be set before the first kernel that touches the buffer is built.
struct Buffer {
    int id;
    const char *name;                   // as emitted, before it is made unique
    BufferKind kind;
    DType dtype;
    Shape shape;
    Dim stride[max_rank];
    const Node *node;                   // whose value it holds, NULL for a variable's own
    Variable *variable;
    int index;
    size_t offset, bytes;               // in the block; bytes at the bound of B
    int first, last;                    // kernels of the step between which it lives
};

typedef struct Loop {
    const Var *var;
} Loop;

typedef enum AccKind {                  // how an element joins the accumulator
    ACC_SUM, ACC_MAX, ACC_MIN, ACC_ANY, ACC_ALL,
    ACC_ARGMAX,                         // value, and in a second accumulator its index
    ACC_FMA,                            // acc = fma(value, times, acc): contractions
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
    const Index *position;              // ACC_ARGMAX: what is remembered
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
    STAGE_SCAN, STAGE_SORT, STAGE_SCATTER, STAGE_WINDOW_SPREAD,         // special.h
} StageKind;

typedef struct Contraction Contraction;
typedef struct Special Special;         // special.h

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

// What a contraction or convolution means, beside its loops: for who tiles it. The loops of the
// stage are batch.., m.., n.. (space) and k.. (reduce); a convolution has batch = none,
// m = images and places, n = output channels, k = filter places and channels, and its operand's
// expression is guarded (EXPR_CHOOSE) where it reads beyond the border.
struct Contraction {
    const Node *node;                   // P_CONTRACT or one of the convolutions
    int batch_count, m_count, n_count;  // of stage->space, in this order
    const Node *left, *right;           // operands, as read (behind views)
};

typedef enum KernelForm {
    FORM_ROWS,                          // outer loops shared by threads; stages within
    FORM_LANES,                         // no outer loop: stages over one space, cut into blocks of
                                        // points that threads share; reductions in sequence
    FORM_POINTS,                        // contractions: outer loops empty, threads share the space
    FORM_SPECIAL,
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
    bool serial;                        // too little work to share among threads
} Kernel;

const Index *buffer_at(IndexContext *c, const Buffer *buffer, const Index *const *point);
