// evaluate: expressions to values.
#include "../base/text.h"
#include "tracer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Value *fail(Tracer *t, Code code, Span at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *text = arena_vformat(t->arena, format, list);
    va_end(list);
    // A mistake that shows inside the library was made where the library was called.
    bool inside = at.source && at.source->library && t->called_from.source;
    diag_error(t->diag, code, inside ? t->called_from : at, "%s", text);
    if (inside && t->self && !t->making)
        note_made(t, t->self);
    if (inside)
        diag_note(t->diag, at, "it shows here, in the library");
    return &value_poison;
}

// Loops and lists are unrolled; a slip in a bound must not take the memory of the machine.
bool unroll(Tracer *t, int64_t count, Span span)
{
    bool before = t->unrolled > most_unrolled;
    t->unrolled += count;
    if (t->unrolled <= most_unrolled)
        return true;
    if (!before) {
        fail(t, E_LIMIT, span, "the loops and lists of this spec have more than %d items when they "
             "are unrolled", most_unrolled);
        diag_hint(t->diag, "what a step repeats so often is written on whole tensors");
    }
    return false;
}

// Functions and layers are inlined. After a recursion that was too deep nothing else within its
// calls is, as each of them might go as deep again.
bool may_inline(Tracer *t, Span span)
{
    if (t->too_deep && t->calls > 0)
        return false;
    if (++t->inlined == most_inlined) {
        fail(t, E_LIMIT, span, "the functions and layers of this spec are applied more than %d "
             "times when they are inlined", most_inlined);
        diag_hint(t->diag, "what calls another twice, and that one another twice, soon doubles "
                  "without end");
    }
    return t->inlined < most_inlined;
}

// Where a part of the library was made, for mistakes in how it is applied.
void note_made(Tracer *t, const Part *part)
{
    if (*part->path && part->span.source && !part->span.source->library)
        diag_note(t->diag, part->span, "`%s` is made here", part->path);
}

// Where a tensor comes from: the spec's line that made it, unless the message stands there.
void note_origin(Tracer *t, const Node *node, Span at)
{
    Span span = node->call.source ? node->call : node->span;
    const Span shown = at.source && at.source->library ? t->called_from : at;
    if (!span.source || (span.source == shown.source && span.begin == shown.begin
                         && span.end == shown.end))
        return;
    const char *text = arena_format(t->arena, "%s%s", dtype_name(node->dtype),
                                    shape_text(t->arena, &node->shape));
    if (node->prim == P_FIELD)
        diag_note(t->diag, span, "`%s` of the batch is %s", node->name, text);
    else if (node->prim == P_VARIABLE)
        diag_note(t->diag, span, "`%s` is %s", node->name, text);
    else
        diag_note(t->diag, span, "this is %s", text);
}

const char *join_path(Tracer *t, const char *path, const char *name)
{
    return *path ? arena_format(t->arena, "%s.%s", path, name) : name;
}

void set_origin(Tracer *t, Span span)
{
    t->builder.origin.span = span;
    t->builder.origin.call = span.source && span.source->library ? t->called_from : span;
    t->builder.origin.path = t->path;
    t->builder.origin.guard = t->guard;
}

// A leaf in a step is its tensor: the newest version, without gradient where it is frozen.
Value *read_value(Tracer *t, Value *value)
{
    if (value->kind != V_LEAF)
        return value;
    Leaf *leaf = value->leaf;
    if (!t->making)
        open_tensors(t);                // a hook that reads a tensor
    if (!t->graph)
        return value;
    Node *node = leaf->node ? leaf->node : variable_now(t, leaf->variable);
    return value_tensor(t->arena, node);
}

// While layers are made a leaf stays one: given to another layer, it ties a parameter.
static Value *look_up(Tracer *t, Value *value)
{
    return t->making ? value : read_value(t, value);
}

// A constant of a file, evaluated at its first use; -D may give it another value.
static Value *constant_value(Tracer *t, Declaration *declaration, Span span)
{
    if (declaration->value)
        return declaration->value;
    if (declaration->busy)
        return fail(t, E_CYCLE, span, "`%s` depends on itself", declaration->name);
    declaration->busy = true;
    Value *value = declaration->scope == t->file ? defined_value(t, declaration->name) : NULL;
    if (!value)
        value = eval(t, declaration->scope, declaration->tree->a);
    declaration->busy = false;
    declaration->value = value;
    return value;
}

