#include "host.h"
#include "lt/math.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- leaves -------------------------------------------------------------------------------------

typedef struct Member {
    const char *name;
    size_t offset;
} Member;

static const Member members[] = {
#define MEMBER(name) {#name, offsetof(struct lt_host, name)}
    MEMBER(step), MEMBER(epoch), MEMBER(batch), MEMBER(total_steps), MEMBER(steps_per_epoch),
    MEMBER(max_epochs), MEMBER(max_steps), MEMBER(progress), MEMBER(rank), MEMBER(ranks),
    MEMBER(training), MEMBER(micro_batch), MEMBER(micro_batches), MEMBER(elapsed), MEMBER(sanity),
    MEMBER(pictures), MEMBER(val_batches), MEMBER(validates_at_epoch_end),
#undef MEMBER
};

static double run_number(const HostRun *run, const char *name)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (strcmp(members[i].name, name) == 0)
            return *(const double *)((const char *)run->host + members[i].offset);
    bug("the run has no number `%s`", name);
}

static double host_rate(HostRun *run, const HostExpr *rate)
{
    const HostFunction *at = run->program->schedule[rate->index].at;
    return host_call(run, at, host_number(run, rate->a));
}

// A word setting is the number of its choice.
static const char *setting_text(HostRun *run, int index)
{
    const Setting *setting = &run->program->setting[index];
    if (setting->type != SETTING_WORD || !setting->choices)
        return run->host->call->text(run->host, index);
    const char *word = setting->choices;
    for (int i = (int)run->host->setting[index]; i > 0 && strchr(word, '|'); i--)
        word = strchr(word, '|') + 1;
    return arena_string(run->program->arena, word, strcspn(word, "|"));
}

const char *host_text(HostRun *run, const HostExpr *text)
{
    switch (text->op) {
    case HOST_TEXT: return text->text;
    case HOST_SETTING: return setting_text(run, text->index);
    case HOST_SELECT: return host_text(run, host_number(run, text->a) ? text->b : text->c);
    default: bug("host expression %d is no text", text->op);
    }
}

static double host_leaf(HostRun *run, const HostExpr *e)
{
    switch (e->op) {
    case HOST_NUMBER: return e->number;
    case HOST_SETTING: return run->host->setting[e->index];
    case HOST_RUN: return run_number(run, e->text);
    case HOST_ROWS: return e->number * lt_power((double)run->rows, (uint64_t)e->index);
    case HOST_METRIC: return run->host->metric[e->index];
    case HOST_STATE: return run->host->state[e->index];
    case HOST_LOCAL: return run->local[e->index];
    case HOST_RATE: return host_rate(run, e);
    default: bug("host expression %d has no operands", e->op);
    }
}

// ---- functions ----------------------------------------------------------------------------------

static double host_unary(HostOp op, double x)
{
    switch (op) {
    case HOST_NEG: return -x;
    case HOST_ABS: return lt_abs_f64(x);
    case HOST_FLOOR: return lt_floor_f64(x);
    case HOST_CEIL: return lt_ceil_f64(x);
    case HOST_ROUND: return lt_round_f64(x);
    case HOST_SQRT: return lt_sqrt_f64(x);
    case HOST_EXP: return lt_exp_f64(x);
    case HOST_LOG: return lt_log_f64(x);
    case HOST_SIN: return lt_sin_f64(x);
    case HOST_COS: return lt_cos_f64(x);
    case HOST_TANH: return lt_tanh_f64(x);
    case HOST_SIGN: return lt_sign_f64(x);
    case HOST_IS_FINITE: return x - x == 0;
    case HOST_IS_NAN: return x != x;
    case HOST_NOT: return !x;
    default: bug("host function %d of one number", op);
    }
}

static double host_binary(HostOp op, double x, double y)
{
    switch (op) {
    case HOST_ADD: return x + y;
    case HOST_SUB: return x - y;
    case HOST_MUL: return x * y;
    case HOST_DIV: return x / y;
    case HOST_FLOORDIV: return lt_floordiv_f64(x, y);
    case HOST_MOD: return lt_mod_f64(x, y);
    case HOST_POW: return lt_pow_f64(x, y);
    case HOST_MIN: return lt_min_f64(x, y);
    case HOST_MAX: return lt_max_f64(x, y);
    case HOST_EQ: return x == y;
    case HOST_NE: return x != y;
    case HOST_LT: return x < y;
    case HOST_LE: return x <= y;
    default: bug("host function %d of two numbers", op);
    }
}

