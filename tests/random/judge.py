"""Builds and runs one spec every way, and says what is wrong with it.

The ways: `ltc build` (gcc -O3 -march=native), the same emitted C by gcc -O0 for the plainest
x86-64 and by clang -O2, both with all warnings as errors, each on another number of threads; and
the interpreter. The programs agree in every bit of the last checkpoint and of the log; the
interpreter within a bound.
"""

import array
import csv
import dataclasses
import hashlib
import json
import math
import os
import re
import shlex
import shutil
import struct
import subprocess

CODES = {
    "F64": "d",
    "F32": "f",
    "I64": "q",
    "I32": "i",
    "I16": "h",
    "I8": "b",
    "U8": "B",
    "BOOL": "B",
}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic"]
STEPS = 5
DOUBLE = 'precision = "64-true"'
# What is compared is a sum of terms at about 1: near zero it is no more exact than they are.
LEAST = 1e-2
# The other compilers: which words of ltc's own line they leave out, and what they add.
WAYS = {
    "gcc": (("-march", "-mprefer", "-O", "-fsch"), ["-O0", *WARNINGS]),
    "clang": (("-O", "-fsch", "-fno-tree", "-fno-loop", "-fno-split", "-fno-ipa", "-fno-gcse",
               "--param"), ["-O2", *WARNINGS]),
    "gcc3": ((), []),
}
# Faults that a compiler might have, put into emitted C to see whether anybody notices.
FAULTS = [
    (r"\bfmaf?\(", r"\g<0>0.99f * "),
    (r"\blt_(tanh|exp|sin|cos|log|sqrt)_f(32|64)\(", r"\g<0>0.01f + "),
    (r"(_lane\[[^]]*\]) \+= ", r"\1 -= "),
]


@dataclasses.dataclass
class Verdict:
    kind: str  # "ok", or what went wrong in a word or two
    text: str = ""  # the whole story
    worst: float = 0.0  # greatest relative distance to the interpreter
    sensitive: bool = False  # past the plain bound, within what rounding explains

    @property
    def ok(self):
        return self.kind == "ok"

    def signature(self):
        """What must stay the same while a spec shrinks."""
        if self.kind in ("bits", "interpreter differs", "program failed"):
            return ("wrong numbers",)  # memory that is not a kernel's own shows as any of them
        if self.kind == "C warns":
            return self.kind, re.search(r"\[-W[\w-]*", self.text).group()
        if self.kind == "refused":
            return self.kind, re.sub(
                r"\d+|`[^`]*`|\[[^]]*\]", "#", "".join(re.findall(r"error.*", self.text)[:1])
            )
        return (self.kind,)


