#!/usr/bin/env python3
"""Random specs through the whole compiler.

    random_specs.py --ltc build/ltc [--count 500] [--seed N] [--seconds S] [--keep FOLDER]

Each spec is built by `ltc build`, and its emitted C by gcc -O0 and clang -O2; the programs train
for five steps and agree in bits, the interpreter agrees within a bound (see judge.py). What
fails is made small and printed. A run prints its seed; --seed N repeats it. Of several
candidates the spec with the most pairs of primitives not seen before is taken. Ends with 1 if
anything failed, or nothing was tried.
"""

import argparse
import concurrent.futures
import os
import pathlib
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time

import coverage
from generate import generate
from judge import Judge, call
from pairs import FORMS
from shrink import shrink

here = pathlib.Path(__file__).resolve().parent


class Run:
    def __init__(self, arguments):
        self.arguments = arguments
        self.ltc = arguments.ltc.resolve()
        self.seed = (
            arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(10**9)
        )
        self.root = arguments.keep or pathlib.Path(tempfile.mkdtemp(prefix="random_specs_"))
        self.end = time.time() + arguments.seconds if arguments.seconds else None
        self.table = coverage.primitives(arguments.table)
        self.possible = coverage.possible(self.table)
        self.seen, self.strange, self.lock = set(), set(), threading.Lock()
        self.nodes = []
        self.operations, self.sensitive, self.worst, self.failed, self.endless = (
            [],
            0,
            {True: 0.0, False: 0.0},
            [],
            0,
        )
        self.gains, self.average = {}, 1.0
        self.done, self.planted, self.found = 0, 0, 0

    # ---- choosing

    def favour(self):
        """Operations whose specs brought many new pairs become more likely."""
        with self.lock:
            return {
                name: min(4.0, max(0.4, gain / (self.average or 1)))
                for name, gain in self.gains.items()
            }

    def learn(self, spec, gain):
        """Moving averages of what an operation's specs brought, and of what all did."""
        self.average = 0.9 * self.average + 0.1 * gain
        for name in spec.used:
            self.gains[name] = 0.8 * self.gains.get(name, gain) + 0.2 * gain

    def wanted(self, name):
        """Some pairs not seen yet, for the generator to make; none for the first spec."""
        missing = sorted(p for p in self.possible - self.seen if p[0] in FORMS and p[1] in FORMS)
        return (
            random.Random(f"pairs {name}").sample(missing, min(100, len(missing)))
            if self.operations
            else []
        )

    def candidate(self, number, try_number, folder):
        name = f"{self.seed}-{number}" + (f"-{try_number}" if try_number else "")
        spec = generate(name, self.favour(), self.wanted(name))
        shutil.rmtree(folder, ignore_errors=True)
        spec.write(folder)
        status, dump = call([str(self.ltc), "check", "-d", "trace", "spec.lt"], folder)
        return (
            spec,
            (coverage.pairs(dump) if status == 0 else None),
            (coverage.operations(dump) if status == 0 else 0),
        )

    def choose(self, number):
        """Of some candidates that with most pairs not seen yet for its size, or a refused one."""
        best = None
        for try_number in range(self.arguments.candidates):
            folder = self.root / f"{number}.{try_number}"
            spec, found, operations = self.candidate(number, try_number, folder)
            new = len(found - self.seen) if found else 0
            gain = 10**9 if found is None else new / (15 + spec.operations)
            if best is None or gain > best[0]:
                if best:
                    shutil.rmtree(best[1])
                best = (gain, folder, spec, found or set(), operations)
            else:
                shutil.rmtree(folder)
            if gain == 10**9:
                break
        _, folder, spec, found, operations = best
        with self.lock:
            self.learn(spec, len((found & self.possible) - self.seen))
            self.seen |= found & self.possible
            self.strange |= found - self.possible
            self.operations.append(spec.operations)
            self.nodes.append(operations)
        final = self.root / str(number)
        shutil.rmtree(final, ignore_errors=True)
        folder.rename(final)
        return final, spec

    # ---- one spec

    def over(self):
        return self.end and time.time() > self.end or self.arguments.mutant and self.failed

    def one(self, number, folder, spec):
        if self.over():
            return
        try:
            self.judge(number, folder, spec)
        except OSError as error:
            with self.lock:
                self.failed.append(folder)
                print(f"\nFAILED {number}: {error}", flush=True)

    def judge(self, number, folder, spec):
        judge = Judge(
            self.ltc,
            plant=random.Random(f"{self.seed} {number}") if self.arguments.planted else None,
        )
        verdict = judge.judge(folder, all_threads=number % 8 == 0 and not judge.plant)
        if judge.plant:
            self.count_planted(folder, judge, verdict)
            return
        with self.lock:
            self.done += 1
            if verdict.ok:
                self.sensitive += verdict.sensitive
                self.worst[spec.wide] = max(
                    self.worst[spec.wide], verdict.worst if not verdict.sensitive else 0
                )
            elif verdict.kind == "not finite":
                self.endless += 1
        if verdict.ok or verdict.kind == "not finite":
            if not self.arguments.keep:
                shutil.rmtree(folder)
            return
        self.report(folder, verdict)

    def count_planted(self, folder, judge, verdict):
        with self.lock:
            self.done += 1
            self.planted += judge.planted
            self.found += judge.planted and not verdict.ok
        shutil.rmtree(folder)

    def report(self, folder, verdict):
        small = None
        if self.arguments.shrink:
            left = (
                min(self.arguments.shrink, max(10, self.end - time.time()))
                if self.end
                else self.arguments.shrink
            )
            small = shrink(self.ltc, folder, verdict, seconds=left)
        with self.lock:
            self.failed.append(folder)
            print(f"\nFAILED {folder.name}: {verdict.kind}\n{verdict.text.strip()}", flush=True)
            print(
                "\n".join(["it shrinks to"] + small) if small else "not made smaller",
                f"(in {folder})",
                sep="\n",
                flush=True,
            )

    # ---- all

    def regressions(self):
        """Each spec of a folder, judged as a random one; data files lie beside them."""
        specs = sorted(self.arguments.regressions.glob("*.lt"))
        for path in specs:
            folder = self.root / path.stem
            folder.mkdir(parents=True)
            for file in self.arguments.regressions.iterdir():
                if file.suffix in (".csv", ".npy"):
                    shutil.copy(file, folder)
            shutil.copy(path, folder / "spec.lt")
            verdict = Judge(self.ltc).judge(folder, all_threads=True)
            print(
                f"{'ok    ' if verdict.ok else 'FAILED'} {path.name}"
                + ("" if verdict.ok else f": {verdict.kind}\n{verdict.text}"),
                flush=True,
            )
            self.failed += [] if verdict.ok else [folder]
        print(f"{len(specs)} regressions, {len(self.failed)} failed")
        return 1 if self.failed or not specs else 0

    def whole(self):
        print(f"random specs: seed {self.seed}", flush=True)
        self.all()
        if self.arguments.planted:
            print(f"planted faults: {self.found} of {self.planted} found")
            return 0 if self.found > 0.7 * self.planted > 0 else 1
        self.summary()
        if self.arguments.mutant:
            print(
                f"the mutant {os.environ.get('LTC_MUTANT')} is "
                + ("noticed" if self.failed else "not noticed")
            )
            return 0 if self.failed else 1
        enough = len(self.seen) >= self.arguments.need_pairs / 100 * len(self.possible)
        ok = self.done and not self.failed and enough and not self.strange
        if not self.arguments.keep and ok:
            shutil.rmtree(self.root)
        return 0 if ok else 1

    def all(self):
        """Specs are chosen one after the other, so that a seed gives the same ones."""
        jobs, only = self.arguments.jobs, self.arguments.only
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            waiting = set()
            for number in range(self.arguments.count if only is None else only + 1):
                if self.over():
                    break
                chosen = self.choose(number)
                if only in (None, number):
                    waiting.add(pool.submit(self.one, number, *chosen))
                if len(waiting) > jobs:
                    done, waiting = concurrent.futures.wait(
                        waiting, return_when=concurrent.futures.FIRST_COMPLETED
                    )
                    for future in done:
                        future.result()
            for future in waiting:
                future.result()

    def summary(self):
        covered = len(self.seen)
        middle = statistics.median(self.operations) if self.operations else 0
        nodes = statistics.median(self.nodes) if self.nodes else 0
        print(
            f"{self.done} specs, median {middle:.0f} operations "
            f"({nodes:.0f} nodes before gradients); {len(self.failed)} failed, "
            f"{self.endless} passed over (not finite), {self.sensitive} by the wider bound"
        )
        print(
            f"greatest distance to the interpreter: {self.worst[False]:.1e} in float32, "
            f"{self.worst[True]:.1e} in float64"
        )
        print(
            f"pairs of primitives: {covered} of {len(self.possible)} possible, "
            f"{100 * covered / len(self.possible):.1f} %"
        )
        if self.strange:
            print(f"pairs that coverage.py holds impossible: {sorted(self.strange)}")
        if self.arguments.missing:
            for producer in self.table:
                absent = sorted(c for p, c in self.possible - self.seen if p == producer)
                print(
                    f"  {producer}: not into {' '.join(absent)}" if absent else f"  {producer}: all"
                )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ltc", required=True, type=pathlib.Path)
    parser.add_argument(
        "--table",
        type=pathlib.Path,
        default=here.parent.parent / "compiler" / "graph" / "prims.def",
    )
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, help="begin no spec after so long")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument(
        "--candidates", type=int, default=3, help="specs of which the newest is taken"
    )
    parser.add_argument(
        "--shrink", type=float, default=120, help="seconds to make a failing spec smaller"
    )
    parser.add_argument("--keep", type=pathlib.Path, help="leave all specs in this folder")
    parser.add_argument(
        "--planted",
        action="store_true",
        help="put a fault into each emitted program; most must be found",
    )
    parser.add_argument(
        "--mutant",
        action="store_true",
        help="LTC_MUTANT is set: end well if anything fails, at the first failure",
    )
    parser.add_argument(
        "--regressions", type=pathlib.Path, help="judge the specs of this folder instead"
    )
    parser.add_argument("--only", type=int, help="judge this number of the seed's specs only")
    parser.add_argument(
        "--need-pairs", type=float, default=0, help="fail below so many per cent of the pairs"
    )
    parser.add_argument("--missing", action="store_true", help="print the pairs that did not occur")
    arguments = parser.parse_args()
    run = Run(arguments)
    sys.exit(run.regressions() if arguments.regressions else run.whole())


if __name__ == "__main__":
    main()
