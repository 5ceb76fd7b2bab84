// report: what ltc says about a program in a line or two.
#include "command.h"

#include <string.h>

Graph **program_graphs(const Program *program)
{
    const int steps = program->callback_step_count;
    const size_t most = (size_t)(2 * program->block_count + 1 + 3 * PHASE_COUNT + steps);
    Graph **all = arena_alloc(program->arena, sizeof *all * most);
    Graph **list = arena_alloc(program->arena, sizeof *list * (most + 1));
    int count = 0;
    for (int i = 0; i < 2 * program->block_count; i++)
        all[count++] = program->block[i / 2]->sample[i % 2];
    all[count++] = program->init;
    for (int i = 0; i < PHASE_COUNT; i++) {
        all[count++] = program->phase[i];
        all[count++] = program->reset[i];
        all[count++] = program->compute[i];
    }
    int kept = 0;
    for (int i = 0; i < count + steps; i++) {
        Graph *graph = i < count ? all[i] : program->callback_step[i - count];
        bool known = !graph;
        for (int k = 0; k < kept; k++)
            known |= list[k] == graph;
        if (!known)
            list[kept++] = graph;
    }
    return list;
}

// ---- numbers ------------------------------------------------------------------------------------

// 203530 as "203,530"
const char *grouped(Arena *arena, int64_t number)
{
    const char *plain = arena_format(arena, "%lld", (long long)number), *text = "";
    size_t length = strlen(plain);
    for (size_t i = 0; i < length; i++)
        text = arena_format(arena, "%s%s%c", text, i && (length - i) % 3 == 0 ? "," : "", plain[i]);
    return text;
}

// Two to three digits and a unit in steps of 1000: "78 M", "3.9 M".
const char *scaled(Arena *arena, double number)
{
    static const char *const units[] = {"", "k", "M", "G", "T", "P"};
    int unit = 0;
    while (number >= 999.5 && unit < 5) {
        number /= 1000;
        unit++;
    }
    const char *format = number >= 9.95 || unit == 0 ? "%.0f %s" : "%.1f %s";
    return arena_format(arena, format, number, units[unit]);
}

int64_t parameter_count(const Program *program)
{
    int64_t count = 0;
    for (int i = 0; i < program->variable_count; i++)
        if (program->variable[i]->kind == VAR_PARAMETER)
            count += shape_size(&program->variable[i]->shape).scale;
    return count;
}

size_t peak_bytes(const Plan *plan)
{
    const Program *program = plan->program;
    for (int i = 0; i < program->setting_count; i++)
        if (strcmp(program->setting[i].name, "trainer.async_checkpoint") == 0
            && program->setting[i].number != 0)
            return plan->block_bytes + plan->variable_bytes;
    return plan->block_bytes;
}

void print_build_line(const Plan *plan, const char *name, double seconds, FILE *out)
{
    Arena *arena = plan->arena;
    const Program *program = plan->program;
    const DataBlock *data = program_lead(program, PHASE_TRAIN);
    int64_t batch = data ? data->batch : 0;
    double flops = plan->flops_per_step + plan->flops_per_row * (double)batch;
    const char *line = arena_format(arena, "%s: %s parameters · %sFLOP a step · peak %sB", name,
                                    grouped(arena, parameter_count(program)), scaled(arena, flops),
                                    scaled(arena, (double)peak_bytes(plan)));
    if (batch)
        line = arena_format(arena, "%s at batch %lld", line, (long long)batch);
    fprintf(out, "%s      (%.1f s)\n", line, seconds);
}

void print_stages(const Program *program, FILE *out)
{
    static const char *const names[] = {
        [STAGE_NOTHING] = "", [STAGE_CONSTANT] = "constant", [STAGE_HOST] = "host",
        [STAGE_STEP] = "step",
    };
    const char *at = program->source->text;
    for (int line = 0; line < program->line_count && *at; line++) {
        size_t length = strcspn(at, "\n");
        fprintf(out, "%-9s %4d  %.*s\n", names[program->line_stage[line]], line + 1,
                (int)length, at);
        at += length + (at[length] == '\n');
    }
}
