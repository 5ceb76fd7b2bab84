// slips.c: mistakes that are likely, told apart by the words around the place.
//
// Each function knows one slip, reports it if it is one, and says so. The first that does wins, so
// the special ones stand first in the table at the end.
#include "slip.h"

#include "parser.h"

#include <string.h>

static bool is_word(const Slip *s, const Token *token, const char *word)
{
    size_t length = strlen(word);
    return token->end - token->begin == length
        && memcmp(s->p->source->text + token->begin, word, length) == 0;
}

static const char *text_of(const Slip *s, const Token *token)
{
    return span_text(s->p->arena, token_span(s->p, token));
}

static bool touches(const Token *left, const Token *right)
{
    return left->end == right->begin;
}

static bool is_reserved(int kind)
{
    return kind == T_FN || kind == T_OPTIMIZER || kind == T_CALLBACK
        || (kind >= T_USE && kind < T_PIPE && kind != T_FROM && kind != T_STATE && kind != T_GROUP
            && kind != T_IN)
        || kind == T_AND || kind == T_OR || kind == T_NOT || kind == T_TRUE || kind == T_FALSE
        || kind == T_NONE;
}

static bool is_name(int kind)
{
    return kind == T_NAME || (kind >= T_DATA && kind < T_PIPE && !is_reserved(kind));
}

// --- other languages ---

static const struct {
    const char *word, *advice;
} foreign_words[] = {
    {"def", "a function is written `fn name(x) { ... }`, a method `name(x) { ... }`"},
    {"class", "write `layer Name(...) { ... }` or `model Name(...) { ... }`"},
    {"lambda", "a function without a name is written `fn(x) = ...`"},
    {"elif", "write `else if`"},
    {"elseif", "write `else if`"},
    {"import", "another spec is read with `use \"file.lt\"`"},
    {"while", "there is `for` over a list or a range, and `scan ... until`"},
    {"with", "there is nothing to open and close in a spec"},
    {"try", "a spec has no exceptions; `assert` fails, `stop(\"...\")` ends a run"},
    {"raise", "a spec has no exceptions; `assert` fails, `stop(\"...\")` ends a run"},
    {"del", "names end with their function"},
    {"global", "values are passed as parameters; `buffer` and `state` outlive a call"},
    {"let", "a name is bound with `x = ...` alone"},
    {"var", "a name is bound with `x = ...` alone"},
    {"val", "a name is bound with `x = ...` alone"},
    {"func", "a function is written `fn name(x) { ... }`"},
    {"function", "a function is written `fn name(x) { ... }`"},
    {"struct", "several values with names are a record: `(x = a, y = b)`"},
    {"switch", "choices are written `if ... { } else if ... { }`"},
    {"match", "choices are written `if ... { } else if ... { }`"},
    {"return", "the last line of a block is its value"},
    {"print", "values are logged with `log name = value`"},
    {"is", "presence is tested with `x != none`"},
};

static bool foreign_word(Slip *s)
{
    const Token *candidates[] = {s->before, s->found};
    for (int c = 0; c < 2; c++) {
        const Token *token = candidates[c];
        if (token->kind != T_NAME)
            continue;
        for (size_t i = 0; i < sizeof foreign_words / sizeof *foreign_words; i++)
            if (is_word(s, token, foreign_words[i].word)) {
                fault(s->p, E_FOREIGN_WORD, token_span(s->p, token), "there is no `%s` in a spec",
                      foreign_words[i].word);
                hint(s->p, "%s", foreign_words[i].advice);
                return true;
            }
    }
    return false;
}

// `from torch import nn`
static bool foreign_import(Slip *s)
{
    if (s->start->kind != T_FROM || s->start == s->found)
        return false;
    fault(s->p, E_FOREIGN_WORD, token_span(s->p, s->start), "nothing is imported with `from`");
    hint(s->p, "another spec is read with `use \"file.lt\"`; the library is always there");
    return true;
}

// `optimizer.step()`, `optimizer.zero_grad()`
static bool optimizer_call(Slip *s)
{
    if (s->found->kind != T_OPTIMIZER || s->after->kind != '.')
        return false;
    fault(s->p, E_FOREIGN_WORD, s->at, "a step has no `optimizer` to call");
    hint(s->p, "`minimize loss` takes the gradient and updates what the optimiser owns");
    return true;
}

