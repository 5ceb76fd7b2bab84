// loader: what must hold of splits, orders and batches, on files made here.
//
//   loader FOLDER [FILE.gz]      a folder to write into; an IDX file to time the first batch from
//   loader FOLDER --planted      with an order that is wrong, to show that the checks can fail
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "data/data.h"

enum { PIXELS = 6, ROWS_AT_MOST = 4096 };

static int failures;
static bool planted;

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            failures++;                                                                            \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                                 \
            printf(__VA_ARGS__);                                                                   \
            printf("\n");                                                                          \
        }                                                                                          \
    } while (0)

// ---- a data block -------------------------------------------------------------------------------

// x: the pixels and what the sample was called with; y: the label.
static void sample(const void *const *raw, void *const *out, void *scratch, uint64_t seed,
                   uint64_t epoch, uint64_t index, bool training)
{
    const uint8_t *pixel = raw[0];
    float *x = out[0];
    memset(scratch, (int)index, 100);
    for (int i = 0; i < PIXELS; i++)
        x[i] = pixel[i];
    x[PIXELS] = (float)seed;
    x[PIXELS + 1] = (float)epoch;
    x[PIXELS + 2] = (float)index;
    x[PIXELS + 3] = training;
    *(int32_t *)out[1] = *(const uint8_t *)raw[1];
}

static struct lt_raw_field raws[2] = {
    {.name = "image", .file = "images.idx", .format = "idx", .dtype = LT_U8, .rank = 2,
     .shape = {2, 3}},
    {.name = "label", .file = "labels.idx", .format = "idx", .dtype = LT_U8},
};

static const struct lt_field fields[2] = {
    {.name = "x", .dtype = LT_F32, .rank = 1, .shape = {PIXELS + 4},
     .row_bytes = (PIXELS + 4) * sizeof(float)},
    {.name = "y", .dtype = LT_I32, .row_bytes = sizeof(int32_t), .below = 10},
};

static struct lt_data block(void)
{
    return (struct lt_data){
        .name = "Digits", .source = "idx", .option = "",
        .train = {-1, false}, .val = {-1, false}, .test = {-1, false},
        .batch = 16, .shuffle = true, .raw_count = 2, .field_count = 2, .raw = raws,
        .field = fields, .sample = sample, .sample_scratch = 100,
    };
}

static void write_idx(const char *folder, const char *name, const int *sizes, int axes,
                      const uint8_t *data, size_t bytes)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    unsigned char start[4] = {0, 0, 8, (unsigned char)axes};
    if (!out)
        exit(2);
    fwrite(start, 1, 4, out);
    for (int i = 0; i < axes; i++) {
        const unsigned char size[4] = {0, 0, (unsigned char)(sizes[i] >> 8),
                                       (unsigned char)sizes[i]};
        fwrite(size, 1, 4, out);
    }
    fwrite(data, 1, bytes, out);
    fclose(out);
}

static void make_files(const char *folder, int rows, int bad_label_at)
{
    static uint8_t image[ROWS_AT_MOST * PIXELS], label[ROWS_AT_MOST];
    for (int i = 0; i < rows; i++) {
        for (int k = 0; k < PIXELS; k++)
            image[i * PIXELS + k] = (uint8_t)(i * 7 + k);
        label[i] = i == bad_label_at ? 77 : (uint8_t)(i % 10);
    }
    const int image_sizes[] = {rows, 2, 3}, label_sizes[] = {rows};
    write_idx(folder, "images.idx", image_sizes, 3, image, (size_t)rows * PIXELS);
    write_idx(folder, "labels.idx", label_sizes, 1, label, (size_t)rows);
}

static struct lt_dataset *open_data(const struct lt_data *data, const char *folder, uint64_t seed)
{
    struct lt_fault fault = {.text = ""};
    struct lt_dataset *dataset = lt_dataset_open(data, folder, seed, &fault);
    if (!dataset) {
        printf("%s\n", fault.text);
        exit(1);
    }
    return dataset;
}

static struct lt_loader *open_loader(struct lt_dataset *dataset, struct lt_loader_options options)
{
    struct lt_fault fault = {.text = ""};
    struct lt_loader *loader = lt_loader_open(dataset, &options, &fault);
    if (!loader) {
        printf("%s\n", fault.text);
        exit(1);
    }
    return loader;
}

// ---- coverage -----------------------------------------------------------------------------------

