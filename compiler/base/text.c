#include "text.h"

#include <stdio.h>
#include <string.h>

Text text_new(Arena *arena)
{
    Text text = {.arena = arena, .capacity = 256};
    text.data = arena_alloc(arena, text.capacity);
    return text;
}

static void reserve(Text *text, size_t more)
{
    if (text->length + more + 1 <= text->capacity)
        return;
    while (text->capacity < text->length + more + 1)
        text->capacity *= 2;
    char *moved = arena_alloc(text->arena, text->capacity);
    memcpy(moved, text->data, text->length + 1);
    text->data = moved;
}

void text_bytes(Text *text, const char *bytes, size_t count)
{
    reserve(text, count);
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = 0;
}

void text_vadd(Text *text, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    if (length > 0) {
        reserve(text, (size_t)length);
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

void text_add(Text *text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_vadd(text, format, list);
    va_end(list);
}
