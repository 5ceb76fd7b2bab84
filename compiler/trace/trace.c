// trace: the way from a spec to a program, in order.
#include "tracer.h"

#include <lt/random.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Context save_context(const Tracer *t)
{
    return (Context){t->graph, t->builder, t->update, t->update_capacity, t->draws, t->guard,
                     t->path, t->training, t->in_step};
}

void restore_context(Tracer *t, const Context *context)
{
    t->graph = context->graph;
    t->builder = context->builder;
    t->update = context->update;
    t->update_capacity = context->update_capacity;
    t->draws = context->draws;
    t->guard = context->guard;
    t->path = context->path;
    t->training = context->training;
    t->in_step = context->in_step;
}

void note_source(Tracer *t, const Source *source)
{
    hash_add(&t->hash, source->text, source->length);
}

// ---- -D name=value ------------------------------------------------------------------------------

Value *defined_value(Tracer *t, const char *name)
{
    for (int i = 0; i < t->options->definition_count; i++) {
        if (strcmp(t->options->definition[i].name, name) != 0)
            continue;
        t->definition_used[i] = true;
        const char *text = arena_format(t->arena, "x = %s\n", t->options->definition[i].value);
        Source *source = source_new(t->arena, "-D", text, strlen(text));
        int errors = diag_count(t->diag);
        Ast *tree = parse(t->arena, t->atoms, t->diag, source);
        if (diag_count(t->diag) > errors || !tree->a || tree->a->kind != AST_CONSTANT)
            return &value_poison;
        return eval(t, t->file, tree->a->a);
    }
    return NULL;
}

static void check_definitions(Tracer *t)
{
    for (int i = 0; i < t->options->definition_count; i++) {
        if (t->definition_used[i])
            continue;
        const char *name = t->options->definition[i].name;
        fail(t, E_UNKNOWN_DEFINITION, (Span){0}, "-D %s: nothing in the spec has this name", name);
        const char *names[256];
        int count = 0;
        for (const Ast *p = t->model ? t->model->declaration->tree->a : NULL; p && count < 200;
             p = p->next)
            names[count++] = p->name;
        for (Binding *b = t->file->first; b && count < 256; b = b->next)
            names[count++] = b->name;
        const char *near = diag_nearest(t->arena, name, names, count);
        if (near)
            diag_hint(t->diag, "did you mean `%s`?", near);
    }
}

// ---- model --------------------------------------------------------------------------------------

static Argument *model_arguments(Tracer *t, const Declaration *model, const Argument *given,
                                 int given_count, int *count)
{
    int room = ast_count(model->tree->a) + given_count + 1;
    Argument *argument = arena_alloc(t->arena, sizeof *argument * (size_t)room);
    *count = 0;
    for (const Ast *p = model->tree->a; p; p = p->next) {
        Value *value = defined_value(t, p->name);
        if (value)
            argument[(*count)++] = (Argument){p->name, value, p->span};
    }
    const Ast *next = model->tree->a;
    for (int i = 0; i < given_count; i++) {
        const char *name = given[i].name ? given[i].name : next ? next->name : NULL;
        next = given[i].name || !next ? next : next->next;
        bool overridden = false;
        for (int k = 0; k < *count && name; k++)
            overridden |= argument[k].name && strcmp(argument[k].name, name) == 0;
        if (!overridden)
            argument[(*count)++] = (Argument){name, given[i].value, given[i].span};
    }
    return argument;
}

static void no_model(Tracer *t)
{
    const Declaration *first = NULL, *second = NULL;
    for (int i = 0; i < t->declaration_count; i++) {
        const Declaration *d = t->declaration[i];
        if (d->kind != AST_MODEL || d->library || d->scope != t->file)
            continue;
        second = first && !second ? d : second;
        first = first ? first : d;
    }
    if (!second) {
        fail(t, E_NO_MODEL, (Span){t->tree->span.source, 0, 0}, "there is no model to train");
        diag_hint(t->diag, "model Name { forward(x) { … } training_step(x, y) { … } }");
        return;
    }
    fail(t, E_NO_MODEL, second->tree->name_span, "`%s` is a second model, and nothing says which "
         "one is trained", second->name);
    diag_note(t->diag, first->tree->name_span, "the first is here");
    diag_hint(t->diag, "trainer { model = %s() }", second->name);
}

// `model = X(…)` of the trainer, with its arguments evaluated where parts may be made.
static Value *make_model(Tracer *t)
{
    const Ast *call = trainer_tree(t, "model");
    Declaration *model = NULL;
    Argument given[64];
    int given_count = 0;
    t->making = true;
    t->path = "";
    if (call) {
        const Ast *callee = call->kind == AST_CALL ? call->a : call;
        Value *value = eval(t, t->file, callee);
        if (value->kind != V_DECLARATION || value->declaration->kind != AST_MODEL) {
            if (value->kind != V_POISON)
                fail(t, E_NO_MODEL, call->span, "`model` is a model: model = Perceptron(…)");
            return &value_poison;
        }
        model = value->declaration;
        for (const Ast *a = call->kind == AST_CALL ? call->b : NULL; a && given_count < 64;
             a = a->next)
            given[given_count++] = (Argument){a->name, eval(t, t->file, a->a), a->span};
    } else {
        model = find_declaration(t, AST_MODEL, NULL);
        if (!model) {
            no_model(t);
            return &value_poison;
        }
    }
    model->used = true;
    int count;
    Argument *argument = model_arguments(t, model, given, given_count, &count);
    t->path = "";
    Value *value = make_part(t, model, argument, count, model->tree->name_span);
    t->making = false;
    return value;
}

