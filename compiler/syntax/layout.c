// layout.c: which line ends count, and brackets that pair.
//
// A line end separates lines unless it stands inside `(` or `[`, behind a word that cannot end a
// line, or before `|>` and `else`. `{` inside of `(` makes them count again.
//
// Brackets are mended here, with one message each, so that the parser sees every bracket with its
// partner. The message belongs to the bracket that was forgotten, not to the place where that came
// to light; so the layout starts again with what it learned (a Fix), a few times at most:
//   - a `(` over which a `}` or a new declaration closes, ends with its line;
//   - of unclosed `{`, the one whose `}` stands further left than its own line, ends before it;
//   - of one `}` too many, the one that stands further right than the line of its `{`, or at the
//     end of another line, is dropped: its own `{` is missing, and the parser says so.
#include "parse.h"

#include "parser.h"

#include <string.h>

enum { most_fixes = 20 };

typedef enum FixKind { ENDS_WITH_LINE, ENDS_BEFORE, DROPPED } FixKind;

typedef struct Fix {
    FixKind kind;
    int word;                   // the bracket
    int before;                 // ENDS_BEFORE: the word it ends before
} Fix;

typedef struct Open {
    int word, kind, indent;
} Open;

typedef struct Layout {
    Parse *p;
    const Token *words;
    int count;
    Open stack[depth_limit];
    int depth, braces;
    Fix fixes[most_fixes];
    int fix_count;
    int unclosed, unclosed_before;      // words: a `{`, and the `}` that closed it by mistake
    int unopened;                       // a `}` that closed another's `{`
    int skipped;                        // a word that goes with one that was dropped
    bool fresh;                         // the first word of this line was dropped
} Layout;

typedef enum Outcome { GO_ON, AGAIN, STOP } Outcome;

static char closer_of(int opener)
{
    return opener == '(' ? ')' : opener == '[' ? ']' : '}';
}

static int top(const Layout *l)
{
    return l->depth ? l->stack[l->depth - 1].kind : 0;
}

static Span word_span(const Layout *l, int word)
{
    return token_span(l->p, &l->words[word]);
}

// --- what goes to the parser ---

static const Token *last(const Layout *l)
{
    const Tokens *tokens = &l->p->tokens;
    return tokens->count ? &tokens->at[tokens->count - 1] : NULL;
}

static void put(Layout *l, Token token)
{
    token.braces = l->braces;
    token.fresh |= l->fresh;
    l->fresh = false;
    tokens_put(l->p, &l->p->tokens, token);
}

static void put_made(Layout *l, int kind, bool said)
{
    const Token *before = last(l);
    uint32_t at = before ? before->end : 0;
    put(l, (Token){.kind = kind, .begin = at, .end = at, .said = said});
}

static void put_newline(Layout *l)
{
    const Token *before = last(l);
    if (before && before->kind != T_NL && before->kind != '{')
        put_made(l, T_NL, before->said && before->kind != '}');
}

static void pop(Layout *l, Token closer)
{
    l->braces -= l->stack[--l->depth].kind == '{';
    put(l, closer);
    if (l->depth == 0)
        l->unclosed = -1;
}

static void pop_made(Layout *l)
{
    uint32_t at = last(l)->end;
    if (top(l) == '{')
        put_newline(l);
    pop(l, (Token){.kind = closer_of(top(l)), .begin = at, .end = at, .said = true,
                   .mended = true});
}

// --- fixes ---

static const Fix *fix_find(const Layout *l, FixKind kind, int word)
{
    for (int i = 0; i < l->fix_count; i++)
        if (l->fixes[i].kind == kind && l->fixes[i].word == word)
            return &l->fixes[i];
    return NULL;
}

static bool fix_add(Layout *l, FixKind kind, int word, int before)
{
    if (l->fix_count == most_fixes || fix_find(l, kind, word))
        return false;
    l->fixes[l->fix_count++] = (Fix){kind, word, before};
    return true;
}

// A string without an end has taken what followed on its line.
static bool string_took_closer(const Layout *l, int opener)
{
    for (int i = opener + 1; i < l->count && !l->words[i].fresh; i++)
        if (l->words[i].kind == T_STRING && l->words[i].said)
            return true;
    return false;
}

static void say_unclosed(Layout *l, const Open *open, int at)
{
    if (open->kind != '{' && string_took_closer(l, open->word))
        return;
    fault(l->p, E_UNCLOSED, word_span(l, open->word), "this `%c` is not closed", open->kind);
    if (at < l->count && l->words[at].kind == '}')
        note(l->p, word_span(l, at), "here the block around it ends");
    else if (at < l->count)
        note(l->p, word_span(l, at), "here the next declaration begins");
}

// --- brackets ---

