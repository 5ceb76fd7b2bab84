// text.h: a growing string, for emitted code and for printed forms.
#pragma once
#include "arena.h"

typedef struct Text {
    Arena *arena;
    char *data;                 // always ends in NUL
    size_t length, capacity;
} Text;

Text text_new(Arena *arena);
void text_add(Text *text, const char *format, ...) LTC_PRINTF(2, 3);
void text_vadd(Text *text, const char *format, va_list list);
void text_bytes(Text *text, const char *bytes, size_t count);
