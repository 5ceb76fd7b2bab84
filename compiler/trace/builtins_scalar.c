// builtins_scalar: scalar functions and reductions, at every stage.
#include "builtins.h"

#include <lt/math.h>

#include <math.h>

// ---- arguments ----------------------------------------------------------------------------------

Node *node_argument(Tracer *t, Value *value, Span span)
{
    return to_tensor(t, value, t->float_type, span);
}

bool whole_argument(Tracer *t, const Value *value, const char *name, int64_t *number, Span span)
{
    if (value->kind == V_NUMBER && value->number == floor(value->number)) {
        *number = (int64_t)value->number;
        return true;
    }
    fail(t, E_WRONG_TYPE, span, "`%s` is a whole number that is known when compiling, but is "
         "given %s", name, value_kind_text(value));
    return false;
}

bool axis_argument(Tracer *t, const Value *value, int rank, int *axis, Span span)
{
    int64_t number;
    if (!whole_argument(t, value, "axis", &number, span))
        return false;
    if (number < -rank || number >= rank) {
        fail(t, E_AXIS, span, "axis %lld of a tensor with %d ax%s", (long long)number, rank,
             rank == 1 ? "is" : "es");
        return false;
    }
    *axis = (int)(number < 0 ? number + rank : number);
    return true;
}

bool axes_argument(Tracer *t, const Value *value, int rank, uint32_t *axes, Span span)
{
    *axes = 0;
    if (!value || value->kind == V_NONE) {
        *axes = (1u << rank) - 1;
        return true;
    }
    Value *const one[1] = {(Value *)value};
    bool list = value->kind == V_LIST || value->kind == V_TUPLE;
    Value *const *item = list ? value->item : one;
    for (int i = 0; i < (list ? value->count : 1); i++) {
        int axis;
        if (!axis_argument(t, item[i], rank, &axis, span))
            return false;
        if (*axes & 1u << axis) {
            fail(t, E_AXIS, span, "axis %d is named twice", axis);
            return false;
        }
        *axes |= 1u << axis;
    }
    return true;
}

bool flag_argument(Tracer *t, const Value *value, const char *name, bool missing, bool *flag,
                   Span span)
{
    *flag = missing;
    if (!value)
        return true;
    if (value->kind != V_BOOL) {
        fail(t, E_WRONG_TYPE, span, "`%s` is true or false, but is given %s", name,
             value_kind_text(value));
        return false;
    }
    *flag = value->number != 0;
    return true;
}

bool each_axis_argument(Tracer *t, const Value *value, const char *name, int count, int64_t missing,
                        int64_t *number, Span span)
{
    for (int i = 0; i < count; i++)
        number[i] = missing;
    if (!value || value->kind == V_NONE)
        return true;
    if (value->kind == V_LIST || value->kind == V_TUPLE) {
        if (value->count != count) {
            fail(t, E_WINDOW, span, "`%s` needs %d numbers, but has %d", name, count, value->count);
            return false;
        }
        for (int i = 0; i < count; i++)
            if (!whole_argument(t, value->item[i], name, &number[i], span))
                return false;
        return true;
    }
    if (!whole_argument(t, value, name, &number[0], span))
        return false;
    for (int i = 1; i < count; i++)
        number[i] = number[0];
    return true;
}

// ---- scalar functions ---------------------------------------------------------------------------

enum { host_shift = 16 };
#define BOTH(prim, host) ((int)(prim) | (int)(host) << host_shift)

static Value *one_operand(Tracer *t, Span span, Value **v, int detail)
{
    return scalar_function(t, (Prim)(detail & 0xFFFF), (HostOp)(detail >> host_shift), v[0], NULL,
                           span);
}

static Value *two_operands(Tracer *t, Span span, Value **v, int detail)
{
    return scalar_function(t, (Prim)(detail & 0xFFFF), (HostOp)(detail >> host_shift), v[0], v[1],
                           span);
}

// Functions that the host has not got: constants fold, host numbers are refused.
static Value *tensor_only(Tracer *t, Span span, Value **v, int detail)
{
    Value *x = read_value(t, v[0]);
    if (x->kind == V_NUMBER) {
        double y = detail == P_LOG1P ? lt_log1p_f64(x->number)
                 : detail == P_EXPM1 ? lt_expm1_f64(x->number) : lt_erf_f64(x->number);
        return number_value(t->arena, y, false);
    }
    if (x->kind == V_HOST)
        return fail(t, E_STAGE, span, "`%s` works on constants and tensors, not on numbers that "
                    "are known between steps", prim_name((Prim)detail));
    return scalar_function(t, (Prim)detail, (HostOp)-1, x, NULL, span);
}

