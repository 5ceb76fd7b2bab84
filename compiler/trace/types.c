// types: annotations. They check and convert values, and bind size variables.
#include "tracer.h"

#include <math.h>
#include <string.h>

bool dtype_named(Tracer *t, const char *name, DType *dtype)
{
    for (int i = 0; i < DT_COUNT; i++)
        if (strcmp(dtype_name((DType)i), name) == 0) {
            *dtype = i == DT_F32 ? t->float_type : (DType)i;
            return true;
        }
    return false;
}

static bool is_size_name(const Ast *size)
{
    return size->kind == AST_NAME && size->name[0] >= 'A' && size->name[0] <= 'Z' && !size->name[1];
}

static bool asks_rows(const HostExpr *host)
{
    return host && (host->op == HOST_ROWS || asks_rows(host->a) || asks_rows(host->b)
                    || asks_rows(host->c));
}

void no_size(Tracer *t, const Value *value, Span span)
{
    if (value->kind == V_HOST && asks_rows(value->host)) {
        fail(t, E_SIZE_VALUE, span, "this size is calculated from B, which is known only when a "
             "step runs");
        diag_hint(t->diag, "sizes may be B or multiples of it; `drop_last = true` in the data "
                  "block makes B a constant");
        return;
    }
    if (value->kind == V_NUMBER && value->whole) {
        fail(t, E_SIZE_VALUE, span, "a size is at most 2^40, but this is %s",
             value_text_of(t->arena, value));
        return;
    }
    fail(t, E_SIZE_VALUE, span, value->kind == V_NUMBER
         ? "a size is a whole number, but this is %s" : "a size must be known when compiling, but "
         "this is %s", value_text_of(t->arena, value));
    if (value->kind == V_HOST)
        diag_hint(t->diag, "declare the hyperparameter `const`");
    if (value->kind == V_NUMBER)
        diag_hint(t->diag, "`/` divides to a fraction, `//` to a whole number");
}

bool eval_shape(Tracer *t, Scope *scope, const Ast *sizes, Shape *shape)
{
    shape->rank = 0;
    for (const Ast *size = sizes; size; size = size->next) {
        Value *value = eval(t, scope, size);
        if (value->kind == V_POISON)
            return false;
        Value *const *item = &value;
        int count = 1;
        if (value->kind == V_LIST) {    // f32[shape[:-1]]
            item = value->item;
            count = value->count;
        }
        for (int i = 0; i < count; i++) {
            if (shape->rank == max_rank) {
                fail(t, E_RANK, size->span, "a tensor has at most %d axes", max_rank);
                return false;
            }
            Dim *dim = &shape->dim[shape->rank++];
            if (!value_dim_of(item[i], dim)) {
                no_size(t, item[i], size->span);
                return false;
            }
            if (dim->scale < 0) {
                fail(t, E_SIZE_VALUE, size->span, "a size cannot be negative: %lld",
                     (long long)dim->scale);
                return false;
            }
        }
    }
    return true;
}

// ---- tensors ------------------------------------------------------------------------------------

typedef struct Sizes {
    const Ast *size[max_rank];
    int count, rest;            // rest: index of `..`, or -1
} Sizes;

static Sizes sizes_of(const Ast *list)
{
    Sizes sizes = {.rest = -1};
    for (; list && sizes.count < max_rank; list = list->next) {
        if (list->kind == AST_REST)
            sizes.rest = sizes.count;
        sizes.size[sizes.count++] = list;
    }
    return sizes;
}

static const char *type_text(Tracer *t, const Ast *type)
{
    return span_text(t->arena, type->span);
}

// What people forget where a size does not fit: the batch, flattening, the order of axes.
static void hint_size(Tracer *t, Dim wanted, const Shape *shape, int axis)
{
    Dim given = shape->dim[axis], joint = dim_of(1);
    for (int i = 1; i < shape->rank; i++)
        joint = dim_mul(joint, shape->dim[i]);
    int last = shape->rank - 1;
    if (given.power && !wanted.power)
        diag_hint(t->diag, "B stands for the rows of the batch, which differ in the last one");
    else if (axis == last && last > 1 && dim_equal(joint, wanted))
        diag_hint(t->diag, "merge the axes behind B first: reshape(x, [B, _])");
    else if (axis == 1 && last > 2 && dim_equal(shape->dim[last], wanted))
        diag_hint(t->diag, "channels come first, as in PyTorch: "
                  "rearrange(x, \"b h w c -> b c h w\")");
}

