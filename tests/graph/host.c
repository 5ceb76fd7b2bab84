// host: numbers and functions of the host, evaluated as trees, against what they say.
#include "oracle/host.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Test {
    int checks, failures;
} Test;

static void expect(Test *test, const char *what, double got, double want)
{
    test->checks++;
    if (got == want || (got != got && want != want))
        return;
    printf("%s: %.17g, not %.17g\n", what, got, want);
    test->failures++;
}

// ---- a trainer that writes down what it is asked ------------------------------------------------

static char said[4096];

static void say(const char *what, const char *name, double x)
{
    const size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s %s %g;", what, name, x);
}

static void stop(struct lt_host *host, const char *reason)
{
    host->stop_asked = true;
    say("stop", reason, 0);
}

static void save(struct lt_host *host, int callback, const char *name, double score, int keep,
                 unsigned manner)
{
    (void)host;
    say("save", name, score + 10 * keep + 100 * manner + 10000 * callback);
}

static void log_value(struct lt_host *host, const char *name, double value)
{
    (void)host;
    say("log", name, value);
}

static void run_step(struct lt_host *host, int plan)
{
    (void)host;
    say("run", "step", plan);
}

static void freeze(struct lt_host *host, int mask, bool frozen)
{
    (void)host;
    say("freeze", frozen ? "on" : "off", mask);
}

static void warn(struct lt_host *host, const char *text)
{
    (void)host;
    say("warn", text, 0);
}

static void fail(struct lt_host *host, const char *text)
{
    (void)host;
    say("fail", text, 0);
}

static const struct lt_host_calls calls = {.stop = stop, .save = save, .log = log_value,
                                           .run_step = run_step, .freeze = freeze, .warn = warn,
                                           .fail = fail};

// ---- trees --------------------------------------------------------------------------------------

static const HostExpr *tree(HostExpr e)
{
    static HostExpr pool[400];
    static int count;
    if (count == 400)
        bug("the test makes more than 400 trees");
    pool[count] = e;
    return &pool[count++];
}

static const HostExpr *num(double x) { return tree((HostExpr){.op = HOST_NUMBER, .number = x}); }
static const HostExpr *local(int i) { return tree((HostExpr){.op = HOST_LOCAL, .index = i}); }
static const HostExpr *state(int i) { return tree((HostExpr){.op = HOST_STATE, .index = i}); }
static const HostExpr *run(const char *m) { return tree((HostExpr){.op = HOST_RUN, .text = m}); }

static const HostExpr *op(HostOp o, const HostExpr *a, const HostExpr *b)
{
    return tree((HostExpr){.op = o, .a = a, .b = b});
}

static const HostExpr *text(const char *t)
{
    return tree((HostExpr){.op = HOST_TEXT, .type = HOST_STRING, .text = t});
}

static void test_functions(Test *t, HostRun *r)
{
    expect(t, "floordiv", host_number(r, op(HOST_FLOORDIV, num(-7), num(2))), -4);
    expect(t, "mod", host_number(r, op(HOST_MOD, num(-7), num(2))), 1);
    expect(t, "pow", host_number(r, op(HOST_POW, num(2), num(10))), 1024);
    expect(t, "neg", host_number(r, op(HOST_NEG, num(3), NULL)), -3);
    expect(t, "round", host_number(r, op(HOST_ROUND, num(2.5), NULL)), 2);
    expect(t, "min", host_number(r, op(HOST_MIN, num(2), num(1))), 1);
    expect(t, "is_nan", host_number(r, op(HOST_IS_NAN, num(NAN), NULL)), 1);
    expect(t, "is_finite", host_number(r, op(HOST_IS_FINITE, num(INFINITY), NULL)), 0);
    expect(t, "less with NaN", host_number(r, op(HOST_LT, num(NAN), num(1))), 0);
    expect(t, "and", host_number(r, op(HOST_AND, num(1), num(2))), 1);
    expect(t, "or", host_number(r, op(HOST_OR, num(0), num(0))), 0);
    expect(t, "not", host_number(r, op(HOST_NOT, num(0), NULL)), 1);
    const HostExpr chosen = {.op = HOST_SELECT, .a = num(0), .b = num(1), .c = num(2)};
    expect(t, "select", host_number(r, &chosen), 2);
}

