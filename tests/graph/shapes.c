// shapes: the shape rules against what the shapes are when B is a number.
//
// Random operands, fitting and not: a rule must accept exactly what is right for each of several
// values of B by plain arithmetic, and give the size that this arithmetic gives.
#include "case.h"
#include "graph/shapes.h"
#include <stdio.h>

static const int64_t row_counts[] = {1, 2, 3, 7};
enum { row_choices = sizeof row_counts / sizeof *row_counts };

typedef struct Draft {
    Node node, operand[3], *input[3];
    Attr attr;
} Draft;

typedef struct Tally {
    int right, wrong, failures;
} Tally;

// ---- random sizes -------------------------------------------------------------------------------

static Dim dim_any(Random *r)
{
    static const Dim dims[] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {6, 0}, {1, 1}, {2, 1}, {1, 2}};
    return dims[random_below(r, 8)];
}

static Shape shape_any(Random *r, int most)
{
    Shape shape = {.rank = random_below(r, most + 1)};
    for (int i = 0; i < shape.rank; i++)
        shape.dim[i] = dim_any(r);
    return shape;
}

// The same, or nearly.
static Shape shape_near(Random *r, Shape shape)
{
    if (random_below(r, 2) || shape.rank == 0)
        return shape;
    shape.dim[random_below(r, shape.rank)] = dim_any(r);
    return shape;
}

static void draft_begin(Draft *d, Prim prim, int count)
{
    *d = (Draft){.node = {.prim = prim, .input_count = count}};
    for (int i = 0; i < count; i++) {
        d->operand[i] = (Node){.dtype = DT_F32};
        d->input[i] = &d->operand[i];
    }
    d->node.attr = &d->attr;
    d->node.input = d->input;
}

// ---- arithmetic with B known --------------------------------------------------------------------

static bool sizes_equal(const Shape *a, const Shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        for (int k = 0; k < row_choices; k++)
            if (dim_at(a->dim[i], row_counts[k]) != dim_at(b->dim[i], row_counts[k]))
                return false;
    return true;
}

static int64_t count_at(const Shape *shape, int64_t rows)
{
    int64_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= dim_at(shape->dim[i], rows);
    return count;
}

static bool counts_equal(const Shape *a, const Shape *b)
{
    for (int k = 0; k < row_choices; k++)
        if (count_at(a, row_counts[k]) != count_at(b, row_counts[k]))
            return false;
    return true;
}

static void judge(Tally *tally, Draft *d, bool fits, const Shape *want, const char *what)
{
    const char *wrong = node_infer(&d->node);
    tally->right += fits;
    tally->wrong += !fits;
    if ((wrong == NULL) == fits && (!fits || !want || sizes_equal(want, &d->node.shape)))
        return;
    printf("%s: %s\n", what, wrong ? wrong : fits ? "another shape" : "accepted");
    tally->failures++;
}

// ---- rules --------------------------------------------------------------------------------------

static void test_scalar(Tally *tally, Random *r)
{
    static const Prim prims[] = {P_ADD, P_MUL, P_POW, P_LT, P_SELECT};
    static const DType types[] = {DT_F32, DT_F64, DT_I32, DT_BOOL};
    Draft d;
    const Prim prim = prims[random_below(r, 5)];
    draft_begin(&d, prim, prim_arity(prim));
    const int first = prim == P_SELECT;
    const Shape shape = shape_any(r, 3), other = shape_near(r, shape);
    const DType type = types[random_below(r, 4)];
    const DType second = random_below(r, 3) ? type : types[random_below(r, 4)];
    d.operand[0] = (Node){.dtype = DT_BOOL, .shape = shape};
    d.operand[first] = (Node){.dtype = type, .shape = shape};
    d.operand[first + 1] = (Node){.dtype = second, .shape = other};
    const DTypeKind kind = dtype_kind(type);
    const bool kind_fits = prim == P_POW ? kind == KIND_FLOAT
        : prim == P_ADD || prim == P_MUL ? kind != KIND_BOOL : true;
    judge(tally, &d, type == second && sizes_equal(&shape, &other) && kind_fits, &shape, "scalar");
}

static void test_reshape(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_RESHAPE, 1);
    d.operand[0].shape = shape_any(r, 3);
    d.node.shape = shape_any(r, 3);
    const Shape want = d.node.shape;
    judge(tally, &d, counts_equal(&d.operand[0].shape, &want), &want, "reshape");
}