static Value *eval_name(Tracer *t, Scope *scope, const Ast *tree)
{
    Binding *binding = scope_find(scope, tree->name);
    if (!binding && t->in_step && t->graph && strcmp(tree->name, "B") == 0)
        return value_dim(t->arena, t->graph->bound ? (Dim){1, 1} : batch_dim(t));
    if (!binding && strcmp(tree->name, "batched") == 0)
        return value_bool(t->in_step);  // false in `sample`, where there is one row
    if (!binding) {
        const int before = diag_count(t->diag);
        fail(t, E_UNKNOWN_NAME, tree->span, "`%s` is not known here", tree->name);
        if (diag_count(t->diag) > before)       // once, however often it is inlined
            hint_name(t, scope, tree->name);
        return &value_poison;
    }
    binding->used = true;
    if (binding->one_path) {
        fail(t, E_UNKNOWN_NAME, tree->span, "`%s` is bound on one path only", tree->name);
        diag_note(t->diag, binding->span, "here, under a condition that may not hold");
        diag_hint(t->diag, "bind it before the `if`, or in both branches");
        return &value_poison;
    }
    if (binding->host_state >= 0 && t->host)
        return binding->value;
    if (binding->value->kind == V_DECLARATION) {
        Declaration *declaration = binding->value->declaration;
        declaration->used = true;
        if (declaration->kind == AST_CONSTANT)
            return constant_value(t, declaration, tree->span);
        if (declaration->kind == AST_DATA) {
            DataPart *data = data_part(t, declaration);
            if (!data)
                return &value_poison;
            Value *value = new_value(t->arena, V_DATA);
            value->data = data;
            return value;
        }
    }
    return current_value(t, look_up(t, binding->value), tree->span);
}

// ---- members behind a dot -----------------------------------------------------------------------

static Value *shape_value(Tracer *t, const Shape *shape)
{
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(shape->rank + 1));
    for (int i = 0; i < shape->rank; i++)
        item[i] = value_dim(t->arena, shape->dim[i]);
    return value_list(t->arena, V_LIST, item, shape->rank);
}

static Value *tensor_field(Tracer *t, const Shape *shape, Value *object, const char *name,
                           Span span)
{
    if (strcmp(name, "shape") == 0)
        return shape_value(t, shape);
    if (strcmp(name, "rank") == 0)
        return value_int(t->arena, shape->rank);
    if (strcmp(name, "size") == 0)
        return value_dim(t->arena, shape_size(shape));
    if (strcmp(name, "T") == 0 && object->kind == V_TENSOR) {
        if (shape->rank < 2)
            return fail(t, E_RANK, span, "`.T` swaps the last two axes, but this is %s",
                        value_text_of(t->arena, object));
        int order[max_rank];
        for (int i = 0; i < shape->rank; i++)
            order[i] = i;
        order[shape->rank - 2] = shape->rank - 1;
        order[shape->rank - 1] = shape->rank - 2;
        set_origin(t, span);
        return value_tensor(t->arena, make_permute(&t->builder, object->node, order));
    }
    fail(t, E_FIELD, span, "a tensor has no `%s`", name);
    hint_member(t, name, "a tensor has shape, rank, size and T");
    return &value_poison;
}

static Value *scope_field(Tracer *t, Scope *names, const char *name, const char *what, Span span)
{
    Binding *binding = scope_here(names, name);
    if (!binding) {
        fail(t, E_FIELD, span, "%s has no `%s`", what, name);
        const char *names_here[128], *near;
        int count = 0;
        for (Binding *b = names->first; b && count < 128; b = b->next)
            names_here[count++] = b->name;
        if ((near = diag_nearest(t->arena, name, names_here, count)))
            diag_hint(t->diag, "did you mean `%s`?", near);
        else
            hint_member(t, name, count && count < 12 ? arena_format(t->arena, "it has %s",
                        join_names(t, names_here, count)) : NULL);
        return &value_poison;
    }
    binding->used = true;
    return look_up(t, binding->value);
}

