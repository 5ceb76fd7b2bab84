// whole.c: a text through the whole compiler, up to the emitted C.
//
// Every message has its place inside a file that was read; debug builds verify each graph; the
// memory of a run stays below 256 MB. LT_FUZZ_COMPILE=n gives the C of every n-th spec that is
// accepted to a C compiler ($CC, cc), which must take it without a warning.
#include "compile.h"
#include "front.h"

#include "base/diag.h"
#include "command/command.h"
#include "emit/emit.h"
#include "graph/passes.h"
#include "kernel/lower.h"
#include "kernel/plan.h"
#include "trace/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

const bool front_takes_whole = true;
const char *front_folder;

static char spec_path[64], c_path[64];
static long accepted, compiled;
static bool wants_compiling;

static void remove_files(void)
{
    unlink(spec_path);
    unlink(c_path);
}

static bool write_file(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool good = fwrite(text, 1, length, file) == length;
    return fclose(file) == 0 && good;
}

static bool open_files(void)
{
    if (*spec_path)
        return true;
    snprintf(spec_path, sizeof spec_path, "/tmp/fuzz-whole-%d.lt", (int)getpid());
    snprintf(c_path, sizeof c_path, "/tmp/fuzz-whole-%d.c", (int)getpid());
    return atexit(remove_files) == 0;
}

static void check_message(void *context, Span at)
{
    const char **why = context;
    if (at.source && (at.begin > at.end || at.end > at.source->length))
        *why = "a message lies outside of its file";
}

static void print_all(const Diag *diag)
{
    static FILE *nowhere;
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    if (nowhere)
        diag_print(diag, nowhere, true);
}

static void run_passes(Program *program)
{
    for (Graph **graph = program_graphs(program); *graph; graph++) {
        graph_verify(*graph, "trace");
        simplify(*graph);
        graph_verify(*graph, "simplify");
        lower(*graph);
        graph_verify(*graph, "lower");
    }
}

// In KiB, of the whole process so far.
static long memory_used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static const char *emit_program(Arena *arena, Program *program)
{
    run_passes(program);
    Plan *plan = make_plan(program);
    Text text = text_new(arena);
    emit_c(program, plan, &text);
    const char *often = getenv("LT_FUZZ_COMPILE");
    accepted++;
    wants_compiling = often && atoi(often) > 0 && accepted % atoi(often) == 0;
    if (wants_compiling && !write_file(c_path, text.data, text.length))
        return "the C cannot be written";
    return strlen(text.data) == text.length ? NULL : "the C holds a byte 0";
}

bool front_holds(const char *text, size_t length, bool print, const char **why)
{
    *why = NULL;
    wants_compiling = false;
    if (!open_files() || !write_file(spec_path, text, length)) {
        *why = "the spec cannot be written";
        return false;
    }
    const long before = memory_used();
    Arena *arena = arena_new();
    Diag *diag = diag_new(arena);
    TraceOptions options = {.spec_path = spec_path, .data_root = front_folder};
    Program *program = trace(arena, atom_table_new(arena), diag, &options);
    diag_each(diag, check_message, why);
    if (!program && !diag_failed(diag))
        *why = "there is neither a program nor an error";
    if (program && diag_failed(diag))
        *why = "there are a program and an error";
    if (print)
        print_all(diag);
    if (program && !*why)
        *why = emit_program(arena, program);
    arena_free(arena);
    if (!*why && memory_used() - before > 256 * 1024)
        *why = "a run took more than 256 MB";
    return !*why;
}

bool front_compiles(const char **why)
{
    *why = NULL;
    if (!wants_compiling)
        return true;
    if (!c_compiles(c_path)) {
        *why = "the C compiler does not take the C";
        return false;
    }
    compiled++;
    return true;
}

void front_summary(void)
{
    printf("%ld specs accepted and emitted, the C of %ld compiled\n", accepted, compiled);
}