static void check_batch(const struct lt_batch *batch, uint64_t seed, bool training, int64_t epoch)
{
    const float *x = batch->field[0];
    const int32_t *y = batch->field[1];
    CHECK((uintptr_t)x % 64 == 0 && (uintptr_t)y % 64 == 0, "fields not aligned");
    for (int64_t r = 0; r < batch->rows; r++, x += PIXELS + 4) {
        const int64_t row = batch->index[r];
        CHECK(x[0] == (float)(uint8_t)(row * 7) && x[5] == (float)(uint8_t)(row * 7 + 5),
              "pixels of row %lld", (long long)row);
        CHECK(x[PIXELS] == (float)seed && x[PIXELS + 2] == (float)row, "seed and index");
        CHECK(x[PIXELS + 1] == (float)(training ? epoch : 0), "epoch %lld", (long long)epoch);
        CHECK(x[PIXELS + 3] == training, "training");
        CHECK(y[r] == row % 10, "label of row %lld", (long long)row);
    }
}

// Counts how often an epoch of a phase gives each row; returns how many rows it gave.
static int64_t cover(struct lt_loader *loader, enum lt_phase phase, uint64_t seed, int64_t epoch,
                     int *seen)
{
    struct lt_batch batch;
    struct lt_fault fault = {.text = ""};
    int64_t rows = 0, batches = 0;
    int got;
    lt_loader_start(loader, epoch, 0, lt_loader_batches(loader));
    while ((got = lt_loader_next(loader, &batch, &fault)) > 0) {
        CHECK(batch.epoch == epoch && batch.number == batches, "place of a batch");
        check_batch(&batch, seed, phase == LT_TRAIN, epoch);
        for (int64_t r = 0; r < batch.rows; r++)
            seen[batch.index[r] + (planted && rows == 0 && r == 0)]++;
        rows += batch.rows;
        batches++;
        lt_loader_release(loader);
    }
    CHECK(got == 0, "%s", fault.text);
    CHECK(batches == lt_loader_batches(loader), "%lld batches", (long long)batches);
    return rows;
}

// Every phase gives each of its rows once, in three epochs, and no phase gives another's.
static void check_coverage(struct lt_data data, const char *folder, int rows,
                           const int64_t expected[3], uint64_t seed)
{
    struct lt_dataset *dataset = open_data(&data, folder, seed);
    static int owner[ROWS_AT_MOST + 1];
    memset(owner, 0, sizeof owner);
    for (int phase = LT_TRAIN; phase <= LT_TEST; phase++) {
        CHECK(lt_dataset_phase_rows(dataset, (enum lt_phase)phase) == expected[phase],
              "phase %d has %lld rows, expected %lld", phase,
              (long long)lt_dataset_phase_rows(dataset, (enum lt_phase)phase),
              (long long)expected[phase]);
        if (!expected[phase])
            continue;
        struct lt_loader *loader = open_loader(dataset, (struct lt_loader_options){
            .phase = (enum lt_phase)phase, .seed = seed, .by_team = seed % 2 == 1});
        for (int64_t epoch = 0; epoch < 3; epoch++) {
            static int seen[ROWS_AT_MOST + 1];
            memset(seen, 0, sizeof seen);
            const int64_t got = cover(loader, (enum lt_phase)phase, seed, epoch, seen);
            CHECK(got == expected[phase], "%lld rows of %lld", (long long)got,
                  (long long)expected[phase]);
            for (int i = 0; i <= rows; i++) {
                CHECK(seen[i] <= 1, "row %d came %d times", i, seen[i]);
                if (seen[i] && data.split_given) {
                    CHECK(!owner[i] || owner[i] == phase + 1, "row %d is in two phases", i);
                    owner[i] = phase + 1;
                }
            }
        }
        lt_loader_close(loader);
    }
    lt_dataset_close(dataset);
}

