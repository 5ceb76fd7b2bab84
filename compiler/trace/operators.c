// operators: scalar functions at every stage; constants stay constants, host numbers become host
// expressions, tensors become nodes.
#include "tracer.h"

#include <math.h>
#include <string.h>

// ---- to tensors ---------------------------------------------------------------------------------

static bool literal_fits(double number, bool whole, DType type)
{
    return whole || dtype_kind(type) == KIND_FLOAT || number != number || fabs(number) == INFINITY
        ? dtype_kind(type) != KIND_BOOL : false;
}

static Node *list_to_tensor(Tracer *t, Value *value, DType wanted, Span span);

// [[1, 2], [3, 4]]: rows of one shape and type, stacked.
static Node *lists_to_tensor(Tracer *t, Value *value, DType wanted, Span span)
{
    Node **node = arena_alloc(t->arena, sizeof *node * (size_t)value->count);
    for (int i = 0; i < value->count; i++) {
        Value *row = value->item[i];
        bool list = row->kind == V_LIST || row->kind == V_TUPLE;
        if (!list || row->count != value->item[0]->count) {
            fail(t, E_NOT_A_TENSOR, span, list ? "lists of %d and %d numbers together are no tensor"
                 : "a list of lists and other values is not a tensor", value->item[0]->count,
                 row->count);
            return NULL;
        }
        Node *part = list_to_tensor(t, row, wanted, span);
        if (!part)
            return NULL;
        if (i && part->shape.rank + 1 != node[0]->shape.rank) {
            fail(t, E_NOT_A_TENSOR, span, "these lists are not of one depth, and no tensor");
            return NULL;
        }
        Shape one = {.rank = part->shape.rank + 1, .dim = {dim_of(1)}};
        for (int k = 0; k < part->shape.rank; k++)
            one.dim[k + 1] = part->shape.dim[k];
        if (one.rank > max_rank || (i && !shape_equal(&one, &node[0]->shape))) {
            fail(t, E_NOT_A_TENSOR, span, "these lists are no tensor: each must be as long as the "
                 "others");
            return NULL;
        }
        set_origin(t, span);
        node[i] = make_reshape(&t->builder, make_cast(&t->builder, wanted, part), &one);
    }
    return make_concat(&t->builder, node, value->count, 0);
}

static Node *list_to_tensor(Tracer *t, Value *value, DType wanted, Span span)
{
    if (value->count == 0) {
        fail(t, E_NOT_A_TENSOR, span, "an empty list cannot become a tensor");
        return NULL;
    }
    if (value->item[0]->kind == V_LIST || value->item[0]->kind == V_TUPLE)
        return lists_to_tensor(t, value, wanted, span);
    Node **node = arena_alloc(t->arena, sizeof *node * (size_t)value->count);
    bool all_ints = true;
    for (int i = 0; i < value->count; i++) {
        if (!value_is_whole(value->item[i]))
            all_ints = false;
        if (value->item[i]->kind != V_NUMBER && value->item[i]->kind != V_TENSOR
            && value->item[i]->kind != V_HOST && value->item[i]->kind != V_BOOL) {
            fail(t, E_NOT_A_TENSOR, span, "a list of %s is not a tensor",
                 value_kind_text(value->item[i]));
            return NULL;
        }
    }
    DType type = all_ints && wanted == t->float_type ? DT_I32 : wanted;
    // 0..n where a tensor of whole numbers is wanted: one index node
    bool run = all_ints;
    for (int i = 0; i < value->count && run; i++)
        run = value->item[i]->number == value->item[0]->number + i;
    set_origin(t, span);
    if (run && value->item[0]->number == 0 && value->count > 1) {
        Shape shape = shape_of(1, (int64_t[]){value->count});
        return make_iota(&t->builder, type == t->float_type ? DT_I32 : type, &shape, 0);
    }
    Shape one = shape_of(1, (int64_t[]){1});
    for (int i = 0; i < value->count; i++) {
        node[i] = to_tensor(t, value->item[i], type, span);
        if (!node[i])
            return NULL;
        if (node[i]->shape.rank != 0) {
            fail(t, E_NOT_A_TENSOR, span, "a list of tensors becomes one by stack(…)");
            return NULL;
        }
        node[i] = make_reshape(&t->builder, node[i], &one);
    }
    return make_concat(&t->builder, node, value->count, 0);
}

