// front.h: one text through the front end, with what must hold for every text.
//
// It ends within a second; every message has its place inside the text, and so has every node of
// the tree; the tree is no deeper than later passes stand; no tree without a message is broken.
#pragma once
#include <stdbool.h>
#include <stddef.h>

bool front_holds(const char *text, size_t length, bool print, const char **why);