static void coverage(const char *folder)
{
    struct lt_data data = block();
    for (int rows = 1; rows < 200; rows += 37) {
        make_files(folder, rows, -1);
        data.split_given = false;
        check_coverage(data, folder, rows, (int64_t[]){rows, rows, rows}, 3);
    }
    make_files(folder, 1000, -1);
    data.split_given = true;
    for (int file_order = 0; file_order < 2; file_order++)
        for (uint64_t seed = 0; seed < 3; seed++) {
            data.split_file_order = file_order;
            data.train = (struct lt_split){800, false};
            data.val = (struct lt_split){100, false};
            data.test = (struct lt_split){50, false};
            check_coverage(data, folder, 1000, (int64_t[]){800, 100, 50}, seed);
            data.train = (struct lt_split){0.7, true};
            data.val = (struct lt_split){0.29, true};
            data.test = (struct lt_split){0.01, true};
            check_coverage(data, folder, 1000, (int64_t[]){700, 290, 10}, seed);
            data.train = (struct lt_split){-1, false};
            data.val = (struct lt_split){0.1, true};
            data.test = (struct lt_split){33, false};
            check_coverage(data, folder, 1000, (int64_t[]){867, 100, 33}, seed);
        }
    make_files(folder, 101, -1);
    data.train = (struct lt_split){0.8, true};
    data.val = (struct lt_split){0.1, true};
    data.test = (struct lt_split){0.1, true};
    check_coverage(data, folder, 101, (int64_t[]){81, 10, 10}, 1);      // the rest goes round
    data.train = (struct lt_split){0.5, true};
    data.val = (struct lt_split){0.25, true};
    data.test = (struct lt_split){-1, false};
    check_coverage(data, folder, 101, (int64_t[]){50, 25, 0}, 1);       // rows left over
}

// ---- order --------------------------------------------------------------------------------------

static void orders(const char *folder)
{
    struct lt_data data = block();
    make_files(folder, 1000, -1);
    struct lt_dataset *dataset = open_data(&data, folder, 5);
    struct lt_loader *one = open_loader(dataset, (struct lt_loader_options){.seed = 5});
    struct lt_loader *two = open_loader(dataset, (struct lt_loader_options){.seed = 6});
    struct lt_loader *plain = open_loader(dataset, (struct lt_loader_options){.in_order = true});
    struct lt_loader *val = open_loader(dataset, (struct lt_loader_options){.phase = LT_VALIDATE});
    int same_seed = 0, same_epoch = 0, in_place = 0;
    for (int64_t i = 0; i < 1000; i++) {
        same_seed += lt_loader_row(one, 0, i) == lt_loader_row(two, 0, i);
        same_epoch += lt_loader_row(one, 0, i) == lt_loader_row(one, 1, i);
        in_place += lt_loader_row(one, 0, i) == i;
        CHECK(lt_loader_row(plain, 4, i) == i && lt_loader_row(val, 4, i) == i, "file order");
    }
    CHECK(same_seed < 10 && same_epoch < 10 && in_place < 10, "%d %d %d rows at the same place",
          same_seed, same_epoch, in_place);
    lt_loader_close(one);
    lt_loader_close(two);
    lt_loader_close(plain);
    lt_loader_close(val);
    lt_dataset_close(dataset);
}

// The split depends on its own seed, not on the run's.
static void split_seed(const char *folder)
{
    struct lt_data data = block();
    data.split_given = true;
    data.train = (struct lt_split){500, false};
    data.test = (struct lt_split){500, false};
    struct lt_dataset *dataset = open_data(&data, folder, 5);
    struct lt_loader *one = open_loader(dataset, (struct lt_loader_options){
        .phase = LT_TEST, .seed = 5});
    struct lt_loader *two = open_loader(dataset, (struct lt_loader_options){
        .phase = LT_PREDICT, .seed = 9});
    for (int64_t i = 0; i < 500; i++)
        CHECK(lt_loader_row(one, 0, i) == lt_loader_row(two, 1, i), "test row %lld", (long long)i);
    lt_loader_close(one);
    lt_loader_close(two);
    lt_dataset_close(dataset);
}

// ---- resuming -----------------------------------------------------------------------------------

enum { BATCHES = 63, EPOCHS = 3, LAST = 8 };         // 1000 rows by 16

struct kept { int64_t rows; float x[16][PIXELS + 4]; int32_t y[16]; int64_t index[16]; };

static struct kept all[EPOCHS][BATCHES];

static void keep(struct kept *kept, const struct lt_batch *batch)
{
    memset(kept, 0, sizeof *kept);
    kept->rows = batch->rows;
    memcpy(kept->x, batch->field[0], (size_t)batch->rows * sizeof *kept->x);
    memcpy(kept->y, batch->field[1], (size_t)batch->rows * sizeof *kept->y);
    memcpy(kept->index, batch->index, (size_t)batch->rows * sizeof *kept->index);
}