static bool membership(Slip *s)
{
    bool inverted = s->found->kind == T_NOT && s->after->kind == T_IN;
    if (!(s->found->kind == T_IN || inverted) || !slip_is_operand_end(s->before->kind)
        || s->start->kind == T_FOR || s->start->kind == T_SCAN)
        return false;
    fault(s->p, E_FOREIGN_WORD, s->at, "there is no operator `%s`", inverted ? "not in" : "in");
    hint(s->p, "write `%scontains(items, x)`", inverted ? "not " : "");
    return true;
}

static bool conditional(Slip *s)
{
    if (s->found->kind == T_IF && slip_is_operand_end(s->before->kind)) {
        fault(s->p, E_CONDITIONAL, s->at, "`if` cannot follow a value");
        hint(s->p, "a choice between values is written `a when condition else b`");
    } else if (s->found->kind == '?' && slip_is_operand_end(s->before->kind)) {
        fault(s->p, E_CONDITIONAL, s->at, "there is no `? :`");
        hint(s->p, "a choice between values is written `a when condition else b`");
    } else if (s->found->kind == T_ELSE) {
        fault(s->p, E_CONDITIONAL, s->at, "this `else` belongs to no `if` and no `when`");
    } else if (s->found->kind == T_WHEN && s->when) {
        fault(s->p, E_CONDITIONAL, s->at, "two `when` in a row");
        hint(s->p, "put the first choice in parentheses, or write `else` before the second");
    } else {
        return false;
    }
    return true;
}

static bool string_prefix(Slip *s)
{
    if (s->found->kind != T_STRING || s->before->kind != T_NAME || !touches(s->before, s->found))
        return false;
    fault(s->p, E_QUOTES, token_span(s->p, s->before), "a string has no letters before its quote");
    hint(s->p, "every string may hold {values}");
    return true;
}

static bool foreign_sign(Slip *s)
{
    const char *advice = NULL;
    int kind = s->found->kind;
    if (kind == T_FLOOR && slip_begins_line(s))
        advice = "comments begin with `#`";
    else if (kind == '@' && slip_begins_line(s))
        advice = "there are no decorators";
    else if (kind == '|')
        advice = "the operator is `or`; `|` stands between the words of a type only";
    else if (kind == T_ARROW && slip_is_operand_end(s->before->kind))
        advice = "a function is written `fn(x) = ...`; `->` stands before a result's type, and "
                 "between the items of a list of pairs";
    if (!advice)
        return false;
    fault(s->p, E_FOREIGN_SIGN, s->at, "%s cannot stand here", slip_found(s));
    hint(s->p, "%s", advice);
    return true;
}

// --- `:`, `=` and `==` ---

static bool colon(Slip *s)
{
    if (s->found->kind != ':')
        return false;
    bool opens = slip_wants(s, '{') && !(slip_wants(s, '=') && s->before == s->start);
    if (opens || s->after->kind == T_NL) {
        fault(s->p, E_BRACE, s->at, "`:` opens no block");
        hint(s->p, "blocks stand in braces: `{` here, and `}` behind the last line");
    } else if (s->opener || slip_wants(s, '=')) {
        fault(s->p, E_COLON, s->at, "expected `=`, found `:`");
        if (s->before->kind == T_NAME)
            hint(s->p, "a value is given with `=`: `%s = ...`", text_of(s, s->before));
    } else {
        return false;
    }
    return true;
}

static bool equals(Slip *s)
{
    int first = s->start->kind;
    if (s->found->kind == T_EQ && slip_wants(s, '=')) {
        fault(s->p, E_EQUALS, s->at, "`==` compares; a value is given with a single `=`");
        return true;
    }
    if (s->found->kind != '=')
        return false;
    bool in_condition = slip_wants(s, '{') && slip_wants(s, '+');
    if (slip_begins_line(s))
        fault(s->p, E_EQUALS, s->at, "the name before this `=` is missing");
    else if (first == T_IF || first == T_ASSERT || s->when || s->comparison || in_condition)
        fault(s->p, E_EQUALS, s->at, "`=` binds a name; two values are compared with `==`");
    else if (s->opener)
        fault(s->p, E_EQUALS, s->at, "only a name can stand before `=` here");
    else if (s->equals)
        fault(s->p, E_EQUALS, s->at, "a line has one `=`");
    else
        return false;
    return true;
}