Value *field_of(Tracer *t, Value *object, const char *name, Span span)
{
    switch (object->kind) {
    case V_POISON: return object;
    case V_TENSOR: return tensor_field(t, &object->node->shape, object, name, span);
    case V_LEAF:
        return tensor_field(t, object->leaf->variable ? &object->leaf->variable->shape
                                                      : &object->leaf->node->shape,
                            object, name, span);
    case V_LIST: case V_TUPLE:
        if (strcmp(name, "size") == 0)
            return value_int(t->arena, object->count);
        fail(t, E_FIELD, span, "%s has no `%s`", value_kind_text(object), name);
        diag_hint(t->diag, "a list has `size`; its items are xs[0], xs[-1], xs[1:]");
        return &value_poison;
    case V_RECORD:
        for (int i = 0; i < object->count; i++)
            if (strcmp(object->label[i], name) == 0)
                return look_up(t, object->item[i]);
        return fail(t, E_FIELD, span, "the record has no `%s`", name);
    case V_PART:
        return scope_field(t, object->part->scope, name,
                           arena_format(t->arena, "`%s`", object->part->declaration->name), span);
    case V_INSTANCE:
        return scope_field(t, object->instance->scope, name, object->instance->declaration->name,
                           span);
    case V_NAMESPACE: {
        Value *value = scope_field(t, object->names, name, object->text, span);
        if (value->kind == V_DECLARATION && value->declaration->kind == AST_CONSTANT)
            return constant_value(t, value->declaration, span);
        if (value->kind == V_DECLARATION && value->declaration->kind == AST_DATA) {
            DataPart *data = data_part(t, value->declaration);
            value = data ? new_value(t->arena, V_DATA) : &value_poison;
            if (data)
                value->data = data;
        }
        return value;
    }
    case V_DATA: return data_field(t, object->data, name, span);
    case V_BATCH: return batch_member(t, object->batch, name, span);
    case V_SOURCE: return source_field(t, object, name, span);
    default:
        return fail(t, E_FIELD, span, "%s has no members", value_kind_text(object));
    }
}

// ---- lists, comprehensions ----------------------------------------------------------------------

typedef struct Items {
    Value **item;
    int count, capacity;
} Items;

static void items_add(Tracer *t, Items *items, Value *value)
{
    items->item = arena_grow(t->arena, items->item, items->count, &items->capacity,
                             sizeof(Value *));
    items->item[items->count++] = value;
}

// While a layer's body is made, what stands in a list gets the path of its place.
static Value *eval_item(Tracer *t, Scope *scope, const Ast *tree, const char *path, int place)
{
    if (!t->making)
        return eval(t, scope, tree);
    int base = t->item_base;
    t->path = join_path(t, path, arena_format(t->arena, "%d", base + place));
    t->item_base = 0;
    Value *value = eval(t, scope, tree);
    t->item_base = base;
    t->path = path;
    return value;
}

static Value *eval_items(Tracer *t, Scope *scope, const Ast *list, ValueKind kind)
{
    Items items = {0};
    const char *path = t->path;
    for (; list; list = list->next) {
        if (list->kind == AST_ARROW) {
            Value **pair = arena_alloc(t->arena, 2 * sizeof *pair);
            pair[0] = eval(t, scope, list->a);
            pair[1] = eval(t, scope, list->b);
            items_add(t, &items, value_list(t->arena, V_ARROW, pair, 2));
            continue;
        }
        Value *value = eval_item(t, scope, list, path, items.count);
        if (value->kind == V_POISON)
            return value;
        items_add(t, &items, value);
    }
    return value_list(t->arena, kind, items.item, items.count);
}

static Value *eval_record(Tracer *t, Scope *scope, const Ast *list)
{
    Value *record = new_value(t->arena, V_RECORD);
    int count = ast_count(list);
    record->item = arena_alloc(t->arena, sizeof *record->item * (size_t)count);
    record->label = arena_alloc(t->arena, sizeof *record->label * (size_t)count);
    const char *path = t->path;
    for (; list; list = list->next) {
        if (!list->name)
            return fail(t, E_RECORD_NAME, list->span,
                        "every item of a record has a name: (x = a, y = b)");
        if (t->making)
            t->path = join_path(t, path, list->name);
        record->label[record->count] = list->name;
        record->item[record->count] = eval(t, scope, list->a);
        t->path = path;
        if (record->item[record->count++]->kind == V_POISON)
            return &value_poison;
    }
    return record;
}

static void comprehend(Tracer *t, Scope *scope, const Ast *element, const Ast *clause, Items *items,
                       const char *path, bool *bad)
{
    if (*bad)
        return;
    if (!clause && !unroll(t, 1, element->span)) {
        *bad = true;
        return;
    }
    if (!clause) {
        Value *value = eval_item(t, scope, element, path, items->count);
        *bad |= value->kind == V_POISON;
        items_add(t, items, value);
        return;
    }
    Value *over = eval(t, scope, clause->kind == AST_CLAUSE_IF ? clause->a : clause->b);
    if (over->kind == V_POISON) {
        *bad = true;
    } else if (clause->kind == AST_CLAUSE_IF) {
        if (over->kind != V_BOOL) {
            fail(t, E_STAGE, clause->a->span, "a condition in a list must be known when compiling, "
                 "but this is %s", value_kind_text(over));
            *bad = true;
        } else if (over->number != 0) {
            comprehend(t, scope, element, clause->next, items, path, bad);
        }
    } else if (over->kind != V_LIST && over->kind != V_TUPLE) {
        fail(t, E_NOT_A_LIST, clause->b->span, "`for` goes over a list, but this is %s",
             value_kind_text(over));
        *bad = true;
    } else {
        for (int i = 0; i < over->count && !*bad; i++) {
            Scope *inner = scope_new(t->arena, scope);
            *bad |= !bind_targets(t, inner, clause->a, over->item[i], BIND_LOCAL);
            comprehend(t, inner, element, clause->next, items, path, bad);
        }
    }
}

