// emit: the whole file, section by section.
#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- names and text -----------------------------------------------------------------------------

bool file_has(const File *file, const char *name)
{
    return table_name(file->taken, name) >= 0;
}

static bool in_scope(const File *file, const char *name)
{
    return file->scope && table_name(file->scope->parameter_of, name) >= 0;
}

const char *file_name(File *file, const char *wish)
{
    const char *base = c_identifier(file->arena, wish), *name = base;
    for (int i = 2; c_is_reserved(name) || file_has(file, name) || in_scope(file, name); i++)
        name = arena_format(file->arena, "%s_%d", base, i);
    table_put_name(file->taken, name, 0);
    return name;
}

// Words of a spec must not end a comment's line, nor join it to the next, nor form a trigraph.
const char *comment_safe(Arena *arena, const char *text)
{
    char *safe = arena_string(arena, text, strlen(text));
    for (char *at = safe; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F || *at == '\\' ||
            (at[0] == '?' && at[1] == '?'))
            *at = *at == '\\' ? '/' : ' ';
    return safe;
}

const char *quoted(Arena *arena, const char *text)
{
    if (!text)
        return "NULL";
    Text out = text_new(arena);
    text_add(&out, "\"");
    for (const char *at = text; *at; at++) {
        const unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            text_add(&out, "\\%c", c);
        else if (c == '\n')
            text_add(&out, "\\n");
        else if (c == '\t')
            text_add(&out, "\\t");
        else if (c < ' ' || c == 0x7F)
            text_add(&out, "\\%03o", c);
        else if (c == '?' && at > text && at[-1] == '?')
            text_add(&out, "\\?");        // no trigraph: a backslash before it would not help
        else
            text_add(&out, "%c", c);
    }
    text_add(&out, "\"");
    return out.data;
}

void file_rule(Text *out, const char *title, const char *where)
{
    text_add(out, "// ---- %s ", title);
    const int used = 9 + (int)strlen(title) + (*where ? 1 + (int)strlen(where) : 0);
    for (int i = used; i < 100; i++)
        text_bytes(out, "-", 1);
    text_add(out, "%s%s\n", *where ? " " : "", where);
}

// ---- sections -----------------------------------------------------------------------------------

static const char *amount(Arena *arena, double number)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P"};
    int unit = 0;
    while (number >= 10000 && unit < 5) {
        number /= 1000;
        unit++;
    }
    return arena_format(arena, number < 100 && unit ? "%.1f %s" : "%.0f %s", number, units[unit]);
}

static int64_t count_of(const Variable *v)
{
    return dim_at(shape_size(&v->shape), 1);
}

static void print_header(File *file)
{
    const Program *program = file->program;
    const Plan *plan = file->plan;
    const PlanStep *train = plan_step_of(plan, program->phase[PHASE_TRAIN]);
    int64_t parameters = 0;
    int arrays = 0;
    for (int i = 0; i < program->variable_count; i++)
        if (program->variable[i]->kind == VAR_PARAMETER) {
            parameters += count_of(program->variable[i]);
            arrays++;
        }
    const char *spec = comment_safe(file->arena, program->spec ? program->spec : "");
    text_add(file->out, "// %s from %s. Emitted by ltc; do not edit.\n//\n",
             comment_safe(file->arena, program->name), spec);
    text_add(file->out, "// parameters     %lld in %d arrays\n", (long long)parameters, arrays);
    text_add(file->out, "// memory         %sB: variables %sB, arena %sB\n",
             amount(file->arena, (double)plan->block_bytes),
             amount(file->arena, (double)plan->variable_bytes),
             amount(file->arena, (double)(plan->block_bytes - plan->variable_bytes)));
    if (train) {
        const int64_t bound = train->graph->bound ? train->graph->bound : 1;
        text_add(file->out, "// training step  %sFLOP in %d kernels, at most %lld rows\n",
                 amount(file->arena, plan->flops_per_step + plan->flops_per_row * (double)bound),
                 train->kernel_count, (long long)bound);
    }
}

static void print_includes(File *file)
{
    text_add(file->out, "%s", file->prints ? "#include <stdio.h>\n#include <string.h>\n" : "");
    text_add(file->out, "#include \"lt/kernel.h\"\n#include \"lt/program.h\"\n%s\n",
             file->tiles ? "#include \"lt/tile.h\"\n" : "");
}

static const char *constant(File *file, const char *kind, const char *name)
{
    return file_name(file, arena_format(file->arena, "%s_%s", kind, name));
}

