// rules: each row of rules.def fires on what it is for, and keeps every bit.
//
// x runs over all 65,536 bf16 values and, against y, over all pairs of special ones; y is drawn.
// The interpreter rounds each value to its dtype and is asked before and after. What must not be
// simplified stands among the traps.
#include "case.h"
#include "graph/rules.h"
#include "lt/math.h"
#include "trace/host.h"
#include <stdio.h>
#include <string.h>

enum { patterns = 65536, specials = 24, length = patterns + specials * specials };

typedef struct Sample {
    Case *c;
    Builder *b;
    Node *x, *y;                        // numbers
    Node *p, *q;                        // truth
    int variant;
} Sample;

// ---- operands -----------------------------------------------------------------------------------

static double special(int i)
{
    static const double values[specials] = {
        0.0, -0.0, 1, -1, 2, -2, 0.5, 3, 1e-3, -7.25, INFINITY, -INFINITY, NAN, 0x1p-149, -0x1p-149,
        0x1p-126, -0x1p-126, 0x1.fffffcp-127, 0x1.fffffep127, -0x1.fffffep127, 0x1p-24, 0x1p24,
        16777217, -0.1,
    };
    return values[i];
}

static Node *numbers(Case *c, DType type, bool first)
{
    const Shape shape = {.rank = 1, .dim = {dim_of(length)}};
    Node *node = case_field(c, type, &shape, 0, 1);
    Value *value = &c->field[node->attr->index];
    for (int i = 0; i < patterns; i++) {
        const uint32_t high = first ? (uint32_t)i : (uint32_t)random_below(&c->random, patterns);
        value_set(value, i, dtype_round(type, lt_value_f32(high << 16)));
    }
    for (int i = 0; i < specials * specials; i++)
        value_set(value, patterns + i, dtype_round(type, special(first ? i % specials
                                                                       : i / specials)));
    return node;
}

static Node *truth(Case *c)
{
    const Shape shape = {.rank = 1, .dim = {dim_of(length)}};
    Node *node = case_field(c, DT_BOOL, &shape, 0, 1);
    for (int i = 0; i < length; i++)
        c->field[node->attr->index].cell[i].i = random_below(&c->random, 2);
    return node;
}

static Node *unary(Sample *s, Prim prim, Node *x) { return make_unary(s->b, prim, x); }
static Node *binary(Sample *s, Prim prim, Node *x, Node *y)
{
    return make_binary(s->b, prim, x, y);
}

static Node *neg(Sample *s, Node *x) { return unary(s, P_NEG, x); }
static Node *like(Sample *s, Node *x, double value) { return make_scalar_like(s->b, x, value); }

// One of the choices by number; NULL behind the last, which ends the variants.
static Node *choose(Sample *s, Node *const *choice, int count)
{
    return s->variant < count ? choice[s->variant] : NULL;
}

#define CHOOSE(...)                                                                                \
    choose(s, (Node *[]){__VA_ARGS__}, (int)(sizeof(Node *[]){__VA_ARGS__} / sizeof(Node *)))

static bool is_float(const Sample *s) { return dtype_kind(s->x->dtype) == KIND_FLOAT; }

// ---- scalar functions ---------------------------------------------------------------------------

static Node *sample_stop(Sample *s)
{
    return CHOOSE(unary(s, P_STOP, s->x), unary(s, P_STOP, s->p));
}

static Node *sample_neg_neg(Sample *s) { return CHOOSE(neg(s, neg(s, s->x))); }
static Node *sample_not_not(Sample *s) { return CHOOSE(unary(s, P_NOT, unary(s, P_NOT, s->p))); }

static Node *sample_abs_sign(Sample *s)
{
    return CHOOSE(unary(s, P_ABS, neg(s, s->x)), unary(s, P_ABS, unary(s, P_ABS, s->x)));
}

// Through every type that holds all values of the first, and on to all others.
static Node *sample_cast_cast(Sample *s)
{
    static const DType pairs[][2] = {
        {DT_F32, DT_F64}, {DT_F16, DT_F32}, {DT_F16, DT_F64}, {DT_BF16, DT_F32}, {DT_BF16, DT_F64},
        {DT_I32, DT_I64}, {DT_I32, DT_F64}, {DT_I16, DT_I32}, {DT_I16, DT_I64}, {DT_I16, DT_F32},
        {DT_I16, DT_F64}, {DT_I8, DT_I16}, {DT_I8, DT_F16}, {DT_I8, DT_BF16}, {DT_I8, DT_F32},
        {DT_U8, DT_I16}, {DT_U8, DT_F16}, {DT_U8, DT_BF16}, {DT_U8, DT_I64}, {DT_U8, DT_F64},
        {DT_BOOL, DT_U8}, {DT_BOOL, DT_I8}, {DT_BOOL, DT_BF16}, {DT_BOOL, DT_F64},
    };
    const int pair = s->variant / DT_COUNT;
    const DType to = (DType)(s->variant % DT_COUNT);
    if (pair >= (int)(sizeof pairs / sizeof *pairs))
        return NULL;
    if (to == pairs[pair][1] || s->x->dtype != DT_F32)
        return s->x;
    Node *first = make_cast(s->b, pairs[pair][0], s->x);
    return make_cast(s->b, to, make_cast(s->b, pairs[pair][1], first));
}