// --- operators ---

static bool line_start(Slip *s)
{
    bool operator = slip_is_operator(s->found->kind) || s->found->kind == '.'
                 || s->found->kind == T_WHEN;
    if (!slip_begins_line(s) || !operator)
        return false;
    fault(s->p, E_LINE_START, s->at, "a line cannot begin with %s", slip_found(s));
    if (s->found->kind == '.')
        hint(s->p, "a call on the line above goes on with `|>`, or inside parentheses");
    else if (s->found->kind == T_PIPE)
        hint(s->p, "there is no line above that it goes on with");
    else
        hint(s->p, "end the line above with %s, or use parentheses", slip_found(s));
    return true;
}

static bool pipe_operand(Slip *s)
{
    if (s->before->kind == T_PIPE) {
        fault(s->p, E_PIPE, s->at, "right of `|>` stands a name or a call, found %s",
              slip_found(s));
        return true;
    }
    if (!s->pipe || !slip_is_operator(s->found->kind) || !slip_is_operand_end(s->before->kind))
        return false;
    fault(s->p, E_PIPE, s->at, "%s cannot follow a pipeline", slip_found(s));
    hint(s->p, "put the pipeline in parentheses: `(x |> f) %s ...`", text_of(s, s->found));
    return true;
}

static bool chain(Slip *s)
{
    int kind = s->found->kind;
    bool compares = kind == T_EQ || kind == T_NE || kind == '<' || kind == '>' || kind == T_LE
                 || kind == T_GE;
    if (compares && s->comparison && slip_is_operand_end(s->before->kind)) {
        fault(s->p, E_CHAIN, s->at, "comparisons do not chain");
        hint(s->p, "write `a < b and b < c`");
        return true;
    }
    return false;
}

static bool range(Slip *s)
{
    if (s->found->kind == T_DOTS && s->range) {
        fault(s->p, E_RANGE, s->at, "a range has two bounds");
        hint(s->p, "one with a step is `range(a, b, step)`");
    } else if (s->found->kind == T_DOTS && slip_wants(s, T_NUMBER)) {
        fault(s->p, E_RANGE, s->at, "a range needs a number before `..`: `0..n`");
    } else if (s->before->kind == T_DOTS && !slip_is_operand_begin(s->found->kind)) {
        fault(s->p, E_RANGE, s->at, "a range needs a bound behind `..`, found %s", slip_found(s));
        if (s->opener && s->opener->kind == '[')
            hint(s->p, "a slice to the end is written `[a:]`");
    } else if (s->before->kind == T_DOTS && s->opener && s->opener->kind == '[') {
        fault(s->p, E_RANGE, s->at, "expected `,` or `]` behind `..`, found %s", slip_found(s));
        hint(s->p, "a slice from the beginning is written `[:b]`");
    } else {
        return false;
    }
    return true;
}

static bool operand(Slip *s)
{
    int kind = s->before->kind;
    if (!slip_wants(s, T_NUMBER))
        return false;
    if (s->found->kind == '{') {
        fault(s->p, E_RECORD, s->at, "`{ }` is always a block, never a value");
        hint(s->p, "values with names are a record: `(a = 1, b = 2)`");
    } else if (s->found->kind == '+' && !slip_is_operator(kind)) {
        fault(s->p, E_OPERAND, s->at, "`+` stands between two values");
    } else if (s->found->kind == T_IF && !slip_wants(s, T_IF)) {
        fault(s->p, E_CONDITIONAL, s->at, "`if` cannot be an operand");
        hint(s->p, "choose with `(a when condition else b)`, or give the result a name first");
    } else if ((slip_is_operator(kind) || kind == '-' || kind == T_NOT || kind == '=')
               && !is_reserved(s->found->kind)) {
        fault(s->p, E_OPERAND, s->at, "`%s` needs a value behind it, found %s",
              text_of(s, s->before), slip_found(s));
    } else {
        return false;
    }
    return true;
}

