// print: a plan as `-d fuse`, `-d layout` and `-d place` show it.
#include "plan.h"

#include <string.h>

static const char *const kinds[] = {
    [BUFFER_VARIABLE] = "variable", [BUFFER_FIELD] = "field", [BUFFER_ARENA] = "arena",
    [BUFFER_OUTPUT] = "output", [BUFFER_ROW] = "row",
};

static void print_kernel(Arena *arena, const Kernel *kernel, FILE *out)
{
    fprintf(out, "  k%d %s %s%s", kernel->id, kernel->name,
            kernel->form == FORM_ROWS ? "rows" : "lanes", kernel->serial ? " serial" : "");
    for (int i = 0; i < kernel->outer_count; i++)
        fprintf(out, " [%s]", dim_text(arena, kernel->outer[i].var->extent));
    fprintf(out, ", %d stage%s\n", kernel->stage_count, kernel->stage_count == 1 ? "" : "s");
    for (int i = 0; i < kernel->node_count; i++) {
        const Node *node = kernel->node[i];
        fprintf(out, "    %%%d %s %s%s  %s\n", node->id, prim_name(node->prim),
                dtype_name(node->dtype), shape_text(arena, &node->shape),
                node->span.source ? span_where(arena, node->span) : "");
    }
}

static void print_buffer(Arena *arena, const Buffer *buffer, bool placed, FILE *out)
{
    fprintf(out, "  %-32s %-8s %-5s %-16s strides", buffer->name ? buffer->name : "",
            kinds[buffer->kind], dtype_name(buffer->dtype), shape_text(arena, &buffer->shape));
    for (int i = 0; i < buffer->shape.rank; i++)
        fprintf(out, " %s", dim_text(arena, buffer->stride[i]));
    if (placed && buffer->kind != BUFFER_FIELD && buffer->kind != BUFFER_OUTPUT)
        fprintf(out, "  at %zu, %zu bytes, kernels %d to %d", buffer->offset, buffer->bytes,
                buffer->first, buffer->last);
    fprintf(out, "\n");
}

void plan_print(const Plan *plan, const char *pass, FILE *out)
{
    bool kernels = strcmp(pass, "fuse") == 0, placed = strcmp(pass, "place") == 0;
    for (int i = 0; i < plan->step_count; i++) {
        const PlanStep *step = plan->step[i];
        fprintf(out, "step %s\n", step->name);
        for (int k = 0; kernels && k < step->kernel_count; k++)
            print_kernel(plan->arena, step->kernel[k], out);
        for (int k = 0; !kernels && k < step->buffer_count; k++)
            print_buffer(plan->arena, step->buffer[k], placed, out);
    }
    if (placed)
        fprintf(out, "block: %zu bytes, variables %zu\n", plan->block_bytes, plan->variable_bytes);
}
