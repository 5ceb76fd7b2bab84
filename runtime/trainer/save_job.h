// save_job.h: one save on its way to the disk: a position, the files that hold it, those that go.
//
// It has all that writing takes but the bytes of the variables, so it may be run by another thread
// and from a copy. The rows of the logs are made sure of first and older files are deleted last, and
// only where every newer one was written. Nothing here prints: what went wrong is in the faults.
#pragma once
#include "trainer/run.h"

struct lt_save_job {
    struct lt_run_state state;          // of the moment
    const struct lt_program *program;
    const char *folder;                 // the run's, of checkpoints
    const char *settings_folder;        // whose settings go to the disk too; NULL: they are there
    struct lt_image image[LT_SAVES + 1];        // of each file: it knows its name
    char file[LT_SAVES + 1][LT_FILE_MOST], doomed[LT_SAVES][LT_FILE_MOST];
    int files, doomed_count;
    int log_file[LT_LOGGERS_OF_ROWS];   // whose rows up to here belong to the position; -1: none
    const char *log_path[LT_LOGGERS_OF_ROWS];
    bool written[LT_SAVES + 1];
    struct lt_fault fault, log_fault[LT_LOGGERS_OF_ROWS], deletion;
};

// The position of this moment; the logs are flushed. Freed by the caller, once it has been run.
bool lt_save_job_make(struct lt_save_job *job, struct lt_run *run, struct lt_fault *fault);
void lt_save_job_add(struct lt_save_job *job, const char *file);    // no memory: in the job's fault
void lt_save_job_run(struct lt_save_job *job, const void *block);
void lt_save_job_free(struct lt_save_job *job);
