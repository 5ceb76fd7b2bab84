// folder: the checkpoints of a folder: leftovers removed, the newest and the best valid one found.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "checkpoint/file.h"
#include "data/reader.h"
#include "data/text.h"

static bool ends_in(const char *name, const char *suffix)
{
    const size_t length = strlen(name), end = strlen(suffix);
    return length > end && !strcmp(name + length - end, suffix);
}

static void say(FILE *out, const char *text)
{
    if (out)
        fprintf(out, "%s\n", text);
}

void lt_checkpoint_sweep(const char *folder, FILE *out)
{
    DIR *list = opendir(folder);
    if (!list)
        return;
    struct stat about;
    for (struct dirent *entry; (entry = readdir(list));) {
        const char *name = entry->d_name;
        if (!ends_in(name, LT_TEMPORARY_SUFFIX)
            || fstatat(dirfd(list), name, &about, AT_SYMLINK_NOFOLLOW) || !S_ISREG(about.st_mode))
            continue;
        const bool removed = !unlinkat(dirfd(list), name, 0);
        if (out && removed)
            fprintf(out, "%s/%s: removed, the start of a %s that was interrupted\n", folder, name,
                    strstr(name, LT_CHECKPOINT_SUFFIX) ? "checkpoint" : "file");
        else if (out)
            fprintf(out, "%s/%s: cannot be removed: %s\n", folder, name, strerror(errno));
    }
    closedir(list);
}

// ---- the newest ---------------------------------------------------------------------------------

struct candidate {
    char *path;
    int64_t step, epoch, batch;
    struct timespec written;
};

struct candidates {
    struct candidate *at;
    int count;
    bool failed;                // no memory
};

static int newest_first(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    const int64_t order[][2] = {
        {x->step, y->step}, {x->epoch, y->epoch}, {x->batch, y->batch},
        {x->written.tv_sec, y->written.tv_sec}, {x->written.tv_nsec, y->written.tv_nsec},
    };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (order[i][0] != order[i][1])
            return order[i][0] < order[i][1] ? 1 : -1;
    return strcmp(x->path, y->path);
}

bool lt_checkpoint_renamed(const char *path, const struct lt_run_state *state,
                           struct lt_fault *note)
{
    const char *slash = strrchr(path, '/');
    const char *was = lt_run_state_fact(state, LT_SAVED_AS);
    if (!was || !strcmp(was, slash ? slash + 1 : path))
        return false;
    char quote[LT_QUOTE];
    lt_fail(note, "%s: holds step %lld, and was saved as %s", path, (long long)state->step,
            lt_plain(quote, was));
    return true;
}

// A file whose header can be read is a candidate; one whose header can't gets its sentence.
static void consider(struct candidates *all, char *path, const struct lt_program *program,
                     FILE *out)
{
    struct lt_run_state state;
    struct lt_fault fault = {.text = ""};
    struct stat about;
    if (stat(path, &about) || !lt_checkpoint_peek(path, program, &state, &fault)) {
        say(out, fault.text[0] ? fault.text : path);
        free(path);
        return;
    }
    if (lt_checkpoint_renamed(path, &state, &fault))
        say(out, fault.text);           // what it holds counts, not what it is called
    struct candidate *more = realloc(all->at, ((size_t)all->count + 1) * sizeof *more);
    if (more) {
        all->at = more;
        all->at[all->count++] = (struct candidate){path, state.step, state.epoch, state.batch,
                                                   about.st_mtim};
    } else {
        free(path);
        all->failed = true;
    }
    lt_run_state_free(&state);
}

static struct candidates list_folder(const char *folder, const struct lt_program *program,
                                     FILE *out)
{
    struct candidates all = {0};
    DIR *list = opendir(folder);
    if (!list)
        return all;
    for (struct dirent *entry; (entry = readdir(list));) {
        if (!ends_in(entry->d_name, LT_CHECKPOINT_SUFFIX))
            continue;
        char *path = lt_path_join(folder, entry->d_name);
        if (path)
            consider(&all, path, program, out);
        else
            all.failed = true;
    }
    closedir(list);
    if (all.count)
        qsort(all.at, (size_t)all.count, sizeof *all.at, newest_first);
    return all;
}

static bool is_whole(const char *path, FILE *out)
{
    struct lt_checkpoint checkpoint;
    struct lt_fault fault = {.text = ""};
    if (lt_checkpoint_open(&checkpoint, path, true, &fault)) {
        lt_checkpoint_close(&checkpoint);
        return true;
    }
    say(out, fault.text);
    return false;
}

char *lt_checkpoint_newest(const char *folder, const struct lt_program *program, FILE *out)
{
    struct candidates all = list_folder(folder, program, out);
    char *found = NULL;
    for (int i = 0; i < all.count; i++) {
        if (!found && is_whole(all.at[i].path, out))
            found = all.at[i].path;
        else
            free(all.at[i].path);
    }
    free(all.at);
    return found;
}

// ---- the best -----------------------------------------------------------------------------------

static bool better(const struct lt_kept *a, const struct lt_kept *b)
{
    if (isnan(b->score))
        return !isnan(a->score);
    return a->greater_is_better ? a->score > b->score : a->score < b->score;
}

// Of the first callback that keeps any; each is taken out of the list when it was tried.
static struct lt_kept *best_kept(struct lt_run_state *state)
{
    struct lt_kept *best = NULL;
    int first = INT_MAX;
    for (int i = 0; i < state->kept_count; i++)
        if (state->kept[i].file && state->kept[i].callback < first)
            first = state->kept[i].callback;
    for (int i = 0; i < state->kept_count; i++) {
        struct lt_kept *kept = &state->kept[i];
        if (kept->file && kept->callback == first && (!best || better(kept, best)))
            best = kept;
    }
    return best;
}

// A list of the best names files, so one that has another's name is not the one that is meant.
static bool is_the_one(const char *path, const struct lt_program *program, FILE *out)
{
    struct lt_run_state state;
    struct lt_fault fault = {.text = ""};
    if (!lt_checkpoint_peek(path, program, &state, &fault)) {
        say(out, fault.text);
        return false;
    }
    const bool renamed = lt_checkpoint_renamed(path, &state, &fault);
    if (renamed && out)
        fprintf(out, "%s; passed over as the best\n", fault.text);
    lt_run_state_free(&state);
    return !renamed && is_whole(path, out);
}

char *lt_checkpoint_best(const char *folder, const struct lt_program *program, FILE *out)
{
    char *newest = lt_checkpoint_newest(folder, program, out), *found = NULL;
    struct lt_run_state state = {0};
    struct lt_fault fault = {.text = ""};
    if (newest && lt_checkpoint_peek(newest, program, &state, &fault))
        for (struct lt_kept *kept; !found && (kept = best_kept(&state));) {
            found = lt_path_join(folder, kept->file);
            free(kept->file);
            kept->file = NULL;
            if (found && !is_the_one(found, program, out)) {
                free(found);
                found = NULL;
            }
        }
    lt_run_state_free(&state);
    free(newest);
    return found;
}
