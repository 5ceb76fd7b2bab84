// front.h: one text through what is fuzzed, with what must hold for every text.
//
// front.c takes the front end: it ends within a second; every message has its place inside the
// text, and so has every node of the tree; the tree is no deeper than later passes stand; no tree
// without a message is broken. whole.c takes the whole compiler, up to the emitted C.
#pragma once
#include <stdbool.h>
#include <stddef.h>

extern const bool front_takes_whole;    // whole specs are worth more than runs of lines
extern const char *front_folder;        // of the spec that was damaged: its data files lie there

bool front_holds(const char *text, size_t length, bool print, const char **why);

// What is looked at now and then, outside of the second: does a C compiler take the last program?
bool front_compiles(const char **why);
void front_summary(void);               // one more line for the end of a run
