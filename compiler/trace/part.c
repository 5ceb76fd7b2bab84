// part: layers are made here, once, when compiling; and parts as values: copies, maps, assignment.
#include "tracer.h"

#include <string.h>

bool is_part(const Value *value)
{
    switch (value->kind) {
    case V_PART: case V_LEAF: return true;
    case V_LIST: case V_TUPLE: case V_RECORD:
        for (int i = 0; i < value->count; i++)
            if (is_part(value->item[i]))
                return true;
        return false;
    default: return false;
    }
}

// ---- making -------------------------------------------------------------------------------------

// Arguments that are no hyperparameters: parameters by name, weights, frozen.
typedef struct Extras {
    const Declaration *declaration;
    const Argument *argument[64];
    int count;
} Extras;

static bool takes_extra(void *data, const Argument *argument)
{
    Extras *extras = data;
    bool known = strcmp(argument->name, "frozen") == 0 || strcmp(argument->name, "weights") == 0
              || member_named(extras->declaration, AST_PARAM, argument->name)
              || member_named(extras->declaration, AST_BUFFER, argument->name);
    if (known && extras->count < 64)
        extras->argument[extras->count++] = argument;
    return known;
}

static Value *extra_named(const Extras *extras, const char *name)
{
    for (int i = 0; i < extras->count; i++)
        if (strcmp(extras->argument[i]->name, name) == 0)
            return extras->argument[i]->value;
    return NULL;
}

static void add_alias(Tracer *t, const char *path, const char *stands_for)
{
    Program *p = t->program;
    p->alias = arena_grow(t->arena, p->alias, p->alias_count, &p->alias_capacity, sizeof *p->alias);
    p->alias[p->alias_count++] = (Alias){path, stands_for};
}

static const Ast *bare_type(const Ast *type)
{
    return type->kind == AST_TYPE_OPTIONAL ? type->a : type;
}

static bool leaf_shape(Tracer *t, Scope *scope, const Ast *member, DType *dtype, Shape *shape)
{
    const Ast *type = bare_type(member->a);
    if (type->kind != AST_TYPE || !type->name || !dtype_named(t, type->name, dtype)) {
        fail(t, E_UNKNOWN_TYPE, member->a->span, "`%s` needs a tensor type such as f32[n]",
             member->name);
        return false;
    }
    if (!eval_shape(t, scope, type->a, shape))
        return false;
    if (!shape_is_static(shape)) {
        fail(t, E_SIZE_VALUE, type->span,
             "`%s` outlives the step, so its sizes cannot depend on the batch",
             member->name);
        return false;
    }
    return true;
}

static bool is_transposed(const Variable *variable, const Shape *shape)
{
    return variable && shape->rank == 2 && variable->shape.rank == 2
        && dim_equal(variable->shape.dim[0], shape->dim[1])
        && dim_equal(variable->shape.dim[1], shape->dim[0]);
}

static Value *tie(Tracer *t, const Ast *member, Value *given, DType dtype, const Shape *shape,
                  const char *path, Span at)
{
    Variable *variable = given->leaf->variable;
    if (!variable || !shape_equal(&variable->shape, shape) || variable->dtype != dtype) {
        fail(t, E_TIE, at, "`%s` is %s%s, but is tied to %s", path, dtype_name(dtype),
             shape_text(t->arena, shape), value_text_of(t->arena, given));
        if (!member->span.source || !member->span.source->library)
            diag_note(t->diag, member->span, "declared here");
        if (is_transposed(variable, shape))
            diag_hint(t->diag, "a part is tied as it is; to apply it transposed, write x @ weight "
                      "in a method");
        return &value_poison;
    }
    add_alias(t, path, variable->path);
    return given;
}

static Value *initial_value(Tracer *t, Scope *scope, const Ast *member, Value *given)
{
    if (given)
        return given;
    if (member->b)
        return eval(t, scope, member->b);
    return number_value(t->arena, 0, true);
}

Node *expand_initial(Tracer *t, Node *node, const Shape *shape, Span span, Span shaped)
{
    Shape joint;
    if (shape_broadcast(&node->shape, shape, &joint) && shape_equal(&joint, shape))
        return make_expand(&t->builder, node, shape);
    fail(t, E_SHAPE, span, "%s is needed, but this is %s",
         shape->rank ? shape_text(t->arena, shape) : "one number",
         shape_text(t->arena, &node->shape));
    diag_note(t->diag, shaped, "%s is from here",
              shape->rank ? shape_text(t->arena, shape) : "the type");
    return NULL;
}

