// call: arguments to parameters, functions inlined, values applied.
#include "tracer.h"

#include <string.h>

const Ast *member_named(const Declaration *declaration, AstKind kind, const char *name)
{
    for (const Ast *m = declaration->tree->b; m; m = m->next)
        if (m->kind == kind && m->name && strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

// ---- arguments ----------------------------------------------------------------------------------

static const Ast *parameter_named(const Ast *parameters, const char *name)
{
    for (const Ast *p = parameters; p; p = p->next)
        if (strcmp(p->name, name) == 0)
            return p;
    return NULL;
}

static void unknown_argument(Tracer *t, const Ast *parameters, const Argument *argument,
                             const Binder *binder)
{
    fail(t, E_UNKNOWN_ARGUMENT, argument->span, "%s has no parameter `%s`", binder->what,
         argument->name);
    const char *names[64];
    int count = 0;
    for (const Ast *p = parameters; p && count < 64; p = p->next)
        names[count++] = p->name;
    for (const Ast *m = binder->members; m && count < 64; m = m->next)
        if (m->kind == AST_PARAM || m->kind == AST_BUFFER)
            names[count++] = m->name;
    const Ast *meant = parameter_named(parameters, foreign_parameter(argument->name));
    const char *near = meant ? meant->name
                             : diag_nearest(t->arena, argument->name, names, count);
    if (near)
        diag_hint(t->diag, "did you mean `%s`?", near);
    else if (count)
        diag_hint(t->diag, "it has %s", join_names(t, names, count));
}

// Places arguments under their parameters; false where they do not fit.
static bool place_arguments(Tracer *t, const Ast *parameters, Argument *argument, int count,
                            const Binder *binder, const Argument **given)
{
    bool good = true;
    const Ast *next = parameters;
    for (int i = 0; i < count; i++) {
        const Ast *parameter = next;
        if (argument[i].name)
            parameter = parameter_named(parameters, argument[i].name);
        else if (next)
            next = next->next;
        if (!parameter && argument[i].name && binder->extra
            && binder->extra(binder->data, &argument[i]))
            continue;
        if (!parameter && argument[i].name) {
            unknown_argument(t, parameters, &argument[i], binder);
            good = false;
            continue;
        }
        if (!parameter) {
            fail(t, E_TOO_MANY, argument[i].span, "%s takes %d argument%s, this is one more",
                 binder->what, ast_count(parameters), ast_count(parameters) == 1 ? "" : "s");
            return false;
        }
        int place = 0;
        for (const Ast *p = parameters; p != parameter; p = p->next)
            place++;
        if (given[place]) {
            fail(t, E_TWICE, argument[i].span, "`%s` is given twice", parameter->name);
            good = false;
        }
        given[place] = &argument[i];
    }
    return good;
}

// May the command line set this parameter? Numbers, truth values and words may; what shapes the
// code may not, and `const` says so.
static bool becomes_setting(const Ast *parameter, const Value *value)
{
    if (parameter->flag || value->message)      // a string with holes is read where it is used
        return false;
    const Ast *type = parameter->a;
    if (type && (type->kind == AST_TYPE_LIST || type->kind == AST_TYPE_TUPLE))
        return false;
    return value->kind == V_NUMBER || value->kind == V_BOOL || value->kind == V_TEXT
        || value->kind == V_DURATION;
}

static Value *to_setting(Tracer *t, const Ast *parameter, Value *value, const Binder *binder)
{
    if (!binder->settings)
        return value;
    const char *name = arena_format(t->arena, "%s.%s", binder->settings, parameter->name);
    if (!becomes_setting(parameter, value)) {
        if (parameter->flag && (value->kind == V_NUMBER || value->kind == V_BOOL
                                || value->kind == V_TEXT))
            program_setting(t, name, value, parameter, true);
        return value;
    }
    int index = program_setting(t, name, value, parameter, false);
    t->program->setting[index].holes = value->kind == V_TEXT && value->holes;
    HostType type = value->kind == V_TEXT ? HOST_STRING : value->kind == V_BOOL ? HOST_BOOL
                  : value->kind == V_NUMBER && value->whole && parameter->a
                    && parameter->a->name && strcmp(parameter->a->name, "int") == 0
                  ? HOST_INT : HOST_FLOAT;
    const HostExpr *setting = host_leaf(t->arena, HOST_SETTING, type, index, name);
    if (value->kind == V_DURATION && value->unit == UNIT_EPOCHS)    // kept in epochs, read in steps
        setting = host_op(t->arena, HOST_MUL, setting,
                          host_leaf(t->arena, HOST_RUN, HOST_FLOAT, 0, "steps_per_epoch"), NULL);
    return value_host(t->arena, setting);
}

static void missing_argument(Tracer *t, const Ast *parameter, const Binder *binder)
{
    fail(t, E_MISSING_ARGUMENT, binder->span, "%s needs `%s`", binder->what, parameter->name);
    if (parameter->span.source)
        diag_note(t->diag, parameter->span, "declared here, without a default");
    if (t->making && binder->tensors)
        diag_hint(t->diag, "among layers, a function stands without brackets, or with a hole for "
                  "what it is applied to: f, f(_, 2)");
}

bool bind_arguments(Tracer *t, Scope *scope, const Ast *parameters, Argument *argument, int count,
                    const Binder *binder)
{
    int places = ast_count(parameters);
    const Argument **given = arena_alloc(t->arena, sizeof *given * (size_t)(places + 1));
    if (!place_arguments(t, parameters, argument, count, binder, given))
        return false;
    bool good = true, rest_known = false;
    Shape rest;
    int place = 0;
    for (const Ast *p = parameters; p; p = p->next, place++) {
        Value *value;
        Span at = given[place] ? given[place]->span : p->span;
        Value *defined = binder->settings
                       ? defined_value(t, join_path(t, binder->settings, p->name)) : NULL;
        if (defined) {
            value = defined;
        } else if (given[place]) {
            value = given[place]->value;
        } else if (p->b) {
            value = eval(t, scope, p->b);
        } else {
            missing_argument(t, p, binder);
            scope_bind(t->arena, scope, p->name, &value_poison, binder->kind, p->span);
            good = false;
            continue;
        }
        const char *what = arena_format(t->arena, "`%s` of %s", p->name, binder->what);
        value = match_type(t, scope, p->a, value, what, at, &rest_known, &rest);
        if (value->kind == V_POISON)
            good = false;
        else
            value = to_setting(t, p, value, binder);
        scope_bind(t->arena, scope, p->name, value, binder->kind, p->span);
    }
    return good;
}

// ---- functions ----------------------------------------------------------------------------------

static const Ast *function_body(const Ast *tree)
{
    return tree->c;
}

// A part goes by its own name, not by that of its method.
static const char *called_name(Tracer *t, const Function *function)
{
    const Part *self = function->self;
    if (self && *self->path && strcmp(function->name, t->word_forward) == 0)
        return arena_format(t->arena, "`%s`", self->path);
    return arena_format(t->arena, "`%s`", function->name);
}

static Value *run_body(Tracer *t, Function *function, Scope *scope)
{
    const Ast *tree = function->tree;
    const Ast *body = function_body(tree);
    Value *value = eval_block(t, scope, body);
    if (value->kind == V_POISON || !tree->b)
        return value;
    bool rest_known = false;
    Shape rest;
    const char *what = arena_format(t->arena, "the result of %s", called_name(t, function));
    return match_type(t, scope, tree->b, value, what, body->span, &rest_known, &rest);
}

static bool self_frozen(const Part *self)
{
    return self && self->frozen;
}

Value *call_function(Tracer *t, Function *function, Argument *argument, int count, Span span)
{
    if (!may_inline(t, span))
        return &value_poison;
    if (t->calls >= deepest_call) {
        t->too_deep = true;
        fail(t, E_RECURSION, span, "`%s` calls itself, or calls go too deep", function->name);
        diag_hint(t->diag, "functions are inlined, so they cannot be recursive");
        return &value_poison;
    }
    Scope *scope = scope_new(t->arena, function->scope);
    Binder binder = {.what = called_name(t, function), .kind = BIND_LOCAL, .tensors = true,
                     .span = span};
    int errors = diag_count(t->diag);
    if (!bind_arguments(t, scope, function->tree->a, argument, count, &binder)) {
        if (diag_count(t->diag) > errors && function->self && function->self != t->self)
            note_made(t, function->self);
        return &value_poison;
    }

    Part *outer_self = t->self;
    const char *outer_path = t->path;
    bool outer_training = t->training, outer_making = t->making;
    t->self = function->self;
    if (function->self && !t->making)
        t->path = function->self->path;
    if (self_frozen(function->self))
        t->training = false;
    t->calls++;
    Binding *training = scope_bind(t->arena, scope, t->word_training, value_bool(t->training),
                                   BIND_LOCAL, span);
    training->used = true;
    Value *value = run_body(t, function, scope);
    t->calls--;
    t->self = outer_self;
    t->path = outer_path;
    t->training = outer_training;
    t->making = outer_making;
    return value;
}

// ---- calls of everything ------------------------------------------------------------------------

static Value *call_partial(Tracer *t, Partial *partial, Argument *argument, int count, Span span)
{
    Argument *all = arena_alloc(t->arena, sizeof *all * (size_t)(partial->count + count));
    int n = 0, next = 0;
    for (int i = 0; i < partial->count; i++) {
        all[n] = partial->argument[i];
        if (all[n].value->kind == V_HOLE) {
            while (next < count && argument[next].name)
                next++;
            if (next == count)
                return fail(t, E_MISSING_ARGUMENT, span, "the hole `_` needs a value");
            all[n].value = argument[next].value;
            all[n].span = argument[next++].span;
        }
        n++;
    }
    for (int i = 0; i < count; i++)
        if (argument[i].name || i >= next)
            all[n++] = argument[i];
    return call_value(t, partial->callee, all, n, span);
}

static Value *call_part(Tracer *t, Value *callee, Argument *argument, int count, Span span)
{
    Binding *forward = scope_here(callee->part->scope, t->word_forward);
    if (!forward) {
        fail(t, E_NO_FORWARD, span, "`%s` has no `forward`, so it cannot be applied",
             callee->part->declaration->name);
        diag_note(t->diag, callee->part->declaration->tree->name_span, "declared here");
        return &value_poison;
    }
    if (t->making)
        return fail(t, E_APPLY_IN_BODY, span, "a body makes layers, its methods apply them: `%s` "
                    "is applied here", callee->part->declaration->name);
    return call_function(t, forward->value->function, argument, count, span);
}

static Value *call_list(Tracer *t, Value *callee, Argument *argument, int count, Span span)
{
    if (count != 1 || argument[0].name)
        return fail(t, E_TOO_MANY, span, "a list of parts is applied to one value");
    Value *x = argument[0].value;
    for (int i = 0; i < callee->count; i++) {
        x = apply(t, callee->item[i], x, span);
        if (x->kind == V_POISON)
            return x;
    }
    return x;
}

static Value *call_declaration(Tracer *t, Declaration *declaration, Argument *argument, int count,
                               Span span)
{
    declaration->used = true;
    switch (declaration->kind) {
    case AST_LAYER:
    case AST_MODEL:
        if (!t->making) {
            fail(t, E_MAKE_IN_METHOD, span, "`%s` is made here, in code that runs each step",
                 declaration->name);
            diag_hint(t->diag, "make it in the body of the layer: name = %s(…), and apply it here",
                      declaration->name);
            return &value_poison;
        }
        return make_part(t, declaration, argument, count, span);
    case AST_METRIC:
        if (t->fitting)
            return make_fitted(t, declaration, argument, count, span);
        if (!t->in_log) {
            fail(t, E_METRIC_PLACE, span, "the metric `%s` is used outside of `log`",
                 declaration->name);
            diag_hint(t->diag, t->making_data ? "a statistic of the training rows: fitted(%s(…))"
                      : "log name = %s(…)", declaration->name);
            return &value_poison;
        }
        return log_metric(t, declaration, argument, count, span);
    case AST_OPTIMIZER_KIND: case AST_SCHEDULE: case AST_CALLBACK: {
        if (!t->instance_prefix) {
            fail(t, E_INSTANCE_PLACE, span, "`%s` cannot be made here", declaration->name);
            const char *place = declaration->kind == AST_SCHEDULE
                              ? "a schedule stands in an argument of the optimiser: lr = %s(…)"
                              : declaration->kind == AST_CALLBACK
                              ? "trainer { callbacks = [%s(…)] }"
                              : "a member of the model: optimizer = %s(…)";
            diag_hint(t->diag, place, declaration->name);
            return &value_poison;
        }
        return make_instance(t, declaration, argument, count, t->instance_prefix, span);
    }
    default:
        return fail(t, E_NOT_CALLABLE, span, "`%s` cannot be called", declaration->name);
    }
}

// Of whole numbers alone, as ranges are.
static bool whole_list(const Value *value)
{
    bool whole = value->kind == V_LIST;
    for (int i = 0; whole && i < value->count; i++)
        whole = value_is_whole(value->item[i]) || whole_list(value->item[i]);
    return whole;
}

static Value *call_cast(Tracer *t, DType dtype, Argument *argument, int count, Span span)
{
    if (count != 1)
        return fail(t, E_TOO_MANY, span, "a cast takes one value");
    Value *value = read_value(t, argument[0].value);
    if (value->kind == V_NUMBER || value->kind == V_BOOL) {
        if (dtype_kind(dtype) == KIND_FLOAT || dtype == DT_BOOL || value->whole
            || value->kind == V_BOOL) {
            if (!t->graph)
                return value;
            Node *node = to_tensor(t, value, dtype == DT_BOOL ? DT_BOOL : dtype, span);
            return node ? value_tensor(t->arena, node) : &value_poison;
        }
    }
    if (value->kind == V_FILL) {
        Fill *fill = arena_alloc(t->arena, sizeof *fill);
        *fill = *value->fill;
        return value;
    }
    Node *node = to_tensor(t, value, whole_list(value) && dtype_kind(dtype) != KIND_INT
                           ? DT_I32 : dtype, span);
    if (!node)
        return &value_poison;
    set_origin(t, span);
    return value_tensor(t->arena, make_cast(&t->builder, dtype, node));
}

static Value *call_leaf(Tracer *t, Value *callee, Span span)
{
    fail(t, E_NOT_CALLABLE, span, "%s cannot be called", value_kind_text(callee));
    if (callee->kind == V_FILL)
        diag_hint(t->diag, "a fill gets its shape in brackets: randn[n]");
    if (callee->kind == V_HOST)
        diag_hint(t->diag, "sizes are x.shape[0]; x.size is the number of all elements");
    if (callee->kind == V_NUMBER)
        diag_hint(t->diag, "among layers, a function with settings has a hole for what it is "
                  "applied to: f(_, 0.5)");
    return &value_poison;
}

// A schedule in host code: its value at a step, rate(step - warmup).
static Value *call_schedule(Tracer *t, Instance *schedule, Argument *argument, int count, Span span)
{
    const HostExpr *step = count == 1 ? host_of(t->arena, argument[0].value) : NULL;
    if (schedule->kind != INSTANCE_SCHEDULE || !t->host)
        return fail(t, E_NOT_CALLABLE, span, "`%s` cannot be called here",
                    schedule->declaration->name);
    if (!step || step->type == HOST_STRING)
        return fail(t, E_SCHEDULE_VALUE, span, "a schedule is called with the number of a step: "
                    "rate(step)");
    const HostExpr *rate = schedule_rate(t, schedule, step);
    return rate ? value_host(t->arena, rate) : &value_poison;
}

static Value *call_kind(Tracer *t, Value *callee, Argument *argument, int count, Span span)
{
    switch (callee->kind) {
    case V_POISON: return callee;
    case V_FUNCTION: return call_function(t, callee->function, argument, count, span);
    case V_BUILTIN: return call_builtin(t, callee->builtin, argument, count, span);
    case V_PARTIAL: return call_partial(t, callee->partial, argument, count, span);
    case V_PART: return call_part(t, callee, argument, count, span);
    case V_LIST: return call_list(t, callee, argument, count, span);
    case V_DECLARATION: return call_declaration(t, callee->declaration, argument, count, span);
    case V_DTYPE: return call_cast(t, callee->dtype, argument, count, span);
    case V_INSTANCE: return call_schedule(t, callee->instance, argument, count, span);
    default: return call_leaf(t, callee, span);
    }
}

Value *call_value(Tracer *t, Value *callee, Argument *argument, int count, Span span)
{
    for (int i = 0; i < count; i++)
        if (argument[i].value->kind == V_POISON)
            return &value_poison;
    Span outer = t->called_from;
    if (span.source && !span.source->library)
        t->called_from = span;
    Value *value = call_kind(t, callee, argument, count, span);
    t->called_from = outer;
    return value;
}

Value *apply(Tracer *t, Value *callee, Value *x, Span span)
{
    Argument argument = {NULL, x, span};
    if (callee->kind == V_PART || callee->kind == V_LIST) {
        bool making = t->making;
        Value *value = call_value(t, callee, &argument, 1, span);
        t->making = making;
        return value;
    }
    return call_value(t, callee, &argument, 1, span);
}
