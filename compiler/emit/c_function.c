// c_function: schedules and callbacks as C functions that the trainer calls.
#include "file.h"

#include "lt/program.h"

#include <string.h>

typedef struct HostBody {
    File *file;
    HostScope scope;
    Text *out;
    int depth;
    int callback;
    bool value;                 // it has one: the rate of a schedule
} HostBody;

static void line(HostBody *b, const char *format, ...) LTC_PRINTF(2, 3);

static void line(HostBody *b, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_add(b->out, "%*s", 4 * b->depth, "");
    text_vadd(b->out, format, list);
    text_add(b->out, "\n");
    va_end(list);
}

static const char *number(HostBody *b, const HostExpr *e)
{
    return e ? host_c(&b->scope, e) : "0";
}

// ---- messages -----------------------------------------------------------------------------------

static bool is_plain(const HostText *text)
{
    for (; text; text = text->next)
        if (!text->text)
            return false;
    return true;
}

// The message as an expression; one with values is printed into `text` first.
static const char *message(HostBody *b, const HostText *text)
{
    Text format = text_new(b->file->arena), values = text_new(b->file->arena);
    const bool plain = is_plain(text);
    for (; text; text = text->next) {
        if (!text->text) {
            const bool words = strchr(text->format, 's') != NULL;
            text_add(&format, "%s", text->format);
            text_add(&values, ", %s", words ? host_text_c(&b->scope, text->value)
                                            : host_c(&b->scope, text->value));
            continue;
        }
        for (const char *at = text->text; *at; at++)
            text_add(&format, *at == '%' && !plain ? "%%%%" : "%c", *at);
    }
    if (plain)
        return quoted(b->file->arena, format.data);
    b->file->prints = true;
    // Room for the words and, beyond them, for the values.
    line(b, "char text[%zu];", (format.length / 128 + 2) * 128);
    line(b, "snprintf(text, sizeof text, %s%s);", quoted(b->file->arena, format.data), values.data);
    return "text";
}

// ---- statements ---------------------------------------------------------------------------------

static void statements(HostBody *b, const HostStmt *s);

static const char *manner(HostBody *b, const HostExpr *condition, const char *holds,
                          const char *otherwise)
{
    if (!condition || condition->op == HOST_NUMBER)
        return condition && condition->number != 0 ? holds : otherwise;
    return arena_format(b->file->arena, "((%s) != 0 ? %s : %s)", number(b, condition), holds,
                        otherwise);
}

static void save(HostBody *b, const HostStmt *s)
{
    line(b, "{");
    b->depth++;
    const char *name = message(b, s->message);
    line(b, "host->call->save(host, %d, %s, %s, (int)%s,", b->callback, name,
         s->a ? number(b, s->a) : "(double)NAN",
         s->b ? arena_format(b->file->arena, "(%s)", number(b, s->b)) : "-1");
    line(b, "                 %s | %s | %s);", manner(b, s->c, "LT_SAVE_GREATEST", "0"),
         manner(b, s->d, "LT_SAVE_LAST", "0"), manner(b, s->e, "0", "LT_SAVE_VALUES"));
    b->depth--;
    line(b, "}");
}

static void say(HostBody *b, const HostStmt *s, const char *function)
{
    const bool plain = is_plain(s->message);
    if (!plain) {
        line(b, "{");
        b->depth++;
    }
    line(b, "host->call->%s(host, %s);", function, message(b, s->message));
    if (!plain) {
        b->depth--;
        line(b, "}");
    }
}

static void condition(HostBody *b, const HostStmt *s)
{
    line(b, "if (%s) {", number(b, s->a));
    b->depth++;
    statements(b, s->then);
    b->depth--;
    if (s->otherwise) {
        line(b, "} else {");
        b->depth++;
        statements(b, s->otherwise);
        b->depth--;
    }
    line(b, "}");
}

static void statement(HostBody *b, const HostStmt *s)
{
    switch (s->what) {
    case DO_SET_STATE:
        line(b, "host->state[%s] = %s;", b->file->state[s->index], number(b, s->a));
        return;
    case DO_SET_LOCAL:
        line(b, "%s = %s;", c_identifier(b->file->arena, b->scope.function->local_name[s->index]),
             number(b, s->a));
        return;
    case DO_IF: condition(b, s); return;
    case DO_STOP: say(b, s, "stop"); return;
    case DO_WARN: say(b, s, "warn"); return;
    case DO_SAVE: save(b, s); return;
    case DO_LOG:
        line(b, "{");
        b->depth++;
        line(b, "host->call->log(host, %s, %s);", message(b, s->message), number(b, s->a));
        b->depth--;
        line(b, "}");
        return;
    case DO_RUN_STEP: line(b, "host->call->run_step(host, %d);", s->index); return;
    case DO_FREEZE:
        line(b, "host->call->freeze(host, %d, (%s) != 0);", s->index, number(b, s->a));
        return;
    case DO_RETURN: line(b, "return %s;", number(b, s->a)); return;
    case DO_CHECK:
        line(b, "if (!(%s)) {", number(b, s->a));
        b->depth++;
        say(b, s, "fail");
        line(b, b->value ? "return (double)NAN;" : "return;");
        b->depth--;
        line(b, "}");
        return;
    }
}

static void statements(HostBody *b, const HostStmt *s)
{
    for (; s; s = s->next)
        statement(b, s);
}

// ---- functions ----------------------------------------------------------------------------------

