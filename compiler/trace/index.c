// index: x[i], x[:, 1:, _, ..], x[tensor]; and shapes given as lists.
#include "tracer.h"

#include <string.h>

bool shape_argument(Tracer *t, const Value *value, Shape *shape, Span span)
{
    Value *const one[1] = {(Value *)value};
    Value *const *item = value->kind == V_LIST || value->kind == V_TUPLE ? value->item : one;
    int count = value->kind == V_LIST || value->kind == V_TUPLE ? value->count : 1;
    if (count > max_rank) {
        fail(t, E_RANK, span, "a tensor has at most %d axes", max_rank);
        return false;
    }
    shape->rank = count;
    for (int i = 0; i < count; i++)
        if (!value_dim_of(item[i], &shape->dim[i]) || shape->dim[i].scale < 0) {
            if (item[i]->kind == V_NUMBER && item[i]->whole)
                fail(t, E_SIZE_VALUE, span, "a size is at least 0, but this is %s",
                     value_text_of(t->arena, item[i]));
            else
                no_size(t, item[i], span);
            return false;
        }
    return true;
}

// ---- lists --------------------------------------------------------------------------------------

static bool bound_of(Tracer *t, Scope *scope, const Ast *tree, int64_t size, int64_t missing,
                     int64_t *bound)
{
    if (!tree) {
        *bound = missing;
        return true;
    }
    Value *value = eval(t, scope, tree);
    if (value->kind == V_POISON)
        return false;
    if (!value_is_whole(value)) {
        fail(t, E_INDEX, tree->span, "a bound of a slice is a whole number that is known when "
             "compiling, but this is %s", value_kind_text(value));
        return false;
    }
    *bound = (int64_t)value->number < 0 ? (int64_t)value->number + size : (int64_t)value->number;
#ifdef LT_PLANTED_FAULT
    return true;                        // tests/fuzz must find it
#endif
    if (*bound < 0 || *bound > size) {
        fail(t, E_INDEX, tree->span, "%lld is outside of 0..%lld", (long long)value->number,
             (long long)size);
        return false;
    }
    return true;
}

typedef struct Cut {
    int64_t start, step, count;
} Cut;

static bool cut_of(Tracer *t, Scope *scope, const Ast *slice, int64_t size, Cut *cut)
{
    int64_t from, to, step = 1;
    if (slice->c) {
        Value *value = eval(t, scope, slice->c);
        if (!value_is_whole(value) || value->number == 0) {
            if (value->kind != V_POISON)
                fail(t, E_INDEX, slice->c->span, "a step is a whole number other than 0");
            return false;
        }
        step = (int64_t)value->number;
    }
    if (!bound_of(t, scope, slice->a, size, step > 0 ? 0 : size - 1, &from)
        || !bound_of(t, scope, slice->b, size, step > 0 ? size : -1, &to))
        return false;
    int64_t span = step > 0 ? to - from : from - to;
    int64_t stride = step > 0 ? step : -step;
    *cut = (Cut){from, step, span > 0 ? (span + stride - 1) / stride : 0};
    return true;
}

static Value *index_list(Tracer *t, Scope *scope, Value *list, const Ast *sub, Span span)
{
    if (sub->next)
        return fail(t, E_INDEX, span, "a list has one index");
    if (sub->kind == AST_SLICE) {
        Cut cut;
        if (!cut_of(t, scope, sub, list->count, &cut))
            return &value_poison;
        Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(cut.count + 1));
        for (int64_t i = 0; i < cut.count; i++)
            item[i] = list->item[cut.start + i * cut.step];
        return value_list(t->arena, list->kind, item, (int)cut.count);
    }
    Value *index = eval(t, scope, sub);
    if (index->kind == V_POISON)
        return index;
    if (!value_is_whole(index))
        return fail(t, E_INDEX, sub->span, "the index of a list is a whole number that is known "
                    "when compiling, but this is %s", value_kind_text(index));
    int64_t i = (int64_t)index->number;
    i = i < 0 ? i + list->count : i;
    if (i < 0 || i >= list->count)
        return fail(t, E_INDEX, sub->span, "index %lld of a list of %d", (long long)index->number,
                    list->count);
    return t->making ? list->item[i] : read_value(t, list->item[i]);
}

// ---- tensors ------------------------------------------------------------------------------------

typedef struct Subscripts {
    const Ast *tree[max_rank * 2];
    Value *value[max_rank * 2]; // of those that are expressions
    int count, used;            // used: axes of the tensor that they speak of
    int rest;
} Subscripts;

