// c_step: a step as one C function that calls its kernels.
#include "file.h"

#include <stdlib.h>
#include <string.h>

// ---- kernels ------------------------------------------------------------------------------------

static bool is_wide(const PlanStep *step)
{
    const int64_t bound = step->graph->bound ? step->graph->bound : 1;
    for (int i = 0; i < step->graph->node_count; i++)
        if (dim_at(shape_size(&step->graph->node[i]->shape), bound) > INT32_MAX - (1 << 20))
            return true;
    return false;
}

static C *kernel_begin(File *file, const PlanStep *step, const Kernel *kernel, bool plain)
{
    C *c = c_new(file->arena, (IndexContext *)&step->context, kernel, step->graph->bound);
    c->wide = file->wide;
    c->plain = plain;
    c_kernel(c);
    return c;
}

static C *print_kernel(File *file, const PlanStep *step, const Kernel *kernel)
{
    C *c = kernel_begin(file, step, kernel, false);  // finds the parameters: they are named first
    c->text = text_new(file->arena);
    c->name_count = 0;
    c_kernel(c);
    return c;
}

static const char *parameter_c(const C *c, const Parameter *p)
{
    switch (p->kind) {
    case PARAMETER_ROWS: return arena_format(c->arena, "%s %s", c_integer(c), p->name);
    case PARAMETER_HOST: return arena_format(c->arena, "%s %s", c_type(p->dtype), p->name);
    case PARAMETER_KEY: return arena_format(c->arena, "lt_random_key_t %s", p->name);
    case PARAMETER_DRAWN: return arena_format(c->arena, "uint32_t %s", p->name);
    case PARAMETER_COUNT: return arena_format(c->arena, "%s %s", c_integer(c), p->name);
    case PARAMETER_BUFFER: break;
    }
    return arena_format(c->arena, "%s%s *restrict %s", p->written ? "" : "const ",
                        c_stored(p->buffer->dtype), p->name);
}

static const char *signature(const C *c, const char *name)
{
    Text text = text_new(c->arena);
    text_add(&text, "LT_KERNEL void %s(", name);
    size_t line = text.length;
    const size_t margin = line;
    for (int i = 0; i < c->parameter_count; i++) {
        const char *p = parameter_c(c, &c->parameter[i]);
        const bool more = i + 1 < c->parameter_count;
        if (i && line + strlen(p) + 3 > 100) {
            text.data[--text.length] = 0;
            text_add(&text, "\n%*s", (int)margin, "");
            line = margin;
        }
        text_add(&text, "%s%s", p, more ? ", " : "");
        line += strlen(p) + 2;
    }
    text_add(&text, "%s)\n", c->parameter_count ? "" : "void");
    return text.data;
}

static const char *kernel_wish(const File *file, const Kernel *kernel)
{
    if (!kernel->node_count)
        return kernel->name ? kernel->name : "copy_values";
    if (kernel->node_count == 0)        // a copy for a tile
        return kernel->name ? kernel->name : "copy";
    const char *first = node_label(file->arena, kernel->node[0]);
    const char *last = node_label(file->arena, kernel->node[kernel->node_count - 1]);
    if (kernel->copies)
        return arena_format(file->arena, "copy_%s", first);
    if (strcmp(first, last) != 0)
        return arena_format(file->arena, "%s_%s", first, last);
    // The C library and its compiler have names without an underscore for themselves.
    return strchr(first, '_') ? first : arena_format(file->arena, "%s_kernel", first);
}

// ---- what stands above a kernel -----------------------------------------------------------------

enum { quoted_lines = 4 };

typedef struct SpecLine {
    const Source *source;
    int line;
} SpecLine;

static int by_line(const void *left, const void *right)
{
    const SpecLine *a = left, *b = right;
    if (a->source->library != b->source->library)
        return a->source->library ? 1 : -1;
    const int path = strcmp(a->source->path, b->source->path);
    return path ? path : a->line - b->line;
}