class Wrong(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.verdict = Verdict(kind, text)


def call(command, folder, environment=None, limit=120):
    """Status and output; a status below 0 is a signal, 124 too long."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit,
            env=dict(os.environ, NO_COLOR="1", **(environment or {})),
        )
    except subprocess.TimeoutExpired:
        return 124, f"no end after {limit} s"
    return done.returncode, done.stdout.decode(errors="replace")


def short(text, lines=12):
    return "\n".join(text.strip().splitlines()[:lines])


def read_safetensors(path):
    blob = path.read_bytes()
    size = struct.unpack("<Q", blob[:8])[0]
    header, body = json.loads(blob[8 : 8 + size]), blob[8 + size :]
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] in CODES:
            first, last = entry["data_offsets"]
            tensors[name] = array.array(CODES[entry["dtype"]], body[first:last]).tolist()
    return tensors


def newest(folder, pattern):
    return max(folder.rglob(pattern), key=lambda p: p.stat().st_mtime_ns, default=None)


def read_log(path):
    with open(path, newline="") as file:
        return [{k: float(v) for k, v in row.items() if k and v} for row in csv.DictReader(file)]


class Judge:
    """plant: random numbers that choose a fault and its place; fault: one put everywhere."""

    def __init__(self, ltc, environment=None, plant=None, fault=None):
        self.ltc, self.environment, self.plant = str(ltc), environment or {}, plant
        self.planted, self.fault, self.line = False, fault, None

    # ---- building

    def build(self, folder):
        """`ltc build` and `ltc emit`, and the other compilers on the emitted file."""
        self.build_plainly(folder)
        self.emit(folder)
        warned = [self.compile(folder, way) for way in ("gcc", "clang")]
        if self.planted or self.fault:
            self.compile(folder, "gcc3")
        return warned[0] or warned[1]

    def build_plainly(self, folder):
        """`ltc build`, and the C compiler's line that it shows."""
        status, text = call(
            [self.ltc, "build", "-v", "spec.lt", "-o", "gcc3"], folder, self.environment
        )
        if status == 1:
            raise Wrong("refused", text)
        if status != 0:
            kind = "C refused" if "warning" in text or "error:" in text else "ltc failed"
            raise Wrong(kind, f"ltc build: status {status}\n{short(text, 30)}")
        line = next((l for l in text.splitlines() if " -std=c17" in l), None)
        if line is None:
            raise Wrong("ltc failed", f"ltc build -v shows no C compiler's line:\n{short(text)}")
        self.line = shlex.split(line[line.index("-std=c17") :])

    def emit(self, folder):
        status, text = call([self.ltc, "emit", "spec.lt", "-o", "c"], folder, self.environment)
        if status != 0:
            raise Wrong("refused" if status == 1 else "ltc failed", f"ltc emit:\n{short(text)}")
        if self.plant or self.fault:
            self.plant_fault(folder / "c" / os.path.basename(self.source()))

    def source(self):
        return next(word for word in self.line if word.endswith(".c"))

    def compile(self, folder, way):
        """The emitted file by another compiler, as `way`; what it warns of, or nothing."""
        drop, add = WAYS[way]
        words = [word for word in self.line if not word.startswith(drop)]
        words[words.index(self.source())] = "c/" + os.path.basename(self.source())
        words[words.index("-o") + 1] = way
        compiler = way.rstrip("3")
        status, text = call([compiler, *add, *words], folder, {"LC_ALL": "C"}, 300)
        if status != 0:
            raise Wrong("C refused", f"{compiler} {' '.join(add)}:\n{short(text, 20)}")
        return "warning:" in text and f"{compiler} {' '.join(add)}:\n{short(text, 8)}"

    def plant_fault(self, path):
        """Puts the fault into the emitted C wherever it fits, or a new one into one place."""
        text = path.read_text()
        if self.fault:
            path.write_text(re.sub(*self.fault, text))
            return
        places = [(m, bad, good) for bad, good in FAULTS for m in re.finditer(bad, text)]
        self.planted = bool(places)
        if places:
            match, *self.fault_planted = self.plant.choice(places)
            good = match.expand(self.fault_planted[1])
            path.write_text(text[: match.start()] + good + text[match.end() :])

    # ---- running

    def fit(self, folder, command, root, environment=None):
        status, text = call(
            [
                *command,
                "fit",
                "--trainer.default_root_dir",
                root,
                "--trainer.max_steps",
                str(STEPS),
                "--trainer.log_every_n_steps",
                "1",
                "--quiet",
            ],
            folder,
            {**self.environment, **(environment or {})},
            60,
        )
        if status != 0:
            if re.search(r"loss is (-?inf|-?nan|NaN)|not finite", text):
                raise Wrong("not finite", f"{root}: {short(text)}")
            raise Wrong(
                "interpreter failed" if root == "interpreted" else "program failed",
                f"{root}: status {status}\n{short(text)}",
            )
        weights, log = newest(folder / root, "*.safetensors"), newest(folder / root, "metrics.csv")
        if not weights or not log:
            raise Wrong(
                "program failed", f"{root}: no checkpoint or log was written\n{short(text)}"
            )
        return weights, log

    def run_program(self, folder, program, threads):
        weights, log = self.fit(
            folder, [f"./{program}"], f"{program}_{threads}", {"OMP_NUM_THREADS": str(threads)}
        )
        digest = (
            hashlib.sha256(weights.read_bytes()).hexdigest(),
            hashlib.sha256(log.read_bytes()).hexdigest(),
        )
        return digest, weights, log

    def same_bits(self, folder, all_threads):
        """Every program on its number of threads, one with all; the files of the first one."""
        ways = [("gcc3", 2), ("gcc", 1), ("clang", 3)] + (
            [("gcc3", 1), ("gcc3", 3), ("gcc", 3)] if all_threads else []
        )
        found = {way: self.run_program(folder, *way) for way in ways}
        first = found[ways[0]]
        for way, other in found.items():
            if other[0] != first[0]:
                which = "the checkpoint" if other[0][0] != first[0][0] else "the log"
                story = self.first_difference(first, other)
                raise Wrong(
                    "bits",
                    f"{which} of {way[0]} on {way[1]} threads is not that of "
                    f"{ways[0][0]} on {ways[0][1]}: {story}",
                )
        return first[1], first[2]

    def first_difference(self, one, other):
        a, b = read_safetensors(one[1]), read_safetensors(other[1])
        for name, items in a.items():
            for i, (x, y) in enumerate(zip(items, b.get(name, []))):
                if x != y:
                    return f"{name}[{i}] is {y!r}, not {x!r}"
        for i, (p, q) in enumerate(zip(read_log(one[2]), read_log(other[2]))):
            for k in p:
                if p[k] != q.get(k):
                    return f"{k} in row {i} is {q.get(k)}, not {p[k]}"
        return "no number differs"

    # ---- comparing with the interpreter

    def interpret(self, folder, source, root):
        steps = ["--steps", str(STEPS)]
        return self.fit(folder, [self.ltc, "run", "--interpret", *steps, source], root)

    def compare(self, folder, source, weights, log):
        spec = (folder / source).read_text()
        narrow = DOUBLE not in spec
        bound = 1e-5 if narrow else 1e-11
        oracle = self.interpret(folder, source, "interpreted" if narrow else "interpreted64")
        ours, theirs = self.quantities(weights, log), self.quantities(*oracle)
        if ours.keys() != theirs.keys():
            raise Wrong(
                "interpreter differs", f"not the same names: {sorted(ours.keys() ^ theirs.keys())}"
            )
        worst, beyond = 0.0, []
        for name, items in ours.items():
            far, size = distance(items, theirs[name]), norm(theirs[name])
            # nine digits of the log
            allowed = max(bound, 2e-9 if name.startswith("log ") else 0) * max(size, LEAST)
            worst = max(worst, far / max(size, LEAST))
            if not far <= allowed:
                beyond.append((name, far, size, allowed))
        if not beyond:
            return Verdict("ok", worst=worst)
        rounding = self.rounding(folder, spec, theirs, bound)
        # A few ways to shake tell the order of magnitude; where it is float32, float64 has the word.
        doubt = 8 if narrow else 1
        for name, far, size, allowed in beyond:
            if not far <= allowed + doubt * rounding.get(name, 0.0):
                raise Wrong(
                    "interpreter differs",
                    f"{name} is {far:.2e} off, its size is {size:.2e}, "
                    f"rounding explains {rounding.get(name, 0.0):.1e}:\n"
                    f"  program     {preview(ours[name])}\n  interpreter {preview(theirs[name])}",
                )
        if narrow:
            self.compare_in_double(folder, spec)
        return Verdict("ok", worst=worst, sensitive=True)

    def compare_in_double(self, folder, spec):
        """Float64 settles what float32 leaves open: there rounding explains next to nothing."""
        wide = re.sub(r"^trainer \{$", f"\\g<0>\n    {DOUBLE}", spec, flags=re.M)
        if wide == spec:        # a spec that became smaller may have lost its trainer
            wide += f"\ntrainer {{\n    {DOUBLE}\n}}\n"
        (folder / "wide.lt").write_text(wide)
        status, text = call([self.ltc, "build", "wide.lt", "-o", "wide"], folder, self.environment)
        if status != 0:
            raise Wrong("ltc failed", f"in float64: status {status}\n{short(text)}")
        self.compare(folder, "wide.lt", *self.run_program(folder, "wide", 2)[1:])

    def rounding(self, folder, spec, theirs, bound):
        """How far the interpreter's results move if each statement and its gradient are off by the
        bound."""
        most = {}
        # waves so short that elements which hardly differ are moved apart
        for wave in (9973, 7919e4, 6007e6, 104729e6 if bound > 1e-9 else 104729e8):

            def shake(match):
                line, indent, name, sizes = match.groups()
                off = f"stop_gradient({bound} * sin({wave:.1f} * {name}{places(sizes)}))"
                return f"{line}\n{indent}{name} = {name} + {name} * {off}"

            shaken = re.sub(r"^(( *)([vl]\d+) = .*# f32\[(.*)\])$", shake, spec, flags=re.M)
            (folder / "shaken.lt").write_text(shaken)
            shutil.rmtree(folder / "shaken", ignore_errors=True)
            try:
                files = self.interpret(folder, "shaken.lt", "shaken")
            except Wrong:
                continue
            for name, items in self.quantities(*files).items():
                if name in theirs:
                    most[name] = max(most.get(name, 0.0), distance(items, theirs[name]))
        return most

    def quantities(self, weights, log):
        """All that is compared: tensors of the checkpoint, columns of the log."""
        out = dict(read_safetensors(weights))
        for row in read_log(log):
            for key, value in row.items():
                out.setdefault(f"log {key}", []).append(value)
        return out

    # ---- all of it

    def judge(self, folder, all_threads=False):
        for name in (
            "interpreted",
            "interpreted64",
            "wide_2",
            "shaken",
            "gcc3_1",
            "gcc3_2",
            "gcc3_3",
            "gcc_1",
            "gcc_3",
            "clang_3",
            "c",
        ):
            shutil.rmtree(folder / name, ignore_errors=True)
        try:
            warned = self.build(folder)
            weights, log = self.same_bits(folder, all_threads)
            verdict = self.compare(folder, "spec.lt", weights, log)
            return Verdict("C warns", warned) if warned else verdict
        except Wrong as wrong:
            return self.endless(folder, wrong.verdict)

    def endless(self, folder, verdict):
        """A loss that is not finite is right if the interpreter's is not either, or huge."""
        if verdict.kind != "not finite":
            return verdict
        try:
            _, log = self.interpret(folder, "spec.lt", "interpreted")
        except Wrong as wrong:
            return verdict if wrong.verdict.kind == "not finite" else wrong.verdict
        if any(not abs(v) < 1e6 for row in read_log(log) for v in row.values()):
            return verdict
        return Verdict("program failed", f"the interpreter's loss is finite, but\n{verdict.text}")


def places(sizes):
    """A summand that differs from place to place, so that equal elements are moved apart too."""
    sizes, text = sizes.split(", "), ""
    for axis, size in enumerate(sizes):
        if size.isdigit() and int(size) > 1:
            shape = ", ".join([size] + ["1"] * (len(sizes) - axis - 1))
            text += f" + {axis + 1.7} * reshape(f32(0..{size}), [{shape}])"
    return text


def distance(a, b):
    """The greatest of all differences; numbers that are not finite agree with their like alone."""
    if len(a) != len(b):
        return math.inf
    return max(map(apart, a, b), default=0.0)


def apart(x, y):
    if math.isfinite(x) and math.isfinite(y):
        return abs(x - y)
    return 0.0 if repr(x) == repr(y) else math.inf


def norm(a):
    return max((abs(x) for x in a), default=0.0)


def preview(items):
    return ", ".join(f"{x:.9g}" for x in items[:6]) + (" …" if len(items) > 6 else "")