static bool read_subscripts(Tracer *t, Scope *scope, const Ast *list, Subscripts *s, Span span)
{
    *s = (Subscripts){.rest = -1};
    for (; list; list = list->next) {
        if (s->count == max_rank * 2) {
            fail(t, E_INDEX, span, "too many subscripts");
            return false;
        }
        s->tree[s->count] = list;
        if (list->kind == AST_REST) {
            if (s->rest >= 0) {
                fail(t, E_INDEX, list->span, "`..` can stand once");
                return false;
            }
            s->rest = s->count;
        } else if (list->kind != AST_SLICE) {
            Value *value = eval(t, scope, list);
            if (value->kind == V_POISON)
                return false;
            s->value[s->count] = value;
            if (value->kind != V_HOLE)
                s->used++;
        } else {
            s->used++;
        }
        s->count++;
    }
    return true;
}

typedef struct Indexing {       // one tensor being cut; axes are of the present shape
    Tracer *t;
    Scope *scope;
    Node *x;
    Span span;
    int axis;
} Indexing;

static bool take_slice(Indexing *in, const Ast *slice)
{
    Tracer *t = in->t;
    Shape shape = in->x->shape;
    Dim dim = shape.dim[in->axis];
    if (!slice->a && !slice->b && !slice->c) {
        in->axis++;
        return true;
    }
    if (dim.power) {
        fail(t, E_BATCH_AXIS, slice->span, "the batch axis (%s) cannot be cut: its size is known "
             "only when a step runs", dim_text(t->arena, dim));
        return false;
    }
    Cut cut;
    if (!cut_of(t, in->scope, slice, dim.scale, &cut))
        return false;
    int64_t start[max_rank] = {0}, step[max_rank];
    for (int i = 0; i < max_rank; i++)
        step[i] = 1;
    start[in->axis] = cut.start;
    step[in->axis] = cut.step;
    shape.dim[in->axis] = dim_of(cut.count);
    set_origin(t, in->span);
    in->x = make_slice(&t->builder, in->x, start, step, &shape);
    in->axis++;
    return true;
}

static void drop_axis(Indexing *in)
{
    Shape shape = in->x->shape;
    for (int i = in->axis; i + 1 < shape.rank; i++)
        shape.dim[i] = shape.dim[i + 1];
    shape.rank--;
    in->x = make_reshape(&in->t->builder, in->x, &shape);
}

static bool take_number(Indexing *in, const Value *value, Span span)
{
    Tracer *t = in->t;
    Shape shape = in->x->shape;
    Dim dim = shape.dim[in->axis];
    int64_t index = (int64_t)value->number;
    if (dim.power && index != 0 && index != -1) {
        fail(t, E_BATCH_AXIS, span, "of the batch axis (%s) only 0 and -1 can be taken",
             dim_text(t->arena, dim));
        return false;
    }
    if (!dim.power && (index < -dim.scale || index >= dim.scale)) {
        fail(t, E_INDEX, span, "index %lld of an axis of size %lld", (long long)index,
             (long long)dim.scale);
        return false;
    }
    int64_t start[max_rank] = {0}, step[max_rank];
    for (int i = 0; i < max_rank; i++)
        step[i] = 1;
    set_origin(t, in->span);
    if (dim.power && index == -1) {     // the last row: the reversed axis's first
        Node *last = make_host(&t->builder, DT_I32, host_op(t->arena, HOST_SUB,
                     host_rows(t->arena, dim), number_host(t->arena, 1, HOST_INT), NULL));
        in->x = make_gather(&t->builder, in->x, last, in->axis, 0);
        return true;
    }
    start[in->axis] = index < 0 ? index + dim.scale : index;
    shape.dim[in->axis] = dim_of(1);
    in->x = make_slice(&t->builder, in->x, start, step, &shape);
    drop_axis(in);
    return true;
}

static bool take_tensor(Indexing *in, Value *value, Span span)
{
    Tracer *t = in->t;
    Node *index = to_tensor(t, value, DT_I32, span);
    if (!index)
        return false;
    if (dtype_kind(index->dtype) != KIND_INT) {
        fail(t, E_INDEX, span, "an index is a whole number, but this is %s",
             dtype_name(index->dtype));
        if (index->dtype == DT_BOOL)
            diag_hint(t->diag, "masks never index; use `x when mask else 0`");
        return false;
    }
    if (in->x->shape.rank - 1 + index->shape.rank > max_rank) {
        fail(t, E_RANK, span, "a tensor has at most %d axes", max_rank);
        return false;
    }
    set_origin(t, in->span);
    if (index->dtype != DT_I64 && index->dtype != DT_I32)
        index = make_cast(&t->builder, DT_I32, index);
    in->x = make_gather(&t->builder, in->x, index, in->axis, 0);
    in->axis += index->shape.rank;
    return true;
}

