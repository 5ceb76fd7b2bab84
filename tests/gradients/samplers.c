#include "samplers.h"

// ---- operands -----------------------------------------------------------------------------------

Node *field_any(Case *c, const Shape *shape)
{
    return case_field(c, c->type, shape, -2, 2);
}

Node *field_away(Case *c, const Shape *shape, double least)
{
    Node *node = case_field(c, c->type, shape, least, 2);
    Value *value = &c->field[node->attr->index];
    for (int64_t at = 0; at < value->count; at++)
        if (random_below(&c->random, 2))
            value->cell[at].f = -value->cell[at].f;
    return node;
}

Node *field_apart(Case *c, const Shape *shape)
{
    Node *node = case_field(c, c->type, shape, 0, 0.05);
    Value *value = &c->field[node->attr->index];
    for (int64_t at = 0; at < value->count; at++)
        value->cell[at].f += 0.1 * (double)(at - value->count / 2);
    for (int64_t at = value->count - 1; at > 0; at--) {
        const int64_t other = random_below(&c->random, (int)at + 1);
        const Cell cell = value->cell[at];
        value->cell[at] = value->cell[other];
        value->cell[other] = cell;
    }
    return node;
}

static Node *field_positive(Case *c, const Shape *shape)
{
    return case_field(c, c->type, shape, 0.3, 2);
}

static Node *field_index(Case *c, const Shape *shape, int64_t least, int64_t end)
{
    const DType type = random_below(&c->random, 2) ? DT_I32 : DT_I64;
    return case_field(c, type, shape, (double)least, (double)end);
}

static Node *field_truth(Case *c, const Shape *shape)
{
    Node *node = case_field(c, DT_BOOL, shape, 0, 1);
    Value *value = &c->field[node->attr->index];
    for (int64_t at = 0; at < value->count; at++)
        value->cell[at].i = random_below(&c->random, 2);
    return node;
}

static int axis_any(Case *c, const Shape *shape)
{
    return random_below(&c->random, shape->rank);
}

// ---- sources ------------------------------------------------------------------------------------

static Node *sample_CONSTANT(Case *c) { return make_constant(&c->b, c->type, 1.5); }

static Node *sample_HOST(Case *c)
{
    const Shape shape = {.rank = 1, .dim = {{1, 1}}};
    const int64_t start = -1, step = 1;
    const Shape last = {.rank = 1, .dim = {dim_of(1)}};
    Node *x = field_any(c, &shape);     // its derivative asks the host where the last row is
    return make_slice(&c->b, x, &start, &step, &last);
}

static Node *sample_VARIABLE(Case *c)
{
    Shape shape = case_shape(c, 0, 3);
    return field_any(c, &shape);            // a variable is read as a field is
}

static Node *sample_FIELD(Case *c) { return sample_VARIABLE(c); }

static Node *sample_IOTA(Case *c)
{
    Shape shape = case_shape(c, 1, 3);
    return make_iota(&c->b, c->type, &shape, axis_any(c, &shape));
}

static Node *sample_RANDOM(Case *c)
{
    Shape shape = case_shape(c, 0, 3);
    return make_random(&c->b, 7, &shape);
}

// ---- scalar functions ---------------------------------------------------------------------------

static Node *unary(Case *c, Prim prim, Node *(*field)(Case *, const Shape *))
{
    Shape shape = case_shape(c, 0, 4);
    return make_unary(&c->b, prim, field(c, &shape));
}

static Node *field_small(Case *c, const Shape *shape) { return field_away(c, shape, 0.1); }

// Between two whole numbers and not at a half, where rounding jumps.
static Node *field_broken(Case *c, const Shape *shape)
{
    Node *node = case_field(c, c->type, shape, 0.1, 0.4);
    Value *value = &c->field[node->attr->index];
    for (int64_t at = 0; at < value->count; at++)
        value->cell[at].f += 0.5 * random_below(&c->random, 8) - 2;
    return node;
}

