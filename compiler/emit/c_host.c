// c_host: numbers between steps as C, in double.
#include "file.h"

#include <string.h>

typedef struct Form {                   // how a function of host numbers is spelled
    const char *text;                   // $0 $1 operands
    bool whole;                         // needs no parentheses inside another
} Form;

static const Form forms[] = {
    [HOST_ADD] = {"$0 + $1", false}, [HOST_SUB] = {"$0 - $1", false},
    [HOST_MUL] = {"$0 * $1", false}, [HOST_DIV] = {"$0 / $1", false},
    [HOST_FLOORDIV] = {"lt_floordiv_f64($0, $1)", true}, [HOST_MOD] = {"lt_mod_f64($0, $1)", true},
    [HOST_POW] = {"lt_pow_f64($0, $1)", true}, [HOST_NEG] = {"-$0", false},
    [HOST_ABS] = {"lt_abs_f64($0)", true}, [HOST_FLOOR] = {"lt_floor_f64($0)", true},
    [HOST_CEIL] = {"lt_ceil_f64($0)", true}, [HOST_ROUND] = {"lt_round_f64($0)", true},
    [HOST_SQRT] = {"lt_sqrt_f64($0)", true}, [HOST_EXP] = {"lt_exp_f64($0)", true},
    [HOST_LOG] = {"lt_log_f64($0)", true}, [HOST_SIN] = {"lt_sin_f64($0)", true},
    [HOST_COS] = {"lt_cos_f64($0)", true}, [HOST_TANH] = {"lt_tanh_f64($0)", true},
    [HOST_MIN] = {"lt_min_f64($0, $1)", true}, [HOST_MAX] = {"lt_max_f64($0, $1)", true},
    [HOST_SIGN] = {"lt_sign_f64($0)", true}, [HOST_IS_FINITE] = {"isfinite($0)", true},
    [HOST_IS_NAN] = {"isnan($0)", true}, [HOST_EQ] = {"$0 == $1", false},
    [HOST_NE] = {"$0 != $1", false}, [HOST_LT] = {"$0 < $1", false},
    [HOST_LE] = {"$0 <= $1", false}, [HOST_AND] = {"$0 && $1", false},
    [HOST_OR] = {"$0 || $1", false}, [HOST_NOT] = {"!$0", false},
    [HOST_SELECT] = {"$0 ? $1 : $2", false}, [HOST_SAME_TEXT] = {"", false},
};

static bool is_leaf(HostOp op)
{
    return op <= HOST_RATE;
}

static const char *leaf(const HostScope *s, const HostExpr *e)
{
    const File *file = s->file;
    Arena *arena = file->arena;
    const char *host = s->call ? "call->host" : "host";
    switch (e->op) {
    case HOST_NUMBER: return c_number(arena, DT_F64, e->number);
    case HOST_SETTING:
        return arena_format(arena, "%s->setting[%s]", s->call ? "call" : "host",
                            file->setting[e->index]);
    case HOST_STATE:
        return arena_format(arena, "%s->state[%s]", s->call ? "call" : "host",
                            file->state[e->index]);
    case HOST_METRIC:
        return arena_format(arena, "%s->metric[%s]", host, file->log[e->index]);
    case HOST_RUN: return arena_format(arena, "%s->%s", host, e->text);
    case HOST_LOCAL:
        return c_identifier(arena, s->function->local_name[e->index]);
    case HOST_RATE:
        file->rate_called[e->index] = true;
        return arena_format(arena, "%s(%s, %s)", file->rate[e->index], host,
                            host_c(s, e->a));
    case HOST_ROWS: {
        const char *text = c_number(arena, DT_F64, e->number);
        for (int i = 0; i < e->index; i++)
            text = arena_format(arena, "%s * (double)call->rows", text);
        return e->index ? arena_format(arena, "(%s)", text) : text;
    }
    default: bug("host expression %d is no leaf", e->op);
    }
}

static const char *operand(const HostScope *s, const HostExpr *e)
{
    const char *text = host_c(s, e);
    const bool whole = is_leaf(e->op) ? text[0] != '-' : forms[e->op].whole;
    return whole ? text : arena_format(s->file->arena, "(%s)", text);
}

const char *host_text_c(const HostScope *s, const HostExpr *e)
{
    const File *file = s->file;
    if (e->op == HOST_TEXT)
        return quoted(file->arena, e->text);
    if (e->op == HOST_SELECT)
        return arena_format(file->arena, "(%s ? %s : %s)", operand(s, e->a), host_text_c(s, e->b),
                            host_text_c(s, e->c));
    if (e->op != HOST_SETTING)
        bug("host expression %d is no text", e->op);
    const Setting *setting = &file->program->setting[e->index];
    if (setting->type != SETTING_WORD || !setting->choices)
        return arena_format(file->arena, "host->call->text(host, %s)", file->setting[e->index]);
    Text words = text_new(file->arena);
    const char *at = setting->choices;
    for (size_t length; *at; at += length + (at[length] == '|')) {
        for (length = 0; at[length] && at[length] != '|';)
            length++;
        text_add(&words, "%s%s", words.length ? ", " : "",
                 quoted(file->arena, arena_string(file->arena, at, length)));
    }
    return arena_format(file->arena, "(const char *const[]){%s}[(int)%s]", words.data, leaf(s, e));
}

static const char *same_text(const HostScope *s, const HostExpr *e)
{
    const File *file = s->file;
    if (e->a->op == HOST_TEXT && e->b->op == HOST_TEXT)
        return arena_format(file->arena, "%d", strcmp(e->a->text, e->b->text) == 0);
    return arena_format(file->arena, "(strcmp(%s, %s) == 0)", host_text_c(s, e->a),
                        host_text_c(s, e->b));
}

const char *host_c(const HostScope *s, const HostExpr *e)
{
    if (is_leaf(e->op))
        return leaf(s, e);
    if (e->op == HOST_SAME_TEXT)
        return same_text(s, e);
    Text text = text_new(s->file->arena);
    const HostExpr *const part[3] = {e->a, e->b, e->c};
    for (const char *at = forms[e->op].text; *at; at++) {
        if (*at != '$') {
            text_bytes(&text, at, 1);
            continue;
        }
        const HostExpr *o = part[*++at - '0'];
        text_add(&text, "%s", forms[e->op].whole ? host_c(s, o) : operand(s, o));
    }
    return text.data;
}
