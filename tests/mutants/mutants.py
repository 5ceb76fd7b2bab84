"""Breaks one rule of the compiler at a time; a test must turn red.

Builds the compiler once with LTC_MUTANTS=ON, then runs for each row of mutants.def the cheapest
tests that look at such a rule, until one fails. The last line is killed of total. A survivor is a
missing test, or does not change what any program calculates: EQUIVALENT says why, and is checked
too, so that a line that has become false is noticed.

Quick: a sample of each family, always the same, so that a red run is about the change and not about
the day; LT_TEST_SEED takes other ones. Long: all.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proof"))
import tools                                                                    # noqa: E402

TARGETS = ("ltc", "gradients", "graph_rules", "graph_simplify", "graph_values", "backend_random")
QUICK_COUNT = 8
QUICK = ("derive_min", "derive_erf", "derive_cumprod", "simplify_slice_slice", "simplify_div_power",
         "spell_select", "spell_erf")

# Mutants that change no value, and why.
EQUIVALENT = {
}

# Specs that reach what random graphs do not: (name, words of a run).
SPECS = ("wide", "kills")


class Suite:
    def __init__(self, given):
        self.source, self.build, self.work = (os.path.abspath(path) for path in
                                              (given.source, given.build, given.work))
        os.makedirs(self.work, exist_ok=True)
        self.examples = os.path.join(self.source, "examples")
        self.reference = {}

    def make(self):
        """The build with the switches, kept between runs."""
        for words in (["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja",
                       "-DLTC_MUTANTS=ON", "-DBUILD_TESTING=ON", "-DCMAKE_BUILD_TYPE=Release"],
                      ["cmake", "--build", self.build, "-j", "2", "--target", *TARGETS]):
            tools.run(words)

    def names(self):
        text = tools.read_text(os.path.join(self.source, "compiler", "base", "mutants.def"))
        return re.findall(r"^MUTANT_SITE\((\w+)\)", text, re.M)

    def red(self, mutant, words, timeout=120):
        """Whether this command fails with the mutant; a crash and a hang are failures too."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            try:
                done = subprocess.run(words, capture_output=True, timeout=timeout, cwd=folder,
                                      env={**os.environ, "LTC_MUTANT": mutant})
            except subprocess.TimeoutExpired:
                return True
            return done.returncode != 0

    # ---- tests, cheapest first ------------------------------------------------------------------

    def gradients(self, mutant):
        name = mutant[len("derive_"):]
        program = os.path.join(self.build, "tests", "gradients", "gradients")
        for words in (["--only", name, "--trials", "10", "--seed", "1"],
                      ["--trials", "5", "--seed", "1"]):
            if self.red(mutant, [program, *words]):
                return "gradients"
        return None

    def rules(self, mutant):
        for name, words in (("graph_simplify", []), ("graph_values", []), ("graph_rules", [])):
            if self.red(mutant, [os.path.join(self.build, "tests", "graph", name), *words]):
                return name
        return None

    def backend(self, mutant):
        program = os.path.join(self.build, "tests", "backend", "backend_random")
        for words in (["--graphs", "20", "--builds", "1"], ["--graphs", "60", "--builds", "1",
                                                            "--seed", "1000"]):
            if self.red(mutant, [program, *words]):
                return "backend_random"
        return None

    def train(self, spec, mutant):
        """What a short run of a spec ends in, and predicts; None where it does not end well."""
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            program, results = os.path.join(folder, spec), os.path.join(folder, "results.npy")
            path = os.path.join(self.source, "tests", "proof", "specs", spec + ".lt")
            environment = {**os.environ, "LTC_MUTANT": mutant}
            for words in ([os.path.join(self.build, "ltc"), "build", "--cc", "gcc -O1",
                           "--data-root", self.examples, path, "-o", program],
                          [program, "fit", "--quiet", "--threads", "2", "--trainer.max_steps", "24",
                           "--trainer.default_root_dir", folder],
                          [program, "predict", "--quiet", "--weights", "last", "--output", results,
                           "--data.root", self.examples, "--trainer.default_root_dir", folder]):
                try:
                    done = subprocess.run(words, capture_output=True, timeout=180, env=environment)
                except subprocess.TimeoutExpired:
                    return None
                if done.returncode != 0:
                    return None
            return tools.Run(folder).digest() + tools.digest_of(results)

    def specs(self, mutant):
        for spec in SPECS:
            if spec not in self.reference:
                self.reference[spec] = self.train(spec, "none")
                if not self.reference[spec]:
                    sys.exit("%s does not train without a mutant" % spec)
            if self.train(spec, mutant) != self.reference[spec]:
                return "bar04_same_bits (%s)" % spec
        return None

    def emit(self, spec, mutant):
        path = os.path.join(self.source, "tests", "proof", "golden", spec + ".lt")
        return subprocess.run([os.path.join(self.build, "ltc"), "emit", "--data-root",
                               self.examples, path], capture_output=True,
                              env={**os.environ, "LTC_MUTANT": mutant}).stdout

    def golden(self, mutant):
        """The files that proof_emitted keeps whole: the last net, under what changes speed and
        memory only. Held against what the compiler without a mutant makes of them now."""
        for spec in ("line", "table"):
            if self.emit(spec, mutant) != self.emit(spec, "none"):
                return "proof_emitted (golden)"
        return None

    def killer(self, mutant):
        """The first test that notices, or None."""
        family = mutant.split("_")[0]
        order = {"derive": (self.gradients,),
                 "simplify": (self.rules, self.backend),
                 "share": (self.rules, self.backend, self.specs)}
        for test in order.get(family, (self.backend, self.specs, self.golden)):
            name = test(mutant)
            if name:
                return name
        return None

    def healthy(self):
        """Without a mutant each test passes: else everything would seem killed."""
        for test in (self.gradients, self.rules, self.backend):
            name = test("none")
            if name:
                sys.exit("%s fails without any mutant" % name)


def chosen(names, given):
    if given.only:
        return given.only.split(",")
    if given.long:
        return names
    if "LT_TEST_SEED" not in os.environ:
        return [name for name in QUICK if name in names]
    start = int(os.environ["LT_TEST_SEED"]) * QUICK_COUNT % len(names)
    spread = [names[(i * 7919) % len(names)] for i in range(len(names))]
    spread = spread if len(set(spread)) == len(names) else names
    return (spread + spread)[start:start + QUICK_COUNT]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("source", "build", "work"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--long", action="store_true", help="every mutant")
    parser.add_argument("--only", help="these mutants, with commas between")
    parser.add_argument("--keep-build", action="store_true", help="do not build again")
    given = parser.parse_args()
    suite = Suite(given)
    if not given.keep_build:
        suite.make()
    suite.healthy()
    names = chosen(suite.names(), given)
    killed, alive, by = 0, [], {}
    for mutant in names:
        name = suite.killer(mutant)
        if name:
            killed += 1
            by[name] = by.get(name, 0) + 1
        if name and mutant in EQUIVALENT:
            print("%s is said to change nothing (%s), but %s notices it"
                  % (mutant, EQUIVALENT[mutant], name))
            return 1
        if not name:
            alive.append(mutant)
            print("survives: %-28s %s" % (mutant, EQUIVALENT.get(mutant, "no test notices it")),
                  flush=True)
    for name, count in sorted(by.items()):
        print("%4d by %s" % (count, name))
    missing = [mutant for mutant in alive if mutant not in EQUIVALENT]
    print("%d of %d mutants killed, %d equivalent, %d missed"
          % (killed, len(names), len(alive) - len(missing), len(missing)))
    return 1 if missing else 0


sys.exit(main())
