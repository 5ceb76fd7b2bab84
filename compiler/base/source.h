// source.h: the text of a spec or of a library file, and places in it.
//
// A span names its source, so that a message about a library file prints that file's line.
#pragma once
#include "arena.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct Source {
    const char *path;           // as the user wrote it; "stdlib/linear.lt" for the built-in library
    const char *text;           // NUL behind the last byte
    size_t length;
    bool library;
} Source;

typedef struct Span {
    const Source *source;       // NULL: nowhere
    uint32_t begin, end;        // bytes; end is behind the last
} Span;

typedef struct Place {
    int line, column;           // from 1; columns count code points
} Place;

Source *source_new(Arena *arena, const char *path, const char *text, size_t length);
Source *source_read(Arena *arena, const char *path, const char **why);  // NULL: *why says so

Span span_join(Span first, Span last);
Place span_place(Span span);
const char *span_text(Arena *arena, Span span);         // the words it covers
const char *span_where(Arena *arena, Span span);        // "digits.lt:17"