// `wanted` is the dtype of constants and host numbers; a tensor keeps its own.
Node *to_tensor(Tracer *t, Value *value, DType wanted, Span span)
{
    value = read_value(t, value);
    if (value->kind == V_POISON)
        return NULL;
    if (value->kind == V_TENSOR)
        return value->node;
    if (value->kind == V_INSTANCE) {
        fail(t, E_NOT_A_TENSOR, span, "`%s` is no number", value->instance->declaration->name);
        if (value->instance->kind == INSTANCE_SCHEDULE)
            diag_hint(t->diag, "a schedule gives its value at a step: rate(step)");
        return NULL;
    }
    open_tensors(t);
    if (!t->graph) {
        fail(t, E_STAGE, span, "tensors exist in steps, in `param` and in `buffer` only");
        return NULL;
    }
    set_origin(t, span);
    switch (value->kind) {
    case V_BOOL: return make_constant(&t->builder, wanted == t->float_type ? DT_BOOL : wanted,
                                      value->number);
    case V_NUMBER:
        if (!literal_fits(value->number, value->whole, wanted)) {
            fail(t, E_LITERAL, span, "%.15g does not fit %s", value->number, dtype_name(wanted));
            diag_hint(t->diag, "whole numbers fit every number type, fractions only floats; "
                      "cast the tensor: f32(…)");
            return NULL;
        }
        return make_constant(&t->builder, wanted, value->number);
    case V_HOST:
    case V_DURATION: {
        const HostExpr *host = host_of(t->arena, value);
        if (host->type == HOST_STRING)
            break;
        if (host->type == HOST_BOOL && wanted == t->float_type)
            wanted = DT_BOOL;
        if (host->type == HOST_FLOAT && dtype_kind(wanted) != KIND_FLOAT) {
            fail(t, E_LITERAL, span, "a fraction does not fit %s", dtype_name(wanted));
            return NULL;
        }
        return make_host(&t->builder, wanted, handed_over(t, host, span));
    }
    case V_LIST: case V_TUPLE: return list_to_tensor(t, value, wanted, span);
    case V_FILL: {
        Shape scalar = {0};
        return resolve_fill(t, value->fill, &scalar, wanted, span);
    }
    default: break;
    }
    fail(t, E_NOT_A_TENSOR, span, "a tensor is needed here, but this is %s",
         value_kind_text(value));
    return NULL;
}

static bool needs_shape(const Value *value)
{
    return value->kind == V_FILL;
}

// The dtype that constants among the operands take: the tensors' own, which must agree.
static bool common_dtype(Tracer *t, Value **value, int count, Span span, DType *type)
{
    const Value *first = NULL;
    for (int i = 0; i < count; i++) {
        if (value[i]->kind != V_TENSOR)
            continue;
        if (first && first->node->dtype != value[i]->node->dtype) {
            fail(t, E_DTYPE, span, "%s and %s do not mix", dtype_name(first->node->dtype),
                 dtype_name(value[i]->node->dtype));
            note_origin(t, first->node, span);
            note_origin(t, value[i]->node, span);
            const bool wider = dtype_kind(value[i]->node->dtype) < dtype_kind(first->node->dtype);
            diag_hint(t->diag, "cast the other one by name: %s(…)",
                      dtype_name(wider ? value[i]->node->dtype : first->node->dtype));
            return false;
        }
        first = first ? first : value[i];
    }
    *type = first ? first->node->dtype : t->float_type;
    return true;
}

