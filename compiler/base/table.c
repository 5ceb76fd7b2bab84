#include "table.h"

#include <stdint.h>
#include <string.h>

typedef struct Entry {
    const char *name;                   // NULL: the key is `address`
    const void *address;                // NULL in an empty entry
    uint32_t hash;
    int number;
} Entry;

struct Table {
    Arena *arena;
    Entry *entry;
    uint32_t count, size;               // size is a power of two, or 0
};

Table *table_new(Arena *arena)
{
    Table *table = arena_alloc(arena, sizeof *table);
    table->arena = arena;
    return table;
}

// FNV-1a (Fowler, Noll, Vo).
static uint32_t hash_name(const char *name)
{
    uint32_t h = 2166136261u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619u;
    return h;
}

// Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4).
static uint32_t hash_address(const void *address)
{
    return (uint32_t)(((uint64_t)(uintptr_t)address * 0x9E3779B97F4A7C15) >> 32);
}

static bool is_key(const Entry *entry, const char *name, const void *address, uint32_t hash)
{
    if (entry->hash != hash || !entry->name != !name)
        return false;
    return name ? strcmp(entry->name, name) == 0 : entry->address == address;
}

// The entry of the key, or the empty one where it would stand.
static Entry *entry_of(const Table *table, const char *name, const void *address, uint32_t hash)
{
    uint32_t at = hash & (table->size - 1);
    while (table->entry[at].address && !is_key(&table->entry[at], name, address, hash))
        at = (at + 1) & (table->size - 1);
    return &table->entry[at];
}

static void widen(Table *table)
{
    const uint32_t before = table->size;
    const Entry *old = table->entry;
    table->size = before ? 2 * before : 16;
    table->entry = arena_alloc(table->arena, sizeof(Entry) * table->size);
    for (uint32_t i = 0; i < before; i++)
        if (old[i].address)
            *entry_of(table, old[i].name, old[i].address, old[i].hash) = old[i];
}

static int number_of(const Table *table, const char *name, const void *address, uint32_t hash)
{
    if (!table->size)
        return -1;
    const Entry *entry = entry_of(table, name, address, hash);
    return entry->address ? entry->number : -1;
}

static void put(Table *table, const char *name, const void *address, uint32_t hash, int number)
{
    if (4 * (table->count + 1) > 3 * table->size)
        widen(table);
    Entry *entry = entry_of(table, name, address, hash);
    table->count += !entry->address;
    *entry = (Entry){name, name ? name : address, hash, number};
}

int table_name(const Table *table, const char *name)
{
    return number_of(table, name, name, hash_name(name));
}

int table_address(const Table *table, const void *address)
{
    return number_of(table, NULL, address, hash_address(address));
}

void table_put_name(Table *table, const char *name, int number)
{
    put(table, name, name, hash_name(name), number);
}

void table_put_address(Table *table, const void *address, int number)
{
    put(table, NULL, address, hash_address(address), number);
}
