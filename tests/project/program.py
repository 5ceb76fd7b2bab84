"""What the tests of this folder share: a spec in an empty folder, built, run, and its log read."""
import contextlib
import csv
import glob
import os
import struct
import subprocess
import sys
import tempfile


@contextlib.contextmanager
def empty_folder():
    """The working directory is an empty folder until the end of the block."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def attempt(*words):
    return subprocess.run(words, capture_output=True, text=True, timeout=100)


def run(*words):
    """What a command says, which must succeed."""
    done = attempt(*words)
    if done.returncode:
        sys.exit(f"{' '.join(words)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def build(ltc, name, spec):
    with open(name + ".lt", "w") as file:
        file.write(spec)
    run(ltc, "build", name + ".lt", "-o", name)


def fit_both(ltc, name):
    """Trains the program of a spec, compiled and interpreted; the folders that they wrote."""
    folders = [name + "_compiled", name + "_interpreted"]
    for program, folder in zip((["./" + name], [ltc, "run", "--interpret", name + ".lt"]), folders):
        run(*program, "fit", "--quiet", "--trainer.default_root_dir", folder)
    return folders


def newest_metrics(folder):
    """The path of the last log below a folder."""
    return sorted(glob.glob(os.path.join(folder, "**", "metrics.csv"), recursive=True))[-1]


def metrics(folder):
    """The rows of that log, by the names of its columns."""
    with open(newest_metrics(folder)) as file:
        return list(csv.DictReader(file))


def write_npy(path, rows):
    """A matrix of f32."""
    shape = (len(rows), len(rows[0]))
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    values = [value for row in rows for value in row]
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        file.write(struct.pack(f"<{len(values)}f", *values))