static bool match_size(Tracer *t, Scope *scope, const Ast *size, int axis, const Ast *type,
                       const Shape *shape, const char *what, Span at)
{
    Dim dim = shape->dim[axis];
    if (size->kind == AST_HOLE)
        return true;
    if (is_size_name(size) && !scope_here(scope, size->name)) {
        scope_bind(t->arena, scope, size->name, value_dim(t->arena, dim), BIND_LOCAL, size->span);
        return true;
    }
    Value *value = eval(t, scope, size);
    Dim wanted;
    if (value->kind == V_POISON)
        return false;
    if (!value_dim_of(value, &wanted)) {
        no_size(t, value, size->span);
        return false;
    }
    if (dim_equal(wanted, dim))
        return true;
    const char *said = span_text(t->arena, size->span);
    const char *number = dim_text(t->arena, wanted), *given = dim_text(t->arena, shape->dim[axis]);
    if (strcmp(said, number) == 0)
        fail(t, E_SHAPE, at, "%s must be %s, but is %s%s: axis %d is %s, not %s", what,
             type_text(t, type), type->name, shape_text(t->arena, shape), axis, given, number);
    else
        fail(t, E_SHAPE, at, "%s must be %s, but is %s%s: `%s` is %s, and axis %d is %s", what,
             type_text(t, type), type->name, shape_text(t->arena, shape), said, number, axis,
             given);
    hint_size(t, wanted, shape, axis);
    return false;
}

static bool match_rest(Tracer *t, const Shape *shape, int first, int count, bool *rest_known,
                       Shape *rest, const char *what, Span at)
{
    Shape found = {.rank = count};
    for (int i = 0; i < count; i++)
        found.dim[i] = shape->dim[first + i];
    if (!*rest_known) {
        *rest_known = true;
        *rest = found;
        return true;
    }
    // Where it is written twice it stands for the same sizes.
    if (shape_equal(rest, &found))
        return true;
    fail(t, E_SHAPE, at, "`..` stands for %s and for %s in one signature",
         shape_text(t->arena, rest), shape_text(t->arena, &found));
    diag_note(t->diag, at, "%s is the second", what);
    return false;
}

static bool match_shape(Tracer *t, Scope *scope, const Ast *type, const Shape *shape,
                        const char *what, Span at, bool *rest_known, Shape *rest)
{
    Sizes sizes = sizes_of(type->a);
    int fixed = sizes.count - (sizes.rest >= 0);
    if (sizes.rest < 0 ? shape->rank != fixed : shape->rank < fixed) {
        fail(t, E_RANK, at, "%s must be %s, with %s%d ax%s, but is %s%s", what,
             type_text(t, type), sizes.rest < 0 ? "" : "at least ", fixed,
             fixed == 1 ? "is" : "es", type->name, shape_text(t->arena, shape));
        if (shape->rank + 1 == fixed && shape->rank > 1)
            diag_hint(t->diag, "`_` in an index adds an axis of size 1: %s",
                      t->making_data ? "x[_]" : "x[:, _]");
        else if (sizes.rest < 0 && fixed == 2 && shape->rank > 2)
            diag_hint(t->diag, "merge the axes behind B first: reshape(x, [B, _])");
        return false;
    }
    int behind = sizes.rest < 0 ? 0 : sizes.count - sizes.rest - 1;
    int before = fixed - behind;
    // Bare size variables first, so that compounds of them can be checked.
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; i < fixed; i++) {
            const Ast *size = sizes.size[i < before ? i : i + (sizes.rest >= 0)];
            int axis = i < before ? i : shape->rank - fixed + i;
            if (is_size_name(size) != (pass == 0))
                continue;
            if (!match_size(t, scope, size, axis, type, shape, what, at))
                return false;
        }
    if (sizes.rest < 0)
        return true;
    return match_rest(t, shape, before, shape->rank - fixed, rest_known, rest, what, at);
}

