#include "source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { largest_source = 16 << 20 };

Source *source_new(Arena *arena, const char *path, const char *text, size_t length)
{
    Source *source = arena_alloc(arena, sizeof *source);
    source->path = arena_string(arena, path, strlen(path));
    source->text = arena_string(arena, text, length);
    source->length = length;
    return source;
}

static const char *read_all(Arena *arena, FILE *file, size_t size, size_t *length)
{
    char *text = arena_alloc(arena, size + 1);
    *length = fread(text, 1, size, file);
    return ferror(file) ? NULL : text;
}

Source *source_read(Arena *arena, const char *path, const char **why)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &info) != 0) {
        *why = strerror(errno);
        if (file)
            fclose(file);
        return NULL;
    }
    if (!S_ISREG(info.st_mode) || info.st_size > largest_source) {
        *why = S_ISREG(info.st_mode) ? "it is larger than 16 MiB, no spec is" : "it is not a file";
        fclose(file);
        return NULL;
    }
    Source *source = arena_alloc(arena, sizeof *source);
    source->path = arena_string(arena, path, strlen(path));
    source->text = read_all(arena, file, (size_t)info.st_size, &source->length);
    if (!source->text)
        *why = strerror(errno);
    fclose(file);
    return source->text ? source : NULL;
}

Span span_join(Span first, Span last)
{
    if (!first.source)
        return last;
    if (first.source == last.source && last.end > first.end)
        first.end = last.end;
    return first;
}

Place span_place(Span span)
{
    Place place = {1, 1};
    if (!span.source)
        return place;
    for (size_t i = 0; i < span.begin && i < span.source->length; i++) {
        unsigned char c = (unsigned char)span.source->text[i];
        if (c == '\n') {
            place.line++;
            place.column = 1;
        } else if ((c & 0xC0) != 0x80) {
            place.column++;
        }
    }
    return place;
}

const char *span_text(Arena *arena, Span span)
{
    if (!span.source || span.end <= span.begin)
        return "";
    return arena_string(arena, span.source->text + span.begin, span.end - span.begin);
}

const char *span_where(Arena *arena, Span span)
{
    if (!span.source)
        return "?";
    const char *slash = strrchr(span.source->path, '/');
    const char *name = slash && !span.source->library ? slash + 1 : span.source->path;
    return arena_format(arena, "%s:%d", name, span_place(span).line);
}
