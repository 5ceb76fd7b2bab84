// simplify: random graphs give the same bits before and after the pass.
//
//   simplify [--seed N] [--graphs N]
#include "random_graph.h"
#include "graph/rules.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Test {
    int compared, wild, failures, results;
    long before, after;
    int fired[RULE_COUNT];
    bool met[P_COUNT];
} Test;

// Equal to the bit; two NaN are equal.
static bool cell_same(const Value *value, Cell x, Cell y)
{
    if (dtype_kind(value->dtype) != KIND_FLOAT)
        return x.i == y.i;
    return (x.f != x.f && y.f != y.f) || memcmp(&x.f, &y.f, sizeof x.f) == 0;
}

static bool value_same(const Value *x, const Value *y)
{
    if (x->dtype != y->dtype || x->rank != y->rank || x->count != y->count
        || memcmp(x->size, y->size, sizeof *x->size * (size_t)x->rank) != 0)
        return false;
    for (int64_t at = 0; at < x->count; at++)
        if (!cell_same(x, x->cell[at], y->cell[at]))
            return false;
    return true;
}

static bool graph_is_simple(const Graph *graph)
{
    for (int id = 0; id < graph->node_count; id++)
        if (graph->node[id]->prim == P_STOP)
            return false;
    return true;
}

static bool simplify_keeps(Test *test, Case *c)
{
    const int count = random_graph_results(c);
    OracleResult before[count + 1], after[count + 1];
    bool same = true;
    random_graph_run(c, true, before);
    test->before += c->graph->node_count;
    simplify_counted(c->graph, test->fired);
    test->after += c->graph->node_count;
    graph_verify(c->graph, "simplify");
    random_graph_run(c, true, after);
    for (int i = 0; i < count; i++) {
        if (before[i].ran != after[i].ran
            || (before[i].ran && !value_same(&before[i].value, &after[i].value))) {
            printf("result %d differs\n", i);
            same = false;
        }
        value_free(&before[i].value);
        value_free(&after[i].value);
    }
    test->results += count;
    return same && graph_is_simple(c->graph);
}

static void test_graph(Test *test, uint64_t seed)
{
    Case c;
    case_begin(&c, seed, (Flavour)(seed % FLAVOUR_COUNT));
    if (!random_graph(&c, 4 + random_below(&c.random, 60))) {
        test->wild++;
        case_free(&c);
        return;
    }
    graph_verify(c.graph, "growth");
    test->compared++;
    for (int id = 0; id < c.graph->node_count; id++)
        test->met[c.graph->node[id]->prim] = true;
    if (!simplify_keeps(test, &c)) {
        printf("--seed %llu --graphs 1 differs; simplified:\n", (unsigned long long)seed);
        graph_print(c.graph, stdout);
        test->failures++;
    }
    case_free(&c);
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    int graphs = 1500;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--graphs") == 0)
            graphs = atoi(argv[i + 1]);
    }
    printf("seed %llu\n", (unsigned long long)seed);
    Test test = {0};
    for (int i = 0; i < graphs; i++)
        test_graph(&test, seed + (uint64_t)i);
    int rules = 0, prims = 0;
    for (int rule = 0; rule < RULE_COUNT; rule++)
        rules += test.fired[rule] > 0;
    for (int prim = 0; prim < P_COUNT; prim++) {
        prims += test.met[prim];
        if (!test.met[prim] && graphs >= 1000)
            printf("no %s in any graph\n", prim_name((Prim)prim));
    }
    printf("%d of %d primitives met, %d of %d rules fired\n", prims, P_COUNT, rules, RULE_COUNT);
    printf("%d graphs, %d results, %ld nodes became %ld, %d too wild to compare, %d failures\n",
           test.compared, test.results, test.before, test.after, test.wild, test.failures);
    return test.failures != 0 || test.compared * 2 < graphs
        || (graphs >= 1000 && prims < P_COUNT);
}