static int spec_lines(const File *file, const Kernel *kernel, SpecLine **lines)
{
    SpecLine *line = arena_alloc(file->arena, sizeof *line * (size_t)(kernel->node_count + 1));
    int count = 0, unique = 0;
    for (int i = 0; i < kernel->node_count; i++)
        if (kernel->node[i]->span.source)
            line[count++] = (SpecLine){kernel->node[i]->span.source,
                                       span_place(kernel->node[i]->span).line};
    qsort(line, (size_t)count, sizeof *line, by_line);
    for (int i = 0; i < count; i++)
        if (!unique || by_line(&line[unique - 1], &line[i]) != 0)
            line[unique++] = line[i];
    *lines = line;
    return unique;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *where(const File *file, const SpecLine *line, int count)
{
    Text text = text_new(file->arena);
    for (int i = 0; i < count && i < 6; i++) {
        const bool same = i && line[i].source == line[i - 1].source;
        if (same)
            text_add(&text, ", %d", line[i].line);
        else
            text_add(&text, "%s%s:%d", i ? ", " : "", base_name(line[i].source->path),
                     line[i].line);
    }
    return text.data;
}

static void quote_line(const File *file, Text *out, const SpecLine *line)
{
    const char *at = line->source->text;
    for (int i = 1; i < line->line && at; i++) {
        at = strchr(at, '\n');
        at = at ? at + 1 : NULL;
    }
    if (!at)
        return;
    while (*at == ' ' || *at == '\t')
        at++;
    size_t length = strcspn(at, "\n");
    if (length > 90)
        length = 90;
    text_add(out, "//     %s\n",
             comment_safe(file->arena, arena_string(file->arena, at, length)));
}

static void list_buffers(const C *c, Text *out, bool written)
{
    const char *lead = written ? "// writes  " : "// reads   ";
    size_t line = 0;
    for (int i = 0; i < c->parameter_count; i++) {
        const Parameter *p = &c->parameter[i];
        if (p->kind != PARAMETER_BUFFER || p->written != written)
            continue;
        const char *text = arena_format(c->arena, "%s %s", p->name,
                                        shape_text(c->arena, &p->buffer->shape));
        if (!line || line + strlen(text) > 96) {
            text_add(out, "%s%s%s", line ? "\n" : "", line ? "//         " : lead, text);
            line = 11 + strlen(text);
        } else {
            text_add(out, "   %s", text);
            line += 3 + strlen(text);
        }
    }
    if (line)
        text_add(out, "\n");
}

static void describe(File *file, const Kernel *kernel, const C *c, const char *name)
{
    SpecLine *line;
    const int count = spec_lines(file, kernel, &line);
    const char *title = arena_format(file->arena, "kernel %d: %s", ++file->kernel_number, name);
    file_rule(&file->kernels, title, where(file, line, count));
    int shown = 0;
    for (int i = 0; i < count && shown < quoted_lines; i++)
        if (!line[i].source->library) {
            quote_line(file, &file->kernels, &line[i]);
            shown++;
        }
    text_add(&file->kernels, "//\n");
    list_buffers(c, &file->kernels, false);
    list_buffers(c, &file->kernels, true);
}

// The function of a kernel: an earlier one if, but for names, its text is the same. Parameters are
// named in the order of the text, so they agree as well.
static const char *function_of(File *file, const PlanStep *step, const Kernel *kernel,
                               const C *plain)
{
    const char *text =
        arena_format(file->arena, "%s{\n%s}\n", signature(plain, "v"), plain->text.data);
    for (int i = 0; i < file->function_count; i++)
        if (strcmp(file->function[i].text, text) == 0)
            return file->function[i].name;
    const C *c = print_kernel(file, step, kernel);
    const char *name = file_name(file, kernel_wish(file, kernel));
    describe(file, kernel, c, name);
    text_add(&file->kernels, "%s{\n%s}\n\n", signature(c, name), c->text.data);
    file->function = arena_grow(file->arena, file->function, file->function_count,
                                &file->function_capacity, sizeof *file->function);
    file->function[file->function_count++] = (Function){name, text};
    return name;
}

// ---- calls --------------------------------------------------------------------------------------

static Call call_of(File *file, const PlanStep *step, const Kernel *kernel)
{
    const C *c = kernel_begin(file, step, kernel, true);
    const char *name = function_of(file, step, kernel, c);
    file->tiles = file->tiles || (kernel->stage[0]->contraction &&
                                  kernel->stage[0]->contraction->tiling);
    return (Call){kernel, name, c->parameter, c->parameter_count};
}

static void note_guard(const Guard *guard, bool *used)
{
    for (; guard; guard = guard->outer)
        used[guard->id] = true;
}

// ---- what a step hands back ---------------------------------------------------------------------

static const char *value_text(C *s, const Buffer *buffer)
{
    const char *text = arena_format(s->arena, "%s[0]", c_buffer(s, buffer));
    c_outside(s, buffer);
    if (buffer->dtype == DT_F16 || buffer->dtype == DT_BF16)
        text = arena_format(s->arena, "lt_f32_from_%s(%s)", dtype_name(buffer->dtype), text);
    return buffer->dtype == DT_F64 ? text : arena_format(s->arena, "(double)%s", text);
}

static const char *size_text(C *s, Dim size)
{
    const char *text = arena_format(s->arena, "%lld", (long long)size.scale);
    for (int i = 0; i < size.power; i++)
        text = arena_format(s->arena, "%s * call->rows", text);
    return text;
}

static void print_check(File *file, C *s, const PlanResult *result)
{
    const StepCheck *check = &file->program->check[result->result->index];
    const char *failed = value_text(s, result->buffer);
    c_open(s, "if (%s && %s > 0)", guard_name(file, result->result->guard), failed);
    c_line(s, "call->host->call->check(call->host, %s,", quoted(s->arena, check->message));
    c_line(s, "                        %s, %s, %s);",
           quoted(s->arena, check->where), failed, size_text(s, check->size));
    c_close(s);
}

// The step writes the picture only where its guard is open.
static void print_picture(File *file, C *s, const PlanResult *result)
{
    static const char *const phases[] = {"LT_TRAIN", "LT_VALIDATE", "LT_TEST", "LT_PREDICT"};
    const Picture *picture = &file->program->picture[result->result->index];
    const char *values = c_buffer(s, result->buffer), *name = quoted(s->arena, picture->name);
    c_outside(s, result->buffer);
    c_open(s, "if (%s)", guard_name(file, result->result->guard));
    if (result->result->kind == RESULT_HEATMAP)
        c_line(s, "call->host->call->heatmap(call->host, %s, %s, %s, %s, %s);", name,
               phases[picture->phase], values, size_text(s, picture->shape.dim[0]),
               size_text(s, picture->shape.dim[1]));
    else
        c_line(s, "call->host->call->histogram(call->host, %s, %s, %s, %s);", name,
               phases[picture->phase], values, size_text(s, shape_size(&picture->shape)));
    c_close(s);
}

static void print_results(File *file, C *s, const PlanStep *step)
{
    for (int i = 0; i < step->result_count; i++) {
        const PlanResult *result = &step->result[i];
        if (result->result->kind == RESULT_CHECK)
            print_check(file, s, result);
        if (result->result->kind == RESULT_HISTOGRAM || result->result->kind == RESULT_HEATMAP)
            print_picture(file, s, result);
        if (result->result->kind == RESULT_STATE)
            c_line(s, "call->host->state[%s] = %s;", file->state[result->result->index],
                   value_text(s, result->buffer));
        if (result->result->kind != RESULT_LOG)
            continue;
        const LogEntry *log = &file->program->log[result->result->index];
        const char *value = value_text(s, result->buffer);
        if (result->result->guard)
            c_open(s, "if (%s)", guard_name(file, result->result->guard));
        if (log->reduce == REDUCE_MEAN && !log->computed && step->graph->bound)
            c_line(s, "call->log[%s] = (struct lt_value){%s * %s, %s};",
                   file->log[result->result->index], value, c_rows(s), c_rows(s));
        else
            c_line(s, "call->log[%s] = (struct lt_value){%s, 1};",
                   file->log[result->result->index], value);
        if (result->result->guard)
            c_close(s);
    }
}

static void print_ticks(File *file, C *s, const PlanStep *step)
{
    for (int i = 0; i < step->graph->tick_count; i++) {
        const Tick *tick = &step->graph->tick[i];
        if (tick->guard)
            c_line(s, "if (%s)", guard_name(file, tick->guard));
        c_line(s, "%scall->host->state[%s] += 1;", tick->guard ? "    " : "",
               file->state[tick->state]);
    }
}

// ---- declarations -------------------------------------------------------------------------------

static const char *rounded_host(File *file, const Parameter *p)
{
    const HostScope scope = {file, true, NULL};
    const char *text = host_c(&scope, p->host);
    const char *narrow = p->dtype == DT_F16 || p->dtype == DT_BF16 ? dtype_name(p->dtype) : NULL;
    if (narrow)
        return arena_format(file->arena, "lt_round_to_%s((float)(%s))", narrow, text);
    if (p->dtype == DT_F64)
        return text;
    if (p->dtype == DT_BOOL)
        return arena_format(file->arena, "(%s) != 0", text);
    if (dtype_kind(p->dtype) == KIND_INT)
        return arena_format(file->arena, "lt_%s_from_f64(%s)", dtype_name(p->dtype), text);
    return arena_format(file->arena, "(float)(%s)", text);
}

static const char *drawn_text(C *s, Dim drawn)
{
    Dim per_row = {drawn.scale, drawn.power - 1};
    const char *text = arena_format(s->arena, "(uint64_t)call->first_row * %lld",
                                    (long long)per_row.scale);
    for (int i = 0; i < per_row.power; i++)
        text = arena_format(s->arena, "%s * (uint64_t)call->rows", text);
    return arena_format(s->arena, "(uint32_t)(%s)", text);
}

static void declare_buffer(C *s, const PlanStep *step, const Parameter *p)
{
    const Buffer *b = p->buffer;
    const char *type = arena_format(s->arena, "%s%s *", p->written ? "" : "const ",
                                    c_stored(b->dtype));
    const char *shape = shape_text(s->arena, &b->shape);
    if (b->kind == BUFFER_FIELD)
        c_line(s, "%sconst %s = %s[%d];", type, p->name, step->sample ? "raw" : "call->input",
               b->index);
    else if (b->kind == BUFFER_OUTPUT)
        c_line(s, "%sconst %s = %s[%d];", type, p->name, step->sample ? "out" : "call->output",
               b->index);
    else
        c_line(s, "%sconst %s = (%s *)(block + %zu);  // %s", type, p->name,
               c_stored(b->dtype), b->offset, shape);
}

// A place that only kernels need is told inside the parallel region: a compiler hands what stands
// outside to every thread, one pointer after the other.
static bool is_inside(const PlanStep *step, const Parameter *p)
{
    return step->shared && p->kind == PARAMETER_BUFFER && !p->outside;
}

static void declare_inside(C *s, const PlanStep *step)
{
    for (int i = 0; i < s->parameter_count; i++)
        if (is_inside(step, &s->parameter[i]))
            declare_buffer(s, step, &s->parameter[i]);
}

static void declare(File *file, C *s, const PlanStep *step)
{
    if (s->block)
        c_line(s, "char *const block = %s;", step->sample ? "scratch" : "call->block");
    for (int i = 0; i < s->parameter_count; i++) {
        const Parameter *p = &s->parameter[i];
        if (is_inside(step, p))
            continue;
        switch (p->kind) {
        case PARAMETER_ROWS:
            c_line(s, "const %s %s = %scall->rows;", c_integer(s), p->name, s->wide ? "" : "(int)");
            break;
        case PARAMETER_HOST:
            c_line(s, "const %s %s = %s;", c_type(p->dtype), p->name, rounded_host(file, p));
            break;
        case PARAMETER_KEY:
            c_line(s, "const lt_random_key_t %s = lt_random_key(%s, UINT64_C(0x%llX), %s);",
                   p->name,
                   step->sample ? "seed" : "call->seed", (unsigned long long)p->site,
                   step->sample ? "lt_random_mix64(epoch) + index" : "call->step");
            break;
        case PARAMETER_DRAWN:
            c_line(s, "const uint32_t %s = %s;", p->name, drawn_text(s, p->drawn));
            break;
        case PARAMETER_BUFFER: declare_buffer(s, step, p); break;
        case PARAMETER_COUNT: break;
        }
    }
}

static void declare_guards(File *file, C *s, const PlanStep *step, const bool *used)
{
    const HostScope scope = {file, true, NULL};
    const Guard **guard = arena_alloc(file->arena,
                                      sizeof *guard * (size_t)(step->graph->guard_count + 2));
    for (int i = 0; i < step->kernel_count; i++)
        for (const Guard *g = step->kernel[i]->guard; g; g = g->outer)
            guard[g->id] = g;
    for (int i = 0; i < step->result_count; i++)
        for (const Guard *g = step->result[i].result->guard; g; g = g->outer)
            guard[g->id] = g;
    for (int i = 0; i < step->graph->tick_count; i++)
        for (const Guard *g = step->graph->tick[i].guard; g; g = g->outer)
            guard[g->id] = g;
    for (int i = 0; i <= step->graph->guard_count; i++) {
        if (!used[i] || !guard[i])
            continue;
        const char *condition = host_c(&scope, guard[i]->condition);
        if (guard[i]->outer)
            c_line(s, "const bool %s = %s && (%s);", guard_name(file, guard[i]),
                   guard_name(file, guard[i]->outer), condition);
        else
            c_line(s, "const bool %s = %s;", guard_name(file, guard[i]), condition);
    }
}

// ---- the function -------------------------------------------------------------------------------

static void print_head(File *file, const PlanStep *step, const C *s, const char *name)
{
    bool key = s->draws, raw = false, out = false;
    for (int i = 0; i < s->parameter_count; i++) {
        const Parameter *p = &s->parameter[i];
        key = key || p->kind == PARAMETER_KEY;
        raw = raw || (p->kind == PARAMETER_BUFFER && p->buffer->kind == BUFFER_FIELD);
        out = out || (p->kind == PARAMETER_BUFFER && p->buffer->kind == BUFFER_OUTPUT);
    }
    if (!step->sample) {
        text_add(&file->steps, "static void %s(const struct lt_call *call)\n{\n", name);
        return;
    }
    text_add(&file->steps,
             "static void %s(const void *const *raw, void *const *out, void *scratch,\n"
             "%*suint64_t seed, uint64_t epoch, uint64_t index)\n{\n", name,
             (int)strlen(name) + 13, "");
    if (!raw)
        text_add(&file->steps, "    (void)raw;\n");
    if (!out)
        text_add(&file->steps, "    (void)out;\n");
    if (!s->block)
        text_add(&file->steps, "    (void)scratch;\n");
    if (!key)
        text_add(&file->steps, "    (void)seed;\n    (void)epoch;\n    (void)index;\n");
}

static Text take_text(C *s)
{
    const Text text = s->text;
    s->text = text_new(s->arena);
    return text;
}

static void print_step(File *file, C *s, const PlanStep *step, Text calls, Text results)
{
    s->depth = 2;
    declare_inside(s, step);
    const Text inside = take_text(s);
    s->depth = 1;
    declare(file, s, step);
    declare_guards(file, s, step, s->guards);
    const bool empty = !calls.length && !results.length;
    if (!s->parameter_count && !s->block && !step->sample && empty)
        text_add(&file->steps, "    (void)call;\n");
    text_add(&file->steps, "%s%s", s->text.data, s->text.length && !empty ? "\n" : "");
    if (step->shared)
        text_add(&file->steps, "#pragma omp parallel\n    {\n%s%s%s    }\n", inside.data,
                 inside.length ? "\n" : "", calls.data);
    else
        text_add(&file->steps, "%s", calls.data);
    text_add(&file->steps, "%s}\n\n", results.data);
}

// Results that are handed over in code behind the kernels.
static bool asks_guard(ResultKind kind)
{
    return kind == RESULT_LOG || kind == RESULT_CHECK || kind == RESULT_HISTOGRAM
        || kind == RESULT_HEATMAP;
}

void emit_step(File *file, const PlanStep *step, int number)
{
    C *s = c_new(file->arena, (IndexContext *)&step->context, NULL, step->graph->bound);
    s->wide = file->wide = is_wide(step);
    s->outside = file;
    file->scope = s;
    s->guards = arena_alloc(file->arena, (size_t)step->graph->guard_count + 2);
    Call *call = arena_alloc(file->arena, sizeof *call * (size_t)(step->kernel_count + 1));
    for (int i = 0; i < step->kernel_count; i++) {
        call[i] = call_of(file, step, step->kernel[i]);
        note_guard(step->kernel[i]->guard, s->guards);
    }
    s->depth = step->shared ? 2 : 1;
    emit_calls(file, s, step, call);
    const Text calls = take_text(s);
    s->depth = 1;
    for (int i = 0; i < step->result_count; i++)
        if (asks_guard(step->result[i].result->kind))
            note_guard(step->result[i].result->guard, s->guards);
    print_results(file, s, step);
    for (int i = 0; i < step->graph->tick_count; i++)
        note_guard(step->graph->tick[i].guard, s->guards);
    print_ticks(file, s, step);
    const Text results = take_text(s);
    print_head(file, step, s, file->step_name[number]);
    print_step(file, s, step, calls, results);
}
