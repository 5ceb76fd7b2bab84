// places: the main function of a compiled program that counts what it does, and can send itself a
// signal at a place of a test's choice. Linked with what `ltc emit` writes, whose own main is
// renamed, and with fsync and renameat wrapped by the linker.
//
//   LT_AT="15 train 7"   signal 15 in the 7th training batch; also sample, validate (the sanity
//                        check not counted), fsync, rename. "15+50000 train 7" waits 50 ms there.
//   LT_COUNTS=FILE       the counts, 64-bit numbers in the order of the names, written as they grow
//                        into memory shared with the file, so that they outlive a kill. `step` is
//                        the last one that ended, `later` the batches begun after the signal.
//   LT_LYING_DISK=3      a planted fault: of the 3rd file that is renamed, half is lost
//   LT_DEAF=3            a planted fault: the trainer hears of a signal at the 4th time it asks
//
// A sample that is handed a signal goes on: the signal is of the process, as a user's would be.
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "lt/program.h"

enum place { TRAIN, VALIDATE, SAMPLE, FSYNC, RENAME, STEP, LATER, PLACES };

static const char *const names[PLACES] = {"train", "validate", "sample", "fsync", "rename", "step",
                                           "later"};

static _Atomic int64_t own_counts[PLACES], *counts = own_counts;
static int signal_number, signal_place = PLACES;
static int64_t signal_count;
static long wait_microseconds, deaf, lies;
static atomic_bool signalled;

extern const struct lt_program lt_program;
int __real_fsync(int file);
int __wrap_fsync(int file);
int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __real_lt_signals_leave(void);
int __wrap_lt_signals_leave(void);

static void pass(enum place place)
{
    if (place <= VALIDATE && atomic_load(&signalled))
        atomic_fetch_add(&counts[LATER], 1);
    if (atomic_fetch_add(&counts[place], 1) + 1 != signal_count || (int)place != signal_place)
        return;
    atomic_store(&signalled, true);
    kill(getpid(), signal_number);
    const struct timespec time = {wait_microseconds / 1000000, wait_microseconds % 1000000 * 1000};
    nanosleep(&time, NULL);
}

int __wrap_fsync(int file)
{
    pass(FSYNC);
    return __real_fsync(file);
}

int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    pass(RENAME);
    if (lies > 0 && --lies == 0) {
        const int file = openat(from_folder, from, O_WRONLY);
        if (ftruncate(file, lseek(file, 0, SEEK_END) / 2))
            exit(99);
        close(file);
    }
    return __real_renameat(from_folder, from, to_folder, to);
}

int __wrap_lt_signals_leave(void)
{
    const int signal = __real_lt_signals_leave();
    return signal && deaf-- > 0 ? 0 : signal;
}

static void training_step(const struct lt_call *call)
{
    pass(TRAIN);
    lt_program.phase[LT_TRAIN](call);
    atomic_store(&counts[STEP], (int64_t)call->step);
}

static void validation_step(const struct lt_call *call)
{
    if (atomic_load(&counts[TRAIN]) > 0 || call->step > 0)
        pass(VALIDATE);
    lt_program.phase[LT_VALIDATE](call);
}

static void sample(const void *const *raw, void *const *out, void *scratch, uint64_t seed,
                   uint64_t epoch, uint64_t index, bool training)
{
    if (training)
        pass(SAMPLE);
    lt_program.data[0].sample(raw, out, scratch, seed, epoch, index, training);
}

static void read_environment(void)
{
    char name[16] = "";
    deaf = getenv("LT_DEAF") ? atol(getenv("LT_DEAF")) : 0;
    lies = getenv("LT_LYING_DISK") ? atol(getenv("LT_LYING_DISK")) : 0;
    const char *at = getenv("LT_AT"), *file = getenv("LT_COUNTS");
    if (at) {
        const char *rest = strchr(at, ' ');
        const char *plus = strchr(at, '+');
        signal_number = atoi(at);
        wait_microseconds = plus ? atol(plus + 1) : 0;
        if (!rest || sscanf(rest, "%15s %ld", name, &signal_count) != 2)
            exit(99);
        for (int i = 0; i < PLACES; i++)
            if (!strcmp(names[i], name))
                signal_place = i;
        if (signal_place == PLACES)
            exit(99);
    }
    const int shared = file ? open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (shared >= 0 && !ftruncate(shared, sizeof own_counts)) {
        void *map = mmap(NULL, sizeof own_counts, PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
        if (map != MAP_FAILED)
            counts = memset(map, 0, sizeof own_counts);
        close(shared);
    }
}

int main(int argc, char **argv)
{
    struct lt_program program = lt_program;
    struct lt_data data = lt_program.data[0];
    read_environment();
    data.sample = sample;
    program.data = &data;
    program.phase[LT_TRAIN] = training_step;
    if (program.phase[LT_VALIDATE])
        program.phase[LT_VALIDATE] = validation_step;
    return lt_main(&program, argc, argv);
}
