#include "random_graph.h"
#include "trace/program.h"
#include <math.h>
#include <string.h>

enum { pool_size = 512 };

typedef struct Growth {
    Case *c;
    Builder *b;
    Node *pool[pool_size];
    int count;
} Growth;

static int below(Growth *g, int count)
{
    return random_below(&g->c->random, count);
}

// ---- operands -----------------------------------------------------------------------------------

static Node *keep(Growth *g, Node *node)
{
    if (node && g->count < pool_size)
        g->pool[g->count++] = node;
    return node;
}

static Node *field(Growth *g, DType type, const Shape *shape, double low, double high)
{
    if (g->c->field_count < case_fields)
        return keep(g, case_field(g->c, type, shape, low, high));
    Node *node = make_random(g->b, random_bits(&g->c->random), shape);
    return make_cast(g->b, type, node);
}

typedef bool Fits(const Node *node);

static bool is_float(const Node *node) { return dtype_kind(node->dtype) == KIND_FLOAT; }
static bool is_bool(const Node *node) { return node->dtype == DT_BOOL; }

// A node of the pool that fits, newer ones more often; NULL if there is none.
static Node *pick(Growth *g, Fits *fits, int least_rank, int most_rank)
{
    for (int tries = 0; g->count && tries < 40; tries++) {
        const int back = below(g, 1 + below(g, g->count));
        Node *node = g->pool[g->count - 1 - back];
        if (fits(node) && node->shape.rank >= least_rank && node->shape.rank <= most_rank)
            return node;
    }
    return NULL;
}

static Node *pick_float(Growth *g, int least_rank, int most_rank)
{
    Node *node = pick(g, is_float, least_rank, most_rank);
    if (node)
        return node;
    Shape shape = case_shape(g->c, least_rank, most_rank < least_rank + 2 ? most_rank
                                                                          : least_rank + 2);
    return field(g, g->c->type, &shape, -2, 2);
}

static Node *number(Growth *g, Node *x)
{
    static const double values[] = {1, -1, 0, -0.0, 2, 0.5, 4, 0.25, 3, -2, 0.1};
    return make_scalar_like(g->b, x, values[below(g, 11)]);
}

// Something of the dtype and shape of x: found, broadcast, a constant or a new field.
static Node *partner(Growth *g, Node *x)
{
    for (int tries = 0; tries < 30; tries++) {
        Node *y = g->pool[below(g, g->count)];
        Shape both;
        if (y->dtype == x->dtype && shape_broadcast(&y->shape, &x->shape, &both)
            && shape_equal(&both, &x->shape))
            return make_expand(g->b, y, &x->shape);
    }
    if (below(g, 2) && x->dtype != DT_BOOL)
        return number(g, x);
    Node *y = field(g, is_float(x) ? x->dtype : DT_F64, &x->shape, -2, 2);
    if (is_float(x))
        return y;
    return x->dtype == DT_BOOL ? make_binary(g->b, P_LT, y, make_scalar_like(g->b, y, 0))
                               : make_cast(g->b, x->dtype, y);
}

static Node *unary(Growth *g, Prim prim, Node *x) { return make_unary(g->b, prim, x); }

static Node *binary(Growth *g, Prim prim, Node *x, Node *y)
{
    return make_binary(g->b, prim, x, y);
}

static Node *positive(Growth *g, Node *x)
{
    return binary(g, P_ADD, unary(g, P_ABS, x), make_scalar_like(g->b, x, 0.5));
}

static Node *bounded(Growth *g, Node *x)
{
    return below(g, 2) ? unary(g, P_TANH, x)
                       : binary(g, P_MINIMUM, x, make_scalar_like(g->b, x, 3));
}

// ---- scalar functions ---------------------------------------------------------------------------

static Node *grow_unary(Growth *g)
{
    static const Prim prims[] = {P_NEG, P_ABS, P_SIGN, P_FLOOR, P_CEIL, P_ROUND, P_SIN, P_COS,
                                 P_TANH, P_ERF, P_STOP, P_NEG, P_ABS};
    return unary(g, prims[below(g, 13)], pick_float(g, 0, max_rank));
}

