// build.h: makes nodes of a graph.
//
// These are the only makers. Operands must fit: shapes and dtypes equal where the primitive asks
// for it (broadcasting and casting are explicit nodes; make_expand helps). A mismatch here
// is a fault of ours: callers that serve the user check first and say so in the user's words.
// Constants fold: an elementwise function of constants is a constant, computed in double with
// lt/math.h, rounded once to the dtype.
#pragma once
#include "graph.h"

// Where the nodes made next come from; set by the tracer around each expression.
typedef struct Origin {
    Span span;
    const char *path;
    const Guard *guard;
    bool backward;
    Span call;
} Origin;

typedef struct Sharing Sharing;         // share.h

typedef struct Builder {
    Graph *graph;
    Origin origin;
    Sharing *sharing;           // equal nodes are made once; NULL: every call makes a node
} Builder;

Node *make_again(Builder *b, const Node *node, Node *const *input);         // as in another graph
Node *make_constant(Builder *b, DType type, double value);                  // rank 0
Node *make_full(Builder *b, DType type, double value, const Shape *shape);  // broadcast constant
Node *make_host(Builder *b, DType type, const HostExpr *number);            // rank 0
Node *make_variable(Builder *b, Variable *variable);
Node *make_field(Builder *b, int index, DType type, const Shape *shape);
Node *make_iota(Builder *b, DType type, const Shape *shape, int axis);
Node *make_random(Builder *b, uint64_t site, const Shape *shape);           // f32 in [0, 1)

Node *make_unary(Builder *b, Prim prim, Node *x);
// P_POW with a constant exponent of 0, ±1, ±2, 3, ±0.5 is spelled by *, / and sqrt.
Node *make_binary(Builder *b, Prim prim, Node *x, Node *y);
Node *make_select(Builder *b, Node *condition, Node *x, Node *y);
Node *make_cast(Builder *b, DType type, Node *x);                           // x itself if it fits

Node *make_reshape(Builder *b, Node *x, const Shape *shape);
Node *make_permute(Builder *b, Node *x, const int *order);
Node *make_broadcast(Builder *b, Node *x, const Shape *shape);  // axes of size 1 grow; ranks equal
Node *make_slice(Builder *b, Node *x, const int64_t *start, const int64_t *step,
                 const Shape *shape);
Node *make_pad(Builder *b, Node *x, const int64_t *low, const int64_t *high, double value);
Node *make_concat(Builder *b, Node *const *x, int count, int axis);

Node *make_reduce(Builder *b, Prim prim, Node *x, uint32_t axes);           // SUM MAX MIN ANY ALL
Node *make_argmax(Builder *b, Node *x, int axis);                           // i32
Node *make_contract(Builder *b, Node *x, Node *y, int batch, int contracted);
Node *make_convolve(Builder *b, Node *x, Node *weight, const Window *window);
Node *make_convolve_input(Builder *b, Node *g, Node *weight, const Window *window, const Shape *x);
Node *make_convolve_weight(Builder *b, Node *x, Node *g, const Window *window, const Shape *weight);
Node *make_window(Builder *b, Prim prim, Node *x, const Window *window);   // WINDOW_MAX, _SUM
Node *make_window_max_grad(Builder *b, Node *x, Node *g, const Window *window);
Node *make_window_max_pick(Builder *b, Node *x, Node *v, const Window *window);
Node *make_window_sum_grad(Builder *b, Node *g, const Window *window, const Shape *x);
Node *make_gather(Builder *b, Node *x, Node *index, int axis, int batch);
Node *make_scatter_add(Builder *b, Node *index, Node *updates, int axis, int batch, const Shape *x);
Node *make_scatter_set(Builder *b, Node *x, Node *index, Node *updates, int axis, int batch);
Node *make_scan(Builder *b, Prim prim, Node *x, int axis, bool reverse);    // CUMSUM, CUMPROD
Node *make_argsort(Builder *b, Node *x, int axis, bool descending);         // i32, stable
// A node like `node`, of other operands.
Node *make_copy(Builder *b, const Node *node, Node *const *input);

// ---- compositions that many callers want --------------------------------------------------------

Node *make_zeros_like(Builder *b, Node *x);
Node *make_scalar_like(Builder *b, Node *x, double value);      // broadcast constant, shape of x
Node *make_expand(Builder *b, Node *x, const Shape *shape);     // NumPy's rule, rank may grow
// The value of a constant, also of one that was broadcast or reshaped.
bool node_constant(const Node *x, double *value);
// NumPy's rule for two shapes; false if they do not fit. B never equals a constant.
bool shape_broadcast(const Shape *a, const Shape *b, Shape *result);
// Shape of a result: the last axes are counted by the window, its size filled in; channels 0: kept.
Shape shape_window(const Shape *x, const Window *window, int64_t channels);
