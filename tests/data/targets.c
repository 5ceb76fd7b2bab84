#include "targets.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include "../checkpoint/toy.h"
#include "checkpoint/file.h"
#include "checkpoint/safetensors.h"
#include "data/reader.h"
#include "log/rows.h"
#include "settings/line.h"

const char *planted_fault;

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

static bool is_planted(const char *what)
{
    return planted_fault && !strcmp(planted_fault, what);
}

// Either what was read, or one sentence.
static bool judge(const char *what, bool read, struct lt_fault *fault)
{
    if (is_planted("silent"))
        fault->text[0] = '\0';
    if (read == !lt_failed(fault) && !strchr(fault->text, '\n'))
        return true;
    printf("%s: %s, and the sentence is \"%s\"\n", what, read ? "read" : "refused", fault->text);
    return false;
}

// ---- memory -------------------------------------------------------------------------------------

#if defined(__SANITIZE_ADDRESS__) || defined(__has_feature)
// Of the sanitizers' allocator; gcc has the functions, but no header that declares them.
int __sanitizer_install_malloc_and_free_hooks(void (*taken)(const volatile void *, size_t),
                                              void (*given)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *at);

static size_t held, most;

static void take(const volatile void *at, size_t size)
{
    (void)at;
    held += size;
    most = held > most ? held : most;
}

static void give(const volatile void *at)
{
    const size_t size = at ? __sanitizer_get_allocated_size(at) : 0;
    held -= size < held ? size : held;
}

bool peak_memory(size_t *bytes)
{
    static bool installed;
    if (!installed)
        installed = __sanitizer_install_malloc_and_free_hooks(take, give) != 0;
    *bytes = most;
    most = held = 0;
    return installed;
}
#else
bool peak_memory(size_t *bytes)
{
    *bytes = 0;
    return false;
}
#endif

// ---- tables of rows -----------------------------------------------------------------------------

// Touches every column's ends, so that a pointer past them shows.
static void read_rows(const struct lt_table *table)
{
    volatile unsigned char last = 0;
    for (int i = 0; i < table->column_count; i++) {
        const struct lt_column *column = &table->column[i];
        int64_t least, greatest;
        const size_t bytes = column->data ? (size_t)column->rows * column->row_bytes : 0;
        if (bytes)
            last = column->data[bytes - !is_planted("past")];
        lt_column_extent(column, &least, &greatest);
        for (int k = 0; column->words && k < column->word_count; k++)
            last = (unsigned char)strlen(column->words[k]);
    }
    (void)last;
}

static bool read_table(const char *format, const char *option)
{
    struct lt_fault fault = {.text = ""};
    struct lt_table *table = lt_table_open(path, format, option, NULL, 0, &fault);
    const bool loaded = table && lt_table_load(table, &fault);
    if (loaded)
        read_rows(table);
    if (loaded && is_planted("memory"))
        free(memset(malloc(80 << 20), 1, 80 << 20));
    lt_table_close(table);
    return judge(format, loaded, &fault);
}

static bool read_idx(const unsigned char *data, size_t size)
{
    return !put(data, size) || read_table("idx", "");
}

static bool read_npy(const unsigned char *data, size_t size)
{
    return !put(data, size) || read_table("npy", "");
}

static bool read_npz(const unsigned char *data, size_t size)
{
    return !put(data, size) || read_table("npz", "");
}

// The first byte chooses among options; a digit of a seed is as good as any.
static bool read_csv(const unsigned char *data, size_t size)
{
    static const char *const options[] = {"", "separator=;\nmissing=?", "header=false",
                                          "separator=\\t\nmissing=1"};
    return !put(data, size) || read_table("csv", options[size ? data[size / 2] % 4 : 0]);
}

// Half of the inputs are compressed here: damage to compressed bytes rarely passes the check sum.
static bool read_gzip(const unsigned char *data, size_t size)
{
    static unsigned char packed[1 << 17];
    z_stream stream = {.next_in = (unsigned char *)data, .avail_in = (unsigned)size,
                       .next_out = packed, .avail_out = sizeof packed};
    if (size > 1 && data[0] == 0x1F && data[1] == 0x8B)
        return read_idx(data, size);
    if (deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 1, Z_DEFAULT_STRATEGY) != Z_OK)
        return true;
    const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    deflateEnd(&stream);
    return !whole || read_idx(packed, sizeof packed - stream.avail_out);
}

// ---- weights and checkpoints --------------------------------------------------------------------

static bool read_safetensors(const unsigned char *data, size_t size)
{
    struct lt_safetensors tensors;
    struct lt_fault fault = {.text = ""}, other = {.text = ""};
    if (!put(data, size))
        return true;
    const bool opened = lt_safetensors_open(&tensors, path, NULL, NULL, &fault);
    int64_t shape[LT_MAX_RANK];
    for (size_t i = 0; opened && i < tensors.tensor_count; i++)
        lt_tensor_shape(&tensors.tensor[i], shape);
    if (opened)
        lt_safetensors_close(&tensors);
    FILE *nowhere = fopen("/dev/null", "w");
    if (!nowhere)
        return true;
    const bool printed = lt_checkpoint_print(path, nowhere, &other);
    fclose(nowhere);
    return judge("safetensors", opened, &fault) && judge("print", printed, &other);
}

