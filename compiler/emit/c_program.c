// c_program: the tables that describe a program to the runtime, and main.
#include "file.h"

#include <math.h>
#include <string.h>

static const char *const dtype_constant[DT_COUNT] = {
    "LT_F64", "LT_F32", "LT_F16", "LT_BF16", "LT_I64", "LT_I32", "LT_I16", "LT_I8", "LT_U8",
    "LT_BOOL",
};

static const char *sizes(File *file, const Shape *shape, int first)
{
    Text text = text_new(file->arena);
    for (int i = first; i < shape->rank; i++)
        text_add(&text, "%s%lld", i > first ? ", " : "", (long long)shape->dim[i].scale);
    return shape->rank > first ? arena_format(file->arena, "{%s}", text.data) : "{0}";
}

static void table_open(File *file, const char *type, const char *name, int count)
{
    text_add(file->out, "static const %s %s[%d] = {\n", type, name, count);
}

static void table_close(File *file)
{
    text_add(file->out, "};\n\n");
}

// ---- variables ----------------------------------------------------------------------------------

static const char *const kind_constant[] = {
    "LT_PARAMETER", "LT_BUFFER", "LT_OPTIMIZER_STATE", "LT_METRIC_STATE", "LT_CALLBACK_STATE",
    "LT_ACCUMULATOR",
};

static const char *flags(const Variable *v)
{
    return v->saved && v->trainable ? "LT_SAVED | LT_TRAINABLE"
           : v->saved               ? "LT_SAVED"
           : v->trainable           ? "LT_TRAINABLE"
                                    : "0";
}

static void emit_variables(File *file)
{
    const Program *program = file->program;
    if (!program->variable_count)
        return;
    table_open(file, "struct lt_variable", "variable_table", program->variable_count);
    for (int i = 0; i < program->variable_count; i++) {
        const Variable *v = program->variable[i];
        text_add(file->out, "    {%s, %s, %s, %d, %s,\n", quoted(file->arena, v->path),
                 kind_constant[v->kind], dtype_constant[v->dtype], v->shape.rank,
                 sizes(file, &v->shape, 0));
        text_add(file->out, "     .offset = %zu, .stride = {", v->offset);
        for (int k = 0; k < v->shape.rank; k++)
            text_add(file->out, "%s%lld", k ? ", " : "", (long long)v->stride[k]);
        text_add(file->out, "%s}, ", v->shape.rank ? "" : "0");
        if (v->panel)
            text_add(file->out, ".panel = %lld, .panel_stride = %lld, .panel_axis = %d, ",
                     (long long)v->panel, (long long)v->panel_stride, v->panel_axis);
        text_add(file->out, ".flags = %s, .frozen_mask = %d,\n     .where = %s},\n", flags(v),
                 v->frozen_mask,
                 quoted(file->arena, v->span.source ? span_where(file->arena, v->span) : ""));
    }
    table_close(file);
}

static void emit_aliases(File *file, const char *table, const Alias *alias, int count)
{
    if (!count)
        return;
    table_open(file, "struct lt_alias", table, count);
    for (int i = 0; i < count; i++)
        text_add(file->out, "    {%s, %s},\n", quoted(file->arena, alias[i].path),
                 quoted(file->arena, alias[i].stands_for));
    table_close(file);
}

// ---- data ---------------------------------------------------------------------------------------

// Tables of the first block have plain names.
static const char *table_of(File *file, const char *name, int block)
{
    return block ? arena_format(file->arena, "%s_%d", name, block) : name;
}

static const char *words_of(File *file, int raw, int block)
{
    return table_of(file, arena_format(file->arena, "words_%d", raw), block);
}

static void emit_words(File *file, const DataBlock *data, int block)
{
    for (int i = 0; i < data->raw_count; i++) {
        const RawField *raw = &data->raw[i];
        if (!raw->word_count)
            continue;
        text_add(file->out, "static const char *const %s[%d] = {\n", words_of(file, i, block),
                 raw->word_count);
        for (int k = 0; k < raw->word_count; k++)
            text_add(file->out, "    %s,\n", quoted(file->arena, raw->word[k]));
        table_close(file);
    }
}