static Node *sample_add_zero(Sample *s)
{
    const double zero = is_float(s) ? -0.0 : 0;
    Node *draw = make_random(s->b, 1, &s->x->shape), *least = make_cast(s->b, s->x->dtype, s->p);
    Node *sum = binary(s, P_ADD, least, s->y);
    return CHOOSE(binary(s, P_ADD, s->x, like(s, s->x, zero)),
                  binary(s, P_ADD, like(s, s->x, zero), s->x),
                  binary(s, P_ADD, draw, like(s, draw, 0)), binary(s, P_ADD, sum, like(s, sum, 0)),
                  binary(s, P_ADD, unary(s, P_ABS, s->x), like(s, s->x, 0)),
                  binary(s, P_ADD, binary(s, P_SUB, least, s->y), like(s, s->x, 0)));
}

static Node *sample_add_neg(Sample *s)
{
    return CHOOSE(binary(s, P_ADD, s->x, neg(s, s->y)), binary(s, P_ADD, neg(s, s->x), s->y));
}

static Node *sample_sub_zero(Sample *s) { return CHOOSE(binary(s, P_SUB, s->x, like(s, s->x, 0))); }
static Node *sample_sub_neg(Sample *s) { return CHOOSE(binary(s, P_SUB, s->x, neg(s, s->y))); }

static Node *sample_mul_one(Sample *s)
{
    return CHOOSE(binary(s, P_MUL, s->x, like(s, s->x, 1)),
                  binary(s, P_MUL, like(s, s->x, 1), s->x),
                  binary(s, P_MUL, s->x, like(s, s->x, -1)),
                  binary(s, P_MUL, like(s, s->x, -1), s->x));
}

static Node *sample_mul_neg(Sample *s)
{
    return CHOOSE(binary(s, P_MUL, neg(s, s->x), neg(s, s->y)));
}

static Node *sample_div_one(Sample *s)
{
    if (!is_float(s))
        return NULL;
    return CHOOSE(binary(s, P_DIV, s->x, like(s, s->x, 1)),
                  binary(s, P_DIV, s->x, like(s, s->x, -1)));
}

static Node *sample_div_power(Sample *s)
{
    static const double powers[] = {2, 4, 0.5, -2, -0.25, 1024, 0x1p-24, 0x1p100, 0x1p-100, 0x1p126,
                                    0x1p-126};
    if (!is_float(s) || s->variant >= (int)(sizeof powers / sizeof *powers))
        return NULL;
    return binary(s, P_DIV, s->x, like(s, s->x, powers[s->variant]));
}

static Node *sample_extreme_same(Sample *s) { return CHOOSE(binary(s, P_MAXIMUM, s->x, s->x)); }
static Node *sample_extreme_same_min(Sample *s) { return CHOOSE(binary(s, P_MINIMUM, s->x, s->x)); }

// Floats are left alone, for NaN.
static Node *same(Sample *s, Prim prim)
{
    return CHOOSE(binary(s, prim, is_float(s) ? s->p : s->x, is_float(s) ? s->p : s->x));
}

static Node *sample_eq_same(Sample *s) { return same(s, P_EQ); }
static Node *sample_ne_same(Sample *s) { return same(s, P_NE); }
static Node *sample_lt_same(Sample *s) { return same(s, P_LT); }
static Node *sample_le_same(Sample *s) { return same(s, P_LE); }

// Whole numbers of types that are narrower than where they are compared, with what lies outside.
static Node *outside(Sample *s, Prim prim, bool left)
{
    static const struct {
        DType type;
        double below, above;
    } ranges[] = {{DT_U8, -100, 256}, {DT_I8, -129, 128}, {DT_I16, -32769, 40000}, {DT_BOOL, -1, 2}};
    const int row = s->variant / 4;
    if (row >= (int)(sizeof ranges / sizeof *ranges))
        return NULL;
    Node *x = make_cast(s->b, ranges[row].type, s->x);
    x = make_cast(s->b, s->variant % 2 ? DT_I64 : DT_I32, x);
    Node *bound = like(s, x, s->variant % 4 < 2 ? ranges[row].below : ranges[row].above);
    return left ? binary(s, prim, bound, x) : binary(s, prim, x, bound);
}