static Node *sample_NEG(Case *c) { return unary(c, P_NEG, field_any); }
static Node *sample_ABS(Case *c) { return unary(c, P_ABS, field_small); }
static Node *sample_SIGN(Case *c) { return unary(c, P_SIGN, field_small); }
static Node *sample_FLOOR(Case *c) { return unary(c, P_FLOOR, field_broken); }
static Node *sample_CEIL(Case *c) { return unary(c, P_CEIL, field_broken); }
static Node *sample_ROUND(Case *c) { return unary(c, P_ROUND, field_broken); }
static Node *sample_SQRT(Case *c) { return unary(c, P_SQRT, field_positive); }
static Node *sample_EXP(Case *c) { return unary(c, P_EXP, field_any); }
static Node *sample_EXPM1(Case *c) { return unary(c, P_EXPM1, field_any); }
static Node *sample_LOG(Case *c) { return unary(c, P_LOG, field_positive); }
static Node *sample_LOG1P(Case *c) { return unary(c, P_LOG1P, field_positive); }
static Node *sample_SIN(Case *c) { return unary(c, P_SIN, field_any); }
static Node *sample_COS(Case *c) { return unary(c, P_COS, field_any); }
static Node *sample_TANH(Case *c) { return unary(c, P_TANH, field_any); }
static Node *sample_ERF(Case *c) { return unary(c, P_ERF, field_any); }
static Node *sample_NOT(Case *c) { return unary(c, P_NOT, field_truth); }
static Node *sample_STOP(Case *c) { return unary(c, P_STOP, field_any); }

static Node *sample_CAST(Case *c)
{
    Shape shape = case_shape(c, 0, 4);
    return make_cast(&c->b, c->type == DT_F64 ? DT_F32 : DT_F64, field_any(c, &shape));
}

typedef Node *Field(Case *c, const Shape *shape);

static Node *binary(Case *c, Prim prim, Field *first, Field *second)
{
    Shape shape = case_shape(c, 0, 4);
    Node *x = first(c, &shape);
    return make_binary(&c->b, prim, x, random_below(&c->random, 8) ? second(c, &shape) : x);
}

static Node *sample_ADD(Case *c) { return binary(c, P_ADD, field_any, field_any); }
static Node *sample_SUB(Case *c) { return binary(c, P_SUB, field_any, field_any); }
static Node *sample_MUL(Case *c) { return binary(c, P_MUL, field_any, field_any); }
static Node *sample_DIV(Case *c) { return binary(c, P_DIV, field_positive, field_positive); }
static Node *sample_EQ(Case *c) { return binary(c, P_EQ, field_any, field_any); }
static Node *sample_NE(Case *c) { return binary(c, P_NE, field_any, field_any); }
static Node *sample_LT(Case *c) { return binary(c, P_LT, field_any, field_any); }
static Node *sample_LE(Case *c) { return binary(c, P_LE, field_any, field_any); }
static Node *sample_AND(Case *c) { return binary(c, P_AND, field_truth, field_truth); }
static Node *sample_OR(Case *c) { return binary(c, P_OR, field_truth, field_truth); }

// x = y * (whole + part): the quotient is nowhere near a whole number.
static Node *quotient(Case *c, Prim prim)
{
    Shape shape = case_shape(c, 0, 4);
    Node *y = field_away(c, &shape, 0.5), *x = field_any(c, &shape);
    const Value *divisor = &c->field[y->attr->index];
    Value *value = &c->field[x->attr->index];
    for (int64_t at = 0; at < value->count; at++) {
        const double whole = random_below(&c->random, 7) - 3;
        value->cell[at].f = divisor->cell[at].f * (whole + random_between(&c->random, 0.1, 0.9));
    }
    return make_binary(&c->b, prim, x, y);
}

static Node *sample_MOD(Case *c) { return quotient(c, P_MOD); }
static Node *sample_FLOORDIV(Case *c) { return quotient(c, P_FLOORDIV); }

