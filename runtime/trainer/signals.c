#include "trainer/signals.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t leave_signal, save_asked;

static void note_leave(int signal)
{
    if (signal == SIGINT && leave_signal == SIGINT)
        _exit(128 + SIGINT);
    leave_signal = signal;
}

static void note_save(int signal)
{
    (void)signal;
    save_asked = 1;
}

static void handle(int signal, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

void lt_signals_open(void)
{
    handle(SIGINT, note_leave);
    handle(SIGTERM, note_leave);
    handle(SIGUSR1, note_save);
    handle(SIGPIPE, SIG_IGN);
    handle(SIGXFSZ, SIG_IGN);           // a file past its limit is a write that fails, no more
    struct sigaction before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)     // nohup
        handle(SIGHUP, note_leave);
}

int lt_signals_leave(void)
{
    return leave_signal;
}

bool lt_signals_save(void)
{
    if (!save_asked)
        return false;
    save_asked = 0;
    return true;
}

const char *lt_signal_name(int signal)
{
    return signal == SIGINT ? "SIGINT" : signal == SIGTERM ? "SIGTERM" : "SIGHUP";
}