static Node *grow_function(Growth *g)
{
    Node *x = pick_float(g, 0, max_rank);
    switch (below(g, 5)) {
    case 0: return unary(g, P_SQRT, positive(g, x));
    case 1: return unary(g, P_LOG, positive(g, x));
    case 2: return unary(g, P_LOG1P, positive(g, x));
    case 3: return unary(g, P_EXPM1, bounded(g, x));
    default: return unary(g, P_EXP, bounded(g, x));
    }
}

static Node *grow_binary(Growth *g)
{
    static const Prim prims[] = {P_ADD, P_SUB, P_MUL, P_MAXIMUM, P_MINIMUM};
    Node *x = pick_float(g, 0, max_rank);
    return binary(g, prims[below(g, 5)], x, below(g, 8) ? partner(g, x) : x);
}

static Node *grow_division(Growth *g)
{
    static const Prim prims[] = {P_DIV, P_DIV, P_FLOORDIV, P_MOD};
    Node *x = pick_float(g, 0, max_rank);
    Node *y = below(g, 2) ? positive(g, partner(g, x))
                          : make_scalar_like(g->b, x, 1 << below(g, 4));
    return binary(g, prims[below(g, 4)], x, y);
}

static Node *grow_power(Growth *g)
{
    Node *x = positive(g, pick_float(g, 0, max_rank));
    return binary(g, P_POW, x, below(g, 2) ? number(g, x) : bounded(g, partner(g, x)));
}

static Node *grow_constant(Growth *g)
{
    static const Prim prims[] = {P_ADD, P_SUB, P_MUL, P_MAXIMUM};
    Node *x = pick_float(g, 0, max_rank), *y = number(g, x);
    const Prim prim = prims[below(g, 4)];
    return below(g, 2) ? binary(g, prim, x, y) : binary(g, prim, y, x);
}

static Node *grow_compare(Growth *g)
{
    static const Prim prims[] = {P_EQ, P_NE, P_LT, P_LE};
    Node *x = pick_float(g, 0, max_rank);
    return binary(g, prims[below(g, 4)], x, partner(g, x));
}

static Node *grow_logic(Growth *g)
{
    Node *x = pick(g, is_bool, 0, max_rank);
    if (!x)
        return grow_compare(g);
    Node *y = below(g, 4) ? partner(g, x) : make_scalar_like(g->b, x, below(g, 2));
    switch (below(g, 3)) {
    case 0: return unary(g, P_NOT, x);
    case 1: return binary(g, P_AND, x, y);
    default: return binary(g, P_OR, x, y);
    }
}

static Node *grow_select(Growth *g)
{
    Node *x = pick_float(g, 0, max_rank), *y = below(g, 6) ? partner(g, x) : x;
    Node *condition = below(g, 6) ? binary(g, P_LT, x, partner(g, x))
                                  : make_full(g->b, DT_BOOL, below(g, 2), &x->shape);
    if (below(g, 3) == 0)
        condition = unary(g, P_NOT, condition);
    return make_select(g->b, condition, x, y);
}

static bool any_node(const Node *node)
{
    (void)node;
    return true;
}

static Node *grow_cast(Growth *g)
{
    static const DType types[] = {DT_F64, DT_F32, DT_F16, DT_BF16, DT_I32, DT_I16, DT_I8, DT_U8,
                                  DT_I64, DT_BOOL};
    Node *x = pick(g, any_node, 0, max_rank);
    Node *y = make_cast(g->b, types[below(g, 10)], x);
    keep(g, y);
    return below(g, 2) ? make_cast(g->b, x->dtype, y) : make_cast(g->b, g->c->type, y);
}

static bool is_int(const Node *node) { return dtype_kind(node->dtype) == KIND_INT; }

