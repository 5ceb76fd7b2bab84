"""Names and strings that want to be code: C keywords, names of the runtime, ends of comments,
formats, trigraphs, quotes, shell words, long names, folders with blanks and quotes.

    names.py LTC INCLUDE

The emitted C compiles without a warning (gcc, and clang if it is there), has as many words as that
of a spec with harmless names, and the program prints the strings back unchanged.
"""
import csv
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SPEC = r'''# a comment */ with #include "x.h" ??/ and $(id) %s \
layer struct(float_: int) {
    param double: f32[float_]   = ones
    param register: f32[float_] = ones
    param lt_main: f32[float_]  = ones
    forward(x) { x * double * register + lt_main }
}
model main(short: int = 2) {
    auto     = struct(short)
    volatile = [struct(short), struct(short)]
    lt_step  = struct(short)
    goto(restrict) {
        static = restrict + 1
        extern = static * 2
        sizeof = extern + NULL_(extern)
        sizeof
    }
    NULL_(x) { x }
    training_step() {
        void     = ones[3, short]
        unsigned = void |> auto |> volatile |> lt_step
        break    = goto(unsigned)
        LONG     = sum(break)
        log "KEY" = LONG
        log "other" = LONG
        minimize LONG
    }
    optimizer = sgd(lr = 0.001)
}
callback printf() {
    on_fit_end { warn("TEXT {trainer.step}") }
}
trainer { max_steps = 2; log_every_n_steps = 1; callbacks = [printf()] }
'''
STRINGS = [
    r'*/ ??/ %s %n \" \\ $(id) `id` #include <x> ; rm -rf é',
    r'// /* ???/ ??= %d%% \\n \\\" \t .',
    "' -x %% %1$s %*d \u65e5\u672c $HOME ~ & | < > \\{name}",
    "a" * 3000,
]
NAMES = ["struct", "double", "register", "lt_main", "main", "short", "auto", "volatile", "lt_step",
         "goto", "static", "extern", "sizeof", "NULL_", "void", "unsigned", "break", "printf",
         "restrict", "float_"]
FOLDERS = ["plain", 'b l a n k "quote" $(id)', "-x's %s"]


def plain(text):
    return re.sub(r"\\(.)", lambda match: {"t": "\t", "n": "\n"}.get(match[1], match[1]), text)


def words_of(text):
    """How many words the C has outside of comments and strings."""
    token = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
    bare = re.sub(token, lambda match: '""' if match[0][0] == '"' else " ", text, flags=re.S)
    return len(re.findall(r"\w+|\S", bare))


def spec_of(string, long_name):
    return SPEC.replace("KEY", string).replace("TEXT", string).replace("LONG", long_name)


def harmless():
    text = SPEC.split("\n", 1)[1]
    for i, name in enumerate(NAMES):
        text = re.sub(rf"\b{re.escape(name)}\b", f"word{chr(97 + i)}", text)
    return text.replace("KEY", "key").replace("TEXT", "text").replace("LONG", "total")


def expect(condition, said):
    if not condition:
        sys.exit(said)


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    expect(done.returncode == 0, f"{command}: status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def emitted(ltc, include, folder, text):
    (folder / "it.lt").write_text(text)
    run([ltc, "emit", "-o", "out", "it.lt"], folder)
    flags = ["-std=c17", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", include]
    for compiler in filter(shutil.which, ("gcc", "clang")):
        run([compiler, *flags, *(["-fopenmp"] if compiler == "gcc" else []), "out/it.c"], folder)
    return (folder / "out" / "it.c").read_text()


def main():
    ltc, include = (os.path.abspath(word) for word in sys.argv[1:3])
    count = 0
    with tempfile.TemporaryDirectory() as base:
        for i, string in enumerate(STRINGS):
            folder = pathlib.Path(base) / FOLDERS[i % len(FOLDERS)] / str(i)
            folder.mkdir(parents=True)
            text = spec_of(string, "long_" * (1 if i else 100))
            code = emitted(ltc, include, folder, text)
            expect(words_of(code) == words_of(emitted(ltc, include, folder, harmless())),
                   f"{string[:60]}: another number of words in the C")
            (folder / "-s p\"e.lt").write_text(text)
            run([ltc, "build", "./-s p\"e.lt", "-o", 'pro"g ram'], folder)
            said = run(["./pro\"g ram", "fit"], folder)
            expect(f"{plain(string)[:400]}" in said, f"{string[:60]}: the program says\n{said}")
            with next(folder.rglob("metrics.csv")).open(newline="") as file:
                expect(plain(string) in next(csv.reader(file)), f"{string[:60]}: not in the log")
            count += 1
    print(f"{count} strings, {len(NAMES)} names: compiled, counted and printed back")


main()