static Node *initial_node(Tracer *t, Value *value, DType dtype, const Shape *shape, Span span,
                          Span shaped)
{
    if (value->kind == V_LIST && !is_part(value) && shape->rank > 0) {
        Node *list = to_tensor(t, value, dtype, span);
        if (!list)
            return NULL;
        value = value_tensor(t->arena, list);
    }
    Node *node;
    if (value->kind == V_FILL) {
        node = resolve_fill(t, value->fill, shape, dtype, span);
    } else {
        node = to_tensor(t, value, dtype, span);
    }
    if (!node)
        return NULL;
    if (node->dtype != dtype) {
        if (dtype_kind(node->dtype) != dtype_kind(dtype)) {
            fail(t, E_DTYPE, span, "this is %s where %s is needed", dtype_name(node->dtype),
                 dtype_name(dtype));
            diag_hint(t->diag, "cast it by name: %s(…)", dtype_name(dtype));
            return NULL;
        }
        node = make_cast(&t->builder, dtype, node);
    }
    return expand_initial(t, node, shape, span, shaped);
}

static bool path_taken(const Program *program, const char *path)
{
    return table_name(program->variable_named, path) >= 0;
}

static Value *make_leaf(Tracer *t, Scope *scope, const Ast *member, const Extras *extras,
                        const char *path, bool frozen, const char *layer)
{
    Value *given = extra_named(extras, member->name);
    bool optional = member->a->kind == AST_TYPE_OPTIONAL;
    if (given && given->kind == V_BOOL && optional)
        given = given->number != 0 ? NULL : &value_none;
    if (!given && optional && member->b) {
        Value *decided = eval(t, scope, member->b);
        if (decided->kind == V_NONE || decided->kind == V_POISON)
            return decided;
        given = decided;
    }
    if (given && given->kind == V_NONE && optional)
        return given;
    DType dtype;
    Shape shape;
    if (!leaf_shape(t, scope, member, &dtype, &shape))
        return &value_poison;
    const char *leaf_path = join_path(t, path, member->name);
    if (given && given->kind == V_LEAF)
        return tie(t, member, given, dtype, &shape, leaf_path, member->span);

    Span at = member->b ? member->b->span : member->span;
    const char *outer_path = t->path;
    t->path = leaf_path;
    Value *initial = initial_value(t, scope, member, given);
    Node *node = initial->kind == V_POISON
                     ? NULL
                     : initial_node(t, initial, dtype, &shape, at, member->a->span);
    t->path = outer_path;
    if (!node)
        return &value_poison;
    VariableKind kind = member->kind == AST_PARAM ? VAR_PARAMETER : VAR_BUFFER;
    if (path_taken(t->program, leaf_path))
        return fail(t, E_PATH_TWICE, t->made_at, "two parameters would be named `%s`", leaf_path);
    Variable *variable = program_variable(t->program, kind, leaf_path, dtype, &shape, member->span);
    variable->trainable = kind == VAR_PARAMETER && !frozen && dtype_kind(dtype) == KIND_FLOAT;
    variable->saved = true;
    variable->layer = layer;
    variable->made = t->made_at;
    variable_write(t, variable, node, at);
    Value *leaf = value_leaf(t->arena, variable, NULL);
    leaf->leaf->frozen = frozen;
    return leaf;
}

static void make_member(Tracer *t, Part *part, Scope *scope, const Ast *member,
                        const Extras *extras)
{
    const char *path = part->path;
    switch (member->kind) {
    case AST_PARAM:
    case AST_BUFFER: {
        Value *leaf = make_leaf(t, scope, member, extras, path, part->frozen,
                                part->declaration->name);
        scope_bind(t->arena, scope, member->name, leaf, BIND_MEMBER, member->name_span);
        break;
    }
    case AST_BIND: {
        int targets = ast_count(member->a), values = ast_count(member->b);
        if (targets > 1 && values == 1) {
            bind_targets(t, scope, member->a, eval(t, scope, member->b), BIND_MEMBER);
            break;
        }
        if (targets != values) {
            fail(t, E_DESTRUCTURE, member->span, "%d names for %d values", targets, values);
            break;
        }
        const Ast *b = member->b;
        for (const Ast *a = member->a; a; a = a->next, b = b->next) {
            t->path = a->name ? join_path(t, path, a->name) : path;
            Value *value = eval(t, scope, b);
            t->path = path;
            if (value->kind == V_TENSOR) {
                fail(t, E_TENSOR_IN_BODY, b->span, "a tensor that outlives the body is a buffer");
                diag_hint(t->diag, "buffer %s: %s%s = …", a->name ? a->name : "name",
                          dtype_name(value->node->dtype),
                          shape_text(t->arena, &value->node->shape));
                value = &value_poison;
            }
            scope_bind(t->arena, scope, a->name, value, BIND_MEMBER, a->span);
        }
        break;
    }
    case AST_ASSERT: {
        Ast statement = *member;
        statement.next = NULL;
        run_statements(t, scope, &statement);
        break;
    }
    default: break;
    }
}

