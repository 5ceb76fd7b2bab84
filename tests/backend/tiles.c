// tiles.c: contractions, convolutions and pooling of sizes that run as tiles.
//
//     backend_tiles [--seed N] [--cases N] [--folder F] [--show 1]
//
// Each case holds a few of them: random shapes (1, primes, sizes around those of a tile, ragged
// rows), layouts, strides, dilations, groups, with an elementwise end, and now and then a small
// network with its gradients and updates. Every build with 1, 2, 3 and 8 threads must agree in
// every bit, and in value with the interpreter. At least half of the products must run as tiles.
#include "driver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { rows_bound = 24, most_results = 8 };

static const int thread_counts[] = {1, 2, 3, 8};

typedef struct Maker {
    Case *c;
    Node *result[most_results];
    int count;
} Maker;

static int pick(Maker *m, int count)
{
    return random_below(&m->c->random, count);
}

static Dim pick_size(Maker *m)
{
    static const int sizes[] = {1, 2, 3, 5, 7, 8, 10, 11, 13, 16, 17, 24, 31, 32, 33, 48, 64, 65};
    return dim_of(sizes[pick(m, sizeof sizes / sizeof *sizes)]);
}

// Takes a product as a result, now and then with an elementwise end.
static void keep(Maker *m, Node *node)
{
    Builder *b = &m->c->b;
    Node *zero = make_zeros_like(b, node);
    if (pick(m, 2))
        node = make_select(b, make_binary(b, P_LE, node, zero), zero, node);
    if (pick(m, 3) == 0)
        node = make_binary(b, P_ADD, node, case_field(m->c, node->dtype, &node->shape, -1, 1));
    m->result[m->count++] = node;
}

static Node *field(Maker *m, const Shape *shape)
{
    return case_field(m->c, m->c->type, shape, -1, 1);
}

// A field whose axes stand in another order in memory.
static Node *turned_field(Maker *m, const Shape *shape)
{
    int order[max_rank], back[max_rank];
    Shape stored = *shape;
    const int by = shape->rank > 1 ? pick(m, shape->rank) : 0;
    for (int i = 0; i < shape->rank; i++) {
        order[i] = (i + by) % shape->rank;
        stored.dim[i] = shape->dim[order[i]];
        back[order[i]] = i;
    }
    return make_permute(&m->c->b, field(m, &stored), back);
}

// ---- contractions -------------------------------------------------------------------------------

static void add_axes(Maker *m, Shape *shape, int count, bool *dynamic)
{
    for (int i = 0; i < count; i++) {
        const bool rows = !*dynamic && pick(m, 3) == 0;
        *dynamic = *dynamic || rows;
        shape->dim[shape->rank++] = rows ? (Dim){1, 1} : pick_size(m);
    }
}

static void grow_contraction(Maker *m)
{
    bool dynamic = false;
    Shape batch = {0}, sum = {0}, left = {0}, right = {0};
    if (pick(m, 3) == 0)
        add_axes(m, &batch, 1, &dynamic);
    left = right = batch;
    add_axes(m, &left, pick(m, 3), &dynamic);
    add_axes(m, &right, pick(m, 3), &dynamic);
    add_axes(m, &sum, 1 + (pick(m, 3) == 0), &dynamic);
    for (int i = 0; i < sum.rank; i++) {
        left.dim[left.rank++] = sum.dim[i];
        right.dim[right.rank++] = sum.dim[i];
    }
    keep(m, make_contract(&m->c->b, turned_field(m, &left), turned_field(m, &right), batch.rank,
                          sum.rank));
}

// ---- convolutions -------------------------------------------------------------------------------

static Window pick_window(Maker *m, Shape *x, Shape *weight)
{
    static const int groups[] = {1, 1, 1, 2, 4};
    Window w = {.spatial = 1 + pick(m, 2), .groups = groups[pick(m, 5)]};
    int in = 1 + pick(m, 9), out = 1 + pick(m, 40);
    if (pick(m, 5) == 0) {
        w.groups = 1 + pick(m, 40);
        in = out = 1;
    }
    *x = (Shape){.rank = 2 + w.spatial, .dim = {{1, 1}, dim_of(w.groups * in)}};
    *weight = (Shape){.rank = 2 + w.spatial, .dim = {dim_of(w.groups * out), dim_of(in)}};
    for (int i = 0; i < w.spatial; i++) {
        const int size = 1 + pick(m, 4);
        w.stride[i] = 1 + pick(m, 3);
        w.dilation[i] = 1 + pick(m, 2);
        w.low[i] = pick(m, 3);
        w.high[i] = pick(m, 3);
        weight->dim[2 + i] = dim_of(size);
        x->dim[2 + i] = dim_of((size - 1) * w.dilation[i] + 1 + pick(m, 16));
    }
    return w;
}

