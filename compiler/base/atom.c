#include "atom.h"

#include <stdint.h>
#include <string.h>

typedef struct Entry Entry;
struct Entry {
    Entry *next;
    size_t length;
    const char *text;
};

enum { buckets = 4096 };

struct AtomTable {
    Arena *arena;
    Entry *bucket[buckets];
};

AtomTable *atom_table_new(Arena *arena)
{
    AtomTable *table = arena_alloc(arena, sizeof *table);
    table->arena = arena;
    return table;
}

// FNV-1a (Fowler, Noll, Vo).
static uint32_t hash(const char *text, size_t length)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 16777619u;
    return h;
}

const char *atom_of(AtomTable *table, const char *text, size_t length)
{
    Entry **bucket = &table->bucket[hash(text, length) % buckets];
    for (Entry *entry = *bucket; entry; entry = entry->next)
        if (entry->length == length && memcmp(entry->text, text, length) == 0)
            return entry->text;

    Entry *entry = arena_alloc(table->arena, sizeof *entry);
    entry->text = arena_string(table->arena, text, length);
    entry->length = length;
    entry->next = *bucket;
    *bucket = entry;
    return entry->text;
}

const char *atom(AtomTable *table, const char *text)
{
    return atom_of(table, text, strlen(text));
}
