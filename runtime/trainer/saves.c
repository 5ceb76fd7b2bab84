#include "trainer/saves.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/print.h"
#include "trainer/background.h"
#include "trainer/folder.h"
#include "trainer/logs.h"

// ---- names --------------------------------------------------------------------------------------

static int find_log(const struct lt_program *program, const char *name)
{
    for (int i = 0; i < program->log_count; i++)
        if (strcmp(program->log[i].name, name) == 0)
            return i;
    return -1;
}

// ".3f" and the like; anything else is printed as %g.
static bool is_number_format(const char *text)
{
    const size_t digits = strspn(text, "0123456789.");
    return digits < 6 && text[digits] && strchr("defgEFG", text[digits]) && !text[digits + 1];
}

// ".3f", "02d" and the like; whole numbers are printed without a point.
static bool read_format(const char *text, char *format, size_t size)
{
    const size_t length = strlen(text);
    if (!is_number_format(text))
        return false;
    if (text[length - 1] == 'd')
        snprintf(format, size, "%%%.*s.0f", (int)length - 1, text);
    else
        snprintf(format, size, "%%%.8s", text);
    return true;
}

static bool value_of(const struct lt_run *run, const char *key, double *value)
{
    const int log = find_log(run->program, key);
    if (strcmp(key, "epoch") == 0)
        *value = run->host.epoch;
    else if (strcmp(key, "step") == 0)
        *value = run->host.step;
    else if (log >= 0)
        *value = run->metrics.newest[log];
    else
        return false;
    return true;
}

static int put_field(const struct lt_run *run, bool named, char *out, size_t size, char *key)
{
    char *colon = strchr(key, ':'), format[16], number[64];
    double value;
    if (colon)
        *colon = '\0';
    if (!value_of(run, key, &value)) {
        lt_print_note("{%s} in the name of a checkpoint is nothing that this program logs", key);
        return 0;
    }
    if (!colon || !read_format(colon + 1, format, sizeof format))
        snprintf(format, sizeof format, "%s", value == floor(value) ? "%.0f" : "%g");
    // The format was checked letter by letter above.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(number, sizeof number, format, value);
#pragma GCC diagnostic pop
    return named ? snprintf(out, size, "%s=%s", key, number) : snprintf(out, size, "%s", number);
}

// A name may not leave the folder, nor hide in it.
static void make_harmless(char *name)
{
    for (char *letter = name; *letter; letter++)
        if (*letter == '/' || iscntrl((unsigned char)*letter))
            *letter = '-';
    if (name[0] == '.')
        name[0] = '-';
}

void lt_save_name(const struct lt_run *run, const char *given, bool named, char *name,
                  size_t size)
{
    const char *from = given && *given ? given : "{epoch}-{step}";
    size_t used = 0;
    while (*from && used + 1 < size) {
        const char *close = *from == '{' ? strchr(from, '}') : NULL;
        if (!close || close - from > 100) {
            name[used++] = *from++;
            continue;
        }
        char key[104];
        snprintf(key, sizeof key, "%.*s", (int)(close - from - 1), from + 1);
        const int added = put_field(run, named, name + used, size - used, key);
        used = used + (size_t)added < size ? used + (size_t)added : size - 1;
        from = close + 1;
    }
    name[used] = '\0';
    make_harmless(name);
}

// ---- the list of those that are kept ------------------------------------------------------------

// Is a strictly better than b? Without a score a file is worse than any that has one.
static bool is_better(double a, double b, bool greater_is_better)
{
    if (isnan(a) || isnan(b))
        return !isnan(a) && isnan(b);
    return greater_is_better ? a > b : a < b;
}

static void kept_remove(struct lt_saves *saves, int at)
{
    memmove(&saves->kept[at], &saves->kept[at + 1],
            (size_t)(saves->kept_count - at - 1) * sizeof *saves->kept);
    saves->kept_count--;
}

static bool kept_insert(struct lt_saves *saves, int at, const struct lt_kept *entry)
{
    if (saves->kept_count == saves->kept_room) {
        const int room = 2 * saves->kept_room + 8;
        struct lt_kept *more = realloc(saves->kept, (size_t)room * sizeof *more);
        if (!more)
            return false;
        saves->kept = more;
        saves->kept_room = room;
    }
    memmove(&saves->kept[at + 1], &saves->kept[at],
            (size_t)(saves->kept_count - at) * sizeof *saves->kept);
    saves->kept[at] = *entry;
    saves->kept_count++;
    return true;
}

