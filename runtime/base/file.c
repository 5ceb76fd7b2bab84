#include "base/file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

bool lt_write_all(int file, const void *data, size_t bytes)
{
    for (const char *at = data; bytes > 0;) {
        const ssize_t got = write(file, at, bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        at += got;
        bytes -= (size_t)got;
    }
    return true;
}

bool lt_file_is_removed(int file)
{
    struct stat about;
    return fstat(file, &about) == 0 && about.st_nlink == 0;
}