static Value *eval_comprehension(Tracer *t, Scope *scope, const Ast *tree)
{
    Items items = {0};
    bool bad = false;
    const char *path = t->path;
    comprehend(t, scope, tree->a, tree->b, &items, path, &bad);
    t->path = path;
    return bad ? &value_poison : value_list(t->arena, V_LIST, items.item, items.count);
}

// Binds names to a value; lists and tuples come apart.
bool bind_targets(Tracer *t, Scope *scope, const Ast *target, Value *value, BindingKind kind)
{
    int count = ast_count(target);
    if (count == 1) {
        if (value->kind == V_POISON && target->kind != AST_TARGETS) {
            if (target->kind == AST_NAME)
                scope_bind(t->arena, scope, target->name, value, kind, target->span);
            return true;
        }
        if (target->kind == AST_HOLE)
            return true;
        if (target->kind == AST_TARGETS)
            return bind_targets(t, scope, target->a, value, kind);
        scope_bind(t->arena, scope, target->name, value, kind, target->span);
        return true;
    }
    if (value->kind == V_POISON) {
        for (; target; target = target->next)
            if (!bind_targets(t, scope, &(Ast){.kind = target->kind, .name = target->name,
                                               .a = target->a, .span = target->span}, value, kind))
                return false;
        return true;
    }
    if (value->kind != V_LIST && value->kind != V_TUPLE && value->kind != V_RECORD) {
        fail(t, E_DESTRUCTURE, target->span, "%d names need %d values, but this is %s", count,
             count, value_kind_text(value));
        return false;
    }
    if (value->count != count) {
        fail(t, E_DESTRUCTURE, target->span, "%d names for %d values", count, value->count);
        return false;
    }
    bool good = true;
    for (int i = 0; target; target = target->next, i++) {
        Ast one = *target;
        one.next = NULL;
        good &= bind_targets(t, scope, &one, value->item[i], kind);
    }
    return good;
}

// ---- strings ------------------------------------------------------------------------------------

// A name that only the run fills in: that of a logged value, epoch or step.
static bool stays_open(const Tracer *t, const char *text, size_t length, const Value *value)
{
    if (!t->keeps_holes || !length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("_/-", text[i]))
            return false;
    return value->kind != V_NUMBER && value->kind != V_BOOL && value->kind != V_TEXT
        && value->kind != V_HOST && value->kind != V_TENSOR;
}

// One `{name.field:format}` of a string: the words before the colon are parsed as a path of names
// and subscripts; anything richer is an error that says so.
static Value *eval_hole_text(Tracer *t, Scope *scope, const char *text, size_t length, Span span)
{
    const char *copy = arena_format(t->arena, "x = %.*s", (int)length, text);
    Source *source = source_new(t->arena, span.source ? span.source->path : "", copy, strlen(copy));
    Diag *quiet = diag_new(t->arena);
    Ast *tree = parse(t->arena, t->atoms, quiet, source);
    if (diag_failed(quiet) || !tree->a || tree->a->kind != AST_CONSTANT)
        return fail(t, E_INTERPOLATION, span, "`{%.*s}` in this string is not an expression",
                    (int)length, text);
    Diag *outer = t->diag;
    t->diag = quiet;
    Value *value = eval(t, scope, tree->a->a);
    t->diag = outer;
    if (stays_open(t, text, length, value))
        return &value_hole;
    if (value->kind == V_POISON)
        return fail(t, E_INTERPOLATION, span, "`{%.*s}` in this string is not known here",
                    (int)length, text);
    return value;
}

typedef void PieceText(void *data, const char *text, size_t length);
typedef void PieceValue(void *data, Value *value, const char *format);

