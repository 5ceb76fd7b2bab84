// simplify: leaves what is needed, once, in its simplest exact form.
//
//   provides  topological order, ids dense from 0; no P_STOP; no node that nothing needs
//
// The graph is made anew, node by node, from what the writes and results need: each node is given
// its new operands, tried against rules.def, and shared with an equal one. That is repeated until
// nothing changes.
#include "passes.h"
#include "rules.h"
#include "share.h"

// ---- needed nodes -------------------------------------------------------------------------------

// An operand comes first, so one walk from the end reaches all.
static bool *find_needed(const Graph *graph)
{
    bool *needed = arena_alloc(graph->arena, (size_t)graph->node_count + 1);
    for (int i = 0; i < graph->write_count; i++)
        needed[graph->write[i].value->id] = true;
    for (int i = 0; i < graph->result_count; i++)
        needed[graph->result[i].value->id] = true;
    for (int id = graph->node_count - 1; id >= 0; id--)
        for (int i = 0; needed[id] && i < graph->node[id]->input_count; i++)
            needed[graph->node[id]->input[i]->id] = true;
    return needed;
}

// ---- one round ----------------------------------------------------------------------------------

typedef struct Round {
    Builder b;
    Node **now;                 // by old id: what the node has become
    int *fired;                 // by rule
    bool changed;
} Round;

static Node *node_simplified(Round *round, const Node *node)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (!rule_fits((Rule)rule, node->prim))
            continue;
        Node *instead = rule_apply((Rule)rule, &round->b, node);
        if (instead && guard_covers(instead->guard, node->guard)) {
            round->fired[rule]++;
            round->changed = true;
            return instead;
        }
    }
    return make_copy(&round->b, node, node->input);
}

static void node_renew(Round *round, const Node *old)
{
    Node view = *old;
    view.input = arena_alloc(round->b.graph->arena, sizeof(Node *) * (size_t)old->input_count);
    for (int i = 0; i < old->input_count; i++)
        view.input[i] = round->now[old->input[i]->id];
    round->b.origin = (Origin){old->span, old->path, old->guard, old->backward, old->call};
    Node *now = node_simplified(round, &view);
    if (!now->name)
        now->name = old->name;
    round->now[old->id] = now;
}

static void renew_uses(Round *round, Graph *graph)
{
    for (int i = 0; i < graph->write_count; i++)
        graph->write[i].value = round->now[graph->write[i].value->id];
    for (int i = 0; i < graph->result_count; i++)
        graph->result[i].value = round->now[graph->result[i].value->id];
}

static bool simplify_once(Graph *graph, int *fired)
{
    const bool *needed = find_needed(graph);
    Node **old = graph->node;
    const int count = graph->node_count;
    Round round = {.b = {.graph = graph, .sharing = sharing_new(graph->arena)},
                   .now = arena_alloc(graph->arena, sizeof(Node *) * (size_t)count),
                   .fired = fired};
    graph->node = NULL;
    graph->node_count = graph->node_capacity = 0;
    for (int id = 0; id < count; id++)
        if (needed[id])
            node_renew(&round, old[id]);
    renew_uses(&round, graph);
    return round.changed || graph->node_count != count;
}

void simplify_counted(Graph *graph, int fired[RULE_COUNT])
{
    const int enough = 1000;
    for (int round = 0; simplify_once(graph, fired); round++)
        if (round == enough)
            bug("simplify goes round in graph %s", graph->name);
}

void simplify(Graph *graph)
{
    int fired[RULE_COUNT] = {0};
    simplify_counted(graph, fired);
}
