// statement: blocks, assignment, `if`, `for`, `log`, `assert`.
#include "tracer.h"

#include <string.h>

// ---- assignment ---------------------------------------------------------------------------------

// The nearest binding that an assignment to `name` means: a buffer, part or host state of the
// layer, else a local of this function.
static Binding *member_binding(Scope *scope, const char *name)
{
    for (Scope *s = scope; s; s = s->parent) {
        Binding *binding = scope_here(s, name);
        if (binding && (binding->kind == BIND_MEMBER || binding->kind == BIND_HYPER))
            return binding;
        if (s->self)
            break;
    }
    return NULL;
}

static void assign_state(Tracer *t, Binding *binding, Value *value, Span span)
{
    const HostExpr *host = host_of(t->arena, value);
    if (!host || host->type == HOST_STRING) {
        fail(t, E_STAGE, span, "the state `%s` holds a number, but this is %s", binding->name,
             value_kind_text(value));
        return;
    }
    // The new value may read locals that hold the old one, so it goes through a local of its own.
    int local = host_local(t, binding->name);
    HostStmt *set = host_emit(t, DO_SET_LOCAL, span);
    set->index = local;
    set->a = host;
    const HostExpr *read = host_leaf(t->arena, HOST_LOCAL, host->type, local, binding->name);
    set = host_emit(t, DO_SET_STATE, span);
    set->index = binding->host_state;
    set->a = read;
    binding->value = value_host(t->arena, read);
}

static void assign_leaf(Tracer *t, const Ast *target, Leaf *leaf, Value *value)
{
    if (!t->making)
        open_tensors(t);
    if (!t->graph || (!t->in_step && !t->host)) {
        fail(t, E_ASSIGN_PLACE, target->span, "a buffer is assigned where a step runs, not while "
             "layers are made");
        return;
    }
    if (!leaf->buffer && !leaf->frozen && !t->host) {
        fail(t, E_ASSIGN_PARAM, target->span, "`%s` is a parameter: only `minimize` changes it",
             target->name);
        diag_hint(t->diag, "declare it as a buffer to assign it");
        return;
    }
    if (leaf->buffer && !t->training && !t->host) {
        fail(t, E_ASSIGN_PLACE, target->span, "the buffer `%s` is assigned outside of training",
             target->name);
        diag_hint(t->diag, "put it under `if training { … }`");
        return;
    }
    Variable *variable = leaf->variable;
    Node *node = to_tensor(t, value, variable->dtype, target->span);
    if (!node)
        return;
    if (node->dtype != variable->dtype) {
        fail(t, E_DTYPE, target->span, "`%s` is %s but is assigned %s", target->name,
             dtype_name(variable->dtype), dtype_name(node->dtype));
        diag_hint(t->diag, "cast it: %s(…)", dtype_name(variable->dtype));
        return;
    }
    Shape joint;
    if (!shape_broadcast(&node->shape, &variable->shape, &joint)
        || !shape_equal(&joint, &variable->shape)) {
        fail(t, E_SHAPE, target->span, "`%s` is %s but is assigned %s", target->name,
             shape_text(t->arena, &variable->shape), shape_text(t->arena, &node->shape));
        diag_note(t->diag, variable->span, "`%s` is declared here", target->name);
        return;
    }
    set_origin(t, target->span);
    variable_write(t, variable, make_expand(&t->builder, node, &variable->shape), target->span);
}

static void assign_name(Tracer *t, Scope *scope, const Ast *target, Value *value)
{
    Binding *member = member_binding(scope, target->name);
    if (member && member->host_state >= 0 && t->host) {
        assign_state(t, member, value, target->span);
        return;
    }
    if (member && member->value->kind == V_LEAF) {
        if (value->kind != V_POISON)
            assign_leaf(t, target, member->value->leaf, value);
        return;
    }
    if (member && is_part(member->value)) {
        if (value->kind != V_POISON)
            assign_part(t, member->value, value, target->span);
        return;
    }
    if (member && member->kind == BIND_HYPER && member->value->kind != V_TENSOR
        && scope->parent && t->self && t->self->scope != scope) {
        fail(t, E_SHADOW, target->span, "`%s` is a hyperparameter of its layer and cannot be bound "
             "again", target->name);
        diag_note(t->diag, member->span, "declared here");
        return;
    }
    if (strlen(target->name) == 1 && target->name[0] >= 'A' && target->name[0] <= 'Z') {
        fail(t, E_SIZE_NAME, target->span, "`%s`: a single capital is a size variable and is bound "
             "by a signature only", target->name);
        return;
    }
    Value *kept = value;
    if (t->host && value->kind == V_HOST && value->host->op != HOST_LOCAL
        && value->host->op != HOST_SETTING) {
        int local = host_local(t, target->name);
        HostStmt *set = host_emit(t, DO_SET_LOCAL, target->span);
        set->index = local;
        set->a = value->host;
        kept = value_host(t->arena, host_leaf(t->arena, HOST_LOCAL, value->host->type, local,
                                              target->name));
    }
    if (t->graph && value->kind == V_TENSOR && !value->node->name
        && value->node->span.source == t->builder.origin.span.source)
        value->node->name = target->name;
    scope_bind(t->arena, scope, target->name, kept, BIND_LOCAL, target->span);
}

