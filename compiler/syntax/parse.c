// parse.c: one file from text to tree, and the way messages take.
#include "parse.h"

#include "parser.h"

Span token_span(const Parse *p, const Token *token)
{
    return (Span){p->source, token->begin, token->end};
}

void fault(Parse *p, Code code, Span at, const char *format, ...)
{
    p->mute = p->stopped;
    if (p->mute)
        return;
    va_list list;
    va_start(list, format);
    diag_error(p->diag, code, at, "%s", arena_vformat(p->arena, format, list));
    va_end(list);
    if (++p->faults == fault_limit) {
        diag_hint(p->diag, "%d mistakes in this file; the rest of it was not read", fault_limit);
        p->stopped = true;
    }
}

void hint(Parse *p, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!p->mute)
        diag_hint(p->diag, "%s", arena_vformat(p->arena, format, list));
    va_end(list);
}

void note(Parse *p, Span at, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!p->mute)
        diag_note(p->diag, at, "%s", arena_vformat(p->arena, format, list));
    va_end(list);
}

Ast *parse(Arena *arena, AtomTable *atoms, Diag *diag, const Source *source)
{
    Parse *p = arena_alloc(arena, sizeof *p);
    *p = (Parse){.arena = arena, .atoms = atoms, .diag = diag, .source = source};
    Tokens words = {0};
    if (tokens_scan(p, &words) && tokens_lay_out(p, &words)) {
        spec_parse(p);
        if (p->dropped.source && !p->brace_missed)
            fault(p, E_BRACKET, p->dropped, "this `}` closes nothing");
    }
    Span whole = {source, 0, (uint32_t)source->length};
    return p->file && !p->stopped ? p->file : leaf(p, AST_FILE, whole);
}
