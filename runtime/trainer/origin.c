#include "trainer/origin.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/checkpoint.h"
#include "trainer/folder.h"

typedef char *lookup(const char *folder, const struct lt_program *program, FILE *out);

// Versions from the newest on, until one has it. A run that goes on also clears away what the saves
// of a run left that was killed before its first checkpoint was whole.
static char *search(const char *root, const struct lt_program *program, lookup *look, bool sweep)
{
    for (int version = lt_folder_version(root, INT_MAX); version >= 0;
         version = lt_folder_version(root, version)) {
        char *folder = lt_path_text("%s/lightning_logs/version_%d/checkpoints", root, version);
        if (folder && sweep)
            lt_checkpoint_sweep(folder, stderr);
        char *path = folder ? look(folder, program, stderr) : NULL;
        free(folder);
        if (path)
            return path;
    }
    return NULL;
}

static bool given_path(struct lt_origin *origin, const char *path, struct lt_fault *fault)
{
    origin->path = strdup(path);
    return origin->path || lt_fail(fault, "no memory for the name of a checkpoint");
}

bool lt_origin_resume(struct lt_origin *origin, const char *which, const char *root,
                      const struct lt_program *program, struct lt_fault *fault)
{
    *origin = (struct lt_origin){.word = which};
    if (strcmp(which, "best") == 0) {
        origin->path = search(root, program, lt_checkpoint_best, true);
    } else if (strcmp(which, "auto") == 0 || strcmp(which, "last") == 0) {
        origin->path = search(root, program, lt_checkpoint_newest, true);
    } else {
        origin->word = NULL;
        return given_path(origin, which, fault);
    }
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
        origin->path = search(root, program, lt_checkpoint_best, false);
        origin->word = "best";
    }
    if (!origin->path && (!which || strcmp(which, "last") == 0)) {
        origin->path = search(root, program, lt_checkpoint_newest, false);
        origin->word = "last";
    }
    if (origin->path)
        return true;
    return lt_fail(fault, "there is no checkpoint under %s/lightning_logs; run fit first, or give "
                   "--weights FILE (or --weights init for untrained values)", root);
}
