#include "settings/suggest.h"

#include <string.h>

enum { LONGEST = 63 };

static int least(int a, int b)
{
    return a < b ? a : b;
}

// The number of letters to insert, delete, replace or swap: Damerau and Levenshtein's distance,
// where no part is edited twice.
static int edit_distance(const char *a, const char *b)
{
    const int rows = (int)strlen(a), columns = (int)strlen(b);
    int before[LONGEST + 1] = {0}, last[LONGEST + 1], row[LONGEST + 1];

    for (int j = 0; j <= columns; j++)
        last[j] = j;
    for (int i = 1; i <= rows; i++) {
        row[0] = i;
        for (int j = 1; j <= columns; j++) {
            row[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]), least(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        memcpy(before, last, sizeof before);
        memcpy(last, row, sizeof last);
    }
    return last[columns];
}

static const char *last_component(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

// `max_epochs` for `trainer.max_epochs` is nearer than any slip of the pen.
static int distance(const char *given, const char *known)
{
    const char *tail = last_component(known);
    if (tail != known && strcmp(given, tail) == 0)
        return 0;
    const int whole = edit_distance(given, known);
    return tail != known && !strchr(given, '.') ? least(whole, edit_distance(given, tail) + 1)
                                                : whole;
}

void lt_suggest(struct lt_suggestion *suggestion, const char *given, const char *known)
{
    const size_t length = strlen(given);
    if (length > LONGEST || strlen(known) > LONGEST)
        return;
    const int apart = distance(given, known);
    const int most = 1 + (int)length / 4;
    if (apart <= most && (!suggestion->best || apart < suggestion->distance)) {
        suggestion->best = known;
        suggestion->distance = apart;
    }
}