void assign_target(Tracer *t, Scope *scope, const Ast *target, Value *value)
{
    switch (target->kind) {
    case AST_NAME: assign_name(t, scope, target, value); break;
    case AST_HOLE: break;
    case AST_TUPLE: case AST_TARGETS: {
        int count = ast_count(target->a), i = 0;
        if (value->kind == V_POISON) {
            for (const Ast *a = target->a; a; a = a->next)
                assign_target(t, scope, a, value);
            break;
        }
        if ((value->kind != V_TUPLE && value->kind != V_LIST) || value->count != count) {
            fail(t, E_DESTRUCTURE, target->span, "%d names cannot take %s", count,
                 value_kind_text(value));
            break;
        }
        for (const Ast *a = target->a; a; a = a->next)
            assign_target(t, scope, a, value->item[i++]);
        break;
    }
    case AST_FIELD: {
        Value *object = eval(t, scope, target->a);
        if (object->kind == V_PART) {
            Binding *binding = scope_here(object->part->scope, target->name);
            if (binding && binding->value->kind == V_LEAF) {
                assign_leaf(t, target, binding->value->leaf, value);
                break;
            }
            if (binding && is_part(binding->value)) {
                assign_part(t, binding->value, value, target->span);
                break;
            }
        }
        if (object->kind != V_POISON)
            fail(t, E_TARGET, target->span, "only buffers and parts can be assigned behind a dot");
        break;
    }
    default:
        fail(t, E_TARGET, target->span, "this cannot be assigned: only names, `_` and parts can");
    }
}

static void run_assign(Tracer *t, Scope *scope, const Ast *tree)
{
    int targets = ast_count(tree->a), values = ast_count(tree->b);
    if (targets == 1 && values == 1) {
        assign_target(t, scope, tree->a, eval(t, scope, tree->b));
        return;
    }
    if (values == 1) {
        Value *value = eval(t, scope, tree->b);
        if (value->kind != V_POISON && value->kind != V_LIST && value->kind != V_TUPLE
            && value->kind != V_RECORD) {
            fail(t, E_DESTRUCTURE, tree->b->span, "%d names need %d values, but this is %s",
                 targets, targets, value_kind_text(value));
            value = &value_poison;
        } else if (value->kind != V_POISON && value->count != targets) {
            fail(t, E_DESTRUCTURE, tree->b->span, "%d names for %d values: %s", targets,
                 value->count, value_text_of(t->arena, value));
            value = &value_poison;
        }
        int i = 0;
        for (const Ast *a = tree->a; a; a = a->next)
            assign_target(t, scope, a, value->kind == V_POISON ? value : value->item[i++]);
        return;
    }
    if (targets != values) {
        fail(t, E_DESTRUCTURE, tree->span, "%d names for %d values", targets, values);
        return;
    }
    Value **value = arena_alloc(t->arena, sizeof *value * (size_t)values);
    int i = 0;
    for (const Ast *b = tree->b; b; b = b->next)
        value[i++] = eval(t, scope, b);
    i = 0;
    for (const Ast *a = tree->a; a; a = a->next)
        assign_target(t, scope, a, value[i++]);
}

static void run_update(Tracer *t, Scope *scope, const Ast *tree)
{
    Value *old = eval(t, scope, tree->a), *by = eval(t, scope, tree->b);
    char op[2] = {tree->name[0], 0};
    assign_target(t, scope, tree->a, binary(t, op, old, by, tree->span));
}

// ---- if -----------------------------------------------------------------------------------------

typedef struct Saved {
    const char *name;
    Value *value;
    BindingKind kind;
    Span span;
    struct Saved *next;
} Saved;