static Node *sample_eq_range(Sample *s) { return outside(s, P_EQ, false); }
static Node *sample_ne_range(Sample *s) { return outside(s, P_NE, true); }
static Node *sample_lt_range(Sample *s) { return outside(s, P_LT, true); }
static Node *sample_le_range(Sample *s) { return outside(s, P_LE, false); }

static Node *known(Sample *s, Prim prim)
{
    return CHOOSE(binary(s, prim, s->p, like(s, s->p, 1)), binary(s, prim, like(s, s->p, 1), s->p),
                  binary(s, prim, s->p, like(s, s->p, 0)), binary(s, prim, like(s, s->p, 0), s->p),
                  binary(s, prim, s->p, s->p));
}

static Node *sample_and_known(Sample *s) { return known(s, P_AND); }
static Node *sample_or_known(Sample *s) { return known(s, P_OR); }

static Node *sample_select_known(Sample *s)
{
    return CHOOSE(make_select(s->b, like(s, s->p, 1), s->x, s->y),
                  make_select(s->b, like(s, s->p, 0), s->x, s->y));
}

static Node *sample_select_same(Sample *s) { return CHOOSE(make_select(s->b, s->p, s->x, s->x)); }

static Node *sample_select_not(Sample *s)
{
    return CHOOSE(make_select(s->b, unary(s, P_NOT, s->p), s->x, s->y));
}

// ---- moves --------------------------------------------------------------------------------------

static const Shape square = {.rank = 2, .dim = {{64, 0}, {length / 64, 0}}};
static const Shape thin = {.rank = 2, .dim = {{length, 0}, {1, 0}}};
static const Shape wide = {.rank = 2, .dim = {{length, 0}, {2, 0}}};
static const Shape ones = {.rank = 3, .dim = {{1, 0}, {length, 0}, {1, 0}}};

static Node *twice(Sample *s, Node *x)
{
    return make_broadcast(s->b, make_reshape(s->b, x, &thin), &wide);
}

static Node *sample_before_broadcast(Sample *s)
{
    Node *x = twice(s, s->x);
    return CHOOSE(unary(s, P_ABS, x), binary(s, P_ADD, x, twice(s, s->y)),
                  binary(s, P_MUL, like(s, x, 3), x),
                  make_select(s->b, twice(s, s->p), x, twice(s, s->y)),
                  make_cast(s->b, DT_BOOL, x), binary(s, P_LT, x, like(s, x, 1)));
}

static Node *element(Sample *s, Node *x, int64_t at)
{
    const int64_t step = 1;
    const Shape one = {.rank = 1, .dim = {dim_of(1)}}, two = {.rank = 2, .dim = {{1, 0}, {1, 0}}};
    return make_reshape(s->b, make_slice(s->b, x, &at, &step, &one), &two);
}

static Node *sample_before_reshape(Sample *s)
{
    Node *x = element(s, s->x, 16256);
    return CHOOSE(unary(s, P_ABS, x), binary(s, P_ADD, x, element(s, s->y, 16256)),
                  binary(s, P_MUL, like(s, x, 3), x), binary(s, P_LE, x, like(s, x, 1)));
}

static Node *sample_move_constant(Sample *s)
{
    const int order[] = {1, 0};
    const int64_t start[] = {1, 2}, step[] = {2, -1};
    const Shape small = {.rank = 2, .dim = {{3, 0}, {3, 0}}};
    Node *full = make_full(s->b, s->x->dtype, -2.5, &square);
    return CHOOSE(make_permute(s->b, full, order), make_reshape(s->b, full, &thin),
                  make_slice(s->b, full, start, step, &small),
                  make_broadcast(s->b, make_full(s->b, s->x->dtype, 3, &thin), &wide));
}

static Node *sample_reshape_reshape(Sample *s)
{
    Node *x = make_reshape(s->b, s->x, &square);
    return CHOOSE(make_reshape(s->b, x, &thin), make_reshape(s->b, x, &s->x->shape));
}

static Node *sample_permute_permute(Sample *s)
{
    const int first[] = {2, 0, 1}, second[] = {1, 0, 2}, back[] = {1, 2, 0};
    const Shape cube = {.rank = 3, .dim = {{8, 0}, {8, 0}, {length / 64, 0}}};
    Node *x = make_permute(s->b, make_reshape(s->b, s->x, &cube), first);
    return CHOOSE(make_permute(s->b, x, second), make_permute(s->b, x, first),
                  make_permute(s->b, x, back));
}