static void run_from(struct lt_loader *loader, int64_t epoch, int64_t first, bool record)
{
    struct lt_batch batch;
    struct lt_fault fault = {.text = ""};
    struct kept now;
    for (; epoch < EPOCHS; epoch++, first = 0) {
        lt_loader_start(loader, epoch, first, BATCHES);
        for (int64_t i = first; i < BATCHES; i++) {
            CHECK(lt_loader_next(loader, &batch, &fault) == 1, "%s", fault.text);
            keep(record ? &all[epoch][i] : &now, &batch);
            CHECK(record || !memcmp(&now, &all[epoch][i], sizeof now), "epoch %lld batch %lld",
                  (long long)epoch, (long long)i);
            CHECK(batch.rows == (i == BATCHES - 1 ? LAST : 16), "%lld rows", (long long)batch.rows);
            lt_loader_release(loader);
        }
        CHECK(lt_loader_next(loader, &batch, &fault) == 0, "the epoch goes on");
    }
}

// From any batch, with any number of threads and slots, the batches are the same.
static void resuming(const char *folder)
{
    struct lt_data data = block();
    struct lt_dataset *dataset = open_data(&data, folder, 7);
    struct lt_loader *loader = open_loader(dataset, (struct lt_loader_options){.seed = 7});
    run_from(loader, 0, 0, true);
    for (int64_t first = 0; first <= BATCHES; first += 7)
        run_from(loader, 1, first, false);
    lt_loader_close(loader);
    static const int shape[][2] = {{2, 1}, {2, 3}, {3, 2}, {64, 4}, {8, -1}, {1000, 1}};
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
        loader = open_loader(dataset, (struct lt_loader_options){
            .seed = 7, .slots = shape[i][0], .threads = shape[i][1]});
        run_from(loader, 0, 0, false);
        run_from(loader, 0, 5, false);
        lt_loader_close(loader);
    }
    // Left in the middle, held without release, started anew elsewhere, closed while at work.
    loader = open_loader(dataset, (struct lt_loader_options){.seed = 7, .slots = 4});
    struct lt_batch batch;
    struct lt_fault fault = {.text = ""};
    for (int64_t i = 0; i < 100; i++) {
        lt_loader_start(loader, i % EPOCHS, i % BATCHES, BATCHES - i % 3);
        const int got = lt_loader_next(loader, &batch, &fault);
        struct kept now;
        if (got == 1)
            keep(&now, &batch);
        CHECK(got == (i % BATCHES < BATCHES - i % 3), "%s", fault.text);
        CHECK(got != 1 || !memcmp(&now, &all[i % EPOCHS][i % BATCHES], sizeof now),
              "batch %lld after a restart", (long long)(i % BATCHES));
    }
    lt_loader_close(loader);
    lt_dataset_close(dataset);
}

static void last_batches(const char *folder)
{
    struct lt_data data = block();
    data.drop_last = true;
    struct lt_dataset *dataset = open_data(&data, folder, 7);
    struct lt_loader *loader = open_loader(dataset, (struct lt_loader_options){.seed = 7});
    CHECK(lt_loader_batches(loader) == 62, "%lld batches", (long long)lt_loader_batches(loader));
    lt_loader_close(loader);
    lt_dataset_close(dataset);
}

static void nothing(void)
{
    struct lt_data data = {.name = "None", .source = "none", .option = "", .batch = 32};
    struct lt_dataset *dataset = open_data(&data, ".", 0);
    struct lt_loader *loader = open_loader(dataset, (struct lt_loader_options){.seed = 1});
    struct lt_batch batch;
    struct lt_fault fault = {.text = ""};
    lt_loader_start(loader, 0, 3, 5);
    for (int i = 3; i < 5; i++)
        CHECK(lt_loader_next(loader, &batch, &fault) == 1 && batch.rows == 32 && batch.number == i,
              "batch %d of nothing", i);
    CHECK(lt_loader_next(loader, &batch, &fault) == 0, "an end");
    lt_loader_close(loader);
    lt_dataset_close(dataset);
}

// ---- refusals -----------------------------------------------------------------------------------