static void test_broadcast(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_BROADCAST, 1);
    const Shape to = shape_any(r, 3);
    Shape from = shape_near(r, to);
    bool fits = true;
    for (int i = 0; i < from.rank; i++) {
        if (random_below(r, 3) == 0)
            from.dim[i] = dim_of(1);
        for (int k = 0; k < row_choices; k++) {
            const int64_t have = dim_at(from.dim[i], row_counts[k]);
            fits &= have == dim_at(to.dim[i], row_counts[k]) || dim_is(from.dim[i], 1);
        }
    }
    d.operand[0].shape = from;
    d.node.shape = to;
    judge(tally, &d, fits, &to, "broadcast");
}

static void test_permute(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_PERMUTE, 1);
    Shape from = shape_any(r, 4), want = from;
    unsigned seen = 0;
    for (int i = 0; i < from.rank; i++) {
        d.attr.order[i] = random_below(r, 4) ? (i + 1) % from.rank : random_below(r, 6) - 1;
        if (d.attr.order[i] >= 0 && d.attr.order[i] < from.rank) {
            seen |= 1u << d.attr.order[i];
            want.dim[i] = from.dim[d.attr.order[i]];
        }
    }
    d.operand[0].shape = from;
    judge(tally, &d, seen == (1u << from.rank) - 1, &want, "permute");
}

static void test_slice(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_SLICE, 1);
    const int64_t size = random_below(r, 6), count = random_below(r, 4);
    const int64_t start = random_below(r, 8) - 1, step = random_below(r, 5) - 2;
    bool fits = step != 0;
    for (int64_t i = 0; i < count; i++)
        fits &= start + i * step >= 0 && start + i * step < size;
    d.operand[0].shape = (Shape){.rank = 1, .dim = {dim_of(size)}};
    d.node.shape = (Shape){.rank = 1, .dim = {dim_of(count)}};
    d.attr.start[0] = start;
    d.attr.step[0] = step;
    const Shape want = d.node.shape;
    judge(tally, &d, fits, &want, "slice");
}

static void test_reduce(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_SUM, 1);
    const Shape from = shape_any(r, 4);
    Shape want = {0};
    d.attr.axes = (uint32_t)random_below(r, 32);
    for (int i = 0; i < from.rank; i++)
        if ((d.attr.axes & 1u << i) == 0)
            want.dim[want.rank++] = from.dim[i];
    d.operand[0].shape = from;
    judge(tally, &d, d.attr.axes < 1u << from.rank, &want, "sum");
}

static void test_concat(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_CONCAT, 2);
    const Shape x = shape_any(r, 3);
    Shape y = shape_near(r, x), want = x;
    const int axis = d.attr.axis = random_below(r, 4) - (random_below(r, 8) == 0);
    bool fits = axis >= 0 && axis < x.rank && y.rank == x.rank;
    for (int i = 0; fits && i < x.rank; i++)
        if (i != axis)
            fits = dim_equal(x.dim[i], y.dim[i]);
    if (fits && x.dim[axis].scale && y.dim[axis].scale)
        fits = x.dim[axis].power == y.dim[axis].power;
    if (fits)
        want.dim[axis] = (Dim){x.dim[axis].scale + y.dim[axis].scale,
                               x.dim[axis].scale ? x.dim[axis].power : y.dim[axis].power};
    d.operand[0].shape = x;
    d.operand[1].shape = y;
    judge(tally, &d, fits, &want, "concat");
}

static Shape part(const Shape *shape, int first, int end)
{
    Shape result = {0};
    for (int i = first; i < end; i++)
        result.dim[result.rank++] = shape->dim[i];
    return result;
}

static void test_contract(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_CONTRACT, 2);
    const Shape x = shape_any(r, 4), y = random_below(r, 2) ? shape_near(r, x) : shape_any(r, 4);
    const int batch = d.attr.batch = random_below(r, 3), k = d.attr.contracted = random_below(r, 3);
    bool fits = k > 0 && batch + k <= x.rank && batch + k <= y.rank;
    if (fits) {
        const Shape a = part(&x, 0, batch), b = part(&y, 0, batch);
        const Shape c = part(&x, x.rank - k, x.rank), e = part(&y, y.rank - k, y.rank);
        fits = sizes_equal(&a, &b) && sizes_equal(&c, &e);
    }
    Shape want = fits ? part(&x, 0, x.rank - k) : x;
    for (int i = batch; fits && i < y.rank - k; i++)
        want.dim[want.rank++] = y.dim[i];
    d.operand[0].shape = x;
    d.operand[1].shape = y;
    judge(tally, &d, fits, &want, "contract");
}