bool to_tensors(Tracer *t, Value **value, Node **node, int count, Span span)
{
    DType type;
    for (int i = 0; i < count; i++) {
        value[i] = read_value(t, value[i]);
        if (value[i]->kind == V_POISON)
            return false;
    }
    if (!common_dtype(t, value, count, span, &type))
        return false;
    Shape joint = {0};
    bool fills = false;
    for (int i = 0; i < count; i++) {
        fills |= needs_shape(value[i]);
        node[i] = needs_shape(value[i]) ? NULL : to_tensor(t, value[i], type, span);
        if (!node[i] && !needs_shape(value[i]))
            return false;
        Shape before = joint;           // a misfit is reported by broadcast_nodes
        if (node[i] && !shape_broadcast(&before, &node[i]->shape, &joint))
            joint = before;
    }
    for (int i = 0; fills && i < count; i++)
        if (!node[i] && !(node[i] = resolve_fill(t, value[i]->fill, &joint, type, span)))
            return false;
    return true;
}

static int batch_axes(const Shape *shape)
{
    int count = 0;
    for (int i = 0; i < shape->rank; i++)
        count += shape->dim[i].power != 0;
    return count;
}

// [B, 1] and [B] make [B, B]: hardly ever meant, and PyTorch warns of it too. Who means it writes
// the axes out, x[:, _] - y[_, :], and has equal ranks.
static void warn_pairs(Tracer *t, Node **node, int count, const Shape *joint, Span span)
{
    for (int i = 0; i < count; i++)
        if (batch_axes(&node[i]->shape) != 1 && node[i]->shape.rank)
            return;
    for (int i = 1; i < count && batch_axes(joint) > 1; i++) {
        if (node[i]->shape.rank == node[0]->shape.rank || !node[i]->shape.rank
            || !node[0]->shape.rank)
            continue;
        const bool inside = span.source && span.source->library && t->called_from.source;
        diag_warning(t->diag, W_PAIRS, inside ? t->called_from : span, "%s and %s make %s: each "
                     "row meets every row", shape_text(t->arena, &node[0]->shape),
                     shape_text(t->arena, &node[i]->shape), shape_text(t->arena, joint));
        note_origin(t, node[0], span);
        note_origin(t, node[i], span);
        diag_hint(t->diag, "x[:, 0] takes the last axis away, x[:, _] adds one; if all pairs are "
                  "meant, write both axes: x[:, _] - y[_, :]");
        return;
    }
}

bool broadcast_nodes(Tracer *t, Node **node, int count, Span span)
{
    Shape joint = node[0]->shape;
    for (int i = 1; i < count; i++) {
        Shape before = joint;
        if (!shape_broadcast(&before, &node[i]->shape, &joint)) {
            fail(t, E_SHAPE, span, "%s and %s do not fit together",
                 shape_text(t->arena, &node[0]->shape), shape_text(t->arena, &node[i]->shape));
            for (int k = 0; k <= i; k += i)
                note_origin(t, node[k], span);
            diag_hint(t->diag, "sizes are compared from the last; they must be equal or 1");
            return false;
        }
    }
    warn_pairs(t, node, count, &joint, span);
    set_origin(t, span);
    for (int i = 0; i < count; i++)
        node[i] = make_expand(&t->builder, node[i], &joint);
    return true;
}

// ---- fills --------------------------------------------------------------------------------------

uint64_t site_of(const char *path, int ordinal)
{
    uint64_t h = 14695981039346656037u;                 // FNV-1a
    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * 1099511628211u;
    return (h ^ (uint64_t)ordinal) * 1099511628211u;
}

static Node *draw(Tracer *t, const Shape *shape)
{
    Draw *d = t->draws;
    const char *path = arena_format(t->arena, "%s/%s", t->graph->name, t->path);
    while (d && strcmp(d->path, path) != 0)
        d = d->next;
    if (!d) {
        d = arena_alloc(t->arena, sizeof *d);
        *d = (Draw){path, 0, t->draws};
        t->draws = d;
    }
    return make_random(&t->builder, site_of(path, d->count++), shape);
}

// Draws are single; where the fill is of another float, all that follows is computed in that.
static Node *draw_as(Tracer *t, const Shape *shape, DType dtype)
{
    DType type = dtype_kind(dtype) == KIND_FLOAT ? dtype : t->float_type;
    return make_cast(&t->builder, type, draw(t, shape));
}