static Outcome open_bracket(Layout *l, int i)
{
    if (l->depth == depth_limit) {
        fault(l->p, E_DEPTH, word_span(l, i), "brackets are nested more than %d deep", depth_limit);
        l->p->stopped = true;
        return STOP;
    }
    while (l->words[i].kind == '{' && l->depth
           && fix_find(l, ENDS_WITH_LINE, l->stack[l->depth - 1].word))
        pop_made(l);                                            // `f(x {`
    put(l, l->words[i]);
    l->stack[l->depth++] = (Open){i, l->words[i].kind, l->words[i].indent};
    l->braces += l->words[i].kind == '{';
    return GO_ON;
}

// The place in the stack of what a closer of this kind may close, or -1. `)` does not reach
// over a `{`.
static int partner(const Layout *l, int opener)
{
    for (int i = l->depth - 1; i >= 0; i--) {
        if (l->stack[i].kind == opener)
            return i;
        if (l->stack[i].kind == '{')
            return -1;
    }
    return -1;
}

// The brackets above place `from` were forgotten before word `at`: the outermost ends with its
// line.
static Outcome close_over(Layout *l, int from, int at)
{
    const Open *open = &l->stack[from];
    say_unclosed(l, open, at);
    if (fix_add(l, ENDS_WITH_LINE, open->word, 0))
        return AGAIN;
    while (l->depth > from)
        pop_made(l);
    return GO_ON;
}

// Whether the innermost bracket has its closer on the rest of the line.
static bool closed_later(const Layout *l, int i)
{
    int open = 0;
    for (i++; i < l->count && !l->words[i].fresh; i++) {
        int kind = l->words[i].kind;
        if (kind == closer_of(top(l)) && open == 0)
            return true;
        open += (kind == '(' || kind == '[' || kind == '{')
              - (kind == ')' || kind == ']' || kind == '}');
    }
    return false;
}

static Outcome close_round(Layout *l, int i)
{
    int kind = l->words[i].kind, from = partner(l, kind == ')' ? '(' : '[');
    Token closer = l->words[i];
#ifdef LT_PLANTED_FAULT
    if (from < 0 && l->depth >= 4)                              // for the fuzzer to find
        fault(l->p, E_BRACKET, (Span){l->p->source, closer.begin, UINT32_MAX}, "planted");
#endif
    if (from < 0 && (l->depth == 0 || top(l) == '{' || closed_later(l, i))) {
        fault(l->p, E_BRACKET, word_span(l, i), "this `%c` closes nothing", kind);
        if (l->p->tokens.count)
            l->p->tokens.at[l->p->tokens.count - 1].mended = true;
        return GO_ON;
    }
    if (from < 0) {
        const Open *open = &l->stack[l->depth - 1];
        fault(l->p, E_BRACKET, word_span(l, i), "a `%c` was opened, and is closed by `%c`",
              open->kind, kind);
        note(l->p, word_span(l, open->word), "it was opened here");
        closer.kind = closer_of(open->kind);
        closer.said = closer.mended = true;
        from = l->depth - 1;
    }
    if (l->depth > from + 1)
        say_unclosed(l, &l->stack[l->depth - 1], l->count);
    while (l->depth > from + 1)
        pop_made(l);
    pop(l, closer);
    return GO_ON;
}

// A `}` that stands at another depth than the line of its `{` is where one was forgotten.
static void suspect(Layout *l, int i)
{
    const Open *open = &l->stack[l->depth - 1];
    const Token *closer = &l->words[i];
    if (!closer->fresh) {
        if (closer->line != l->words[open->word].line)
            l->unopened = i;
        return;
    }
    if (closer->indent < open->indent && l->unclosed < 0) {
        l->unclosed = open->word;
        l->unclosed_before = i;
    }
    if (closer->indent > open->indent)
        l->unopened = i;
}

static Outcome close_curly(Layout *l, int i)
{
    if (fix_find(l, DROPPED, i)) {
        put_newline(l);
        return GO_ON;
    }
    const Fix *early = top(l) == '{' ? fix_find(l, ENDS_BEFORE, l->stack[l->depth - 1].word) : NULL;
    if (early && early->before == i)
        pop_made(l);

    int from = l->depth;
    while (from > 0 && l->stack[from - 1].kind != '{')
        from--;
    if (from == 0 && l->depth > 0)
        return close_round(l, i);
    if (from == 0) {
        if (l->unopened >= 0 && fix_add(l, DROPPED, l->unopened, 0))
            return AGAIN;
        put_newline(l);
        put(l, l->words[i]);                                    // the parser says that it is astray
        return GO_ON;
    }
    if (from < l->depth) {
        Outcome outcome = close_over(l, from, i);
        if (outcome != GO_ON)
            return outcome;
    }
    suspect(l, i);
    put_newline(l);
    pop(l, l->words[i]);
    return GO_ON;
}

