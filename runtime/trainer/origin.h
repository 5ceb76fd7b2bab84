// origin.h: which file a run starts from: auto, last, best, a path.
//
// Words are looked up in the newest version that has what they name. Damaged files are passed over
// with a line on stderr.
#pragma once
#include "base/fault.h"
#include "lt/program.h"
#include "trainer/lock.h"

struct lt_origin {
    char *path;                 // NULL: start anew
    const char *word;           // "best", "last" or NULL: a path was given
};

// --resume: `auto` starts anew where there is nothing to resume; the others are faults then. The
// version folder is locked before it is looked into; one that another process trains in is a fault.
bool lt_origin_resume(struct lt_origin *origin, const char *which, const char *root,
                      const struct lt_program *program, struct lt_lock *lock,
                      struct lt_fault *fault);

// --weights: NULL is best, else last. "init" starts from fresh values: path NULL.
bool lt_origin_weights(struct lt_origin *origin, const char *which, const char *root,
                       const struct lt_program *program, struct lt_fault *fault);
