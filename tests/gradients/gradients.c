// gradients: the derivative of every primitive against central differences of the interpreter.
//
//   gradients [--seed N] [--trials N] [--only NAME]
//
// For each row of prims.def, on random shapes (empty, ones, primes, mixed, ragged batches): the
// gradient of a weighted sum of the result in two random directions, and of a weighted sum of the
// gradients likewise. With LT_PLANTED_FAULT=NAME in the environment the gradient of that primitive
// has its sign turned, and the test must notice.
#include "kinks.h"
#include "samplers.h"
#include "graph/derive.h"
#include "trace/host.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Test {
    const char *planted;
    int failures, compared, twice, without;
} Test;

// ---- a scalar of a node -------------------------------------------------------------------------

static Node *number_of(Case *c, Node *node)
{
    const uint32_t axes = (1u << node->shape.rank) - 1;
    Node *wide = make_cast(&c->b, DT_F64, node);
    return make_reduce(&c->b, P_SUM, wide, axes);
}

// The sum of a node times random weights, which are no operands.
static Node *weighted(Case *c, Node *node)
{
    if (dtype_kind(node->dtype) != KIND_FLOAT)
        return number_of(c, make_cast(&c->b, DT_F64, node));
    Node *weight = case_field(c, node->dtype, &node->shape, -1, 1);
    c->checked[weight->attr->index] = false;
    return number_of(c, make_binary(&c->b, P_MUL, node, weight));
}

// ---- differences --------------------------------------------------------------------------------

typedef struct Direction {
    Value along[case_fields];           // of the checked fields
} Direction;

static void direction_any(Case *c, Direction *d)
{
    for (int i = 0; i < c->field_count; i++) {
        if (!c->checked[i])
            continue;
        d->along[i] = value_copy(&c->field[i]);
        for (int64_t at = 0; at < d->along[i].count; at++)
            d->along[i].cell[at].f = random_between(&c->random, -1, 1);
    }
}

static void direction_free(Case *c, Direction *d)
{
    for (int i = 0; i < c->field_count; i++)
        if (c->checked[i])
            value_free(&d->along[i]);
}

static void shift(Case *c, const Direction *d, double by)
{
    for (int i = 0; i < c->field_count; i++)
        for (int64_t at = 0; c->checked[i] && at < c->field[i].count; at++)
            c->field[i].cell[at].f += by * d->along[i].cell[at].f;
}

static double difference(Case *c, const Direction *d, Node *of)
{
    const double eps = 1e-6;
    shift(c, d, eps);
    const double above = case_number(c, of);
    shift(c, d, -2 * eps);
    const double below = case_number(c, of);
    shift(c, d, eps);
    return (above - below) / (2 * eps);
}

typedef struct Slope {
    double value, norm;                 // along the direction; of gradient and direction
} Slope;

static Slope slope(Case *c, const Direction *d, Node *const *gradient)
{
    double sum = 0, squares = 0, length = 0;
    for (int i = 0; i < c->field_count; i++) {
        if (!c->checked[i] || !gradient[i])
            continue;
        Value value;
        case_evaluate(c, (Node *[]){gradient[i]}, 1, false, &value);
        for (int64_t at = 0; at < value.count; at++) {
            const double g = value.cell[at].f, v = d->along[i].cell[at].f;
            sum += g * v;
            squares += g * g;
            length += v * v;
        }
        value_free(&value);
    }
    return (Slope){sum, sqrt(squares) * sqrt(length)};
}

static bool near(double exact, double measured, double norm, double height)
{
    const double larger = fmax(fabs(exact), fabs(measured));
    return fabs(exact - measured) <= 1e-5 * fmax(larger, 0.01 * norm) + 1e-8 * (1 + height);
}

static bool slopes_agree(Case *c, Node *of, Node *const *gradient, const char *what)
{
    const double height = fabs(case_number(c, of));
    for (int i = 0; i < 2; i++) {
        Direction d;
        direction_any(c, &d);
        const double measured = difference(c, &d, of);
        const Slope exact = slope(c, &d, gradient);
        direction_free(c, &d);
        if (!near(exact.value, measured, exact.norm, height)) {
            printf("%s: derivative %.9g, differences %.9g\n", what, exact.value, measured);
            return false;
        }
    }
    return true;
}

// ---- one case -----------------------------------------------------------------------------------

static void differentiate_fields(Case *c, Node *of, Node **gradient)
{
    Node *in[case_fields];
    int count = 0;
    for (int i = 0; i < c->field_count; i++)
        if (c->checked[i])
            in[count++] = c->node[i];
    Node *found[case_fields] = {NULL};
    differentiate(&c->b, of, in, count, found);
    for (int i = 0, at = 0; i < c->field_count; i++)
        gradient[i] = c->checked[i] ? found[at++] : NULL;
}

static void plant(Case *c, Node **gradient)
{
    for (int i = 0; i < c->field_count; i++)
        if (gradient[i])
            gradient[i] = make_unary(&c->b, P_NEG, gradient[i]);
}