// --- declarations in the first column ---

static bool is_word(const Layout *l, int i)
{
    int kind = i < l->count ? l->words[i].kind : T_END;
    return kind == T_NAME || (kind >= T_DATA && kind < T_PIPE);
}

// Members in the first column: a function there may be one of them.
static bool unindented_body(const Layout *l)
{
    const Token *first = &l->words[l->stack[0].word + 1];
    return l->unclosed < 0 && first->fresh && first->indent == 0;
}

static bool declaration_begins(const Layout *l, int i)
{
    const Token *word = &l->words[i];
    int next = i + 1 < l->count ? l->words[i + 1].kind : T_END;
    int third = i + 2 < l->count ? l->words[i + 2].kind : T_END;
    if (!word->fresh || word->indent > 0)
        return false;
    switch (word->kind) {
    case T_DATA: case T_MODEL: case T_LAYER: case T_OPTIMIZER: case T_SCHEDULE: case T_METRIC:
    case T_CALLBACK:
        return is_word(l, i + 1) && (third == '(' || third == '{' || third == T_FROM);
    case T_FN:
        return is_word(l, i + 1) && third == '(' && !(top(l) == '{' && unindented_body(l));
    case T_TRAINER:
        return next == '{';
    case T_USE:
        return next == T_STRING;
    }
    return false;
}

// Word `at`, or the end of the file, shows that what is open was never closed.
static Outcome close_all(Layout *l, int at)
{
    while (l->depth > 0) {
        int from = l->depth;
        while (from > 0 && l->stack[from - 1].kind != '{')
            from--;
        if (from < l->depth) {
            Outcome outcome = close_over(l, from, at);
            if (outcome != GO_ON)
                return outcome;
            continue;
        }
        if (l->unclosed >= 0 && fix_add(l, ENDS_BEFORE, l->unclosed, l->unclosed_before)) {
            say_unclosed(l, &(Open){l->unclosed, '{', 0}, at);
            return AGAIN;
        }
        say_unclosed(l, &l->stack[0], at);
        while (l->depth > 0)
            pop_made(l);
    }
    return GO_ON;
}

// --- lines ---

static bool line_goes_on(int kind)
{
    switch (kind) {
    case ',': case '=': case '+': case '-': case '*': case '/': case '%': case '@': case '^':
    case '<': case '>': case '|': case T_FLOOR: case T_PIPE: case T_ARROW: case T_DOTS: case T_EQ:
    case T_NE: case T_LE: case T_GE: case T_AND: case T_OR: case T_NOT: case T_WHEN: case T_ELSE:
    case T_ADD_TO: case T_SUB_FROM: case T_MUL_BY: case T_DIV_BY:
        return true;
    }
    return false;
}

// A line that begins with `-` is a statement; further right than the one above, it was meant to go
// on with that.
static bool meant_to_go_on(const Layout *l, int i)
{
    const Token *before = last(l);
    return before && before->kind != T_NL && before->kind != '{' && before->kind != '}'
        && !line_goes_on(before->kind) && l->words[i].indent > before->indent;
}

static bool ends_here(const Layout *l, int i)
{
    const Open *open = l->depth ? &l->stack[l->depth - 1] : NULL;
    if (open && open->kind == '{')
        return fix_find(l, ENDS_BEFORE, open->word) && l->words[i].indent <= open->indent
            && l->words[i].kind != '}';
    return open && fix_find(l, ENDS_WITH_LINE, open->word);
}

static Outcome line_break(Layout *l, int i)
{
    int kind = l->words[i].kind;
    while (ends_here(l, i))
        pop_made(l);
    if (l->depth && declaration_begins(l, i)) {
        Outcome outcome = close_all(l, i);
        if (outcome != GO_ON)
            return outcome;
    }
    if (l->depth == 0 && declaration_begins(l, i))
        l->unopened = -1;
    if (top(l) == '(' || top(l) == '[' || kind == T_PIPE || kind == T_ELSE)
        return GO_ON;
    if (kind == '-' && meant_to_go_on(l, i)) {
        fault(l->p, E_LINE_START, word_span(l, i), "a line cannot begin with `-` and go on");
        hint(l->p, "end the line above with `-`, or use parentheses");
        return GO_ON;
    }
    if (last(l) && !line_goes_on(last(l)->kind))
        put_newline(l);
    return GO_ON;
}

// `;` is a line end that counts.
static void semicolon(Layout *l, int i)
{
    if (top(l) == '(' || top(l) == '[') {
        Token comma = l->words[i];
        fault(l->p, E_SYNTAX, word_span(l, i), "`;` ends a line and cannot stand inside `%c`",
              top(l));
        comma.kind = ',';
        comma.said = true;
        put(l, comma);
    } else if (last(l) && last(l)->kind != T_NL && last(l)->kind != '{') {
        put(l, l->words[i]);
    }
}

