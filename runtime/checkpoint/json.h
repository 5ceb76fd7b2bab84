// json.h: JSON read in one pass without a tree, and written into a growing text.
//
// The reader works in a text that it may change: a string is decoded where it stands. It is as
// strict as RFC 8259, refuses what passes a double, lone surrogates and nesting past
// LT_JSON_DEPTH, and takes no memory. After the first mistake every call returns false.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LT_JSON_DEPTH = 127 };

struct lt_json {
    char *start, *at, *end;
    int depth;
    const char *mistake;        // what was expected; NULL so far
    size_t mistake_at;
};

struct lt_json_text {           // not ended by a 0, and may have one in it
    char *text;
    size_t length;
};

void lt_json_start(struct lt_json *json, char *text, size_t length);    // text: valid UTF-8
bool lt_json_fail(struct lt_json *json, const char *expected);          // always false
// The first byte of the next value, 0 at the end of the text.
char lt_json_peek(struct lt_json *json);
bool lt_json_end(struct lt_json *json);                 // nothing but blanks is left
bool lt_json_open(struct lt_json *json, char bracket);  // '{' or '['
// Is there another entry? false at the closing bracket, which is taken, and after a mistake.
bool lt_json_more(struct lt_json *json, char bracket, bool *first);
bool lt_json_key(struct lt_json *json, struct lt_json_text *key);       // and its colon
bool lt_json_string(struct lt_json *json, struct lt_json_text *string);
bool lt_json_unsigned(struct lt_json *json, uint64_t *value);
bool lt_json_integer(struct lt_json *json, int64_t *value);
bool lt_json_null(struct lt_json *json);
bool lt_json_skip(struct lt_json *json);                // any value
bool lt_json_is(const struct lt_json_text *text, const char *word);

// ---- writing ------------------------------------------------------------------------------------

struct lt_text {
    char *text;                 // free it; ended by a 0
    size_t length, capacity;
    bool failed;                // no memory
};

void lt_text_add(struct lt_text *out, const char *text, size_t length);
void lt_text_string(struct lt_text *out, const char *text);             // plain
void lt_text_quoted(struct lt_text *out, const char *text);             // a JSON string
void lt_text_quoted_length(struct lt_text *out, const char *text, size_t length);
void lt_text_number(struct lt_text *out, int64_t value);
void lt_text_exact(struct lt_text *out, double value);  // "0x1.8p+1", a string; "nan", "inf"