// Methods and functions are known to the whole body; they run later.
static void bind_methods(Tracer *t, Part *part, const Declaration *declaration)
{
    for (const Ast *m = declaration->tree->b; m; m = m->next) {
        if (m->kind != AST_METHOD && m->kind != AST_FUNCTION)
            continue;
        const Binding *same = scope_here(part->scope, m->name);
        if (same) {
            fail(t, E_DECLARED_TWICE, m->name_span, "`%s` is declared twice", m->name);
            diag_note(t->diag, same->span, "the first is here");
            continue;
        }
        Value *value = new_value(t->arena, V_FUNCTION);
        value->function = arena_alloc(t->arena, sizeof *value->function);
        *value->function = (Function){m, part->scope, part, m->name};
        value->span = m->span;
        scope_bind(t->arena, part->scope, m->name, value, BIND_MEMBER, m->name_span);
    }
}

static void note_layer(Tracer *t, int line, int first_variable)
{
    Program *p = t->program;
    int64_t count = 0;
    for (int i = first_variable; i < p->variable_count; i++)
        if (p->variable[i]->kind == VAR_PARAMETER)
            count += shape_size(&p->variable[i]->shape).scale;
    p->layer[line].parameters = count;
}

static bool note_weights(Tracer *t, const Part *part, const Value *value, Span span)
{
    if (!value || value->kind == V_NONE)
        return true;
    if (value->kind != V_WEIGHTS) {
        fail(t, E_WRONG_TYPE, span, "`weights` is checkpoint(\"file\") or safetensors(\"file\", "
             "…), but is given %s", value_kind_text(value));
        return false;
    }
    Program *p = t->program;
    p->weights = arena_grow(t->arena, p->weights, p->weights_count, &p->weights_capacity,
                            sizeof *p->weights);
    p->weights[p->weights_count] = *value->weights;
    p->weights[p->weights_count++].prefix = part->path;
    return true;
}

// The number of its line in the summary.
static int open_layer(Tracer *t, const Part *part)
{
    Program *p = t->program;
    p->layer = arena_grow(t->arena, p->layer, p->layer_count, &p->layer_capacity, sizeof *p->layer);
    p->layer[p->layer_count] = (LayerLine){part->path, part->declaration->name, 0, t->calls};
    return p->layer_count++;
}

Value *make_part(Tracer *t, Declaration *declaration, Argument *argument, int count, Span span)
{
    if (!may_inline(t, span))
        return &value_poison;
    if (t->calls >= deepest_call || declaration->open >= deepest_part) {
        t->too_deep = true;
        return fail(t, E_RECURSION, span, "`%s` contains itself", declaration->name);
    }
    Part *part = arena_alloc(t->arena, sizeof *part);
    part->declaration = declaration;
    part->path = t->path;
    part->span = span;
    part->scope = scope_new(t->arena, declaration->scope);
    part->scope->self = part;
    part->frozen = t->making_frozen;

    Extras extras = {.declaration = declaration};
    Binder binder = {.what = arena_format(t->arena, "`%s`", declaration->name), .kind = BIND_HYPER,
                     .extra = takes_extra, .data = &extras, .span = span,
                     .members = declaration->tree->b};
    int errors = diag_count(t->diag);
    bool bound = bind_arguments(t, part->scope, declaration->tree->a, argument, count, &binder);
    Value *frozen = extra_named(&extras, "frozen");
    part->frozen |= frozen && frozen->kind == V_BOOL && frozen->number != 0;
    if (!bound || !note_weights(t, part, extra_named(&extras, "weights"), span))
        return &value_poison;

    Part *outer_self = t->self;
    const char *outer_path = t->path;
    bool outer_frozen = t->making_frozen;
    Span outer_made = t->made_at;
    t->self = part;
    t->making_frozen = part->frozen;
    t->made_at = span;
    t->calls++;
    declaration->open++;
    const int first = t->program->variable_count, line = open_layer(t, part);
    bind_methods(t, part, declaration);
    for (const Ast *m = declaration->tree->b; m; m = m->next) {
        t->path = part->path;
        make_member(t, part, part->scope, m, &extras);
    }
    declaration->open--;
    t->calls--;
    note_layer(t, line, first);
    t->part = arena_grow(t->arena, t->part, t->part_count, &t->part_capacity, sizeof *t->part);
    t->part[t->part_count++] = part;
    t->self = outer_self;
    t->path = outer_path;
    t->making_frozen = outer_frozen;
    t->made_at = outer_made;
    if (diag_count(t->diag) > errors && t->calls > 0)
        return &value_poison;           // but the steps of a model are looked at all the same
    Value *value = new_value(t->arena, V_PART);
    value->part = part;
    value->span = span;
    return value;
}