static void test_leaves(Test *t, HostRun *r)
{
    const HostExpr rows = {.op = HOST_ROWS, .index = 2, .number = 3};
    const HostExpr setting = {.op = HOST_SETTING, .index = 1}, metric = {.op = HOST_METRIC};
    const HostExpr mode = {.op = HOST_SETTING, .type = HOST_STRING, .index = 0};
    expect(t, "rows", host_number(r, &rows), 75);
    expect(t, "setting", host_number(r, &setting), 0.5);
    expect(t, "metric", host_number(r, &metric), 0.25);
    expect(t, "state", host_number(r, state(0)), 7);
    expect(t, "step", host_number(r, run("step")), 42);
    expect(t, "max_epochs", host_number(r, run("max_epochs")), 9);
    expect(t, "a word", host_number(r, op(HOST_SAME_TEXT, &mode, text("max"))), 1);
    expect(t, "another word", host_number(r, op(HOST_SAME_TEXT, &mode, text("min"))), 0);
}

// fn at(step) { half = step / 2; if half < 3 { return half }; state[0] = half; return -1 }
static void test_at(Test *t, HostRun *r)
{
    HostStmt otherwise = {.what = DO_RETURN, .a = num(-1)};
    HostStmt keep = {.what = DO_SET_STATE, .index = 0, .a = local(1), .next = &otherwise};
    HostStmt inside = {.what = DO_RETURN, .a = local(1)};
    HostStmt when = {.what = DO_IF, .a = op(HOST_LT, local(1), num(3)), .then = &inside,
                     .next = &keep};
    HostStmt half = {.what = DO_SET_LOCAL, .index = 1, .a = op(HOST_DIV, local(0), num(2)),
                     .next = &when};
    HostFunction at = {.name = "at", .parameter = 0, .local_count = 2, .body = &half};
    Schedule schedule = {.name = "halves", .at = &at, .callback = -1};
    const HostExpr rate = {.op = HOST_RATE, .index = 0, .a = run("step")};
    Program program = *r->program;
    HostRun inner = *r;
    program.schedule = &schedule;
    program.schedule_count = 1;
    inner.program = &program;
    expect(t, "at(4)", host_call(&inner, &at, 4), 2);
    expect(t, "at(8)", host_call(&inner, &at, 8), -1);
    expect(t, "the state it kept", r->host->state[0], 4);
    expect(t, "a rate at the step", host_number(&inner, &rate), -1);
    expect(t, "the state it kept then", r->host->state[0], 21);
}

// Each thing that a callback may ask for, with a message of a literal, a number and a word.
static void test_asking(Test *t, HostRun *r)
{
    HostText end = {.text = "!"}, word = {.value = text("up"), .format = "%s", .next = &end};
    HostText number = {.value = num(0.125), .format = "%.3g ", .next = &word};
    HostText message = {.text = "at ", .next = &number}, name = {.text = "best"};
    HostStmt never = {.what = DO_STOP, .message = &message};
    HostStmt check = {.what = DO_CHECK, .a = num(0), .message = &name, .next = &never};
    HostStmt fine = {.what = DO_CHECK, .a = num(1), .message = &message, .next = &check};
    HostStmt warning = {.what = DO_WARN, .message = &message, .next = &fine};
    HostStmt freezing = {.what = DO_FREEZE, .index = 3, .a = num(1), .next = &warning};
    HostStmt step = {.what = DO_RUN_STEP, .index = 2, .next = &freezing};
    HostStmt logging = {.what = DO_LOG, .message = &name, .a = num(6), .next = &step};
    HostStmt saving = {.what = DO_SAVE, .message = &name, .a = num(2), .b = num(3), .c = num(1),
                       .d = num(0), .next = &logging};
    HostFunction hook = {.name = "hook", .parameter = -1, .body = &saving};
    r->callback = 5;
    host_call(r, &hook, 0);
    t->checks++;
    const char *want = "save best 50132;log best 6;run step 2;freeze on 3;warn at 0.125 up! 0;"
                       "fail best 0;";
    if (strcmp(said, want) != 0 || !r->failed) {
        printf("asked for: %s\nnot for:   %s\n", said, want);
        t->failures++;
    }
}

int main(void)
{
    Test test = {0};
    double settings[] = {1, 0.5}, states[] = {7}, metrics[] = {0.25};
    Setting setting[] = {{.name = "mode", .type = SETTING_WORD, .choices = "min|max|none"},
                         {.name = "lr", .type = SETTING_NUMBER}};
    Program program = {.arena = arena_new(), .setting = setting, .setting_count = 2};
    struct lt_host host = {.step = 42, .max_epochs = 9, .setting = settings, .state = states,
                           .metric = metrics, .call = &calls};
    HostRun run_now = {.program = &program, .host = &host, .rows = 5, .callback = -1};
    test_functions(&test, &run_now);
    test_leaves(&test, &run_now);
    test_at(&test, &run_now);
    test_asking(&test, &run_now);
    arena_free(program.arena);
    printf("%d checks, %d failures\n", test.checks, test.failures);
    return test.failures != 0;
}
