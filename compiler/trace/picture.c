// picture: `histogram(x)` and `heatmap(x)` as values of `log`: a result that the host draws, under
// a guard that is open only where the trainer will write it.
#include "tracer.h"
#include "builtins.h"

#include <string.h>

enum { most_cells = 4096 };             // of an axis of a heatmap

Value *picture_value(Tracer *t, Value *x, ResultKind kind, Span span)
{
    const char *name = kind == RESULT_HEATMAP ? "heatmap" : "histogram";
    if (!t->in_log || (!t->in_step && !t->host_tensors)) {
        fail(t, E_LOG_VALUE, span, "`%s` stands behind `log`, in a step or a callback", name);
        diag_hint(t->diag, "log weights = %s(x)", name);
        return &value_poison;
    }
    Node *node = node_argument(t, x, span);
    if (!node)
        return &value_poison;
    if (kind == RESULT_HEATMAP) {
        const int64_t rows = t->graph->bound ? t->graph->bound : 1;
        if (node->shape.rank != 2)
            return fail(t, E_RANK, span, "`heatmap` takes a matrix, but this is %s",
                        shape_text(t->arena, &node->shape));
        if (dim_at(node->shape.dim[0], rows) > most_cells
            || dim_at(node->shape.dim[1], rows) > most_cells)
            return fail(t, E_LIMIT, span, "a heatmap has at most %d rows and columns, but this is "
                        "%s", most_cells, shape_text(t->arena, &node->shape));
    }
    Value *value = new_value(t->arena, V_PICTURE);
    value->node = node;
    value->picture = kind;
    return value;
}

static void not_twice(Tracer *t, const char *name, Span span)
{
    for (int i = 0; i < t->program->picture_count; i++) {
        const Picture *other = &t->program->picture[i];
        if (t->host || other->in_hook || other->phase != t->phase || strcmp(other->name, name) != 0)
            continue;
        fail(t, E_LOG_TWICE, span, "`%s` is logged twice in this step", name);
        diag_note(t->diag, other->span, "the first is here");
        return;
    }
}

// One row of numbers lies in memory as the shape says, whatever layout the tensor has.
void log_picture(Tracer *t, const char *name, const Value *value, Span span)
{
    Program *p = t->program;
    not_twice(t, name, span);
    p->picture = arena_grow(t->arena, p->picture, p->picture_count, &p->picture_capacity,
                            sizeof *p->picture);
    p->picture[p->picture_count] = (Picture){name, t->phase, t->host != NULL, value->node->shape,
                                             span};
    set_origin(t, span);
    const Guard *guard = picture_guard(t);
    t->builder.origin.guard = guard;
    Shape flat = {.rank = 1, .dim = {shape_size(&value->node->shape)}};
    Node *node = make_cast(&t->builder, DT_F32, value->node);
    node = make_reshape(&t->builder, node, &flat);
    graph_result(t->graph, (Result){value->picture, p->picture_count++, name, node, guard, span});
    set_origin(t, span);
}