static Saved *save_scope(Tracer *t, const Scope *scope)
{
    Saved *list = NULL;
    for (Binding *b = scope->first; b; b = b->next) {
        if (b->one_path)
            continue;
        Saved *saved = arena_alloc(t->arena, sizeof *saved);
        *saved = (Saved){b->name, b->value, b->kind, b->span, list};
        list = saved;
    }
    return list;
}

static Value *saved_value(const Saved *list, const char *name)
{
    for (; list; list = list->next)
        if (list->name == name)
            return list->value;
    return NULL;
}

// After a branch that ran only under a host condition: what it rebound is chosen by the condition.
static void merge_scope(Tracer *t, Scope *scope, const Saved *before, Value *condition)
{
    for (Binding *b = scope->first; b; b = b->next) {
        Value *old = saved_value(before, b->name);
        if (!old || old == b->value || old->kind == V_POISON)
            continue;
        b->value = choose_value(t, condition, b->value, old, b->span);
    }
}

// Names that a branch bound for the first time.
static void leave_new_unbound(Scope *scope, const Saved *before)
{
    for (Binding *b = scope->first; b; b = b->next)
        if (!saved_value(before, b->name)) {
            b->value = &value_poison;
            b->one_path = true;
        }
}

// Names that both branches bound for the first time stand behind them; `before` and these.
static Saved *join_new(Tracer *t, Scope *scope, Saved *before, const Saved *then,
                       Value *condition)
{
    for (Binding *b = scope->first; b; b = b->next) {
        Value *other = saved_value(then, b->name);
        if (saved_value(before, b->name) || b->one_path || !other)
            continue;
        if (other->kind != V_POISON && b->value->kind != V_POISON)
            b->value = choose_value(t, condition, other, b->value, b->span);
        Saved *saved = arena_alloc(t->arena, sizeof *saved);
        *saved = (Saved){b->name, b->value, b->kind, b->span, before};
        before = saved;
    }
    return before;
}

// `if` on a host number in a step: a branch of the plan.
static Value *run_guarded(Tracer *t, Scope *scope, const Ast *tree, Value *condition)
{
    Guard *guard = arena_alloc(t->arena, sizeof *guard);
    const Guard *outer = t->guard;
    guard->condition = condition->host;
    guard->outer = outer;
    guard->id = ++t->graph->guard_count;

    Saved *before = save_scope(t, scope);
    const int count = t->update_capacity;
    const Update *versions_before = versions(t);
    t->guard = guard;
    Value *value = eval_block(t, scope, tree->b);
    t->guard = outer;
    set_origin(t, tree->span);
    Saved *then = save_scope(t, scope);
    merge_scope(t, scope, before, condition);
    leave_new_unbound(scope, before);
    if (!tree->c)
        return &value_none;

    Value *otherwise = value_host(t->arena, host_op(t->arena, HOST_NOT, condition->host, NULL,
                                                    NULL));
    guard = arena_alloc(t->arena, sizeof *guard);
    guard->condition = otherwise->host;
    guard->outer = outer;
    guard->id = ++t->graph->guard_count;
    before = save_scope(t, scope);
    const int taken_count = t->update_capacity;
    const Update *taken = versions_back(t, versions_before, count);
    t->guard = guard;
    Value *other = eval_block(t, scope, tree->c);
    t->guard = outer;
    versions_join(t, versions_before, count, taken, taken_count, condition->host);
    set_origin(t, tree->span);
    merge_scope(t, scope, before, otherwise);
    leave_new_unbound(scope, join_new(t, scope, before, then, condition));
    if (value->kind == V_POISON || other->kind == V_POISON)
        return &value_poison;
    return value->kind == V_NONE || other->kind == V_NONE ? &value_none
         : choose_value(t, condition, value, other, tree->span);
}

static Value *decide_if(Tracer *t, Scope *scope, const Ast *tree)
{
    Value *condition = eval(t, scope, tree->a);
    switch (condition->kind) {
    case V_POISON: return condition;
    case V_BOOL:
        if (condition->number != 0)
            return eval_block(t, scope, tree->b);
        return tree->c ? eval_block(t, scope, tree->c) : &value_none;
    case V_TENSOR:
        fail(t, E_IF_TENSOR, tree->a->span,
             "`if` chooses code before the step runs, but this is %s",
             value_text_of(t->arena, condition));
        diag_hint(t->diag, "`a when condition else b` chooses values inside a step");
        return &value_poison;
    case V_HOST:
        if (t->host) {
            Value *result = NULL;
            host_if(t, scope, tree, condition->host, &result);
            return result;
        }
        if (t->in_step && t->graph)
            return run_guarded(t, scope, tree, condition);
        fail(t, E_STAGE, tree->a->span, "`if` needs a condition that is known when compiling, but "
             "this one is known only between steps");
        diag_hint(t->diag, "declare the hyperparameter `const` to decide it when compiling");
        return &value_poison;
    default:
        fail(t, E_CONDITION, tree->a->span, "a condition is a truth value, but this is %s",
             value_kind_text(condition));
        diag_hint(t->diag, "compare it: x != none, n > 0");
        return &value_poison;
    }
}

