// graph.h: the tensor graph, SSA over the primitives of prims.def.
//
// A graph is one step: what happens between two moments at which the host may look. Nodes are made
// only by the functions of build.h, which check dtypes and shapes, and never change afterwards
// except in passes that own the graph. Every node keeps the span of the spec that asked for it.
//
// Sizes are c * B^k, where B is the graph's one dynamic size (the rows of the batch); a graph
// without a batch has none. Values live in Variables (parameters, buffers, optimiser and metric
// state): reading one is a node, writing one is an entry of graph->writes. A read sees the value
// from the start of the step; later versions are simply the nodes that were written.
#pragma once
#include "../base/arena.h"
#include "../base/diag.h"
#include "../base/source.h"

typedef enum DType {
#define DTYPE(id, name, bytes, kind) DT_##id,
#include "dtypes.def"
#undef DTYPE
    DT_COUNT
} DType;

typedef enum DTypeKind { KIND_FLOAT, KIND_INT, KIND_BOOL } DTypeKind;

const char *dtype_name(DType type);             // "f32", as in specs
int dtype_bytes(DType type);
DTypeKind dtype_kind(DType type);
// The nearest value that the type holds; integers drop the fraction, saturate, take NaN to 0.
double dtype_round(DType type, double value);

enum { max_rank = 10 };

typedef struct Dim {
    int64_t scale;              // the size is scale * B^power
    int power;
} Dim;

typedef struct Shape {
    int rank;
    Dim dim[max_rank];
} Shape;

Dim dim_of(int64_t size);
Dim dim_mul(Dim a, Dim b);
bool dim_equal(Dim a, Dim b);
bool dim_is(Dim a, int64_t size);               // a known size, equal to `size`
int64_t dim_at(Dim a, int64_t rows);            // its value when B is `rows`
Shape shape_of(int rank, const int64_t *sizes);
bool shape_equal(const Shape *a, const Shape *b);
Dim shape_size(const Shape *shape);             // number of elements
bool shape_is_static(const Shape *shape);
const char *dim_text(Arena *arena, Dim dim);    // "64", "B", "2*B", "B^2"
const char *shape_text(Arena *arena, const Shape *shape);       // "[B, 128]"

// ---- primitives ---------------------------------------------------------------------------------

typedef enum PrimClass {
    CLASS_SOURCE,               // constant, host number, variable, batch field, iota, random
    CLASS_SCALAR,               // elementwise on equal shapes
    CLASS_MOVE,                 // reshape, permute, broadcast, slice, pad, concat
    CLASS_REDUCE,
    CLASS_CONTRACT,             // contraction, convolution and its gradients
    CLASS_WINDOW,               // pooling and its gradients
    CLASS_INDEX,                // gather, scatter
    CLASS_SCAN,                 // cumsum, cumprod
    CLASS_SORT,
} PrimClass;

typedef enum Prim {
#define PRIM(id, name, class, arity, ...) P_##id,
#include "prims.def"
#undef PRIM
    P_COUNT
} Prim;

typedef struct Node Node;
typedef struct Graph Graph;
typedef struct HostExpr HostExpr;       // ../trace/host.h: a number known between steps
typedef struct Variable Variable;       // ../trace/program.h

enum { max_spatial = 3 };

typedef struct Window {                 // convolution and pooling over the last `spatial` axes
    int spatial;
    int64_t size[max_spatial];          // filled in from the weight for convolutions
    int64_t stride[max_spatial], low[max_spatial], high[max_spatial], dilation[max_spatial];
    int64_t groups;
} Window;

typedef struct Attr {
    double number;                      // constant; value of pad
    uint32_t axes;                      // reductions: a bit an axis
    int axis;                           // concat, gather, scatter, scans, sort, iota
    int batch;                          // contract, gather, scatter: leading axes shared
    int contracted;                     // contract: how many axes are summed over
    bool reverse, descending;           // cumsum, cumprod from the end; sort
    int order[max_rank];                // permute: output axis i is input axis order[i]
    int64_t start[max_rank], step[max_rank];    // slice; step may be negative; on an axis of
                                        // dynamic size a start below 0 counts from the end
    int64_t low[max_rank], high[max_rank];      // pad
    Window window;
    uint64_t site;                      // random: names the place of the draw (seed of its stream)
    int index;                          // field: which of the batch
    Variable *variable;
    const HostExpr *host;
} Attr;

// Condition under which a part of the step runs: `if trainer.step % n == 0 { … }`.
typedef struct Guard Guard;
struct Guard {
    const HostExpr *condition;
    const Guard *outer;                 // NULL at top level
    int id;                             // from 1, in the order of the text
};

struct Node {
    int id;                             // position in the graph, from 0; inputs come first
    Prim prim;
    DType dtype;
    Shape shape;
    int input_count;
    Node **input;
    Attr *attr;                         // never NULL
    const Guard *guard;                 // NULL: always runs
    Span span;                          // what asked for it
    Span call;                          // where the spec called for that, if `span` is in the library
    const char *name;                   // the spec's name of the value, or NULL
    const char *path;                   // call path, "blocks.3.attention", "" at the model itself
    bool backward;                      // made by differentiation of the node at `span`
    void *mark;                         // scratch of the pass that runs; NULL between passes
};

typedef struct Write {
    Variable *variable;
    Node *value;                        // dtype and shape of the variable
    const Guard *guard;
    Span span;
} Write;

typedef enum ResultKind {
    RESULT_LOG, RESULT_FIELD, RESULT_PREDICT,
    RESULT_HISTOGRAM, RESULT_HEATMAP,   // a row of numbers for Program.picture[index]
    RESULT_STATE,                       // a number for host code: index of Program.state
    RESULT_CHECK,                       // how many elements of Program.check[index] do not hold
} ResultKind;

typedef struct Result {                 // what the step hands to the host
    ResultKind kind;
    int index;                          // of the log entry, the field, the output
    const char *name;
    Node *value;
    const Guard *guard;
    Span span;
} Result;

typedef struct Tick {           // a host state that counts: plus one at the end of the step
    int state;                  // index of Program.state
    const Guard *guard;
} Tick;

struct Graph {
    Arena *arena;
    Diag *diag;
    const char *name;                   // "training_step"
    int64_t bound;                      // greatest value of B; 0: the graph has no B
    int64_t least;                      // smallest
    Node **node;
    int node_count, node_capacity;
    Write *write;
    int write_count, write_capacity;
    Result *result;
    int result_count, result_capacity;
    int guard_count;
    Tick *tick;
    int tick_count, tick_capacity;
};

Graph *graph_new(Arena *arena, Diag *diag, const char *name);
void graph_write(Graph *graph, Variable *variable, Node *value, const Guard *guard, Span span);
void graph_result(Graph *graph, Result result);
void graph_tick(Graph *graph, int state, const Guard *guard);
void graph_print(const Graph *graph, FILE *out);        // the form that `-d PASS` shows

const char *prim_name(Prim prim);
PrimClass prim_class(Prim prim);
int prim_arity(Prim prim);                              // -1: one or more

// Whatever runs under `inner` runs under `outer` too: the same, or one around it.
bool guard_covers(const Guard *outer, const Guard *inner);

// Finds what is wrong with a graph and ends with bug() naming pass and node: order, dtypes and
// shapes of every node against its rule, guards, writes. Debug builds run it after each pass.
void graph_verify(const Graph *graph, const char *pass);
