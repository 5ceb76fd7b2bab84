// values: what the interpreter makes of each primitive that is more than one line of arithmetic,
// on operands small enough to work out by hand.
#include "case.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct Test {
    Case c;
    int failures, checks;
} Test;

static Shape shape(int rank, ...)
{
    Shape s = {.rank = rank};
    va_list list;
    va_start(list, rank);
    for (int i = 0; i < rank; i++)
        s.dim[i] = dim_of(va_arg(list, int));
    va_end(list);
    return s;
}

static Node *field(Test *t, DType type, Shape s, const double *number)
{
    Node *node = case_field(&t->c, type, &s, 0, 1);
    Value *value = &t->c.field[node->attr->index];
    for (int64_t at = 0; at < value->count; at++)
        value_set(value, at, number[at]);
    return node;
}

#define LIST(...) (double[]){__VA_ARGS__}

static void expect(Test *t, const char *what, Node *node, int count, const double *want)
{
    Value value;
    case_evaluate(&t->c, &node, 1, false, &value);
    bool right = value.count == count;
    for (int i = 0; right && i < count; i++) {
        const double got = value_number(&value, i);
        right = isnan(want[i]) ? isnan(got) : got == want[i] && signbit(got) == signbit(want[i]);
    }
    t->checks++;
    if (!right) {
        printf("%s:", what);
        for (int64_t i = 0; i < value.count; i++)
            printf(" %g", value_number(&value, i));
        printf("\n");
        t->failures++;
    }
    value_free(&value);
    case_free(&t->c);
    case_begin(&t->c, 1, FLAVOUR_MIXED);
}

static const double up_to_six[] = {1, 2, 3, 4, 5, 6};

static Node *six(Test *t) { return field(t, DT_F64, shape(2, 2, 3), up_to_six); }

static Node *line(Test *t, int count, const double *number)
{
    return field(t, DT_F64, shape(1, count), number);
}

static void test_moves(Test *t)
{
    Builder *b = &t->c.b;
    const int order[] = {1, 0};
    const int64_t start[] = {1, 2}, step[] = {1, -2}, low[] = {0, 1}, high[] = {1, 0};
    const Shape cut = shape(2, 1, 2), three = shape(2, 2, 3);
    expect(t, "permute", make_permute(b, six(t), order), 6, LIST(1, 4, 2, 5, 3, 6));
    expect(t, "slice", make_slice(b, six(t), start, step, &cut), 2, LIST(6, 4));
    expect(t, "pad", make_pad(b, six(t), low, high, 9), 12,
           LIST(9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9));
    Node *column = field(t, DT_F64, shape(2, 2, 1), LIST(7, 8));
    expect(t, "broadcast", make_broadcast(b, column, &three), 6, LIST(7, 7, 7, 8, 8, 8));
    Node *x = six(t), *y = field(t, DT_F64, shape(2, 2, 1), LIST(7, 8));
    expect(t, "concat", make_concat(b, (Node *[]){x, y, x}, 3, 1), 14,
           LIST(1, 2, 3, 7, 1, 2, 3, 4, 5, 6, 8, 4, 5, 6));
    expect(t, "iota", make_iota(b, DT_I32, &three, 1), 6, LIST(0, 1, 2, 0, 1, 2));
}