static void name_constants(File *file)
{
    const Program *program = file->program;
    file->setting = arena_alloc(file->arena, sizeof(char *) * (size_t)(program->setting_count + 1));
    file->state = arena_alloc(file->arena, sizeof(char *) * (size_t)(program->state_count + 1));
    file->log = arena_alloc(file->arena, sizeof(char *) * (size_t)(program->log_count + 1));
    file->rate = arena_alloc(file->arena, sizeof(char *) * (size_t)(program->schedule_count + 1));
    file->rate_called = arena_alloc(file->arena, (size_t)(program->schedule_count + 1));
    for (int i = 0; i < program->setting_count; i++)
        file->setting[i] = constant(file, "setting", program->setting[i].name);
    for (int i = 0; i < program->state_count; i++)
        file->state[i] = constant(file, "state", program->state[i].name);
    for (int i = 0; i < program->log_count; i++)
        file->log[i] = constant(file, "log", program->log[i].name);
    for (int i = 0; i < program->schedule_count; i++)
        file->rate[i] = file_name(file,
                                  arena_format(file->arena, "%s_at", program->schedule[i].name));
}

static void print_enum(Text *out, const char *const *name, int count)
{
    if (!count)
        return;
    text_add(out, "enum {");
    size_t line = 6;
    for (int i = 0; i < count; i++) {
        if (line + strlen(name[i]) + 3 > 98 || i == 0) {
            text_add(out, "\n   ");
            line = 4;
        }
        text_add(out, " %s,", name[i]);
        line += strlen(name[i]) + 2;
    }
    text_add(out, "\n};\n");
}

void emit_enums(File *file)
{
    const Program *program = file->program;
    if (!program->setting_count && !program->state_count && !program->log_count)
        return;
    file_rule(file->out, "settings, states and logs, in the order of their tables", "");
    text_add(file->out, "\n");
    print_enum(file->out, file->setting, program->setting_count);
    print_enum(file->out, file->state, program->state_count);
    print_enum(file->out, file->log, program->log_count);
    text_add(file->out, "\n");
}

static int by_offset(const void *left, const void *right)
{
    const Variable *a = *(Variable *const *)left, *b = *(Variable *const *)right;
    return a->offset != b->offset ? (a->offset < b->offset ? -1 : 1)
                                  : (a->id > b->id) - (a->id < b->id);
}

static void print_memory(File *file)
{
    const Program *program = file->program;
    if (!program->variable_count)
        return;
    file_rule(file->out, "memory map: variables, from the start of the block", "");
    text_add(file->out, "//\n");
    const size_t count = (size_t)program->variable_count;
    Variable **order = arena_copy(file->arena, program->variable, sizeof *order * count);
    qsort(order, count, sizeof *order, by_offset);
    for (size_t i = 0; i < count; i++)
        if (file->plan->variable[order[i]->id]->bytes)
            text_add(file->out, "// %10zu  %-40s %s %s\n", order[i]->offset,
                     comment_safe(file->arena, order[i]->path), dtype_name(order[i]->dtype),
                     shape_text(file->arena, &order[i]->shape));
    text_add(file->out, "\n");
}

void emit_c(const Program *program, const Plan *plan, Text *out)
{
    File file = {.program = program, .plan = plan, .arena = out->arena, .out = out,
                 .taken = table_new(out->arena)};
    file.kernels = text_new(out->arena);
    file.steps = text_new(out->arena);
    file_name(&file, "lt_program");
    file.step_name = arena_alloc(out->arena, sizeof(char *) * (size_t)(plan->step_count + 1));
    name_constants(&file);
    for (int i = 0; i < plan->step_count; i++)
        file.step_name[i] = file_name(&file, plan->step[i]->name);
    Text tail = text_new(out->arena);
    for (int i = 0; i < plan->step_count; i++)
        emit_step(&file, plan->step[i], i);
    file.scope = NULL;
    file.out = &tail;
    emit_host(&file);
    const Text host = tail;
    tail = text_new(out->arena);
    emit_program(&file);
    file.out = out;
    print_header(&file);
    print_includes(&file);
    emit_enums(&file);
    print_memory(&file);
    text_bytes(out, host.data, host.length);
    text_bytes(out, file.kernels.data, file.kernels.length);
    file_rule(out, "steps", "");
    text_add(out, "\n");
    text_bytes(out, file.steps.data, file.steps.length);
    text_bytes(out, tail.data, tail.length);
}