// ---- leaves -------------------------------------------------------------------------------------

void each_leaf(Value *value, const char *path, LeafVisit *visit, void *data)
{
    switch (value->kind) {
    case V_LEAF: visit(data, path, value); break;
    case V_LIST: case V_TUPLE: case V_RECORD:
        for (int i = 0; i < value->count; i++)
            each_leaf(value->item[i], path, visit, data);
        break;
    case V_PART:
        for (Binding *b = value->part->scope->first; b; b = b->next)
            if (b->kind == BIND_MEMBER)
                each_leaf(b->value, b->name, visit, data);
        break;
    default: break;
    }
}

static void found_one(void *data, const char *path, Value *leaf)
{
    (void)path;
    if (!leaf->leaf->buffer)
        *(bool *)data = true;
}

bool has_parameters(Value *value)
{
    bool found = false;
    each_leaf(value, "", found_one, &found);
    return found;
}

typedef Value *LeafMap(void *data, Value **leaf);

typedef struct Rebuild {
    Tracer *t;
    LeafMap *map;
    void *data;
    int count;
    Span span;
    const char *path;           // new path, for copies; NULL: keep
} Rebuild;

static Value *rebuild(Rebuild *r, Value **value, const char *path);

static Value *rebuild_items(Rebuild *r, Value **value, const char *path)
{
    Arena *arena = r->t->arena;
    Value *list = new_value(arena, value[0]->kind);
    list->count = value[0]->count;
    list->label = value[0]->label;
    list->item = arena_alloc(arena, sizeof *list->item * (size_t)(list->count + 1));
    for (int i = 0; i < list->count; i++) {
        Value *at[8];
        for (int k = 0; k < r->count; k++) {
            if (value[k]->kind != value[0]->kind || value[k]->count != list->count)
                return fail(r->t, E_PART_SHAPE, r->span, "these parts are not built alike");
            at[k] = value[k]->item[i];
        }
        const char *name = list->label ? list->label[i] : arena_format(arena, "%d", i);
        list->item[i] = rebuild(r, at, path ? join_path(r->t, path, name) : NULL);
        if (list->item[i]->kind == V_POISON)
            return list->item[i];
    }
    return list;
}

// A part with other leaves: the same declaration and hyperparameters, its own members and methods.
static Value *rebuild_part(Rebuild *r, Value **value, const char *path)
{
    Arena *arena = r->t->arena;
    const Part *old = value[0]->part;
    Part *part = arena_alloc(arena, sizeof *part);
    *part = *old;
    part->scope = scope_new(arena, old->scope->parent);
    part->scope->self = part;
    if (path)
        part->path = path;
    for (Binding *b = old->scope->first; b; b = b->next) {
        Value *at[8] = {b->value};
        for (int k = 1; k < r->count; k++) {
            if (value[k]->kind != V_PART || value[k]->part->declaration != old->declaration)
                return fail(r->t, E_PART_SHAPE, r->span, "these parts are not built alike");
            Binding *other = scope_here(value[k]->part->scope, b->name);
            at[k] = other ? other->value : &value_none;
        }
        Value *now = b->value;
        if (b->kind == BIND_MEMBER && is_part(now))
            now = rebuild(r, at, path ? join_path(r->t, path, b->name) : NULL);
        if (now->kind == V_POISON)
            return now;
        if (now->kind == V_FUNCTION && now->function->self == old) {
            Value *method = new_value(arena, V_FUNCTION);
            method->function = arena_alloc(arena, sizeof *method->function);
            *method->function = *now->function;
            method->function->self = part;
            method->function->scope = part->scope;
            now = method;
        }
        Binding *copy = scope_bind(arena, part->scope, b->name, now, b->kind, b->span);
        copy->used = true;
    }
    Value *result = new_value(arena, V_PART);
    result->part = part;
    return result;
}

