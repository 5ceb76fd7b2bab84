// text: the small pieces that the readers' sentences and checks are made of.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data/reader.h"
#include "data/text.h"

bool lt_multiply(uint64_t a, uint64_t b, uint64_t *product)
{
    if (a && b > (uint64_t)INT64_MAX / a)
        return false;
    *product = a * b;
    return true;
}

// The length of the sequence that begins here, 0 if there is none: no surrogates, nothing spelled
// longer than need be, nothing past U+10FFFF.
static size_t sequence(const unsigned char *at, size_t left)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t length = at[0] < 0x80 ? 1 : at[0] >> 5 == 6 ? 2 : at[0] >> 4 == 14 ? 3
        : at[0] >> 3 == 30 ? 4 : 0;
    if (length <= 1)
        return length;
    if (length > left)
        return 0;
    uint32_t code = at[0] & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (at[i] >> 6 != 2)
            return 0;
        code = code << 6 | (at[i] & 0x3F);
    }
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    return code >= least[length] && code <= 0x10FFFF && !surrogate ? length : 0;
}

bool lt_utf8_valid(const unsigned char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        const size_t step = sequence(text + at, length - at);
        if (!step)
            return false;
        at += step;
    }
    return true;
}

const char *lt_quote(char out[LT_QUOTE], const char *text, size_t length)
{
    enum { SHOWN = 40 };
    char *to = out;
    *to++ = '"';
    for (size_t i = 0; i < length && i < SHOWN; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c < 0x7F && c != '"' && c != '\\')
            *to++ = (char)c;
        else
            to += sprintf(to, "\\x%02x", c);
    }
    strcpy(to, length > SHOWN ? "…\"" : "\"");
    return out;
}

const char *lt_plain(char out[LT_QUOTE], const char *text)
{
    const size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7F || i == 80)
            return lt_quote(out, text, length);
    return text;
}

const char *lt_shape_text(char out[LT_SHAPE_TEXT], const int64_t *shape, int rank)
{
    char *to = out;
    *to++ = '[';
    for (int i = 0; i < rank; i++)
        to += sprintf(to, i ? ", %lld" : "%lld", (long long)shape[i]);
    strcpy(to, "]");
    return out;
}

char *lt_path_join(const char *root, const char *file)
{
    const bool alone = !root || !*root || *file == '/';
    const size_t before = alone ? 0 : strlen(root), after = strlen(file);
    char *path = malloc(before + after + 2);
    if (!path)
        return NULL;
    char *to = path;
    if (!alone) {
        memcpy(to, root, before);
        to += before;
        if (to[-1] != '/')
            *to++ = '/';
    }
    memcpy(to, file, after + 1);
    return path;
}