// Makes the sum right, as a stranger would who knows the format.
static void seal(unsigned char *data, size_t size)
{
    enum { AT = 8 + sizeof LT_HEADER_START - 1 };
    char digits[LT_SUM_DIGITS + 1];
    if (size < AT + LT_SUM_DIGITS || memcmp(data + 8, LT_HEADER_START, AT - 8))
        return;
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--)
        length = length << 8 | data[i];
    if (length < AT + LT_SUM_DIGITS - 8 || length > size - 8)
        return;
    memset(data + AT, '0', LT_SUM_DIGITS);
    const uint64_t header = lt_sum_of(data + 8, length, 0);
    snprintf(digits, sizeof digits, "%016llx",
             (unsigned long long)lt_sum_of(data + 8 + length, size - 8 - length, header));
    memcpy(data + AT, digits, LT_SUM_DIGITS);
}

static bool read_checkpoint(const unsigned char *data, size_t size)
{
    static unsigned char block[2048];
    struct lt_run_state state;
    struct lt_fault load = {.text = ""}, peek = {.text = ""}, weights = {.text = ""};
    unsigned char *copy = malloc(size + 1);
    if (!copy)
        return true;
    memcpy(copy, data, size);
    seal(copy, size);
    const bool there = put(copy, size);
    free(copy);
    if (!there)
        return true;
    const bool loaded = lt_checkpoint_load(path, &toy, block, &state, &load);
    if (loaded)
        lt_run_state_free(&state);
    const bool peeked = lt_checkpoint_peek(path, &toy, &state, &peek);
    if (peeked)
        lt_run_state_free(&state);
    const bool weighed = lt_weights_load(path, &toy, block, NULL, &weights);
    return judge("checkpoint", loaded, &load) && judge("peek", peeked, &peek)
        && judge("weights", weighed, &weights);
}

// ---- our own logs -------------------------------------------------------------------------------

// A resumed run cuts a log back to the rows before its step; what stays is whole rows.
static bool read_rows_of(enum lt_rows_form form, const unsigned char *data, size_t size)
{
    static struct lt_record record;
    struct lt_fault fault = {.text = ""};
    struct lt_rows rows;
    if (!put(data, size) || (!record.program && !lt_record_open(&record, &toy, &fault)))
        return true;
    const bool opened = lt_rows_open(&rows, form, path, &record, size ? data[size - 1] : 5, &fault);
    lt_rows_close(&rows, &(struct lt_fault){.text = ""});
    char last = '\n';
    const off_t end = lseek(file, 0, SEEK_END);
    if (opened && end > 0 && (pread(file, &last, 1, end - 1) != 1 || last != '\n')) {
        printf("log: what is kept is not whole rows\n");
        return false;
    }
    return judge("log", opened, &fault);
}

static bool read_metrics(const unsigned char *data, size_t size)
{
    return read_rows_of(LT_ROWS_CSV, data, size);
}

static bool read_jsonl(const unsigned char *data, size_t size)
{
    return read_rows_of(LT_ROWS_JSON, data, size);
}

// ---- settings from a file -----------------------------------------------------------------------

static int complaints;
static bool bad_complaint;

// In the place of the function that prints them: each is one sentence.
void __wrap_lt_print_error(const char *format, ...);

void __wrap_lt_print_error(const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    complaints++;
    bad_complaint |= length <= 0 || strchr(text, '\n') || is_planted("silent");
}

static bool read_config(const unsigned char *data, size_t size)
{
    char *words[] = {"toy", "fit", "--config", path, NULL};
    struct lt_settings settings;
    struct lt_line line = {.given = NULL};
    struct lt_fault fault = {.text = ""};
    complaints = 0;
    bad_complaint = false;
    if (!put(data, size) || !lt_settings_open(&settings, &toy, &fault))
        return true;
    const bool read = lt_line_read(&line, &settings, &toy, 4, words);
    lt_line_close(&line);
    lt_settings_close(&settings);
    if (read == !complaints && !bad_complaint)
        return true;
    printf("config: %s after %d sentences\n", read ? "read" : "refused", complaints);
    return false;
}

const struct target targets[] = {
    {"idx", NULL, read_idx, 0}, {"gzip", "idx", read_gzip, 0}, {"npy", NULL, read_npy, 0},
    {"npz", NULL, read_npz, 0}, {"csv", NULL, read_csv, 0},
    {"safetensors", NULL, read_safetensors, 0}, {"checkpoint", "safetensors", read_checkpoint, 0},
    {"metrics", NULL, read_metrics, 0}, {"jsonl", NULL, read_jsonl, 0},
    {"config", NULL, read_config, 10},
};
const int target_count = sizeof targets / sizeof *targets;

const struct target *target_named(const char *name)
{
    for (int i = 0; i < target_count; i++)
        if (!strcmp(targets[i].name, name))
            return &targets[i];
    return NULL;
}