static bool interpolate(Tracer *t, Scope *scope, const Ast *string, PieceText *on_text,
                        PieceValue *on_value, void *data)
{
    const char *at = string->text, *from = at;
    while (*at) {
        if (at[0] == '\\' && (at[1] == '{' || at[1] == '}')) {
            on_text(data, from, (size_t)(at - from));
            from = at + 1;
            at += 2;
            continue;
        }
        if (*at != '{') {
            at++;
            continue;
        }
        on_text(data, from, (size_t)(at - from));
        size_t length = strcspn(at + 1, "}");
        if (!at[1 + length]) {
            fail(t, E_INTERPOLATION, string->span, "a `{` in this string has no `}`");
            diag_hint(t->diag, "write \\{ for the character itself");
            return false;
        }
        size_t name = 0;
        int depth = 0;
        for (; name < length; name++) {
            char c = at[1 + name];
            depth += (c == '[' || c == '(') - (c == ']' || c == ')');
            if (c == ':' && depth == 0)
                break;
        }
        Value *value = eval_hole_text(t, scope, at + 1, name, string->span);
        if (value->kind == V_POISON)
            return false;
        const char *format = name < length
            ? arena_string(t->arena, at + 2 + name, length - name - 1) : NULL;
        if (value->kind == V_HOLE)
            on_text(data, at, length + 2);
        else
            on_value(data, value, format);
        t->hole_kept |= value->kind == V_HOLE;
        at += length + 2;
        from = at;
    }
    on_text(data, from, (size_t)(at - from));
    return true;
}

typedef struct Joined {
    Tracer *t;
    Text text;
    Span span;
    bool bad;
    HostText *first, **last, *piece;
} Joined;

static void join_text(void *data, const char *text, size_t length)
{
    text_bytes(&((Joined *)data)->text, text, length);
}

// The letters that a number may be shown with; anything else is refused, so that no format string
// of a user reaches printf.
static const char *number_format(const char *format)
{
    if (!format)
        return "%.6g";
    const char *at = format;
    while ((*at >= '0' && *at <= '9') || *at == '.')
        at++;
    if (strlen(format) > 8 || (*at != 'g' && *at != 'f' && *at != 'e' && *at != 'd') || at[1])
        return NULL;
    return format;
}

static const char *checked_format(Joined *joined, const char *format)
{
    const char *good = number_format(format);
    if (!good) {
        joined->bad = true;
        fail(joined->t, E_INTERPOLATION, joined->span, "`:%s` is no number format", format);
        diag_hint(joined->t->diag, "formats are like .3g, .2f, 8.3e and d");
        return "%.6g";
    }
    if (*good == '%')
        return good;
    size_t n = strlen(good);
    return good[n - 1] == 'd' ? arena_format(joined->t->arena, "%%%.*s.0f", (int)n - 1, good)
                              : arena_format(joined->t->arena, "%%%s", good);
}

static void join_value(void *data, Value *value, const char *format)
{
    Joined *joined = data;
    char buffer[64];
    if (value->kind == V_NUMBER || value->kind == V_BOOL) {
        const char *how = format ? checked_format(joined, format) : "%.15g";
        snprintf(buffer, sizeof buffer, how, value->number);
        text_add(&joined->text, "%s", buffer);
    } else if (value->kind == V_TEXT) {
        text_add(&joined->text, "%s", value->text);
    } else if (value->kind == V_HOST && value->host->op != HOST_ROWS) {
        joined->bad = true;
        fail(joined->t, E_STAGE, joined->span, "this string must be known when compiling, but it "
             "shows a number that is known between steps");
    } else {
        text_add(&joined->text, "%s", value_text_of(joined->t->arena, value));
    }
}

const char *format_text(Tracer *t, Scope *scope, const Ast *string)
{
    Joined joined = {.t = t, .text = text_new(t->arena), .span = string->span};
    if (!interpolate(t, scope, string, join_text, join_value, &joined) || joined.bad)
        return NULL;
    return joined.text.data;
}

static void host_piece(Joined *joined, const char *text, const HostExpr *value, const char *format)
{
    HostText *before = joined->piece;
    if (text && before && before->text) {       // literals become one
        before->text = arena_format(joined->t->arena, "%s%s", before->text, text);
        return;
    }
    HostText *piece = arena_alloc(joined->t->arena, sizeof *piece);
    piece->text = text;
    piece->value = value;
    piece->format = format;
    *joined->last = piece;
    joined->last = &piece->next;
    joined->piece = piece;
}

static void host_join_text(void *data, const char *text, size_t length)
{
    Joined *joined = data;
    if (length)
        host_piece(joined, arena_string(joined->t->arena, text, length), NULL, NULL);
}