static Value *rebuild(Rebuild *r, Value **value, const char *path)
{
    switch (value[0]->kind) {
    case V_LEAF: {
        const char *outer = r->path;
        r->path = path;
        Value *leaf = r->map(r->data, value);
        r->path = outer;
        return leaf;
    }
    case V_LIST: case V_TUPLE: case V_RECORD: return rebuild_items(r, value, path);
    case V_PART: return rebuild_part(r, value, path);
    default: return value[0];
    }
}

typedef struct Mapped {
    Rebuild *rebuild;
    Value *callee;
} Mapped;

static Value *map_leaf(void *data, Value **leaf)
{
    Mapped *mapped = data;
    Rebuild *r = mapped->rebuild;
    Tracer *t = r->t;
    if (leaf[0]->leaf->buffer)
        return leaf[0];
    Argument argument[8];
    for (int i = 0; i < r->count; i++)
        argument[i] = (Argument){NULL, read_value(t, leaf[i]), r->span};
    Value *value = call_value(t, mapped->callee, argument, r->count, r->span);
    Node *node = to_tensor(t, value, t->float_type, r->span);
    if (!node)
        return &value_poison;
    Value *result = value_leaf(t->arena, leaf[0]->leaf->variable, node);
    return result;
}

Value *map_leaves(Tracer *t, Value *callee, Value **part, int count, Span span)
{
    if (count > 8)
        return fail(t, E_TOO_MANY, span, "`map` goes over at most 8 parts");
    if (part[0]->kind != V_PART && part[0]->kind != V_LIST && part[0]->kind != V_TUPLE
        && part[0]->kind != V_RECORD) {
        Argument argument[8];
        for (int i = 0; i < count; i++)
            argument[i] = (Argument){NULL, read_value(t, part[i]), span};
        return call_value(t, callee, argument, count, span);
    }
    Rebuild r = {.t = t, .map = map_leaf, .count = count, .span = span};
    Mapped mapped = {&r, callee};
    r.data = &mapped;
    return rebuild(&r, part, NULL);
}

// ---- copies -------------------------------------------------------------------------------------

typedef struct Copied {
    Rebuild *rebuild;
    bool frozen;
    VariableKind kind;
} Copied;

static Value *copy_leaf(void *data, Value **leaf)
{
    Copied *copied = data;
    Rebuild *r = copied->rebuild;
    Tracer *t = r->t;
    const Variable *old = leaf[0]->leaf->variable;
    if (!old)
        return fail(t, E_PART_SHAPE, r->span, "`copy` takes a part that is made in a body");
    VariableKind kind = copied->kind == VAR_CALLBACK_STATE ? copied->kind : old->kind;
    Variable *variable = program_variable(t->program, kind, r->path, old->dtype, &old->shape,
                                          r->span);
    variable->trainable = old->trainable && !copied->frozen && kind == VAR_PARAMETER;
    variable->saved = true;
    variable->layer = old->layer;
    variable_write(t, variable, variable_now(t, leaf[0]->leaf->variable), r->span);
    Value *result = value_leaf(t->arena, variable, NULL);
    result->leaf->buffer = leaf[0]->leaf->buffer;
    result->leaf->frozen = copied->frozen;
    return result;
}

static void freeze_parts(Value *value)
{
    if (value->kind == V_PART) {
        value->part->frozen = true;
        for (Binding *b = value->part->scope->first; b; b = b->next)
            if (b->kind == BIND_MEMBER)
                freeze_parts(b->value);
    }
    if (value->kind == V_LIST || value->kind == V_TUPLE || value->kind == V_RECORD)
        for (int i = 0; i < value->count; i++)
            freeze_parts(value->item[i]);
}

Value *copy_part(Tracer *t, Value *value, bool frozen, const char *path, Span span)
{
    Rebuild r = {.t = t, .map = copy_leaf, .count = 1, .span = span};
    Copied copied = {&r, frozen, t->instance_prefix ? VAR_CALLBACK_STATE : VAR_PARAMETER};
    r.data = &copied;
    Value *copy = rebuild(&r, &value, path);
    if (frozen && copy->kind != V_POISON)
        freeze_parts(copy);
    return copy;
}

// ---- assignment ---------------------------------------------------------------------------------

typedef struct Assigned {
    Rebuild *rebuild;
} Assigned;

