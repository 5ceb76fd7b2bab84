// main: the command line of ltc, and the way of a spec through the compiler.
//
//   spec ─ trace ─▶ a graph a step ─ simplify, lower ─▶ graphs ─ make_plan (fuse, layout, place)
//        ─▶ plan ─ emit ─▶ C ─ the C compiler ─▶ program
#include "command/command.h"
#include "command/files.h"
#include "command/toolchain.h"
#include "emit/emit.h"
#include "graph/passes.h"
#include "kernel/lower.h"
#include "oracle/program.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_SPEC = 1, EXIT_USAGE = 2, EXIT_OURS = 3 };

typedef struct Compile {
    Arena *arena;
    AtomTable *atoms;
    Diag *diag;
    const Options *options;
    Program *program;
    Plan *plan;
} Compile;

// ---- passes -------------------------------------------------------------------------------------

// What is done to each graph, in this order; debug builds verify after every one.
static const struct Pass {
    const char *name;
    void (*run)(Graph *graph);
} passes[] = {
    {"simplify", simplify},
    {"lower", lower},
};

static const char *const dumps[] = {"parse", "trace", "simplify", "lower", "fuse", "layout",
                                    "place"};

static void run_pass(Compile *c, const struct Pass *pass)
{
    bool dump = options_dumps(c->options, pass->name);
    for (Graph **graph = program_graphs(c->program); *graph; graph++) {
        pass->run(*graph);
#ifndef NDEBUG
        graph_verify(*graph, pass->name);
#endif
        if (dump)
            graph_print(*graph, stdout);
    }
}

static void dump_trace(Compile *c)
{
    for (Graph **graph = program_graphs(c->program); *graph; graph++) {
#ifndef NDEBUG
        graph_verify(*graph, "trace");
#endif
        if (options_dumps(c->options, "trace"))
            graph_print(*graph, stdout);
    }
}

static bool dump_parse(Compile *c)
{
    const char *why;
    Source *source = source_read(c->arena, c->options->spec, &why);
    if (!source)
        return false;
    Diag *quiet = diag_new(c->arena);           // trace reads it again, and reports
    ast_print(parse(c->arena, c->atoms, quiet, source), stdout);
    return true;
}

static void print_messages(const Compile *c)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    bool color = isatty(2) && !(none && *none) && !(terminal && strcmp(terminal, "dumb") == 0);
    fflush(stdout);
    diag_print(c->diag, stderr, color);
}

static bool trace_spec(Compile *c)
{
    const Options *o = c->options;
    if (options_dumps(o, "parse"))
        dump_parse(c);
    TraceOptions trace_options = {.spec_path = o->spec, .stdlib_folder = o->stdlib,
                                  .data_root = o->data_root, .definition = o->definition,
                                  .definition_count = o->definition_count};
    c->program = trace(c->arena, c->atoms, c->diag, &trace_options);
    print_messages(c);
    if (c->program)
        dump_trace(c);
    return c->program != NULL;
}

static bool compile(Compile *c)
{
    const Options *o = c->options;
    if (!trace_spec(c))
        return false;
    if (o->command == COMMAND_CHECK && !o->dump)
        return true;
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++)
        run_pass(c, &passes[i]);
    c->plan = make_plan(c->program);
    for (int i = 4; i < 7; i++)
        if (options_dumps(o, dumps[i]))
            plan_print(c->plan, dumps[i], stdout);
    return true;
}

// ---- commands -----------------------------------------------------------------------------------

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Programs look for their data where the spec lies, from wherever they are started.
static void root_data(Compile *c, Options *options)
{
    const char *slash = strrchr(options->spec, '/'), *folder = options->data_root;
    if (!folder && slash)
        folder = arena_format(c->arena, "%.*s/", (int)(slash - options->spec), options->spec);
    else if (!folder)
        folder = ".";
    char *full = realpath(folder, NULL);
    if (full)
        options->data_root = arena_string(c->arena, full, strlen(full));
    free(full);
}

// The C of the program: what `ltc emit` prints and what `ltc build` compiles. Only the words of the
// command line may be in it, no folder of this machine.
static Text program_text(Compile *c, const char *data_root)
{
    for (int i = 0; i < c->program->setting_count; i++)
        if (strcmp(c->program->setting[i].name, "data.root") == 0)
            c->program->setting[i].text = data_root;
    Text text = text_new(c->arena);
    emit_c(c->program, c->plan, &text);
    return text;
}

// Compiles the C in a temporary folder; keeps it if the C compiler refuses it, which is our fault.
static int build_program(Compile *c, const Toolchain *toolchain, const char *program)
{
    const char *folder = folder_temporary(c->arena);
    if (!folder)
        return EXIT_OURS;
    const char *stem = file_stem(c->arena, c->options->spec);
    const char *path = arena_format(c->arena, "%s/%s.c", folder, stem);
    const Text text = program_text(c, ".");
    if (!file_write(c->arena, path, text.data, text.length))
        return EXIT_OURS;
    if (!toolchain_compile(c->arena, toolchain, path, program)) {
        fprintf(stderr, "ltc: the C compiler does not accept what ltc emitted; this is a fault of "
                "ltc, not of the spec. The C is kept in %s\n", path);
        return EXIT_OURS;
    }
    unlink(path);
    rmdir(folder);
    return 0;
}

