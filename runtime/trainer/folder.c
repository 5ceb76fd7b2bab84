#include "trainer/folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *lt_path_text(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    const int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    if (text)
        vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

// "version_12" is 12; anything else -1.
static int version_number(const char *name)
{
    static const char start[] = "version_";
    if (strncmp(name, start, sizeof start - 1) != 0)
        return -1;
    const char *digits = name + sizeof start - 1;
    const size_t length = strlen(digits);
    if (length == 0 || length > 8 || strspn(digits, "0123456789") != length)
        return -1;
    return atoi(digits);
}

int lt_folder_version(const char *root, int below)
{
    char *path = lt_path_text("%s/lightning_logs", root);
    DIR *folder = path ? opendir(path) : NULL;
    int newest = -1;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        const int number = version_number(entry->d_name);
        if (number > newest && number < below)
            newest = number;
    }
    if (folder)
        closedir(folder);
    free(path);
    return newest;
}

char *lt_folder_path(const char *root, int version)
{
    return lt_path_text("%s/lightning_logs/version_%d", root, version);
}

// Every folder of the path that is missing.
static bool make_all(char *path, struct lt_fault *fault)
{
    for (char *slash = path + 1;; slash++) {
        if (*slash != '/' && *slash != '\0')
            continue;
        const char was = *slash;
        *slash = '\0';
        const bool made = mkdir(path, 0777) == 0 || errno == EEXIST;
        if (!made)
            return lt_fail(fault, "%s: the folder cannot be made: %s; "
                           "--trainer.default_root_dir says where logs and checkpoints go", path,
                           strerror(errno));
        *slash = was;
        if (was == '\0')
            return true;
    }
}

// Another run may take the same number at the same moment: whoever makes the folder has it.
static char *make_version(const char *root, struct lt_fault *fault)
{
    for (int tries = 0; tries < 1000; tries++) {
        char *path = lt_folder_path(root, lt_folder_version(root, 1000000000) + 1);
        if (!path)
            break;
        if (mkdir(path, 0777) == 0)
            return path;
        const int why = errno;
        if (why != EEXIST)
            lt_fail(fault, "%s: the folder cannot be made: %s", path, strerror(why));
        free(path);
        if (why != EEXIST)
            return NULL;
    }
    lt_fail(fault, "no folder could be made under %s/lightning_logs", root);
    return NULL;
}

char *lt_folder_make(const char *root, bool checkpoints, struct lt_fault *fault)
{
    char *logs = lt_path_text("%s/lightning_logs", root);
    const bool there = logs && make_all(logs, fault);
    free(logs);
    if (!there)
        return NULL;
    char *version = make_version(root, fault);
    if (!version || !checkpoints)
        return version;
    char *folder = lt_path_text("%s/checkpoints", version);
    const bool made = folder && make_all(folder, fault);
    free(folder);
    if (made)
        return version;
    free(version);
    return NULL;
}

char *lt_folder_of_checkpoint(const char *path)
{
    static const char inside[] = "/checkpoints";
    char *folder = strdup(path);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash) {
        *slash = '\0';
        const size_t length = strlen(folder), tail = sizeof inside - 1;
        if (length > tail && strcmp(folder + length - tail, inside) == 0) {
            folder[length - tail] = '\0';
            const char *name = strrchr(folder, '/');
            if (version_number(name ? name + 1 : folder) >= 0)
                return folder;
        }
    }
    free(folder);
    return NULL;
}
