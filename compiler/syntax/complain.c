// complain.c: where the parser cannot go on: what is said, and where it goes on.
#include "slip.h"

#include "parser.h"

// --- the words around ---

bool slip_wants(const Slip *s, int kind)
{
    for (int i = 0; i < s->expected.count; i++)
        if (s->expected.kinds[i] == kind)
            return true;
    return false;
}

bool slip_begins_line(const Slip *s)
{
    return s->found == s->start;
}

bool slip_is_operand_end(int kind)
{
    return kind == T_NAME || kind == T_NUMBER || kind == T_STRING || kind == T_HOLE
        || kind == T_TRUE || kind == T_FALSE || kind == T_NONE || kind == ')' || kind == ']';
}

bool slip_is_operand_begin(int kind)
{
    return kind == T_NAME || kind == T_NUMBER || kind == T_STRING || kind == T_HOLE
        || kind == T_TRUE || kind == T_FALSE || kind == T_NONE || kind == '(' || kind == '[';
}

static bool is_comparison(int kind)
{
    return kind == T_EQ || kind == T_NE || kind == '<' || kind == '>' || kind == T_LE
        || kind == T_GE;
}

bool slip_is_operator(int kind)
{
    switch (kind) {
    case '+': case '-': case '*': case '/': case '%': case '@': case '^': case T_FLOOR: case T_DOTS:
    case T_AND: case T_OR: case T_PIPE:
        return true;
    }
    return is_comparison(kind);
}

const char *slip_found(const Slip *s)
{
    int kind = s->found->kind;
    uint32_t length = s->found->end - s->found->begin;
    if (kind == T_NAME || kind == T_NUMBER)
        return length > 40 ? token_spoken(kind)
                           : arena_format(s->p->arena, "`%s`", span_text(s->p->arena, s->at));
    if (kind == T_NL && length)
        return "`;`";
    return kind < 256 && kind > 0 ? arena_format(s->p->arena, "`%c`", kind) : token_spoken(kind);
}

// Notes an operator that stands between the last separator and the place.
static void see(Slip *s, int kind, bool *separated, bool *joined)
{
    s->equals |= kind == '=' && !s->opener;
    if (*separated)
        return;
    s->pipe |= kind == T_PIPE;
    s->range |= kind == T_DOTS;
    s->when |= kind == T_WHEN;
    s->comparison |= is_comparison(kind) && !*joined;
    *joined |= kind == T_AND || kind == T_OR;
    *separated = kind == ',' || kind == '=' || kind == T_WHEN || kind == T_ELSE;
}

// Walks back to the first word of the line, over brackets that are closed.
static void look_back(Slip *s)
{
    int closed = 0;
    bool separated = false, joined = false;
    const Token *first = s->p->tokens.at + s->p->resumed;
    for (s->start = s->found; s->start > first; s->start--) {
        const Token *token = s->start - 1;
        int kind = token->kind;
        if (closed == 0 && (kind == T_NL || kind == '{'))
            return;
        if (kind == ')' || kind == ']' || kind == '}') {
            closed++;
        } else if (kind == '(' || kind == '[' || kind == '{') {
            if (closed == 0 && !s->opener)
                s->opener = token;
            separated |= closed == 0;
            closed -= closed > 0;
        } else if (closed == 0) {
            see(s, kind, &separated, &joined);
        }
    }
}

static Slip slip_at(Parse *p, Span at, Expected expected)
{
    static const Token before_file = {.kind = T_NL};
    const Token *found = &p->tokens.at[p->found];
    Slip s = {.p = p, .expected = expected, .found = found, .at = at};
    s.before = p->found > 0 ? found - 1 : &before_file;
    s.after = found->kind == T_END ? found : found + 1;
    look_back(&s);
    return s;
}

// --- the general message ---