// A block that cannot run would have bound these names: reading them is no mistake of its own.
static void poison_names(Tracer *t, Scope *scope, const Ast *tree)
{
    if (!tree)
        return;
    if (tree->kind == AST_ASSIGN || tree->kind == AST_UPDATE) {
        for (const Ast *a = tree->a; a; a = tree->kind == AST_ASSIGN ? a->next : NULL) {
            if (a->kind == AST_NAME && !member_binding(scope, a->name))
                scope_bind(t->arena, scope, a->name, &value_poison, BIND_LOCAL, a->span);
            if (a->kind == AST_TUPLE || a->kind == AST_TARGETS)
                poison_names(t, scope, &(Ast){.kind = AST_ASSIGN, .a = a->a});
        }
        return;
    }
    const bool nests = tree->kind == AST_IF || tree->kind == AST_FOR;
    for (const Ast *s = tree->kind == AST_BLOCK ? tree->a : NULL; s; s = s->next)
        poison_names(t, scope, s);
    if (nests && tree->kind == AST_IF)
        poison_names(t, scope, tree->b);
    if (nests)
        poison_names(t, scope, tree->c);
}

Value *run_if(Tracer *t, Scope *scope, const Ast *tree)
{
    Value *value = decide_if(t, scope, tree);
    if (value->kind == V_POISON)
        poison_names(t, scope, tree);
    return value;
}

Value *run_for(Tracer *t, Scope *scope, const Ast *tree)
{
    Value *over = eval(t, scope, tree->b);
    if (over->kind == V_POISON) {
        poison_names(t, scope, tree);
        return over;
    }
    if (over->kind != V_LIST && over->kind != V_TUPLE) {
        fail(t, E_NOT_A_LIST, tree->b->span, "`for` goes over a list that is known when compiling, "
             "but this is %s", value_kind_text(over));
        poison_names(t, scope, tree);
        return &value_poison;
    }
    Value *last = &value_none;
    for (int i = 0; i < over->count; i++) {
        Ast target = *tree->a;
        if (!unroll(t, 1, tree->span))
            return &value_poison;
        if (!bind_targets(t, scope, &target, over->item[i], BIND_LOCAL))
            return &value_poison;
        int errors = diag_count(t->diag);
        last = eval_block(t, scope, tree->c);
        if (diag_count(t->diag) > errors)
            return &value_poison;       // one message for one mistake, not one an iteration
    }
    return last->kind == V_POISON ? last : &value_none;
}

// ---- log ----------------------------------------------------------------------------------------

static bool option_of(Tracer *t, Scope *scope, LogEntry *entry, const Ast *option)
{
    const char *name = option->a->name ? option->a->name : "";
    Value *value = eval(t, scope, option->b);
    bool truth = value->kind == V_BOOL && value->number != 0;
    if (strcmp(name, "prog_bar") == 0 && value->kind == V_BOOL)
        return entry->progress_bar = truth, true;
    if (strcmp(name, "on_step") == 0 && truth && entry->phase != PHASE_TRAIN) {
        fail(t, E_LOG_OPTION, option->span, "an evaluation is logged as a whole, and not in a row "
             "for each of its batches");
        diag_hint(t->diag, "leave `on_step` out; it is for training_step");
        return false;
    }
    if (strcmp(name, "on_step") == 0 && value->kind == V_BOOL)
        return entry->on_step = truth, true;
    if (strcmp(name, "on_epoch") == 0 && value->kind == V_BOOL)
        return entry->on_epoch = truth, true;
    if ((strcmp(name, "reduce") == 0 || strcmp(name, "reduce_fx") == 0) && value->kind == V_TEXT) {
        static const char *const words[] = {"mean", "sum", "min", "max"};
        for (int i = 0; i < 4; i++)
            if (strcmp(value->text, words[i]) == 0)
                return entry->reduce = (Reduce)i, true;
    }
    if (value->kind == V_POISON)
        return true;
    fail(t, E_LOG_OPTION, option->span, "`%s` is no option of `log` with this value", name);
    diag_hint(t->diag, "options: on_step, on_epoch, prog_bar = true or false; reduce = \"mean\" "
              "| \"sum\" | \"min\" | \"max\"");
    return false;
}

