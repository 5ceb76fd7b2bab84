#include "trainer/background.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

struct lt_background {
    unsigned char *copy;        // of the block's variables
    size_t bytes;
    pthread_t thread;
    bool under_way;
    atomic_bool done;
    struct lt_save_job job;
};

// Written to once: no step is to wait for the system to find pages.
static bool take_memory(struct lt_background *background)
{
    void *copy = mmap(NULL, background->bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED)
        return false;
    background->copy = memset(copy, 0, background->bytes);
    return true;
}

struct lt_background *lt_background_open(const struct lt_program *program, struct lt_fault *fault)
{
    struct lt_background *background = calloc(1, sizeof *background);
    if (background) {
        background->bytes = program->variable_bytes ? program->variable_bytes : 64;
        if (take_memory(background))
            return background;
    }
    free(background);
    lt_fail(fault, "trainer.async_checkpoint needs %zu bytes of memory for a copy of the variables, "
            "and the system has not got them", program->variable_bytes);
    return NULL;
}

void lt_background_close(struct lt_background *background)
{
    if (!background)
        return;
    lt_save_job_free(&background->job);
    munmap(background->copy, background->bytes);
    free(background);
}

// Threads of a step come first where there are fewer cores than threads.
static void step_back(void)
{
#ifdef __linux__
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
#endif
}

static void *write_copy(void *argument)
{
    struct lt_background *background = argument;
    step_back();
    lt_save_job_run(&background->job, background->copy);
    atomic_store_explicit(&background->done, true, memory_order_release);
    return NULL;
}

// Signals are for the run's own thread.
static bool start_thread(struct lt_background *background)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int failed = pthread_create(&background->thread, NULL, write_copy, background);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !failed;
}

bool lt_background_begin(struct lt_background *background, const struct lt_save_job *job,
                         const void *block)
{
    memcpy(background->copy, block, background->bytes);
    lt_save_job_free(&background->job);
    background->job = *job;
    atomic_store_explicit(&background->done, false, memory_order_relaxed);
    background->under_way = start_thread(background);
    if (!background->under_way)
        background->job = (struct lt_save_job){.files = 0};     // it is the caller's
    return background->under_way;
}

const struct lt_save_job *lt_background_end(struct lt_background *background, bool wait)
{
    if (!background || !background->under_way
        || (!wait && !atomic_load_explicit(&background->done, memory_order_acquire)))
        return NULL;
    pthread_join(background->thread, NULL);
    background->under_way = false;
    return &background->job;
}