static void test_reductions(Test *t)
{
    Builder *b = &t->c.b;
    const Shape none = shape(2, 0, 2);
    expect(t, "sum of rows", make_reduce(b, P_SUM, six(t), 2), 2, LIST(6, 15));
    expect(t, "sum of columns", make_reduce(b, P_SUM, six(t), 1), 3, LIST(5, 7, 9));
    expect(t, "sum of all", make_reduce(b, P_SUM, six(t), 3), 1, LIST(21));
    expect(t, "sum of nothing", make_reduce(b, P_SUM, make_full(b, DT_F64, 1, &none), 1), 2,
           LIST(0, 0));
    expect(t, "max of nothing", make_reduce(b, P_MAX, make_full(b, DT_F64, 1, &none), 1), 2,
           LIST(-INFINITY, -INFINITY));
    expect(t, "min of nothing", make_reduce(b, P_MIN, make_full(b, DT_U8, 1, &none), 1), 2,
           LIST(255, 255));
    expect(t, "max", make_reduce(b, P_MAX, line(t, 3, LIST(-3, -1, -2)), 1), 1, LIST(-1));
    expect(t, "max with NaN", make_reduce(b, P_MAX, line(t, 3, LIST(1, NAN, 2)), 1), 1, LIST(NAN));
    expect(t, "min", make_reduce(b, P_MIN, line(t, 3, LIST(3, 1, 2)), 1), 1, LIST(1));
    expect(t, "argmax, first wins", make_argmax(b, line(t, 4, LIST(1, 5, 5, 2)), 0), 1, LIST(1));
    Node *p = field(t, DT_BOOL, shape(2, 2, 2), LIST(1, 0, 1, 1));
    expect(t, "all", make_reduce(b, P_ALL, p, 2), 2, LIST(0, 1));
    p = field(t, DT_BOOL, shape(2, 2, 2), LIST(1, 0, 0, 0));
    expect(t, "any", make_reduce(b, P_ANY, p, 2), 2, LIST(1, 0));
    expect(t, "cumsum", make_scan(b, P_CUMSUM, six(t), 1, false), 6, LIST(1, 3, 6, 4, 9, 15));
    expect(t, "cumsum back", make_scan(b, P_CUMSUM, six(t), 0, true), 6, LIST(5, 7, 9, 4, 5, 6));
    expect(t, "cumprod", make_scan(b, P_CUMPROD, six(t), 1, false), 6, LIST(1, 2, 6, 4, 20, 120));
    expect(t, "argsort", make_argsort(b, line(t, 5, LIST(3, 1, 2, 1, NAN)), 0, false), 5,
           LIST(1, 3, 2, 0, 4));
    expect(t, "argsort down", make_argsort(b, line(t, 5, LIST(3, 1, 2, 1, NAN)), 0, true), 5,
           LIST(4, 0, 2, 1, 3));
}

static void test_contractions(Test *t)
{
    Builder *b = &t->c.b;
    const Window plain = {.spatial = 1, .stride = {1}, .dilation = {1}, .groups = 1};
    const Window odd = {.spatial = 1, .stride = {2}, .low = {1}, .high = {2}, .dilation = {2},
                        .groups = 2};
    Node *y = field(t, DT_F64, shape(2, 2, 3), LIST(1, 0, -1, 2, 1, 0));
    expect(t, "contract", make_contract(b, six(t), y, 0, 1), 4, LIST(-2, 4, -2, 13));
    y = field(t, DT_F64, shape(2, 2, 3), LIST(1, 0, -1, 2, 1, 0));
    expect(t, "contract in batches", make_contract(b, six(t), y, 1, 1), 2, LIST(-2, 13));
    Node *x = field(t, DT_F64, shape(3, 1, 1, 4), up_to_six);
    Node *w = field(t, DT_F64, shape(3, 1, 1, 2), LIST(10, 1));
    expect(t, "convolve", make_convolve(b, x, w, &plain), 3, LIST(12, 23, 34));
    // groups: channel 0 [1 2 3], channel 1 [4 5 6]; padded to 0 1 2 3 0 0, taps 2 apart, steps of 2
    x = field(t, DT_F64, shape(3, 1, 2, 3), up_to_six);
    w = field(t, DT_F64, shape(3, 2, 1, 2), LIST(10, 1, 100, 1));
    expect(t, "convolve in groups", make_convolve(b, x, w, &odd), 4, LIST(2, 20, 5, 500));
    x = field(t, DT_F64, shape(3, 1, 1, 3), LIST(1, 2, 3));
    w = field(t, DT_F64, shape(3, 1, 1, 2), LIST(10, 1));
    const Shape wide = shape(3, 1, 1, 4), two = shape(3, 1, 1, 2);
    expect(t, "convolve_input", make_convolve_input(b, x, w, &plain, &wide), 4,
           LIST(10, 21, 32, 3));
    x = field(t, DT_F64, shape(3, 1, 1, 4), up_to_six);
    Node *g = field(t, DT_F64, shape(3, 1, 1, 3), LIST(1, 10, 100));
    expect(t, "convolve_weight", make_convolve_weight(b, x, g, &plain, &two), 2, LIST(321, 432));
}