// What a callback logs under a constant name has its column like everything else.
static void known_log(Tracer *t, const char *name, Span span)
{
    for (int i = 0; i < t->program->log_count; i++)
        if (strcmp(t->program->log[i].name, name) == 0)
            return;
    int index = log_entry(t, name, PHASE_TRAIN, span);
    t->program->log[index].progress_bar = false;
}

static void picture_in_hook(Tracer *t, Scope *scope, const Ast *item, const Value *value)
{
    const bool text = item->b && item->b->kind == AST_STRING;
    const char *name = text ? format_text(t, scope, item->b) : item->name;
    if (name)
        log_picture(t, name, value, item->span);
}

static void log_in_hook(Tracer *t, Scope *scope, const Ast *item, Value *value)
{
    if (value->kind == V_PICTURE) {
        picture_in_hook(t, scope, item, value);
        return;
    }
    if (value->kind == V_TENSOR || value->kind == V_LEAF)
        value = item_of(t, value, item->span);
    const HostExpr *host = host_of(t->arena, value);
    if (!host || host->type == HOST_STRING) {
        if (value->kind != V_POISON)
            fail(t, E_LOG_VALUE, item->span, "a callback logs numbers, but this is %s",
                 value_kind_text(value));
        return;
    }
    HostText *name = NULL;
    if (item->b && item->b->kind == AST_STRING)
        name = message_text(t, scope, item->b);
    else if (item->name) {
        name = arena_alloc(t->arena, sizeof *name);
        name->text = item->name;
    }
    if (!name)
        return;
    if (name->text && !name->next)
        known_log(t, name->text, item->span);
    HostStmt *log = host_emit(t, DO_LOG, item->span);
    log->message = name;
    log->a = host;
}

static const char *log_name(Tracer *t, Scope *scope, const Ast *item)
{
    const char *name = item->name;
    if (item->b && item->b->kind == AST_STRING)
        name = format_text(t, scope, item->b);
    if (!name)
        return NULL;
    return t->path && *t->path ? arena_format(t->arena, "%s.%s", t->path, name) : name;
}

static void log_value(Tracer *t, const Ast *item, const char *name, Value *value,
                      const Ast *options, Scope *scope)
{
    if (value->kind == V_POISON)
        known_log(t, name, item->span); // so that nobody misses it
    if (value->kind == V_POISON || value->kind == V_NONE)
        return;                         // a metric has entered itself
    if (value->kind == V_PICTURE) {
        log_picture(t, name, value, item->span);
        return;
    }
    Node *node = to_tensor(t, value, t->float_type, item->span);
    if (!node)
        return;
    if (shape_size(&node->shape).power != 0 || shape_size(&node->shape).scale != 1) {
        fail(t, E_LOG_VALUE, item->span, "`log` takes one number, but `%s` is %s", name,
             value_text_of(t->arena, value));
        diag_hint(t->diag, "reduce it first: mean(…) or sum(…)");
        return;
    }
    int index = log_entry(t, name, t->phase, item->span);
    for (const Ast *o = options; o; o = o->next)
        option_of(t, scope, &t->program->log[index], o);
    set_origin(t, item->span);
    Shape scalar = {0};
    node = make_reshape(&t->builder, node, &scalar);
    if (dtype_kind(node->dtype) != KIND_FLOAT)
        node = make_cast(&t->builder, DT_F64, node);
    graph_result(t->graph, (Result){RESULT_LOG, index, t->program->log[index].name, node, t->guard,
                                    item->span});
}

void run_log(Tracer *t, Scope *scope, const Ast *tree)
{
    if (!t->in_step && !t->host) {
        fail(t, E_LOG_PLACE, tree->span, "`log` stands in a step, a layer's method or a callback");
        return;
    }
    for (const Ast *item = tree->a; item; item = item->next) {
        const char *name = t->host ? "" : log_name(t, scope, item);
        if (!name)
            continue;
        Value *value;
        if (!item->a) {                 // `log loss`: the value of that name
            Ast read = {.kind = AST_NAME, .name = item->name, .span = item->span};
            value = eval(t, scope, &read);
        } else {
            bool outer = t->in_log;
            t->in_log = true;
            const char *outer_name = t->log_name;
            t->log_name = name;
            value = eval(t, scope, item->a);
            t->log_name = outer_name;
            t->in_log = outer;
        }
        if (t->host)
            log_in_hook(t, scope, item, value);
        else
            log_value(t, item, name, value, tree->b, scope);
    }
}

