// batch: which data blocks the steps read, and the fields of their batches.
//
// A step takes fields of the trainer's block by name, and those of any block as members of a
// parameter that is typed by it: `training_step(a: Labelled, b: Unlabelled) { a.x }`. One block
// leads: its rows are B and make the epoch; the others go along.
#include "tracer.h"

#include <string.h>

enum { block_shift = 16, most_blocks = 32 };    // while tracing, P_FIELD: block and field

// ---- blocks -------------------------------------------------------------------------------------

static Declaration *typed_by(Tracer *t, const Scope *scope, const Ast *parameter)
{
    const Ast *type = parameter->a;
    DType dtype;
    if (!type || type->kind != AST_TYPE || !type->name || type->flag
        || dtype_named(t, type->name, &dtype))
        return NULL;
    Binding *binding = scope_find(scope, type->name);
    Value *value = binding ? binding->value : &value_none;
    bool data = value->kind == V_DECLARATION && value->declaration->kind == AST_DATA;
    return data ? value->declaration : NULL;
}

static int block_index(Tracer *t, DataPart *data)
{
    if (!t->block_count && t->data)
        t->block[t->block_count++] = t->data;
    for (int i = 0; i < t->block_count; i++)
        if (t->block[i] == data)
            return i;
    t->block[t->block_count] = data;
    return t->block_count < most_blocks ? t->block_count++ : -1;
}

// The model that will be made, without making it: its steps say which block leads.
static const Declaration *model_ahead(Tracer *t)
{
    const Ast *call = trainer_tree(t, "model");
    const Ast *callee = call && call->kind == AST_CALL ? call->a : call;
    return find_declaration(t, AST_MODEL, callee ? callee->name : NULL);
}

static Declaration *first_named(Tracer *t)
{
    const Declaration *model = model_ahead(t);
    const Ast *step = model ? member_named(model, AST_METHOD, "training_step") : NULL;
    Declaration *named = NULL;
    for (const Ast *p = step ? step->a : NULL; p && !named; p = p->next)
        named = typed_by(t, model->scope, p);
    return named;
}

static void take_data(Tracer *t, Declaration *declaration)
{
    t->data = data_part(t, declaration);
    t->data_broken = !t->data;
}

static void given_data(Tracer *t, const Ast *tree)
{
    Value *value = eval(t, t->file, tree);
    if (value->kind == V_DATA) {
        t->data = value->data;
        return;
    }
    t->data_broken = true;
    if (value->kind != V_POISON)
        fail(t, E_NO_DATA, tree->span, "`data` is a data block, but this is %s",
             value_kind_text(value));
}

void choose_data(Tracer *t)
{
    t->block = arena_alloc(t->arena, sizeof *t->block * (most_blocks + 1));
    const Ast *tree = trainer_tree(t, "data");
    if (tree) {
        given_data(t, tree);
        return;
    }
    Declaration *data = first_named(t);
    data = data ? data : find_declaration(t, AST_DATA, NULL);
    int blocks = 0;
    Binding *only = NULL;
    for (Binding *b = t->file->first; b; b = b->next)
        if (b->value->kind == V_DECLARATION && b->value->declaration->kind == AST_DATA) {
            blocks++;
            only = b;
        }
    if (!data && blocks == 1)
        data = only->value->declaration;
    if (data) {
        take_data(t, data);
    } else if (blocks > 1) {
        t->data_broken = true;
        fail(t, E_NO_DATA, only->span, "`%s` is one of %d data blocks, and nothing says which one "
             "the steps take", only->name, blocks);
        diag_hint(t->diag, "trainer { data = %s }, or a parameter for each: "
                  "training_step(a: %s, …) { a.x }", only->name, only->name);
    }
}

Dim batch_dim(const Tracer *t)
{
    const DataPart *data = t->lead ? t->lead : t->data;
    if (!data || !data->block || !data->block->batch)
        return dim_of(1);
    return data->block->drop_last ? dim_of(data->block->batch) : (Dim){1, 1};
}

