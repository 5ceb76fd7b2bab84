// damage: every small damage to a checkpoint, each given to the loader of the program that wrote it.
//
//   damage FILE BITS HEADER_STEP [--planted]
//
// Every HEADER_STEP-th bit of the header is turned, BITS random bits of the data, and the file is cut
// at every 512 bytes and at every length up to the data's beginning. Each must be refused in one
// sentence that names the file, as a run to resume and as weights, and the variables stay untouched.
// Linked with what `ltc emit` writes, whose own main is renamed. --planted makes the sum right again
// after a bit of the data was turned, which the loader cannot notice and this has to report.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "checkpoint/file.h"
#include "lt/random.h"

enum { CUT = 512, MARK = 0xAA };

extern const struct lt_program lt_program;

static const char *path;
static unsigned char *block, *untouched;
static size_t tried, missed;

static bool is_good_sentence(const struct lt_fault *fault)
{
    return strstr(fault->text, path) && !strchr(fault->text, '\n')
        && !memcmp(block, untouched, lt_program.variable_bytes);
}

static bool is_refused(void)
{
    struct lt_run_state state;
    struct lt_fault fault = {.text = ""}, other = {.text = ""};
    if (lt_checkpoint_load(path, &lt_program, block, &state, &fault)) {
        lt_run_state_free(&state);
        memcpy(block, untouched, lt_program.variable_bytes);
        return false;
    }
    const bool weights = lt_weights_load(path, &lt_program, block, NULL, &other);
    if (weights)
        memcpy(block, untouched, lt_program.variable_bytes);
    return !weights && is_good_sentence(&fault) && is_good_sentence(&other);
}

static void expect_refusal(int file, const unsigned char *bytes, size_t size, const char *what,
                           size_t where)
{
    if (pwrite(file, bytes, size, 0) != (ssize_t)size || ftruncate(file, (off_t)size)) {
        printf("cannot write %s\n", path);
        exit(2);
    }
    tried++;
    if (is_refused())
        return;
    if (missed++ < 5)
        printf("%s at %zu was not noticed\n", what, where);
}

static void seal(unsigned char *bytes, size_t start, size_t size)
{
    unsigned char *digits = bytes + 8 + sizeof LT_HEADER_START - 1;
    char text[LT_SUM_DIGITS + 1];
    memset(digits, '0', LT_SUM_DIGITS);
    const uint64_t header = lt_sum_of(bytes + 8, start - 8, 0);
    snprintf(text, sizeof text, "%016llx",
             (unsigned long long)lt_sum_of(bytes + start, size - start, header));
    memcpy(digits, text, LT_SUM_DIGITS);
}

static void turn(int file, unsigned char *bytes, size_t size, size_t bit, const char *what)
{
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    expect_refusal(file, bytes, size, what, bit);
    bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
}

static void planted(int file, unsigned char *bytes, size_t start, size_t size)
{
    bytes[start + (size - start) / 2] ^= 1;
    seal(bytes, start, size);
    expect_refusal(file, bytes, size, "a turned bit under a right sum", start);
}

static unsigned char *read_file(const char *name, size_t *size)
{
    enum { MOST = 1 << 24 };
    FILE *in = fopen(name, "rb");
    unsigned char *bytes = malloc(MOST);
    *size = in && bytes ? fread(bytes, 1, MOST, in) : 0;
    if (in)
        fclose(in);
    if (*size < 64 || *size == MOST)
        exit(2);
    return bytes;
}

int main(int argc, char **argv)
{
    size_t size, start = 8;
    if (argc < 4)
        return 2;
    unsigned char *bytes = read_file(argv[1], &size);
    const size_t bits = strtoull(argv[2], NULL, 10), step = strtoull(argv[3], NULL, 10);
    char name[4096];
    snprintf(name, sizeof name, "%s.damaged", argv[1]);
    path = name;
    for (int i = 0; i < 4; i++)
        start += (size_t)bytes[i] << (8 * i);
    block = malloc(lt_program.variable_bytes);
    untouched = malloc(lt_program.variable_bytes);
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0666);
    if (!block || !untouched || file < 0 || !step)
        return 2;
    memset(block, MARK, lt_program.variable_bytes);
    memset(untouched, MARK, lt_program.variable_bytes);
    for (size_t bit = 0; bit < start * 8; bit += step)
        turn(file, bytes, size, bit, "a bit of the header");
    for (size_t i = 0; i < bits; i++)
        turn(file, bytes, size, start * 8 + lt_random_mix64(i) % ((size - start) * 8), "a bit");
    for (size_t length = 0; length < size; length += length < start ? 1 + step / 8 : CUT)
        expect_refusal(file, bytes, length, "an end", length);
    expect_refusal(file, bytes, size + 1, "a byte more", size);
    if (argc > 4)
        planted(file, bytes, start, size);
    unlink(path);
    close(file);
    free(bytes);
    free(block);
    free(untouched);
    printf("%zu of %zu\n", tried - missed, tried);
    return missed ? 1 : 0;
}
