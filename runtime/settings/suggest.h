// suggest.h: the name that somebody may have meant.
//
// Owns nothing and allocates nothing; names longer than 63 characters suggest nothing.
#pragma once

struct lt_suggestion {
    const char *best;
    int distance;
};

// Offers one known name; the nearest of all that were offered stays in `best`, or NULL if none is
// near enough to be worth saying.
void lt_suggest(struct lt_suggestion *suggestion, const char *given, const char *known);
