#include "trainer/origin.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "trainer/folder.h"

typedef char *lookup(const char *folder, const struct lt_program *program, FILE *out);

// Versions from the newest on, until one has it. With a lock, that one is locked; a version that is
// locked by another process ends the search. Under the lock also what a run left that was killed in
// its first save is cleared away.
static char *search(const char *root, const struct lt_program *program, lookup *look,
                    struct lt_lock *lock, struct lt_fault *fault)
{
    for (int version = lt_folder_version(root, INT_MAX); version >= 0;
         version = lt_folder_version(root, version)) {
        char *folder = lt_folder_path(root, version);
        char *inside = folder ? lt_path_text("%s/checkpoints", folder) : NULL;
        const bool free_to_read = inside && (!lock || lt_lock_take(lock, folder, true, fault));
        if (lock && free_to_read) {
            lt_checkpoint_sweep(folder, stderr);
            lt_checkpoint_sweep(inside, stderr);
        }
        char *path = free_to_read ? look(inside, program, stderr) : NULL;
        if (lock && free_to_read && !path)
            lt_lock_release(lock);
        free(folder);
        free(inside);
        if (path || lt_failed(fault))
            return path;
    }
    return NULL;
}

static bool given_path(struct lt_origin *origin, const char *path, struct lt_fault *fault)
{
    origin->path = strdup(path);
    return origin->path || lt_fail(fault, "no memory for the name of a checkpoint");
}

static bool lock_folder_of(struct lt_lock *lock, const char *path, struct lt_fault *fault)
{
    char *folder = lt_folder_of_checkpoint(path);
    const bool whole = !folder || lt_lock_take(lock, folder, true, fault);
    free(folder);
    return whole;
}

bool lt_origin_resume(struct lt_origin *origin, const char *which, const char *root,
                      const struct lt_program *program, struct lt_lock *lock,
                      struct lt_fault *fault)
{
    *origin = (struct lt_origin){.word = which};
    if (strcmp(which, "best") == 0) {
        origin->path = search(root, program, lt_checkpoint_best, lock, fault);
    } else if (strcmp(which, "auto") == 0 || strcmp(which, "last") == 0) {
        origin->path = search(root, program, lt_checkpoint_newest, lock, fault);
    } else {
        origin->word = NULL;
        return given_path(origin, which, fault) && lock_folder_of(lock, which, fault);
    }
    if (lt_failed(fault))
        return false;
    if (!origin->path && strcmp(which, "auto") != 0)
        return lt_fail(fault, "--resume %s: there is no checkpoint under %s/lightning_logs", which,
                       root);
    return true;
}

bool lt_origin_weights(struct lt_origin *origin, const char *which, const char *root,
                       const struct lt_program *program, struct lt_fault *fault)
{
    *origin = (struct lt_origin){.word = which};
    if (which && strcmp(which, "init") == 0)
        return true;
    if (which && strcmp(which, "best") != 0 && strcmp(which, "last") != 0) {
        origin->word = NULL;
        return given_path(origin, which, fault);
    }
    if (!which || strcmp(which, "best") == 0) {
        origin->path = search(root, program, lt_checkpoint_best, NULL, fault);
        origin->word = "best";
    }
    if (!origin->path && (!which || strcmp(which, "last") == 0)) {
        origin->path = search(root, program, lt_checkpoint_newest, NULL, fault);
        origin->word = "last";
    }
    if (origin->path)
        return true;
    return lt_fail(fault, "there is no checkpoint under %s/lightning_logs; run fit first, or give "
                   "--weights FILE (or --weights init for untrained values)", root);
}
