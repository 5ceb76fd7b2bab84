// verify: a sound graph passes, and each kind of damage is found.
#include "child.h"
#include "random_graph.h"
#include "trace/program.h"
#include <stdio.h>

// Breaks something; false if this graph has nothing of the kind.
typedef bool Damage(Case *c, Node *node);

static const HostExpr never = {.op = HOST_NUMBER};
static const Guard closed = {&never, NULL, 99};

static bool damage_number(Case *c, Node *node) { (void)c; node->id++; return true; }
static bool damage_mark(Case *c, Node *node) { (void)c; node->mark = node; return true; }
static bool damage_attr(Case *c, Node *node) { (void)c; node->attr = NULL; return true; }

static bool damage_dtype(Case *c, Node *node)
{
    (void)c;
    const bool free = prim_class(node->prim) == CLASS_SOURCE || node->prim == P_CAST;
    node->dtype = free ? DT_COUNT : node->dtype == DT_F32 ? DT_F64 : DT_F32;
    return true;
}

static bool damage_rank(Case *c, Node *node)
{
    (void)c;
    node->shape.rank = node->shape.rank ? -1 : max_rank + 1;
    return true;
}

static bool damage_size(Case *c, Node *node)
{
    (void)c;
    const bool given = prim_class(node->prim) == CLASS_SOURCE || node->prim == P_SLICE
        || node->prim == P_BROADCAST || node->prim == P_SCATTER_ADD || !node->shape.rank;
    if (given)
        return false;
    node->shape.dim[0].scale += 3;
    return true;
}

static bool damage_negative(Case *c, Node *node)
{
    (void)c;
    if (!node->shape.rank)
        return false;
    node->shape.dim[0].scale = -1;
    return true;
}

static bool damage_count(Case *c, Node *node)
{
    (void)c;
    if (!node->input_count || prim_arity(node->prim) < 0)
        return false;
    node->input_count--;
    return true;
}

static bool damage_order(Case *c, Node *node)
{
    if (!node->input_count)
        return false;
    node->input[0] = c->graph->node[c->graph->node_count - 1];
    return true;
}

static bool damage_stranger(Case *c, Node *node)
{
    if (!node->input_count)
        return false;
    Node *stranger = arena_copy(c->arena, node->input[0], sizeof *stranger);
    node->input[0] = stranger;
    return true;
}

static bool damage_guard(Case *c, Node *node)
{
    for (int id = 0; id < c->graph->node_count; id++)
        for (int i = 0; i < c->graph->node[id]->input_count; i++)
            if (c->graph->node[id]->input[i] == node) {
                node->guard = &closed;
                return true;
            }
    return false;
}

static bool damage_result(Case *c, Node *node)
{
    if (!c->graph->result_count || node->guard)
        return false;
    c->graph->result[0].value = arena_copy(c->arena, node, sizeof *node);
    return true;
}

static bool damage_write(Case *c, Node *node)
{
    if (!c->graph->write_count)
        return false;
    const Write *write = &c->graph->write[0];
    if (node->guard || shape_equal(&node->shape, &write->variable->shape))
        return false;
    c->graph->write[0].value = node;
    return true;
}

// ---- the test -----------------------------------------------------------------------------------

typedef struct Order {
    uint64_t seed;
    Damage *damage;             // NULL: none
} Order;

// 1: nothing was found; 2: there is nothing to break. A fault that is found ends with 3.
static int verify_damaged(const void *what)
{
    const Order *order = what;
    Case c;
    case_begin(&c, order->seed, (Flavour)(order->seed % FLAVOUR_COUNT));
    random_graph(&c, 30);
    graph_verify(c.graph, "growth");
    const int at = random_below(&c.random, c.graph->node_count - 1);
    if (order->damage && !order->damage(&c, c.graph->node[at]))
        return 2;
    graph_verify(c.graph, "damage");
    return 1;
}

static int status_of(uint64_t seed, Damage *damage)
{
    const Order order = {seed, damage};
    return child_status(verify_damaged, &order);
}

int main(void)
{
    static Damage *const damages[] = {
        damage_number, damage_mark, damage_attr, damage_dtype, damage_rank, damage_size,
        damage_negative, damage_count, damage_order, damage_stranger, damage_guard, damage_result,
        damage_write,
    };
    enum { kinds = sizeof damages / sizeof *damages };
    int failures = 0, found = 0;
    for (uint64_t seed = 1; seed <= 10; seed++)
        if (status_of(seed, NULL) != 1) {
            printf("a sound graph is refused, seed %d\n", (int)seed);
            failures++;
        }
    for (int kind = 0; kind < kinds; kind++) {
        int here = 0;
        for (uint64_t seed = 1; seed <= 20; seed++) {
            const int status = status_of(seed, damages[kind]);
            here += status == 3;
            if (status != 3 && status != 2) {
                printf("damage %d of seed %d ends with %d\n", kind, (int)seed, status);
                failures++;
            }
        }
        if (here == 0) {
            printf("damage %d was never done\n", kind);
            failures++;
        }
        found += here;
    }
    printf("%d kinds of damage found %d times, %d failures\n", kinds, found, failures);
    return failures != 0;
}
