// lock.h: a version folder belongs to one process that trains in it.
//
// The kernel holds the lock for the file `run.lock`, so nothing is left of it when a process is
// killed; the file says who holds it and is removed at the end. Where a file system knows no locks
// a run goes on without one, and config.yaml says so.
#pragma once
#include "base/fault.h"

enum lt_lock_state { LT_LOCK_NONE, LT_LOCK_HELD, LT_LOCK_UNKNOWN };     // UNKNOWN: no locks here

struct lt_lock {
    enum lt_lock_state state;
    int file;
    char *path;
};

// False with a sentence if another process has it. `patient`: waits a moment for one that only
// looks into the folder, or was killed and is not quite gone.
bool lt_lock_take(struct lt_lock *lock, const char *folder, bool patient, struct lt_fault *fault);
void lt_lock_release(struct lt_lock *lock);