// Whatever begins a value, continues one, or names something stands for its whole class.
static bool in_class(const Slip *s, int kind)
{
    bool operand = slip_is_operand_begin(kind) || kind == '-' || kind == T_NOT || kind == T_IF
                || kind == T_FOR || kind == T_SCAN || kind == T_FN;
    bool soft = kind == T_DATA || kind == T_MODEL || kind == T_LAYER || kind == T_SCHEDULE
             || kind == T_METRIC || kind == T_TRAINER || kind == T_STATE || kind == T_GROUP
             || kind == T_FROM || kind == T_IN;
    if (slip_wants(s, T_NUMBER) && (operand || soft))
        return true;
    if (slip_wants(s, T_NAME) && soft)
        return true;
    if (slip_wants(s, '+')
        && (slip_is_operator(kind) || kind == '(' || kind == '[' || kind == '.' || kind == T_WHEN))
        return true;
    return slip_wants(s, T_ADD_TO)
        && (kind == T_ADD_TO || kind == T_SUB_FROM || kind == T_MUL_BY || kind == T_DIV_BY);
}

enum { most_choices = 3 };

static int choices(const Slip *s, const char *choice[most_choices])
{
    int count = 0;
    if (slip_wants(s, T_NUMBER))
        choice[count++] = "an expression";
    for (int i = 0; i < s->expected.count; i++) {
        int kind = s->expected.kinds[i];
        if (in_class(s, kind) || kind == T_END)
            continue;
        if (count < most_choices)
            choice[count] = kind < 256 ? arena_format(s->p->arena, "`%c`", kind)
                                       : token_spoken(kind);
        count++;
    }
    return count;
}

// "inside of the `(` that was opened in line 12", if that is not in the same line.
static void note_opener(const Slip *s)
{
    const Token *opener = s->opener;
    if (!opener)
        return;
    Span span = token_span(s->p, opener);
    if (span_place(span).line != span_place(s->at).line)
        note(s->p, span, "inside of this `%c`", opener->kind);
}

static void say_expected(const Slip *s)
{
    const char *choice[most_choices];
    int count = choices(s, choice);
    const char *found = slip_found(s);
    if (count == 0 || count > most_choices)
        fault(s->p, E_SYNTAX, s->at, "%s cannot stand here", found);
    else if (count == 1)
        fault(s->p, E_SYNTAX, s->at, "expected %s, found %s", choice[0], found);
    else if (count == 2)
        fault(s->p, E_SYNTAX, s->at, "expected %s or %s, found %s", choice[0], choice[1], found);
    else
        fault(s->p, E_SYNTAX, s->at, "expected %s, %s or %s, found %s", choice[0], choice[1],
              choice[2], found);
    note_opener(s);
}

// --- going on ---

// The parser goes on behind a line end of the same block. Lines that stand further right belong to
// what could not be read, and so does a `}` that closes nothing.
static bool goes_on_behind(const Token *end, const Token *start)
{
    const Token *next = end + 1;
    if (end->kind != T_NL || end->braces != start->braces)
        return false;
    if (next->kind == '}')
        return start->braces > 0;
    return next->kind == T_END || !next->fresh || next->indent <= start->indent;
}

static void skip_line(const Slip *s)
{
    if (s->resume) {
        s->p->at = s->p->resumed = (int)(s->resume - s->p->tokens.at);
        s->p->line_ends = true;
        return;
    }
    const Token *end = s->found;
    while (end->kind != T_END && !goes_on_behind(end, s->start))
        end++;
    int index = (int)(end - s->p->tokens.at);
    // A line end that was found is in the parser's hand already and serves for the one skipped to.
    s->p->at = s->found->kind == T_NL && end->kind == T_NL ? index + 1 : index;
}

// Where a bracket was missing or one too many, whatever else is odd comes from that.
static bool is_mended(const Slip *s)
{
    const Token *token = s->start;
    for (; token->kind != T_END; token++) {
        if (token->mended)
            return true;
        if (token->kind == T_NL && token->braces <= s->start->braces)
            return false;
    }
    return false;
}

void syntax_error(Parse *p, Span at, Expected expected)
{
    Slip s = slip_at(p, at, expected);
    bool astray = s.found->kind == '}' && s.found->braces == 0;
    bool known = s.found->said || s.before->said || is_mended(&s)
              || (astray && p->missing_braces > 0);
    if (astray && p->missing_braces > 0)
        p->missing_braces--;
    else if (slip_wants(&s, '{') && ++p->missing_braces)
        p->brace_missed = true;
    if (!known && !slip_report(&s))
        say_expected(&s);
    if (s.found->kind != T_END)
        skip_line(&s);
}