static int build(Compile *c, Options *options)
{
    double start = seconds();
    Toolchain toolchain = {.debug = options->debug, .verbose = options->verbose};
    root_data(c, options);
    if (!compile(c))
        return EXIT_SPEC;
    if (!toolchain_find(c->arena, options->cc, &toolchain))
        return EXIT_OURS;
    toolchain.data_root = options->data_root;
    const char *stem = file_stem(c->arena, options->spec);
    int status = build_program(c, &toolchain, options->output ? options->output : stem);
    if (status == 0)
        print_build_line(c->plan, stem, seconds() - start, stdout);
    return status;
}

// The graphs as traced, before any pass, under the trainer that compiled programs have.
static int interpret_spec(Compile *c, const Options *options)
{
    if (!trace_spec(c))
        return EXIT_SPEC;
    struct lt_program *program = oracle_program(c->arena, c->program, "ltc " LTC_VERSION);
    char **words = arena_alloc(c->arena, sizeof *words * (size_t)(options->rest_count + 5));
    int count = 0;
    words[count++] = (char *)file_stem(c->arena, options->spec);
    if (options->rest_count == 0)
        words[count++] = "fit";
    for (int i = 0; i < options->rest_count; i++)
        words[count++] = options->rest[i];
    if (options->steps > 0) {
        words[count++] = "--trainer.max_steps";
        words[count++] = arena_format(c->arena, "%lld", (long long)options->steps);
    }
    return lt_main(program, count, words);
}

static int run(Compile *c, Options *options)
{
    if (options->interpret) {
        root_data(c, options);
        return interpret_spec(c, options);
    }
    Toolchain toolchain = {.debug = options->debug, .verbose = options->verbose};
    root_data(c, options);
    if (!compile(c))
        return EXIT_SPEC;
    const char *folder = folder_temporary(c->arena);
    if (!folder || !toolchain_find(c->arena, options->cc, &toolchain))
        return EXIT_OURS;
    toolchain.data_root = options->data_root;
    const char *program = arena_format(c->arena, "%s/%s", folder,
                                       file_stem(c->arena, options->spec));
    int status = build_program(c, &toolchain, program);
    if (status != 0)
        return status;
    status = toolchain_start(c->arena, program, options->rest, options->rest_count);
    unlink(program);
    rmdir(folder);
    return status;
}

static int emit_files(Compile *c)
{
    if (!compile(c))
        return EXIT_SPEC;
    const char *root = c->options->data_root;
    const Text text = program_text(c, root ? root : ".");
    const char *folder = c->options->output;
    if (!folder || strcmp(folder, "-") == 0)
        return fputs(text.data, stdout) < 0 || fflush(stdout) != 0 ? EXIT_OURS : 0;
    const char *stem = file_stem_plain(c->arena, c->options->spec);
    const char *makefile = toolchain_makefile(c->arena, stem);
    bool good = folder_make(c->arena, folder)
             && file_write(c->arena, arena_format(c->arena, "%s/%s.c", folder, stem), text.data,
                           text.length)
             && file_write(c->arena, arena_format(c->arena, "%s/Makefile", folder), makefile,
                           strlen(makefile));
    return good ? 0 : EXIT_OURS;
}

static int help(const Options *options)
{
    const char *what = options->spec;
    if (!what) {
        options_help(options->help_for, stdout);
        return 0;
    }
    Command command = options_command(what);
    if (command != COMMAND_NONE) {
        options_help(command, stdout);
        return 0;
    }
    if (diag_explain(what, stdout))
        return 0;
    fprintf(stderr, "ltc: there is no message `%s`; they are called E0123\n", what);
    return EXIT_USAGE;
}

static bool dumps_known(const Compile *c)
{
    for (const char *at = c->options->dump; at; at = strchr(at, ',')) {
        at += *at == ',';
        const char *name = arena_string(c->arena, at, strcspn(at, ","));
        int count = sizeof dumps / sizeof *dumps, i = 0;
        while (i < count && strcmp(dumps[i], name) != 0)
            i++;
        if (i < count)
            continue;
        const char *near = diag_nearest(c->arena, name, dumps, count);
        fprintf(stderr, "ltc: there is no pass `%s`%s%s%s\n", name, near ? "; did you mean `" : "",
                near ? near : "", near ? "`?" : "");
        return false;
    }
    return true;
}

static int run_command(Compile *c, Options *options)
{
    switch (options->command) {
    case COMMAND_BUILD: return build(c, options);
    case COMMAND_CHECK: return compile(c) ? 0 : EXIT_SPEC;
    case COMMAND_EMIT: return emit_files(c);
    case COMMAND_EXPLAIN:
        if (!compile(c))
            return EXIT_SPEC;
        if (options->stages)
            print_stages(c->program, stdout);
        else
            explain(c->program, c->plan, stdout);
        return 0;
    case COMMAND_RUN: return run(c, options);
    case COMMAND_HELP: return help(options);
    case COMMAND_VERSION: printf("ltc " LTC_VERSION "\n"); return 0;
    case COMMAND_NONE: break;
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    Options options;
    Compile c = {.arena = arena_new(), .options = &options};
    c.atoms = atom_table_new(c.arena);
    c.diag = diag_new(c.arena);
    int status = EXIT_USAGE;
    if (options_read(c.arena, argc, argv, &options) && dumps_known(&c))
        status = run_command(&c, &options);
    arena_free(c.arena);
    return status;
}