static bool reads_local(const HostStmt *s, int local);

static bool expr_reads(const HostExpr *e, int local)
{
    return e && ((e->op == HOST_LOCAL && e->index == local) || expr_reads(e->a, local) ||
                 expr_reads(e->b, local) || expr_reads(e->c, local));
}

static bool reads_local(const HostStmt *s, int local)
{
    for (; s; s = s->next) {
        for (const HostText *t = s->message; t; t = t->next)
            if (expr_reads(t->value, local))
                return true;
        if (expr_reads(s->a, local) || expr_reads(s->b, local) || expr_reads(s->c, local) ||
            expr_reads(s->d, local) || reads_local(s->then, local) ||
            reads_local(s->otherwise, local))
            return true;
    }
    return false;
}

static bool sets_local(const HostStmt *s, int local)
{
    for (; s; s = s->next)
        if ((s->what == DO_SET_LOCAL && s->index == local) || sets_local(s->then, local) ||
            sets_local(s->otherwise, local))
            return true;
    return false;
}

static bool always_returns(const HostStmt *s)
{
    for (; s; s = s->next)
        if (s->what == DO_RETURN ||
            (s->what == DO_IF && always_returns(s->then) && always_returns(s->otherwise)))
            return true;
    return false;
}

static void function(File *file, const HostFunction *f, const char *name, int callback, bool value)
{
    HostBody b = {file, {file, false, f}, file->out, 1, callback, value};
    const char *argument = f->parameter >= 0
                               ? arena_format(file->arena, ", double %s",
                                              c_identifier(file->arena,
                                                           f->local_name[f->parameter]))
                               : "";
    text_add(file->out, "static %s %s(struct lt_host *host%s)\n{\n", value ? "double" : "void",
             name,
             argument);
    line(&b, "(void)host;");
    for (int i = 0; i < f->local_count; i++) {
        const char *local = c_identifier(file->arena, f->local_name[i]);
        const bool read = reads_local(f->body, i);
        if (i == f->parameter) {
            if (!read)
                line(&b, "(void)%s;", local);
        } else if (read || sets_local(f->body, i)) {
            line(&b, "double %s = 0;", local);
            if (!read)
                line(&b, "(void)%s;", local);
        }
    }
    statements(&b, f->body);
    if (value && !always_returns(f->body))
        line(&b, "return 0;");
    text_add(file->out, "}\n\n");
}

static const char *const event_name[] = {
#define LT_EVENT(id, name) "LT_" #id,
#include "lt/events.def"
#undef LT_EVENT
};

enum { event_count = sizeof event_name / sizeof *event_name };

static void hooks(File *file)
{
    const Program *program = file->program;
    const char *name[32];
    Text cases = text_new(file->arena);
    bool any = false;
    for (int i = 0; i < program->callback_count; i++) {
        const Callback *callback = &program->callback[i];
        text_add(&cases, "    case %d:\n        switch (event) {\n", i);
        for (int e = 0; e < event_count; e++) {
            if (!callback->hook[e])
                continue;
            any = true;
            name[e] = file_name(file, callback->hook[e]->name);
            function(file, callback->hook[e], name[e], i, false);
            text_add(&cases, "        case %s: %s(host); return;\n", event_name[e], name[e]);
        }
        text_add(&cases, "        default: return;\n        }\n");
    }
    file->has_hooks = any;
    if (any)
        text_add(file->out,
                 "static void hook(struct lt_host *host, int callback, enum lt_event event)\n{\n"
                 "    switch (callback) {\n%s    default: return;\n    }\n}\n\n", cases.data);
}

static void starts(File *file)
{
    const Program *program = file->program;
    for (int i = 0; i < program->state_count; i++)
        file->has_starts = file->has_starts || program->state[i].start;
    if (!file->has_starts)
        return;
    const HostScope scope = {file, false, NULL};
    text_add(file->out, "static void init_host(struct lt_host *host)\n{\n");
    for (int i = 0; i < program->state_count; i++)
        if (program->state[i].start)
            text_add(file->out, "    host->state[%s] = %s;\n", file->state[i],
                     host_c(&scope, program->state[i].start));
    text_add(file->out, "}\n\n");
}

// The function of a rate before `behind`, if it is called: by a step, a hook, or a rate behind it.
static Text with_rate(File *file, int index, Text behind)
{
    const Schedule *schedule = &file->program->schedule[index];
    if (!schedule->at || !file->rate_called[index])
        return behind;
    Text text = text_new(file->arena);
    file->out = &text;
    function(file, schedule->at, file->rate[index], schedule->callback, true);
    text_bytes(&text, behind.data, behind.length);
    return text;
}

void emit_host(File *file)
{
    const Program *program = file->program;
    if (!program->schedule_count && !program->callback_count && !program->state_count)
        return;
    file_name(file, "hook");
    file_name(file, "init_host");
    Text *const out = file->out;
    Text rates = text_new(file->arena), rest = text_new(file->arena);
    file->out = &rest;
    hooks(file);
    starts(file);
    for (int i = program->schedule_count - 1; i >= 0; i--)
        rates = with_rate(file, i, rates);
    file->out = out;
    if (!rates.length && !rest.length)
        return;
    file_rule(out, "schedules and callbacks", "");
    text_add(out, "\n");
    text_bytes(out, rates.data, rates.length);
    text_bytes(out, rest.data, rest.length);
}