// Positive to any power, any base to a whole constant, and the exponents spelled without a power.
static Node *sample_POW(Case *c)
{
    static const double exponents[] = {0, 1, 2, 3, 0.5, -0.5, -1, -2, 4, -3, 5, 1.7, -0.3};
    Shape shape = case_shape(c, 0, 4);
    if (random_below(&c->random, 2))
        return make_binary(&c->b, P_POW, field_positive(c, &shape), field_any(c, &shape));
    const double exponent = exponents[random_below(&c->random, 13)];
    const bool whole = exponent == (int)exponent;
    Node *x = whole ? field_away(c, &shape, 0.3) : field_positive(c, &shape);
    return make_binary(&c->b, P_POW, x, make_scalar_like(&c->b, x, exponent));
}

// y at least 0.1 from x.
static Node *extreme(Case *c, Prim prim)
{
    Shape shape = case_shape(c, 0, 4);
    Node *x = field_any(c, &shape), *y = field_away(c, &shape, 0.1);
    for (int64_t at = 0; at < c->field[1].count; at++)
        c->field[1].cell[at].f += c->field[0].cell[at].f;
    return make_binary(&c->b, prim, x, y);
}

static Node *sample_MAXIMUM(Case *c) { return extreme(c, P_MAXIMUM); }
static Node *sample_MINIMUM(Case *c) { return extreme(c, P_MINIMUM); }

static Node *sample_SELECT(Case *c)
{
    Shape shape = case_shape(c, 0, 4);
    Node *condition = field_truth(c, &shape), *x = field_any(c, &shape);
    return make_select(&c->b, condition, x, field_any(c, &shape));
}

// ---- moves --------------------------------------------------------------------------------------

// Axes merged or split at random.
static Node *sample_RESHAPE(Case *c)
{
    Shape shape = case_shape(c, 1, 4), to = {0};
    Node *x = field_any(c, &shape);
    for (int i = 0; i < shape.rank; i++) {
        if (to.rank && random_below(&c->random, 2)) {
            to.dim[to.rank - 1] = dim_mul(to.dim[to.rank - 1], shape.dim[i]);
            continue;
        }
        if (random_below(&c->random, 3) == 0)
            to.dim[to.rank++] = dim_of(1);
        to.dim[to.rank++] = shape.dim[i];
    }
    return make_reshape(&c->b, x, &to);
}

