#include "trainer/save_job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trainer/folder.h"
#include "trainer/keep.h"
#include "trainer/state.h"

bool lt_save_job_make(struct lt_save_job *job, struct lt_run *run, struct lt_fault *fault)
{
    *job = (struct lt_save_job){.folder = run->saves.folder, .program = run->program};
    for (int i = 0; i < LT_LOGGERS_OF_ROWS; i++) {
        job->log_file[i] = run->rows[i].file;
        job->log_path[i] = run->rows[i].path;
    }
    job->settings_folder = run->settings_synced ? NULL : run->folder;
    run->settings_synced = true;
    return lt_state_gather(run, &job->state, fault);
}

void lt_save_job_add(struct lt_save_job *job, const char *file)
{
    const int index = job->files++;
    snprintf(job->file[index], LT_FILE_MOST, "%s", file);
    if (!lt_run_state_set(&job->state, LT_SAVED_AS, file))
        lt_fail(&job->fault, "no memory to save a checkpoint");
    else
        lt_image_make(&job->image[index], job->program, &job->state, &job->fault);
}

static bool write_file(struct lt_save_job *job, int index, const void *block)
{
    if (!job->image[index].program)
        return false;
    char *path = lt_path_text("%s/%s", job->folder, job->file[index]);
    const bool written = path ? lt_image_write(&job->image[index], path, block, &job->fault)
                              : lt_fail(&job->fault, "no memory to save a checkpoint");
    free(path);
    return written;
}

static void delete_file(struct lt_save_job *job, const char *file)
{
    char *path = lt_path_text("%s/%s", job->folder, file);
    if (path && unlink(path) != 0 && errno != ENOENT)
        lt_fail(&job->deletion, "%s: cannot be deleted: %s", path, strerror(errno));
    free(path);
}

static void flush_logs(struct lt_save_job *job)
{
    for (int i = 0; i < LT_LOGGERS_OF_ROWS; i++)
        if (job->log_file[i] >= 0 && fdatasync(job->log_file[i]) != 0)
            lt_fail(&job->log_fault[i], "%s: cannot be written: %s", job->log_path[i],
                    strerror(errno));
}

void lt_save_job_run(struct lt_save_job *job, const void *block)
{
    bool whole = true;
    if (job->settings_folder)
        lt_keep_sync(job->settings_folder);
    flush_logs(job);
    for (int i = 0; i < job->files; i++)
        whole &= job->written[i] = write_file(job, i, block);
    for (int i = 0; whole && i < job->doomed_count; i++)
        delete_file(job, job->doomed[i]);
}

void lt_save_job_free(struct lt_save_job *job)
{
    for (int i = 0; i < job->files; i++)
        lt_image_free(&job->image[i]);
    lt_state_release(&job->state);
    job->files = 0;
}