static void expect(const struct lt_fault *fault, const char *folder, const char *sentence)
{
    char expected[2048];
    size_t length = 0;
    for (const char *mark; (mark = strstr(sentence, "{f}")); sentence = mark + 3)
        length += (size_t)snprintf(expected + length, sizeof expected - length, "%.*s%s",
                                   (int)(mark - sentence), sentence, folder);
    snprintf(expected + length, sizeof expected - length, "%s", sentence);
    CHECK(!strcmp(fault->text, expected), "said: %s", fault->text);
}

static void refused(struct lt_data data, const char *folder, enum lt_phase phase,
                    const char *sentence)
{
    struct lt_fault fault = {.text = ""};
    struct lt_dataset *dataset = lt_dataset_open(&data, folder, 0, &fault);
    const struct lt_loader_options options = {.phase = phase};
    struct lt_loader *loader = dataset ? lt_loader_open(dataset, &options, &fault) : NULL;
    CHECK(!loader, "not refused: %s", sentence);
    expect(&fault, folder, sentence);
    lt_loader_close(loader);
    lt_dataset_close(dataset);
}

static void refusals(const char *folder)
{
    struct lt_data data = block();
    make_files(folder, 100, -1);
    data.split_given = true;
    data.train = (struct lt_split){90, false};
    data.val = (struct lt_split){20, false};
    refused(data, folder, LT_TRAIN, "Digits: the split asks for 110 rows (train 90, val 20, test "
            "0), but the source has 100");
    data.val.count = -1;
    refused(data, folder, LT_TEST, "Digits: the split leaves no rows for test");
    refused(data, folder, LT_VALIDATE, "Digits: the split leaves no rows for validation");
    data.batch = 200;
    data.drop_last = true;
    refused(data, folder, LT_TRAIN, "Digits: has 90 rows for training, less than one batch of 200");
    data = block();
    raws[0].shape[1] = 4;
    refused(data, folder, LT_TRAIN, "{f}/images.idx: has rows of u8[2, 3], but the program was "
            "built for u8[2, 4] (field image)");
    raws[0].shape[1] = 3;
    raws[1].dtype = LT_I32;
    refused(data, folder, LT_TRAIN, "{f}/labels.idx: has rows of u8, but the program was built for"
            " i32 (field label)");
    raws[1].dtype = LT_U8;
    raws[1].file = "absent.idx";
    refused(data, folder, LT_TRAIN, "{f}/absent.idx: cannot be opened: No such file or directory");
    raws[1].file = "labels.idx";
    write_idx(folder, "labels.idx", (const int[]){99}, 1, (const uint8_t[99]){0}, 99);
    refused(data, folder, LT_TRAIN, "{f}/labels.idx: has 99 rows, but {f}/images.idx has 100");
}

// A bad value is refused in its own batch, after those before it, and again after a restart.
static void bad_values(const char *folder, bool by_team)
{
    struct lt_data data = block();
    struct lt_batch batch;
    make_files(folder, 100, 50);
    struct lt_dataset *dataset = open_data(&data, folder, 0);
    struct lt_loader *loader = open_loader(dataset, (struct lt_loader_options){
        .in_order = true, .by_team = by_team});
    for (int again = 0; again < 2; again++) {
        struct lt_fault fault = {.text = ""};
        lt_loader_start(loader, 0, 0, lt_loader_batches(loader));
        for (int i = 0; i < 3; i++)
            CHECK(lt_loader_next(loader, &batch, &fault) == 1, "batch %d: %s", i, fault.text);
        CHECK(lt_loader_next(loader, &batch, &fault) == -1, "row 50 was taken");
        expect(&fault, folder, "{f}/labels.idx: row 50 has y 77, expected 0 to 9");
    }
    struct lt_fault fault = {.text = ""};
    CHECK(!lt_dataset_verify(dataset, &fault), "verified");
    expect(&fault, folder, "{f}/labels.idx: row 50 has y 77, expected 0 to 9");
    lt_loader_close(loader);
    lt_dataset_close(dataset);
}

// A text that the program doesn't know is refused where it would be an index.
static void take_word(const void *const *raw, void *const *out, void *scratch, uint64_t seed,
                      uint64_t epoch, uint64_t index, bool training)
{
    (void)scratch, (void)seed, (void)epoch, (void)index, (void)training;
    memcpy(out[0], raw[0], sizeof(int32_t));
}