static void emit_raw(File *file, const DataBlock *data, int block)
{
    if (!data->raw_count)
        return;
    emit_words(file, data, block);
    int count = data->raw_count * (data->part_count ? data->part_count : 1);
    table_open(file, "struct lt_raw_field", table_of(file, "raw_table", block), count);
    for (int i = 0; i < count; i++) {
        const RawField *raw = &data->raw[i];
        text_add(file->out, "    {%s, %s, %s, %s, %d, %s, .text = %s",
                 quoted(file->arena, raw->name),
                 quoted(file->arena, raw->file), quoted(file->arena, raw->format),
                 dtype_constant[raw->dtype], raw->shape.rank, sizes(file, &raw->shape, 0),
                 raw->text ? "true" : "false");
        if (raw->word_count)
            text_add(file->out, ", .words = %s, .word_count = %d",
                     words_of(file, i % data->raw_count, block), raw->word_count);
        text_add(file->out, "},\n");
    }
    table_close(file);
}

static void emit_fields(File *file, const DataBlock *data, int block)
{
    if (!data->field_count)
        return;
    table_open(file, "struct lt_field", table_of(file, "field_table", block), data->field_count);
    for (int i = 0; i < data->field_count; i++) {
        const DataField *field = &data->field[i];
        text_add(file->out, "    {%s, %s, %d, %s, %lld, %lld},\n", quoted(file->arena, field->name),
                 dtype_constant[field->dtype], field->shape.rank, sizes(file, &field->shape, 0),
                 (long long)(dim_at(shape_size(&field->shape), 1) * dtype_bytes(field->dtype)),
                 (long long)field->below);
    }
    table_close(file);
}

static const char *split(File *file, const DataBlock *data, int i)
{
    return arena_format(file->arena, "{%s, %s}", c_number(file->arena, DT_F64, data->split[i]),
                        data->split_share[i] ? "true" : "false");
}

static const char *const phase_constant[] = {
    "LT_TRAIN", "LT_VALIDATE", "LT_TEST", "LT_PREDICT", "LT_MORE", "LT_MORE + 1", "LT_MORE + 2",
    "LT_MORE + 3", "LT_MORE + 4", "LT_MORE + 5", "LT_MORE + 6",
};
_Static_assert(sizeof phase_constant / sizeof *phase_constant == PHASE_COUNT, "a name a phase");

static const char *step_name_of(const File *file, const Graph *graph)
{
    for (int i = 0; graph && i < file->plan->step_count; i++)
        if (file->plan->step[i]->graph == graph)
            return file->step_name[i];
    return NULL;
}

static void emit_sampler(File *file, const DataBlock *data, int block)
{
    const char *training = step_name_of(file, data->sample[1]);
    const char *evaluating = step_name_of(file, data->sample[0]);
    if (!training && !evaluating)
        return;
    training = training ? training : evaluating;
    evaluating = evaluating ? evaluating : training;
    text_add(file->out,
             "static void %s(const void *const *raw, void *const *out, void *scratch,\n"
             "                        uint64_t seed, uint64_t epoch, uint64_t index, bool training)\n"
             "{\n", table_of(file, "draw_sample", block));
    if (training == evaluating) {
        text_add(file->out, "    (void)training;\n    %s(raw, out, scratch, seed, epoch, index);\n",
                 training);
    } else {
        text_add(file->out,
                 "    if (training)\n        %s(raw, out, scratch, seed, epoch, index);\n"
                 "    else\n        %s(raw, out, scratch, seed, epoch, index);\n",
                 training, evaluating);
    }
    text_add(file->out, "}\n\n");
}

