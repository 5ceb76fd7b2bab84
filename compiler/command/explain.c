// explain: what a spec became, in numbers: parameters, steps, kernels with their lines, memory.
#include "command.h"
#include "../emit/c.h"
#include "../emit/emit.h"
#include "../kernel/layout.h"
#include "../kernel/visit.h"

#include <string.h>

// ---- tables -------------------------------------------------------------------------------------

static const char *where(Arena *arena, Span span)
{
    return span.source ? span_where(arena, span) : "";
}

static void print_layers(const Program *program, FILE *out)
{
    fprintf(out, "\nlayers\n");
    for (int i = 0; i < program->layer_count; i++) {
        const LayerLine *layer = &program->layer[i];
        fprintf(out, "  %*s%-*s %-20s %12s\n", 2 * layer->depth, "", 32 - 2 * layer->depth,
                *layer->path ? layer->path : ".", layer->type,
                grouped(program->arena, layer->parameters));
    }
}

static void print_variables(const Program *program, FILE *out)
{
    static const char *const kinds[] = {"parameters", "buffers", "optimiser state", "metric state",
                                        "callback state", "accumulators"};
    for (int kind = VAR_PARAMETER; kind <= VAR_ACCUMULATOR; kind++) {
        bool title = false;
        for (int i = 0; i < program->variable_count; i++) {
            const Variable *v = program->variable[i];
            if ((int)v->kind != kind)
                continue;
            if (!title)
                fprintf(out, "\n%s\n", kinds[kind]);
            title = true;
            fprintf(out, "  %-40s %-5s %-18s %s\n", v->path, dtype_name(v->dtype),
                    v->shape.rank ? shape_text(program->arena, &v->shape) : "",
                    where(program->arena, v->span));
        }
    }
}

static void print_data(const Program *program, const DataBlock *data, FILE *out)
{
    if (strcmp(data->source, "none") == 0)
        return;
    fprintf(out, "\ndata %s: %s rows, batch %lld\n", data->name,
            grouped(program->arena, data->rows), (long long)data->batch);
    int raw_count = data->raw_count * (data->part_count ? data->part_count : 1);
    for (int i = 0; i < raw_count; i++)
        fprintf(out, "  from %-20s %-5s %-12s %s\n", data->raw[i].name,
                data->raw[i].text ? "text" : dtype_name(data->raw[i].dtype),
                data->raw[i].shape.rank ? shape_text(program->arena, &data->raw[i].shape) : "",
                data->raw[i].file);
    for (int i = 0; i < data->field_count; i++)
        fprintf(out, "  to   %-20s %-5s %-12s %s\n", data->field[i].name,
                dtype_name(data->field[i].dtype),
                data->field[i].shape.rank ? shape_text(program->arena, &data->field[i].shape) : "",
                where(program->arena, data->field[i].span));
}

static void print_settings(const Program *program, FILE *out)
{
    if (program->setting_count)
        fprintf(out, "\nsettings\n");
    for (int i = 0; i < program->setting_count; i++) {
        const Setting *s = &program->setting[i];
        if (s->type == SETTING_TEXT || s->type == SETTING_WORD)
            fprintf(out, "  %-40s %s", s->name, s->text ? s->text : "");
        else
            fprintf(out, "  %-40s %.9g", s->name, s->number);
        fprintf(out, "%s\n", s->fixed ? "   (fixed when compiling: -D)" : "");
    }
}

// The lines of the spec that a kernel comes from, the first few.
static const char *kernel_lines(Arena *arena, const Kernel *kernel)
{
    const char *text = "", *last = "";
    int count = 0;
    for (int i = 0; i < kernel->node_count && count < 4; i++) {
        const char *at = where(arena, kernel->node[i]->span);
        if (!*at || strcmp(at, last) == 0 || strstr(text, at))
            continue;
        text = arena_format(arena, "%s%s%s", text, count++ ? ", " : "", at);
        last = at;
    }
    return text;
}

// Of its last value, where it has no name of its own.
static const char *kernel_name(Arena *arena, const Kernel *kernel)
{
    if (kernel->name || !kernel->node_count)
        return kernel->name ? kernel->name : "copy";
    return node_label(arena, kernel->node[kernel->node_count - 1]);
}

static double kernel_flops(const Kernel *kernel, int64_t rows)
{
    double sum = 0, power = 1;
    for (int k = 0; k < 4; k++, power *= (double)rows)
        sum += kernel->cost[k] * power;
    return sum;
}

// What a kernel reads and what it writes, each buffer once either way.
typedef struct Traffic {
    Arena *arena;
    int64_t rows;
    Touches touches;
    double bytes;
} Traffic;