static void unknown_words(const char *folder)
{
    static const char *const words[] = {"Bern", "Rome"};
    const struct lt_raw_field raw = {.name = "city", .file = "people.csv", .format = "csv",
                                     .dtype = LT_I32, .text = true, .words = words,
                                     .word_count = 2};
    const struct lt_field field = {.name = "town", .dtype = LT_I32, .row_bytes = sizeof(int32_t),
                                   .below = 2};
    struct lt_data data = {.name = "People", .source = "csv", .option = "missing=?", .batch = 2,
                           .raw_count = 1, .field_count = 1, .raw = &raw, .field = &field,
                           .sample = take_word};
    struct lt_batch batch;
    struct lt_fault fault = {.text = ""};
    char path[4096];
    snprintf(path, sizeof path, "%s/people.csv", folder);
    FILE *out = fopen(path, "w");
    if (!out)
        exit(2);
    fputs("name,city\na,Rome\nb,Bern\nc,Oslo\n", out);
    fclose(out);
    struct lt_dataset *dataset = open_data(&data, folder, 0);
    struct lt_loader *loader = open_loader(dataset, (struct lt_loader_options){.threads = -1});
    lt_loader_start(loader, 0, 0, 2);
    CHECK(lt_loader_next(loader, &batch, &fault) == 1 && batch.rows == 2, "%s", fault.text);
    const int32_t *town = batch.field[0];
    CHECK(town[0] == 1 && town[1] == 0, "%d %d", town[0], town[1]);
    CHECK(lt_loader_next(loader, &batch, &fault) == -1, "Oslo was taken");
    expect(&fault, folder, "{f}/people.csv: row 2 has no text in column city, or one that the "
           "program was not built with");
    lt_loader_close(loader);
    lt_dataset_close(dataset);
}

// ---- time ---------------------------------------------------------------------------------------

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void ready_batches(const char *folder)
{
    enum { READY = 500 };
    static double took[READY];
    struct lt_data data = block();
    struct lt_batch batch;
    struct lt_fault fault = {.text = ""};
    make_files(folder, 1000, -1);
    data.batch = 2;
    struct lt_dataset *dataset = open_data(&data, folder, 0);
    struct lt_loader *loader = open_loader(dataset, (struct lt_loader_options){.slots = READY});
    lt_loader_start(loader, 0, 0, READY);
    usleep(100000);                     // until all are prepared
    for (int i = 0; i < READY; i++) {
        const double start = now();
        CHECK(lt_loader_next(loader, &batch, &fault) == 1, "%s", fault.text);
        lt_loader_release(loader);
        took[i] = now() - start;
    }
    qsort(took, READY, sizeof *took, ascending);
    printf("a batch that is ready: %.0f ns (median)\n", took[READY / 2]);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
    CHECK(took[READY / 2] < 1000, "slower than 1 us");
#endif
    lt_loader_close(loader);
    lt_dataset_close(dataset);
}

static void copy_image(const void *const *raw, void *const *out, void *scratch, uint64_t seed,
                       uint64_t epoch, uint64_t index, bool training)
{
    (void)scratch, (void)seed, (void)epoch, (void)index, (void)training;
    const uint8_t *from = raw[0];
    float *to = out[0];
    for (int i = 0; i < 784; i++)
        to[i] = (float)from[i] / 255;
}

static void first_batch(const char *file)
{
    const struct lt_raw_field raw = {.name = "image", .file = file, .format = "idx",
                                     .dtype = LT_U8, .rank = 2, .shape = {28, 28}};
    const struct lt_field field = {.name = "x", .dtype = LT_F32, .rank = 2, .shape = {28, 28},
                                   .row_bytes = 784 * sizeof(float)};
    struct lt_data data = {.name = "Images", .source = "idx", .option = "", .batch = 64,
                           .shuffle = true, .raw_count = 1, .field_count = 1, .raw = &raw,
                           .field = &field, .sample = copy_image};
    struct lt_batch batch;
    struct lt_fault fault = {.text = ""};
    const double start = now();
    struct lt_dataset *dataset = open_data(&data, NULL, 0);
    struct lt_loader *loader = open_loader(dataset, (struct lt_loader_options){.seed = 1});
    lt_loader_start(loader, 0, 0, lt_loader_batches(loader));
    const double opened = now();
    CHECK(lt_loader_next(loader, &batch, &fault) == 1, "%s", fault.text);
    const double first = now();
    int batches = 1;
    while (lt_loader_next(loader, &batch, &fault) > 0)
        batches++;
    printf("first batch %.1f ms after opening (%.2f ms of it here), then %.1f us a batch\n",
           (first - start) / 1e6, (opened - start) / 1e6, (now() - first) / 1e3 / batches);
    lt_loader_close(loader);
    lt_dataset_close(dataset);
}