static void emit_block(File *file, const DataBlock *data, int block)
{
    text_add(file->out, "    {.name = %s, .source = %s, .option = %s,\n",
             quoted(file->arena, data->name), quoted(file->arena, data->source),
             quoted(file->arena, data->option ? data->option : ""));
    text_add(file->out, "     .rows = %lld, .batch = %lld, .train = %s, .val = %s, .test = %s,\n",
             (long long)data->rows, (long long)data->batch, split(file, data, 0),
             split(file, data, 1), split(file, data, 2));
    text_add(file->out, "     .split_given = %d, .split_file_order = %d, .shuffle = %d,"
             " .drop_last = %d,\n",
             data->split_given, data->split_file_order, data->shuffle, data->drop_last);
    if (data->split_fixed)
        text_add(file->out, "     .split_fixed = 1, .split_seed = %lluu,\n",
                 (unsigned long long)data->split_seed);
    if (data->part_count) {
        text_add(file->out, "     .part_count = %d, .part = {", data->part_count);
        for (int i = 0; i < data->part_count; i++)
            text_add(file->out, "%s%s", i ? ", " : "", phase_constant[data->part[i]]);
        text_add(file->out, "},\n");
    }
    text_add(file->out, "     .raw_count = %d, .field_count = %d, .raw = %s, .field = %s,\n",
             data->raw_count, data->field_count,
             data->raw_count ? table_of(file, "raw_table", block) : "NULL",
             data->field_count ? table_of(file, "field_table", block) : "NULL");
    text_add(file->out, "     .sample = %s, .sample_scratch = %zu},\n",
             data->sample[0] || data->sample[1] ? table_of(file, "draw_sample", block) : "NULL",
             file->plan->scratch_bytes);
}

static void emit_data(File *file)
{
    const Program *program = file->program;
    for (int i = 0; i < program->block_count; i++) {
        emit_raw(file, program->block[i], i);
        emit_fields(file, program->block[i], i);
        emit_sampler(file, program->block[i], i);
    }
    if (!program->block_count)
        return;
    table_open(file, "struct lt_data", "data_table", program->block_count);
    for (int i = 0; i < program->block_count; i++)
        emit_block(file, program->block[i], i);
    table_close(file);
}

// ---- settings, states, logs, outputs ------------------------------------------------------------

static bool is_data_root(const Setting *setting)
{
    return strcmp(setting->name, "data.root") == 0;
}

// A folder of this machine is not part of the program: `ltc build` hands it to the C compiler.
static void emit_data_root(File *file)
{
    const Program *program = file->program;
    for (int i = 0; i < program->setting_count; i++)
        if (is_data_root(&program->setting[i]))
            text_add(file->out, "#ifndef LT_DATA_ROOT          // where paths of data start\n"
                     "#define LT_DATA_ROOT %s\n#endif\n\n",
                     quoted(file->arena, program->setting[i].text));
}

static void emit_settings(File *file)
{
    static const char *const types[] = {
        "LT_NUMBER", "LT_INTEGER", "LT_FLAG", "LT_WORD", "LT_TEXT", "LT_DURATION",
    };
    const Program *program = file->program;
    if (!program->setting_count)
        return;
    emit_data_root(file);
    table_open(file, "struct lt_setting", "setting_table", program->setting_count);
    for (int i = 0; i < program->setting_count; i++) {
        const Setting *s = &program->setting[i];
        text_add(file->out, "    [%s] = {%s, %s, %d, %s,\n     %s, %s,\n     %s, %s, %s, %s},\n",
                 file->setting[i], quoted(file->arena, s->name), types[s->type], s->unit,
                 c_number(file->arena, DT_F64, s->number),
                 is_data_root(s) ? "LT_DATA_ROOT" : quoted(file->arena, s->text),
                 quoted(file->arena, s->choices), quoted(file->arena, s->help),
                 s->fixed ? "true" : "false", s->given ? "true" : "false",
                 s->names_file ? "true" : "false");
    }
    table_close(file);
}