static void host_join_value(void *data, Value *value, const char *format)
{
    Joined *joined = data;
    if (joined->t->host && joined->t->host_tensors && value->kind == V_TENSOR) {
        Dim size = shape_size(&value->node->shape);
        value = !size.power && size.scale == 1 ? item_of(joined->t, value, joined->span) : value;
    }
    if (value->kind == V_HOST) {
        host_piece(joined, NULL, value->host,
                   value->host->type == HOST_STRING ? "%s" : checked_format(joined, format));
        return;
    }
    size_t before = joined->text.length;
    join_value(data, value, format);
    host_piece(joined, arena_string(joined->t->arena, joined->text.data + before,
                                    joined->text.length - before), NULL, NULL);
}

HostText *message_text(Tracer *t, Scope *scope, const Ast *string)
{
    Joined joined = {.t = t, .text = text_new(t->arena), .span = string->span};
    joined.last = &joined.first;
    if (!interpolate(t, scope, string, host_join_text, host_join_value, &joined) || joined.bad)
        return NULL;
    return joined.first;
}

// ---- calls --------------------------------------------------------------------------------------

static bool is_hole_argument(const Value *value)
{
    return value->kind == V_HOLE;
}

// `f(_, a)` is a function of what is missing.
static Value *make_partial(Tracer *t, Value *callee, Argument *argument, int count, Span span)
{
    Value *value = new_value(t->arena, V_PARTIAL);
    value->partial = arena_alloc(t->arena, sizeof *value->partial);
    value->partial->callee = callee;
    value->partial->argument = argument;
    value->partial->count = count;
    value->span = span;
    return value;
}

// The name under which an argument at this place is made: parts made there get it as their path.
static const char *parameter_name(const Value *callee, const Ast *argument, int place)
{
    if (argument->name)
        return argument->name;
    if (callee->kind != V_DECLARATION)
        return NULL;
    const Ast *parameter = callee->declaration->tree->a;
    while (parameter && place-- > 0)
        parameter = parameter->next;
    return parameter ? parameter->name : NULL;
}

// A schedule given to an optimiser's `lr` has its settings under "optimizer.lr".
static const char *setting_prefix(Tracer *t, const Value *callee, const Ast *argument, int place)
{
    const char *name = parameter_name(callee, argument, place);
    const char *prefix = callee->declaration->kind == AST_CALLBACK ? callee->declaration->name
                                                                   : t->instance_prefix;
    return name ? join_path(t, prefix, name) : prefix;
}

static Argument *eval_arguments(Tracer *t, Scope *scope, const Value *callee, const Ast *list,
                                Argument *first, int *count, bool *bad)
{
    int room = ast_count(list) + 1;
    Argument *argument = arena_alloc(t->arena, sizeof *argument * (size_t)room);
    *count = 0;
    if (first)
        argument[(*count)++] = *first;
    const char *path = t->path;
    for (const Ast *tree = list; tree; tree = tree->next) {
        const char *name = t->making && callee->kind == V_DECLARATION
                         ? parameter_name(callee, tree, *count) : NULL;
        if (name)
            t->path = join_path(t, path, name);
        const char *prefix = t->instance_prefix;
        if (prefix && callee->kind == V_DECLARATION)
            t->instance_prefix = setting_prefix(t, callee, tree, *count);
        Value *value = eval(t, scope, tree->a);
        t->instance_prefix = prefix;
        t->path = path;
        *bad |= value->kind == V_POISON;
        argument[(*count)++] = (Argument){tree->name, value, tree->span};
    }
    return argument;
}

static Value *eval_call(Tracer *t, Scope *scope, const Ast *tree)
{
    Value *callee = eval(t, scope, tree->a);
    int count;
    bool bad = callee->kind == V_POISON, outer = t->fitting, outer_keeps = t->keeps_holes;
    t->fitting = callee->kind == V_BUILTIN && strcmp(callee->builtin->name, "fitted") == 0;
    t->keeps_holes = (callee->kind == V_BUILTIN && strcmp(callee->builtin->name, "save") == 0)
                  || (callee->kind == V_DECLARATION && callee->declaration->kind == AST_CALLBACK);
    Argument *argument = eval_arguments(t, scope, callee, tree->b, NULL, &count, &bad);
    t->fitting = outer;
    t->keeps_holes = outer_keeps;
    if (bad)
        return &value_poison;
    for (int i = 0; i < count; i++)
        if (is_hole_argument(argument[i].value) && callee->kind != V_FILL)
            return make_partial(t, callee, argument, count, tree->span);
    return call_value(t, callee, argument, count, tree->span);
}

