#!/usr/bin/env python3
"""rearrange and einsum against their definition, element by element, on random strings.

    axes.py TRACE_VALUES [CASES]     LT_TEST_SEED repeats a seed that was printed
"""
import itertools
import math
import os
import random
import subprocess
import sys
import tempfile


def places(shape):
    return itertools.product(*(range(n) for n in shape))


def index(shape, place):
    at = 0
    for n, i in zip(shape, place):
        at = at * n + i
    return at


class Rearrange:
    """Elements are followed from the names of the left side to those of the right side."""

    def __init__(self, rnd):
        names = ["b", "row", "c", "h2", "x_1"][:rnd.randint(1, 4)]
        self.size = {n: rnd.randint(1, 4) for n in names}
        self.left = self.grouped(rnd, names)
        right = names[:]
        rnd.shuffle(right)
        if rnd.random() < 0.4:
            self.size["new"] = rnd.randint(1, 3)
            right.insert(rnd.randint(0, len(right)), "new")
        self.right = self.grouped(rnd, right)
        for side in (self.left, self.right):
            if rnd.random() < 0.3:
                side.insert(rnd.randint(0, len(side)), [])
        self.shape = [math.prod(self.size[n] for n in g) for g in self.left]
        self.result = [math.prod(self.size[n] for n in g) for g in self.right]
        given = {"new"} & set(self.size)
        for group in self.left:
            given |= set(rnd.sample(group, max(0, len(group) - rnd.randint(0, 1))) if len(group) > 1 else [])
        sizes = "".join(f", {n} = {self.size[n]}" for n in sorted(given))
        text = f"{self.spell(rnd, self.left)} -> {self.spell(rnd, self.right)}"
        total = math.prod(self.shape)
        self.data = [rnd.randint(-99, 99) for _ in range(total)]
        self.code = f"rearrange(reshape(stack({[float(v) for v in self.data]}), {self.shape}), \"{text}\"{sizes})"

    @staticmethod
    def grouped(rnd, names):
        groups = []
        for name in names:
            if groups and rnd.random() < 0.4:
                groups[-1].append(name)
            else:
                groups.append([name])
        return groups

    @staticmethod
    def spell(rnd, groups):
        one = {0: "1", 1: "{}"}
        return " ".join(one.get(len(g), "({})").format(" ".join(g)) if g or rnd.random() < 0.5 else "()" for g in groups)

    def expected(self):
        names = list(self.size)
        out = [None] * math.prod(self.result)
        for place in places(self.size.values()):
            at = dict(zip(names, place))
            old = [index([self.size[n] for n in g], [at[n] for n in g]) for g in self.left]
            new = [index([self.size[n] for n in g], [at[n] for n in g]) for g in self.right]
            out[index(self.result, new)] = self.data[index(self.shape, old)]
        return out


class Einsum:
    def __init__(self, rnd):
        names = ["i", "j", "key", "d", "e"]
        self.size = {n: rnd.randint(1, 4) for n in names}
        self.terms = [[rnd.choice(names) for _ in range(rnd.randint(0 if k else 1, 3))] for k in range(rnd.randint(1, 3))]
        used = sorted({n for t in self.terms for n in t})
        self.out = rnd.sample(used, rnd.randint(0, len(used)))
        self.result = [self.size[n] for n in self.out]
        self.data = []
        operands = []
        for term in self.terms:
            shape = [self.size[n] for n in term]
            values = [rnd.randint(-3, 3) for _ in range(math.prod(shape))]
            self.data.append(values)
            operands.append(f"reshape(stack({[float(v) for v in values]}), {shape})")
        text = ", ".join(" ".join(t) for t in self.terms) + " -> " + " ".join(self.out)
        self.code = f"einsum(\"{text}\", {', '.join(operands)})"

    def expected(self):
        names = sorted({n for t in self.terms for n in t})
        out = [0] * math.prod(self.result)
        for place in places(self.size[n] for n in names):
            at = dict(zip(names, place))
            product = 1
            for term, values in zip(self.terms, self.data):
                product *= values[index([self.size[n] for n in term], [at[n] for n in term])]
            out[index(self.result, [at[n] for n in self.out])] += product
        return out


def main():
    seed = int(os.environ.get("LT_TEST_SEED", random.randrange(1 << 30)))
    rnd = random.Random(seed)
    cases = [(Rearrange if i % 2 else Einsum)(rnd) for i in range(int(sys.argv[2]) if len(sys.argv) > 2 else 200)]
    buffers = "".join(f"    buffer _v{i}: f32{c.result if c.result else ''} = {c.code}\n" for i, c in enumerate(cases))
    spec = f"model M {{\n    param p: f32 = 0\n{buffers}    training_step() {{\n        minimize p\n    }}\n    optimizer = sgd(lr = 0.1)\n}}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "axes.lt")
        with open(path, "w") as file:
            file.write(spec)
        done = subprocess.run([sys.argv[1], path], stdout=subprocess.PIPE, text=True, timeout=120)
    if done.returncode:
        print(f"seed {seed}\n{done.stdout}")
        return 1
    found = {line.split()[0]: line.split("=")[1].split() for line in done.stdout.splitlines() if line.startswith("_v")}
    wrong = 0
    for i, case in enumerate(cases):
        given = [float(v) for v in found.get(f"_v{i}", [])]
        if given != [float(v) for v in case.expected()]:
            print(f"seed {seed}: {case.code}\n  gives    {given}\n  expected {case.expected()}")
            wrong += 1
    print(f"{len(cases)} cases, {wrong} wrong, seed {seed}")
    return 1 if wrong or not cases else 0


sys.exit(main())
