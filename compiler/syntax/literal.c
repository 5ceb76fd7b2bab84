// literal.c: what numbers and strings mean.
#include "parse.h"

#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Whole numbers are kept exactly, so they end where doubles stop counting.
static const double largest_whole = 9007199254740992.0;

static void check_range(Parse *p, const Ast *number, const char *digits)
{
    double value = number->number;
    bool nonzero = strcspn(digits, "123456789") < strcspn(digits, "eE");
    if (isinf(value))
        fault(p, E_NUMBER, number->span, "this number is too large");
    else if (value == 0 && nonzero)
        fault(p, E_NUMBER, number->span, "this number is too small to tell from zero");
    else if (number->whole && number->unit != UNIT_BYTES && value > largest_whole)
        fault(p, E_NUMBER, number->span, "whole numbers end at 2^53 = 9,007,199,254,740,992");
}

Ast *number_of(Parse *p, Span span)
{
    Ast *number = leaf(p, AST_NUMBER, span);
    const char *text = span_text(p->arena, span);
    char *digits = arena_alloc(p->arena, strlen(text) + 1), *end = digits;
    size_t length = strspn(text, "0123456789_.eE+-");
    number->whole = true;
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '_')
            *end++ = text[i];
        if (text[i] == '.' || text[i] == 'e' || text[i] == 'E')
            number->whole = false;
    }
    number->number = strtod(digits, NULL);

    const char *word = text + length + strspn(text + length, " \t");
    double factor = 1;
    if (*word == '%')
        number->unit = UNIT_PERCENT;
    else
        unit_named(word, strlen(word), &number->unit, &factor);
    number->number *= factor;
    check_range(p, number, digits);
    return number;
}

static void check_escape(Parse *p, Span string, const char *at)
{
    uint32_t begin = (uint32_t)(at - p->source->text);
    fault(p, E_ESCAPE, (Span){string.source, begin, begin + 2}, "`\\%c` is not an escape", at[1]);
    hint(p, "there are \\\" \\\\ \\n \\t and \\{");
}

// Undoes the escape at `at`, which is not the end, and returns how many bytes it came from.
static size_t undo_escape(Parse *p, Span string, const char *at, const char *end, Text *text)
{
    static const char names[] = "\"nt", bytes[] = "\"\n\t";
    const char *name = at + 1 < end ? memchr(names, at[1], 3) : NULL;
    if (name) {
        text_bytes(text, &bytes[name - names], 1);
        return 2;
    }
    if (at + 1 < end && at[1] == '\\') {
        bool before_brace = at + 2 < end && at[2] == '{';
        text_bytes(text, at, before_brace ? 2 : 1);
        return 2;
    }
    if (at + 1 < end && at[1] != '{' && (unsigned char)at[1] < 0x80)
        check_escape(p, string, at);
    text_bytes(text, at, 1);
    return 1;
}

const char *string_text(Parse *p, Span span)
{
    const char *at = p->source->text + span.begin, *end = p->source->text + span.end;
    size_t quotes = end - at >= 6 && memcmp(at, "\"\"\"", 3) == 0 ? 3 : 1;
    Text text = text_new(p->arena);
    char quote = *at;
    at += quotes;
    end -= quotes == 3 ? quotes : 0;
    while (at < end && !(quotes == 1 && *at == quote)) {
        if (*at == '\\') {
            at += undo_escape(p, span, at, end, &text);
        } else {
            text_bytes(&text, *at ? at : " ", 1);
            at++;
        }
    }
    return text.data;
}

Ast *string_of(Parse *p, Span span)
{
    Ast *string = leaf(p, AST_STRING, span);
    string->text = string_text(p, span);
    return string;
}
