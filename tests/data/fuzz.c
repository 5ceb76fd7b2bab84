// fuzz: files that are nearly right, to every reader of data, weights, checkpoints and logs.
//
//   data_fuzz SEEDS RUNS READER|all [SEED] [--planted WHAT]
//
// Takes the files of the folder SEEDS (named READER.number), changes bytes, and has them read
// (targets.h). With -DLTC_LIBFUZZER it is a target of libFuzzer, and LT_READER names the reader.
// The input that ended the process is left as crash.READER in LT_CRASHES, or in the folder at hand.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include "lt/random.h"
#include "targets.h"

enum { LONGEST = 1 << 15, SEEDS_AT_MOST = 2048, MEMORY = 512 << 20, ALLOWED = 64 << 20 };

static bool is_modest(const struct target *target, size_t size)
{
    size_t peak;
    if (!peak_memory(&peak) || peak <= 10 * size + ALLOWED)
        return true;
    printf("%s: held %zu bytes to read %zu\n", target->name, peak, size);
    return false;
}

static bool one(const struct target *target, const unsigned char *data, size_t size)
{
    size_t before;
    peak_memory(&before);
    const bool good = target->read(data, size);
    return is_modest(target, size) && good;
}

#ifdef LTC_LIBFUZZER

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const struct target *target;
    if (!target)
        target = target_named(getenv("LT_READER") ? getenv("LT_READER") : "");
    if (!target || !one(target, data, size))
        abort();
    return 0;
}

#else

static struct seed { char name[64]; unsigned char *data; size_t size; } seeds[SEEDS_AT_MOST];
static int seed_count;
static uint64_t draws, seed_of_run;

static unsigned char data[LONGEST + 16];
static size_t data_size;
static const struct target *reading;

static size_t draw(size_t below)
{
    return below ? (size_t)(lt_random_mix64(lt_random_mix64(seed_of_run) + ++draws) % below) : 0;
}

static void read_seed(const char *folder, const char *name)
{
    char where[4096];
    snprintf(where, sizeof where, "%s/%s", folder, name);
    struct seed *seed = &seeds[seed_count];
    *seed = (struct seed){.data = malloc(LONGEST)};
    snprintf(seed->name, sizeof seed->name, "%s", name);
    FILE *in = strchr(name, '.') ? fopen(where, "rb") : NULL;
    if (in && seed->data && seed_count + 1 < SEEDS_AT_MOST && name[0] != '.') {
        seed->size = fread(seed->data, 1, LONGEST / 2, in);
        seed_count++;
    } else {
        free(seed->data);
    }
    if (in)
        fclose(in);
}

static bool is_of(const struct seed *seed, const char *reader)
{
    const size_t length = reader ? strlen(reader) : 0;
    return length && !strncmp(seed->name, reader, length) && seed->name[length] == '.';
}

// ---- changes ------------------------------------------------------------------------------------

// Bytes that numbers, quotes and sizes are likely to break on.
static unsigned char likely(void)
{
    static const unsigned char bytes[] = {0, 1, 0x7F, 0x80, 0xFF, '"', ',', '\n', '\r', '0', '9',
                                          '-', '.', 'e', '{', '}', '[', ']', '\\', ':', '(', ')', '\''};
    return draw(2) ? bytes[draw(sizeof bytes)] : (unsigned char)draw(256);
}

static size_t change(size_t size)
{
    const size_t at = draw(size + 1), length = draw(16);
    switch (draw(5)) {
    case 0:
        if (at < size)
            data[at] ^= (unsigned char)(1 << draw(8));
        return size;
    case 1:
        if (at < size)
            data[at] = likely();
        return size;
    case 2:                             // a stretch goes
        if (at + length > size)
            return at;
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    case 3:                             // a stretch comes twice
        if (at + length > size || size + length > LONGEST)
            return size;
        memmove(data + at + length, data + at, size - at);
        return size + length;
    default:                            // a byte comes in
        if (size == LONGEST)
            return size;
        memmove(data + at + 1, data + at, size - at);
        data[at] = likely();
        return size + 1;
    }
}

// Changes to a random seed of this reader; false if it has none.
static bool make_input(const struct target *target)
{
    const struct seed *of[SEEDS_AT_MOST];
    size_t count = 0;
    for (int i = 0; i < seed_count; i++)
        if (is_of(&seeds[i], target->name) || is_of(&seeds[i], target->seeds))
            of[count++] = &seeds[i];
    if (!count)
        return false;
    const struct seed *seed = of[draw(count)];
    data_size = seed->size;
    memcpy(data, seed->data, data_size);
    for (size_t changes = 1 + draw(4); changes; changes--)
        data_size = change(data_size);
    return true;
}

// ---- the run ------------------------------------------------------------------------------------

static void keep_input(void)
{
    char name[4096];
    const char *folder = getenv("LT_CRASHES");
    snprintf(name, sizeof name, "%s/crash.%s", folder ? folder : ".", reading ? reading->name : "");
    FILE *out = fopen(name, "wb");
    if (!out)
        return;
    fwrite(data, 1, data_size, out);
    fclose(out);
}

#if defined(__SANITIZE_ADDRESS__)
void __sanitizer_set_death_callback(void (*callback)(void));
#else
static void __sanitizer_set_death_callback(void (*callback)(void))
{
    (void)callback;
    setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY, MEMORY});
}
#endif

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int run(const struct target *target, long runs)
{
    int found = 0;
    const double start = now();
    runs = target->slower ? runs / target->slower + 1 : runs;
    reading = target;
    for (long i = 0; i < runs; i++) {
        if (!make_input(target)) {
            printf("%s: no seeds\n", target->name);
            return 1;
        }
        if (one(target, data, data_size) || found++)
            continue;
        keep_input();
    }
    printf("%-12s %ld files, %.0f a second, %d findings\n", target->name, runs,
           (double)runs / (now() - start), found);
    fflush(stdout);
    return found;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    DIR *folder = opendir(argv[1]);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        read_seed(argv[1], entry->d_name);
    if (folder)
        closedir(folder);
    const long runs = strtol(argv[2], NULL, 10);
    const struct target *only = target_named(argv[3]);
    seed_of_run = argc > 4 && argv[4][0] != '-' ? strtoull(argv[4], NULL, 10) : (uint64_t)time(NULL);
    planted_fault = argc > 5 && !strcmp(argv[argc - 2], "--planted") ? argv[argc - 1] : NULL;
    if (!seed_count || runs < 1 || (!only && strcmp(argv[3], "all")))
        return 2;
    printf("seed %llu\n", (unsigned long long)seed_of_run);
    fflush(stdout);
    __sanitizer_set_death_callback(keep_input);
    int found = 0;
    for (int i = 0; i < target_count; i++)
        if (!only || only == &targets[i])
            found += run(&targets[i], runs);
    for (int i = 0; i < seed_count; i++)
        free(seeds[i].data);
    return found ? 1 : 0;
}

#endif
