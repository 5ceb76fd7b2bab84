#include "base/threads.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPINS "10000"

// Of the OpenMP that the program was linked to; missing where no step is parallel.
extern void omp_set_num_threads(int threads) __attribute__((weak));
extern int omp_get_max_threads(void) __attribute__((weak));
extern int omp_get_thread_num(void) __attribute__((weak));
extern int omp_get_num_threads(void) __attribute__((weak));
// What gcc makes of `#pragma omp parallel`; LLVM's library has it too.
extern void GOMP_parallel(void (*work)(void *), void *argument, unsigned threads, unsigned flags)
    __attribute__((weak));
extern void __kmpc_global_thread_num(void) __attribute__((weak));      // LLVM's

static void wait_briefly(char **argv)
{
    if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY") || __kmpc_global_thread_num)
        return;
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length <= 0 || setenv("GOMP_SPINCOUNT", SPINS, 1) != 0)
        return;
    path[length] = '\0';
    execv(path, argv);
}

static bool begins_with(const char *word, const char *start)
{
    return strncmp(word, start, strlen(start)) == 0;
}

// Threads may be asked for by the line, by a file that it names, or by a variable.
static bool may_be_parallel(char **argv)
{
    if (omp_get_max_threads() > 1 || getenv("LT_THREADS") || getenv("LT_CONFIG"))
        return true;
    for (int i = 1; argv[0] && argv[i]; i++)
        if (begins_with(argv[i], "--threads") || begins_with(argv[i], "--config"))
            return true;
    return false;
}

void lt_threads_prepare(char **argv)
{
    if (omp_set_num_threads && omp_get_max_threads && may_be_parallel(argv))
        wait_briefly(argv);
}

void lt_threads_open(int threads)
{
    if (omp_set_num_threads && threads > 0)
        omp_set_num_threads(threads);
}

int lt_threads_count(void)
{
    return GOMP_parallel && omp_get_max_threads ? omp_get_max_threads() : 1;
}

bool lt_threads_fill_cores(void)
{
    cpu_set_t cores;
    return lt_threads_count() > 1 && sched_getaffinity(0, sizeof cores, &cores) == 0
        && CPU_COUNT(&cores) <= lt_threads_count();
}

struct share {
    void (*work)(void *argument, int thread, int threads);
    void *argument;
};

static void take_share(void *argument)
{
    const struct share *share = argument;
    share->work(share->argument, omp_get_thread_num(), omp_get_num_threads());
}

void lt_threads_share(void (*work)(void *argument, int thread, int threads), void *argument)
{
    struct share share = {work, argument};
    if (lt_threads_count() > 1)
        GOMP_parallel(take_share, &share, 0, 0);
    else
        work(argument, 0, 1);
}
