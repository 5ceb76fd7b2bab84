#include "base/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static bool cannot(const char *path, struct lt_fault *fault)
{
    return lt_fail(fault, "%s: cannot be written: %s", path, strerror(errno));
}

static bool is_special(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && !S_ISREG(about.st_mode);
}

static char *beside(const char *path, struct lt_fault *fault)
{
    const size_t size = strlen(path) + 32;
    char *name = malloc(size);
    if (name)
        snprintf(name, size, "%s.%ld.lt-tmp", path, (long)getpid());
    else
        lt_fail(fault, "no memory to write %s", path);
    return name;
}

static bool write_special(const char *path, const char *text, size_t length, struct lt_fault *fault)
{
    const int file = open(path, O_WRONLY | O_CLOEXEC);
    const bool whole = file >= 0 && lt_write_all(file, text, length);
    if (!whole)
        cannot(path, fault);
    if (file >= 0)
        close(file);
    return whole;
}

// The new name is on the disk when its folder is.
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = '\0';
    const int file = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return;
    fsync(file);
    close(file);
}

void lt_sync_file(const char *path)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    fsync(file);
    close(file);
}

static bool write_beside(const char *name, const char *text, size_t length, bool to_disk)
{
    const int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return false;
    const bool whole = lt_write_all(file, text, length) && (!to_disk || fsync(file) == 0);
    const int why = errno;
    if (close(file) != 0)
        return false;
    errno = why;
    return whole;
}

bool lt_write_whole(const char *path, const char *text, size_t length, bool to_disk,
                    struct lt_fault *fault)
{
    if (is_special(path))
        return write_special(path, text, length, fault);
    char *name = beside(path, fault);
    if (!name)
        return false;
    const bool whole = write_beside(name, text, length, to_disk) && rename(name, path) == 0;
    if (!whole) {
        cannot(path, fault);
        unlink(name);
    }
    free(name);
    if (whole && to_disk)
        sync_folder(path);
    return whole;
}

bool lt_make_room_for(const char *path, struct lt_fault *fault)
{
    struct stat about;
    if (is_special(path))
        return (stat(path, &about) == 0 && !S_ISDIR(about.st_mode))
            || lt_fail(fault, "%s: cannot be written: it is a folder", path);
    char *name = beside(path, fault);
    if (!name)
        return false;
    const int file = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0)
        cannot(path, fault);
    else
        close(file);
    const bool there = file >= 0 && unlink(name) == 0;
    free(name);
    return there && (unlink(path) == 0 || errno == ENOENT || cannot(path, fault));
}