static Node *grow_integer(Growth *g)
{
    static const Prim prims[] = {P_ADD, P_SUB, P_MUL, P_FLOORDIV, P_MOD, P_MAXIMUM, P_MINIMUM};
    Node *x = pick(g, is_int, 0, max_rank);
    if (!x)
        return make_cast(g->b, DT_I32, pick_float(g, 0, max_rank));
    Node *y = below(g, 2) ? partner(g, x) : make_scalar_like(g->b, x, below(g, 5) - 2);
    return binary(g, prims[below(g, 7)], x, y);
}

// ---- moves --------------------------------------------------------------------------------------

static Node *grow_reshape(Growth *g)
{
    Node *x = pick(g, any_node, 0, 5);
    Shape to = {0};
    for (int i = 0; i < x->shape.rank; i++) {
        if (below(g, 4) == 0)
            to.dim[to.rank++] = dim_of(1);
        if (to.rank && below(g, 3) == 0)
            to.dim[to.rank - 1] = dim_mul(to.dim[to.rank - 1], x->shape.dim[i]);
        else
            to.dim[to.rank++] = x->shape.dim[i];
    }
    return make_reshape(g->b, x, &to);
}

static Node *grow_permute(Growth *g)
{
    int order[max_rank];
    Node *x = pick_float(g, 1, max_rank);
    for (int i = 0; i < x->shape.rank; i++) {
        const int j = below(g, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    return make_permute(g->b, x, order);
}

static Node *grow_broadcast(Growth *g)
{
    Node *x = pick_float(g, 0, 4);
    Shape to = x->shape;
    for (int i = 0; i < to.rank; i++)
        if (dim_is(to.dim[i], 1) && below(g, 2))
            to.dim[i] = case_size(g->c);
    if (to.rank < 5 && below(g, 2)) {
        memmove(to.dim + 1, to.dim, sizeof(Dim) * (size_t)to.rank++);
        to.dim[0] = below(g, 3) ? case_size(g->c) : (Dim){1, 1};
    }
    return make_expand(g->b, x, &to);
}

static Node *grow_slice(Growth *g)
{
    int64_t start[max_rank] = {0}, step[max_rank];
    Node *x = pick_float(g, 1, max_rank);
    Shape to = x->shape;
    for (int i = 0; i < to.rank; i++) {
        const int64_t size = to.dim[i].scale;
        step[i] = 1;
        if (below(g, 2) || to.dim[i].power || size < 2)
            continue;
        start[i] = below(g, (int)size);
        step[i] = below(g, 3) ? 1 : -1;
        to.dim[i] = dim_of(1 + below(g, (int)(step[i] > 0 ? size - start[i] : start[i] + 1)));
    }
    return make_slice(g->b, x, start, step, &to);
}

static Node *grow_pad(Growth *g)
{
    int64_t low[max_rank] = {0}, high[max_rank] = {0};
    Node *x = pick_float(g, 1, 4);
    for (int i = 0; i < x->shape.rank; i++)
        if (!x->shape.dim[i].power && below(g, 2)) {
            low[i] = below(g, 2);
            high[i] = below(g, 3);
        }
    Node *padded = make_pad(g->b, x, low, high, below(g, 2) * 0.5);
    if (below(g, 3))
        return padded;
    int64_t step[max_rank];
    for (int i = 0; i < max_rank; i++)
        step[i] = 1;
    return make_slice(g->b, keep(g, padded), low, step, &x->shape);
}

static Node *grow_concat(Growth *g)
{
    Node *x = pick_float(g, 1, max_rank), *part[3];
    const int count = 1 + below(g, 3);
    for (int i = 0; i < count; i++)
        part[i] = i ? partner(g, x) : x;
    return make_concat(g->b, part, count, below(g, x->shape.rank));
}

// ---- reductions and the rest --------------------------------------------------------------------

static Node *grow_reduce(Growth *g)
{
    static const Prim prims[] = {P_SUM, P_SUM, P_MAX, P_MIN};
    Node *x = pick_float(g, 1, max_rank);
    uint32_t axes = (uint32_t)below(g, 1 << x->shape.rank);
    const Prim prim = prims[below(g, 4)];
    for (int i = 0; i < x->shape.rank; i++)
        if (dim_is(x->shape.dim[i], 0) && prim != P_SUM)
            axes &= ~(1u << i);
    return make_reduce(g->b, prim, x, axes);
}

static Node *grow_reduce_bool(Growth *g)
{
    Node *x = pick(g, is_bool, 1, max_rank);
    if (!x)
        return grow_compare(g);
    const uint32_t axes = (uint32_t)below(g, 1 << x->shape.rank);
    return make_reduce(g->b, below(g, 2) ? P_ANY : P_ALL, x, axes);
}

static Node *grow_arg(Growth *g)
{
    Node *x = pick_float(g, 1, max_rank);
    const int axis = below(g, x->shape.rank);
    if (below(g, 2) && !dim_is(x->shape.dim[axis], 0))
        return make_argmax(g->b, x, axis);
    return make_argsort(g->b, x, axis, below(g, 2));
}

static Node *grow_contract(Growth *g)
{
    Node *x = pick_float(g, 1, 4);
    const int contracted = 1 + below(g, x->shape.rank);
    const int batch = below(g, x->shape.rank - contracted + 1);
    Shape y = {.rank = batch};
    for (int i = 0; i < batch; i++)
        y.dim[i] = x->shape.dim[i];
    for (int more = below(g, 3); more; more--)
        y.dim[y.rank++] = case_size(g->c);
    for (int i = x->shape.rank - contracted; i < x->shape.rank; i++)
        y.dim[y.rank++] = x->shape.dim[i];
    Node *product = make_contract(g->b, x, field(g, x->dtype, &y, -1, 1), batch, contracted);
    return unary(g, P_TANH, keep(g, product));
}

static Window window_any(Growth *g, int spatial)
{
    Window window = {.spatial = spatial, .groups = 1};
    for (int i = 0; i < spatial; i++) {
        window.size[i] = 1 + below(g, 3);
        window.stride[i] = 1 + below(g, 2);
        window.dilation[i] = window.size[i] > 1 ? 1 + below(g, 2) : 1;
        window.low[i] = below(g, 2) && window.size[i] > 1;
        window.high[i] = below(g, 2) && window.size[i] > 1;
    }
    return window;
}

static bool is_image(const Node *node)
{
    const Shape *s = &node->shape;
    if (!is_float(node) || s->rank < 3 || s->rank > 4)
        return false;
    for (int i = 1; i < s->rank; i++)
        if (s->dim[i].power || s->dim[i].scale < (i == 1 ? 1 : 2))
            return false;
    return true;
}

static Node *pick_image(Growth *g)
{
    Node *x = pick(g, is_image, 3, 4);
    if (x)
        return x;
    Shape shape = {.rank = 3 + below(g, 2), .dim = {{1, 1}, dim_of(1 + below(g, 3))}};
    for (int i = 2; i < shape.rank; i++)
        shape.dim[i] = dim_of(3 + below(g, 4));
    return field(g, g->c->type, &shape, -2, 2);
}

static Node *grow_convolve(Growth *g)
{
    Node *x = pick_image(g);
    const int spatial = x->shape.rank - 2;
    Window window = window_any(g, spatial);
    Shape weight = {.rank = 2 + spatial, .dim = {dim_of(1 + below(g, 3)), x->shape.dim[1]}};
    if (x->shape.dim[1].scale == 2 && below(g, 2)) {
        window.groups = 2;
        weight.dim[0] = dim_of(2);
        weight.dim[1] = dim_of(1);
    }
    for (int i = 0; i < spatial; i++)
        weight.dim[2 + i] = dim_of(window.size[i]);
    return make_convolve(g->b, x, field(g, x->dtype, &weight, -1, 1), &window);
}

static Node *grow_window(Growth *g)
{
    Node *x = pick_image(g);
    const Window window = window_any(g, 1 + below(g, x->shape.rank - 2));
    switch (below(g, 3)) {
    case 0: return make_window(g->b, P_WINDOW_SUM, x, &window);
    case 1: return make_window(g->b, P_WINDOW_MAX, x, &window);
    default: return make_window_max_pick(g->b, x, partner(g, x), &window);
    }
}

static Node *index_of(Growth *g, int64_t count)
{
    Shape shape = case_shape(g->c, 0, 2);
    Node *index = field(g, DT_F64, &shape, -1, (double)count + 1);
    return make_cast(g->b, below(g, 2) ? DT_I32 : DT_I64, index);
}

static Node *grow_gather(Growth *g)
{
    Node *x = pick_float(g, 1, 4);
    const int axis = below(g, x->shape.rank);
    return make_gather(g->b, x, index_of(g, dim_at(x->shape.dim[axis], g->c->rows)), axis, 0);
}

static Node *grow_scatter(Growth *g)
{
    Node *x = pick_float(g, 1, 4);
    const int axis = below(g, x->shape.rank);
    Node *index = index_of(g, dim_at(x->shape.dim[axis], g->c->rows));
    Node *updates = make_gather(g->b, x, index, axis, 0);
    if (below(g, 2))
        return make_scatter_add(g->b, index, updates, axis, 0, &x->shape);
    return make_scatter_set(g->b, x, index, number(g, updates), axis, 0);
}

static Node *grow_scan(Growth *g)
{
    Node *x = pick_float(g, 1, max_rank);
    const int axis = below(g, x->shape.rank);
    if (below(g, 2))
        return make_scan(g->b, P_CUMSUM, x, axis, below(g, 2));
    return make_scan(g->b, P_CUMPROD, bounded(g, x), axis, below(g, 2));
}

static Node *grow_host(Growth *g)
{
    HostExpr *rows = arena_alloc(g->c->arena, sizeof *rows);
    *rows = (HostExpr){.op = HOST_ROWS, .type = HOST_INT, .number = 1 + below(g, 2), .index = 1};
    return make_host(g->b, g->c->type, rows);
}

static Node *grow_variable(Growth *g)
{
    Case *c = g->c;
    const Flavour flavour = c->flavour;
    c->flavour = flavour == FLAVOUR_ROWS ? FLAVOUR_MIXED : flavour;     // a variable has no B
    const Shape shape = case_shape(c, 0, 3);
    c->flavour = flavour;
    if (c->variable_count < case_variables && below(g, 2))
        return make_variable(g->b, case_variable(c, c->type, &shape, -2, 2));
    return c->variable_count ? make_variable(g->b, c->variable[below(g, c->variable_count)]) : NULL;
}

static Node *grow_source(Growth *g)
{
    Shape shape = case_shape(g->c, 0, 4);
    switch (below(g, 4)) {
    case 0: return grow_host(g);
    case 1: return grow_variable(g);
    case 2: return make_cast(g->b, g->c->type, make_random(g->b, (uint64_t)below(g, 3), &shape));
    default:
        return shape.rank ? make_iota(g->b, g->c->type, &shape, below(g, shape.rank)) : NULL;
    }
}

// The gradient of a sum of something in something before it.
static Node *grow_gradient(Growth *g)
{
    Node *x = pick_float(g, 0, max_rank), *y = pick_float(g, 0, max_rank), *gradient;
    Node *of = make_reduce(g->b, P_SUM, unary(g, P_TANH, y), (1u << y->shape.rank) - 1);
    differentiate(g->b, of, &x, 1, &gradient);
    return gradient;
}

typedef Node *Grow(Growth *g);

static Grow *const growers[] = {
    grow_unary, grow_unary, grow_function, grow_binary, grow_binary, grow_division, grow_power,
    grow_constant, grow_constant, grow_compare, grow_logic, grow_select, grow_cast, grow_integer,
    grow_reshape, grow_permute, grow_broadcast, grow_broadcast, grow_slice, grow_pad, grow_concat,
    grow_reduce, grow_reduce_bool, grow_arg, grow_contract, grow_convolve, grow_window, grow_gather,
    grow_scatter, grow_scan, grow_source, grow_gradient,
};

// ---- the whole ----------------------------------------------------------------------------------

static const Guard *guard_any(Growth *g)
{
    Arena *arena = g->c->arena;
    HostExpr *condition = arena_alloc(arena, sizeof *condition);
    Guard *guard = arena_alloc(arena, sizeof *guard);
    *condition = (HostExpr){.op = HOST_NUMBER, .type = HOST_BOOL, .number = below(g, 4) != 0};
    *guard = (Guard){condition, g->b->origin.guard, ++g->c->graph->guard_count};
    return guard;
}

static void add_results(Case *c)
{
    Graph *graph = c->graph;
    bool *read = arena_alloc(c->arena, (size_t)graph->node_count);
    for (int id = 0; id < graph->node_count; id++)
        for (int i = 0; i < graph->node[id]->input_count; i++)
            read[graph->node[id]->input[i]->id] = true;
    for (int id = 0, index = 0; id < graph->node_count; id++) {
        Node *node = graph->node[id];
        if (!read[id])
            graph_result(graph, (Result){.kind = RESULT_FIELD, .index = index++, .value = node,
                                         .guard = node->guard});
    }
}

// Now and then a branch is left by a select of what it made last and a constant.
static void leave_branch(Growth *g, int outside)
{
    const Guard *guard = g->b->origin.guard;
    Node *last = g->count > outside ? g->pool[g->count - 1] : NULL;
    g->count = outside;
    g->b->origin.guard = guard->outer;
    if (!last || last->guard != guard || !is_float(last) || below(g, 2))
        return;
    Node *ran = make_expand(g->b, make_host(g->b, DT_BOOL, guard->condition), &last->shape);
    keep(g, make_select(g->b, ran, last, number(g, last)));
}

// Each variable is written what fits it best: something of its shape, squashed.
static void add_writes(Growth *g)
{
    for (int i = 0; i < g->c->variable_count; i++) {
        Variable *variable = g->c->variable[i];
        Node *old = make_variable(g->b, variable);
        Node *value = unary(g, P_TANH, binary(g, P_ADD, old, partner(g, old)));
        if (below(g, 3))
            graph_write(g->c->graph, variable, value, NULL, (Span){0});
    }
}

static bool is_tame(const OracleResult *result, int count)
{
    for (int i = 0; i < count; i++)
        for (int64_t at = 0; result[i].ran && at < result[i].value.count; at++)
            if (!(fabs(value_number(&result[i].value, at)) < 1e6))
                return false;
    return true;
}

int random_graph_results(const Case *c)
{
    return c->graph->result_count + c->variable_count;
}

void random_graph_run(Case *c, bool narrow, OracleResult *result)
{
    Value variable[case_variables];
    const OracleInput input = {.rows = c->rows, .seed = 1, .field = c->field, .variable = variable,
                               .host = case_host, .host_context = c, .narrow = narrow};
    for (int i = 0; i < c->variable_count; i++)
        variable[i] = value_copy(&c->stored[i]);
    interpret(c->graph, &input, result);
    for (int i = 0; i < c->variable_count; i++)
        result[c->graph->result_count + i] = (OracleResult){true, variable[i]};
}

bool random_graph(Case *c, int operations)
{
    Growth growth = {.c = c, .b = &c->b}, *g = &growth;
    const int end = c->graph->node_count + operations;
    const int kinds = sizeof growers / sizeof *growers;
    int outside = 0;                    // of the pool, while a guard is open
    keep(g, pick_image(g));
    keep(g, grow_source(g));
    for (int tries = 0; tries < 4 * operations && c->graph->node_count < end; tries++) {
        if (!c->b.origin.guard && below(g, 12) == 0) {
            outside = g->count;
            c->b.origin.guard = guard_any(g);
        } else if (c->b.origin.guard && below(g, 5) == 0) {
            leave_branch(g, outside);
        }
        keep(g, growers[below(g, kinds)](g));
    }
    if (c->b.origin.guard)
        leave_branch(g, outside);
    add_writes(g);
    add_results(c);
    const int count = random_graph_results(c);
    OracleResult *result = arena_alloc(c->arena, sizeof *result * (size_t)count);
    random_graph_run(c, false, result);
    const bool tame = is_tame(result, count);
    for (int i = 0; i < count; i++)
        value_free(&result[i].value);
    return tame;
}