// The weighted sum of all gradients, or NULL if there is none.
static Node *weighted_gradients(Case *c, Node *const *gradient)
{
    Node *sum = NULL;
    const int count = c->field_count;
    for (int i = 0; i < count; i++) {
        Node *term = gradient[i] ? weighted(c, gradient[i]) : NULL;
        if (term)
            sum = sum ? make_binary(&c->b, P_ADD, sum, term) : term;
    }
    return sum;
}

static bool any_gradient(const Case *c, Node *const *gradient)
{
    for (int i = 0; i < c->field_count; i++)
        if (gradient[i])
            return true;
    return false;
}

static bool case_holds(Test *test, Case *c, Prim prim)
{
    Node *gradient[case_fields] = {NULL}, *second[case_fields] = {NULL};
    Node *loss = weighted(c, sampler_of(prim)(c));
    differentiate_fields(c, loss, gradient);
    graph_verify(c->graph, "differentiate");
    if (prim_class(prim) != CLASS_SOURCE && !derive_rule(prim) && any_gradient(c, gradient)) {
        printf("a gradient passes through\n");
        return false;
    }
    if (prim == P_STOP)
        return true;
    if (test->planted && strcmp(test->planted, prim_name(prim)) == 0)
        plant(c, gradient);
    if (!slopes_agree(c, loss, gradient, "first"))
        return false;
    test->compared++;
    Node *sum = weighted_gradients(c, gradient);
    if (!sum)
        return true;
    differentiate_fields(c, sum, second);
    graph_verify(c->graph, "differentiate");
    test->twice++;
    return slopes_agree(c, sum, second, "second");
}

static void test_prim(Test *test, Prim prim, uint64_t seed, int trials)
{
    for (int trial = 0; trial < trials; trial++) {
        const Flavour flavour = (Flavour)(trial % FLAVOUR_COUNT);
        Case c;
        case_begin(&c, seed * 1000003 + (uint64_t)prim * 1009 + (uint64_t)trial, flavour);
        if (!case_holds(test, &c, prim)) {
            printf("in %s, trial %d (--seed %llu --only %s):\n", prim_name(prim), trial,
                   (unsigned long long)seed, prim_name(prim));
            graph_print(c.graph, stdout);
            test->failures++;
            trial = trials;
        }
        case_free(&c);
    }
}

// ---- branches -----------------------------------------------------------------------------------

// f(x) under guards, one in the other; where both are open it is what follows, else x itself.
static Node *branches(Case *c, Node *x, const Guard *inner)
{
    HostExpr *both = arena_alloc(c->arena, sizeof *both);
    *both = (HostExpr){.op = HOST_AND, .a = inner->outer->condition, .b = inner->condition};
    Node *base = make_unary(&c->b, P_SIN, x);
    c->b.origin.guard = inner->outer;
    Node *first = make_unary(&c->b, P_EXP, base);
    c->b.origin.guard = inner;
    Node *second = make_binary(&c->b, P_MUL, make_binary(&c->b, P_MUL, first, base), x);
    c->b.origin.guard = NULL;
    Node *ran = make_expand(&c->b, make_host(&c->b, DT_BOOL, both), &x->shape);
    Node *merged = make_select(&c->b, ran, second, base);
    return make_binary(&c->b, P_MUL, merged, base);
}

// Gradients of a branch, taken and not taken; asked for outside, and in a branch beside it.
static void test_branches(Test *test)
{
    const HostExpr yes = {.op = HOST_NUMBER, .number = 1};
    const Guard beside = {&yes, NULL, 3};
    for (int open = 0; open < 8; open++) {
        Case c;
        case_begin(&c, (uint64_t)open + 1, FLAVOUR_PRIMES);
        const HostExpr first = {.op = HOST_NUMBER, .number = open & 1};
        const HostExpr second = {.op = HOST_NUMBER, .number = open >> 1 & 1};
        const Guard outer = {&first, NULL, 1}, inner = {&second, &outer, 2};
        const Shape shape = case_shape(&c, 1, 3);
        Node *gradient[case_fields] = {NULL};
        Node *merged = branches(&c, field_any(&c, &shape), &inner);
        c.b.origin.guard = open & 4 ? &beside : NULL;
        Node *loss = weighted(&c, merged);
        differentiate_fields(&c, loss, gradient);
        graph_verify(c.graph, "differentiate");
        test->failures += !slopes_agree(&c, loss, gradient, "branches");
        simplify(c.graph);
        graph_verify(c.graph, "simplify");
        case_free(&c);
    }
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    int trials = 20, rows = 0;
    const char *only = NULL;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--trials") == 0)
            trials = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--only") == 0)
            only = argv[i + 1];
    }
    Test test = {.planted = getenv("LT_PLANTED_FAULT")};
    printf("seed %llu\n", (unsigned long long)seed);
    for (int prim = 0; prim < P_COUNT; prim++) {
        if (only && strcmp(only, prim_name((Prim)prim)) != 0)
            continue;
        test_prim(&test, (Prim)prim, seed, trials);
        rows++;
    }
    if (!only) {
        test_branches(&test);
        test.failures += test_kinks();
    }
    printf("%d of %d rows, %d first and %d second derivatives compared, %d failures\n", rows,
           P_COUNT, test.compared, test.twice, test.failures);
    return test.failures != 0;
}