// ---- going along --------------------------------------------------------------------------------

enum { ALONG = 100, OWN = 37, ALONG_BATCHES = 7 };      // rows of the other's epoch, own, batches

// The rows of `epochs` epochs, of at most `limit` batches each, as they come.
static int stream(struct lt_loader *loader, int epochs, int limit, int64_t *index)
{
    struct lt_batch batch;
    struct lt_fault fault = {.text = ""};
    int count = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
        lt_loader_start(loader, epoch, 0, limit);
        for (int i = 0; i < limit; i++) {
            CHECK(lt_loader_next(loader, &batch, &fault) == 1, "%s", fault.text);
            CHECK(batch.rows == (i == ALONG_BATCHES - 1 ? ALONG % 16 : 16), "%lld rows",
                  (long long)batch.rows);
            for (int64_t r = 0; r < batch.rows; r++)
                index[count++] = batch.index[r];
            lt_loader_release(loader);
        }
        CHECK(lt_loader_next(loader, &batch, &fault) == 0, "the epoch goes on");
    }
    return count;
}

// Each run of OWN rows has all of them, in an order of its own.
static void check_rounds(const int64_t *index, int count)
{
    int alike = 0;
    for (int first = 0; first + OWN <= count; first += OWN) {
        static int seen[ROWS_AT_MOST + 1];
        memset(seen, 0, sizeof seen);
        for (int i = first; i < first + OWN; i++) {
            CHECK(!seen[index[i]]++, "row %lld twice in a round", (long long)index[i]);
            alike += first > 0 && index[i] == index[i - OWN];
        }
    }
    CHECK(alike < OWN, "%d rows at the place of the round before", alike);
}

static void check_start(struct lt_loader *loader, int epoch, int first, int limit,
                        const int64_t *index)
{
    struct lt_batch batch;
    struct lt_fault fault = {.text = ""};
    const int rows = limit < ALONG_BATCHES ? limit * 16 : ALONG;
    lt_loader_start(loader, epoch, first, limit);
    CHECK(lt_loader_next(loader, &batch, &fault) == 1, "%s", fault.text);
    CHECK(!memcmp(batch.index, index + epoch * rows + first * 16,
                  (size_t)batch.rows * sizeof *index), "epoch %d batch %d", epoch, first);
}

static void going_along(const char *folder)
{
    static int64_t index[5 * ALONG];
    struct lt_data data = block();
    make_files(folder, 1000, -1);
    data.split_given = true;
    data.train = (struct lt_split){OWN, false};
    for (int drop_last = 0; drop_last < 2; drop_last++)
        for (int limit = 1; limit <= ALONG_BATCHES; limit += 2) {
            data.drop_last = drop_last;             // the other's counts
            struct lt_dataset *dataset = open_data(&data, folder, 5);
            struct lt_loader *loader = open_loader(dataset, (struct lt_loader_options){
                .seed = 5, .along = ALONG, .by_team = limit == 3});
            CHECK(lt_loader_batches(loader) == ALONG_BATCHES && lt_loader_rows(loader) == ALONG,
                  "%lld batches", (long long)lt_loader_batches(loader));
            const int count = stream(loader, 5, limit, index);
            check_rounds(index, count);
            for (int epoch = 0; epoch < 5; epoch++)
                for (int first = 0; first < limit; first += 2)
                    check_start(loader, epoch, first, limit, index);
            lt_loader_close(loader);
            lt_dataset_close(dataset);
        }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    planted = argc > 2 && !strcmp(argv[2], "--planted");
    omp_set_num_threads(3);             // of a team
    coverage(argv[1]);
    orders(argv[1]);
    split_seed(argv[1]);
    resuming(argv[1]);
    going_along(argv[1]);
    last_batches(argv[1]);
    nothing();
    refusals(argv[1]);
    bad_values(argv[1], false);
    bad_values(argv[1], true);
    unknown_words(argv[1]);
    ready_batches(argv[1]);
    if (argc > 2 && !planted)
        first_batch(argv[2]);
    printf("%d failures\n", failures);
    return failures ? 1 : 0;
}