static Value *match_tensor(Tracer *t, Scope *scope, const Ast *type, DType dtype, Value *value,
                           const char *what, Span at, bool *rest_known, Shape *rest)
{
    value = read_value(t, value);
    if (value->kind == V_NUMBER || value->kind == V_BOOL || value->kind == V_HOST
        || value->kind == V_DURATION) {
        // A number stands for a tensor of rank 0, and where `..` leaves the shape open.
        if (!type->flag || (type->a && type->a->kind == AST_REST && !type->a->next)
            || type->a == NULL) {
            if (value->kind == V_NUMBER && !value->whole && dtype_kind(dtype) != KIND_FLOAT)
                return fail(t, E_LITERAL, at, "%s must be %s, but is %.15g", what,
                            type_text(t, type), value->number);
            return value;
        }
        return fail(t, E_NOT_A_TENSOR, at, "%s must be %s, but is %s", what, type_text(t, type),
                    value_kind_text(value));
    }
    if (value->kind == V_LIST) {
        Node *node = to_tensor(t, value, dtype, at);
        value = node ? value_tensor(t->arena, node) : &value_poison;
    }
    if (value->kind == V_POISON)
        return value;
    if (value->kind == V_FILL) {
        Shape shape;
        Sizes sizes = sizes_of(type->a);
        if (sizes.rest >= 0 || !eval_shape(t, scope, type->a, &shape))
            return fail(t, E_NOT_A_TENSOR, at, "%s needs a shape: zeros[n], randn[B, 4]", what);
        Node *node = resolve_fill(t, value->fill, &shape, dtype, at);
        return node ? value_tensor(t->arena, node) : &value_poison;
    }
    if (value->kind != V_TENSOR)
        return fail(t, E_NOT_A_TENSOR, at, "%s must be %s, but is %s", what, type_text(t, type),
                    value_kind_text(value));
    if (value->node->dtype != dtype) {
        fail(t, E_DTYPE, at, "%s must be %s, but is %s", what, type_text(t, type),
             value_text_of(t->arena, value));
        note_origin(t, value->node, at);
        diag_hint(t->diag, "types never change silently; if a cast is meant: %s(…)",
                  dtype_name(dtype));
        return &value_poison;
    }
    if (!match_shape(t, scope, type, &value->node->shape, what, at, rest_known, rest)) {
        if (type->span.source && !type->span.source->library)
            diag_note(t->diag, type->span, "declared here");
        note_origin(t, value->node, at);
        return &value_poison;
    }
    return value;
}

// ---- everything else ----------------------------------------------------------------------------

static Value *mismatch(Tracer *t, const Ast *type, const Value *value, const char *what, Span at)
{
    fail(t, E_WRONG_TYPE, at, "%s must be %s, but is %s", what, type_text(t, type),
         value->kind == V_NUMBER || value->kind == V_TEXT || value->kind == V_BOOL
         ? value_text_of(t->arena, value) : value_kind_text(value));
    if (type->span.source)
        diag_note(t->diag, type->span, "declared here");
    if (value->kind == V_NUMBER && !value->whole && type->name && strcmp(type->name, "int") == 0)
        diag_hint(t->diag, "`/` divides to a fraction, `//` to a whole number");
    return &value_poison;
}

static Value *match_number(Tracer *t, const Ast *type, Value *value, const char *what, Span at,
                           bool whole)
{
    if (value->kind == V_NUMBER && (!whole || value->whole))
        return whole || !value->whole ? value : number_value(t->arena, value->number, false);
    if (value->kind == V_NUMBER && whole && value->number == floor(value->number))
        return number_value(t->arena, value->number, true);
    if (value->kind == V_DURATION)
        return value;
    if (value->kind == V_HOST && value->host->type != HOST_STRING && value->host->type != HOST_BOOL)
        return value;
    if (value->kind == V_TENSOR && !whole && value->node->shape.rank == 0)
        return value;
    return mismatch(t, type, value, what, at);
}

static Value *match_words(Tracer *t, const Ast *type, Value *value, const char *what, Span at)
{
    if (value->kind == V_HOST && value->host->type == HOST_STRING)
        return value;
    if (value->kind == V_TEXT)
        for (const Ast *word = type->a; word; word = word->next)
            if (strcmp(word->text, value->text) == 0)
                return value;
    return mismatch(t, type, value, what, at);
}

static Value *match_list(Tracer *t, Scope *scope, const Ast *type, Value *value, const char *what,
                         Span at)
{
    if (value->kind != V_LIST && value->kind != V_TUPLE)
        return mismatch(t, type, value, what, at);
    bool known = false;
    Shape rest;
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(value->count + 1));
    for (int i = 0; i < value->count; i++) {
        const char *which = arena_format(t->arena, "%s[%d]", what, i);
        item[i] = match_type(t, scope, type->a, value->item[i], which, at, &known, &rest);
        if (item[i]->kind == V_POISON)
            return &value_poison;
    }
    return value_list(t->arena, V_LIST, item, value->count);
}

static Value *match_tuple(Tracer *t, Scope *scope, const Ast *type, Value *value, const char *what,
                          Span at, bool *rest_known, Shape *rest)
{
    int count = ast_count(type->a);
    if (count == 1)
        return match_type(t, scope, type->a, value, what, at, rest_known, rest);
    if ((value->kind != V_TUPLE && value->kind != V_LIST) || value->count != count)
        return mismatch(t, type, value, what, at);
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(count + 1));
    const Ast *one = type->a;
    for (int i = 0; i < count; i++, one = one->next) {
        const char *which = arena_format(t->arena, "%s[%d]", what, i);
        item[i] = match_type(t, scope, one, value->item[i], which, at, rest_known, rest);
        if (item[i]->kind == V_POISON)
            return &value_poison;
    }
    return value_list(t->arena, V_TUPLE, item, count);
}