// Best first; among equals the older one, among those without a score the newest.
static int kept_place(const struct lt_saves *saves, const struct lt_save_request *request)
{
    int at = 0;
    while (at < saves->kept_count
           && (saves->kept[at].callback != request->callback
               || (!is_better(request->score, saves->kept[at].score, request->greater_is_better)
                   && !isnan(request->score))
               || (isnan(request->score) && !isnan(saves->kept[at].score))))
        at++;
    return at;
}

// The entry of this callback that has to go if one more comes, or -1; -2: the new one has to.
static int kept_victim(const struct lt_saves *saves, const struct lt_save_request *request)
{
    int count = 0, worst = -1;
    for (int i = 0; i < saves->kept_count; i++)
        if (saves->kept[i].callback == request->callback) {
            count++;
            worst = i;
        }
    if (request->keep < 0 || count < request->keep)
        return -1;
    const double score = saves->kept[worst].score;
    if (isnan(score) && isnan(request->score))
        return worst;
    return is_better(request->score, score, request->greater_is_better) ? worst : -2;
}

static bool is_kept(const struct lt_saves *saves, const char *file)
{
    for (int i = 0; i < saves->kept_count; i++)
        if (strcmp(saves->kept[i].file, file) == 0)
            return true;
    return false;
}

// ---- settling the list --------------------------------------------------------------------------

static void add_file(struct lt_saves *saves, const char *file)
{
    for (int i = 0; i < saves->files; i++)
        if (strcmp(saves->file[i], file) == 0)
            return;
    if (saves->files <= LT_SAVES)
        snprintf(saves->file[saves->files++], LT_FILE_MOST, "%s", file);
}

static void forget_file(struct lt_saves *saves, int callback, const char *file)
{
    for (int i = saves->kept_count - 1; i >= 0; i--)
        if ((callback == INT_MIN || saves->kept[i].callback == callback)
            && strcmp(saves->kept[i].file, file) == 0) {
            free(saves->kept[i].file);
            kept_remove(saves, i);
        }
}

static void doom(struct lt_saves *saves, int victim)
{
    if (saves->doomed_count < LT_SAVES)
        snprintf(saves->doomed[saves->doomed_count++], LT_FILE_MOST, "%s",
                 saves->kept[victim].file);
    free(saves->kept[victim].file);
    kept_remove(saves, victim);
}

// False if the file is not among the best and need not be written.
static bool settle(struct lt_run *run, const struct lt_save_request *request)
{
    struct lt_saves *saves = &run->saves;
    char file[LT_FILE_MOST];
    snprintf(file, sizeof file, "%s.safetensors", request->name);
    forget_file(saves, request->callback, file);

    const int victim = kept_victim(saves, request);
    if (victim == -2)
        return false;
    const struct lt_kept entry = {
        .callback = request->callback, .score = request->score,
        .greater_is_better = request->greater_is_better, .file = strdup(file),
    };
    if (victim >= 0 && entry.file)
        doom(saves, victim);
    if (!entry.file || !kept_insert(saves, kept_place(saves, request), &entry)) {
        lt_print_error("no memory to save a checkpoint");
        saves->failed = true;
        free(entry.file);
        return true;
    }
    add_file(saves, file);
    return true;
}

// ---- writing ------------------------------------------------------------------------------------

// A disk that stays full is one sentence, not one for each save that it refuses.
static void say_failed(struct lt_run *run, const struct lt_fault *fault)
{
    if (!run->saves.failing)
        lt_print_fault(fault);
    run->saves.failing = run->saves.failed = true;
}

static void add_doomed(struct lt_save_job *job, const struct lt_saves *saves)
{
    for (int i = 0; i < saves->doomed_count; i++)
        if (!is_kept(saves, saves->doomed[i]) && !strchr(saves->doomed[i], '/'))
            strcpy(job->doomed[job->doomed_count++], saves->doomed[i]);
}

