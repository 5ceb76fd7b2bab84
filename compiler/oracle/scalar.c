// scalar.c: sources and scalar functions of the interpreter.
#include "evaluate.h"
#include "lt/math.h"
#include "lt/random.h"

// ---- sources ------------------------------------------------------------------------------------

void evaluate_CONSTANT(const Evaluation *e)
{
    value_set(e->out, 0, e->node->attr->number);
}

void evaluate_HOST(const Evaluation *e)
{
    value_set(e->out, 0, e->input->host(e->input->host_context, e->node->attr->host));
}

void evaluate_IOTA(const Evaluation *e)
{
    int64_t index[max_rank] = {0};
    for (int64_t at = 0; at < e->out->count; at++) {
        place_split(e->out, at, index);
        value_set(e->out, at, (double)index[e->node->attr->axis]);
    }
}

// Counted by element, the rows before this batch among them, so that micro-batches draw on.
void evaluate_RANDOM(const Evaluation *e)
{
    const OracleInput *input = e->input;
    const lt_random_key_t key = lt_random_key(input->seed, e->node->attr->site, input->step);
    const bool by_row = !shape_is_static(&e->node->shape) && input->rows;
    const int64_t before = by_row ? input->first_row * (e->out->count / input->rows) : 0;
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at].f = lt_random_uniform_f32(key, (uint32_t)(uint64_t)(before + at));
}

// ---- functions of floats alone ------------------------------------------------------------------

#define FLOATING1(id, expression)                                                                  \
    void evaluate_##id(const Evaluation *e)                                                        \
    {                                                                                              \
        for (int64_t at = 0; at < e->out->count; at++) {                                           \
            const double x = e->in[0]->cell[at].f;                                                 \
            e->out->cell[at].f = (expression);                                                     \
        }                                                                                          \
    }

#define FLOATING2(id, expression)                                                                  \
    void evaluate_##id(const Evaluation *e)                                                        \
    {                                                                                              \
        for (int64_t at = 0; at < e->out->count; at++) {                                           \
            const double x = e->in[0]->cell[at].f, y = e->in[1]->cell[at].f;                       \
            e->out->cell[at].f = (expression);                                                     \
        }                                                                                          \
    }

FLOATING1(FLOOR, lt_floor_f64(x))
FLOATING1(CEIL, lt_ceil_f64(x))
FLOATING1(ROUND, lt_round_f64(x))
FLOATING1(SQRT, lt_sqrt_f64(x))
FLOATING1(EXP, lt_exp_f64(x))
FLOATING1(EXPM1, lt_expm1_f64(x))
FLOATING1(LOG, lt_log_f64(x))
FLOATING1(LOG1P, lt_log1p_f64(x))
FLOATING1(SIN, lt_sin_f64(x))
FLOATING1(COS, lt_cos_f64(x))
FLOATING1(TANH, lt_tanh_f64(x))
FLOATING1(ERF, lt_erf_f64(x))
FLOATING2(DIV, x / y)
FLOATING2(POW, lt_pow_f64(x, y))

// ---- functions of floats and integers -----------------------------------------------------------

// `floats` speaks of doubles x and y, `integers` of int64_t; integers wrap.
#define NUMBER1(id, floats, integers)                                                              \
    void evaluate_##id(const Evaluation *e)                                                        \
    {                                                                                              \
        for (int64_t at = 0; at < e->out->count; at++)                                             \
            if (value_is_float(e->out)) {                                                          \
                const double x = e->in[0]->cell[at].f;                                             \
                e->out->cell[at].f = (floats);                                                     \
            } else {                                                                               \
                const int64_t x = e->in[0]->cell[at].i;                                            \
                e->out->cell[at].i = (integers);                                                   \
            }                                                                                      \
    }

