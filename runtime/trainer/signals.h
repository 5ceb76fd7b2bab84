// signals.h: what the world asks of a run.
//
// Handlers set a flag and do nothing else; the loop looks at it between batches. A second SIGINT,
// while the first is being answered, leaves at once. SIGPIPE is ignored: a reader of the console
// that goes away must not end a training, nor may a limit on the size of files.
#pragma once
#include <stdbool.h>

void lt_signals_open(void);

// The signal that asks the run to leave: SIGINT, SIGTERM or SIGHUP; 0: none.
int lt_signals_leave(void);
// True once for each SIGUSR1: save and go on.
bool lt_signals_save(void);

const char *lt_signal_name(int signal);
