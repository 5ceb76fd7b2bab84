// random.c: random graphs as compiled programs, against the interpreter and against each other.
//
//     backend_random [--seed N] [--graphs N] [--operations N] [--builds N] [--folder F]
//                    [--show 1]
//
// Each graph is compiled by each build of driver.c without a warning. All builds, with one thread
// and with three, must agree in every bit of every output and variable; the values must agree with
// the interpreter's to a share of the largest of their tensor.
#include "driver.h"

#include "graph/random_graph.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Options {
    uint64_t seed;
    int graphs, operations, builds;
    bool show;
    const char *folder;
} Options;

static char present[200];               // what is being run, for when it crashes

static void crashed(int signal)
{
    (void)signal;
    if (write(2, present, strlen(present)) < 0)
        _exit(2);
    _exit(1);
}

static double largest(const Value *value)
{
    double most = 0;
    for (int64_t i = 0; i < value->count; i++)
        most = fmax(most, fabs(value_number(value, i)));
    return most;
}

static bool near(double got, double want, double scale, DType type)
{
    if (got == want || (got != got && want != want))
        return true;
    const double share = type == DT_F64    ? 1e-11
                         : type == DT_F32  ? 2e-4
                         : type == DT_F16  ? 1e-2
                                           : 1e-1;
    return fabs(got - want) <= share * fmax(scale, 1);
}

typedef struct Difference {
    bool found;
    int result;
    int64_t at;
    double got, want;
} Difference;

// The narrowest float in the graph.
static DType narrowest(const Case *c)
{
    DType type = DT_F64;
    for (int i = 0; i < c->graph->node_count; i++)
        if (dtype_kind(c->graph->node[i]->dtype) == KIND_FLOAT && c->graph->node[i]->dtype > type)
            type = c->graph->node[i]->dtype;
    return type;
}

static Difference differs(const Case *c, const Program *program, const OracleResult *result,
                          const Memory *m)
{
    const int outputs = program->output_count;
    for (int i = 0; i < outputs + c->variable_count; i++) {
        const Value *value = &result[i].value;
        if (!result[i].ran)
            continue;
        const double scale = largest(value);
        for (int64_t at = 0; at < value->count; at++) {
            const double got = i < outputs ? memory_number(m, program, i, at)
                                           : variable_number(m, c->variable[i - outputs], at);
            if (!near(got, value_number(value, at), scale, narrowest(c)))
                return (Difference){true, i, at, got, value_number(value, at)};
        }
    }
    return (Difference){0};
}

static bool same_bits(const Memory *a, const Memory *b, const Case *c)
{
    for (int i = 0; i < a->output_count; i++)
        if (memcmp(a->output[i], b->output[i], a->bytes[i]) != 0)
            return false;
    for (int i = 0; i < c->variable_count; i++)
        for (int64_t at = 0; at < c->stored[i].count; at++)
            if (variable_number(a, c->variable[i], at) != variable_number(b, c->variable[i], at))
                return false;
    return true;
}

static bool check(Case *c, uint64_t seed, const Options *o, const OracleResult *result)
{
    const Program *program = program_of(c);
    const char *text = emitted(c, program, seed % 2);
    if (o->show) {
        graph_print(c->graph, stdout);
        fputs(text, stdout);
    }
    bool good = true, first = true;
    Memory reference;
    for (int b = 0; b < o->builds && good; b++) {
        void *object = compiled(o->folder, text, &builds[b]);
        if (!object) {
            fprintf(stderr, "seed %llu does not compile\n", (unsigned long long)seed);
            return false;
        }
        for (int threads = 1; threads <= 3 && good; threads += 2) {
            snprintf(present, sizeof present, "seed %llu crashes: %s, %d threads\n",
                     (unsigned long long)seed, builds[b].name, threads);
            Memory m = run_case(c, program, object, threads, c->rows);
            const Difference d = differs(c, program, result, &m);
            if (d.found) {
                fprintf(stderr, "seed %llu: %s, %d threads: result %d[%lld] is %.9g, not %.9g\n",
                        (unsigned long long)seed, builds[b].name, threads, d.result,
                        (long long)d.at, d.got, d.want);
                good = false;
            }
            if (!first && !same_bits(&reference, &m, c)) {
                fprintf(stderr, "seed %llu: other bits with %s, %d threads\n",
                        (unsigned long long)seed, builds[b].name, threads);
                good = false;
            }
            if (first)
                reference = m;
            else
                memory_free(&m);
            first = false;
        }
    }
    memory_free(&reference);
    return good;
}

int main(int argc, char **argv)
{
    Options o = {.seed = 1, .graphs = 40, .operations = 25, .builds = build_count, .folder = "."};
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            o.seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--graphs") == 0)
            o.graphs = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--operations") == 0)
            o.operations = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--builds") == 0)
            o.builds = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--show") == 0)
            o.show = atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--folder") == 0)
            o.folder = argv[i + 1];
    }
    signal(SIGSEGV, crashed);
    signal(SIGFPE, crashed);
    int bad = 0, done = 0;
    for (uint64_t seed = o.seed; done < o.graphs; seed++) {
        Case c;
        snprintf(present, sizeof present, "seed %llu crashes in the compiler\n",
                 (unsigned long long)seed);
        case_begin(&c, seed, (Flavour)(seed % FLAVOUR_COUNT));
        if (random_graph(&c, o.operations)) {
            const int count = random_graph_results(&c);
            OracleResult *result = calloc((size_t)count + 1, sizeof *result);
            random_graph_run(&c, true, result);
            bad += !check(&c, seed, &o, result);
            for (int i = 0; i < count; i++)
                value_free(&result[i].value);
            free(result);
            done++;
        }
        case_free(&c);
    }
    printf("%d graphs, %d bad\n", done, bad);
    return bad != 0;
}