static Node *scaled(Tracer *t, Node *unit, Value *low, Value *high, Span span)
{
    Value *u = value_tensor(t->arena, unit);
    Value *width = binary(t, "-", high, low, span);
    Value *value = binary(t, "+", binary(t, "*", u, width, span), low, span);
    return value->kind == V_TENSOR ? value->node : NULL;
}

// Box and Muller (1958): sqrt(-2 ln(1 - u)) cos(2 pi v) of two uniform draws.
static Node *gauss(Tracer *t, const Shape *shape, DType dtype)
{
    Builder *b = &t->builder;
    Node *u = draw_as(t, shape, dtype), *v = draw_as(t, shape, dtype);
    Node *one = make_scalar_like(b, u, 1), *minus2 = make_scalar_like(b, u, -2);
    Node *radius = make_unary(b, P_SQRT, make_binary(b, P_MUL, minus2,
                              make_unary(b, P_LOG, make_binary(b, P_SUB, one, u))));
    Node *angle = make_binary(b, P_MUL, make_scalar_like(b, v, 6.283185307179586), v);
    return make_binary(b, P_MUL, radius, make_unary(b, P_COS, angle));
}

static Node *fill_function(Tracer *t, Fill *fill, const Shape *shape, DType dtype, Span span)
{
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(shape->rank + 1));
    for (int i = 0; i < shape->rank; i++)
        item[i] = value_dim(t->arena, shape->dim[i]);
    Argument argument = {NULL, value_list(t->arena, V_LIST, item, shape->rank), span};
    Value *value = call_value(t, fill->a, &argument, 1, span);
    if (value->kind == V_FILL)
        return resolve_fill(t, value->fill, shape, dtype, span);
    Node *node = to_tensor(t, value, dtype, span);
    return node && node->dtype == dtype ? node : node ? make_cast(&t->builder, dtype, node) : NULL;
}

Node *resolve_fill(Tracer *t, Fill *fill, const Shape *shape, DType dtype, Span span)
{
    if (!t->graph) {
        fail(t, E_STAGE, span, "tensors exist in steps, in `param` and in `buffer` only");
        return NULL;
    }
    set_origin(t, span);
    Node *node = NULL;
    switch (fill->kind) {
    case FILL_CONSTANT:
        node = to_tensor(t, fill->a, fill->a->kind == V_BOOL && dtype == t->float_type ? DT_BOOL
                         : dtype, span);
        break;
    case FILL_UNIFORM: node = scaled(t, draw_as(t, shape, dtype), fill->a, fill->b, span); break;
    case FILL_RANDN: node = gauss(t, shape, dtype); break;
    case FILL_RANDINT: {
        node = scaled(t, draw_as(t, shape, dtype), fill->a, fill->b, span);
        node = node ? make_cast(&t->builder, DT_I32, make_unary(&t->builder, P_FLOOR, node)) : NULL;
        return node;
    }
    case FILL_FUNCTION: node = fill_function(t, fill, shape, dtype, span); break;
    }
    if (!node)
        return NULL;
    if (fill->kind != FILL_CONSTANT || node->dtype != DT_BOOL)
        node = make_cast(&t->builder, dtype, node);
    Shape joint;
    if (!shape_broadcast(&node->shape, shape, &joint) || !shape_equal(&joint, shape)) {
        fail(t, E_SHAPE, span, "this makes %s where %s is needed",
             shape_text(t->arena, &node->shape), shape_text(t->arena, shape));
        return NULL;
    }
    return make_expand(&t->builder, node, shape);
}

// ---- scalar functions ---------------------------------------------------------------------------

static bool is_number(const Value *v)
{
    return v->kind == V_NUMBER || v->kind == V_BOOL || v->kind == V_HOST || v->kind == V_DURATION;
}

static bool is_tensor(const Value *v)
{
    return v->kind == V_TENSOR || v->kind == V_FILL;
}