static bool new_axis(Indexing *in, Span span)
{
    Shape shape = in->x->shape;
    if (shape.rank == max_rank) {
        fail(in->t, E_RANK, span, "a tensor has at most %d axes", max_rank);
        return false;
    }
    for (int i = shape.rank; i > in->axis; i--)
        shape.dim[i] = shape.dim[i - 1];
    shape.dim[in->axis++] = dim_of(1);
    shape.rank++;
    set_origin(in->t, in->span);
    in->x = make_reshape(&in->t->builder, in->x, &shape);
    return true;
}

static bool take_subscript(Indexing *in, const Ast *tree, Value *value)
{
    if (tree->kind == AST_SLICE)
        return take_slice(in, tree);
    switch (value->kind) {
    case V_HOLE: return new_axis(in, tree->span);
    case V_NUMBER:
        if (value->whole)
            return take_number(in, value, tree->span);
        break;
    case V_TENSOR: case V_HOST: case V_LIST: return take_tensor(in, value, tree->span);
    default: break;
    }
    fail(in->t, E_INDEX, tree->span, "an index is a whole number, a slice, `_`, `..` or a tensor "
         "of whole numbers, but this is %s", value_kind_text(value));
    return false;
}

static Value *index_tensor(Tracer *t, Scope *scope, Node *x, const Ast *list, Span span)
{
    Subscripts s;
    if (!read_subscripts(t, scope, list, &s, span))
        return &value_poison;
    if (s.used > x->shape.rank)
        return fail(t, E_INDEX, span, "%d subscripts for %s", s.used,
                    shape_text(t->arena, &x->shape));
    Indexing in = {t, scope, x, span, 0};
    int skipped = x->shape.rank - s.used;
    for (int i = 0; i < s.count; i++) {
        if (s.tree[i]->kind == AST_REST)
            in.axis += skipped;
        else if (!take_subscript(&in, s.tree[i], s.value[i]))
            return &value_poison;
    }
    return value_tensor(t->arena, in.x);
}

// ---- fills and the rest -------------------------------------------------------------------------

static Value *index_fill(Tracer *t, Scope *scope, Value *fill, const Ast *list, Span span)
{
    Shape shape;
    if (!eval_shape(t, scope, list, &shape))
        return &value_poison;
    DType type = t->float_type;
    const Value *constant = fill->fill->a;
    if (fill->fill->kind == FILL_CONSTANT && constant->kind == V_BOOL)
        type = DT_BOOL;
    if (fill->fill->kind == FILL_CONSTANT && constant->kind == V_TENSOR)
        type = constant->node->dtype;
    if (fill->fill->kind == FILL_CONSTANT && value_is_whole(constant) && fill->fill->salt == 1)
        type = DT_I32;                  // full(3)[n]: whole numbers; zeros and ones are floats
    open_tensors(t);
    Node *node = resolve_fill(t, fill->fill, &shape, type, span);
    return node ? value_tensor(t->arena, node) : &value_poison;
}

static Value *index_names(Tracer *t, Scope *scope, Value *names, const Ast *list, Span span)
{
    if (names->names != t->metric_names)
        return fail(t, E_INDEX, span, "%s has no index", names->text);
    Value *name = eval(t, scope, list);
    if (name->kind == V_POISON)
        return name;
    if (name->kind != V_TEXT)
        return fail(t, E_STAGE, span, "the name of a metric is a string that is known when "
                    "compiling");
    return metric_value(t, name->text, list->span);
}

Value *subscript_value(Tracer *t, Scope *scope, Value *object, const Ast *subscripts, Span span)
{
    object = read_value(t, object);
    switch (object->kind) {
    case V_POISON: return object;
    case V_LIST: case V_TUPLE: return index_list(t, scope, object, subscripts, span);
    case V_TENSOR: return index_tensor(t, scope, object->node, subscripts, span);
    case V_FILL: return index_fill(t, scope, object, subscripts, span);
    case V_NAMESPACE: return index_names(t, scope, object, subscripts, span);
    case V_BUILTIN: case V_FUNCTION: {      // normal[n]: a fill of the library with its defaults
        Value *fill = call_value(t, object, NULL, 0, span);
        return fill->kind == V_FILL ? index_fill(t, scope, fill, subscripts, span)
             : fill->kind == V_POISON ? fill
             : fail(t, E_INDEX, span, "a function has no index");
    }
    default: return fail(t, E_INDEX, span, "%s has no index", value_kind_text(object));
    }
}