static void emit_states(File *file)
{
    const Program *program = file->program;
    if (!program->state_count)
        return;
    text_add(file->out, "static const char *const state_names[%d] = {\n", program->state_count);
    for (int i = 0; i < program->state_count; i++)
        text_add(file->out, "    %s,\n", quoted(file->arena, program->state[i].name));
    table_close(file);
    text_add(file->out, "static const double state_initial[%d] = {\n", program->state_count);
    for (int i = 0; i < program->state_count; i++)
        text_add(file->out, "    %s,\n", c_number(file->arena, DT_F64, program->state[i].start
                                                       ? (double)NAN : program->state[i].initial));
    table_close(file);
}

static void emit_logs(File *file)
{
    static const char *const reduces[] = {"LT_MEAN", "LT_SUM", "LT_LEAST", "LT_GREATEST"};
    const Program *program = file->program;
    if (!program->log_count)
        return;
    table_open(file, "struct lt_log", "log_table", program->log_count);
    for (int i = 0; i < program->log_count; i++) {
        const LogEntry *log = &program->log[i];
        text_add(file->out, "    [%s] = {%s, %s, %s, .on_step = %d, .on_epoch = %d,"
                 " .progress_bar = %d, .computed = %d},\n", file->log[i],
                 quoted(file->arena, log->name), phase_constant[log->phase], reduces[log->reduce],
                 log->on_step, log->on_epoch, log->progress_bar, log->computed);
    }
    table_close(file);
}

static void emit_callbacks(File *file)
{
    const Program *program = file->program;
    if (!program->callback_count)
        return;
    table_open(file, "struct lt_callback", "callback_table", program->callback_count);
    for (int i = 0; i < program->callback_count; i++) {
        const Callback *callback = &program->callback[i];
        unsigned events = 0;
        for (int e = 0; e < 32; e++)
            events |= callback->hook[e] ? 1u << e : 0;
        text_add(file->out, "    {%s, 0x%X, %d, %d},\n", quoted(file->arena, callback->name),
                 events,
                 callback->first_state, callback->state_count);
    }
    table_close(file);
}

static void emit_outputs(File *file)
{
    const Program *program = file->program;
    if (!program->output_count)
        return;
    table_open(file, "struct lt_output", "output_table", program->output_count);
    for (int i = 0; i < program->output_count; i++) {
        const Output *output = &program->output[i];
        const int first = output->per_row ? 1 : 0;
        text_add(file->out, "    {%s, %s, %d, %s, %s},\n", quoted(file->arena, output->name),
                 dtype_constant[output->dtype], output->shape.rank - first,
                 sizes(file, &output->shape, first), output->per_row ? "true" : "false");
    }
    table_close(file);
}

static void emit_callback_steps(File *file)
{
    const Program *program = file->program;
    if (!program->callback_step_count)
        return;
    text_add(file->out, "static lt_step *const callback_steps[%d] = {\n",
             program->callback_step_count);
    for (int i = 0; i < program->callback_step_count; i++)
        text_add(file->out, "    %s,\n", step_name_of(file, program->callback_step[i]));
    table_close(file);
}

// ---- the program --------------------------------------------------------------------------------

static void print_steps(File *file, const char *member, Graph *const *graph)
{
    bool any = false;
    for (int i = 0; i < PHASE_COUNT; i++)
        any = any || graph[i];
    if (!any)
        return;
    text_add(file->out, "    .%s = {", member);
    const char *comma = "";
    for (int i = 0; i < PHASE_COUNT; i++)
        if (graph[i]) {
            text_add(file->out, "%s[%s] = %s", comma, phase_constant[i], step_name_of(file, graph[i]));
            comma = ", ";
        }
    text_add(file->out, "},\n");
}

static void print_trainer(File *file)
{
    static const char *const names[] = {
#define LT_TRAINER_SETTING(name, ...) #name,
#include "lt/trainer.def"
#undef LT_TRAINER_SETTING
    };
    text_add(file->out, "    .trainer = {");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        text_add(file->out, "%s.%s = %d,", i % 3 ? " " : "\n        ", names[i],
                 file->program->trainer_setting[i]);
    text_add(file->out, "\n    },\n");
}

