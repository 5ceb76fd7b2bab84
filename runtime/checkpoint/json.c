// json: a reader without recursion and a writer.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "checkpoint/json.h"
#include "data/text.h"

void lt_json_start(struct lt_json *json, char *text, size_t length)
{
    *json = (struct lt_json){.start = text, .at = text, .end = text + length};
}

bool lt_json_fail(struct lt_json *json, const char *expected)
{
    if (!json->mistake) {
        json->mistake = expected;
        json->mistake_at = (size_t)(json->at - json->start);
    }
    return false;
}

char lt_json_peek(struct lt_json *json)
{
    while (json->at < json->end
           && (*json->at == ' ' || *json->at == '\t' || *json->at == '\n' || *json->at == '\r'))
        json->at++;
    return json->at < json->end && !json->mistake ? *json->at : '\0';
}

bool lt_json_end(struct lt_json *json)
{
    lt_json_peek(json);
    return !json->mistake && (json->at == json->end || lt_json_fail(json, "the end"));
}

static bool take(struct lt_json *json, char c, const char *expected)
{
    if (lt_json_peek(json) != c)
        return lt_json_fail(json, expected);
    json->at++;
    return true;
}

bool lt_json_open(struct lt_json *json, char bracket)
{
    if (!take(json, bracket, bracket == '{' ? "`{`" : "`[`"))
        return false;
    return ++json->depth <= LT_JSON_DEPTH || lt_json_fail(json, "less nesting");
}

bool lt_json_more(struct lt_json *json, char bracket, bool *first)
{
    const char next = lt_json_peek(json);
    if (next == (bracket == '{' ? '}' : ']')) {
        json->at++;
        json->depth--;
        return false;
    }
    const bool begins = *first;
    *first = false;
    return !json->mistake && (begins || take(json, ',', "`,` or the closing bracket"));
}

bool lt_json_key(struct lt_json *json, struct lt_json_text *key)
{
    return lt_json_string(json, key) && take(json, ':', "`:`");
}

// ---- strings ------------------------------------------------------------------------------------

static int hex(const char *at)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        const char c = at[i], low = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (low >= 'a' && low <= 'f')
            value = value * 16 + (low - 'a' + 10);
        else
            return -1;
    }
    return value;
}

static char *put_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3F));
        *to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *to++ = (char)(0x80 | (code & 0x3F));
    }
    return to;
}

// After `\u`: four digits, or two such escapes that make a pair.
static bool unicode(struct lt_json *json, char **to)
{
    const int high = json->end - json->at >= 4 ? hex(json->at) : -1;
    if (high < 0)
        return lt_json_fail(json, "four hexadecimal digits");
    json->at += 4;
    if (high < 0xD800 || high > 0xDFFF) {
        *to = put_utf8(*to, (uint32_t)high);
        return true;
    }
    const bool more = json->end - json->at >= 6 && json->at[0] == '\\' && json->at[1] == 'u';
    const int low = more ? hex(json->at + 2) : -1;
    if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
        return lt_json_fail(json, "a pair of surrogates");
    json->at += 6;
    *to = put_utf8(*to, 0x10000 + ((uint32_t)(high - 0xD800) << 10) + (uint32_t)(low - 0xDC00));
    return true;
}

static bool escape(struct lt_json *json, char **to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    if (json->at == json->end)
        return lt_json_fail(json, "the rest of a string");
    const char c = *json->at++;
    if (c == 'u')
        return unicode(json, to);
    const char *found = c ? strchr(from, c) : NULL;
    if (!found)
        return lt_json_fail(json, "an escape of JSON");
    *(*to)++ = into[found - from];
    return true;
}

bool lt_json_string(struct lt_json *json, struct lt_json_text *string)
{
    if (!take(json, '"', "a string"))
        return false;
    char *to = json->at;
    string->text = to;
    while (json->at < json->end) {
        const char c = *json->at;
        if ((unsigned char)c < ' ')
            return lt_json_fail(json, "no control character");
        json->at++;
        if (c == '"') {
            string->length = (size_t)(to - string->text);
            return true;
        }
        if (c != '\\')
            *to++ = c;
        else if (!escape(json, &to))
            return false;
    }
    return lt_json_fail(json, "the end of a string");
}

// ---- numbers and the rest -----------------------------------------------------------------------

static bool digit(const struct lt_json *json)
{
    return json->at < json->end && *json->at >= '0' && *json->at <= '9';
}

static bool digits(struct lt_json *json)
{
    if (!digit(json))
        return lt_json_fail(json, "a digit");
    while (digit(json))
        json->at++;
    return true;
}