static void test_windows(Test *t)
{
    Builder *b = &t->c.b;
    const Window pairs = {.spatial = 1, .size = {2}, .stride = {2}, .low = {1}, .high = {0},
                          .dilation = {1}, .groups = 1};
    const double five[] = {1, 4, 4, -2, -3};        // windows: [pad 1] [4 4] [-2 -3]
    const Shape long_line = shape(1, 5);
    expect(t, "window_max", make_window(b, P_WINDOW_MAX, line(t, 5, five), &pairs), 3,
           LIST(1, 4, -2));
    expect(t, "window_sum", make_window(b, P_WINDOW_SUM, line(t, 5, five), &pairs), 3,
           LIST(1, 8, -5));
    Node *x = line(t, 5, five), *g = line(t, 3, LIST(10, 20, 30));
    expect(t, "window_max_grad", make_window_max_grad(b, x, g, &pairs), 5, LIST(10, 20, 0, 30, 0));
    x = line(t, 5, five);
    Node *v = line(t, 5, LIST(1, 2, 3, 4, 5));
    expect(t, "window_max_pick", make_window_max_pick(b, x, v, &pairs), 3, LIST(1, 2, 4));
    g = line(t, 3, LIST(10, 20, 30));
    expect(t, "window_sum_grad", make_window_sum_grad(b, g, &pairs, &long_line), 5,
           LIST(10, 20, 20, 30, 30));
}

static void test_indexed(Test *t)
{
    Builder *b = &t->c.b;
    const Shape four = shape(1, 4);
    Node *x = six(t), *index = field(t, DT_I32, shape(1, 4), LIST(2, 0, -1, 3));
    expect(t, "gather", make_gather(b, x, index, 1, 0), 8, LIST(3, 1, 0, 0, 6, 4, 0, 0));
    x = six(t);
    index = field(t, DT_I64, shape(1, 2), LIST(2, 1));
    expect(t, "gather by row", make_gather(b, x, index, 1, 1), 2, LIST(3, 5));
    index = field(t, DT_I32, shape(1, 4), LIST(1, 3, 1, 4));
    Node *updates = line(t, 4, LIST(10, 20, 30, 40));
    expect(t, "scatter_add", make_scatter_add(b, index, updates, 0, 0, &four), 4,
           LIST(0, 40, 0, 20));
    x = line(t, 4, LIST(1, 2, 3, 4));
    index = field(t, DT_I32, shape(1, 4), LIST(1, 3, 1, 4));
    updates = line(t, 4, LIST(10, 20, 30, 40));
    expect(t, "scatter_set", make_scatter_set(b, x, index, updates, 0, 0), 4, LIST(1, 30, 3, 20));
}