// ---- fields -------------------------------------------------------------------------------------

static int ask_field(Tracer *t, DataPart *data, const char *name)
{
    for (int i = 0; i < data->asked_count; i++)
        if (data->asked[i] == name)
            return i;
    data->asked = arena_grow(t->arena, data->asked, data->asked_count, &data->asked_capacity,
                             sizeof *data->asked);
    data->asked[data->asked_count] = name;
    return data->asked_count++;
}

static bool sample_takes(const DataPart *data, const char *name)
{
    for (int i = 0; i < data->raw_count; i++)
        if (strcmp(data->raw[i].name, name) == 0)
            return true;
    return false;
}

static Value *no_field(Tracer *t, const DataPart *data, const char *name, Span span, bool member)
{
    fail(t, E_UNKNOWN_FIELD, span, "the sample of `%s` makes no `%s`", data->declaration->name,
         name);
    const char *names[128];
    int count = 0;
    for (Binding *b = data->fields->first; b && count < 128; b = b->next)
        names[count++] = b->name;
    const char *near = diag_nearest(t->arena, name, names, count);
    if (sample_takes(data, name))
        diag_hint(t->diag, "`sample` takes it, but binds nothing to it: %s = %s", name, name);
    else if (near && strlen(name) > 2)
        diag_hint(t->diag, "did you mean `%s`?", near);
    else
        diag_hint(t->diag, member ? "it makes: %s" : "a step takes the fields by name: %s",
                  join_names(t, names, count));
    return &value_poison;
}

// A field of the batch: the sample's tensor with the batch axis in front.
static Value *field_value(Tracer *t, DataPart *data, const char *name, Dim rows, Span span,
                          bool member)
{
    Binding *field = scope_here(data->fields, name);
    if (!field || field->value->kind != V_TENSOR)
        return no_field(t, data, name, span, member);
    int block = block_index(t, data);
    if (block < 0)
        return &value_poison;                   // one too many: said where the step names it
    const Node *row = field->value->node;
    Shape shape = {.rank = row->shape.rank + 1};
    if (shape.rank > max_rank)
        return fail(t, E_RANK, span, "a tensor has at most %d axes", max_rank);
    shape.dim[0] = rows;
    memcpy(shape.dim + 1, row->shape.dim, sizeof(Dim) * (size_t)row->shape.rank);
    Origin origin = t->builder.origin;
    set_origin(t, span);
    t->builder.origin.guard = NULL;             // it is there whatever branch asks for it first
    int index = ask_field(t, data, name) | block << block_shift;
    Node *node = make_field(&t->builder, index, row->dtype, &shape);
    node->name = name;
    if (node->dtype == DT_F32)
        node = make_cast(&t->builder, t->float_type, node);     // trainer.precision
    t->builder.origin = origin;
    return value_tensor(t->arena, node);
}

// A capital: meant for a block, and none has that name.
static bool names_no_block(Tracer *t, const Ast *type)
{
    if (!type || type->kind != AST_TYPE || !type->name || type->flag || type->name[0] < 'A'
        || type->name[0] > 'Z')
        return false;
    fail(t, E_UNKNOWN_TYPE, type->span, "`%s` is not a data block", type->name);
    const char *names[64];
    int count = 0;
    for (int i = 0; i < t->declaration_count && count < 64; i++)
        if (t->declaration[i]->kind == AST_DATA)
            names[count++] = t->declaration[i]->name;
    const char *near = diag_nearest(t->arena, type->name, names, count);
    if (near)
        diag_hint(t->diag, "did you mean `%s`?", near);
    else if (count)
        diag_hint(t->diag, "there are: %s", join_names(t, names, count));
    return true;
}

static Value *named_field(Tracer *t, const Ast *parameter, Dim rows)
{
    if (names_no_block(t, parameter->a))
        return &value_poison;
    if (t->data_broken)
        return &value_poison;
    if (!t->data || !t->data->fields)
        return fail(t, E_NO_DATA, parameter->span, "there is no data block that makes `%s`",
                    parameter->name);
    return field_value(t, t->data, parameter->name, rows, parameter->span, false);
}