const Builtin scalar_builtins[] = {
    {"abs", NULL, one_operand, "x", BOTH(P_ABS, HOST_ABS)},
    {"sign", NULL, one_operand, "x", BOTH(P_SIGN, HOST_SIGN)},
    {"floor", NULL, one_operand, "x", BOTH(P_FLOOR, HOST_FLOOR)},
    {"ceil", NULL, one_operand, "x", BOTH(P_CEIL, HOST_CEIL)},
    {"round", NULL, one_operand, "x", BOTH(P_ROUND, HOST_ROUND)},
    {"sqrt", NULL, one_operand, "x", BOTH(P_SQRT, HOST_SQRT)},
    {"exp", NULL, one_operand, "x", BOTH(P_EXP, HOST_EXP)},
    {"log", NULL, one_operand, "x", BOTH(P_LOG, HOST_LOG)},
    {"sin", NULL, one_operand, "x", BOTH(P_SIN, HOST_SIN)},
    {"cos", NULL, one_operand, "x", BOTH(P_COS, HOST_COS)},
    {"tanh", NULL, one_operand, "x", BOTH(P_TANH, HOST_TANH)},
    {"expm1", NULL, tensor_only, "x", P_EXPM1},
    {"log1p", NULL, tensor_only, "x", P_LOG1P},
    {"erf", NULL, tensor_only, "x", P_ERF},
    {"maximum", NULL, two_operands, "a b", BOTH(P_MAXIMUM, HOST_MAX)},
    {"minimum", NULL, two_operands, "a b", BOTH(P_MINIMUM, HOST_MIN)},
    {0},
};

// ---- reductions ---------------------------------------------------------------------------------

static Value *reduce_list(Tracer *t, Span span, const Value *list, int detail)
{
    const char *op = detail == P_SUM ? "+" : detail == P_ANY ? "or" : "and";
    if (list->count == 0)
        return detail == P_SUM ? value_int(t->arena, 0)
             : detail == P_ANY || detail == P_ALL ? value_bool(detail == P_ALL)
             : fail(t, E_OPERAND_KIND, span, "an empty list has no greatest or least item");
    Value *value = list->item[0];
    for (int i = 1; i < list->count; i++) {
        Value *pair[2] = {value, list->item[i]};
        value = detail == P_MAX ? two_operands(t, span, pair, BOTH(P_MAXIMUM, HOST_MAX))
              : detail == P_MIN ? two_operands(t, span, pair, BOTH(P_MINIMUM, HOST_MIN))
              : binary(t, op, pair[0], pair[1], span);
    }
    return value;
}

static Node *keep_axes(Tracer *t, Node *node, const Shape *before, uint32_t axes)
{
    Shape shape = *before;
    for (int i = 0; i < shape.rank; i++)
        if (axes & 1u << i)
            shape.dim[i] = dim_of(1);
    return make_reshape(&t->builder, node, &shape);
}

static Value *reduce(Tracer *t, Span span, Value **v, int detail)
{
    Value *x = read_value(t, v[0]);
    if (x->kind == V_LIST || x->kind == V_TUPLE)
        return reduce_list(t, span, x, detail);
    if ((x->kind == V_NUMBER || x->kind == V_HOST || x->kind == V_BOOL) && !v[1])
        return x;
    Node *node = node_argument(t, x, span);
    uint32_t axes;
    bool keep;
    if (!node || !axes_argument(t, v[1], node->shape.rank, &axes, span)
        || !flag_argument(t, v[2], "keep", false, &keep, span))
        return &value_poison;
    set_origin(t, span);
    bool logical = detail == P_ANY || detail == P_ALL;
    if (logical && node->dtype != DT_BOOL)
        return fail(t, E_DTYPE, span, "`%s` takes truth values, but this is %s",
                    prim_name((Prim)detail), dtype_name(node->dtype));
    if (!logical && node->dtype == DT_BOOL)
        node = make_cast(&t->builder, DT_I32, node);    // counts
    Node *result = axes ? make_reduce(&t->builder, (Prim)detail, node, axes) : node;
    if (keep)
        result = keep_axes(t, result, &node->shape, axes);
    return value_tensor(t->arena, result);
}

static Value *argmax(Tracer *t, Span span, Value **v, int detail)
{
    (void)detail;
    Node *node = node_argument(t, v[0], span);
    int axis;
    bool keep;
    Value *last = value_int(t->arena, -1);
    if (!node || !axis_argument(t, v[1] ? v[1] : last, node->shape.rank, &axis, span)
        || !flag_argument(t, v[2], "keep", false, &keep, span))
        return &value_poison;
    set_origin(t, span);
    if (node->dtype == DT_BOOL)
        node = make_cast(&t->builder, DT_I32, node);
    Node *result = make_argmax(&t->builder, node, axis);
    if (keep)
        result = keep_axes(t, result, &node->shape, 1u << axis);
    return value_tensor(t->arena, result);
}

const Builtin reduce_builtins[] = {
    {"sum", NULL, reduce, "x axis? keep?", P_SUM}, {"max", NULL, reduce, "x axis? keep?", P_MAX},
    {"min", NULL, reduce, "x axis? keep?", P_MIN}, {"any", NULL, reduce, "x axis? keep?", P_ANY},
    {"all", NULL, reduce, "x axis? keep?", P_ALL},
    {"argmax", NULL, argmax, "x axis? keep?", 0},
    {0},
};
