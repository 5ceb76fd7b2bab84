"""What the proofs share: emitting a spec, building what came out, running it, reading what it left.

Each proof is called with `--ltc FILE --library FILE --source FOLDER --work FOLDER` (CMakeLists.txt)
and with `--long` for the whole of it; the last line that it prints is its figure.
"""
import argparse
import glob
import hashlib
import json
import os
import shlex
import shutil
import struct
import subprocess
import sys

EXAMPLES = ("digits", "ink", "autoencoder", "gan", "vae", "mixer", "digits_cnn", "resnet")
SKIPPED = 77        # ctest's SKIP_RETURN_CODE


class Tree:
    """The folders and programs of one build of the project, and a fresh folder to work in."""

    def __init__(self, options):
        self.ltc = os.path.abspath(options.ltc)
        self.library = os.path.abspath(options.library)
        self.source = os.path.abspath(options.source)
        self.work = os.path.abspath(options.work)
        self.include = os.path.join(self.source, "runtime", "include")
        self.examples = os.path.join(self.source, "examples")
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)

    def path(self, *parts):
        return os.path.join(self.work, *parts)

    def example(self, name):
        return os.path.join(self.examples, name + ".lt")

    def emit(self, spec, name, *words, **variables):
        """Emits into a folder of that name, and returns the folder."""
        folder = self.path(name)
        run([self.ltc, "emit", spec, "-o", folder, *words], **variables)
        return folder

    def package(self):
        """A folder with an ltc.pc of the build tree, for the Makefile beside the emitted C."""
        folder = self.path("pkgconfig")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "ltc.pc"), "w") as file:
            file.write("Name: ltc\nDescription: the runtime in the build tree\nVersion: 0\n"
                       "Cflags: -I%s\nLibs: %s -ljansson -lz -lpthread -lm\n"
                       % (self.include, self.library))
        return folder

    def make(self, folder, compiler, *settings):
        """Builds by the emitted Makefile, with such settings as CFLAGS=-O0, and returns the program."""
        run(["make", "-B", "-s", "-C", folder, "CC=" + compiler, *settings],
            PKG_CONFIG_PATH=self.package())
        return glob.glob(os.path.join(folder, "*.c"))[0][:-2]

    def fit(self, program, root, *words, prefix=(), **variables):
        """Trains into the folder `root`, a row of metrics.csv a step."""
        shutil.rmtree(root, ignore_errors=True)
        run([*prefix, program, "fit", "--quiet", "--data.root", self.examples,
             "--trainer.default_root_dir", root, "--trainer.log_every_n_steps", "1", *words],
            **variables)
        return Run(root)


class Run:
    """What a training run left behind."""

    def __init__(self, root, version=0):
        self.folder = os.path.join(root, "lightning_logs", "version_%d" % version)

    def checkpoints(self):
        return sorted(glob.glob(os.path.join(self.folder, "checkpoints", "*.safetensors")),
                      key=lambda name: (os.path.getmtime(name), name))

    def digest(self):
        """Of every checkpoint and of the rows: weights, optimiser states, losses, metrics."""
        return digest_of(*self.checkpoints(), os.path.join(self.folder, "metrics.csv"))


def digest_of(*paths):
    digest = hashlib.sha256()
    for path in paths:
        digest.update(os.path.basename(path).encode() + b"\0")
        digest.update(read_bytes(path))
    return digest.hexdigest()


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def read_text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def read_safetensors(path):
    """{name: (dtype, shape, bytes)} in the order of the data, and the metadata."""
    data = read_bytes(path)
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    places = sorted(header.items(), key=lambda item: item[1]["data_offsets"])
    return {name: (about["dtype"], tuple(about["shape"]),
                   data[8 + size + about["data_offsets"][0]:8 + size + about["data_offsets"][1]])
            for name, about in places}, metadata


def run(words, expect=0, timeout=3600, cwd=None, **variables):
    """Runs a command to its end; a status other than `expect` ends the test with what it said."""
    environment = {**os.environ, **variables}
    environment.pop("MAKEFLAGS", None)
    done = subprocess.run(words, capture_output=True, env=environment, cwd=cwd,
                          encoding="utf-8", errors="replace",
                          timeout=timeout)
    if expect is not None and done.returncode != expect:
        line = " ".join(shlex.quote(str(word)) for word in words)
        sys.exit("%s\n%s%sended with %d instead of %d"
                 % (line, done.stdout, done.stderr, done.returncode, expect))
    return done


def has(program):
    return shutil.which(program) is not None


def cpu_has(flag):
    """Whether the processor at hand has an instruction set, by the name in /proc/cpuinfo."""
    try:
        return flag in read_text("/proc/cpuinfo").split()
    except OSError:
        return False


def python_with(packages, folder):
    """A Python that has packages from the registry, in an environment in that folder; skips, with
    pip's reason, where there is none to be had."""
    python = os.path.join(folder, "bin", "python")
    probe = "import " + ", ".join(packages)
    if os.path.exists(python) and subprocess.run([python, "-c", probe],
                                                 capture_output=True).returncode == 0:
        return python
    for words in ([sys.executable, "-m", "venv", "--clear", folder],
                  [python, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                   "--retries", "1", "--timeout", "20", *packages]):
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
            skip("%s cannot be installed: %s" % (", ".join(packages), said[-1]))
    return python


def skip(reason):
    print("skipped: " + reason)
    sys.exit(SKIPPED)


def options(description):
    parser = argparse.ArgumentParser(description=description)
    for name in ("ltc", "library", "source", "work"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--long", action="store_true", help="the whole, and not a part of it")
    parser.add_argument("--only", help="one example or case")
    return parser
