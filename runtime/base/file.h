// file.h: open files: what every writer of the runtime does with them.
#pragma once
#include <stdbool.h>
#include <stddef.h>

// Every byte, however often the system takes only some of them. false: errno says why.
bool lt_write_all(int file, const void *data, size_t bytes);

// Whether the file has lost its name: what is written to it is lost then.
bool lt_file_is_removed(int file);