static void emit_layers(File *file)
{
    const Program *program = file->program;
    if (!program->layer_count)
        return;
    table_open(file, "struct lt_layer", "layer_table", program->layer_count);
    for (int i = 0; i < program->layer_count; i++) {
        const LayerLine *layer = &program->layer[i];
        text_add(file->out, "    {%s, %s, %lld},\n", quoted(file->arena, layer->path),
                 quoted(file->arena, layer->type), (long long)layer->parameters);
    }
    table_close(file);
}

static int64_t parameter_count(const Program *program)
{
    int64_t count = 0;
    for (int i = 0; i < program->variable_count; i++)
        if (program->variable[i]->kind == VAR_PARAMETER)
            count += dim_at(shape_size(&program->variable[i]->shape), 1);
    return count;
}

static void emit_weights(File *file)
{
    const Program *p = file->program;
    for (int i = 0; i < p->weights_count; i++) {
        const PartWeights *w = &p->weights[i];
        for (int k = 0; k < w->rename_count; k++)
            text_add(file->out, "%s    {%s, %s},\n%s", k ? "" : arena_format(file->arena,
                     "static const struct lt_rename renames_%d[] = {\n", i),
                     quoted(file->arena, w->from[k]),
                     w->to[k] ? quoted(file->arena, w->to[k]) : "NULL",
                     k + 1 == w->rename_count ? "};\n" : "");
        for (int k = 0; k < w->transpose_count; k++)
            text_add(file->out, "%s    %s,\n%s", k ? "" : arena_format(file->arena,
                     "static const char *const transposed_%d[] = {\n", i),
                     quoted(file->arena, w->transpose[k]),
                     k + 1 == w->transpose_count ? "};\n" : "");
    }
    if (!p->weights_count)
        return;
    table_open(file, "struct lt_part_weights", "part_weights", p->weights_count);
    for (int i = 0; i < p->weights_count; i++) {
        const PartWeights *w = &p->weights[i];
        text_add(file->out, "    {%s, %s, .strict = %s", quoted(file->arena, w->prefix),
                 quoted(file->arena, w->file), w->strict ? "true" : "false");
        if (w->rename_count)
            text_add(file->out, ", .rename = renames_%d, .rename_count = %d", i, w->rename_count);
        if (w->transpose_count)
            text_add(file->out, ", .transpose = transposed_%d, .transpose_count = %d", i,
                     w->transpose_count);
        text_add(file->out, "},\n");
    }
    text_add(file->out, "};\n\n");
}

// Where steps read several blocks.
static void print_leads(File *file)
{
    const Program *p = file->program;
    for (int i = 0; i < PHASE_COUNT; i++) {
        if (p->lead[i])
            text_add(file->out, "    .lead[%s] = %d,\n", phase_constant[i], p->lead[i]);
        if (p->also[i])
            text_add(file->out, "    .also[%s] = 0x%X,\n", phase_constant[i], p->also[i]);
    }
}

typedef struct TableLine { const char *member, *table; int count; } TableLine;

static void emit_hyperparameters(File *file)
{
    const Program *program = file->program;
    if (!program->hyper_count)
        return;
    table_open(file, "struct lt_hyper", "hyper_table", program->hyper_count);
    for (int i = 0; i < program->hyper_count; i++)
        text_add(file->out, "    {%s, %s},\n", quoted(file->arena, program->hyper[i].name),
                 quoted(file->arena, program->hyper[i].text));
    table_close(file);
}