static void grow_convolution(Maker *m)
{
    Builder *b = &m->c->b;
    Shape shape, filter;
    const Window w = pick_window(m, &shape, &filter);
    Node *x = field(m, &shape), *weight = field(m, &filter);
    Node *y = make_convolve(b, x, weight, &w);
    Node *gradient = field(m, &y->shape);
    switch (pick(m, 3)) {
    case 0: keep(m, y); return;
    case 1: keep(m, make_convolve_input(b, gradient, weight, &w, &x->shape)); return;
    default: keep(m, make_convolve_weight(b, x, gradient, &w, &weight->shape)); return;
    }
}

// ---- a small network ----------------------------------------------------------------------------

static Node *rectified(Builder *b, Node *x)
{
    Node *zero = make_zeros_like(b, x);
    return make_select(b, make_binary(b, P_LE, x, zero), zero, x);
}

static Node *weight_of(Maker *m, Shape shape)
{
    return make_variable(&m->c->b, case_variable(m->c, m->c->type, &shape, -0.3, 0.3));
}

static void grow_network(Maker *m)
{
    Builder *b = &m->c->b;
    const int64_t in = 1 + pick(m, 3), width = 1 + pick(m, 40), side = 4 + pick(m, 13);
    const Window same = {.spatial = 2, .stride = {1, 1}, .low = {1, 1}, .high = {1, 1},
                         .dilation = {1, 1}, .groups = 1};
    const Window pool = {.spatial = 2, .size = {2, 2}, .stride = {2, 2}, .dilation = {1, 1},
                         .groups = 1};
    const Shape image = {.rank = 4, .dim = {{1, 1}, dim_of(in), dim_of(side), dim_of(side)}};
    Node *weight[3];
    weight[0] = weight_of(m, (Shape){4, {dim_of(width), dim_of(in), dim_of(3), dim_of(3)}});
    weight[1] = weight_of(m, (Shape){4, {dim_of(2 * width), dim_of(width), dim_of(3), dim_of(3)}});
    Node *x = rectified(b, make_convolve(b, field(m, &image), weight[0], &same));
    x = rectified(b, make_convolve(b, make_window(b, P_WINDOW_MAX, x, &pool), weight[1], &same));
    const int64_t flat = 2 * width * (side / 2) * (side / 2);
    const Shape row = {.rank = 2, .dim = {{1, 1}, dim_of(flat)}};
    weight[2] = weight_of(m, (Shape){2, {dim_of(10), dim_of(flat)}});
    x = make_contract(b, make_reshape(b, x, &row), weight[2], 0, 1);
    Node *loss = make_reduce(b, P_SUM, make_binary(b, P_MUL, x, field(m, &x->shape)), 3);
    Node *gradient[3];
    differentiate(b, loss, weight, 3, gradient);
    for (int i = 0; i < 3; i++) {
        Node *step = make_binary(b, P_MUL, gradient[i], make_scalar_like(b, gradient[i], 0.01));
        graph_write(m->c->graph, weight[i]->attr->variable,
                    make_binary(b, P_SUB, weight[i], step), NULL, (Span){0});
    }
    m->result[m->count++] = loss;
}

static void grow_case(Maker *m)
{
    if (pick(m, 3) == 0)
        grow_network(m);
    while (m->count < 5) {
        if (pick(m, 2))
            grow_contraction(m);
        else
            grow_convolution(m);
    }
    for (int i = 0; i < m->count; i++)
        graph_result(m->c->graph, (Result){.kind = RESULT_FIELD, .index = i, .name = "y",
                                           .value = m->result[i]});
}

// ---- comparing ----------------------------------------------------------------------------------

static double got_at(const Case *c, const Program *p, const Memory *m, int result, int64_t at)
{
    return result < p->output_count
               ? memory_number(m, p, result, at)
               : variable_number(m, c->variable[result - p->output_count], at);
}