static Value *block_argument(Tracer *t, Declaration *declaration, Dim rows)
{
    DataPart *data = data_part(t, declaration);
    declaration->used = true;
    if (!data)
        return &value_poison;
    Value *value = new_value(t->arena, V_BATCH);
    value->batch = arena_alloc(t->arena, sizeof *value->batch);
    *value->batch = (Batch){data, scope_new(t->arena, NULL), rows};
    return value;
}

bool takes_field(const Tracer *t, const char *name)
{
    return t->data && t->data->fields && scope_here(t->data->fields, name);
}

bool takes_block(Tracer *t, const Ast *parameter)
{
    return typed_by(t, t->model->scope, parameter) != NULL;
}

Value *batch_argument(Tracer *t, const Ast *parameter, Dim rows, bool *typed)
{
    Declaration *block = typed_by(t, t->model->scope, parameter);
    *typed = block != NULL;
    return block ? block_argument(t, block, rows) : named_field(t, parameter, rows);
}

// `a.x` of a parameter that is typed by a data block.
Value *batch_member(Tracer *t, Batch *batch, const char *name, Span span)
{
    Binding *made = scope_here(batch->made, name);
    if (made)
        return made->value;
    if (!batch->data->fields)
        return fail(t, E_NO_DATA, span, "`%s` has no source, so it makes no `%s`",
                    batch->data->declaration->name, name);
    Value *value = field_value(t, batch->data, name, batch->rows, span, true);
    scope_bind(t->arena, batch->made, name, value, BIND_LOCAL, span);
    return value;
}

// ---- the blocks of a step -----------------------------------------------------------------------

static bool has_rows(const DataBlock *block, Phase phase)
{
    phase = phase >= PHASE_MORE ? PHASE_VALIDATE : phase;
    if (!block->split_given || phase == PHASE_PREDICT)
        return true;
    for (int i = 0; i < block->part_count; i++)
        if (block->part[i] == phase)
            return true;
    return block->split[phase] > 0 || (phase == PHASE_TRAIN && block->split[phase] < 0);
}

static void check_batch(Tracer *t, const DataBlock *lead, const DataBlock *block, Span span)
{
    if (block->batch == lead->batch)
        return;
    fail(t, E_DATA_SETTING, span, "`%s` has batches of %lld rows, but `%s`, which this step reads "
         "too, of %lld", block->name, (long long)block->batch, lead->name, (long long)lead->batch);
    diag_note(t->diag, block->span, "`%s`", block->name);
    diag_note(t->diag, lead->span, "`%s`", lead->name);
    diag_hint(t->diag, "the blocks of one step have one `batch`, since B is one number");
}

static void check_rows(Tracer *t, const DataBlock *with, const DataBlock *without, Phase phase,
                       Span span)
{
    static const char *const parts[] = {"train", "val", "test", "predict"};
    const char *part = parts[phase >= PHASE_MORE ? PHASE_VALIDATE : phase];
    if (!has_rows(with, phase) || has_rows(without, phase))
        return;
    fail(t, E_SPLIT, span, "the split of `%s` has no rows for `%s`, but `%s`, which this step "
         "reads too, has some", without->name, part, with->name);
    diag_note(t->diag, without->span, "`%s`", without->name);
    diag_hint(t->diag, "give each of them a part `%s`, or leave one out of the step",
              part);
}

static void go_along(Tracer *t, DataPart *data, Phase phase, const Ast *parameter)
{
    int index = block_index(t, data);
    const DataBlock *lead = t->lead->block, *block = data->block;
    if (index < 0) {
        fail(t, E_LIMIT, parameter->span, "the steps read at most %d data blocks", most_blocks);
        return;
    }
    t->program->also[phase] |= 1u << index;
    check_batch(t, lead, block, parameter->a->span);
    if (t->renames_steps)                       // validation_step as test_step: see when it runs
        return;
    check_rows(t, lead, block, phase, parameter->a->span);
    check_rows(t, block, lead, phase, parameter->a->span);
}

