// steps.c: an emitted program whose steps are timed: driven bare, or by its trainer.
//
//     steps bare N            N training steps of one batch, one after the other
//     steps fit --…           the trainer, with a clock at the start of each training step
//
// The last line is: steps, mean, median and longest time from one step to the next, the time of one
// copy of the variables, all in microseconds.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lt/program.h"

enum { MOST = 1 << 22 };

static double begun[MOST];
static int steps;
static lt_step *step;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec * 1e-3;
}

static void clocked(const struct lt_call *call)
{
    if (steps < MOST)
        begun[steps++] = now();
    step(call);
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double copy_time(void)
{
    const size_t bytes = lt_program.variable_bytes;
    char *from = malloc(bytes + 1), *to = malloc(bytes + 1);
    double least = 1e9;
    for (int i = 0; from && to && i < 10; i++) {
        memset(from, i, bytes);
        const double start = now();
        memcpy(to, from, bytes);
        const double time = now() - start;
        least = time < least ? time : least;
    }
    free(from);
    free(to);
    return least;
}

static void report(void)
{
    const int count = steps - 1;
    if (count < 1)
        return;
    const double mean = (begun[count] - begun[0]) / count;
    for (int i = 0; i < count; i++)
        begun[i] = begun[i + 1] - begun[i];
    qsort(begun, (size_t)count, sizeof *begun, by_size);
    printf("%d %.3f %.3f %.3f %.3f\n", count, mean, begun[count / 2], begun[count - 1], copy_time());
}

// A batch of zeros has the same work as any other.
static const void **batch_of(const struct lt_data *data)
{
    const void **field = calloc((size_t)data->field_count + 1, sizeof *field);
    for (int i = 0; i < data->field_count; i++)
        field[i] = calloc((size_t)data->batch + 1, data->field[i].row_bytes);
    return field;
}

static void drive(int count)
{
    const struct lt_program *p = &lt_program;
    double setting[256] = {0}, state[256] = {0}, metric[256] = {0};
    struct lt_value log[256] = {{0, 0}};
    bool frozen[256] = {false};
    for (int i = 0; i < p->setting_count; i++)
        setting[i] = p->setting[i].number;
    struct lt_host host = {.setting = setting, .state = state, .metric = metric, .frozen = frozen,
                           .training = 1, .ranks = 1, .micro_batches = 1};
    struct lt_call call = {.setting = setting, .state = state, .host = &host, .log = log,
                           .rows = p->data_count ? p->data[0].batch : 1,
                           .input = p->data_count ? batch_of(&p->data[0]) : NULL,
                           .block = aligned_alloc(64, (p->block_bytes + 127) / 64 * 64)};
    memset(call.block, 0, p->block_bytes);
    p->init(&call);
    for (int i = 0; i < count; i++) {
        host.step = (double)(call.step = (uint64_t)i);
        clocked(&call);
    }
}

int main(int argc, char **argv)
{
    struct lt_program program = lt_program;
    step = program.phase[LT_TRAIN];
    program.phase[LT_TRAIN] = clocked;
    int code = 0;
    if (argc > 2 && strcmp(argv[1], "bare") == 0)
        drive(atoi(argv[2]));
    else
        code = lt_main(&program, argc, argv);
    report();
    return code;
}
