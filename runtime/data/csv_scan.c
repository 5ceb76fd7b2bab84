// csv_scan: RFC 4180 and what is met beside it: LF alone, blanks around cells, empty lines.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "data/csv.h"

enum { NUMBER_AT_MOST = 400 };

bool lt_csv_record(struct lt_csv *csv)
{
    while (csv->at < csv->end) {
        if (*csv->at == '\n') {
            csv->line++;
            csv->at++;
        } else if (*csv->at == '\r' && (csv->at + 1 == csv->end || csv->at[1] == '\n')) {
            csv->at++;
        } else {
            return true;
        }
    }
    return false;
}

static bool blank(const struct lt_csv *csv, char c)
{
    return (c == ' ' || c == '\t') && c != csv->separator;
}

// At a separator, a line's end or the text's end: goes past it.
static bool finish(struct lt_csv *csv, struct lt_csv_cell *cell)
{
    cell->last = true;
    if (csv->at == csv->end)
        return true;
    if (*csv->at == csv->separator) {
        cell->last = false;
        csv->at++;
        return true;
    }
    if (*csv->at == '\r' && csv->at + 1 < csv->end && csv->at[1] == '\n')
        csv->at++;
    else if (*csv->at == '\r' && csv->at + 1 == csv->end)
        return csv->at++, true;
    if (*csv->at != '\n')
        return lt_fail(csv->fault, "%s:%lld: text after a closing quote, expected the separator or "
                       "the end of the line", csv->path, (long long)csv->line);
    csv->line++;
    csv->at++;
    return true;
}

static bool quoted(struct lt_csv *csv, struct lt_csv_cell *cell)
{
    const char *start = ++csv->at;
    cell->quoted = true;
    for (;; csv->at++) {
        if (csv->at == csv->end)
            return lt_fail(csv->fault, "%s:%lld: a quote opens here and is never closed", csv->path,
                           (long long)cell->line);
        if (*csv->at == '\n')
            csv->line++;
        if (*csv->at == '\0')
            return lt_fail(csv->fault, "%s:%lld: has a byte 0, expected text", csv->path,
                           (long long)csv->line);
        if (*csv->at != '"')
            continue;
        if (csv->at + 1 == csv->end || csv->at[1] != '"')
            break;
        cell->doubled = true;
        csv->at++;
    }
    cell->text = start;
    cell->length = (size_t)(csv->at - start);
    csv->at++;
    while (csv->at < csv->end && blank(csv, *csv->at))
        csv->at++;
    return finish(csv, cell);
}

bool lt_csv_cell(struct lt_csv *csv, struct lt_csv_cell *cell)
{
    *cell = (struct lt_csv_cell){.line = csv->line};
    while (csv->at < csv->end && blank(csv, *csv->at))
        csv->at++;
    if (csv->at < csv->end && *csv->at == '"')
        return quoted(csv, cell);
    const char *start = csv->at;
    const char separator = csv->separator;
    for (; csv->at < csv->end; csv->at++) {
        const char c = *csv->at;
        if (c == separator || c == '\n')
            break;
        if (c == '\0')
            return lt_fail(csv->fault, "%s:%lld: has a byte 0, expected text", csv->path,
                           (long long)csv->line);
    }
    const char *stop = csv->at;
    if (stop > start && stop[-1] == '\r' && (stop == csv->end || *stop == '\n'))
        stop--;
    while (stop > start && blank(csv, stop[-1]))
        stop--;
    cell->text = start;
    cell->length = (size_t)(stop - start);
    return finish(csv, cell);
}

size_t lt_csv_value(const struct lt_csv_cell *cell, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < cell->length; i++) {
        out[length++] = cell->text[i];
        if (cell->doubled && cell->text[i] == '"')
            i++;
    }
    return length;
}

