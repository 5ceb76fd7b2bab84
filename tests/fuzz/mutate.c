// mutate.c: real specs, damaged at random, through the front end for some seconds.
//
//   fuzz_front [--expect-fault] FOLDER ...
//   fuzz_whole [--expect-fault] FOLDER ...
//
// Where edges are counted (coverage.h), a text that takes a new one is damaged further.
//
// LT_FUZZ_SECONDS (5), LT_FUZZ_SEED (from the clock), LT_SLOWER (seconds of a run, 1, of the
// processor's time: other work on the machine does not count). What fails is kept in fuzz-found.lt. With
// --expect-fault the run succeeds only if the planted fault is found: so the harness is tested.
#include "coverage.h"
#include "front.h"

#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { most_seeds = 512, most_kept = 4096, largest = 1 << 16, most_words = 1 << 14 };

typedef struct Text {
    char *bytes;
    size_t length;
    const char *folder;
} Text;

static Text seeds[most_seeds];
static int seed_count, first_count;     // all specs, and those of the first folder
static Text kept[most_kept];            // what took new edges
static int kept_count;
static uint64_t state;
static char input[largest];
static size_t input_length;
static bool expect_fault, running;

// --- chance ---

// SplitMix64 (Steele, Lea, Flood).
static uint64_t chance(void)
{
    uint64_t z = state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static size_t below(size_t limit)
{
    return limit ? (size_t)(chance() % limit) : 0;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// --- specs ---

// A damaged spec lies elsewhere: what it uses gets the folder in front.
static void root_uses(Text *text)
{
    static const char use[] = "use \"";
    const size_t more = strlen(text->folder) + 1;
    for (char *at = text->bytes; (at = strstr(at, use)) && text->length + more < largest;) {
        at += sizeof use - 1;
        memmove(at + more, at, text->length - (size_t)(at - text->bytes) + 1);
        memcpy(at, text->folder, more - 1);
        at[more - 1] = '/';
        text->length += more;
    }
}

static void read_spec(const char *path, const char *folder)
{
    FILE *file = fopen(path, "rb");
    if (!file || seed_count == most_seeds) {
        if (file)
            fclose(file);
        return;
    }
    Text text = {.bytes = calloc(1, largest), .folder = folder};
    if (!text.bytes)
        exit(2);
    text.length = fread(text.bytes, 1, largest / 4, file);
    fclose(file);
    if (front_takes_whole)
        root_uses(&text);
    seeds[seed_count++] = text;
}

static int is_spec(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length >= 4 && strcmp(entry->d_name + length - 3, ".lt") == 0;
}

// By name: the same seed damages the same texts on every machine.
static void read_folder(const char *folder)
{
    struct dirent **entry;
    int count = scandir(folder, &entry, is_spec, alphasort);
    if (count < 0) {
        perror(folder);
        exit(2);
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entry[i]->d_name);
        read_spec(path, folder);
        free(entry[i]);
    }
    free(entry);
}

// --- damage ---

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The place behind the word, the blanks or the sign at `at`.
static size_t word_end(size_t at)
{
    size_t end = at + 1;
    while (end < input_length && is_letter(input[at]) && is_letter(input[end]))
        end++;
    while (end < input_length && input[at] == ' ' && input[end] == ' ')
        end++;
    return end;
}

static size_t word_begin(size_t at)
{
    while (at > 0 && is_letter(input[at]) && is_letter(input[at - 1]))
        at--;
    return at;
}

// Puts `length` bytes in the place of input[begin .. end).
static void replace(size_t begin, size_t end, const char *bytes, size_t length)
{
    if (input_length - (end - begin) + length > largest)
        return;
    memmove(input + begin + length, input + end, input_length - end);
    memmove(input + begin, bytes, length);
    input_length += length - (end - begin);
}

static void delete_word(void)
{
    size_t begin = word_begin(below(input_length));
    replace(begin, word_end(begin), "", 0);
}

static void repeat_word(void)
{
    char word[256];
    size_t begin = word_begin(below(input_length)), end = word_end(begin);
    size_t length = end - begin < sizeof word ? end - begin : sizeof word;
    memcpy(word, input + begin, length);
    for (size_t times = 1 + below(4) * below(40); times > 0; times--)
        replace(end, end, word, length);
}

static void swap_words(void)
{
    char first[256], second[256];
    size_t a = word_begin(below(input_length)), b = word_begin(below(input_length));
    if (a > b) {
        size_t c = a;
        a = b;
        b = c;
    }
    size_t a_end = word_end(a), b_end = word_end(b);
    if (a_end > b || a_end - a > sizeof first || b_end - b > sizeof second)
        return;
    size_t a_length = a_end - a, b_length = b_end - b;
    memcpy(first, input + a, a_length);
    memcpy(second, input + b, b_length);
    replace(b, b_end, first, a_length);
    replace(a, a_end, second, b_length);
}

static void change_byte(void)
{
    input[below(input_length)] = (char)chance();
}

static void insert_word(void)
{
    static const char *const words[] = {
        "(", ")", "[", "]", "{", "}", ",", ":", "=", "==", "|>", "->", "..", "\n", ";", "\"", "'",
        "#", "##", "\\", "\"\"\"", "/*", "*/", "**", "!", "&&", "?", "@", "$", "- ", "not ", "_",
        "if ", "else ", "when ", "for ", " in ", "scan ", "fn ", "log ", "minimize ", "over ",
        "group ", "\nlayer L {", "\nmodel M {", "\ntrainer {", "\nfn f(", "\n}", "return ",
        "self.", "lambda x: x", "1.", ".5", "90%", "5 steps", "16GB", "1e999", "0x", "\r", "\t",
        "\xEF\xBB\xBF", "\xC3", "\0",
    };
    const char *word = words[below(sizeof words / sizeof *words)];
    size_t at = below(input_length + 1);
    replace(at, at, word, *word ? strlen(word) : 1);
}

// The beginning of this spec and the end of another one.
static void splice(void)
{
    const Text *other = &seeds[below((size_t)seed_count)];
    size_t from = below(other->length + 1), at = below(input_length + 1);
    replace(at, input_length, other->bytes + from, other->length - from);
}

static void delete_line(void)
{
    size_t begin = below(input_length), end = begin;
    while (begin > 0 && input[begin - 1] != '\n')
        begin--;
    while (end < input_length && input[end] != '\n')
        end++;
    replace(begin, end < input_length ? end + 1 : end, "", 0);
}

// A name in the place of another one of the same spec, a number in the place of a number.
static void rename_word(void)
{
    char word[256];
    size_t from = word_begin(below(input_length)), from_end = word_end(from);
    size_t length = from_end - from;
    if (length > sizeof word || !is_letter(input[from]))
        return;
    memcpy(word, input + from, length);
    const bool number = word[0] >= '0' && word[0] <= '9';
    for (int tries = 0; tries < 50; tries++) {
        size_t at = word_begin(below(input_length));
        if (!is_letter(input[at]) || (input[at] >= '0' && input[at] <= '9') != number)
            continue;
        replace(at, word_end(at), word, length);
        return;
    }
}

static void change_number(void)
{
    static const char *const numbers[] = {
        "0", "1", "-1", "2", "3", "7", "64", "0.5", "1e-3", "-2.5", "1e30", "2147483648",
        "9007199254740993", "1e308", "0.0", "50%", "true", "none", "[1, 2]", "B", "x",
    };
    for (int tries = 0; tries < 50; tries++) {
        size_t at = word_begin(below(input_length));
        if (input[at] < '0' || input[at] > '9')
            continue;
        const char *number = numbers[below(sizeof numbers / sizeof *numbers)];
        replace(at, word_end(at), number, strlen(number));
        return;
    }
}

// A line once more at another place.
static void copy_line(void)
{
    char line[256];
    size_t begin = below(input_length), end;
    while (begin > 0 && input[begin - 1] != '\n')
        begin--;
    for (end = begin; end < input_length && input[end] != '\n'; end++)
        ;
    if (end - begin + 1 > sizeof line)
        return;
    memcpy(line, input + begin, end - begin);
    line[end - begin] = '\n';
    size_t at = below(input_length);
    while (at > 0 && input[at - 1] != '\n')
        at--;
    replace(at, at, line, end - begin + 1);
}

// An expression in brackets is taken out, put around, or applied to what stands there.
static void wrap_word(void)
{
    static const char *const around[][2] = {
        {"(", ")"}, {"[", "]"}, {"-", ""}, {"relu(", ")"}, {"sum(", ")"}, {"f32(", ")"},
        {"i32(", ")"}, {"", "[0]"}, {"", "[:, 1:]"}, {"", ".shape"}, {"", ".T"}, {"grad(", ", x)"},
        {"stop_gradient(", ")"}, {"", " when true else 0"}, {"fn(x) = ", ""}, {"copy(", ")"},
        {"transpose(", ", [1, 0])"}, {"reshape(", ", [-1])"}, {"stack([", "])"}, {"", " |> relu"},
        {"not ", ""}, {"mean(", ", axis = 1)"}, {"", " + x"}, {"", " @ x"}, {"", "[_]"},
    };
    size_t which = below(sizeof around / sizeof *around);
    size_t begin = word_begin(below(input_length)), end = word_end(begin);
    if (!is_letter(input[begin]))
        return;
    replace(end, end, around[which][1], strlen(around[which][1]));
    replace(begin, begin, around[which][0], strlen(around[which][0]));
}

static void (*const damages[])(void) = {
    delete_word, repeat_word, swap_words, change_byte, insert_word, insert_word, splice,
    delete_line,
};

// These leave most specs readable, so that the passes behind the front end see them.
static void (*const gentle_damages[])(void) = {
    rename_word, rename_word, rename_word, change_number, change_number, copy_line, delete_line,
    wrap_word, wrap_word, swap_words, delete_word,
};

// Keeps what took a new edge, in the place of an earlier one where there is no room.
static void keep_seed(void)
{
    char *bytes = malloc(input_length + 1);
    if (!bytes)
        return;
    memcpy(bytes, input, input_length);
    const size_t at = kept_count < most_kept ? (size_t)kept_count++ : below(most_kept);
    free(kept[at].bytes);
    kept[at] = (Text){bytes, input_length, front_folder};
}

// Of whole specs those of the first folder are taken most: they are the ones that compile.
static const Text *pick_seed(bool whole)
{
    if (kept_count > 0 && below(2) == 0)
        return &kept[below((size_t)kept_count)];
    return &seeds[below((size_t)(whole && below(4) ? first_count : seed_count))];
}

// A run of lines of one spec, so that most of the time goes into what was damaged.
static void take_lines(void)
{
    const Text *seed = pick_seed(false);
    front_folder = seed->folder;
    size_t length = 1 + below(below(4) == 0 ? seed->length + 1 : 800), begin = below(seed->length);
    while (begin > 0 && seed->bytes[begin - 1] != '\n')
        begin--;
    input_length = length < seed->length - begin ? length : seed->length - begin;
    memcpy(input, seed->bytes + begin, input_length);
}

static void take_whole(void)
{
    const Text *seed = pick_seed(true);
    front_folder = seed->folder;
    input_length = seed->length;
    memcpy(input, seed->bytes, input_length);
    for (size_t times = 1 + below(3); times > 0 && input_length > 0; times--)
        gentle_damages[below(sizeof gentle_damages / sizeof *gentle_damages)]();
}

static void make_input(void)
{
    if (front_takes_whole && below(16) > 0) {
        take_whole();
        return;
    }
    take_lines();
    for (size_t times = 1 + below(6); times > 0 && input_length > 0; times--)
        damages[below(sizeof damages / sizeof *damages)]();
}

// --- what is found ---

static void keep_input(void)
{
    FILE *file = fopen("fuzz-found.lt", "wb");
    if (!file)
        return;
    fwrite(input, 1, input_length, file);
    fclose(file);
}

static int found(const char *why)
{
    static const char planted[] = "a message lies outside of its file";
    static const char planted_deep[] = "the compiler ended itself";
    keep_input();
    printf("found: %s (fuzz-found.lt, %zu bytes)\n", why, input_length);
    return expect_fault && strcmp(why, front_takes_whole ? planted_deep : planted) == 0 ? 0 : 1;
}

static void on_signal(int number)
{
    signal(number, SIG_DFL);
    int status = found(number == SIGPROF ? "a run took more than a second" : "a crash");
    fflush(stdout);
    _exit(status);
}

static void watch_signals(void)
{
    static char stack[1 << 16];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGABRT, SIGILL, SIGPROF};
    sigaltstack(&other, NULL);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaction(numbers[i], &action, NULL);
}