static bool is_callable(const Value *value)
{
    switch (value->kind) {
    case V_FUNCTION: case V_BUILTIN: case V_PARTIAL: case V_DTYPE: case V_DECLARATION:
    case V_PART: case V_LIST: return true;
    default: return false;
    }
}

static const char *type_meant(Tracer *t, const char *name)
{
    static const char *const foreign[][2] = {
        {"float32", "f32"}, {"float64", "f64"}, {"float16", "f16"}, {"bfloat16", "bf16"},
        {"double", "f64"}, {"half", "f16"}, {"Tensor", "f32[..]"}, {"tensor", "f32[..]"},
        {"int64", "i64"}, {"int32", "i32"}, {"int16", "i16"}, {"int8", "i8"}, {"uint8", "u8"},
        {"long", "i64"}, {"integer", "int"}, {"str", "string"}, {"boolean", "bool"},
        {"Module", "part"}, {"callable", "fn"}, {"Callable", "fn"},
    };
    static const char *const own[] = {"f64", "f32", "f16", "bf16", "i64", "i32", "i16", "i8", "u8",
                                      "bool", "int", "float", "string", "duration", "size", "part"};
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (strcmp(foreign[i][0], name) == 0)
            return foreign[i][1];
    return diag_nearest(t->arena, name, own, sizeof own / sizeof *own);
}

static Value *match_named(Tracer *t, Scope *scope, const Ast *type, Value *value, const char *what,
                          Span at, bool *rest_known, Shape *rest)
{
    const char *name = type->name;
    DType dtype;
    if (dtype_named(t, name, &dtype) && (type->flag || strcmp(name, "bool") != 0
                                         || value->kind == V_TENSOR))
        return match_tensor(t, scope, type, dtype, value, what, at, rest_known, rest);
    if (strcmp(name, "int") == 0)
        return match_number(t, type, value, what, at, true);
    if (strcmp(name, "float") == 0 || strcmp(name, "size") == 0)
        return match_number(t, type, value, what, at, false);
    if (strcmp(name, "bool") == 0)
        return value->kind == V_BOOL || (value->kind == V_HOST && value->host->type == HOST_BOOL)
             ? value : mismatch(t, type, value, what, at);
    if (strcmp(name, "string") == 0)
        return value->kind == V_TEXT || (value->kind == V_HOST && value->host->type == HOST_STRING)
             ? value : mismatch(t, type, value, what, at);
    if (strcmp(name, "duration") == 0)
        return value->kind == V_DURATION || value->kind == V_NUMBER || value->kind == V_HOST
             ? value : mismatch(t, type, value, what, at);
    if (strcmp(name, "part") == 0)
        return is_part(value) || is_callable(value) ? value : mismatch(t, type, value, what, at);
    if (strcmp(name, "fn") == 0)
        return is_callable(value) ? value : mismatch(t, type, value, what, at);
    fail(t, E_UNKNOWN_TYPE, type->span, "`%s` is not a type", name);
    const char *meant = type_meant(t, name);
    if (meant)
        diag_hint(t->diag, "did you mean `%s`?", meant);
    else
        diag_hint(t->diag, "types are f64 f32 f16 bf16 i64 i32 i16 i8 u8 bool with sizes, int "
                  "float bool string duration size part fn, lists [int], tuples (int, int), words "
                  "\"a\" | \"b\"");
    return &value_poison;
}

Value *match_type(Tracer *t, Scope *scope, const Ast *type, Value *value, const char *what, Span at,
                  bool *rest_known, Shape *rest)
{
    if (!type || value->kind == V_POISON || value->kind == V_HOLE)
        return value;
    switch (type->kind) {
    case AST_TYPE:
        return match_named(t, scope, type, value, what, at, rest_known, rest);
    case AST_TYPE_LIST: return match_list(t, scope, type, value, what, at);
    case AST_TYPE_TUPLE:
        return match_tuple(t, scope, type, value, what, at, rest_known, rest);
    case AST_TYPE_WORDS: return match_words(t, type, value, what, at);
    case AST_TYPE_OPTIONAL:
        return value->kind == V_NONE ? value
             : match_type(t, scope, type->a, value, what, at, rest_known, rest);
    case AST_TYPE_BOUND: {
        value = match_type(t, scope, type->a, value, what, at, rest_known, rest);
        if (value->kind == V_NUMBER && type->b && value->number > type->b->number)
            return fail(t, E_BOUND, at, "%s is at most %.15g, but is %.15g", what,
                        type->b->number, value->number);
        return value;
    }
    default: return value;
    }
}
