// whole.h: small files that are whole or absent: written beside, synced, renamed.
#pragma once
#include <stddef.h>

#include "base/fault.h"

// Replaces `path`. What is no regular file (a pipe, a terminal) is written to as it is.
bool lt_write_whole(const char *path, const char *text, size_t length, struct lt_fault *fault);

// Could it be written? Leaves no file behind, and removes one of an earlier run.
bool lt_make_room_for(const char *path, struct lt_fault *fault);