// Which operand dtypes a primitive takes, in the user's words.
static bool dtype_allowed(Tracer *t, Prim prim, const Node *node, Span span)
{
    DTypeKind kind = dtype_kind(node->dtype);
    bool floating = false, logical = false;
    switch (prim) {
    case P_FLOOR: case P_CEIL: case P_ROUND: case P_SQRT: case P_EXP: case P_EXPM1: case P_LOG:
    case P_LOG1P: case P_SIN: case P_COS: case P_TANH: case P_ERF: case P_DIV: case P_POW:
        floating = true;
        break;
    case P_AND: case P_OR: case P_NOT: logical = true; break;
    case P_EQ: case P_NE: return true;
    default: break;
    }
    if (floating && kind != KIND_FLOAT) {
        fail(t, E_DTYPE, span, "`%s` takes floats, but this is %s",
             prim == P_DIV ? "/" : prim == P_POW ? "^" : prim_name(prim), dtype_name(node->dtype));
        note_origin(t, node, span);
        diag_hint(t->diag, prim == P_DIV ? "cast first: f32(…); `//` divides whole numbers"
                                         : "cast first: f32(…)");
        return false;
    }
    if (logical && kind != KIND_BOOL) {
        fail(t, E_DTYPE, span, "`%s` takes truth values, but this is %s", prim_name(prim),
             dtype_name(node->dtype));
        diag_hint(t->diag, "compare it: x != 0");
        return false;
    }
    if (!floating && !logical && kind == KIND_BOOL) {
        fail(t, E_DTYPE, span, "`%s` takes numbers, but this is bool", prim_name(prim));
        diag_hint(t->diag, "cast it: f32(…) or i32(…)");
        return false;
    }
    return true;
}

static Value *tensor_function(Tracer *t, Prim prim, Value *a, Value *b, Span span)
{
    Value *value[2] = {a, b};
    Node *node[2];
    int count = b ? 2 : 1;
    if (!to_tensors(t, value, node, count, span))
        return &value_poison;
    if (b && node[0]->dtype != node[1]->dtype)
        return fail(t, E_DTYPE, span, "%s and %s do not mix", dtype_name(node[0]->dtype),
                    dtype_name(node[1]->dtype));
    if (!dtype_allowed(t, prim, node[0], span) || (b && !broadcast_nodes(t, node, 2, span)))
        return &value_poison;
    set_origin(t, span);
    return value_tensor(t->arena, b ? make_binary(&t->builder, prim, node[0], node[1])
                                    : make_unary(&t->builder, prim, node[0]));
}

// No number counts as true or false. (Tensors are looked at by their dtype.)
static bool not_truth(const Value *value)
{
    return value && (value->kind == V_NUMBER || value->kind == V_TEXT || value->kind == V_NONE
                     || value->kind == V_DURATION
                     || (value->kind == V_HOST && value->host->type != HOST_BOOL));
}

Value *scalar_function(Tracer *t, Prim prim, HostOp host, Value *a, Value *b, Span span)
{
    a = read_value(t, a);
    b = b ? read_value(t, b) : NULL;
    if (a->kind == V_POISON || (b && b->kind == V_POISON))
        return &value_poison;
    if (prim == P_AND || prim == P_OR || prim == P_NOT)
        for (int i = 0; i < 2; i++)
            if (not_truth(i ? b : a)) {
                fail(t, E_CONDITION, span, "`%s` joins truth values, but here is %s",
                     prim == P_AND ? "and" : prim == P_OR ? "or" : "not",
                     value_kind_text(i ? b : a));
                diag_hint(t->diag, "compare it: x != none, n > 0");
                return &value_poison;
            }
    if (is_number(a) && (!b || is_number(b)) && (int)host >= 0) {
        const HostExpr *x = host_of(t->arena, a), *y = b ? host_of(t->arena, b) : NULL;
        if (x->type == HOST_STRING || (y && y->type == HOST_STRING))
            return fail(t, E_OPERAND_KIND, span, "strings are only compared with == and !=");
        return value_host(t->arena, host_op(t->arena, host, x, y, NULL));
    }
    if ((is_tensor(a) || is_number(a) || a->kind == V_LIST)
        && (!b || is_tensor(b) || is_number(b) || b->kind == V_LIST)
        && (is_tensor(a) || (b && is_tensor(b))))
        return tensor_function(t, prim, a, b, span);
    const Value *bad = is_tensor(a) || is_number(a) ? b : a;
    fail(t, E_OPERAND_KIND, span, "this works on numbers and tensors, but here is %s",
         value_kind_text(bad));
    if (bad->kind == V_INSTANCE && bad->instance->kind == INSTANCE_SCHEDULE)
        diag_hint(t->diag, "a schedule gives its value at a step: rate(step)");
    return &value_poison;
}

