// differentiate: reverse mode, from one scalar back to the tensors that are asked for.
//
//   requires  the nodes that `of` needs are in order
//   provides  the gradients, behind all other nodes, in the span and path of what they derive
//
// What derives a node runs when both the caller's part and the node do. A gradient that leaves a
// branch for what stands before it is merged by a select, as the branch's values were: zero if the
// branch did not run.
#include "derive.h"
#include "../base/mutant.h"
#include "passes.h"

typedef struct Reverse {
    Builder b;
    const Guard *guard;         // of what no branch on the way holds
    Node *of;
    bool *depends;              // by node id: on a path from one of `in`
    Node **gradient;            // by node id: what has come so far
} Reverse;

// ---- paths --------------------------------------------------------------------------------------

static bool passes_on(const Reverse *r, const Node *node)
{
    if (dtype_kind(node->dtype) != KIND_FLOAT || !derive_rule(node->prim))
        return false;
    for (int i = 0; i < node->input_count; i++)
        if (r->depends[node->input[i]->id])
            return true;
    return false;
}

static void mark_paths(Reverse *r, Node *const *in, int count)
{
    Graph *graph = r->b.graph;
    for (int i = 0; i < count; i++)
        if (in[i]->id <= r->of->id)
            r->depends[in[i]->id] = dtype_kind(in[i]->dtype) == KIND_FLOAT;
    for (int id = 0; id <= r->of->id; id++)
        if (!r->depends[id])
            r->depends[id] = passes_on(r, graph->node[id]);
}

// The caller's guard, or one further out if the way leads through a branch beside the caller's: a
// node derived there has to run whether or not the caller's part does.
static void find_guard(Reverse *r)
{
    Graph *graph = r->b.graph;
    bool *reached = arena_alloc(graph->arena, (size_t)r->of->id + 1);
    reached[r->of->id] = true;
    r->guard = r->b.origin.guard;
    for (int id = r->of->id; id >= 0; id--) {
        const Node *node = graph->node[id];
        if (!reached[id] || !r->depends[id])
            continue;
        while (!guard_covers(r->guard, node->guard) && !guard_covers(node->guard, r->guard))
            r->guard = r->guard->outer;
        for (int i = 0; i < node->input_count; i++)
            reached[node->input[i]->id] = true;
    }
}

// ---- going back ---------------------------------------------------------------------------------

static const char *const rule_name[] = {
#define PRIM(id, name, class, arity, shape, rule, ...) #rule,
#include "prims.def"
#undef PRIM
};

// Where the nodes that derive `node` stand.
static const Guard *guard_of(const Reverse *r, const Node *node)
{
    return guard_covers(r->guard, node->guard) ? node->guard : r->guard;
}

// A value that was made under the guard `from`, for use under `to`, further out.
static Node *leave_branch(Reverse *r, Node *g, const Guard *from, const Guard *to)
{
    for (; !guard_covers(from, to); from = from->outer) {
        r->b.origin.guard = from->outer;
        Node *ran = make_expand(&r->b, make_host(&r->b, DT_BOOL, from->condition), &g->shape);
        g = make_select(&r->b, ran, g, make_zeros_like(&r->b, g));
    }
    return g;
}

// Gradients that meet are added in the order in which they come: last reader first.
static void gradient_meet(Reverse *r, const Node *node, Node *more, const Guard *from)
{
    Node **sum = &r->gradient[node->id];
    more = leave_branch(r, more, from, guard_of(r, node));
    r->b.origin.guard = guard_of(r, node);
    *sum = *sum ? make_binary(&r->b, P_ADD, *sum, more) : more;
}

static void step_back(Reverse *r, Node *node)
{
    Arena *arena = r->b.graph->arena;
    bool *wanted = arena_alloc(arena, sizeof *wanted * (size_t)node->input_count);
    Node **gradient = arena_alloc(arena, sizeof(Node *) * (size_t)node->input_count);
    for (int i = 0; i < node->input_count; i++)
        wanted[i] = r->depends[node->input[i]->id];
    r->b.origin.guard = guard_of(r, node);
    r->b.origin.span = node->span;
    r->b.origin.path = node->path;
    Derive derive = {&r->b, node, r->gradient[node->id], wanted, gradient};
    derive_rule(node->prim)(&derive);
    for (int i = 0; MUTANT_ROW("derive", rule_name[node->prim]) && i < node->input_count; i++)
        if (gradient[i])
            gradient[i] = make_binary(&r->b, P_ADD, gradient[i], gradient[i]);
    for (int i = 0; i < node->input_count; i++)
        if (wanted[i] && gradient[i])
            gradient_meet(r, node->input[i], gradient[i], guard_of(r, node));
}

void differentiate(Builder *b, Node *of, Node *const *in, int count, Node **gradient)
{
    if (of->shape.rank || dtype_kind(of->dtype) != KIND_FLOAT)
        bug("the gradient of %s %s", dtype_name(of->dtype),
            shape_text(b->graph->arena, &of->shape));
    Arena *arena = b->graph->arena;
    const size_t nodes = (size_t)of->id + 1;
    Reverse r = {*b, NULL, of, arena_alloc(arena, nodes),
                 arena_alloc(arena, nodes * sizeof(Node *))};
    mark_paths(&r, in, count);
    find_guard(&r);
    r.b.origin.guard = guard_of(&r, of);
    r.b.origin.backward = true;
    r.b.origin.span = of->span;
    r.b.origin.path = of->path;
    r.gradient[of->id] = make_constant(&r.b, of->dtype, 1);
    for (int id = of->id; id >= 0; id--) {
        Node *node = b->graph->node[id];
        if (r.gradient[id] && passes_on(&r, node))
            step_back(&r, node);
    }
    for (int i = 0; i < count; i++) {
        const bool reached = in[i]->id <= of->id && r.depends[in[i]->id];
        gradient[i] = reached ? r.gradient[in[i]->id] : NULL;
    }
}