static void print_tables(File *file)
{
    const Program *p = file->program;
    const TableLine lines[] = {
        {"variable", "variable_table", p->variable_count}, {"alias", "alias_table", p->alias_count},
        {"stand_in", "stand_in_table", p->stand_in_count},
        {"data", "data_table", p->block_count}, {"setting", "setting_table", p->setting_count},
        {"log", "log_table", p->log_count}, {"callback", "callback_table", p->callback_count},
        {"output", "output_table", p->output_count}, {"layer", "layer_table", p->layer_count},
        {"hyper", "hyper_table", p->hyper_count},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i].count)
            text_add(file->out, "    .%s = %s, .%s_count = %d,\n", lines[i].member, lines[i].table,
                     lines[i].member, lines[i].count);
    print_leads(file);
    if (p->state_count)
        text_add(file->out, "    .state_name = state_names, .state_initial = state_initial,"
                 " .state_count = %d,\n", p->state_count);
    if (p->callback_step_count)
        text_add(file->out, "    .callback_step = callback_steps, .callback_step_count = %d,\n",
                 p->callback_step_count);
}

void emit_program(File *file)
{
    const Program *program = file->program;
    const Plan *plan = file->plan;
    file_rule(file->out, "tables", "");
    text_add(file->out, "\n");
    emit_variables(file);
    emit_aliases(file, "alias_table", file->program->alias, file->program->alias_count);
    emit_aliases(file, "stand_in_table", file->program->stand_in, file->program->stand_in_count);
    emit_data(file);
    emit_settings(file);
    emit_states(file);
    emit_logs(file);
    emit_callbacks(file);
    emit_outputs(file);
    emit_callback_steps(file);
    emit_weights(file);
    emit_layers(file);
    emit_hyperparameters(file);
    file_rule(file->out, "program", "");
    text_add(file->out, "\nconst struct lt_program lt_program = {\n    .contract = LT_CONTRACT,\n");
    text_add(file->out, "    .name = %s, .spec = %s,\n", quoted(file->arena, program->name),
             quoted(file->arena, program->spec));
    text_add(file->out, "    .spec_hash = %s,\n    .compiler = %s,\n",
             quoted(file->arena, program->hash ? program->hash : ""),
             quoted(file->arena, LTC_VERSION));
    text_add(file->out, "    .block_bytes = %zu, .variable_bytes = %zu,\n", plan->block_bytes,
             plan->variable_bytes);
    text_add(file->out, "    .flops_per_row = %s, .flops_per_step = %s, .parameter_count = %lld,\n",
             c_number(file->arena, DT_F64, plan->flops_per_row),
             c_number(file->arena, DT_F64, plan->flops_per_step),
             (long long)parameter_count(program));
    print_tables(file);
    print_trainer(file);
    text_add(file->out, "    .mask_count = %d, .logs_csv = %d, .logs_tensorboard = %d,"
             " .has_clip = %d, .has_accumulation = %d,\n", program->mask_count, program->logs_csv,
             program->logs_tensorboard, program->has_clip, program->has_accumulation);
    if (program->logs_jsonl)
        text_add(file->out, "    .logs_jsonl = 1,\n");
    if (program->predict_setting >= 0)
        text_add(file->out, "    .predict_setting = %d, .predict_most = %lld,\n",
                 program->predict_setting + 1,
                 (long long)program->phase[PHASE_PREDICT]->bound);
    if (program->weights_count)
        text_add(file->out, "    .part_weights = part_weights, .part_weights_count = %d,\n",
                 program->weights_count);
    if (program->reads_elapsed)
        text_add(file->out, "    .reads_elapsed = true,\n");
    if (program->init)
        text_add(file->out, "    .init = %s,\n", step_name_of(file, program->init));
    print_steps(file, "phase", program->phase);
    print_steps(file, "reset", program->reset);
    print_steps(file, "compute", program->compute);
    if (file->has_starts)
        text_add(file->out, "    .init_host = init_host,\n");
    if (file->has_hooks)
        text_add(file->out, "    .hook = hook,\n");
    text_add(file->out, "};\n\nint main(int argc, char **argv)\n{\n"
             "    return lt_main(&lt_program, argc, argv);\n}\n");
}
