// save_job.h: one save on its way to the disk: a position, the files that hold it, those that go.
//
// It has all that writing takes but the bytes of the variables, so it may be run by another thread
// and from a copy. The rows of the log are made sure of first and older files are deleted last, and
// only where every newer one was written. Nothing here prints: what went wrong is in the faults.
#pragma once
#include "trainer/run.h"

struct lt_save_job {
    struct lt_image image;
    const char *folder;                 // the run's, of checkpoints
    const char *settings_folder;        // whose settings go to the disk too; NULL: they are there
    char file[LT_SAVES + 1][LT_FILE_MOST], doomed[LT_SAVES][LT_FILE_MOST];
    int files, doomed_count;
    int log_file[LT_LOGGERS_OF_ROWS];   // their rows up to here belong to the position; -1: none
    bool written[LT_SAVES + 1];
    struct lt_fault fault, log_fault[LT_LOGGERS_OF_ROWS], deletion;
};

// The position of this moment. The files are the caller's to add.
bool lt_save_job_make(struct lt_save_job *job, struct lt_run *run, struct lt_fault *fault);
void lt_save_job_run(struct lt_save_job *job, const void *block);
void lt_save_job_free(struct lt_save_job *job);