// A line that ends with an operator by mistake: what stands in the next one makes no sense there.
static bool went_on(Slip *s)
{
    if (s->before == s->start || !s->before->fresh || s->opener)
        return false;
    const Token *operator = s->before - 1;
    if (!slip_is_operator(operator->kind) && operator->kind != '-' && operator->kind != ','
        && operator->kind != '=' && operator->kind != T_NOT && operator->kind != T_WHEN
        && operator->kind != T_ELSE)
        return false;
    fault(s->p, E_OPERAND, token_span(s->p, operator), "`%s` needs a value behind it",
          text_of(s, operator));
    note(s->p, token_span(s->p, s->before),
         "so the line goes on here, and makes no sense together");
    s->resume = s->before;
    return true;
}

// --- words in the wrong place ---

static bool reserved(Slip *s)
{
    int kind = s->found->kind;
    if (!is_reserved(kind) || !(slip_wants(s, T_NAME) || slip_wants(s, T_NUMBER))
        || slip_begins_line(s))
        return false;
    if (s->after->kind != '=' && s->after->kind != ',' && s->after->kind != ':'
        && s->after->kind != ')' && s->after->kind != T_NL && !slip_wants(s, T_IN))
        return false;
    fault(s->p, E_KEYWORD, s->at, "%s is a reserved word and cannot be a name", slip_found(s));
    return true;
}

static const struct {
    const char *word, *unit;
} short_units[] = {
    {"s", "seconds"}, {"sec", "seconds"}, {"secs", "seconds"},
    {"m", "minutes"}, {"min", "minutes"}, {"mins", "minutes"},
    {"h", "hours"}, {"hr", "hours"}, {"hrs", "hours"}, {"d", "days"},
    {"iterations", "steps"}, {"iters", "steps"}, {"ep", "epochs"}, {"percent", "%"},
};