// ---- numbers ------------------------------------------------------------------------------------

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool same(const char *text, size_t length, const char *word)
{
    if (strlen(word) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((text[i] | 0x20) != word[i])
            return false;
    return true;
}

static bool special(const char *text, size_t length)
{
    return same(text, length, "nan") || same(text, length, "inf")
        || same(text, length, "infinity");
}

static bool in_range(const char *text, size_t length)
{
    const bool negative = *text == '-';
    uint64_t value = 0;
    for (size_t i = negative || *text == '+'; i < length; i++) {
        const uint64_t next = (uint64_t)(text[i] - '0');
        if (value > (UINT64_MAX - next) / 10)
            return false;
        value = value * 10 + next;
    }
    return value <= (uint64_t)INT64_MAX + negative;
}

enum lt_csv_kind lt_csv_classify(const char *text, size_t length)
{
    size_t i = length && (*text == '-' || *text == '+'), digits = 0;
    bool fraction = false;
    if (length > NUMBER_AT_MOST)
        return LT_CSV_TEXT;
    if (special(text + i, length - i))
        return LT_CSV_NUMBER;
    for (; i < length && digit(text[i]); i++)
        digits++;
    if (i < length && text[i] == '.') {
        fraction = true;
        for (i++; i < length && digit(text[i]); i++)
            digits++;
    }
    if (!digits)
        return LT_CSV_TEXT;
    if (i < length && (text[i] | 0x20) == 'e') {
        fraction = true;
        i++;
        i += i < length && (text[i] == '-' || text[i] == '+');
        if (i == length || !digit(text[i]))
            return LT_CSV_TEXT;
        while (i < length && digit(text[i]))
            i++;
    }
    if (i != length)
        return LT_CSV_TEXT;
    return fraction || !in_range(text, length) ? LT_CSV_NUMBER : LT_CSV_INTEGER;
}

int64_t lt_csv_integer(const char *text, size_t length)
{
    uint64_t value = 0;
    for (size_t i = *text == '-' || *text == '+'; i < length; i++)
        value = value * 10 + (uint64_t)(text[i] - '0');
    return (int64_t)(*text == '-' ? 0 - value : value);
}

// Digits and a power of ten, if there are few digits: then one division or product of two exact
// numbers gives the nearest one (W. Clinger, "How to Read Floating Point Numbers Accurately").
static bool few_digits(const char *text, size_t length, uint64_t at_most, int64_t *digits,
                       int *places)
{
    uint64_t value = 0;
    size_t i = *text == '-' || *text == '+';
    *places = 0;
    bool after = false;
    for (; i < length; i++) {
        if (text[i] == '.') {
            after = true;
        } else if (digit(text[i])) {
            value = value * 10 + (uint64_t)(text[i] - '0');
            *places += after;
            if (value > at_most)
                return false;
        } else {
            return false;
        }
    }
    *digits = *text == '-' ? -(int64_t)value : (int64_t)value;
    return value != 0;          // the sign of a zero is strtod's
}

// The C library rounds correctly, but wants an end; no program sets a locale.
static const char *ended(char copy[NUMBER_AT_MOST + 1], const char *text, size_t length)
{
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

double lt_csv_f64(const char *text, size_t length)
{
    static const double ten[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
                                 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int64_t digits;
    int places;
    if (few_digits(text, length, (uint64_t)1 << 53, &digits, &places) && places <= 22)
        return (double)digits / ten[places];
    char copy[NUMBER_AT_MOST + 1];
    return strtod(ended(copy, text, length), NULL);
}

float lt_csv_f32(const char *text, size_t length)
{
    static const float ten[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f, 1e6f, 1e7f, 1e8f, 1e9f, 1e10f};
    int64_t digits;
    int places;
    if (few_digits(text, length, (uint64_t)1 << 24, &digits, &places) && places <= 10)
        return (float)digits / ten[places];
    char copy[NUMBER_AT_MOST + 1];
    return strtof(ended(copy, text, length), NULL);
}