static const struct Operator {
    const char *name;
    Prim prim;
    HostOp host;
    bool swap;
} operator_table[] = {
    {"+", P_ADD, HOST_ADD, false},        {"-", P_SUB, HOST_SUB, false},
    {"*", P_MUL, HOST_MUL, false},        {"/", P_DIV, HOST_DIV, false},
    {"//", P_FLOORDIV, HOST_FLOORDIV, false}, {"%", P_MOD, HOST_MOD, false},
    {"^", P_POW, HOST_POW, false},        {"==", P_EQ, HOST_EQ, false},
    {"!=", P_NE, HOST_NE, false},         {"<", P_LT, HOST_LT, false},
    {"<=", P_LE, HOST_LE, false},         {">", P_LT, HOST_LT, true},
    {">=", P_LE, HOST_LE, true},          {"and", P_AND, HOST_AND, false},
    {"or", P_OR, HOST_OR, false},
};

static Value *list_operator(Tracer *t, const char *op, Value *a, Value *b, Span span)
{
    if (strcmp(op, "+") == 0 && a->kind == b->kind) {
        if (!unroll(t, a->count + b->count, span))
            return &value_poison;
        Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(a->count + b->count + 1));
        for (int i = 0; i < a->count; i++)
            item[i] = a->item[i];
        for (int i = 0; i < b->count; i++)
            item[a->count + i] = b->item[i];
        return value_list(t->arena, a->kind, item, a->count + b->count);
    }
    if (strcmp(op, "*") == 0 && value_is_whole(b) && b->number >= 0 && b->number < 1e6) {
        int times = (int)b->number;
        if (!unroll(t, (int64_t)a->count * times, span))
            return &value_poison;
        Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(a->count * times + 1));
        for (int i = 0; i < a->count * times; i++)
            item[i] = a->item[i % a->count];
        return value_list(t->arena, a->kind, item, a->count * times);
    }
    fail(t, E_OPERAND_KIND, span, "`%s` does not work on %s and %s", op, value_kind_text(a),
         value_kind_text(b));
    if (a->kind == V_LIST)
        diag_hint(t->diag, "a list of numbers becomes a tensor by stack(…)");
    return &value_poison;
}