static Node *sample_permute_ones(Sample *s)
{
    const int first[] = {1, 0, 2}, second[] = {2, 1, 0}, third[] = {0, 2, 1};
    Node *x = make_reshape(s->b, s->x, &ones);
    return CHOOSE(make_permute(s->b, x, first), make_permute(s->b, x, second),
                  make_permute(s->b, x, third));
}

static Node *sample_broadcast_broadcast(Sample *s)
{
    const Shape first = {.rank = 3, .dim = {{2, 0}, {length, 0}, {1, 0}}};
    const Shape second = {.rank = 3, .dim = {{2, 0}, {length, 0}, {3, 0}}};
    Node *x = make_broadcast(s->b, make_reshape(s->b, s->x, &ones), &first);
    return CHOOSE(make_broadcast(s->b, x, &second));
}

static Node *slice(Sample *s, Node *x, int64_t start, int64_t step, int64_t count)
{
    Shape shape = x->shape;
    int64_t starts[max_rank] = {start}, steps[max_rank] = {step, 1, 1, 1};
    shape.dim[0] = dim_of(count);
    return make_slice(s->b, x, starts, steps, &shape);
}

static Node *sample_slice_slice(Sample *s)
{
    Node *x = slice(s, s->x, 5, 3, 20000), *back = slice(s, s->x, 60000, -2, 30000);
    return CHOOSE(slice(s, x, 7, 2, 9000), slice(s, x, 19000, -3, 6000), slice(s, back, 1, 1, 9),
                  slice(s, back, 29999, -5, 5000), slice(s, x, 0, 1, 20000 - 1));
}

static Node *sample_slice_broadcast(Sample *s)
{
    const Shape rows = {.rank = 2, .dim = {{4, 0}, {length, 0}}};
    const Shape row = {.rank = 2, .dim = {{1, 0}, {length, 0}}};
    Node *x = make_broadcast(s->b, make_reshape(s->b, s->x, &row), &rows);
    return CHOOSE(slice(s, x, 1, 2, 2), slice(s, x, 3, -1, 3), slice(s, x, 2, 1, 1));
}

static Node *sample_slice_pad(Sample *s)
{
    const int64_t low = 3, high = 4;
    Node *x = make_pad(s->b, s->x, &low, &high, 7);
    return CHOOSE(slice(s, x, 3, 1, length), slice(s, x, 3, 2, length / 2),
                  slice(s, x, length + 2, -1, length), slice(s, x, 100, 1, 1));
}

static Node *sample_reduce_ones(Sample *s)
{
    Node *x = make_reshape(s->b, s->x, &ones), *p = make_reshape(s->b, s->p, &ones);
    return CHOOSE(make_reduce(s->b, P_SUM, x, 1), make_reduce(s->b, P_SUM, x, 5),
                  make_reduce(s->b, P_MAX, x, 4), make_reduce(s->b, P_MIN, x, 7),
                  make_reduce(s->b, P_ANY, p, 1), make_reduce(s->b, P_ALL, p, 3));
}

// ---- traps: what looks like a rule and is none --------------------------------------------------

// A byte compared with the last number that it can be: not decided by its range.
static Node *edge(Sample *s, Prim prim, double bound)
{
    Node *x = make_cast(s->b, DT_I32, make_cast(s->b, DT_U8, s->x));
    return binary(s, prim, x, like(s, x, bound));
}

static Node *sample_trap(Sample *s)
{
    if (!is_float(s))
        return NULL;
    Node *small = binary(s, P_MUL, unary(s, P_ABS, s->x), s->y);
    Node *back = make_cast(s->b, s->x->dtype, make_cast(s->b, DT_BF16, s->y));
    return CHOOSE(binary(s, P_ADD, s->x, like(s, s->x, 0)),
                  binary(s, P_ADD, small, like(s, small, 0)),
                  binary(s, P_MUL, s->x, like(s, s->x, 0)),
                  binary(s, P_SUB, s->x, like(s, s->x, -0.0)),
                  binary(s, P_DIV, s->x, like(s, s->x, 3)),
                  binary(s, P_DIV, s->x, like(s, s->x, 0x1p127)),
                  binary(s, P_DIV, s->x, like(s, s->x, 0)), binary(s, P_SUB, s->x, s->x),
                  binary(s, P_DIV, s->x, s->x), neg(s, binary(s, P_SUB, s->x, s->y)),
                  binary(s, P_MAXIMUM, s->x, s->y), binary(s, P_EQ, s->x, s->x), back,
                  binary(s, P_MAXIMUM, binary(s, P_SUB, s->x, s->y), binary(s, P_SUB, s->y, s->x)),
                  edge(s, P_EQ, 0), edge(s, P_NE, 255), edge(s, P_LT, 255), edge(s, P_LE, 0));
}