static void test_scalars(Test *t)
{
    Builder *b = &t->c.b;
    Node *x = line(t, 5, LIST(-7.5, 300, NAN, 1.9, -1.9));
    expect(t, "float to i8", make_cast(b, DT_I8, x), 5, LIST(-7, 127, 0, 1, -1));
    x = field(t, DT_I32, shape(1, 3), LIST(-5, 300, 7));
    expect(t, "i32 to u8", make_cast(b, DT_U8, x), 3, LIST(0, 255, 7));
    x = line(t, 3, LIST(0, -0.0, NAN));
    expect(t, "float to bool", make_cast(b, DT_BOOL, x), 3, LIST(0, 0, 1));
    x = field(t, DT_I32, shape(1, 2), LIST(2147483647, -7));
    Node *y = field(t, DT_I32, shape(1, 2), LIST(1, 2));
    expect(t, "i32 wraps", make_binary(b, P_ADD, x, y), 2, LIST(-2147483648.0, -5));
    x = field(t, DT_I32, shape(1, 3), LIST(-7, 7, 7));
    y = field(t, DT_I32, shape(1, 3), LIST(2, -2, 0));
    expect(t, "floordiv", make_binary(b, P_FLOORDIV, x, y), 3, LIST(-4, -4, 0));
    x = line(t, 3, LIST(-7, 7, 5.5));
    y = line(t, 3, LIST(3, -3, 2));
    expect(t, "mod", make_binary(b, P_MOD, x, y), 3, LIST(2, -2, 1.5));
    x = line(t, 4, LIST(0.5, 1.5, 2.5, -0.4));
    expect(t, "round", make_unary(b, P_ROUND, x), 4, LIST(0, 2, 2, -0.0));
    x = line(t, 3, LIST(3, 2, NAN));
    y = line(t, 3, LIST(1, 5, 1));
    expect(t, "maximum", make_binary(b, P_MAXIMUM, x, y), 3, LIST(3, 5, NAN));
    expect(t, "constants fold", make_unary(b, P_SQRT, make_constant(b, DT_F64, 9)), 1, LIST(3));
    expect(t, "a constant is rounded once",
           make_cast(b, DT_F64, make_constant(b, DT_BF16, 1 + 0x1p-8 + 0x1p-40)), 1,
           LIST(1 + 0x1p-7));
}

// ---- costs --------------------------------------------------------------------------------------

static void expect_cost(Test *t, const char *what, Node *node, int power, double want)
{
    double cost[4];
    node_cost(node, cost);
    t->checks++;
    for (int k = 0; k < 4; k++)
        if (cost[k] != (k == power ? want : 0)) {
            printf("%s costs %g * B^%d\n", what, cost[k], k);
            t->failures++;
        }
}

static void test_costs(Test *t)
{
    Builder *b = &t->c.b;
    const Shape rows = {.rank = 2, .dim = {{1, 1}, {6, 0}}}, line = shape(2, 4, 6);
    const Shape image = {.rank = 4, .dim = {{1, 1}, {4, 0}, {5, 0}, {5, 0}}};
    const Shape kernel = shape(4, 8, 2, 3, 3);
    const Window window = {.spatial = 2, .stride = {1, 1}, .dilation = {1, 1}, .groups = 2};
    Node *x = case_field(&t->c, DT_F32, &rows, 0, 1), *w = case_field(&t->c, DT_F32, &line, 0, 1);
    Node *picture = case_field(&t->c, DT_F32, &image, 0, 1);
    Node *taps = case_field(&t->c, DT_F32, &kernel, 0, 1);
    Node *result = make_convolve(b, picture, taps, &window);
    const double products = 2.0 * (8 * 3 * 3) * (2 * 3 * 3);
    expect_cost(t, "add", make_binary(b, P_ADD, x, x), 1, 6);
    expect_cost(t, "sum", make_reduce(b, P_SUM, x, 3), 1, 6);
    expect_cost(t, "reshape", make_reshape(b, x, &(Shape){.rank = 1, .dim = {{6, 1}}}), 0, 0);
    expect_cost(t, "contract", make_contract(b, x, w, 0, 1), 1, 2 * 6 * 4);
    expect_cost(t, "[B, B]", make_contract(b, x, x, 0, 1), 2, 2 * 6);
    expect_cost(t, "convolve", result, 1, products);
    expect_cost(t, "convolve_input", make_convolve_input(b, result, taps, &window, &image), 1,
                products);
    expect_cost(t, "convolve_weight", make_convolve_weight(b, picture, result, &window, &kernel), 1,
                products);
}

int main(void)
{
    Test test = {0};
    case_begin(&test.c, 1, FLAVOUR_MIXED);
    test_moves(&test);
    test_reductions(&test);
    test_contractions(&test);
    test_windows(&test);
    test_indexed(&test);
    test_scalars(&test);
    test_costs(&test);
    case_free(&test.c);
    printf("%d values, %d failures\n", test.checks, test.failures);
    return test.failures != 0;
}