// Tells what became of a save. A file that could not be written is forgotten, and what was to go
// for it stays.
static void conclude(struct lt_run *run, const struct lt_save_job *job, bool of_this_moment)
{
    struct lt_saves *saves = &run->saves;
    for (int i = 0; i < LT_LOGGERS_OF_ROWS; i++)
        if (lt_failed(&job->log_fault[i]))
            lt_logs_fault(run, (enum lt_logger)i, &job->log_fault[i]);
    if (lt_failed(&job->deletion))
        lt_print_note("%s", job->deletion.text);
    for (int i = 0; i < job->files; i++) {
        if (!job->written[i])
            forget_file(saves, INT_MIN, job->file[i]);
        saves->current |= job->written[i] && of_this_moment;
    }
    if (lt_failed(&job->fault))
        say_failed(run, &job->fault);
    else if (job->files > 0)
        saves->failing = false;
}

// Of a save in the background, if it is done, or (`wait`) when it is.
static void conclude_background(struct lt_run *run, bool wait)
{
    const struct lt_save_job *job = lt_background_end(run->saves.background, wait);
    if (job)
        conclude(run, job, !run->saves.moved_on);
}

static bool make_job(struct lt_run *run, struct lt_save_job *job)
{
    struct lt_fault fault = {.text = ""};
    conclude_background(run, true);
    lt_logs_flush(run);
    if (lt_save_job_make(job, run, &fault))
        return true;
    say_failed(run, &fault);
    return false;
}

// Writes the job and waits for the disk.
static void write_now(struct lt_run *run, struct lt_save_job *job)
{
    lt_save_job_run(job, run->block);
    conclude(run, job, true);
    lt_save_job_free(job);
}

static bool write_file(struct lt_run *run, const char *file)
{
    struct lt_save_job job;
    if (!make_job(run, &job))
        return false;
    lt_save_job_add(&job, file);
    write_now(run, &job);
    return job.written[0];
}

static void write_all(struct lt_run *run)
{
    struct lt_saves *saves = &run->saves;
    struct lt_save_job job;
    if (!make_job(run, &job))
        return;
    for (int i = 0; i < saves->files; i++)
        lt_save_job_add(&job, saves->file[i]);
    add_doomed(&job, saves);
    saves->moved_on = false;
    if (!saves->background || !lt_background_begin(saves->background, &job, run->block))
        write_now(run, &job);
}

void lt_saves_move_on(struct lt_run *run)
{
    run->saves.moved_on = true;
    run->saves.current = false;
    run->saves.files = run->saves.doomed_count = 0;
    conclude_background(run, false);
}

void lt_saves_settle(struct lt_run *run)
{
    conclude_background(run, true);
}

// A callback that keeps only the best may not lose the work since then: where its file was not good
// enough, the position goes to last.safetensors.
void lt_saves_perform(struct lt_run *run)
{
    struct lt_saves *saves = &run->saves;
    const int requests = saves->requests;
    bool last = false, refused = false;

    saves->requests = 0;
    for (int i = 0; i < requests; i++) {
        if (saves->request[i].keep != 0)
            refused |= !settle(run, &saves->request[i]);
        last |= saves->request[i].last;
    }
    if (last || (refused && saves->files == 0))
        add_file(saves, "last.safetensors");
    if (requests > 0 && saves->files > 0)
        write_all(run);
}

const char *lt_saves_write_last(struct lt_run *run)
{
    if (!run->saves.folder)
        return NULL;
    return write_file(run, "last.safetensors") ? run->saves.last : NULL;
}

void lt_saves_forget(struct lt_run *run)
{
    while (run->saves.kept_count > 0) {
        free(run->saves.kept[run->saves.kept_count - 1].file);
        kept_remove(&run->saves, run->saves.kept_count - 1);
    }
    run->saves.files = run->saves.doomed_count = 0;
}

static bool is_there(struct lt_run *run, const char *file)
{
    struct lt_fault fault = {.text = ""};
    struct lt_run_state state = {.step = 0};
    char *path = lt_path_text("%s/%s", run->saves.folder, file);
    const bool whole = path && lt_checkpoint_peek(path, run->program, &state, &fault);
    const bool same = whole && state.step == run->at.step && state.epoch == run->at.epoch
                   && state.batch == run->at.batch;
    lt_run_state_free(&state);
    free(path);
    return same;
}

void lt_saves_complete(struct lt_run *run)
{
    struct lt_saves *saves = &run->saves;
    struct lt_save_job job;
    if (!saves->folder || !make_job(run, &job))
        return;
    for (int i = 0; i < saves->files; i++)
        if (!is_there(run, saves->file[i]))
            lt_save_job_add(&job, saves->file[i]);
    add_doomed(&job, saves);
    write_now(run, &job);
}