// ---- the test -----------------------------------------------------------------------------------

typedef Node *Sampler(Sample *s);

static Sampler *const samplers[] = {
#define RULE(name, prim, exactness) sample_##name,
#include "graph/rules.def"
#undef RULE
};

static bool value_same(const Value *x, const Value *y)
{
    const bool floats = dtype_kind(x->dtype) == KIND_FLOAT;
    if (x->dtype != y->dtype || x->count != y->count)
        return false;
    for (int64_t at = 0; at < x->count; at++) {
        const Cell a = x->cell[at], b = y->cell[at];
        const bool nan = floats && a.f != a.f && b.f != b.f;
        if (!nan && a.i != b.i) {
            printf("element %lld: %.9g became %.9g\n", (long long)at, value_number(x, at),
                   value_number(y, at));
            return false;
        }
    }
    return true;
}

typedef struct Tally {
    int variants, failures;
} Tally;

static void begin(Sample *s, Case *c, DType type, int variant)
{
    case_begin(c, 7, FLAVOUR_MIXED);
    *s = (Sample){c, &c->b, numbers(c, type, true), numbers(c, type, false), truth(c), truth(c),
                  variant};
}

// False: there is no such variant.
static bool test_variant(Tally *tally, int rule, const char *name, DType type, int variant)
{
    Case c;
    Sample s;
    int fired[RULE_COUNT] = {0};
    begin(&s, &c, type, variant);
    Node *node = rule < 0 ? sample_trap(&s) : samplers[rule](&s);
    if (!node || node == s.x) {
        case_free(&c);
        return node != NULL;
    }
    Value before, after;
    case_evaluate(&c, &node, 1, true, &before);
    simplify_counted(c.graph, fired);
    graph_verify(c.graph, "simplify");
    node = c.graph->result[0].value;
    case_evaluate(&c, &node, 1, true, &after);
    const bool same = value_same(&before, &after);
    if (!same || (rule >= 0 && !fired[rule])) {
        printf("%s, variant %d of %s: %s\n", name, variant, dtype_name(type),
               same ? "did not fire" : "bits differ");
        graph_print(c.graph, stdout);
        tally->failures++;
    }
    tally->variants++;
    value_free(&before);
    value_free(&after);
    case_free(&c);
    return true;
}

// ---- guards -------------------------------------------------------------------------------------

// Equal nodes are one, but none under a guard serves a place outside of it.
static int test_guards(void)
{
    Case c;
    case_begin(&c, 1, FLAVOUR_MIXED);
    const Shape shape = {.rank = 1, .dim = {dim_of(4)}};
    const HostExpr closed = {.op = HOST_NUMBER, .number = 0};
    const Guard guard = {&closed, NULL, 1};
    Node *x = case_field(&c, DT_F32, &shape, 1, 2), *of[4];
    c.b.origin.guard = &guard;
    of[0] = make_unary(&c.b, P_EXP, x);
    c.b.origin.guard = NULL;
    of[1] = make_unary(&c.b, P_EXP, x);
    of[2] = make_unary(&c.b, P_EXP, x);
    c.b.origin.guard = &guard;
    of[3] = make_unary(&c.b, P_EXP, x);
    for (int i = 0; i < 4; i++)
        graph_result(c.graph, (Result){.kind = RESULT_FIELD, .index = i, .value = of[i],
                                       .guard = of[i]->guard});
    simplify(c.graph);
    graph_verify(c.graph, "simplify");
    const Result *r = c.graph->result;
    const bool right = r[1].value == r[2].value && !r[1].value->guard
        && r[0].value->guard == &guard;
    if (!right || c.graph->node_count != 3)
        printf("nodes are shared past a guard, or not at all\n");
    const int failures = !right || c.graph->node_count != 3;
    case_free(&c);
    return failures;
}

int main(void)
{
    static const DType types[] = {DT_F32, DT_F64, DT_I32};
    Tally tally = {0};
    for (int rule = -1; rule < RULE_COUNT; rule++)
        for (int i = 0; i < 3; i++)
            for (int variant = 0;; variant++)
                if (!test_variant(&tally, rule, rule < 0 ? "trap" : rule_name((Rule)rule), types[i],
                                  variant))
                    break;
    tally.failures += test_guards();
    printf("%d rules in %d variants, %d failures\n", RULE_COUNT, tally.variants, tally.failures);
    return tally.failures != 0;
}