double host_number(void *context, const HostExpr *e)
{
    HostRun *run = context;
    if (e->op <= HOST_RATE)
        return host_leaf(run, e);
    if (e->op == HOST_SAME_TEXT)
        return strcmp(host_text(run, e->a), host_text(run, e->b)) == 0;
    const double x = host_number(run, e->a);
    if (e->op == HOST_SELECT)
        return host_number(run, x ? e->b : e->c);
    if (e->op == HOST_AND)
        return x ? host_number(run, e->b) != 0 : 0;
    if (e->op == HOST_OR)
        return x ? 1 : host_number(run, e->b) != 0;
    return e->b ? host_binary(e->op, x, host_number(run, e->b)) : host_unary(e->op, x);
}

// ---- statements ---------------------------------------------------------------------------------

// A format comes from our own tables, never from the spec.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void message_add(HostRun *run, const HostText *piece, char *to, size_t room)
{
    if (piece->text)
        snprintf(to, room, "%s", piece->text);
    else if (piece->value->type == HOST_STRING)
        snprintf(to, room, "%s", host_text(run, piece->value));
    else
        snprintf(to, room, piece->format, host_number(run, piece->value));
}
#pragma GCC diagnostic pop

static const char *host_message(HostRun *run, const HostText *piece, char *to, size_t room)
{
    size_t used = 0;
    to[0] = 0;
    for (; piece && used + 1 < room; piece = piece->next) {
        message_add(run, piece, to + used, room - used);
        used += strlen(to + used);
    }
    return to;
}

static void host_save(HostRun *run, const HostStmt *s, const char *name)
{
    const double score = s->a ? host_number(run, s->a) : NAN;
    const double keep = s->b ? host_number(run, s->b) : -1;
    const unsigned manner = (s->c && host_number(run, s->c) ? LT_SAVE_GREATEST : 0)
                          | (s->d && host_number(run, s->d) ? LT_SAVE_LAST : 0)
                          | (s->e && !host_number(run, s->e) ? LT_SAVE_VALUES : 0);
    run->host->call->save(run->host, run->callback, name, score, (int)keep, manner);
}

static void host_fail(HostRun *run, const HostStmt *s, const char *message)
{
    if (host_number(run, s->a))
        return;
    run->failed = true;
    run->host->call->fail(run->host, message);
}

static void host_ask(HostRun *run, const HostStmt *s)
{
    struct lt_host *host = run->host;
    char text[1024];
    const char *message = host_message(run, s->message, text, sizeof text);
    switch (s->what) {
    case DO_STOP: host->call->stop(host, message); break;
    case DO_WARN: host->call->warn(host, message); break;
    case DO_SAVE: host_save(run, s, message); break;
    case DO_LOG: host->call->log(host, message, host_number(run, s->a)); break;
    case DO_RUN_STEP: host->call->run_step(host, s->index); break;
    case DO_FREEZE: host->call->freeze(host, s->index, host_number(run, s->a) != 0); break;
    case DO_CHECK: host_fail(run, s, message); break;
    default: bug("host statement %d", s->what);
    }
}

// True if a value was returned, to *value.
static bool host_run(HostRun *run, const HostStmt *s, double *value)
{
    for (; s && !run->failed; s = s->next)
        switch (s->what) {
        case DO_SET_STATE: run->host->state[s->index] = host_number(run, s->a); break;
        case DO_SET_LOCAL: run->local[s->index] = host_number(run, s->a); break;
        case DO_RETURN: *value = host_number(run, s->a); return true;
        case DO_IF:
            if (host_run(run, host_number(run, s->a) ? s->then : s->otherwise, value))
                return true;
            break;
        default: host_ask(run, s); break;
        }
    return false;
}

double host_call(HostRun *run, const HostFunction *function, double argument)
{
    double *outer = run->local, value = 0;
    run->local = calloc((size_t)function->local_count + 1, sizeof *run->local);
    if (!run->local) {
        fprintf(stderr, "ltc: out of memory while interpreting\n");
        exit(1);
    }
    if (function->parameter >= 0)
        run->local[function->parameter] = argument;
    host_run(run, function->body, &value);
    free(run->local);
    run->local = outer;
    return value;
}