// Python's words that would pass for names: a statement `return x` or `break`, a parameter `self`.
static bool is_foreign(const Layout *l, int i)
{
    static const char *const alone[] = {"return", "break", "continue", "pass"};
    const Token *word = &l->words[i], *before = last(l);
    const char *text = l->p->source->text + word->begin;
    size_t length = word->end - word->begin;
    bool ends = i + 1 == l->count || word[1].fresh || word[1].kind == '}' || word[1].kind == T_NL;
    if (word->kind != T_NAME || !before)
        return false;
    if (length == 4 && memcmp(text, "self", 4) == 0)
        return before->kind == '(' && !ends && (word[1].kind == ',' || word[1].kind == ')');
    if (before->kind != T_NL && before->kind != '{')
        return false;
    for (int w = 0; w < 4; w++)
        if (strlen(alone[w]) == length && memcmp(text, alone[w], length) == 0)
            return ends || (w == 0 && word[1].kind != '=' && word[1].kind != ','
                            && word[1].kind != '.' && word[1].kind != ':');
    return false;
}

static void say_foreign(Layout *l, int i)
{
    char first = l->p->source->text[l->words[i].begin];
    fault(l->p, E_FOREIGN_WORD, word_span(l, i), "there is no `%s` in a spec",
          span_text(l->p->arena, word_span(l, i)));
    if (first == 'r')
        hint(l->p, "the last line of a block is its value");
    else if (first == 's')
        hint(l->p, "a method sees the members of its layer without it");
    else if (first == 'p')
        hint(l->p, "an empty block is `{ }`");
    else
        hint(l->p, "a `for` runs to its end; `scan ... until` stops early");
}

// `log` is the verb at the beginning of a statement with a name or a string behind it; behind a
// dot every word is a name.
static Token in_place(const Layout *l, int i)
{
    Token word = l->words[i];
    const Token *before = last(l);
    if (before && before->kind == '.' && is_word(l, i))
        word.kind = T_NAME;
    if (word.kind != T_LOG)
        return word;
    bool begins = before && (before->kind == T_NL || before->kind == '{');
    bool follows = i + 1 < l->count && !l->words[i + 1].fresh
                && (is_word(l, i + 1) || l->words[i + 1].kind == T_STRING
                    || l->words[i + 1].kind == T_NUMBER);
    if (!begins || !follows)
        word.kind = T_NAME;
    return word;
}

static Outcome lay_out_word(Layout *l, int i)
{
    Outcome outcome = l->words[i].fresh ? line_break(l, i) : GO_ON;
    if (outcome != GO_ON || i == l->skipped)
        return outcome;
    switch (l->words[i].kind) {
    case '(': case '[': case '{':
        return open_bracket(l, i);
    case ')': case ']':
        return close_round(l, i);
    case '}':
        return close_curly(l, i);
    case T_NL:
        semicolon(l, i);
        return GO_ON;
    }
    if (is_foreign(l, i)) {
        say_foreign(l, i);                                      // and read the line without it
        l->fresh = l->words[i].fresh;
        if (i + 1 < l->count && l->words[i + 1].kind == ',')
            l->skipped = i + 1;
        return GO_ON;
    }
    put(l, in_place(l, i));
    return GO_ON;
}

static Outcome lay_out(Layout *l)
{
    l->p->tokens.count = l->depth = l->braces = 0;
    l->unclosed = l->unopened = l->skipped = -1;
    l->fresh = false;
    Outcome outcome = GO_ON;
    for (int i = 0; i < l->count && outcome == GO_ON; i++)
        outcome = lay_out_word(l, i);
    while (outcome == GO_ON && l->depth && top(l) != '{'
           && fix_find(l, ENDS_WITH_LINE, l->stack[l->depth - 1].word))
        pop_made(l);
    if (outcome == GO_ON)
        outcome = close_all(l, l->count);
    return l->p->stopped ? STOP : outcome;
}

bool tokens_lay_out(Parse *p, Tokens *words)
{
    Layout *l = arena_alloc(p->arena, sizeof *l);
    Outcome outcome;
    l->p = p;
    l->words = words->at;
    l->count = words->count;
    while ((outcome = lay_out(l)) == AGAIN)
        ;
    put_newline(l);
    put_made(l, T_END, false);
    p->dropped = (Span){0};
    for (int i = 0; i < l->fix_count; i++)
        if (l->fixes[i].kind == DROPPED)
            p->dropped = word_span(l, l->fixes[i].word);
    return outcome == GO_ON;
}
