// words.h: the different texts of a column and how often each occurs; private to runtime/data.
//
// Memory comes from the table that the words belong to. A word keeps the number it got first until
// lt_words_sort.
#pragma once
#include "data/table.h"

struct lt_words {
    struct lt_table *table;
    const char **word;
    int64_t *rows;
    int count, capacity;
    uint32_t *slot;             // hash table: number + 1, 0 free
    uint32_t slots;             // a power of two
    char *chunk;                // where the next copies go
    size_t chunk_left;
};

bool lt_words_start(struct lt_words *words, struct lt_table *table, struct lt_fault *fault);
int lt_words_find(const struct lt_words *words, const char *text, size_t length);      // or -1
// The number of the word, added if it is new; -1: no memory or more words than are kept.
int lt_words_add(struct lt_words *words, const char *text, size_t length, struct lt_fault *fault);
// Puts them in the order of their bytes; returns the new number of each, a block of the table.
int32_t *lt_words_sort(struct lt_words *words, struct lt_fault *fault);
