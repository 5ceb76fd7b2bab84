"""The same bits everywhere: one sha256 of checkpoint and metrics an example, whatever the compiler,
its level, the instruction set and the number of threads. Built by the emitted Makefile.

Quick: two examples, 20 steps. Long: every example, 200 steps, and AArch64 under qemu-user where
a cross compiler is at hand. --planted changes a constant in one of the builds: it must be noticed.
"""
import os
import platform
import re
import sys

import aarch64
import tools

QUICK = ("ink", "digits_cnn")
HEAVY = ("resnet", "digits_cnn", "mixer")


def builds():
    """(name, compiler, settings of the emitted Makefile) of every build at hand."""
    rows = [("gcc -O3 native", "gcc"), ("gcc -O0", "gcc", "CFLAGS=-O0"), ("clang -O2", "clang")]
    if platform.machine() == "x86_64":
        rows += [("gcc -O3 x86-64-v3", "gcc", "ARCH=-march=x86-64-v3"),
                 ("gcc -O3 x86-64", "gcc", "ARCH=-march=x86-64"),
                 ("clang -O3 x86-64-v3", "clang", "ARCH=-march=x86-64-v3", "CFLAGS=-O3")]
    kept = []
    for row in rows:
        if not tools.has(row[1]):
            print("left out: %s (no such compiler)" % row[0])
        elif "v3" in row[0] and not (tools.cpu_has("avx2") and tools.cpu_has("fma")):
            print("left out: %s (this processor lacks AVX2)" % row[0])
        else:
            kept.append(row)
    return kept


def plant(folder):
    """Breaks the emitted file as a wrong spelling would: a constant loses its last place."""
    path = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".c")][0]
    text = tools.read_text(path)
    changed = re.sub(r"(?<![\w.])(\d+\.\d+)f\b", lambda found: "(%sf * 1.0000002f)" % found.group(1), text, 1)
    if changed == text:
        sys.exit("no constant to change in " + path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(changed)


class Comparison:
    def __init__(self):
        self.digest, self.count, self.differences = {}, 0, []

    def add(self, example, what, digest):
        self.count += 1
        known, by = self.digest.setdefault(example, (digest, what))
        if known != digest:
            self.differences.append("%s: %s differs from %s" % (example, what, by))
            print("DIFFERS: " + self.differences[-1], flush=True)


def threads_of(build, example, long):
    if long:
        return (1, 2, 3, 4, 8)
    return (1, 2, 3, 4, 8) if build == "gcc -O3 native" and example == "digits_cnn" else (2,)


def compare(tree, example, steps, long, planted, comparison):
    words = ("--trainer.max_steps", str(steps), "--trainer.limit_val_batches", "3")
    for name, compiler, *settings in builds():
        folder = tree.emit(tree.example(example), (example + "-" + name).replace(" ", "-"))
        if planted and name == "clang -O2":
            plant(folder)
        program = tree.make(folder, compiler, *settings)
        for threads in threads_of(name, example, long):
            root = os.path.join(folder, "threads%d" % threads)
            waiting = {"OMP_WAIT_POLICY": "passive"} if threads > 2 else {}
            ended = tree.fit(program, root, "--threads", str(threads), *words, **waiting)
            comparison.add(example, "%s, %d threads" % (name, threads), ended.digest())
    if long:
        foreign(tree, example, steps, comparison)
    print("%-12s %s" % (example, comparison.digest[example][0]), flush=True)


def foreign(tree, example, steps, comparison):
    """Emulated code is a hundred times slower: fewer steps, held against a native run of as many."""
    cross = aarch64.toolchain(tree)
    if not cross:
        return
    steps = max(1, steps // (50 if example in HEAVY else 10))
    words = ("--trainer.max_steps", str(steps), "--trainer.limit_val_batches", "1")
    folder = tree.emit(tree.example(example), example + "-aarch64")
    native = tree.make(folder, "gcc") + ".native"
    os.rename(native[:-len(".native")], native)
    what = "%s, %d steps" % (example, steps)
    comparison.add(what, "gcc -O3 native",
                   tree.fit(native, os.path.join(folder, "native"), *words).digest())
    program = cross.build(folder)
    for threads in (1, 3):
        ended = tree.fit(program, os.path.join(folder, "threads%d" % threads),
                         "--threads", str(threads), *words, prefix=cross.runner)
        comparison.add(what, "gcc AArch64, %d threads" % threads, ended.digest())


def main():
    parser = tools.options(__doc__)
    parser.add_argument("--planted", action="store_true", help="break one build; must be found")
    parser.add_argument("--steps", type=int, help="steps of each run")
    given = parser.parse_args()
    tree = tools.Tree(given)
    examples = tools.EXAMPLES if given.long else QUICK
    if given.only or given.planted:
        examples = (given.only or "ink",)
    comparison = Comparison()
    for example in examples:
        steps = given.steps or (200 if given.long else 20)
        compare(tree, example, steps, given.long, given.planted, comparison)
    if given.planted:
        print("the planted fault was %s" % ("found" if comparison.differences else "NOT found"))
        return 0 if comparison.differences else 1
    print("%d runs of %d examples, %d differ"
          % (comparison.count, len(examples), len(comparison.differences)))
    return 1 if comparison.differences else 0


sys.exit(main())
