// structure.c: what plans must get right by design, each shown by the smallest graph that needs it.
//
//     backend_structure [FOLDER]
#include "driver.h"

#include "graph/random_graph.h"
#include "lt/math.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int bad;
static const char *folder = ".";

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    bad++;
    fprintf(stderr, "not so: %s\n", what);
}

static void begin(Case *c, uint64_t seed)
{
    case_begin(c, seed, FLAVOUR_MIXED);
    c->type = DT_F32;
    c->rows = 5;
}

static void write(Case *c, Variable *variable, Node *value)
{
    graph_write(c->graph, variable, value, NULL, (Span){0});
}

static void result(Case *c, Node *value)
{
    graph_result(c->graph, (Result){.kind = RESULT_FIELD, .index = c->graph->result_count,
                                    .value = value});
}

static bool near_all(const Case *c, const Program *p, const OracleResult *want, const Memory *m)
{
    for (int i = 0; i < p->output_count + c->variable_count; i++)
        for (int64_t at = 0; at < want[i].value.count; at++) {
            const double got = i < p->output_count
                                   ? memory_number(m, p, i, at)
                                   : variable_number(m, c->variable[i - p->output_count], at);
            if (fabs(got - value_number(&want[i].value, at)) > 1e-4)
                return false;
        }
    return true;
}

// Runs the case with one thread and with four against the interpreter.
static void check_values(Case *c, const char *what)
{
    const int count = random_graph_results(c);
    OracleResult *want = arena_alloc(c->arena, sizeof *want * (size_t)(count + 1));
    random_graph_run(c, true, want);
    const Program *p = program_of(c);
    void *object = compiled(folder, emitted(c, p, true), &builds[0]);
    for (int threads = 1; object && threads <= 4; threads += 3) {
        Memory m = run_case(c, p, object, threads, c->rows);
        expect(near_all(c, p, want, &m), what);
        memory_free(&m);
    }
    expect(object != NULL, what);
    for (int i = 0; i < count; i++)
        value_free(&want[i].value);
}

static int occurrences(const char *text, const char *word)
{
    int count = 0;
    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        count++;
    return count;
}

// ---- variables ----------------------------------------------------------------------------------

static Shape square(int64_t rows, int64_t columns)
{
    return shape_of(2, (const int64_t[]){rows, columns});
}

static void variables_swap(void)
{
    Case c;
    begin(&c, 1);
    const Shape shape = square(7, 40);
    Variable *a = case_variable(&c, DT_F32, &shape, -1, 1);
    Variable *b = case_variable(&c, DT_F32, &shape, -1, 1);
    Node *old_a = make_variable(&c.b, a), *old_b = make_variable(&c.b, b);
    write(&c, a, make_unary(&c.b, P_NEG, old_b));
    write(&c, b, old_a);
    check_values(&c, "two variables change places");
    case_free(&c);
}

static void variables_in_one_body(void)
{
    Case c;
    begin(&c, 2);
    const Shape shape = square(7, 40);
    Variable *a = case_variable(&c, DT_F32, &shape, -1, 1);
    Variable *b = case_variable(&c, DT_F32, &shape, -1, 1);
    Node *old_a = make_variable(&c.b, a), *old_b = make_variable(&c.b, b);
    Node *sum = make_unary(&c.b, P_TANH, make_binary(&c.b, P_ADD, old_a, old_b));
    write(&c, a, sum);
    write(&c, b, make_binary(&c.b, P_SUB, sum, make_binary(&c.b, P_MUL, old_a, old_b)));
    check_values(&c, "a kernel reads what it has replaced");
    case_free(&c);
}

static void variable_rolls(void)
{
    Case c;
    begin(&c, 3);
    const Shape shape = shape_of(1, (const int64_t[]){100});
    const Shape head = shape_of(1, (const int64_t[]){1}), tail = shape_of(1, (const int64_t[]){99});
    Variable *a = case_variable(&c, DT_F32, &shape, -1, 1);
    Node *old = make_variable(&c.b, a);
    const int64_t zero = 0, one = 1;
    Node *const part[] = {make_slice(&c.b, old, &one, &one, &tail),
                          make_slice(&c.b, old, &zero, &one, &head)};
    write(&c, a, make_concat(&c.b, part, 2, 0));
    check_values(&c, "a variable moves by one element");
    case_free(&c);
}

static void variable_read_later(void)
{
    Case c;
    begin(&c, 4);
    const Shape shape = square(30, 20);
    const int turned[] = {1, 0};
    Variable *a = case_variable(&c, DT_F32, &shape, -1, 1);
    Node *old = make_variable(&c.b, a);
    write(&c, a, make_unary(&c.b, P_EXP, old));
    result(&c, make_unary(&c.b, P_TANH, make_permute(&c.b, old, turned)));
    check_values(&c, "an old value is read behind the write in the text");
    case_free(&c);
}

static void last_write_wins(void)
{
    Case c;
    begin(&c, 5);
    const Shape shape = square(3, 4);
    Variable *a = case_variable(&c, DT_F32, &shape, -1, 1);
    Node *old = make_variable(&c.b, a);
    write(&c, a, make_unary(&c.b, P_NEG, old));
    write(&c, a, make_unary(&c.b, P_ABS, old));
    check_values(&c, "the last of two writes wins");
    case_free(&c);
}