// A step assigns buffers and frozen parts; callbacks assign every part.
static bool may_assign(Tracer *t, const Leaf *target, Span span)
{
    if (t->host || target->buffer || target->frozen)
        return true;
    fail(t, E_ASSIGN_PARAM, span, "`%s` is trained: only `minimize` changes it",
         target->variable->path);
    diag_hint(t->diag, "a part that a step assigns is frozen: copy(part, frozen = true)");
    return false;
}

static Value *assign_one(void *data, Value **leaf)
{
    Rebuild *r = ((Assigned *)data)->rebuild;
    Tracer *t = r->t;
    Leaf *target = leaf[0]->leaf;
    Value *from = read_value(t, leaf[1]);
    if (from->kind != V_TENSOR || !target->variable)
        return leaf[0];
    const Variable *to = target->variable;
    if (!may_assign(t, target, r->span))
        return &value_poison;
    if (from->node->dtype != to->dtype || !shape_equal(&from->node->shape, &to->shape))
        return fail(t, E_PART_SHAPE, r->span, "`%s` is %s%s, but is assigned %s%s", to->path,
                    dtype_name(to->dtype), shape_text(t->arena, &to->shape),
                    dtype_name(from->node->dtype), shape_text(t->arena, &from->node->shape));
    // With accumulation a window of batches makes one step, and a part moves once a step.
    const Guard *outer = t->guard;
    if (!t->host && !target->buffer && t->program->has_accumulation)
        t->guard = window_end(t);
    variable_write(t, target->variable, from->node, r->span);
    t->guard = outer;
    return leaf[0];
}

void assign_part(Tracer *t, Value *target, Value *value, Span span)
{
    bool here = t->host || (t->in_step && t->training);
    if (!t->making)
        open_tensors(t);
    if (!t->graph || t->making || !here) {
        fail(t, E_ASSIGN_PLACE, span, "a part is assigned in training steps and callbacks only");
        return;
    }
    Rebuild r = {.t = t, .map = assign_one, .count = 2, .span = span};
    Assigned assigned = {&r};
    r.data = &assigned;
    Value *both[2] = {target, value};
    rebuild(&r, both, NULL);
}

// ---- other tensors in the same places -----------------------------------------------------------

typedef struct Replaced {
    Rebuild *rebuild;
    Node **node;                // NULL: the present values
    int next;
} Replaced;

static Value *replace_leaf(void *data, Value **leaf)
{
    Replaced *replaced = data;
    Tracer *t = replaced->rebuild->t;
    const Leaf *old = leaf[0]->leaf;
    if (!replaced->node)
        return value_leaf(t->arena, old->variable, read_value(t, leaf[0])->node);
    if (old->buffer || old->frozen)
        return leaf[0];
    return value_leaf(t->arena, old->variable, replaced->node[replaced->next++]);
}

Value *replace_leaves(Tracer *t, Value *part, Node **node, Span span)
{
    Rebuild r = {.t = t, .map = replace_leaf, .count = 1, .span = span};
    Replaced replaced = {&r, node, 0};
    r.data = &replaced;
    return rebuild(&r, &part, NULL);
}

// A hyperparameter may serve one instance of a layer and not another.
static bool used_elsewhere(const Tracer *t, const Part *part, const char *name)
{
    for (int i = 0; i < t->part_count; i++) {
        const Binding *b = t->part[i]->declaration == part->declaration
                         ? scope_here(t->part[i]->scope, name) : NULL;
        if (b && b->used)
            return true;
    }
    return false;
}

// Parts and parameters that nothing reads are slips more often than not; `_name` keeps one.
void check_unused_members(Tracer *t)
{
    for (int i = 0; i < t->part_count; i++) {
        const Part *part = t->part[i];
        if (part->declaration->library)
            continue;
        for (const Binding *b = part->scope->first; b; b = b->next) {
            if (b->used || b->name[0] == '_' || b->kind == BIND_LOCAL)
                continue;
            if (b->kind == BIND_MEMBER && is_part(b->value)) {
                fail(t, E_UNUSED_PART, b->span, "`%s` of `%s` is never used", b->name,
                     part->declaration->name);
                diag_hint(t->diag, "leave it out, or call it `_%s` to keep it", b->name);
            } else if (b->value->kind != V_FUNCTION && !used_elsewhere(t, part, b->name)) {
                diag_warning(t->diag, W_UNUSED, b->span, "`%s` of `%s` is never used", b->name,
                             part->declaration->name);
            }
        }
    }
}
