// threads.h: the threads of parallel steps: how many there are, and how they wait.
//
// GNU's OpenMP lets a thread spin at a barrier for some milliseconds, which on cores that others
// use too costs more than the step: on 2 cores with one other process, a step of 37 us took 140 to
// 350, with 10000 turns (a fraction of a millisecond) 160, and 37 again on idle cores. It reads
// that number before `main`, so the program starts itself again with it, once, in about 1 ms.
// LLVM's OpenMP yields while it spins and is left alone, and so is whoever has set GOMP_SPINCOUNT
// or OMP_WAIT_POLICY.
#pragma once
#include <stdbool.h>

// May start the program again with `argv`; returns if that is not needed or fails. To be called
// before anything is read: a file may be a pipe.
void lt_threads_prepare(char **argv);
void lt_threads_open(int threads);      // 0: as OpenMP decides

// Whether the threads of a step take every core that this process may use, so that a thread beside
// them would only be in their way.
bool lt_threads_fill_cores(void);
int lt_threads_count(void);     // of a step

// Calls work(argument, thread, threads) on each thread of a step, and returns when all are done.
// Where steps have one thread there is one call.
void lt_threads_share(void (*work)(void *argument, int thread, int threads), void *argument);