// x |> f(a): x takes the place of `_` if there is one, else it comes first.
static Value *eval_pipe(Tracer *t, Scope *scope, const Ast *tree)
{
    Value *x = eval(t, scope, tree->a);
    const Ast *right = tree->b;
    if (right->kind != AST_CALL) {
        Value *callee = eval(t, scope, right);
        if (x->kind == V_POISON || callee->kind == V_POISON)
            return &value_poison;
        return apply(t, callee, x, right->span);
    }
    bool hole = false, bad = x->kind == V_POISON;
    for (const Ast *a = right->b; a; a = a->next)
        hole |= a->a->kind == AST_HOLE;
    Value *callee = eval(t, scope, right->a);
    bad |= callee->kind == V_POISON;
    Argument first = {NULL, x, tree->a->span};
    int count;
    Argument *argument = eval_arguments(t, scope, callee, right->b, hole ? NULL : &first, &count,
                                        &bad);
    if (bad)
        return &value_poison;
    for (int i = 0; hole && i < count; i++)
        if (argument[i].value->kind == V_HOLE)
            argument[i].value = x;
    return call_value(t, callee, argument, count, right->span);
}

// ---- other forms --------------------------------------------------------------------------------

static Value *eval_logic(Tracer *t, Scope *scope, const Ast *tree)
{
    bool is_and = strcmp(tree->name, "and") == 0;
    Value *a = eval(t, scope, tree->a);
    if (a->kind == V_BOOL && (a->number != 0) != is_and)
        return a;                       // decided: the other side is not looked at
    Value *b = eval(t, scope, tree->b);
    return binary(t, tree->name, a, b, tree->span);
}

static Value *eval_when(Tracer *t, Scope *scope, const Ast *tree)
{
    Value *condition = eval(t, scope, tree->b);
    if (condition->kind == V_POISON)
        return condition;
    if (condition->kind == V_BOOL) {
        const Ast *taken = condition->number != 0 ? tree->a : tree->c;
        return taken ? eval(t, scope, taken) : &value_none;
    }
    if (condition->kind != V_HOST && condition->kind != V_TENSOR) {
        fail(t, E_CONDITION, tree->b->span, "a condition is a truth value, but this is %s",
             value_kind_text(condition));
        diag_hint(t->diag, "compare it: x != none, n > 0");
        return &value_poison;
    }
    if (!tree->c)
        return fail(t, E_WHEN_ELSE, tree->span, "without `else` this is `none` in a step where the "
                    "condition does not hold; write the other value");
    Value *a = eval(t, scope, tree->a), *b = eval(t, scope, tree->c);
    return choose_value(t, condition, a, b, tree->span);
}

static Value *eval_range(Tracer *t, Value *a, Value *b, Span span)
{
    if (a->kind == V_POISON || b->kind == V_POISON)
        return &value_poison;
    Dim to;
    if (b->kind == V_HOST && value_dim_of(b, &to) && a->kind == V_NUMBER && a->number == 0
        && t->graph) {                  // 0..B: a tensor
        Shape shape = {.rank = 1, .dim = {to}};
        set_origin(t, span);
        return value_tensor(t->arena, make_iota(&t->builder, DT_I32, &shape, 0));
    }
    if (!value_is_whole(a) || !value_is_whole(b))
        return fail(t, E_RANGE_ENDS, span, "a range goes between whole numbers that are known when "
                    "compiling, but these are %s and %s", value_kind_text(a), value_kind_text(b));
    int64_t count = (int64_t)b->number - (int64_t)a->number;
    count = count < 0 ? 0 : count;
    if (!unroll(t, count, span))
        return &value_poison;
    Value **item = arena_alloc(t->arena, sizeof *item * (size_t)(count + 1));
    for (int64_t i = 0; i < count; i++)
        item[i] = value_int(t->arena, (int64_t)a->number + i);
    return value_list(t->arena, V_LIST, item, (int)count);
}

static Value *eval_binary(Tracer *t, Scope *scope, const Ast *tree)
{
    if (strcmp(tree->name, "and") == 0 || strcmp(tree->name, "or") == 0)
        return eval_logic(t, scope, tree);
    Value *a = eval(t, scope, tree->a);
    int base = t->item_base;
    if (a->kind == V_LIST && tree->name[0] == '+')
        t->item_base += a->count;       // parts of [a] + [b] count on
    Value *b = eval(t, scope, tree->b);
    t->item_base = base;
    if (strcmp(tree->name, "..") == 0)
        return eval_range(t, a, b, tree->span);
    return binary(t, tree->name, a, b, tree->span);
}

