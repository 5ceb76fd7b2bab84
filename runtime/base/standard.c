#include "base/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void lt_standard_open(void)
{
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; number++)
        if (fcntl(number, F_GETFD) < 0 && errno == EBADF)
            if (open("/dev/null", O_RDWR) != number)
                return;                 // the lowest free number, so only where there is none
}

static bool reader_has_left(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return errno == EPIPE || (poll(&output, 1, 0) > 0 && output.revents & POLLERR);
}

bool lt_standard_flush(struct lt_fault *fault)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || reader_has_left())
        return true;
    return lt_fail(fault, "standard output cannot be written: %s",
                   errno ? strerror(errno) : "a write failed");
}