// ---- assert -------------------------------------------------------------------------------------

// What the author says, and where it stands.
static HostText *assert_message(Tracer *t, Scope *scope, const Ast *tree)
{
    const bool said = tree->b && tree->b->kind == AST_STRING;
    HostText *where = arena_alloc(t->arena, sizeof *where), *message = NULL;
    *where = (HostText){.text = arena_format(t->arena, "%s (assert at %s)",
                                             said ? "" : "this does not hold",
                                             span_where(t->arena, tree->span))};
    if (said)
        message = message_text(t, scope, tree->b);
    HostText **end = &message;
    while (*end)
        end = &(*end)->next;
    *end = where;
    return message;
}

// Poison if it does not hold: what follows in the block relies on it.
static Value *run_assert(Tracer *t, Scope *scope, const Ast *tree)
{
    Value *condition = eval(t, scope, tree->a);
    if (condition->kind == V_POISON)
        return &value_none;
    if (condition->kind == V_HOST && t->host) {
        HostText *message = assert_message(t, scope, tree);
        HostStmt *check = host_emit(t, DO_CHECK, tree->span);
        check->a = condition->host;
        check->message = message;
        return &value_none;
    }
    if (condition->kind != V_BOOL) {
        fail(t, E_CONDITION, tree->a->span, "`assert` takes a condition that is known when "
             "compiling, but this is %s", value_kind_text(condition));
        if (t->graph && (condition->kind == V_TENSOR || condition->kind == V_HOST))
            diag_hint(t->diag, "what a step calculates is checked by check(c, \"…\"), in runs with "
                      "trainer.detect_anomaly");
        return &value_none;
    }
    if (condition->number != 0)
        return &value_none;
    const char *message = NULL;
    if (tree->b && tree->b->kind == AST_STRING)
        message = format_text(t, scope, tree->b);
    fail(t, E_ASSERT, tree->a->span, "%s", message ? message : "this does not hold");
    if (t->made_at.source && !tree->span.source->library)
        diag_note(t->diag, t->made_at, "while making this");
    return &value_poison;
}

// ---- blocks -------------------------------------------------------------------------------------

static void unused_value(Tracer *t, const Ast *statement, const Value *value)
{
    if (value->kind == V_NONE || value->kind == V_POISON)
        return;
    fail(t, E_UNUSED_VALUE, statement->span, "the value of this line is not used");
    const Ast *next = statement->next;
    if (next && next->kind == AST_EXPRESSION && next->a && next->a->kind == AST_UNARY)
        diag_hint(t->diag, "to go on in the next line, end this one with the operator");
    else
        diag_hint(t->diag, "bind it to a name, or to `_`");
}

static Value *run_statement(Tracer *t, Scope *scope, const Ast *tree)
{
    switch (tree->kind) {
    case AST_EXPRESSION:
        if (tree->a && !tree->a->next)
            return eval(t, scope, tree->a);
        return eval(t, scope, tree);
    case AST_ASSIGN: run_assign(t, scope, tree); return &value_none;
    case AST_UPDATE: run_update(t, scope, tree); return &value_none;
    case AST_LOG: run_log(t, scope, tree); return &value_none;
    case AST_MINIMIZE: trace_minimize(t, scope, tree); return &value_none;
    case AST_ASSERT: return run_assert(t, scope, tree);
    case AST_YIELD:
        return fail(t, E_YIELD, tree->span, "`yield` stands in a `scan` only");
    case AST_FUNCTION: {
        Value *value = new_value(t->arena, V_FUNCTION);
        value->function = arena_alloc(t->arena, sizeof *value->function);
        *value->function = (Function){tree, scope, t->self, tree->name};
        scope_bind(t->arena, scope, tree->name, value, BIND_LOCAL, tree->span);
        return &value_none;
    }
    default: return eval(t, scope, tree);
    }
}

Value *run_statements(Tracer *t, Scope *scope, const Ast *list)
{
    Value *value = &value_none;
    bool poison = false;
    for (; list; list = list->next) {
        value = run_statement(t, scope, list);
        poison |= value->kind == V_POISON;
        if (list->kind == AST_ASSERT && value->kind == V_POISON)
            break;
        if (list->next)
            unused_value(t, list, value);
    }
    return poison ? &value_poison : value;
}
