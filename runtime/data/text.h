// text.h: what the sentences and checks about files are made of. Allocates nothing.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// a * b; false if it passes 2^63 - 1.
bool lt_multiply(uint64_t a, uint64_t b, uint64_t *product);

bool lt_utf8_valid(const unsigned char *text, size_t length);

// For messages: at most 40 bytes of the text, in quotes, whatever is not plain ASCII as \x...
enum { LT_QUOTE = 184 };
const char *lt_quote(char out[LT_QUOTE], const char *text, size_t length);

// The text as it is if it is at most 80 bytes that a terminal shows as they are, else in quotes.
const char *lt_plain(char out[LT_QUOTE], const char *text);

// "[28, 28]"
enum { LT_SHAPE_TEXT = 256 };
const char *lt_shape_text(char out[LT_SHAPE_TEXT], const int64_t *shape, int rank);
