// fuzz: files that are nearly right, to every reader of data and weights.
//
//   data_fuzz SEEDS RUNS [SEED] [--planted]
//
// Takes the files of the folder SEEDS (named FORMAT.number), changes bytes, and opens and loads the
// result. A reader gives rows or one sentence; a crash, a sanitizer's report, more memory than the
// limit, or no sentence is a finding. Built with -DLTC_LIBFUZZER it is a target of libFuzzer, and
// the first byte of an input chooses the format.
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "checkpoint/checkpoint.h"
#include "checkpoint/safetensors.h"
#include "data/reader.h"
#include "lt/random.h"

enum { LONGEST = 1 << 15, SEEDS_AT_MOST = 1024, MEMORY = 512 << 20 };

static const char *const formats[] = {"idx", "npy", "npz", "csv", "safetensors"};
enum { FORMATS = sizeof formats / sizeof *formats };

static int file = -1;
static char path[64];

static bool put(const unsigned char *data, size_t size)
{
    if (file < 0) {
        file = memfd_create("fuzz", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    }
    return pwrite(file, data, size, 0) == (ssize_t)size && !ftruncate(file, (off_t)size);
}

// Touches every row, so that a pointer past the end shows.
static void read_rows(const struct lt_table *table)
{
    volatile unsigned char last = 0;
    for (int i = 0; i < table->column_count; i++) {
        const struct lt_column *column = &table->column[i];
        int64_t least, greatest;
        if (column->data && column->rows && column->row_bytes)
            last = column->data[(size_t)column->rows * column->row_bytes - 1];
        lt_column_extent(column, &least, &greatest);
        for (int k = 0; column->words && k < column->word_count; k++)
            last = (unsigned char)strlen(column->words[k]);
    }
    (void)last;
}

static bool read_table(const char *format, const char *option, struct lt_fault *fault)
{
    struct lt_table *table = lt_table_open(path, format, option, NULL, 0, fault);
    const bool loaded = table && lt_table_load(table, fault);
    if (loaded)
        read_rows(table);
    lt_table_close(table);
    return loaded;
}

static bool read_weights(struct lt_fault *fault)
{
    struct lt_safetensors tensors;
    const bool opened = lt_safetensors_open(&tensors, path, NULL, NULL, fault);
    int64_t shape[LT_MAX_RANK];
    for (size_t i = 0; opened && i < tensors.tensor_count; i++)
        lt_tensor_shape(&tensors.tensor[i], shape);
    if (opened)
        lt_safetensors_close(&tensors);
    struct lt_fault other = {.text = ""};
    FILE *nowhere = fopen("/dev/null", "w");
    if (nowhere && lt_checkpoint_print(path, nowhere, &other) != opened && !lt_failed(&other))
        lt_fail(fault, "printing differs from opening\n");
    if (nowhere)
        fclose(nowhere);
    return opened;
}

// false: neither rows nor one sentence.
static bool one(const char *format, const char *option, const unsigned char *data, size_t size)
{
    struct lt_fault fault = {.text = ""};
    if (!put(data, size))
        return true;
    const bool good = strcmp(format, "safetensors") ? read_table(format, option, &fault)
                                                    : read_weights(&fault);
    if (good == !lt_failed(&fault) && !strchr(fault.text, '\n'))
        return true;
    printf("%s: %s, and the sentence is \"%s\"\n", format, good ? "read" : "refused", fault.text);
    return false;
}

#ifdef LTC_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const options[] = {"", "separator=;\nmissing=?", "header=false"};
    if (size && !one(formats[data[0] % FORMATS], options[data[0] / FORMATS % 3], data + 1,
                     size - 1))
        abort();
    return 0;
}

#else

static struct seed { const char *format; unsigned char *data; size_t size; } seeds[SEEDS_AT_MOST];
static int seed_count;
static uint64_t draws, seed_of_run;

static size_t draw(size_t below)
{
    return below ? (size_t)(lt_random_mix64(lt_random_mix64(seed_of_run) + ++draws) % below) : 0;
}

static void read_seed(const char *folder, const char *name)
{
    char where[4096];
    snprintf(where, sizeof where, "%s/%s", folder, name);
    FILE *in = fopen(where, "rb");
    struct seed *seed = &seeds[seed_count];
    *seed = (struct seed){.data = malloc(LONGEST)};
    for (int i = 0; i < FORMATS; i++) {
        const size_t length = strlen(formats[i]);
        if (!strncmp(name, formats[i], length) && name[length] == '.')
            seed->format = formats[i];
    }
    if (in && seed->data && seed->format) {
        seed->size = fread(seed->data, 1, LONGEST / 2, in);
        seed_count++;
    } else {
        free(seed->data);
    }
    if (in)
        fclose(in);
}

// Bytes that numbers, quotes and sizes are likely to break on.
static unsigned char likely(void)
{
    static const unsigned char bytes[] = {0, 1, 0x7F, 0x80, 0xFF, '"', ',', '\n', '\r', '0', '9',
                                          '-', '.', 'e', '{', '}', '[', ']', '\\', ':', '(', ')', '\''};
    return draw(2) ? bytes[draw(sizeof bytes)] : (unsigned char)draw(256);
}

static size_t change(unsigned char *data, size_t size)
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

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    static const char *const options[] = {"", "separator=;\nmissing=?", "header=false",
                                          "separator=\\t\nmissing=1"};
    static unsigned char data[LONGEST + 16];
    if (argc < 3)
        return 2;
    DIR *folder = opendir(argv[1]);
    for (struct dirent *entry; folder && seed_count < SEEDS_AT_MOST && (entry = readdir(folder));)
        read_seed(argv[1], entry->d_name);
    if (folder)
        closedir(folder);
    const long runs = strtol(argv[2], NULL, 10);
    seed_of_run = argc > 3 ? strtoull(argv[3], NULL, 10) : (uint64_t)time(NULL);
    if (!seed_count || runs < 1)
        return 2;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY, MEMORY});
#endif
    int found = argc > 4 && !strcmp(argv[4], "--planted");
    const double start = now();
    for (long run = 0; run < runs; run++) {
        const struct seed *seed = &seeds[draw((size_t)seed_count)];
        size_t size = seed->size;
        memcpy(data, seed->data, size);
        for (size_t changes = 1 + draw(4); changes; changes--)
            size = change(data, size);
        found += !one(seed->format, options[draw(4)], data, size);
    }
    printf("seed %llu: %ld files from %d, %.0f a second, %d findings\n",
           (unsigned long long)seed_of_run, runs, seed_count, (double)runs / (now() - start),
           found);
    for (int i = 0; i < seed_count; i++)
        free(seeds[i].data);
    return found ? 1 : 0;
}

#endif
