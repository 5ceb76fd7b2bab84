"""What the tests of the runtime share: running the program, reading its logs and traces."""
import csv
import glob
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import make_data

PROGRAM = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "./linear_program"

# Thousands of small files that are flushed one by one: in memory, where there is such a folder.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
SCALE = int(os.environ.get("LT_TEST_SCALE", "1"))


class Case(unittest.TestCase):
    maxDiff = None
    """A test with a folder of its own, `self.folder`, and the data in it."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="lt-runtime-", dir=MEMORY)
        self.addCleanup(shutil.rmtree, self.folder, True)
        make_data.main(os.path.join(self.folder, "data"))

    def command(self, words, root="out"):
        line = [PROGRAM] + words
        if words and words[0] in ("fit", "validate", "test", "predict", "info"):
            line += ["--data.root", "data"]
            line += ["--trainer.default_root_dir", root] if words[0] != "info" else []
        return line

    def environment(self, variables):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LINEAR_", "OMP_"))}
        kept.pop("NO_COLOR", None)
        return {**kept, **variables}

    def run_program(self, *words, root="out", expect=0, **variables):
        done = subprocess.run(self.command(list(words), root), cwd=self.folder, text=True,
                              capture_output=True, env=self.environment(variables), timeout=60)
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def start_program(self, *words, root="out", **variables):
        return subprocess.Popen(self.command(list(words), root), cwd=self.folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=self.environment(variables))

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def version(self, number=0, root="out"):
        return self.path(root, "lightning_logs", "version_%d" % number)

    def rows(self, number=0, root="out"):
        with open(os.path.join(self.version(number, root), "metrics.csv"), newline="") as file:
            return list(csv.DictReader(file))

    def checkpoints(self, number=0, root="out"):
        found = glob.glob(os.path.join(self.version(number, root), "checkpoints", "*"))
        return sorted(os.path.basename(name) for name in found)

    def trace(self, *words, **variables):
        """Events of a run: (name, epoch, step, batch, progress, "micro")."""
        path = self.path("trace")
        if os.path.exists(path):
            os.remove(path)
        self.run_program(*words, LINEAR_TRACE=path, **variables)
        events = []
        with open(path) as file:
            for line in file:
                word = line.split()
                events.append((word[0], int(word[2]), int(word[4]), int(word[6]),
                               float(word[8]), word[10]))
        return events


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def sums_of(folder):
    """The sha256 of each file."""
    return {name: hashlib.sha256(read_bytes(os.path.join(folder, name))).hexdigest()
            for name in sorted(os.listdir(folder))}


def read_safetensors(path):
    """Tensors as raw bytes, and the metadata."""
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    return {name: data[about["data_offsets"][0]:about["data_offsets"][1]]
            for name, about in header.items()}, metadata


# ---- event files --------------------------------------------------------------------------------

def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def message(data):
    """Fields of a protobuf message: {number: [value, …]}."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            size = {1: 8, 5: 4}[wire]
            value, at = data[at:at + size], at + size
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def read_events(folder):
    """Scalars {name: {step: value}} of all event files of a folder, purged as TensorBoard does."""
    scalars = {}
    for path in sorted(glob.glob(os.path.join(folder, "events.out.tfevents.*"))):
        data = read_bytes(path)
        at = 0
        while at < len(data):
            head = data[at:at + 8]
            size, = struct.unpack("<Q", head)
            assert struct.unpack("<I", data[at + 8:at + 12])[0] == masked(head)
            body = data[at + 12:at + 12 + size]
            assert struct.unpack("<I", data[at + 12 + size:at + 16 + size])[0] == masked(body)
            at += 16 + size
            event = message(body)
            step = event.get(2, [0])[0]
            if 7 in event:
                for values in scalars.values():
                    for old in [s for s in values if s >= step]:
                        del values[old]
            for summary in event.get(5, []):
                value = message(message(summary)[1][0])
                name = value[1][0].decode()
                scalars.setdefault(name, {})[step] = struct.unpack("<f", value[2][0])[0]
    return scalars
