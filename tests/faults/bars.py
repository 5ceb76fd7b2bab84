"""What the bars share: the programs that they kill, what a run leaves, strace, the last line.

A bar is called with `--ltc FILE --library FILE --source FOLDER --work FOLDER`, `--programs FOLDER`
for the programs that the first of them builds, `--long` for the counts that the bar asks for, and
`--planted` for a fault that it has to find. Its last line is its figure; lines that begin with
"left out:" say what it did not try, and why.
"""
import csv
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "proof"))
import events       # noqa: E402
import tools        # noqa: E402
import xxh64        # noqa: E402

# Thousands of small files that are flushed one by one: in memory, where there is such a folder.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
LIBRARIES = ("-ljansson", "-lz", "-lpthread", "-lm")
WRAPPED = ("fsync", "renameat", "lt_signals_leave")        # by places.c
VARIANTS = {"double": ("small", "-D", 'trainer.precision="64-true"')}       # a spec, emitted in another way


class Bar:
    """One call of a bar: its options, its folder, how it ends."""

    def __init__(self, description):
        parser = tools.options(description)
        parser.add_argument("--programs", help="where the programs are, or will be")
        parser.add_argument("--quick", action="store_true", help="what is done without --long")
        parser.add_argument("--planted", action="store_true", help="a fault that must be found")
        parser.add_argument("--seed", type=int, default=int(os.environ.get("LT_TEST_SEED", 0)))
        self.given = parser.parse_args()
        self.long, self.planted, self.seed = self.given.long, self.given.planted, self.given.seed
        self.tree = tools.Tree(self.given)
        self.programs = os.path.abspath(self.given.programs or self.tree.path("programs"))
        self.data = self.tree.examples
        self.scratch = self.tree.work
        if MEMORY:
            self.scratch = os.path.join(MEMORY, "lt-bars-%d" % os.getpid())
            shutil.rmtree(self.scratch, ignore_errors=True)
            os.makedirs(self.scratch)
        self.begun = time.monotonic()

    def path(self, *parts):
        return os.path.join(self.scratch, *parts)

    def end(self, good, figure):
        """The last line. A planted fault is to be found: then a bar that holds is a failure."""
        if self.scratch != self.tree.work:
            shutil.rmtree(self.scratch, ignore_errors=True)
        if self.planted:
            print("the planted fault was %s (%s)" % ("NOT found" if good else "found", figure))
            sys.exit(1 if good else 0)
        print("%s, %.0f s" % (figure, time.monotonic() - self.begun))
        sys.exit(0 if good else 1)

    # ---- programs -------------------------------------------------------------------------------

    def spec(self, name):
        for folder in ("faults", "proof"):
            path = os.path.join(self.tree.source, "tests", folder, "specs", name + ".lt")
            if os.path.exists(path):
                return path
        return self.tree.example(name)

    def program(self, name="small", main="places"):
        """A spec's program with the main function of places.c or another; built once for all bars."""
        program = os.path.join(self.programs, name if main == "places" else name + "." + main)
        source = os.path.join(self.tree.source, "tests", "faults", main + ".c")
        spec, *words = VARIANTS.get(name, (name,))
        if self.is_built(program, self.spec(spec), source):
            return program
        code = os.path.join(self.programs, name + ".o")
        flags = ["-std=c17", "-O3", *(["-march=native"] if platform.machine() == "x86_64" else []),
                 "-ffp-contract=off", "-fno-math-errno", "-fopenmp", "-D_GNU_SOURCE", "-I" + self.tree.include,
                 "-I" + os.path.join(self.tree.source, "runtime")]
        cc = os.environ.get("CC", "cc")
        if not self.is_built(code, self.spec(spec)):
            folder = os.path.join(self.programs, name + ".emitted")
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(self.programs, exist_ok=True)
            tools.run([self.tree.ltc, "emit", self.spec(spec), "-o", folder, "--data-root", self.data, *words])
            tools.run([cc, *flags, "-Dmain=emitted_main", "-c", os.path.join(folder, spec + ".c"), "-o", code])
        wrapped = "-Wl," + ",".join("--wrap=" + call for call in WRAPPED) if main == "places" else "-g"
        tools.run([cc, *flags, wrapped, source, code, self.tree.library, *LIBRARIES, "-o", program + ".new"])
        os.rename(program + ".new", program)
        return program

    def is_built(self, path, *sources):
        newest = max(map(os.path.getmtime, (*sources, self.tree.ltc, self.tree.library)))
        return os.path.exists(path) and os.path.getmtime(path) > newest

    def words(self, root, *words):
        return ["fit", "--quiet", "--threads", "1", "--data.root", self.data,
                "--trainer.default_root_dir", root, *words]

    def fit(self, name, root, *words, before=(), expect=0, timeout=120, **variables):
        """Trains under the folder `root`; `before`: what runs the program, such as strace."""
        return tools.run([*before, self.program(name), *self.words(root, *words)], expect=expect,
                         timeout=timeout, **variables)

    def resume(self, name, root, *words, **more):
        return self.fit(name, root, "--resume", "auto", *words, **more)