static bool unit(Slip *s)
{
    static const char *const names[] = {"steps", "epochs", "batches", "seconds", "minutes", "hours",
                                        "days", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"};
    const Token *number = s->before;
    if (number->kind != T_NUMBER || !slip_is_operand_begin(s->found->kind))
        return false;
    const char *text = text_of(s, number);
    if (text[strlen(text) - 1] == '%') {
        fault(s->p, E_UNIT, token_span(s->p, number), "`%s` is a share of a hundred", text);
        hint(s->p, "for the remainder of a division put blanks around `%%`");
        return true;
    }
    if (s->found->kind != T_NAME || s->found->fresh)
        return false;
    const char *word = text_of(s, s->found);
    const char *near = diag_nearest(s->p->arena, word, names, sizeof names / sizeof *names);
    for (size_t i = 0; i < sizeof short_units / sizeof *short_units; i++)
        if (strcmp(word, short_units[i].word) == 0)
            near = short_units[i].unit;
    fault(s->p, E_UNIT, s->at, "`%.40s` is not a unit", word);
    if (near)
        hint(s->p, "did you mean `%s %s`?", text, near);
    else
        hint(s->p, "a product is written with `*`; units are steps, epochs, seconds, GB and so on");
    return true;
}

static bool comma(Slip *s)
{
    if (!s->opener || !slip_wants(s, ',') || !slip_is_operand_end(s->before->kind)
        || !(slip_is_operand_begin(s->found->kind) || is_name(s->found->kind)))
        return false;
    if (slip_wants(s, ':') && slip_wants(s, '=') && s->opener->kind == '(') {
        fault(s->p, E_TYPE, s->at, "expected `:` before the type of `%s`", text_of(s, s->before));
        hint(s->p, "write `%s: %s`", text_of(s, s->before), text_of(s, s->found));
        return true;
    }
    if (s->found->kind == T_IN || (s->found->kind == '(' && touches(s->before, s->found)))
        return false;
    Span between = {s->p->source, s->before->end, s->before->end};
    fault(s->p, E_COMMA, between, "a comma is missing before %s", slip_found(s));
    return true;
}

// `f(, a)`, `[a,, b]`, `x[]`
static bool nothing_there(Slip *s)
{
    int kind = s->before->kind;
    if (!slip_wants(s, T_NUMBER) && !slip_wants(s, T_CONST))
        return false;
    if (s->found->kind == ',' && kind == ',')
        fault(s->p, E_COMMA, s->at, "two commas with nothing between them");
    else if (s->found->kind == ',' && (kind == '(' || kind == '['))
        fault(s->p, E_COMMA, s->at, "a comma with nothing before it");
    else if (s->found->kind == ']' && kind == '[')
        fault(s->p, E_OPERAND, s->at, "there is no index between these brackets");
    else
        return false;
    return true;
}

static bool adjacent(Slip *s)
{
    bool value = slip_is_operand_begin(s->found->kind) || is_name(s->found->kind);
    if (s->opener || !value || !slip_is_operand_end(s->before->kind) || s->found->fresh)
        return false;
    if (s->start == s->before && s->start->kind == T_NAME && slip_wants(s, '=')) {
        fault(s->p, E_ADJACENT, s->at, "expected `=` behind `%.40s`, found %s",
              text_of(s, s->before), slip_found(s));
        return true;
    }
    fault(s->p, E_ADJACENT, s->at, "%s stands behind a value with nothing between them",
          slip_found(s));
    if (s->start->kind == T_LOG)
        hint(s->p, "several values are logged with commas: `log a, b = c`");
    else
        hint(s->p, "is there an operator or a bracket missing?");
    return true;
}

static bool type(Slip *s)
{
    if (s->found->kind == ',' && s->opener && s->opener->kind == '[' && slip_wants(s, '?')) {
        fault(s->p, E_TYPE, s->at, "a list type has one element type: `[int]`");
        hint(s->p, "a tensor's type has its dtype before the bracket: `f32[...]`");
        return true;
    }
    if ((s->start->kind == T_PARAM || s->start->kind == T_BUFFER) && s->before == s->start + 1
        && slip_wants(s, ':')) {
        fault(s->p, E_TYPE, s->at, "expected `:` and a type, found %s", slip_found(s));
        hint(s->p, "write `%s %s: f32[n]`", text_of(s, s->start), text_of(s, s->before));
        return true;
    }
    if (s->found->kind == '(' && slip_wants(s, '[') && slip_wants(s, '?')) {
        fault(s->p, E_TYPE, s->at, "the sizes of a type stand in `[ ]`");
        return true;
    }
    if (!slip_wants(s, T_STRING) || !slip_wants(s, T_NAME) || !slip_wants(s, '[')
        || slip_wants(s, T_NUMBER))
        return false;
    fault(s->p, E_TYPE, s->at, "expected a type, found %s", slip_found(s));
    hint(s->p, "types look like `int`, `f32[B, dim]`, `[part]` or `\"min\" | \"max\"`");
    return true;
}

static bool loop(Slip *s)
{
    bool loops = s->start->kind == T_FOR || s->start->kind == T_SCAN;
    if (slip_begins_line(s) || !slip_wants(s, T_IN) || slip_wants(s, T_NUMBER)
        || !(loops || slip_wants(s, ',')))
        return false;
    fault(s->p, E_PATTERN, s->at, "expected `in`, found %s", slip_found(s));
    hint(s->p, "a loop is written `for x in list { ... }`, or over numbers `for i in 0..n "
               "{ ... }`");
    return true;
}

// --- declarations and members ---

static const char *const kind_words[] = {"data", "model", "layer", "optimizer", "schedule",
                                         "metric", "callback", "trainer", "use", "fn"};
static const char *const member_words[] = {"param", "buffer", "state", "optimizer", "fn", "assert"};

static bool suggest(const Slip *s, const char *const *words, int count)
{
    const char *near = diag_nearest(s->p->arena, text_of(s, s->start), words, count);
    if (near)
        hint(s->p, "did you mean `%s`?", near);
    return near != NULL;
}

static bool declaration(Slip *s)
{
    if (s->found->braces > 0 || s->opener)
        return false;
    if (s->found->kind == '}') {
        fault(s->p, E_BRACKET, s->at, "this `}` closes nothing");
        return true;
    }
    if (s->before == s->start && s->start->kind >= T_DATA && s->start->kind <= T_CALLBACK
        && (s->found->kind == '(' || s->found->kind == '{')) {
        fault(s->p, E_DECLARATION, s->at, "the %s needs a name", text_of(s, s->start));
        return true;
    }
    bool misspelled = s->start == s->before && s->start->kind == T_NAME;
    if (!slip_begins_line(s) && !misspelled)
        return false;
    if (slip_begins_line(s)) {
        fault(s->p, E_DECLARATION, s->at, "expected a declaration, found %s", slip_found(s));
    } else if (s->found->kind == '(' || s->found->kind == '.' || slip_is_operator(s->found->kind)
               || s->found->kind == T_NL) {
        fault(s->p, E_DECLARATION, token_span(s->p, s->start),
              "a value alone is not a declaration");
    } else {
        fault(s->p, E_DECLARATION, token_span(s->p, s->start), "`%.40s` begins no declaration",
              text_of(s, s->start));
        if (suggest(s, kind_words, sizeof kind_words / sizeof *kind_words))
            return true;
    }
    if (s->start->indent > 0) {
        hint(s->p, "this line is indented: is there a `}` too many above it?");
        return true;
    }
    hint(s->p, "a file holds `use`, `fn`, constants, and data, model, layer, optimizer, schedule, "
               "metric, callback and trainer blocks");
    return true;
}

// Something that is done, where a body lists what there is.
static bool member(Slip *s)
{
    int kind = s->found->kind;
    bool in_body = slip_wants(s, T_PARAM) && slip_begins_line(s);
    bool verb = kind == T_LOG || kind == T_MINIMIZE || kind == T_YIELD || kind == T_IF
             || kind == T_FOR || kind == T_SCAN;
    if (in_body && verb) {
        fault(s->p, E_MEMBER, s->at, "%s belongs into a method", slip_found(s));
        hint(s->p, "for example into `training_step(...) { ... }`");
    } else if (in_body && kind != T_NL) {
        fault(s->p, E_MEMBER, s->at, "expected a member, found %s", slip_found(s));
    } else if (slip_begins_line(s) && (kind == T_PARAM || kind == T_BUFFER)) {
        fault(s->p, E_MEMBER, s->at, "%s belongs into a body, not into a method", slip_found(s));
    } else {
        return false;
    }
    return true;
}

// `linear(4, 8)`, `net.weight = x` or `parm w: f32[n]` among members.
static bool member_value(Slip *s)
{
    int kind = s->found->kind;
    if (s->start->kind != T_NAME || s->found->braces == 0 || slip_wants(s, T_NUMBER))
        return false;
    bool after_name = s->before == s->start && slip_wants(s, '=') && slip_wants(s, '{');
    bool in_parameters = s->opener == s->start + 1 && s->opener->kind == '('
                      && (s->before == s->opener || s->before->kind == ',')
                      && slip_wants(s, T_CONST);
    if (after_name && is_name(kind)) {
        fault(s->p, E_MEMBER, token_span(s->p, s->start), "`%.40s` begins no member",
              text_of(s, s->start));
        suggest(s, member_words, sizeof member_words / sizeof *member_words);
    } else if (after_name && (kind == '.' || kind == '[' || slip_is_operator(kind))) {
        fault(s->p, E_MEMBER, s->at, "a member begins with a name alone, found %s behind it",
              slip_found(s));
        hint(s->p, "parts of parts are given where they are made, or assigned in a method");
    } else if (after_name && kind == T_NL) {
        fault(s->p, E_MEMBER, token_span(s->p, s->start), "a name alone is not a member");
        hint(s->p, "a setting has a value, `%s = ...`, a method has a block", text_of(s, s->start));
    } else if (in_parameters && slip_is_operand_begin(kind)) {
        fault(s->p, E_MEMBER, token_span(s->p, s->start), "a value alone is not a member");
        hint(s->p, "give it a name: `part = %s(...)`", text_of(s, s->start));
    } else {
        return false;
    }
    return true;
}

static bool brace(Slip *s)
{
    bool needed = slip_wants(s, '{') && !slip_wants(s, T_NL);
    if (!needed || s->found->kind == ',' || s->found->kind == ')')
        return false;
    if (s->found->kind != T_NL && slip_wants(s, '+') && !slip_is_operand_begin(s->found->kind))
        return false;
    fault(s->p, E_BRACE, s->at, "expected `{`, found %s", slip_found(s));
    return true;
}

static bool (*const slips[])(Slip *) = {
    foreign_word, foreign_import, optimizer_call, went_on, string_prefix, membership, conditional, foreign_sign,
    loop, colon, equals, line_start, pipe_operand, chain, range, operand, unit, reserved, type,
    comma, nothing_there, declaration, member, member_value, brace, adjacent,
};

bool slip_report(Slip *s)
{
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++)
        if (slips[i](s))
            return true;
    return false;
}