// x @ y: the last axis of x with the last but one of y (the only one of a vector); leading axes of
// both are broadcast, as NumPy's matmul does.
static Value *matmul(Tracer *t, Value *a, Value *b, Span span)
{
    Value *value[2] = {a, b};
    Node *node[2];
    if (!to_tensors(t, value, node, 2, span))
        return &value_poison;
    Builder *builder = &t->builder;
    Node *x = node[0], *y = node[1];
    if (x->shape.rank == 0 || y->shape.rank == 0)
        return fail(t, E_RANK, span, "`@` needs vectors or matrices, but these are %s and %s",
                    shape_text(t->arena, &x->shape), shape_text(t->arena, &y->shape));
    if (x->dtype != y->dtype || dtype_kind(x->dtype) != KIND_FLOAT)
        return fail(t, E_DTYPE, span, "`@` takes floats of one type, but these are %s and %s",
                    dtype_name(x->dtype), dtype_name(y->dtype));
    int yk = y->shape.rank >= 2 ? y->shape.rank - 2 : 0;
    if (!dim_equal(x->shape.dim[x->shape.rank - 1], y->shape.dim[yk])) {
        fail(t, E_SHAPE, span, "%s @ %s: the last size of the left side, %s, is not the %s of the "
             "right side, %s", shape_text(t->arena, &x->shape), shape_text(t->arena, &y->shape),
             dim_text(t->arena, x->shape.dim[x->shape.rank - 1]),
             y->shape.rank >= 2 ? "last but one" : "size", dim_text(t->arena, y->shape.dim[yk]));
        for (int i = 0; i < 2; i++)
            note_origin(t, node[i], span);
        const Dim *last = &y->shape.dim[y->shape.rank - 1];
        if (y->shape.rank == 2 && dim_equal(x->shape.dim[x->shape.rank - 1], *last))
            diag_hint(t->diag, "the right side lies the other way round: x @ weight.T");
        return &value_poison;
    }
    set_origin(t, span);
    int batch = y->shape.rank > 2 ? y->shape.rank - 2 : 0;
    if (batch) {
        if (x->shape.rank < 2) {
            Shape wide = {.rank = 2, .dim = {dim_of(1), x->shape.dim[0]}};
            Value *row = value_tensor(t->arena, make_reshape(builder, x, &wide));
            Value *product = matmul(t, row, b, span);
            if (product->kind == V_POISON)
                return product;
            Shape narrow = product->node->shape;
            narrow.dim[narrow.rank - 2] = narrow.dim[narrow.rank - 1];
            narrow.rank--;
            return value_tensor(t->arena, make_reshape(builder, product->node, &narrow));
        }
        Shape left = {.rank = x->shape.rank - 2}, right = {.rank = batch}, joint;
        memcpy(left.dim, x->shape.dim, sizeof(Dim) * (size_t)left.rank);
        memcpy(right.dim, y->shape.dim, sizeof(Dim) * (size_t)right.rank);
        if (!shape_broadcast(&left, &right, &joint))
            return fail(t, E_SHAPE, span, "%s @ %s: the leading sizes do not fit together",
                        shape_text(t->arena, &x->shape), shape_text(t->arena, &y->shape));
        Shape xs = joint, ys = joint;
        xs.rank += 2;
        ys.rank += 2;
        memcpy(xs.dim + joint.rank, x->shape.dim + left.rank, 2 * sizeof(Dim));
        memcpy(ys.dim + joint.rank, y->shape.dim + batch, 2 * sizeof(Dim));
        x = make_expand(builder, x, &xs);
        y = make_expand(builder, y, &ys);
        batch = joint.rank;
    }
    if (y->shape.rank >= 2) {           // its summed axis goes last
        int order[max_rank];
        for (int i = 0; i < y->shape.rank; i++)
            order[i] = i;
        order[y->shape.rank - 2] = y->shape.rank - 1;
        order[y->shape.rank - 1] = y->shape.rank - 2;
        y = make_permute(builder, y, order);
    }
    return value_tensor(t->arena, make_contract(builder, x, y, batch, 1));
}

static Value *compare_others(Tracer *t, const char *op, Value *a, Value *b, Span span)
{
    bool equal = strcmp(op, "==") == 0;
    if (a->kind == V_NONE || b->kind == V_NONE)
        return value_bool((a->kind == b->kind) == equal);
    if ((a->kind == V_TEXT || (a->kind == V_HOST && a->host->type == HOST_STRING))
        && (b->kind == V_TEXT || (b->kind == V_HOST && b->host->type == HOST_STRING))) {
        const HostExpr *same = host_op(t->arena, HOST_SAME_TEXT, host_of(t->arena, a),
                                       host_of(t->arena, b), NULL);
        return value_host(t->arena, equal ? same : host_op(t->arena, HOST_NOT, same, NULL, NULL));
    }
    if (value_is_constant(a) && value_is_constant(b) && a->kind == b->kind)
        return value_bool(value_equal(a, b) == equal);
    return fail(t, E_OPERAND_KIND, span, "`%s` cannot compare %s with %s", op, value_kind_text(a),
                value_kind_text(b));
}

