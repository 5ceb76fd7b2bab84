#include "trainer/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "trainer/folder.h"

enum { TRIES = 100, HOLDER_TEXT = 128 };

// Who holds it, as it wrote itself down: "4711 on host".
static void read_holder(const char *path, char holder[HOLDER_TEXT])
{
    holder[0] = '\0';
    FILE *file = fopen(path, "r");
    if (file && !fgets(holder, HOLDER_TEXT, file))
        holder[0] = '\0';
    if (file)
        fclose(file);
    holder[strcspn(holder, "\n")] = '\0';
}

static void write_holder(int file)
{
    char host[64] = "this machine", text[HOLDER_TEXT];
    gethostname(host, sizeof host - 1);
    const int length = snprintf(text, sizeof text, "%ld on %s\n", (long)getpid(), host);
    if (ftruncate(file, 0) != 0 || write(file, text, (size_t)length) != length)
        return;                         // the lock is what counts, not the name in it
}

// A holder that ended between our open and our lock has removed the file: then it is another one.
static bool is_still_there(int file, const char *path)
{
    struct stat ours, there;
    return fstat(file, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino
        && ours.st_dev == there.st_dev;
}

enum attempt { TAKEN, BUSY, GONE, IMPOSSIBLE };

static enum attempt attempt(struct lt_lock *lock)
{
    lock->file = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock->file < 0)
        return IMPOSSIBLE;              // no place to write in: saving will say so
    enum attempt result = TAKEN;
    while (flock(lock->file, LOCK_EX | LOCK_NB) != 0 && result == TAKEN)
        if (errno != EINTR)
            result = errno == EWOULDBLOCK ? BUSY : IMPOSSIBLE;
    if (result == TAKEN && !is_still_there(lock->file, lock->path))
        result = GONE;
    if (result == IMPOSSIBLE)
        unlink(lock->path);
    if (result != TAKEN) {
        close(lock->file);
        lock->file = -1;
    }
    return result;
}

static void wait_a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

bool lt_lock_take(struct lt_lock *lock, const char *folder, bool patient, struct lt_fault *fault)
{
    char holder[HOLDER_TEXT];
    *lock = (struct lt_lock){.file = -1, .path = lt_path_text("%s/run.lock", folder)};
    if (!lock->path)
        return lt_fail(fault, "no memory for the name of a file");
    enum attempt result = attempt(lock);
    for (int i = 0; i < TRIES && (result == GONE || (result == BUSY && patient)); i++) {
        if (result == BUSY)
            wait_a_moment();
        result = attempt(lock);
    }
    if (result == BUSY) {
        read_holder(lock->path, holder);
        lt_lock_release(lock);
        return lt_fail(fault, "%s: process %s trains in this folder; wait until it ends, or stop "
                       "it", folder, *holder ? holder : "of another program");
    }
    lock->state = result == TAKEN ? LT_LOCK_HELD : LT_LOCK_UNKNOWN;
    if (result == TAKEN)
        write_holder(lock->file);
    return true;
}

void lt_lock_release(struct lt_lock *lock)
{
    if (lock->state == LT_LOCK_HELD)
        unlink(lock->path);             // while it is ours
    if (lock->file >= 0)
        close(lock->file);
    free(lock->path);
    *lock = (struct lt_lock){.file = -1};
}