#define NUMBER2(id, floats, integers)                                                              \
    void evaluate_##id(const Evaluation *e)                                                        \
    {                                                                                              \
        for (int64_t at = 0; at < e->out->count; at++)                                             \
            if (value_is_float(e->out)) {                                                          \
                const double x = e->in[0]->cell[at].f, y = e->in[1]->cell[at].f;                   \
                e->out->cell[at].f = (floats);                                                     \
            } else {                                                                               \
                const int64_t x = e->in[0]->cell[at].i, y = e->in[1]->cell[at].i;                  \
                e->out->cell[at].i = (integers);                                                   \
            }                                                                                      \
    }

NUMBER1(NEG, -x, (int64_t)(0 - (uint64_t)x))
NUMBER1(ABS, lt_abs_f64(x), x < 0 ? (int64_t)(0 - (uint64_t)x) : x)
NUMBER1(SIGN, lt_sign_f64(x), (x > 0) - (x < 0))
NUMBER2(ADD, x + y, (int64_t)((uint64_t)x + (uint64_t)y))
NUMBER2(SUB, x - y, (int64_t)((uint64_t)x - (uint64_t)y))
NUMBER2(MUL, x * y, (int64_t)((uint64_t)x * (uint64_t)y))
NUMBER2(FLOORDIV, lt_floordiv_f64(x, y), lt_idiv_i64(x, y))
NUMBER2(MOD, lt_mod_f64(x, y), lt_imod_i64(x, y))
NUMBER2(MAXIMUM, lt_max_f64(x, y), x > y ? x : y)
NUMBER2(MINIMUM, lt_min_f64(x, y), x < y ? x : y)

// ---- truth --------------------------------------------------------------------------------------

#define COMPARE(id, operator)                                                                      \
    void evaluate_##id(const Evaluation *e)                                                        \
    {                                                                                              \
        const Cell *x = e->in[0]->cell, *y = e->in[1]->cell;                                       \
        for (int64_t at = 0; at < e->out->count; at++)                                             \
            e->out->cell[at].i = value_is_float(e->in[0]) ? x[at].f operator y[at].f               \
                                                          : x[at].i operator y[at].i;              \
    }

COMPARE(EQ, ==)
COMPARE(NE, !=)
COMPARE(LT, <)
COMPARE(LE, <=)

void evaluate_NOT(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at].i = !e->in[0]->cell[at].i;
}

void evaluate_AND(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at].i = e->in[0]->cell[at].i && e->in[1]->cell[at].i;
}

void evaluate_OR(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at].i = e->in[0]->cell[at].i || e->in[1]->cell[at].i;
}

void evaluate_SELECT(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at] = e->in[0]->cell[at].i ? e->in[1]->cell[at] : e->in[2]->cell[at];
}

void evaluate_STOP(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at] = e->in[0]->cell[at];
}

// ---- casts: to an integer the fraction is dropped, the rest saturates, NaN is 0 -----------------

static int64_t saturate(DType type, int64_t x)
{
    const int bits = 8 * dtype_bytes(type);
    const int64_t most = type == DT_U8 ? UINT8_MAX : bits == 64 ? INT64_MAX
                                                                : (INT64_C(1) << (bits - 1)) - 1;
    const int64_t least = type == DT_U8 ? 0 : -most - 1;
    return x < least ? least : x > most ? most : x;
}

static Cell cell_cast(Cell x, bool from_float, DType to)
{
    if (to == DT_BOOL)
        return (Cell){.i = from_float ? x.f != 0 : x.i != 0};
    if (dtype_kind(to) == KIND_FLOAT)
        return (Cell){.f = from_float ? x.f : (double)x.i};
    return (Cell){.i = saturate(to, from_float ? lt_i64_from_f64(x.f) : x.i)};
}

void evaluate_CAST(const Evaluation *e)
{
    for (int64_t at = 0; at < e->out->count; at++)
        e->out->cell[at] = cell_cast(e->in[0]->cell[at], value_is_float(e->in[0]), e->out->dtype);
}
