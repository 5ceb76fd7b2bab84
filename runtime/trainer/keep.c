#include "trainer/keep.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/print.h"
#include "base/whole.h"
#include "settings/print.h"
#include "trainer/folder.h"

static const char run_mark[] = "# run: ";

// ---- the command line ---------------------------------------------------------------------------

// As a shell reads it; a comment has one line, so a line break stands as $'\n'.
static void put_word(const char *word, FILE *out)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-./=:,+%@";
    if (*word && word[strspn(word, plain)] == '\0') {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", out);
        else if ((unsigned char)*word < ' ')
            fprintf(out, "'$'\\x%02x''", (unsigned char)*word);
        else
            fputc(*word, out);
    fputc('\'', out);
}

static void put_variables(const struct lt_run *run, FILE *out)
{
    struct lt_row row;
    for (int i = 0; i < lt_rows_count(run->settings); i++) {
        lt_row_read(run->settings, i, &row);
        const char *text = *row.variable ? getenv(row.variable) : NULL;
        if (!text || !*text)
            continue;
        fprintf(out, "%s=", row.variable);
        put_word(text, out);
        fputc(' ', out);
    }
}

static void put_command(const struct lt_run *run, FILE *out)
{
    char folder[PATH_MAX];
    fputs(run_mark, out);
    if (getcwd(folder, sizeof folder)) {
        fputs("cd ", out);
        put_word(folder, out);
        fputs(" && ", out);
    }
    put_variables(run, out);
    for (int i = 0; i < run->line->argc; i++) {
        fputs(i ? " " : "", out);
        put_word(run->line->argv[i], out);
    }
    fputc('\n', out);
}

// The lines of processes before this one.
static void put_earlier(const char *path, FILE *out)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t room = 0;
    while (file && getline(&text, &room, file) > 0)
        if (strncmp(text, run_mark, sizeof run_mark - 1) == 0)
            fputs(text, out);
    free(text);
    if (file)
        fclose(file);
}

// ---- the file -----------------------------------------------------------------------------------

static char *history_of(const struct lt_run *run, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    put_earlier(path, out);
    put_command(run, out);
    if (run->lock.state == LT_LOCK_UNKNOWN)
        fputs("# lock: none; this file system has no locks\n", out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static bool write_config(const struct lt_run *run, const char *path, struct lt_fault *fault)
{
    char *text = NULL, *history = history_of(run, path);
    size_t size = 0;
    FILE *out = history ? open_memstream(&text, &size) : NULL;
    if (out)
        lt_settings_write(run->line, run->settings, run->program, history, out);
    const bool made = out && fclose(out) == 0;
    const bool whole = made ? lt_write_whole(path, text, size, false, fault)
                            : lt_fail(fault, "no memory to write %s", path);
    free(history);
    free(text);
    return whole;
}

static bool write_hyperparameters(const struct lt_run *run, const char *path,
                                  struct lt_fault *fault)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (int i = 0; out && i < run->program->hyper_count; i++)
        fprintf(out, "%s: %s\n", run->program->hyper[i].name, run->program->hyper[i].text);
    if (out && run->program->hyper_count == 0)
        fputs("{}\n", out);
    const bool made = out && fclose(out) == 0;
    const bool whole = made ? lt_write_whole(path, text, size, false, fault)
                            : lt_fail(fault, "no memory to write %s", path);
    free(text);
    return whole;
}

typedef bool write_file(const struct lt_run *run, const char *path, struct lt_fault *fault);

static void keep(const struct lt_run *run, const char *name, write_file *write)
{
    struct lt_fault fault = {.text = ""};
    char *path = lt_path_text("%s/%s", run->folder, name);
    if (path ? !write(run, path, &fault) : !lt_fail(&fault, "no memory to write %s", name))
        lt_print_note("%s", fault.text);
    free(path);
}

void lt_keep_sync(const char *folder)
{
    static const char *const names[] = {"config.yaml", "hparams.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = lt_path_text("%s/%s", folder, names[i]);
        if (path)
            lt_sync_file(path);
        free(path);
    }
}

void lt_keep_settings(struct lt_run *run)
{
    if (!run->folder)
        return;
    lt_checkpoint_sweep(run->folder, NULL);     // the start of a file that was killed
    keep(run, "config.yaml", write_config);
    keep(run, "hparams.yaml", write_hyperparameters);
}
