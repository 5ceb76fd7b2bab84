#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool said(const char *path)
{
    fprintf(stderr, "ltc: %s cannot be written: %s\n", path, strerror(errno));
    return false;
}

static bool write_all(int file, const char *text, size_t length)
{
    while (length) {
        ssize_t n = write(file, text, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        length -= (size_t)n;
    }
    return true;
}

bool file_write(Arena *arena, const char *path, const char *text, size_t length)
{
    const char *new = arena_format(arena, "%s.%ld.new", path, (long)getpid());
    int file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0)
        return said(path);
    bool good = write_all(file, text, length);
    good &= close(file) == 0;
    if (good && rename(new, path) == 0)
        return true;
    said(path);
    unlink(new);
    return false;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool folder_make(Arena *arena, const char *path)
{
    for (const char *at = path + 1;; at++) {
        if (*at && *at != '/')
            continue;
        const char *part = arena_string(arena, path, (size_t)(at - path));
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return said(part);
        if (!*at)
            return true;
    }
}

const char *file_stem(Arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t length = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    return arena_string(arena, name, length);
}

const char *file_stem_plain(Arena *arena, const char *path)
{
    const char *stem = file_stem(arena, path);
    char *plain = arena_string(arena, stem, strlen(stem));
    for (char *at = plain; *at; at++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-", *at) ||
            (at == plain && (*at == '-' || *at == '.')))
            *at = '_';
    return plain;
}

const char *folder_temporary(Arena *arena)
{
    const char *root = getenv("TMPDIR");
    char *path = arena_format(arena, "%s/ltc-XXXXXX", root && *root ? root : "/tmp");
    if (mkdtemp(path))
        return path;
    said(path);
    return NULL;
}