static void count_traffic(void *data, Buffer *buffer, bool written)
{
    Traffic *traffic = data;
    Touches *seen = &traffic->touches;
    for (int i = 0; i < seen->count; i++)
        if (seen->touch[i].buffer == buffer && seen->touch[i].written == written)
            return;
    seen->touch = arena_grow(traffic->arena, seen->touch, seen->count, &seen->capacity,
                             sizeof *seen->touch);
    seen->touch[seen->count++] = (Touch){buffer, written};
    if (buffer->kind != BUFFER_ROW)
        traffic->bytes += (double)layout_elements(buffer, traffic->rows) *
                          (double)dtype_bytes(buffer->dtype);
}

static double kernel_bytes(Arena *arena, const Kernel *kernel, int64_t rows)
{
    Traffic traffic = {.arena = arena, .rows = rows};
    kernel_visit(kernel, count_traffic, &traffic);
    return traffic.bytes;
}

static int64_t step_rows(const PlanStep *step)
{
    return step->graph->bound ? step->graph->bound : 1;
}

static void print_step(const PlanStep *step, Arena *arena, FILE *out)
{
    const int64_t rows = step_rows(step);
    fprintf(out, "\n%s: %d kernels, %sB beside the variables\n", step->name, step->kernel_count,
            scaled(arena, (double)step->arena_bytes));
    double flops = 0, bytes = 0;
    for (int k = 0; k < step->kernel_count; k++) {
        const Kernel *kernel = step->kernel[k];
        const double work = kernel_flops(kernel, rows), traffic = kernel_bytes(arena, kernel, rows);
        fprintf(out, "  %3d %-32s %8sFLOP %8sB  %s\n", k, kernel_name(arena, kernel),
                scaled(arena, work), scaled(arena, traffic), kernel_lines(arena, kernel));
        flops += work;
        bytes += traffic;
    }
    if (step->kernel_count > 1)
        fprintf(out, "      %-32s %8sFLOP %8sB\n", "all", scaled(arena, flops),
                scaled(arena, bytes));
}

static void print_steps(const Plan *plan, FILE *out)
{
    for (int i = 0; i < plan->step_count; i++)
        print_step(plan->step[i], plan->arena, out);
}

// Where a step's own values stand, and between which kernels.
static void print_arena(const PlanStep *step, FILE *out)
{
    bool first = true;
    for (int i = 0; i < step->buffer_count; i++) {
        const Buffer *buffer = step->buffer[i];
        if (buffer->kind != BUFFER_ARENA)
            continue;
        if (first)
            fprintf(out, "  in %s\n", step->name);
        first = false;
        fprintf(out, "  %12zu %12zu  %s (kernels %d to %d)\n", buffer->offset, buffer->bytes,
                buffer->name ? buffer->name : "value", buffer->first, buffer->last);
    }
}

static void print_memory(const Plan *plan, FILE *out)
{
    fprintf(out, "\nmemory: %s bytes, of which variables %s\n",
            grouped(plan->arena, (int64_t)plan->block_bytes),
            grouped(plan->arena, (int64_t)plan->variable_bytes));
    if (peak_bytes(plan) > plan->block_bytes)
        fprintf(out, "  %12s %12zu  copy of the variables, for saves in the background\n", "",
                peak_bytes(plan) - plan->block_bytes);
    for (int i = 0; i < plan->program->variable_count; i++) {
        const Variable *v = plan->program->variable[i];
        int64_t bytes = shape_size(&v->shape).scale * dtype_bytes(v->dtype);
        fprintf(out, "  %12zu %12lld  %s\n", v->offset, (long long)bytes, v->path);
    }
    for (int i = 0; i < plan->step_count; i++)
        print_arena(plan->step[i], out);
}

void explain(const Program *program, const Plan *plan, FILE *out)
{
    const DataBlock *data = program_lead(program, PHASE_TRAIN);
    int64_t batch = data ? data->batch : 0;
    fprintf(out, "%s (%s): %s parameters, %sFLOP a step", program->name, program->spec,
            grouped(program->arena, parameter_count(program)),
            scaled(program->arena, plan->flops_per_step + plan->flops_per_row * (double)batch));
    fprintf(out, batch ? ", batch %lld\n" : "\n", (long long)batch);
    for (int i = 0; i < program->block_count; i++)
        print_data(program, program->block[i], out);
    print_layers(program, out);
    print_variables(program, out);
    print_settings(program, out);
    print_steps(plan, out);
    print_memory(plan, out);
}