// Goes past a number; `whole` if it is an integer that 64 bits hold.
static bool number(struct lt_json *json, bool *negative, bool *whole, uint64_t *value)
{
    lt_json_peek(json);
    char *start = json->at;
    *negative = json->at < json->end && *json->at == '-';
    json->at += *negative;
    if (json->at < json->end && *json->at == '0')
        json->at++;
    else if (!digits(json))
        return false;
    if (digit(json))
        return lt_json_fail(json, "a number without leading zeros");
    *value = 0;
    *whole = true;
    for (const char *at = start + *negative; at < json->at; at++) {
        *whole = *whole && *value <= (UINT64_MAX - (uint64_t)(*at - '0')) / 10;
        *value = *value * 10 + (uint64_t)(*at - '0');
    }
    bool exponent = false;
    if (json->at < json->end && *json->at == '.') {
        *whole = false;
        json->at++;
        if (!digits(json))
            return false;
    }
    if (json->at < json->end && (*json->at | 0x20) == 'e') {
        *whole = false;
        exponent = true;
        json->at++;
        json->at += json->at < json->end && (*json->at == '-' || *json->at == '+');
        if (!digits(json))
            return false;
    }
    if (exponent || json->at - start > 300) {
        // The text goes on, so strtod stops at the same byte; a text always ends in a bracket.
        if (json->at == json->end || isinf(strtod(start, NULL)))
            return lt_json_fail(json, "a number below 1e308");
    }
    return true;
}

bool lt_json_unsigned(struct lt_json *json, uint64_t *value)
{
    bool negative = false, whole = false;
    const char next = lt_json_peek(json);
    if (next < '0' || next > '9')
        return lt_json_fail(json, "a whole number");
    return number(json, &negative, &whole, value)
        && (whole || lt_json_fail(json, "a whole number below 2^64"));
}

bool lt_json_integer(struct lt_json *json, int64_t *value)
{
    bool negative = false, whole = false;
    uint64_t size = 0;
    const char next = lt_json_peek(json);
    if (next != '-' && (next < '0' || next > '9'))
        return lt_json_fail(json, "a whole number");
    if (!number(json, &negative, &whole, &size))
        return false;
    if (!whole || size > (uint64_t)INT64_MAX + negative)
        return lt_json_fail(json, "a whole number below 2^63");
    *value = (int64_t)(negative ? 0 - size : size);
    return true;
}

static bool word(struct lt_json *json, const char *word)
{
    const size_t length = strlen(word);
    if ((size_t)(json->end - json->at) < length || memcmp(json->at, word, length))
        return lt_json_fail(json, "a value");
    json->at += length;
    return true;
}

bool lt_json_null(struct lt_json *json)
{
    return lt_json_peek(json) == 'n' && word(json, "null");
}

static bool skip_scalar(struct lt_json *json, char next)
{
    bool negative = false, whole = false;
    uint64_t value = 0;
    struct lt_json_text text;
    switch (next) {
    case '"': return lt_json_string(json, &text);
    case 't': return word(json, "true");
    case 'f': return word(json, "false");
    case 'n': return word(json, "null");
    default:  return number(json, &negative, &whole, &value);
    }
}

bool lt_json_skip(struct lt_json *json)
{
    const int outside = json->depth;
    char bracket[LT_JSON_DEPTH + 2] = {0};      // of each level inside this value
    bool first = true;
    do {
        const int inside = json->depth - outside;
        if (inside && !lt_json_more(json, bracket[inside], &first)) {
            if (json->mistake)
                return false;
            first = false;                      // the bracket was an entry of the level outside
            continue;
        }
        struct lt_json_text key;
        if (bracket[inside] == '{' && inside && !lt_json_key(json, &key))
            return false;
        const char next = lt_json_peek(json);
        if (next == '{' || next == '[') {
            if (!lt_json_open(json, next))
                return false;
            bracket[inside + 1] = next;
            first = true;
        } else if (!skip_scalar(json, next)) {
            return false;
        }
    } while (json->depth > outside);
    return !json->mistake;
}

bool lt_json_is(const struct lt_json_text *text, const char *word)
{
    return text->length == strlen(word) && !memcmp(text->text, word, text->length);
}

// ---- writing ------------------------------------------------------------------------------------

void lt_text_add(struct lt_text *out, const char *text, size_t length)
{
    if (out->failed)
        return;
    if (out->length + length + 1 > out->capacity) {
        const size_t capacity = (out->length + length + 1) * 2;
        char *more = realloc(out->text, capacity);
        if (!more) {
            out->failed = true;
            return;
        }
        out->text = more;
        out->capacity = capacity;
    }
    memcpy(out->text + out->length, text, length);
    out->length += length;
    out->text[out->length] = '\0';
}

void lt_text_string(struct lt_text *out, const char *text)
{
    lt_text_add(out, text, strlen(text));
}

void lt_text_quoted_length(struct lt_text *out, const char *text, size_t length)
{
    char escaped[8];
    const bool valid = lt_utf8_valid((const unsigned char *)text, length);
    lt_text_add(out, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            sprintf(escaped, "\\%c", c);
        else if (c < ' ')
            sprintf(escaped, "\\u%04x", c);
        else
            sprintf(escaped, "%c", c < 0x80 || valid ? c : '?');
        lt_text_string(out, escaped);
    }
    lt_text_add(out, "\"", 1);
}

void lt_text_quoted(struct lt_text *out, const char *text)
{
    lt_text_quoted_length(out, text, strlen(text));
}

void lt_text_number(struct lt_text *out, int64_t value)
{
    char text[24];
    sprintf(text, "%lld", (long long)value);
    lt_text_string(out, text);
}

void lt_text_exact(struct lt_text *out, double value)
{
    char text[48];
    if (isnan(value))
        strcpy(text, "\"nan\"");
    else
        sprintf(text, "\"%a\"", value);
    lt_text_string(out, text);
}