// The trainer's block leads where the step reads it, or nothing; else the first that is named.
static DataPart *lead_of(Tracer *t, const Ast *method)
{
    DataPart *first = NULL;
    for (const Ast *p = method->a; p; p = p->next) {
        Declaration *block = typed_by(t, t->model->scope, p);
        DataPart *data = block ? data_part(t, block) : !p->b || takes_field(t, p->name) ? t->data
                                                                                          : NULL;
        if (data && data == t->data)
            return data;
        first = first ? first : data;
    }
    return first ? first : t->data;
}

void choose_blocks(Tracer *t, Phase phase, const Ast *method)
{
    t->lead = lead_of(t, method);
    if (!t->lead || !t->lead->block)
        return;
    int index = block_index(t, t->lead);
    t->program->lead[phase] = index < 0 ? 0 : index;
    for (const Ast *p = method->a; p; p = p->next) {
        Declaration *block = typed_by(t, t->model->scope, p);
        DataPart *data = block ? data_part(t, block) : NULL;
        if (data && data->block && data != t->lead)
            go_along(t, data, phase, p);
    }
}

// ---- several validation sets --------------------------------------------------------------------

static bool take_set(Tracer *t, const Ast *tree, DataPart **set, int count)
{
    Value *value = eval(t, t->file, tree);
    if (value->kind == V_POISON)
        return false;
    if (value->kind != V_DATA) {
        fail(t, E_SETTING_VALUE, tree->span, "`validate` names data blocks, but this is %s",
             value_kind_text(value));
        diag_hint(t->diag, "validate = [A, B]");
        return false;
    }
    for (int i = 0; i < count; i++)
        if (set[i] == value->data) {
            fail(t, E_SETTING_VALUE, tree->span, "`validate` names `%s` twice",
                 value->data->declaration->name);
            return false;
        }
    if (!has_rows(value->data->block, PHASE_VALIDATE)) {
        fail(t, E_SPLIT, tree->span, "the split of `%s` has no rows for `val`",
             value->data->declaration->name);
        diag_note(t->diag, value->data->block->span, "`%s`", value->data->declaration->name);
        return false;
    }
    set[count] = value->data;
    return true;
}

// trainer { validate = [A, B] }; the number of them, 0 where it is not given, -1 after a mistake.
int validation_sets(Tracer *t, DataPart **set, int most)
{
    const Ast *tree = trainer_tree(t, "validate");
    int count = 0;
    if (!tree)
        return 0;
    const Ast *one = tree->kind == AST_LIST ? tree->a : tree;
    for (; one; one = tree->kind == AST_LIST ? one->next : NULL) {
        if (count == most) {
            fail(t, E_LIMIT, one->span, "a model has at most %d validation sets", most);
            return -1;
        }
        if (!take_set(t, one, set, count))
            return -1;
        count++;
    }
    if (count)
        return count;
    fail(t, E_SETTING_VALUE, tree->span, "`validate` names no data block");
    return -1;
}

// ---- what the program knows of them -------------------------------------------------------------

static void number_fields(Graph *graph, const int *first)
{
    for (int i = 0; graph && i < graph->node_count; i++)
        if (graph->node[i]->prim == P_FIELD) {
            int index = graph->node[i]->attr->index;
            graph->node[i]->attr->index = first[index >> block_shift]
                                        + (index & ((1 << block_shift) - 1));
        }
}

void finish_blocks(Tracer *t)
{
    Program *program = t->program;
    int first[most_blocks], count = 0;
    program->block = arena_alloc(t->arena, sizeof *program->block * (most_blocks + 1));
    for (int i = 0; i < t->block_count; i++) {
        program->block[program->block_count++] = t->block[i]->block;
        first[i] = count;
        count += t->block[i]->block->field_count;
    }
    if (!program->block_count)
        program->block[program->block_count++] = program->data;
    for (int i = 0; i < PHASE_COUNT; i++)
        number_fields(program->phase[i], first);
}