// Where a window fits is counted by trying each place.
static void test_window(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_WINDOW_SUM, 1);
    const int64_t n = random_below(r, 9), size = random_below(r, 4), stride = random_below(r, 4);
    const int64_t dilation = random_below(r, 3), low = random_below(r, 4) - 1;
    const int64_t high = random_below(r, 3);
    d.attr.window = (Window){.spatial = 1, .size = {size}, .stride = {stride}, .low = {low},
                             .high = {high}, .dilation = {dilation}, .groups = 1};
    const bool fits = size > 0 && stride > 0 && dilation > 0 && low >= 0;
    int64_t places = 0;
    if (fits)
        for (int64_t at = -low; at + (size - 1) * dilation < n + high; at += stride)
            places++;
    d.operand[0].shape = (Shape){.rank = 2, .dim = {{1, 1}, dim_of(n)}};
    const Shape want = {.rank = 2, .dim = {{1, 1}, dim_of(places)}};
    judge(tally, &d, fits, &want, "window");
}

static void test_gather(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_GATHER, 2);
    const Shape x = shape_any(r, 4), index = shape_near(r, shape_any(r, 2));
    const int axis = d.attr.axis = random_below(r, 4), batch = d.attr.batch = random_below(r, 2);
    const DType type = random_below(r, 4) ? DT_I32 : DT_F32;
    bool fits = type == DT_I32 && axis >= batch && axis < x.rank && batch <= index.rank;
    if (fits && batch)
        fits = dim_equal(x.dim[0], index.dim[0]);
    Shape want = part(&x, 0, axis < x.rank ? axis : x.rank);
    for (int i = batch; fits && i < index.rank; i++)
        want.dim[want.rank++] = index.dim[i];
    for (int i = axis + 1; fits && i < x.rank; i++)
        want.dim[want.rank++] = x.dim[i];
    d.operand[0].shape = x;
    d.operand[1] = (Node){.dtype = type, .shape = index};
    judge(tally, &d, fits, &want, "gather");
}

static void test_convolve(Tally *tally, Random *r)
{
    Draft d;
    draft_begin(&d, P_CONVOLVE, 2);
    const int64_t channels = 1 + random_below(r, 4), groups = random_below(r, 3);
    const int64_t out = 1 + random_below(r, 4), in = 1 + random_below(r, 3);
    d.attr.window = (Window){.spatial = 1, .size = {3}, .stride = {1}, .dilation = {1},
                             .groups = groups};
    d.operand[0].shape = (Shape){.rank = 3, .dim = {{1, 1}, dim_of(channels), dim_of(5)}};
    d.operand[1].shape = (Shape){.rank = 3, .dim = {dim_of(out), dim_of(in), dim_of(3)}};
    const bool fits = groups > 0 && channels == in * groups && out % groups == 0;
    const Shape want = {.rank = 3, .dim = {{1, 1}, dim_of(out), dim_of(3)}};
    judge(tally, &d, fits, &want, "convolve");
}

typedef void Check(Tally *tally, Random *r);

int main(void)
{
    static Check *const checks[] = {
        test_scalar, test_reshape, test_broadcast, test_permute, test_slice, test_reduce,
        test_concat, test_contract, test_window, test_gather, test_convolve,
    };
    Tally sum = {0};
    Random random = {11};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        Tally tally = {0};
        for (int trial = 0; trial < 4000 && tally.failures < 3; trial++)
            checks[i](&tally, &random);
        if (tally.right < 100 || tally.wrong < 100) {
            printf("rule %zu was tried on %d that fit and %d that do not\n", i, tally.right,
                   tally.wrong);
            tally.failures++;
        }
        sum = (Tally){sum.right + tally.right, sum.wrong + tally.wrong,
                      sum.failures + tally.failures};
    }
    printf("%d operands that fit, %d that do not, %d failures\n", sum.right, sum.wrong,
           sum.failures);
    return sum.failures != 0;
}