// The compiler ends itself where it finds a fault of its own, and where memory runs out.
static void on_exit_inside(void)
{
    if (!running)
        return;
    running = false;
    int status = found("the compiler ended itself");
    fflush(stdout);
    _exit(status);
}

static int run(double seconds)
{
    const char *slower = getenv("LT_SLOWER");
    const struct itimerval off = {0}, second = {.it_value = {.tv_sec = slower ? atoi(slower) : 1}};
    const char *why = NULL;
    long runs = 0;
    double start = now(), end = start + seconds;
    for (; now() < end; runs++) {
        make_input();
        setitimer(ITIMER_PROF, &second, NULL);
        running = true;
        bool holds = front_holds(input, input_length, runs % 64 == 0, &why);
        running = false;
        setitimer(ITIMER_PROF, &off, NULL);
        if (!holds || !front_compiles(&why))
            return found(why);
        if (coverage_grew())
            keep_seed();
    }
    printf("%ld runs of %d specs, %.0f a second, nothing found\n", runs, seed_count,
           (double)runs / (now() - start));
    coverage_print();
    front_summary();
    return expect_fault ? 1 : 0;
}

int main(int count, char **words)
{
    const char *seconds = getenv("LT_FUZZ_SECONDS"), *seed = getenv("LT_FUZZ_SEED");
    int first = 1;
    if (count > 1 && strcmp(words[1], "--expect-fault") == 0) {
        expect_fault = true;
        first = 2;
    }
    for (int i = first; i < count; i++) {
        read_folder(words[i]);
        first_count = i == first ? seed_count : first_count;
    }
    if (seed_count == 0) {
        fprintf(stderr, "usage: fuzz_front [--expect-fault] FOLDER ...\n");
        return 2;
    }
    state = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 1000003u + (uint64_t)getpid();
    printf("seed %llu\n", (unsigned long long)state);
    watch_signals();
    atexit(on_exit_inside);
    return run(seconds ? atof(seconds) : 5);
}