Value *binary(Tracer *t, const char *op, Value *a, Value *b, Span span)
{
    a = read_value(t, a);
    b = read_value(t, b);
    if (a->kind == V_POISON || b->kind == V_POISON)
        return &value_poison;
    if (strcmp(op, "@") == 0)
        return matmul(t, a, b, span);
    if (a->kind == V_WORDS || b->kind == V_WORDS)
        return compare_words(t, op, a, b, span);
    bool equality = strcmp(op, "==") == 0 || strcmp(op, "!=") == 0;
    if (equality && !(is_tensor(a) || is_tensor(b))
        && !(a->kind == V_NUMBER && b->kind == V_NUMBER)
        && !(a->kind == V_HOST && b->kind != V_NONE && a->host->type != HOST_STRING)
        && !(b->kind == V_HOST && a->kind != V_NONE && b->host->type != HOST_STRING))
        return compare_others(t, op, a, b, span);
    if (equality && (a->kind == V_NONE || b->kind == V_NONE))
        return compare_others(t, op, a, b, span);
    if ((a->kind == V_LIST || a->kind == V_TUPLE) && !is_tensor(b))
        return list_operator(t, op, a, b, span);
    if (b->kind == V_LIST && a->kind != V_TENSOR)
        return list_operator(t, op, b, a, span);
    for (size_t i = 0; i < sizeof operator_table / sizeof *operator_table; i++) {
        const struct Operator *o = &operator_table[i];
        if (strcmp(o->name, op) == 0)
            return o->swap ? scalar_function(t, o->prim, o->host, b, a, span)
                           : scalar_function(t, o->prim, o->host, a, b, span);
    }
    bug("operator %s", op);
}

Value *unary_op(Tracer *t, const char *op, Value *a, Span span)
{
    if (op[0] == '-')
        return scalar_function(t, P_NEG, HOST_NEG, a, NULL, span);
    return scalar_function(t, P_NOT, HOST_NOT, a, NULL, span);
}

// ---- a when c else b ----------------------------------------------------------------------------

static Value *choose_items(Tracer *t, Value *condition, Value *a, Value *b, Span span)
{
    if (a->count != b->count)
        return fail(t, E_WHEN_SIDES, span, "the sides have %d and %d items", a->count, b->count);
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(a->count + 1));
    for (int i = 0; i < a->count; i++)
        item[i] = choose_value(t, condition, a->item[i], b->item[i], span);
    return value_list(t->arena, a->kind, item, a->count);
}

Value *choose_value(Tracer *t, Value *condition, Value *a, Value *b, Span span)
{
    condition = read_value(t, condition);
    a = read_value(t, a);
    b = read_value(t, b);
    if (condition->kind == V_POISON || a->kind == V_POISON || b->kind == V_POISON)
        return &value_poison;
    if (condition->kind == V_BOOL)
        return condition->number != 0 ? a : b;
    if (a == b && condition->kind != V_TENSOR)         // a tensor's shape counts, even so
        return a;
    if ((a->kind == V_LIST || a->kind == V_TUPLE) && a->kind == b->kind)
        return choose_items(t, condition, a, b, span);
    const HostExpr *x = host_of(t->arena, a), *y = host_of(t->arena, b);
    if (condition->kind == V_HOST && x && y)
        return value_host(t->arena, host_op(t->arena, HOST_SELECT, condition->host, x, y));

    Value *value[2] = {a, b};
    Node *node[3];
    if (!to_tensors(t, value, node + 1, 2, span))
        return &value_poison;
    node[0] = to_tensor(t, condition, DT_BOOL, span);
    if (!node[0])
        return &value_poison;
    if (node[0]->dtype != DT_BOOL) {
        fail(t, E_CONDITION, span, "the condition of `when` is %s", dtype_name(node[0]->dtype));
        diag_hint(t->diag, "compare it: x != 0");
        return &value_poison;
    }
    if (node[1]->dtype != node[2]->dtype)
        return fail(t, E_DTYPE, span, "the sides of `when` are %s and %s",
                    dtype_name(node[1]->dtype), dtype_name(node[2]->dtype));
    if (!broadcast_nodes(t, node, 3, span))
        return &value_poison;
    set_origin(t, span);
    return value_tensor(t->arena, make_select(&t->builder, node[0], node[1], node[2]));
}
