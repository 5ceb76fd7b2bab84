// words: an open hash table whose words are copied into chunks.
#include <stdlib.h>
#include <string.h>
#include "data/words.h"
#include "lt/random.h"

enum { FIRST_CAPACITY = 64, CHUNK_BYTES = 1 << 16 };

static uint64_t hash(const char *text, size_t length)
{
    uint64_t h = length;
    for (size_t i = 0; i < length; i += 8) {
        uint64_t piece = 0;
        memcpy(&piece, text + i, length - i < 8 ? length - i : 8);
        h = lt_random_mix64(h ^ piece) + 0x9E3779B97F4A7C15;
    }
    return h;
}

// The slot that has the word, or the free one where it would stand.
static uint32_t *slot_of(const struct lt_words *words, const char *text, size_t length)
{
    const uint32_t mask = words->slots - 1;
    uint32_t at = (uint32_t)hash(text, length) & mask;
    while (words->slot[at]) {
        const char *word = words->word[words->slot[at] - 1];
        if (!strncmp(word, text, length) && !word[length])
            break;
        at = (at + 1) & mask;
    }
    return &words->slot[at];
}

static bool grow(struct lt_words *words, struct lt_fault *fault)
{
    struct lt_table *table = words->table;
    const int capacity = words->capacity ? words->capacity * 2 : FIRST_CAPACITY;
    const char **word = lt_table_take(table, (uint64_t)capacity * sizeof *word, fault);
    int64_t *rows = lt_table_take(table, (uint64_t)capacity * sizeof *rows, fault);
    uint32_t *slot = lt_table_take(table, (uint64_t)capacity * 2 * sizeof *slot, fault);
    if (!word || !rows || !slot)
        return false;
    if (words->count) {
        memcpy(word, words->word, (size_t)words->count * sizeof *word);
        memcpy(rows, words->rows, (size_t)words->count * sizeof *rows);
    }
    memset(slot, 0, (size_t)capacity * 2 * sizeof *slot);
    lt_table_give(table, words->word);
    lt_table_give(table, words->rows);
    lt_table_give(table, words->slot);
    words->word = word;
    words->rows = rows;
    words->slot = slot;
    words->capacity = capacity;
    words->slots = (uint32_t)capacity * 2;
    for (int i = 0; i < words->count; i++)
        *slot_of(words, word[i], strlen(word[i])) = (uint32_t)i + 1;
    return true;
}

bool lt_words_start(struct lt_words *words, struct lt_table *table, struct lt_fault *fault)
{
    *words = (struct lt_words){.table = table};
    return grow(words, fault);
}

int lt_words_find(const struct lt_words *words, const char *text, size_t length)
{
    return (int)*slot_of(words, text, length) - 1;
}

static char *copy(struct lt_words *words, const char *text, size_t length, struct lt_fault *fault)
{
    if (length + 1 > CHUNK_BYTES / 4)
        return lt_table_text(words->table, text, length, fault);
    if (length + 1 > words->chunk_left) {
        words->chunk = lt_table_take(words->table, CHUNK_BYTES, fault);
        if (!words->chunk)
            return NULL;
        words->chunk_left = CHUNK_BYTES;
    }
    char *to = words->chunk;
    memcpy(to, text, length);
    to[length] = '\0';
    words->chunk += length + 1;
    words->chunk_left -= length + 1;
    return to;
}

int lt_words_add(struct lt_words *words, const char *text, size_t length, struct lt_fault *fault)
{
    uint32_t *slot = slot_of(words, text, length);
    if (*slot)
        return (int)*slot - 1;
    if (words->count == LT_WORDS_AT_MOST)
        return -1;
    if (words->count == words->capacity) {
        if (!grow(words, fault))
            return -1;
        slot = slot_of(words, text, length);
    }
    char *word = copy(words, text, length, fault);
    if (!word)
        return -1;
    words->word[words->count] = word;
    words->rows[words->count] = 0;
    *slot = (uint32_t)++words->count;
    return words->count - 1;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int32_t *lt_words_sort(struct lt_words *words, struct lt_fault *fault)
{
    const uint64_t count = (uint64_t)words->count;
    int32_t *now = lt_table_take(words->table, count * sizeof *now, fault);
    const char **sorted = lt_table_take(words->table, count * sizeof *sorted, fault);
    int64_t *rows = lt_table_take(words->table, count * sizeof *rows, fault);
    if (!now || !sorted || !rows)
        return NULL;
    memcpy(sorted, words->word, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_bytes);
    for (int i = 0; i < words->count; i++) {
        const int before = lt_words_find(words, sorted[i], strlen(sorted[i]));
        now[before] = i;
        rows[i] = words->rows[before];
    }
    for (uint32_t i = 0; i < words->slots; i++)
        if (words->slot[i])
            words->slot[i] = (uint32_t)now[words->slot[i] - 1] + 1;
    words->word = sorted;
    words->rows = rows;
    return now;
}
