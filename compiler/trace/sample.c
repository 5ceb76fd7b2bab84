// sample: the graphs that make one row of the batch out of one row of the source.
//
// `sample` is traced twice, for evaluating and for training, without a batch axis. Every name that
// it binds to a tensor is a field; those that a step takes become results.
#include "data.h"

#include <string.h>

static Value *raw_value(Tracer *t, RawColumn *column)
{
    if (column->field->text) {
        Value *value = new_value(t->arena, V_WORDS);
        value->column = column;
        return value;
    }
    Node *node = make_field(&t->builder, column->index,
                            strcmp(column->field->format, "csv") == 0 ? column->dtype
                                                                      : column->field->dtype,
                            &column->field->shape);
    node->name = column->name;
    return value_tensor(t->arena, node);
}

// The parameters of `sample`. In a program of another precision a float column is cast to it.
static bool bind_raw(Tracer *t, DataPart *data, const Ast *sample, Scope *scope)
{
    bool good = true, known = false;
    Shape rest;
    int i = 0;
    for (const Ast *p = sample->a; p; p = p->next, i++) {
        set_origin(t, p->span);
        Value *value = raw_value(t, &data->raw[i]);
        DType wanted;
        if (value->kind == V_TENSOR && p->a && p->a->name && dtype_named(t, p->a->name, &wanted)) {
            value = value_tensor(t->arena, make_cast(&t->builder, wanted, value->node));
            value = match_type(t, scope, p->a, value, arena_format(t->arena, "`%s`", p->name),
                               p->span, &known, &rest);
        }
        good &= value->kind != V_POISON;
        scope_bind(t->arena, scope, p->name, value, BIND_LOCAL, p->span)->used = true;
    }
    return good;
}

// Without `sample` the columns are the fields, texts left out.
static void pass_columns(Tracer *t, DataPart *data, Scope *fields)
{
    set_origin(t, data->block->span);
    for (int i = 0; i < data->raw_count; i++)
        if (!data->raw[i].field->text)
            scope_bind(t->arena, fields, data->raw[i].field->name, raw_value(t, &data->raw[i]),
                       BIND_LOCAL, data->block->span);
}

static bool is_parameter(const Ast *sample, const Binding *binding)
{
    for (const Ast *p = sample->a; p; p = p->next)
        if (p->name == binding->name)
            return binding->span.begin == p->span.begin && binding->span.source == p->span.source;
    return false;
}

static bool run_sample(Tracer *t, DataPart *data, const Ast *sample, Scope *fields)
{
    Scope *scope = scope_new(t->arena, data->scope);
    scope_bind(t->arena, scope, t->word_training, value_bool(t->training), BIND_LOCAL,
               sample->span)->used = true;
    if (!bind_raw(t, data, sample, scope)
        || eval_block(t, scope, sample->c)->kind == V_POISON)
        return false;
    for (Binding *b = scope->first; b; b = b->next) {
        if (b->value->kind != V_TENSOR || is_parameter(sample, b))
            continue;
        if (!b->value->node->name)
            b->value->node->name = b->name;
        scope_bind(t->arena, fields, b->name, b->value, BIND_LOCAL, b->span);
    }
    return true;
}

static Scope *trace_variant(Tracer *t, DataPart *data, const Ast *sample, bool training)
{
    const char *name = arena_format(t->arena, "%s_sample", data->declaration->name);
    Graph *graph = graph_new(t->arena, t->diag, name);
    Scope *fields = scope_new(t->arena, NULL);
    data->sample[training] = graph;
    t->path = "";
    t->training = training;
    begin_graph(t, graph);
    bool good = true;
    if (sample)
        good = run_sample(t, data, sample, fields);
    else
        pass_columns(t, data, fields);
    end_graph(t);
    return good ? fields : NULL;
}

static bool read_texts(Tracer *t, DataPart *data)
{
    for (int i = 0; i < data->raw_count; i++)
        if (data->raw[i].field->text && !scan_column(t, data->source, data->raw[i].field))
            return false;
    return true;
}

// A step is compiled once for both, so the fields must agree.
static void check_alike(Tracer *t, const Scope *evaluating, const Scope *training)
{
    for (Binding *b = evaluating->first; b; b = b->next) {
        Binding *other = scope_here(training, b->name);
        const Node *x = b->value->node, *y = other ? other->value->node : NULL;
        if (y && x->dtype == y->dtype && shape_equal(&x->shape, &y->shape))
            continue;
        fail(t, E_SAMPLE_SHAPE, b->span, "`%s` is %s in evaluation, but %s in training", b->name,
             value_text_of(t->arena, b->value),
             other ? value_text_of(t->arena, other->value) : "is not made");
        if (y)
            note_origin(t, y, b->span);
    }
}

void trace_sample(Tracer *t, DataPart *data, const Ast *sample)
{
    if (!read_texts(t, data))
        return;
    Scope *evaluating = trace_variant(t, data, sample, false);
    int errors = diag_count(t->diag);
    Scope *training = evaluating ? trace_variant(t, data, sample, true) : NULL;
    if (!training || diag_count(t->diag) > errors)
        return;
    check_alike(t, evaluating, training);
    data->fields = evaluating;
    data->sampled = training;
}

