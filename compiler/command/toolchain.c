#include "toolchain.h"
#include "files.h"
#include "../base/text.h"
#include "../emit/flags.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char *const libraries[] = {"-ljansson", "-lz", "-lpthread", "-lm", NULL};

// ---- finding ------------------------------------------------------------------------------------

// The file that this word starts, or NULL.
static const char *in_path(Arena *arena, const char *name)
{
    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? name : NULL;
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t length = strcspn(path, ":");
        const char *file = arena_format(arena, "%.*s/%s", (int)length, path, name);
        if (length && access(file, X_OK) == 0)
            return file;
        path += length + (path[length] == ':');
    }
    return NULL;
}

// "ccache gcc -O0" is three words.
static void split_words(Arena *arena, const char *command, Toolchain *toolchain)
{
    while (*command && toolchain->count < 60) {
        command += strspn(command, " \t");
        size_t length = strcspn(command, " \t");
        if (length)
            toolchain->words[toolchain->count++] = arena_string(arena, command, length);
        command += length;
    }
    while (toolchain->given < toolchain->count && toolchain->words[toolchain->given][0] != '-')
        toolchain->given++;
}

static bool find_compiler(Arena *arena, const char *cc, Toolchain *toolchain)
{
    static const char *const names[] = {"cc", "gcc", "clang"};
    const char *wanted = cc ? cc : getenv("CC");
    for (int i = 0; i < 3 && !(wanted && *wanted); i++)
        if (in_path(arena, names[i]))
            wanted = names[i];
    if (!wanted || !*wanted) {
        fprintf(stderr, "ltc: there is no C compiler (cc, gcc, clang); install one or say --cc\n");
        return false;
    }
    split_words(arena, wanted, toolchain);
    if (toolchain->count && in_path(arena, toolchain->words[0]))
        return true;
    fprintf(stderr, "ltc: there is no C compiler `%s`\n",
            toolchain->count ? toolchain->words[0] : wanted);
    return false;
}

static bool runtime_at(Arena *arena, const char *include, const char *library, Toolchain *toolchain)
{
    if (!file_exists(library) || !file_exists(arena_format(arena, "%s/lt/program.h", include)))
        return false;
    toolchain->include = include;
    toolchain->library = library;
    return true;
}

static bool runtime_in(Arena *arena, const char *root, Toolchain *toolchain)
{
    const char *include = arena_format(arena, "%s/include", root);
    return runtime_at(arena, include, arena_format(arena, "%s/lib/liblt.a", root), toolchain)
        || runtime_at(arena, include, arena_format(arena, "%s/" LTC_LIBDIR "/liblt.a", root),
                      toolchain)
        || runtime_at(arena, include, arena_format(arena, "%s/liblt.a", root), toolchain);
}

static bool find_runtime(Arena *arena, Toolchain *toolchain)
{
    const char *given = getenv("LTC_RUNTIME");
    if (given && *given) {
        if (runtime_in(arena, given, toolchain))
            return true;
        fprintf(stderr, "ltc: LTC_RUNTIME is %s, but there is no lib/liblt.a with its include/lt\n",
                given);
        return false;
    }
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    for (int up = 0; length > 0 && up < 2; up++) {
        while (length > 0 && path[--length] != '/')
            ;
        path[length] = 0;
    }
    if (length > 0 && runtime_in(arena, arena_string(arena, path, (size_t)length), toolchain))
        return true;
    if (runtime_at(arena, LTC_TREE_INCLUDE, LTC_TREE_LIBRARY, toolchain))
        return true;
    fprintf(stderr, "ltc: the runtime library liblt.a is neither beside ltc nor in LTC_RUNTIME\n");
    return false;
}

bool toolchain_find(Arena *arena, const char *cc, Toolchain *toolchain)
{
    toolchain->count = toolchain->given = 0;
    return find_compiler(arena, cc, toolchain) && find_runtime(arena, toolchain);
}

// ---- running ------------------------------------------------------------------------------------

typedef struct Line {
    const char *word[160];
    int count;
} Line;

static void add(Line *line, const char *word)
{
    line->word[line->count++] = word;
}

static void add_all(Line *line, const char *const *words)
{
    for (; *words; words++)
        add(line, *words);
}

// By its name, or by the name of the file that `cc` is a link to.
static bool is_clang(Arena *arena, const Toolchain *toolchain)
{
    for (int i = 0; i < toolchain->given; i++) {
        if (strstr(toolchain->words[i], "clang"))
            return true;
        const char *file = in_path(arena, toolchain->words[i]);
        char *whole = file ? realpath(file, NULL) : NULL;
        const bool found = whole && strstr(whole, "clang");
        free(whole);
        if (found)
            return true;
    }
    return false;
}

