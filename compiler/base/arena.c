#include "arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Block Block;
struct Block {
    Block *next;
    size_t used, size;
    max_align_t align;          // the payload starts behind the header, aligned for any type
};

struct Arena {
    Block *block;
};

enum { block_size = 1 << 18, alignment = 16 };

static void *payload(Block *block)
{
    return block + 1;
}

static Block *block_new(size_t size)
{
    Block *block = calloc(1, sizeof *block + size);
    if (!block) {
        fprintf(stderr, "ltc: out of memory\n");
        exit(3);
    }
    block->size = size;
    return block;
}

Arena *arena_new(void)
{
    Arena *arena = calloc(1, sizeof *arena);
    if (!arena) {
        fprintf(stderr, "ltc: out of memory\n");
        exit(3);
    }
    arena->block = block_new(block_size);
    return arena;
}

void arena_free(Arena *arena)
{
    for (Block *block = arena->block, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

void *arena_alloc(Arena *arena, size_t bytes)
{
    bytes = (bytes + alignment - 1) / alignment * alignment;
    if (arena->block->size - arena->block->used < bytes) {
        Block *block = block_new(bytes > block_size ? bytes : block_size);
        block->next = arena->block;
        arena->block = block;
    }
    void *at = (char *)payload(arena->block) + arena->block->used;
    arena->block->used += bytes;
    return at;
}

void *arena_copy(Arena *arena, const void *bytes, size_t count)
{
    void *copy = arena_alloc(arena, count);
    if (count)
        memcpy(copy, bytes, count);
    return copy;
}

char *arena_string(Arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);
    if (length)
        memcpy(copy, text, length);
    return copy;
}

char *arena_vformat(Arena *arena, const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, list);
    char *text = arena_alloc(arena, (size_t)(length > 0 ? length : 0) + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_format(Arena *arena, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = arena_vformat(arena, format, list);
    va_end(list);
    return text;
}

void *arena_grow(Arena *arena, void *array, int count, int *capacity, size_t element)
{
    if (count < *capacity)
        return array;
    int wider = *capacity ? *capacity * 2 : 8;
    void *moved = arena_alloc(arena, (size_t)wider * element);
    if (count)
        memcpy(moved, array, (size_t)count * element);
    *capacity = wider;
    return moved;
}

void bug(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "ltc: internal error, please report it with the spec: ");
    vfprintf(stderr, format, list);
    fprintf(stderr, "\n");
    va_end(list);
    exit(3);
}
