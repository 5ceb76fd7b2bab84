// whole.h: small files that are whole or absent: written beside and renamed.
#pragma once
#include <stddef.h>

#include "base/fault.h"

// Replaces `path`. What is no regular file (a pipe, a terminal) is written to as it is. Without
// `to_disk` it is safe from whatever ends the process, and from a loss of power when lt_sync_file
// has been called.
bool lt_write_whole(const char *path, const char *text, size_t length, bool to_disk,
                    struct lt_fault *fault);
void lt_sync_file(const char *path);

// Could it be written? Leaves no file behind, and removes one of an earlier run.
bool lt_make_room_for(const char *path, struct lt_fault *fault);
