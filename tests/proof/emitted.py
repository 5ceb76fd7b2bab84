"""What is emitted: C that no compiler warns about, clean under sanitizers, the same bytes for the
same spec, allocating nothing in a step; and two files kept whole, for people to review.

Covers the examples, the specs of this folder, and every other spec of the tests that stands alone.
UPDATE=1 in the environment writes golden/*.c anew.
"""
import difflib
import glob
import os
import sys

import tools

WARNINGS = ["-std=c17", "-fopenmp", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
SANITIZE = ["-std=c17", "-g", "-fopenmp", "-ffp-contract=off", "-fno-strict-aliasing",
            "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
STEPS = ("--trainer.max_steps", "6", "--trainer.limit_val_batches", "2", "--threads", "2")
QUICK = ("wide", "table", "line", "ink", "kills")
FEWEST = 14


def specs(tree):
    """{name: path} of all that can be emitted; rows of data come from the examples."""
    own = [tree.example(name) for name in tools.EXAMPLES]
    own += sorted(glob.glob(os.path.join(tree.source, "tests", "proof", "*", "*.lt")))
    found = {os.path.basename(path)[:-3]: path for path in own}
    others = glob.glob(os.path.join(tree.source, "tests", "**", "*.lt"), recursive=True)
    for path in sorted(path for path in set(others) - set(own) if "err" not in path):
        name = os.path.relpath(path, os.path.join(tree.source, "tests"))[:-3].replace("/", "-")
        if tools.run([tree.ltc, "check", "--data-root", tree.examples, path],
                     expect=None).returncode == 0:
            found[name] = path
    if len(found) < FEWEST:
        sys.exit("only %d specs can be emitted" % len(found))
    return found


def emit(tree, name, path):
    return tree.emit(path, name, *root_of(tree, path))


def root_of(tree, path):
    """Where the data of a spec is, if not beside it."""
    return () if path.startswith(tree.examples) else ("--data-root", tree.examples)


def source_in(folder):
    return glob.glob(os.path.join(folder, "*.c"))[0]


# ---- warnings -----------------------------------------------------------------------------------

def warn(tree, folder, long):
    """Compilers at hand, at levels that look for different things."""
    levels = [("gcc", "-fsyntax-only"), ("clang", "-fsyntax-only")]
    if long:
        levels += [("gcc", "-O0"), ("gcc", "-O2"), ("gcc", "-O3", "-march=native"),
                   ("clang", "-O2"), ("gcc", "-O2", "-fanalyzer")][:4]
    for compiler, *level in levels:
        if tools.has(compiler):
            tools.run([compiler, *WARNINGS, *level, "-I" + tree.include, "-c", source_in(folder),
                       "-o", "/dev/null"])


def conversions(tree, folder):
    """How many -Wconversion would name: reported only."""
    done = tools.run(["gcc", *WARNINGS[:-1], "-Wconversion", "-fsyntax-only", "-I" + tree.include,
                      source_in(folder)])
    return done.stderr.count("[-Wconversion]") + done.stderr.count("[-Wfloat-conversion]")


# ---- sanitizers ---------------------------------------------------------------------------------

def sanitize(tree, name, folder, compilers):
    for compiler in compilers:
        if not tools.has(compiler):
            print("left out: sanitizers of %s (no such compiler)" % compiler)
            continue
        program = os.path.join(folder, compiler + ".sanitized")
        tools.run([compiler, *SANITIZE, "-O1", "-I" + tree.include, "-o", program,
                   source_in(folder), tree.library, "-ljansson", "-lz", "-lpthread", "-lm"])
        tree.fit(program, program + ".out", *STEPS,
                 ASAN_OPTIONS="abort_on_error=0:detect_leaks=0:detect_stack_use_after_return=1",
                 UBSAN_OPTIONS="print_stacktrace=1")


# ---- the same bytes -----------------------------------------------------------------------------

def repeat(tree, name, path, folder):
    """From another folder, by a relative path, in another language, at other addresses."""
    beside = os.path.relpath(path, tree.path("elsewhere"))
    os.makedirs(tree.path("elsewhere"), exist_ok=True)
    again = tree.path(name + "-again")
    tools.run([tree.ltc, "emit", *root_of(tree, path), beside, "-o", again],
              cwd=tree.path("elsewhere"), LC_ALL="tr_TR.UTF-8", TMPDIR=tree.work, HOME="/",
              CC="clang", OMP_NUM_THREADS="5", MALLOC_PERTURB_="85")
    for file in ("Makefile", os.path.basename(source_in(folder))):
        text = tools.read_text(os.path.join(folder, file))
        given = '#define LT_DATA_ROOT "%s"\n' % tree.examples
        if tools.read_text(os.path.join(again, file)) != text:
            sys.exit("%s: %s differs when it is written again" % (name, file))
        for place in (tree.source, tree.work, os.path.expanduser("~") + "/"):
            if place in text.replace(given, ""):
                sys.exit("%s: %s names a folder of this machine: %s" % (name, file, place))


# ---- memory -------------------------------------------------------------------------------------

def allocate(tree, name, folder):
    """Counts allocations inside steps; returns the line, and proves that one would be seen."""
    program = os.path.join(folder, "counted")
    flags = ["-std=c17", "-O1", "-fopenmp", "-ffp-contract=off", "-fno-strict-aliasing",
             "-I" + tree.include]
    tools.run(["gcc", *flags, "-Dmain=emitted_main", "-c", source_in(folder), "-o", program + ".o"])
    tools.run(["gcc", *flags, "-D_GNU_SOURCE", "-o", program,
               os.path.join(tree.source, "tests", "proof", "allocations.c"), program + ".o",
               tree.library, "-ljansson", "-lz", "-lpthread", "-lm"])
    words = [program, "fit", "--data.root", tree.examples, "--trainer.max_steps", "30",
             "--trainer.limit_val_batches", "4", "--trainer.default_root_dir", program + ".out",
             "--quiet", "--threads", "2"]
    line = tools.run(words).stderr.splitlines()[-1]
    if tools.run(words, expect=None, LT_PLANTED_FAULT="1").returncode == 0:
        sys.exit("%s: a planted allocation in a step was not noticed" % name)
    return line


# ---- kept whole ---------------------------------------------------------------------------------

def golden(tree, name, path, folder):
    kept = path[:-3] + ".c"
    new = tools.read_text(source_in(folder)).replace(tree.examples, "examples")
    if os.environ.get("UPDATE"):
        with open(kept, "w", encoding="utf-8") as file:
            file.write(new)
        return
    old = tools.read_text(kept) if os.path.exists(kept) else ""
    if old != new:
        sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True),
                                                   kept, "emitted"))
        sys.exit("%s: not what is kept; read the difference, then UPDATE=1 writes it anew" % name)


def main():
    given = tools.options(__doc__).parse_args()
    tree = tools.Tree(given)
    found = specs(tree)
    if given.only:
        found = {given.only: found[given.only]}
    converted, sanitized, counted = 0, 0, 0
    for name, path in found.items():
        folder = emit(tree, name, path)
        warn(tree, folder, given.long)
        repeat(tree, name, path, folder)
        if os.path.dirname(path).endswith("golden"):
            golden(tree, name, path, folder)
        converted += conversions(tree, folder) if given.long else 0
        ours = "-" not in name          # the others may lack their data
        if ours and (given.long or given.only or name in QUICK):
            sanitize(tree, name, folder, ("gcc", "clang") if given.long else ("gcc",))
            sanitized += 1
        if ours and name != "line" and (given.long or given.only or name in ("ink", "kills")):
            print("%-12s %s" % (name, allocate(tree, name, folder)), flush=True)
            counted += 1
    if given.long:
        print("-Wconversion would name %d places (reported only)" % converted)
    print("%d specs without a warning and with the same bytes twice, %d clean under sanitizers, "
          "%d without an allocation in a step" % (len(found), sanitized, counted))


main()
