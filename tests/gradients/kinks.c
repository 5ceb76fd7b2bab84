#include "kinks.h"
#include "graph/case.h"
#include <math.h>
#include <stdio.h>

// A kink: a primitive of vectors x and y (or of x alone), and the gradient of its result's sum.
typedef struct Kink {
    const char *name;
    Prim prim;
    int count;                          // of elements
    double x[6], y[6];
    double in_x[6], in_y[6];            // what the rule says
} Kink;

static const Kink kinks[] = {
    {"abs at 0", P_ABS, 3, {0, -1, 2}, {0}, {0, -1, 1}, {0}},
    {"maximum ties", P_MAXIMUM, 3, {1, 2, 0}, {1, 1, 3}, {0.5, 1, 0}, {0.5, 0, 1}},
    {"minimum ties", P_MINIMUM, 3, {1, 2, 0}, {1, 1, 3}, {0.5, 0, 1}, {0.5, 1, 0}},
    {"max ties", P_MAX, 4, {3, 1, 3, 3}, {0}, {1.0 / 3, 0, 1.0 / 3, 1.0 / 3}, {0}},
    {"max without ties", P_MAX, 3, {3, 1, 2}, {0}, {1, 0, 0}, {0}},
    {"min ties", P_MIN, 4, {3, 1, 1, 3}, {0}, {0, 0.5, 0.5, 0}, {0}},
    {"power of 0", P_POW, 4, {0, 0, 0, 2}, {0, 1, 2, 0}, {0, 1, 0, 0}, {0, 0, 0, 0.69314718056}},
    {"power of a negative", P_POW, 2, {-2, -3}, {2, 0}, {-4, 0}, {NAN, NAN}},
    {"cumprod with a zero", P_CUMPROD, 3, {2, 0, 5}, {0}, {1, 12, 0}, {0}},
    {"cumprod with two", P_CUMPROD, 4, {2, 0, 0, 5}, {0}, {1, 2, 0, 0}, {0}},
    {"window_max ties", P_WINDOW_MAX, 4, {3, 3, 1, 1}, {0}, {1, 0, 1, 0}, {0}},
};

static Node *kink_node(Case *c, const Kink *kink, Node *x, Node *y)
{
    const Window window = {.spatial = 1, .size = {2}, .stride = {2}, .dilation = {1}, .groups = 1};
    if (kink->prim == P_WINDOW_MAX)
        return make_window(&c->b, P_WINDOW_MAX, x, &window);
    if (kink->prim == P_CUMPROD)
        return make_scan(&c->b, P_CUMPROD, x, 0, false);
    if (prim_class(kink->prim) == CLASS_REDUCE)
        return make_reduce(&c->b, kink->prim, x, 1);
    return prim_arity(kink->prim) == 1 ? make_unary(&c->b, kink->prim, x)
                                       : make_binary(&c->b, kink->prim, x, y);
}

static Node *kink_field(Case *c, const double *number, int count)
{
    const Shape shape = {.rank = 1, .dim = {dim_of(count)}};
    Node *node = case_field(c, DT_F64, &shape, 0, 1);
    for (int i = 0; i < count; i++)
        c->field[node->attr->index].cell[i].f = number[i];
    return node;
}

static bool kink_agrees(Case *c, const Kink *kink, Node *gradient, const double *want)
{
    bool agrees = true;
    Value value;
    if (!gradient)
        return prim_arity(kink->prim) == 1;
    case_evaluate(c, &gradient, 1, false, &value);
    for (int i = 0; i < kink->count; i++) {
        const double got = value.cell[i].f;
        if (isnan(want[i]) ? isnan(got) : fabs(got - want[i]) < 1e-9)
            continue;
        printf("%s: element %d has gradient %g, the rule says %g\n", kink->name, i, got, want[i]);
        agrees = false;
    }
    value_free(&value);
    return agrees;
}

static bool kink_holds(const Kink *kink)
{
    Case c;
    case_begin(&c, 1, FLAVOUR_MIXED);
    Node *in[2] = {kink_field(&c, kink->x, kink->count), kink_field(&c, kink->y, kink->count)};
    Node *gradient[2], *node = kink_node(&c, kink, in[0], in[1]);
    const uint32_t axes = (1u << node->shape.rank) - 1;
    differentiate(&c.b, make_reduce(&c.b, P_SUM, node, axes), in, 2, gradient);
    bool holds = kink_agrees(&c, kink, gradient[0], kink->in_x);
    holds &= kink_agrees(&c, kink, gradient[1], kink->in_y);
    case_free(&c);
    return holds;
}

// Of updates to one place the last has the gradient, and what it replaced has none.
static bool scatter_set_holds(void)
{
    const double slot[3] = {2, 0, 2}, want[3] = {0, 1, 1}, kept[4] = {0, 1, 0, 1};
    const Kink updates_kink = {"scatter_set, last wins", P_SCATTER_SET, 3, {0}, {0}, {0}, {0}};
    const Kink kept_kink = {"scatter_set, replaced", P_SCATTER_SET, 4, {0}, {0}, {0}, {0}};
    const Shape three = {.rank = 1, .dim = {dim_of(3)}};
    Case c;
    case_begin(&c, 1, FLAVOUR_MIXED);
    Node *x = kink_field(&c, (double[]){1, 2, 3, 4}, 4), *updates = kink_field(&c, slot, 3);
    Node *index = case_field(&c, DT_I32, &three, 0, 1);
    for (int i = 0; i < 3; i++)
        c.field[index->attr->index].cell[i].i = (int64_t)slot[i];
    Node *node = make_scatter_set(&c.b, x, index, updates, 0, 0), *gradient[2];
    differentiate(&c.b, make_reduce(&c.b, P_SUM, node, 1), (Node *[]){x, updates}, 2, gradient);
    bool holds = kink_agrees(&c, &kept_kink, gradient[0], kept);
    holds &= kink_agrees(&c, &updates_kink, gradient[1], want);
    case_free(&c);
    return holds;
}

int test_kinks(void)
{
    int failures = 0;
    const int count = sizeof kinks / sizeof *kinks;
    for (int i = 0; i < count; i++)
        failures += !kink_holds(&kinks[i]);
    failures += !scatter_set_holds();
    printf("%d rules at kinks checked\n", count + 1);
    return failures;
}