// To a share of the largest element: sums round in another order than the interpreter's.
static bool near(const Case *c, const Program *p, const Memory *m, const Value *want, int result)
{
    double largest = 1;
    for (int64_t at = 0; at < want->count; at++)
        largest = fmax(largest, fabs(value_number(want, at)));
    const double share = c->type == DT_F64 ? 1e-12 : 3e-5;
    for (int64_t at = 0; at < want->count; at++) {
        const double got = got_at(c, p, m, result, at), number = value_number(want, at);
        if (!(fabs(got - number) <= share * largest)) {
            fprintf(stderr, "result %d[%lld] is %.9g, not %.9g\n", result, (long long)at, got,
                    number);
            return false;
        }
    }
    return true;
}

static bool same_bits(const Case *c, const Program *p, const Memory *a, const Memory *b,
                      const Value *value)
{
    for (int i = 0; i < p->output_count; i++)
        if (memcmp(a->output[i], b->output[i], a->bytes[i]) != 0)
            return false;
    for (int i = p->output_count; i < p->output_count + c->variable_count; i++)
        for (int64_t at = 0; at < value[i].count; at++)
            if (got_at(c, p, a, i, at) != got_at(c, p, b, i, at))
                return false;
    return true;
}

static bool check_build(Case *c, const Program *p, void *object, const Value *value,
                        Memory *reference, bool *known)
{
    bool good = true;
    for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts && good; t++) {
        Memory m = run_case(c, p, object, thread_counts[t], c->rows);
        for (int i = 0; i < p->output_count + c->variable_count && good && !*known; i++)
            good = near(c, p, &m, &value[i], i);
        if (*known && !same_bits(c, p, reference, &m, value)) {
            fprintf(stderr, "other bits with %d threads\n", thread_counts[t]);
            good = false;
        }
        if (*known)
            memory_free(&m);
        else
            *reference = m;
        *known = true;
    }
    return good;
}

static int occurrences(const char *text, const char *word)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        count++;
    return count;
}

static bool check_case(Case *c, const Value *value, const char *folder, bool show, int *tiled)
{
    static const Build narrow = {
        "clang -O2 v3", "clang -O2 -march=x86-64-v3 -fno-math-errno -std=c17 -ffp-contract=off "
        "-fno-strict-aliasing -Wno-pass-failed -fPIC -shared -fopenmp", false,
    };
    const Program *p = program_of(c);
    const char *text = emitted(c, p, true);
    Memory reference;
    bool known = false, good = true;
    if (show)
        fputs(text, stdout);
    *tiled += occurrences(text, "&nest,");
    for (int b = 0; b <= build_count && good; b++) {
        const Build *build = b < build_count ? &builds[b] : &narrow;
        void *object = compiled(folder, text, build);
        good = object && check_build(c, p, object, value, &reference, &known);
        if (!good)
            fprintf(stderr, "with %s\n", build->name);
    }                                   // objects stay: threads of their OpenMP run on
    if (known)
        memory_free(&reference);
    return good;
}

static bool run_seed(uint64_t seed, const char *folder, bool show, int *tiled)
{
    Case c;
    case_begin(&c, seed, FLAVOUR_MIXED);
    c.graph->bound = rows_bound;
    c.rows = random_below(&c.random, 3) ? 1 + random_below(&c.random, rows_bound) : rows_bound;
    Maker m = {.c = &c};
    grow_case(&m);

    Value value[most_results + case_variables], variable[case_variables];
    OracleResult result[most_results];
    for (int i = 0; i < c.variable_count; i++)
        variable[i] = value_copy(&c.stored[i]);
    const OracleInput input = {.rows = c.rows, .seed = 1, .field = c.field, .variable = variable,
                               .host = case_host, .host_context = &c};
    interpret(c.graph, &input, result);
    for (int i = 0; i < m.count; i++)
        value[i] = result[i].value;
    for (int i = 0; i < c.variable_count; i++)
        value[m.count + i] = variable[i];

    const bool good = check_case(&c, value, folder, show, tiled);
    for (int i = 0; i < m.count + c.variable_count; i++)
        value_free(&value[i]);
    case_free(&c);
    if (!good)
        fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
    return good;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    int cases = 12, bad = 0, tiled = 0;
    bool show = false;
    const char *folder = ".";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--cases") == 0)
            cases = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--folder") == 0)
            folder = argv[i + 1];
        else if (strcmp(argv[i], "--show") == 0)
            show = atoi(argv[i + 1]);
    }
    for (int i = 0; i < cases; i++)
        bad += !run_seed(seed + (uint64_t)i, folder, show, &tiled);
    printf("%d cases of 5 and more products, %d as tiles, %d bad\n", cases, tiled, bad);
    return bad != 0 || tiled < cases * 5 / 2;
}
