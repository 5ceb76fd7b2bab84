"""What the trainer costs beside the step that it drives. Figures only: nothing here passes or fails by the clock.

bare.lt, perceptron.lt: the emitted step driven by a short main of its own, and by the trainer with its callbacks and
CSV, a row each 50 steps and each step; the difference of a step, the least of several rounds each. wide.lt: the
longest step beyond the median while a state is saved in the background, in copies of that state. And how long the
first step of the perceptron comes after its start, to its end, from .gz and from raw files.
"""
import gzip
import os
import shlex
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "proof"))
import tools  # noqa: E402


class Overhead:
    def __init__(self, tree, rounds):
        self.tree, self.rounds = tree, rounds

    def build(self, name):
        """The emitted program, compiled as ltc does, with the main function of steps.c."""
        spec = os.path.join(HERE, "specs", name + ".lt")
        folder, program = self.tree.path(name + ".emitted"), self.tree.path(name)
        build = [self.tree.ltc, "build", "-v", spec, "-o", program, "--data-root", self.tree.examples]
        words = shlex.split(tools.run(build).stderr.splitlines()[0])
        flags, behind = words[:words.index("-o")], [word for word in words if word.startswith("-l")]
        shutil.rmtree(folder, ignore_errors=True)
        tools.run([self.tree.ltc, "emit", spec, "-o", folder, "--data-root", self.tree.examples])
        tools.run([*flags, "-Dmain=emitted_main", "-c", os.path.join(folder, name + ".c"), "-o", program + ".o"])
        tools.run([*flags, os.path.join(HERE, "steps.c"), program + ".o", self.tree.library, *behind, "-o", program])

    def steps(self, name, *words, threads=1):
        """(steps, mean, median, longest, copy) of a run, in microseconds."""
        root = self.tree.path(name + ".run")
        shutil.rmtree(root, ignore_errors=True)
        if words[0] == "fit":
            words += ("--quiet", "--trainer.default_root_dir", root, "--data.root", self.tree.examples)
        said = tools.run([self.tree.path(name), *words], OMP_NUM_THREADS=str(threads), timeout=300).stdout
        return [float(word) for word in said.splitlines()[-1].split()]

    def compare(self, name, count, threads):
        mean = {}
        for _ in range(self.rounds):
            for way, words in (("bare", ("bare", str(count))), ("each 50", ("fit",)),
                               ("each step", ("fit", "--trainer.log_every_n_steps", "1"))):
                mean[way] = min(mean.get(way, 1e9), self.steps(name, *words, threads=threads)[1])
        print("%-10s on %d thread%s: bare %.2f us a step; the trainer adds %.2f us with a row each 50 steps, "
              "%.2f us with a row each step" % (name, threads, "s"[threads == 1:], mean["bare"],
                                                mean["each 50"] - mean["bare"], mean["each step"] - mean["bare"]))

    def background(self):
        best = None
        for _ in range(self.rounds):
            _, _, median, longest, copy = self.steps("wide", "fit")
            best = min(best or (1e9,), ((longest - median) / copy, median, longest, copy))
        print("wide       saved in the background: median %.0f us, longest %.0f us: %.2f copies of the state (%.0f us)"
              % (best[1], best[2], best[0], best[3]))

    def first_step(self):
        raw = self.tree.path("raw")
        os.makedirs(os.path.join(raw, "data"), exist_ok=True)
        for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
            with gzip.open(os.path.join(self.tree.examples, "data", name)) as packed:
                with open(os.path.join(raw, "data", name), "wb") as file:
                    file.write(packed.read())
        for what, data in ((".gz", self.tree.examples), ("raw", raw)):
            least = min(self.first(data) for _ in range(5 * self.rounds))
            print("perceptron first step done %.1f ms after the start, from %s IDX" % (least * 1e3, what))

    def first(self, data):
        root = self.tree.path("first.run")
        shutil.rmtree(root, ignore_errors=True)
        start = time.monotonic()
        subprocess.run([self.tree.path("perceptron"), "fit", "--quiet", "--trainer.default_root_dir", root,
                        "--data.root", data, "--trainer.max_steps", "1"], check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - start


def main():
    given = tools.options(__doc__).parse_args()
    overhead = Overhead(tools.Tree(given), 7 if given.long else 1)
    for name in ("bare", "perceptron", "wide"):
        overhead.build(name)
    overhead.compare("bare", 100000, 1)
    for threads in (1, 2):
        overhead.compare("perceptron", 40 * 156, threads)
    overhead.first_step()
    overhead.background()


if __name__ == "__main__":
    main()