# ---- what a run leaves --------------------------------------------------------------------------

def versions(root):
    """The folders of the runs under a root, oldest first."""
    logs = os.path.join(root, "lightning_logs")
    names = os.listdir(logs) if os.path.isdir(logs) else []
    return [os.path.join(logs, name) for name in sorted(names, key=lambda name: int(name.split("_")[1]))]


def checkpoint_folder(root):
    return os.path.join(versions(root)[-1], "checkpoints")


def checkpoints(root):
    folder = checkpoint_folder(root) if versions(root) else ""
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def half_written(root):
    """Files anywhere under the root that a save did not finish."""
    return [name for _, _, names in os.walk(root) for name in names if "tmp" in name]


def left(root):
    """All that must be the same at the end: every checkpoint, every row, every scalar."""
    folder = versions(root)[-1]
    names = checkpoints(root)
    return {
        **{name: tools.digest_of(os.path.join(folder, "checkpoints", name)) for name in names},
        "checkpoints": names,
        "metrics.csv": tools.read_text(os.path.join(folder, "metrics.csv")),
        "events": events.read_folder(folder),
    }


def differences(reference, got):
    return [name for name in {**reference, **got} if reference.get(name) != got.get(name)]


def drop_left_over(root, reference):
    """The file of an interruption is not part of a run that was never interrupted."""
    if "last.safetensors" in checkpoints(root) and "last.safetensors" not in reference["checkpoints"]:
        os.remove(os.path.join(checkpoint_folder(root), "last.safetensors"))


def step_of(path):
    """The step that a checkpoint's own state names."""
    return run_state(path)["step"]


def is_sealed(path):
    """Whether every byte is what was written."""
    data = tools.read_bytes(path)
    return len(data) > 64 and data[8:8 + len(xxh64.START)] == xxh64.START \
        and data[8 + len(xxh64.START):][:16] == xxh64.sum_of(data)


def sealed_step(root):
    """The step from which a run can go on: that of the newest whole checkpoint, or 0."""
    paths = [os.path.join(checkpoint_folder(root), name) for name in checkpoints(root)]
    return max([step_of(path) for path in paths if path.endswith(".safetensors") and is_sealed(path)], default=0)


class Counts:
    """What a program counted (places.c), also after a kill."""

    def __init__(self, path):
        data = tools.read_bytes(path) if os.path.exists(path) else b""
        numbers = struct.unpack("<7q", data) if len(data) == 56 else (0,) * 7
        self.train, self.validate, self.sample, self.fsync, self.rename, self.step, self.later = numbers


def run_state(path):
    return json.loads(tools.read_safetensors(path)[1]["lt.run"])


def rows_are_whole(text):
    """Each step once, in order."""
    steps = [int(row["step"]) for row in csv.DictReader(text.splitlines())]
    return steps == sorted(set(steps)) and len(steps) > 0


# ---- changing a checkpoint so that its sum is right ---------------------------------------------

def rewrite(path, change):
    """Gives the header's metadata and tensor places to `change`, and seals what it made of them."""
    data = bytearray(tools.read_bytes(path))
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    body = data[8 + size:]
    change(header, body)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    data = bytearray(struct.pack("<Q", len(text)) + text) + body
    xxh64.seal(data)
    with open(path, "wb") as file:
        file.write(data)


def tear(root):
    """What saving in place would leave: the newest checkpoints cut in half, older ones gone."""
    for name in checkpoints(root):
        path = os.path.join(checkpoint_folder(root), name)
        os.truncate(path, os.path.getsize(path) // 2)


def turn_bit(root):
    """A bit of an optimiser's state turned in every checkpoint, under a sum that is right."""
    def change(header, body):
        at = next(about["data_offsets"][0] for name, about in header.items()
                  if name.startswith("optimizer.") and about["dtype"] == "F32")
        body[at + 3] ^= 1       # of its exponent: a small change may be rounded away
    for name in checkpoints(root):
        if name.endswith(".safetensors"):
            rewrite(os.path.join(checkpoint_folder(root), name), change)


# ---- strace -------------------------------------------------------------------------------------

def can_trace():
    """Why strace cannot be used here, or None."""
    if not tools.has("strace"):
        return "strace is not installed"
    done = subprocess.run(["strace", "-o", "/dev/null", "-e", "inject=getuid:error=EPERM", "true"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        return "strace may not trace here: " + (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return None


def injected(what, *words):
    """What stands before a command, so that a call of it fails or kills; `words`: more options."""
    return ["strace", "-f", "-qq", "-o", "/dev/null", *words, "-e", "inject=" + what]


def calls_of(command, calls, **variables):
    """The calls that a command's first process makes, in order, as (name, line)."""
    log = command.pop(0)
    tools.run(["strace", "-f", "-qq", "-o", log, "-e", "trace=" + ",".join(calls), *command], **variables)
    found = []
    first = None
    for line in tools.read_text(log).splitlines():
        parts = re.match(r"(\d+) +(\w+)\((.*)", line)
        if not parts:
            continue
        first = first or parts[1]
        if parts[1] == first:
            found.append((parts[2], parts[3]))
    return found