static const char *define_text(Arena *arena, const char *name, const char *text)
{
    Text word = text_new(arena);
    text_add(&word, "-D%s=\"", name);
    for (; *text; text++)
        text_add(&word, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    text_add(&word, "\"");
    return word.data;
}

// Options of the user stand behind ours, so that theirs win.
static Line compile_line(Arena *arena, const Toolchain *toolchain, const char *source,
                         const char *program)
{
    Line line = {.count = 0};
    for (int i = 0; i < toolchain->given; i++)
        add(&line, toolchain->words[i]);
    add_all(&line, compiler_flags(FLAGS_COMMON));
    add_all(&line, compiler_flags(is_clang(arena, toolchain) ? FLAGS_CLANG : FLAGS_GCC));
#if defined(__x86_64__)
    add(&line, "-march=native");
    add_all(&line, compiler_flags(FLAGS_X86));
#else
    add(&line, "-mcpu=native");
#endif
    if (toolchain->debug)
        add(&line, "-g");
    for (int i = toolchain->given; i < toolchain->count; i++)
        add(&line, toolchain->words[i]);
    if (toolchain->data_root)
        add(&line, define_text(arena, "LT_DATA_ROOT", toolchain->data_root));
    add(&line, arena_format(arena, "-I%s", toolchain->include));
    add(&line, "-o");
    add(&line, program);
    add(&line, source);
    add(&line, toolchain->library);
    add_all(&line, libraries);
    add(&line, NULL);
    return line;
}

// As a shell takes it.
static void print_line(const Line *line, FILE *out)
{
    for (int i = 0; line->word[i]; i++) {
        const char *word = line->word[i];
        if (!strpbrk(word, " \t\n\"\\$`'&|;<>()*?[]#~!{}")) {
            fprintf(out, "%s%s", i ? " " : "", word);
            continue;
        }
        fprintf(out, "%s'", i ? " " : "");
        for (; *word; word++)
            fprintf(out, *word == '\'' ? "'\\%c'" : "%c", *word);
        fputc('\'', out);
    }
    fputc('\n', out);
}

// The exit status, as a shell tells it; 3 if it could not be started.
static int run(const char *const *word)
{
    pid_t child;
    int status, error = posix_spawnp(&child, word[0], NULL, NULL, (char *const *)word, environ);
    if (error) {
        fprintf(stderr, "ltc: %s cannot be started: %s\n", word[0], strerror(error));
        return 3;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 3;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int toolchain_start(Arena *arena, const char *program, char **word, int count)
{
    const char **words = arena_alloc(arena, sizeof *words * (size_t)(count + 2));
    words[0] = program;
    for (int i = 0; i < count; i++)
        words[i + 1] = word[i];
    fflush(NULL);
    return run(words);
}

bool toolchain_compile(Arena *arena, const Toolchain *toolchain, const char *source,
                       const char *program)
{
    const char *new = arena_format(arena, "%s.%ld.new", program, (long)getpid());
    Line line = compile_line(arena, toolchain, source, new);
    if (toolchain->verbose)
        print_line(&line, stderr);
    fflush(NULL);
    bool good = run(line.word) == 0;
    if (good && rename(new, program) != 0) {
        fprintf(stderr, "ltc: %s cannot be written: %s\n", program, strerror(errno));
        good = false;
    }
    if (!good)
        unlink(new);
    return good;
}

static const char *joined(Arena *arena, FlagGroup group)
{
    const char *words = "";
    for (const char *const *flag = compiler_flags(group); *flag; flag++)
        words = arena_format(arena, "%s %s", words, *flag);
    return words + 1;
}

// The same for every machine: which compiler it is, and for what, make finds out.
const char *toolchain_makefile(Arena *arena, const char *name)
{
    return arena_format(arena,
        "# Builds %s with the installed runtime; PKG_CONFIG_PATH tells where ltc.pc is.\n"
        "CC ?= cc\n"
        "TARGET := $(shell $(CC) -dumpmachine)\n"
        "CLANG := $(findstring clang,$(shell $(CC) --version))\n"
        "X86 := $(findstring x86_64,$(TARGET))\n"
        "ARCH ?= $(if $(X86),-march=native,-mcpu=native)\n"
        "FLAGS = %s \\\n"
        "\t$(if $(CLANG),%s,%s) \\\n"
        "\t$(ARCH) $(if $(X86),%s)\n"
        "\n"
        "%s: %s.c\n"
        "\t$(CC) $(FLAGS) $(CFLAGS) $$(pkg-config --cflags ltc) -o $@ %s.c "
        "$$(pkg-config --libs ltc)\n"
        "\n"
        "clean:\n"
        "\trm -f %s\n"
        "\n"
        ".PHONY: clean\n", name, joined(arena, FLAGS_COMMON), joined(arena, FLAGS_CLANG),
        joined(arena, FLAGS_GCC), joined(arena, FLAGS_X86), name, name, name, name);
}