// ---- order of sums ------------------------------------------------------------------------------

static void sums_in_lanes(void)
{
    enum { count = 1000, lanes = 32 };
    Case c;
    begin(&c, 6);
    const Shape shape = shape_of(1, (const int64_t[]){count});
    Node *x = case_field(&c, DT_F32, &shape, -1, 1);
    result(&c, make_reduce(&c.b, P_SUM, x, 1));
    float lane[lanes] = {0};
    for (int i = 0; i < count; i++)
        lane[i % lanes] += (float)value_number(&c.field[0], i);
    const float want = lt_fold_f32(lane, lanes);
    const Program *p = program_of(&c);
    const char *text = emitted(&c, p, true);
    for (int b = 0; b < build_count; b++) {
        void *object = compiled(folder, text, &builds[b]);
        Memory m = run_case(&c, p, object, 2, c.rows);
        expect(memory_number(&m, p, 0, 0) == (double)want, "a row is summed in 32 lanes");
        memory_free(&m);
    }
    case_free(&c);
}

// ---- fusion -------------------------------------------------------------------------------------

static Node *row_wise(Case *c, Node *x, Prim prim)
{
    Node *reduced = make_reduce(&c->b, prim, x, 1u << 1);
    Shape column = x->shape;
    column.dim[1] = dim_of(1);
    return make_broadcast(&c->b, make_reshape(&c->b, reduced, &column), &x->shape);
}

static void softmax_is_one_kernel(void)
{
    Case c;
    begin(&c, 7);
    const Shape shape = square(64, 50);
    Node *x = case_field(&c, DT_F32, &shape, -1, 1);
    Node *raised = make_unary(&c.b, P_EXP, make_binary(&c.b, P_SUB, x, row_wise(&c, x, P_MAX)));
    result(&c, make_binary(&c.b, P_DIV, raised, row_wise(&c, raised, P_SUM)));
    Program *p = program_of(&c);
    const Plan *plan = make_plan(p);
    expect(plan->step[0]->kernel_count == 1, "a softmax is one kernel");
    expect(plan->step[0]->arena_bytes == 0, "a softmax needs no memory beside its result");
    case_free(&c);
}

static void cheap_values_are_not_stored(void)
{
    Case c;
    begin(&c, 8);
    const Shape shape = square(64, 50);
    const int turned[] = {1, 0};
    Node *x = case_field(&c, DT_F32, &shape, -1, 1);
    Node *half = make_binary(&c.b, P_MUL, x, make_scalar_like(&c.b, x, 0.5));
    result(&c, make_reduce(&c.b, P_SUM, half, 1u << 1));
    result(&c, make_unary(&c.b, P_TANH, make_permute(&c.b, half, turned)));
    const Plan *plan = make_plan(program_of(&c));
    expect(plan->step[0]->arena_bytes == 0, "what is cheap is calculated where it is read");
    case_free(&c);
}

static void barriers_where_needed(void)
{
    Case c;
    begin(&c, 9);
    const Shape shape = square(64, 50);
    const int turned[] = {1, 0};
    Node *x = case_field(&c, DT_F32, &shape, -1, 1), *y = case_field(&c, DT_F32, &shape, -1, 1);
    Node *first = make_unary(&c.b, P_EXP, x);
    result(&c, make_unary(&c.b, P_SIN, y));
    result(&c, make_unary(&c.b, P_TANH, make_permute(&c.b, first, turned)));
    const char *text = emitted(&c, program_of(&c), true);
    expect(occurrences(text, "#pragma omp barrier") == 1, "one barrier between two that depend");
    case_free(&c);
}

static void equal_kernels_are_one_function(void)
{
    Case c;
    begin(&c, 10);
    const Shape shape = square(9, 5), other = square(30, 2);
    const int turned[] = {1, 0};
    Node *x = case_field(&c, DT_F32, &shape, -1, 1), *y = case_field(&c, DT_F32, &other, -1, 1);
    result(&c, make_unary(&c.b, P_TANH, x));
    result(&c, make_unary(&c.b, P_TANH, y));
    result(&c, make_unary(&c.b, P_SIN, make_permute(&c.b, x, turned)));
    const char *text = emitted(&c, program_of(&c), true);
    expect(occurrences(text, "// ---- kernel ") == 2, "maps of any size are one function");
    case_free(&c);
}

static void same_text_each_time(void)
{
    char *first = NULL;
    for (int round = 0; round < 2; round++) {
        Case c;
        begin(&c, 11);
        if (random_graph(&c, 30)) {
            const char *text = emitted(&c, program_of(&c), true);
            if (first)
                expect(strcmp(first, text) == 0, "the same graph gives the same bytes");
            free(first);
            first = strdup(text);
        }
        case_free(&c);
    }
    expect(first != NULL, "there is a text to compare");
    free(first);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        folder = argv[1];
    variables_swap();
    variables_in_one_body();
    variable_rolls();
    variable_read_later();
    last_write_wins();
    sums_in_lanes();
    softmax_is_one_kernel();
    cheap_values_are_not_stored();
    barriers_where_needed();
    equal_kernels_are_one_function();
    same_text_each_time();
    printf("%d bad\n", bad);
    return bad != 0;
}
