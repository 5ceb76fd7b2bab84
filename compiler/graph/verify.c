// verify.c: finds what no maker would have made.
#include "../trace/program.h"
#include "shapes.h"

typedef struct Verifier {
    const Graph *graph;
    const char *pass;
} Verifier;

static LTC_NORETURN void refuse(const Verifier *v, const Node *node, const char *wrong)
{
    Arena *arena = v->graph->arena;
    bug("after %s, graph %s: %%%d = %s %s %s, %s: %s", v->pass, v->graph->name, node->id,
        prim_name(node->prim), dtype_name(node->dtype), shape_text(arena, &node->shape),
        node->span.source ? span_where(arena, node->span) : "of no span", wrong);
}

static bool is_member(const Graph *graph, const Node *node)
{
    return node->id >= 0 && node->id < graph->node_count && graph->node[node->id] == node;
}

static void verify_place(const Verifier *v, const Node *node, int id)
{
    if (node->id != id)
        refuse(v, node, "its number is not its place");
    if (!node->attr)
        refuse(v, node, "no attributes");
    if (node->mark)
        refuse(v, node, "a pass left its mark");
    for (int i = 0; i < node->input_count; i++) {
        if (!is_member(v->graph, node->input[i]))
            refuse(v, node, "an operand is not in the graph");
        if (node->input[i]->id >= id)
            refuse(v, node, "an operand comes later");
        // Below a branch a select merges what may not have run with what was before.
        if (!(node->prim == P_SELECT && i > 0)
            && !guard_covers(node->input[i]->guard, node->guard))
            refuse(v, node, "an operand may not have run: its guard is not around");
    }
}

static void verify_shape(const Verifier *v, const Node *node)
{
    if ((unsigned)node->dtype >= DT_COUNT || (unsigned)node->shape.rank > max_rank)
        bug("after %s, graph %s: %%%d = %s has no such dtype or rank", v->pass, v->graph->name,
            node->id, prim_name(node->prim));
    for (int i = 0; i < node->shape.rank; i++)
        if (node->shape.dim[i].scale < 0 || node->shape.dim[i].power < 0)
            refuse(v, node, "a negative size");
    Node view = *node;
    const char *wrong = node_infer(&view);
    if (wrong)
        refuse(v, node, wrong);
    if (view.dtype != node->dtype)
        refuse(v, node, "dtype is not what the rule says");
    if (!shape_equal(&view.shape, &node->shape))
        refuse(v, node, "shape is not what the rule says");
}

static void verify_use(const Verifier *v, const Node *value, const Guard *guard)
{
    if (!is_member(v->graph, value))
        bug("after %s, graph %s: a value that is not in the graph leaves it", v->pass,
            v->graph->name);
    if (!guard_covers(value->guard, guard))
        refuse(v, value, "leaves the graph although it may not have run");
}

void graph_verify(const Graph *graph, const char *pass)
{
    const Verifier verifier = {graph, pass}, *v = &verifier;
    for (int i = 0; i < graph->node_count; i++) {
        verify_place(v, graph->node[i], i);
        verify_shape(v, graph->node[i]);
    }
    for (int i = 0; i < graph->write_count; i++) {
        const Write *write = &graph->write[i];
        verify_use(v, write->value, write->guard);
        if (write->value->dtype != write->variable->dtype
            || !shape_equal(&write->value->shape, &write->variable->shape))
            refuse(v, write->value, "does not fit the variable that it is written to");
    }
    for (int i = 0; i < graph->result_count; i++)
        verify_use(v, graph->result[i].value, graph->result[i].guard);
}
