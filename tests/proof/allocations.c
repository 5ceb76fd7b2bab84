// allocations.c: counts what is allocated while a step runs, by any thread of the process.
//
// Linked with an emitted file whose main is called emitted_main, it hands the runtime a copy of the
// program's table with steps of its own, which open and close the count. Teams of threads are made
// at a step's first call, so the first two calls of each step are not counted. The last line on
// stderr is the figure. With LT_PLANTED_FAULT set, a step allocates 16 bytes, which must be seen.
#include "lt/program.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct lt_program lt_program;
int lt_main(const struct lt_program *program, int argc, char **argv);

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum { CALLS_BEFORE = 2 };

static atomic_bool counting;
static atomic_long allocated, counted_steps;
static long calls[LT_PHASES];
static int planted;

static void count(void)
{
    if (atomic_load(&counting))
        atomic_fetch_add(&allocated, 1);
}

void *malloc(size_t size)
{
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size)
{
    count();
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    count();
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

static void step(enum lt_phase phase, const struct lt_call *call)
{
    const bool counted = calls[phase]++ >= CALLS_BEFORE;
    atomic_store(&counting, counted);
    if (planted) {
        void *volatile memory = malloc(16);
        free(memory);
    }
    lt_program.phase[phase](call);
    atomic_store(&counting, false);
    counted_steps += counted;
}

static void train(const struct lt_call *call)
{
    step(LT_TRAIN, call);
}

static void validate(const struct lt_call *call)
{
    step(LT_VALIDATE, call);
}

int main(int argc, char **argv)
{
    static struct lt_program program;
    program = lt_program;
    program.phase[LT_TRAIN] = train;
    if (program.phase[LT_VALIDATE])
        program.phase[LT_VALIDATE] = validate;
    planted = getenv("LT_PLANTED_FAULT") != NULL;
    const int code = lt_main(&program, argc, argv);
    fprintf(stderr, "%ld allocations in %ld steps\n", allocated, counted_steps);
    return code ? code : allocated > 0 || counted_steps < 10;
}