// Optimiser states, accumulators and metric states start in the init step too.
static void start_states(Tracer *t)
{
    for (int i = 0; i < t->state_start_count; i++) {
        Variable *v = t->state_start[i].variable;
        Value *value = t->state_start[i].value;
        t->path = v->path;
        Node *node = value->kind == V_FILL
                   ? resolve_fill(t, value->fill, &v->shape, v->dtype, v->span)
                   : to_tensor(t, value, v->dtype, v->span);
        if (node)
            node = expand_initial(t, make_cast(&t->builder, v->dtype, node), &v->shape, v->span,
                                  v->of ? v->of->span : v->span);
        if (node)
            variable_write(t, v, node, v->span);
    }
    t->path = "";
}

static bool any_freezes(const Tracer *t)
{
    const Ast *callbacks = trainer_tree(t, "callbacks");
    if (!callbacks)
        return false;
    for (int i = 0; i < t->declaration_count; i++)
        if (t->declaration[i]->kind == AST_CALLBACK
            && tree_calls(callbacks, t->declaration[i]->name)
            && (tree_calls(t->declaration[i]->tree->b, "freeze")
                || tree_calls(t->declaration[i]->tree->b, "unfreeze")))
            return true;
    return false;
}

static void make_freeze_states(Tracer *t)
{
    if (!any_freezes(t))
        return;
    t->freeze_state = arena_alloc(t->arena, sizeof(int) * (size_t)(t->program->variable_count + 1));
    for (int i = 0; i < t->program->variable_count; i++) {
        const Variable *v = t->program->variable[i];
        t->freeze_state[i] = v->trainable
            ? program_state(t, arena_format(t->arena, "frozen.%s", v->path), &value_false, v->span)
            : -1;
    }
}

static void unused_declarations(Tracer *t)
{
    for (int i = 0; i < t->declaration_count; i++) {
        const Declaration *d = t->declaration[i];
        if (d->used || d->library || d->name[0] == '_' || d->scope != t->file)
            continue;
        if (d->kind == AST_LAYER || d->kind == AST_MODEL || d->kind == AST_CONSTANT)
            diag_warning(t->diag, W_UNUSED, d->tree->span, "`%s` is not used", d->name);
        if (d->kind == AST_CONSTANT && strcmp(d->name, "trainer") == 0)
            diag_hint(t->diag, "settings of the run stand in a block: trainer { max_epochs = 3 }");
    }
}

static Tracer *tracer_new(Arena *arena, AtomTable *atoms, Diag *diag, const TraceOptions *options)
{
    Tracer *t = arena_alloc(arena, sizeof *t);
    t->arena = arena;
    t->atoms = atoms;
    t->diag = diag;
    t->options = options;
    t->float_type = DT_F32;
    t->path = "";
    t->word_training = atom(atoms, "training");
    t->word_forward = atom(atoms, "forward");
    t->builtins = scope_new(arena, NULL);
    t->library = scope_new(arena, t->builtins);
    t->file = scope_new(arena, t->library);
    t->definition_used = arena_alloc(arena, sizeof(bool) * (size_t)(options->definition_count + 1));
    t->program = arena_alloc(arena, sizeof *t->program);
    t->program->arena = arena;
    t->program->variable_named = table_new(arena);
    t->program->diag = diag;
    t->program->predict_setting = -1;
    const char *slash = strrchr(options->spec_path, '/');
    t->program->spec = slash ? slash + 1 : options->spec_path;
    hash_begin(&t->hash);
    for (int i = 0; i < options->definition_count; i++) {
        hash_add(&t->hash, options->definition[i].name, strlen(options->definition[i].name) + 1);
        hash_add(&t->hash, options->definition[i].value, strlen(options->definition[i].value) + 1);
    }
    return t;
}

Program *trace(Arena *arena, AtomTable *atoms, Diag *diag, const TraceOptions *options)
{
    Tracer *t = tracer_new(arena, atoms, diag, options);
    load_files(t);
    if (diag_failed(diag))
        return NULL;
    choose_precision(t);
    bind_builtins(t);
    trace_trainer(t);
    choose_data(t);

    t->program->init = graph_new(arena, diag, "init");
    begin_graph(t, t->program->init);
    Value *model = make_model(t);
    if (model->kind != V_PART)
        return NULL;
    t->model = model->part;
    t->program->name = t->model->declaration->name;
    trace_hyperparameters(t, t->model);
    Context init = save_context(t);
    t->graph = NULL;
    make_optimizers(t);
    make_freeze_states(t);
    make_rates(t);
    trace_steps(t);
    restore_context(t, &init);
    make_callbacks(t);
    if (!diag_failed(diag))
        start_states(t);
    end_graph(t);
    trace_callbacks(t);
    if (diag_failed(diag))
        return NULL;                    // what went wrong has been said; nothing below adds to it
    finish_data(t);
    check_definitions(t);
    check_unused_members(t);
    unused_declarations(t);
    t->program->reads_elapsed = reads_elapsed(t);
    t->program->hash = hash_text(t);
    return diag_failed(diag) ? NULL : t->program;
}

const char *hash_text(Tracer *t)
{
    unsigned char digest[32];
    char *text = arena_alloc(t->arena, 65);
    Hash hash = t->hash;
    hash_end(&hash, digest);
    for (int i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    return text;
}
