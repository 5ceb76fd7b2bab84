// folder.h: where a run's files lie: <root>/lightning_logs/version_N/checkpoints.
//
// N is one more than the greatest that is there. A version belongs to one run and to those that
// resume it. Paths that are returned are the caller's to free; NULL means that memory ran out, or
// what the comment says.
#pragma once
#include "base/fault.h"

// The greatest version under this root that is less than `below`, or -1.
int lt_folder_version(const char *root, int below);
char *lt_folder_path(const char *root, int version);            // "<root>/lightning_logs/version_3"

// Makes the next version and its checkpoint folder (if `checkpoints`).
char *lt_folder_make(const char *root, bool checkpoints, struct lt_fault *fault);

char *lt_path_text(const char *format, ...) LT_PRINTF(1, 2);

// The version folder that a checkpoint lies in, or NULL if it lies elsewhere.
char *lt_folder_of_checkpoint(const char *path);
