// choose: which nodes get a kernel.
//
// A move never does, unless something reads it that needs memory. A scalar function does, unless
// it is cheap and rests on one load at most: then every reader computes it again, which costs less
// than to store it.
#include "fuse.h"

#include "../base/mutant.h"

enum { cheap_operations = 4, dear_operations = 20 };

static int operations_of(Prim prim)
{
    switch (prim) {
    case P_EXP: case P_EXPM1: case P_LOG: case P_LOG1P: case P_SIN: case P_COS: case P_TANH:
    case P_ERF: case P_POW: case P_MOD: case P_FLOORDIV:
        return dear_operations;
    case P_DIV: case P_SQRT:
        return 3;
    case P_STOP:
        return 0;
    default:
        return 1;
    }
}

static bool grows(const Node *node)     // an element of its operand is read for many points
{
    return node->prim == P_BROADCAST &&
           !dim_equal(shape_size(&node->shape), shape_size(&node->input[0]->shape));
}

static bool reads_through(const Node *node)
{
    const PrimClass class = prim_class(node->prim);
    return class == CLASS_SOURCE || class == CLASS_MOVE || class == CLASS_SCALAR ||
           node->prim == P_GATHER;
}

static void count_operations(Fuse *f, const Node *node)
{
    Member *m = &f->member[node->id];
    m->loads = node->prim == P_VARIABLE || node->prim == P_FIELD;
    m->operations = node->prim == P_RANDOM ? 2 : 0;
    for (int i = 0; i < node->input_count; i++) {
        const Member *input = &f->member[node->input[i]->id];
        m->operations += input->computed ? 0 : input->operations;
        m->loads += input->computed ? 1 : input->loads;
    }
    if (prim_class(node->prim) == CLASS_SCALAR)
        m->operations += operations_of(node->prim);
    if (node->prim == P_PAD || node->prim == P_CONCAT)
        m->operations += 2 * node->input_count;
    if (m->operations > 1000)
        m->operations = 1000;
}

// Marks what stands behind plain views of an operand that is read again and again.
static void want(Fuse *f, const Node *node)
{
    while (prim_class(node->prim) == CLASS_MOVE && node->prim != P_PAD && node->prim != P_CONCAT)
        node = node->input[0];
    if (node->prim != P_VARIABLE && node->prim != P_FIELD)
        f->member[node->id].wanted = true;
}

static void want_operands(Fuse *f, const Node *node)
{
    switch (prim_class(node->prim)) {
    case CLASS_CONTRACT:
        want(f, node->input[0]);
        want(f, node->input[1]);
        return;
    case CLASS_WINDOW:
    case CLASS_SORT:
        for (int i = 0; i < node->input_count; i++)
            want(f, node->input[i]);
        return;
    case CLASS_INDEX:
        if (node->prim != P_GATHER)
            for (int i = 0; i < node->input_count; i++)
                want(f, node->input[i]);
        return;
    default:
        return;
    }
}

static bool is_cheap(const Member *m, bool feeds_growth)
{
    if (m->loads == 0)
        return m->operations < dear_operations || dim_is(shape_size(&m->node->shape), 1);
    if (MUTANT(choose_store_all))
        return false;
    return m->loads == 1 && m->operations <= (feeds_growth ? 1 : cheap_operations);
}

void choose(Fuse *f)
{
    const Graph *graph = f->graph;
    bool *feeds_growth = arena_alloc(f->c->arena, (size_t)graph->node_count + 1);
    for (int i = 0; i < graph->node_count; i++) {
        const Node *node = graph->node[i];
        f->member[i].node = node;
        want_operands(f, node);
        for (int k = 0; k < node->input_count; k++)
            if (grows(node))
                feeds_growth[node->input[k]->id] = true;
    }
    for (int i = 0; i < graph->write_count; i++)
        f->member[graph->write[i].value->id].wanted = true;
    for (int i = 0; i < graph->result_count; i++)
        f->member[graph->result[i].value->id].wanted = true;
    for (int i = 0; i < graph->node_count; i++) {
        Member *m = &f->member[i];
        count_operations(f, m->node);
        const bool scalar = prim_class(m->node->prim) == CLASS_SCALAR && m->node->prim != P_STOP;
        m->kept = m->wanted;
        m->computed = m->wanted || !reads_through(m->node) ||
                      (scalar && !is_cheap(m, feeds_growth[i]));
    }
}