// ---- what the program knows of it ---------------------------------------------------------------

static RawField raw_field(const RawColumn *column, const SourceField *at)
{
    const SourceField *field = column->field;
    RawField raw = {.name = at->name, .file = at->file, .format = at->format,
                    .dtype = field->dtype, .shape = field->shape, .text = field->text};
    if (field->text)
        raw.dtype = DT_I32;
    else if (strcmp(field->format, "csv") == 0)
        raw.dtype = column->dtype;
    raw.word = column->word;
    raw.word_count = column->word_count;
    return raw;
}

// Again after `sample` asked for more texts of a column.
void fill_raw(Tracer *t, DataPart *data)
{
    DataBlock *block = data->block;
    SourceInfo *source = data->source;
    int parts = source->part_count ? source->part_count : 1, count = data->raw_count;
    block->raw = arena_alloc(t->arena, sizeof *block->raw * (size_t)(parts * count + 1));
    block->raw_count = count;
    for (int part = 0; part < parts; part++)
        for (int i = 0; i < count; i++) {
            SourceField *field = data->raw[i].field;
            block->raw[part * count + i] = raw_field(
                &data->raw[i], part ? field_named(source->part[part], field->name) : field);
        }
}

// A field is a class index if it is a whole number that a column has as it is, only cast; then no
// row may have one that the compiled program has no place for.
static int64_t field_below(Tracer *t, const DataPart *data, const Node *node)
{
    if (dtype_kind(node->dtype) != KIND_INT || node->shape.rank)
        return 0;
    while (node->prim == P_CAST)
        node = node->input[0];
    if (node->prim != P_FIELD)
        return 0;
    const RawColumn *column = &data->raw[node->attr->index];
    SourceField *field = column->field;
    if (field->text)
        return column->word_count;
    if (!column_is_label(column) || !scan_column(t, data->source, field)
        || field->least > field->greatest || field->least < 0)
        return 0;
    const Binding *classes = scope_here(data->scope, atom(t->atoms, "classes"));
    int64_t below = field->greatest + 1;
    if (classes && value_is_whole(classes->value) && classes->value->number > (double)below)
        below = (int64_t)classes->value->number;
    return below;
}

static bool same_node(const Node *x, const Node *y)
{
    if (x->prim != y->prim || x->dtype != y->dtype || !shape_equal(&x->shape, &y->shape)
        || x->input_count != y->input_count || memcmp(x->attr, y->attr, sizeof *x->attr) != 0)
        return false;
    for (int i = 0; i < x->input_count; i++)
        if (x->input[i]->id != y->input[i]->id)
            return false;
    return true;
}

static bool same_graph(const Graph *x, const Graph *y)
{
    if (x->node_count != y->node_count || x->result_count != y->result_count)
        return false;
    for (int i = 0; i < x->node_count; i++)
        if (!same_node(x->node[i], y->node[i]))
            return false;
    for (int i = 0; i < x->result_count; i++)
        if (x->result[i].value->id != y->result[i].value->id)
            return false;
    return true;
}

static void add_fields(Tracer *t, DataPart *data)
{
    DataBlock *block = data->block;
    block->field = arena_alloc(t->arena, sizeof *block->field * (size_t)(data->asked_count + 1));
    for (int i = 0; i < data->asked_count; i++) {
        const char *name = data->asked[i];
        const Binding *field[2] = {scope_here(data->fields, name), scope_here(data->sampled, name)};
        const Node *node = field[0]->value->node;
        for (int k = 0; k < 2; k++)
            graph_result(data->sample[k], (Result){RESULT_FIELD, i, name, field[k]->value->node,
                                                   NULL, field[k]->span});
        block->field[block->field_count++] = (DataField){name, node->dtype, node->shape,
                                                         field_below(t, data, node),
                                                         field[0]->span};
    }
    bool same = same_graph(data->sample[0], data->sample[1]);
    block->sample[0] = data->sample[0];
    block->sample[1] = data->sample[same ? 0 : 1];
}

static DataBlock *no_data(Tracer *t)
{
    DataBlock *block = arena_alloc(t->arena, sizeof *block);
    block->name = "none";
    block->source = "none";
    block->option = "";
    for (int i = 0; i < 3; i++)
        block->split[i] = -1;
    return block;
}

static bool finish_block(Tracer *t, DataPart *data)
{
    if (!data || !data->block || !data->source || !data->fields)
        return false;
    fill_raw(t, data);
    add_fields(t, data);
    return true;
}

void finish_data(Tracer *t)
{
    DataPart *data = t->data;
    t->program->data = data && data->block ? data->block : no_data(t);
    bool reads = finish_block(t, data);
    for (int i = 0; i < t->block_count; i++)
        if (t->block[i] != data)
            reads |= finish_block(t, t->block[i]);
    finish_blocks(t);
    if (!reads && !t->program->weights_count)
        return;
    const char *root = t->options->data_root ? t->options->data_root : t->spec_folder;
    program_setting(t, "data.root", value_text(t->arena, root), NULL, false);
}