static Value *eval_number(Tracer *t, const Ast *tree)
{
    if (tree->unit == UNIT_NONE)
        return number_value(t->arena, tree->number, tree->whole);
    if (tree->unit == UNIT_PERCENT)
        return number_value(t->arena, tree->number / 100, false);
    if (tree->unit == UNIT_BYTES)
        return number_value(t->arena, tree->number, true);
    Value *value = new_value(t->arena, V_DURATION);
    value->number = tree->number;
    value->unit = tree->unit;
    return value;
}

static Value *eval_lambda(Tracer *t, Scope *scope, const Ast *tree)
{
    Value *value = new_value(t->arena, V_FUNCTION);
    value->function = arena_alloc(t->arena, sizeof *value->function);
    value->function->tree = tree;
    value->function->scope = scope;
    value->function->self = t->self;
    value->function->name = "fn";
    value->span = tree->span;
    return value;
}

// What C promises to take in one string, with room for a path in front.
enum { longest_string = 4000 };

static Value *eval_string(Tracer *t, Scope *scope, const Ast *tree)
{
    if (strlen(tree->text) > longest_string)
        return fail(t, E_LIMIT, tree->span, "a string has at most %d bytes", longest_string);
    if (!strpbrk(tree->text, "{\\"))
        return value_text(t->arena, tree->text);
    if (t->host || t->instance_prefix) { // may show host values: kept in pieces
        t->hole_kept = false;
        HostText *message = message_text(t, scope, tree);
        if (!message)
            return &value_poison;
        Value *value = value_text(t->arena, message->text ? message->text : "");
        value->holes = t->hole_kept;
        if (message->next || message->value)
            value->message = message;
        return value;
    }
    const char *text = format_text(t, scope, tree);
    return text ? value_text(t->arena, text) : &value_poison;
}

static Value *eval_kind(Tracer *t, Scope *scope, const Ast *tree)
{
    switch (tree->kind) {
    case AST_NUMBER: return eval_number(t, tree);
    case AST_STRING: return eval_string(t, scope, tree);
    case AST_TRUE: return &value_true;
    case AST_FALSE: return &value_false;
    case AST_NONE: return &value_none;
    case AST_HOLE: return &value_hole;
    case AST_NAME: return eval_name(t, scope, tree);
    case AST_TUPLE: return eval_items(t, scope, tree->a, V_TUPLE);
    case AST_LIST: return eval_items(t, scope, tree->a, V_LIST);
    case AST_RECORD: return eval_record(t, scope, tree->a);
    case AST_COMPREHENSION: return eval_comprehension(t, scope, tree);
    case AST_FIELD: return field_of(t, eval(t, scope, tree->a), tree->name, tree->span);
    case AST_CALL: return eval_call(t, scope, tree);
    case AST_INDEX: return subscript_value(t, scope, eval(t, scope, tree->a), tree->b, tree->span);
    case AST_PIPE: return eval_pipe(t, scope, tree);
    case AST_BINARY: return eval_binary(t, scope, tree);
    case AST_UNARY: return unary_op(t, tree->name, eval(t, scope, tree->a), tree->span);
    case AST_WHEN: return eval_when(t, scope, tree);
    case AST_LAMBDA: return eval_lambda(t, scope, tree);
    case AST_IF: return run_if(t, scope, tree);
    case AST_FOR: return run_for(t, scope, tree);
    case AST_SCAN:
        fail(t, E_LATER, tree->span, "`scan` is not part of this version");
        diag_hint(t->diag, "a loop over a constant range is unrolled: for i in 0..n { … }");
        return &value_poison;
    case AST_EXPRESSION: return eval_items(t, scope, tree->a, V_TUPLE);
    case AST_ERROR: return &value_poison;
    default: return fail(t, E_SYNTAX, tree->span, "this cannot stand as an expression");
    }
}

Value *eval(Tracer *t, Scope *scope, const Ast *tree)
{
    if (!tree)
        return &value_poison;
    if (++t->depth > deepest_call * 12) {
        t->depth--;
        return fail(t, E_RECURSION, tree->span, "this is nested too deeply to evaluate");
    }
    Value *value = eval_kind(t, scope, tree);
    t->depth--;
    note_stage(t, tree->span, value);
    return value;
}

Value *eval_block(Tracer *t, Scope *scope, const Ast *block)
{
    return block->kind == AST_BLOCK ? run_statements(t, scope, block->a) : eval(t, scope, block);
}