static Node *sample_PERMUTE(Case *c)
{
    int order[max_rank];
    Shape shape = case_shape(c, 1, 5);
    for (int i = 0; i < shape.rank; i++) {
        const int j = random_below(&c->random, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    return make_permute(&c->b, field_any(c, &shape), order);
}

static Node *sample_BROADCAST(Case *c)
{
    Shape to = case_shape(c, 1, 4), from = to;
    for (int i = 0; i < to.rank; i++)
        if (random_below(&c->random, 2))
            from.dim[i] = dim_of(1);
    return make_broadcast(&c->b, field_any(c, &from), &to);
}

static void slice_static(Case *c, Dim *dim, int64_t *start, int64_t *step)
{
    const int64_t size = dim->scale;
    const int count = size ? random_below(&c->random, (int)size + 1) : 0;
    const int room = count > 1 ? (int)((size - 1) / (count - 1)) : 3;
    *step = room ? 1 + random_below(&c->random, room) : 1;
    const int64_t span = count ? *step * (count - 1) + 1 : 0;
    *start = count ? random_below(&c->random, (int)(size - span) + 1) : 0;
    if (count && random_below(&c->random, 2)) {
        *start += span - 1;
        *step = -*step;
    }
    *dim = dim_of(count);
}

static Node *sample_SLICE(Case *c)
{
    int64_t start[max_rank], step[max_rank];
    Shape shape = case_shape(c, 1, 4);
    Node *x = field_any(c, &shape);
    for (int i = 0; i < shape.rank; i++) {
        if (!shape.dim[i].power) {
            slice_static(c, &shape.dim[i], &start[i], &step[i]);
            continue;
        }
        const int kind = random_below(&c->random, 5);       // whole, reversed, first, last, none
        start[i] = kind == 1 || kind == 3 ? -1 : 0;
        step[i] = kind == 1 ? -1 : 1;
        if (kind > 1)
            shape.dim[i] = dim_of(kind < 4);
    }
    return make_slice(&c->b, x, start, step, &shape);
}

static Node *sample_PAD(Case *c)
{
    int64_t low[max_rank] = {0}, high[max_rank] = {0};
    Shape shape = case_shape(c, 1, 4);
    for (int i = 0; i < shape.rank; i++)
        if (!shape.dim[i].power) {
            low[i] = random_below(&c->random, 3);
            high[i] = random_below(&c->random, 3);
        }
    return make_pad(&c->b, field_any(c, &shape), low, high, 0.5);
}

static Node *sample_CONCAT(Case *c)
{
    Node *part[4];
    Shape shape = case_shape(c, 1, 4);
    const int axis = axis_any(c, &shape), count = 1 + random_below(&c->random, 4);
    for (int i = 0; i < count; i++) {
        if (i && shape.dim[axis].power)
            shape.dim[axis].scale = 1 + random_below(&c->random, 2);
        else if (i)
            shape.dim[axis] = case_size(c);
        part[i] = field_any(c, &shape);
    }
    return make_concat(&c->b, part, count, axis);
}

// ---- reductions ---------------------------------------------------------------------------------

static Node *reduce(Case *c, Prim prim, Field *field)
{
    Shape shape = case_shape(c, 0, 4);
    uint32_t axes = (uint32_t)random_below(&c->random, 1 << shape.rank);
    for (int i = 0; i < shape.rank; i++)
        if (dim_is(shape.dim[i], 0) && prim != P_SUM)
            axes &= ~(1u << i);         // the greatest of nothing is infinite
    return make_reduce(&c->b, prim, field(c, &shape), axes);
}

static Node *sample_SUM(Case *c) { return reduce(c, P_SUM, field_any); }
static Node *sample_MAX(Case *c) { return reduce(c, P_MAX, field_apart); }
static Node *sample_MIN(Case *c) { return reduce(c, P_MIN, field_apart); }
static Node *sample_ANY(Case *c) { return reduce(c, P_ANY, field_truth); }
static Node *sample_ALL(Case *c) { return reduce(c, P_ALL, field_truth); }

static Node *sample_ARGMAX(Case *c)
{
    Shape shape = case_shape(c, 1, 4);
    return make_argmax(&c->b, field_apart(c, &shape), axis_any(c, &shape));
}

// ---- contractions -------------------------------------------------------------------------------

static void shape_extend(Shape *shape, const Shape *more)
{
    for (int i = 0; i < more->rank; i++)
        shape->dim[shape->rank++] = more->dim[i];
}

static Node *sample_CONTRACT(Case *c)
{
    const Flavour flavour = c->flavour;
    Shape x = case_shape(c, 0, 2), y = x;
    const int batch = x.rank;
    c->flavour = flavour == FLAVOUR_EMPTY && random_below(&c->random, 2) ? FLAVOUR_MIXED : flavour;
    const Shape m = case_shape(c, 0, 2), n = case_shape(c, 0, 2), k = case_shape(c, 1, 2);
    shape_extend(&x, &m);
    shape_extend(&x, &k);
    shape_extend(&y, &n);
    shape_extend(&y, &k);
    Node *first = field_any(c, &x);
    return make_contract(&c->b, first, field_any(c, &y), batch, k.rank);
}

// A window, and the size of a spatial axis that it goes over.
static Window window_any(Case *c, int spatial)
{
    Window window = {.spatial = spatial, .groups = 1};
    for (int i = 0; i < spatial; i++) {
        window.size[i] = 1 + random_below(&c->random, 3);
        window.stride[i] = 1 + random_below(&c->random, 2);
        window.dilation[i] = 1 + random_below(&c->random, 2);
        window.low[i] = random_below(&c->random, 3);
        window.high[i] = random_below(&c->random, 3);
    }
    return window;
}

typedef struct Convolution {
    Window window;
    Shape x, weight, result;
} Convolution;

static Convolution convolution_any(Case *c)
{
    const int spatial = 1 + random_below(&c->random, 3);
    Convolution v = {.window = window_any(c, spatial)};
    const int64_t groups = v.window.groups = 1 + random_below(&c->random, 2);
    const int64_t in = 1 + random_below(&c->random, 2), out = 1 + random_below(&c->random, 2);
    v.x = (Shape){.rank = 2 + spatial, .dim = {case_size(c), dim_of(groups * in)}};
    v.weight = (Shape){.rank = 2 + spatial, .dim = {dim_of(groups * out), dim_of(in)}};
    if (c->flavour == FLAVOUR_ROWS)
        v.x.dim[0] = (Dim){1, 1};
    for (int i = 0; i < spatial; i++) {
        v.x.dim[2 + i] = dim_of(1 + random_below(&c->random, spatial > 1 ? 4 : 7));
        v.weight.dim[2 + i] = dim_of(v.window.size[i]);
    }
    v.result = shape_window(&v.x, &v.window, groups * out);
    return v;
}

static Node *sample_CONVOLVE(Case *c)
{
    const Convolution v = convolution_any(c);
    Node *x = field_any(c, &v.x);
    return make_convolve(&c->b, x, field_any(c, &v.weight), &v.window);
}

static Node *sample_CONVOLVE_INPUT(Case *c)
{
    const Convolution v = convolution_any(c);
    Node *g = field_any(c, &v.result);
    return make_convolve_input(&c->b, g, field_any(c, &v.weight), &v.window, &v.x);
}

static Node *sample_CONVOLVE_WEIGHT(Case *c)
{
    const Convolution v = convolution_any(c);
    Node *x = field_any(c, &v.x);
    return make_convolve_weight(&c->b, x, field_any(c, &v.result), &v.window, &v.weight);
}

// ---- windows ------------------------------------------------------------------------------------

// Every window sees something: padding is smaller than the window, as far as it reaches.
static Window pool_any(Case *c, Shape *x)
{
    const int spatial = 1 + random_below(&c->random, 2);
    Window window = window_any(c, spatial);
    *x = case_shape(c, 0, 2);
    for (int i = 0; i < spatial; i++) {
        window.size[i] = 1 + random_below(&c->random, 3);
        window.dilation[i] = window.size[i] > 1 ? window.dilation[i] : 1;
        window.low[i] = random_below(&c->random, 2) && window.size[i] > 1;
        window.high[i] = random_below(&c->random, 2) && window.size[i] > 1;
        x->dim[x->rank++] = dim_of(2 + random_below(&c->random, 5));
    }
    return window;
}

static Node *sample_WINDOW_MAX(Case *c)
{
    Shape x;
    const Window window = pool_any(c, &x);
    return make_window(&c->b, P_WINDOW_MAX, field_apart(c, &x), &window);
}

static Node *sample_WINDOW_MAX_GRAD(Case *c)
{
    Shape x;
    const Window window = pool_any(c, &x);
    const Shape pooled = shape_window(&x, &window, 0);
    Node *from = field_apart(c, &x);
    return make_window_max_grad(&c->b, from, field_any(c, &pooled), &window);
}

static Node *sample_WINDOW_MAX_PICK(Case *c)
{
    Shape x;
    const Window window = pool_any(c, &x);
    Node *from = field_apart(c, &x);
    return make_window_max_pick(&c->b, from, field_any(c, &x), &window);
}

static Node *sample_WINDOW_SUM(Case *c)
{
    Shape x;
    const Window window = pool_any(c, &x);
    return make_window(&c->b, P_WINDOW_SUM, field_any(c, &x), &window);
}

static Node *sample_WINDOW_SUM_GRAD(Case *c)
{
    Shape x;
    const Window window = pool_any(c, &x);
    const Shape pooled = shape_window(&x, &window, 0);
    return make_window_sum_grad(&c->b, field_any(c, &pooled), &window, &x);
}

// ---- indexed ------------------------------------------------------------------------------------

typedef struct Indexing {
    Shape x, index, picked;
    int axis, batch;
    int64_t count;
} Indexing;

static Indexing indexing_any(Case *c)
{
    Indexing g = {.x = case_shape(c, 1, 4)};
    g.batch = random_below(&c->random, g.x.rank);
    g.axis = g.batch + random_below(&c->random, g.x.rank - g.batch);
    g.index.rank = g.batch;
    for (int i = 0; i < g.batch; i++)
        g.index.dim[i] = g.x.dim[i];
    for (int more = random_below(&c->random, 3); more; more--)
        g.index.dim[g.index.rank++] = case_size(c);
    g.count = dim_at(g.x.dim[g.axis], c->rows);
    for (int i = 0; i < g.axis; i++)
        g.picked.dim[g.picked.rank++] = g.x.dim[i];
    for (int i = g.batch; i < g.index.rank; i++)
        g.picked.dim[g.picked.rank++] = g.index.dim[i];
    for (int i = g.axis + 1; i < g.x.rank; i++)
        g.picked.dim[g.picked.rank++] = g.x.dim[i];
    return g;
}

// Some indices are out of range; some come twice.
static Node *field_of(Case *c, const Indexing *g)
{
    return field_index(c, &g->index, -1, g->count + 1);
}

static Node *sample_GATHER(Case *c)
{
    const Indexing g = indexing_any(c);
    Node *x = field_any(c, &g.x);
    return make_gather(&c->b, x, field_of(c, &g), g.axis, g.batch);
}

static Node *sample_SCATTER_ADD(Case *c)
{
    const Indexing g = indexing_any(c);
    Node *updates = field_any(c, &g.picked);
    return make_scatter_add(&c->b, field_of(c, &g), updates, g.axis, g.batch, &g.x);
}

static Node *sample_SCATTER_SET(Case *c)
{
    const Indexing g = indexing_any(c);
    Node *x = field_any(c, &g.x), *updates = field_any(c, &g.picked);
    return make_scatter_set(&c->b, x, field_of(c, &g), updates, g.axis, g.batch);
}

// ---- along an axis ------------------------------------------------------------------------------

static Node *scan(Case *c, Prim prim)
{
    Shape shape = case_shape(c, 1, 4);
    Node *x = field_any(c, &shape);
    Value *value = &c->field[0];
    for (int64_t at = 0; at < value->count; at++)           // zeros too: a product meets them
        if (random_below(&c->random, 5) == 0)
            value->cell[at].f = 0;
    return make_scan(&c->b, prim, x, axis_any(c, &shape), random_below(&c->random, 2));
}

static Node *sample_CUMSUM(Case *c) { return scan(c, P_CUMSUM); }
static Node *sample_CUMPROD(Case *c) { return scan(c, P_CUMPROD); }

static Node *sample_ARGSORT(Case *c)
{
    Shape shape = case_shape(c, 1, 4);
    Node *x = field_apart(c, &shape);
    return make_argsort(&c->b, x, axis_any(c, &shape), random_below(&c->random, 2));
}

// ---- the table ----------------------------------------------------------------------------------

static Sampler *const samplers[] = {
#define PRIM(id, ...) sample_##id,
#include "graph/prims.def"
#undef PRIM
};

Sampler *sampler_of(Prim prim)
{
    return samplers[prim];
}
