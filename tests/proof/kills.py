"""Killed at random moments and resumed, a run ends in the bits of the run that was never killed.

specs/kills.lt has a shuffle, dropout, running statistics, momentum, a warm-up and saves inside the
epochs. A kill is a SIGKILL after a random time; in the second half of them it comes when a save
begins (the temporary file appears), so that it falls inside the save. After each kill the run goes
on with `--resume auto`. Held equal: every checkpoint that remains, every row of metrics.csv (each
step once), every scalar of the event files. LT_TEST_SEED repeats a seed that was printed.

LT_PLANTED_FAULT=1 changes a bit of the newest checkpoint's optimiser state, with its checksum made
right again, before the last resume: the test must then find a difference.
"""
import csv
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time

import events
import tools
import xxh64

STEPS_AN_EPOCH = 54


class Killed:
    def __init__(self, tree, program, moments):
        self.tree, self.program, self.moments = tree, program, moments
        self.root = tree.path("killed")
        self.inside, self.between, self.torn = 0, 0, 0

    def command(self, root, *words):
        return [self.program, "fit", "--quiet", "--data.root", self.tree.examples,
                "--trainer.default_root_dir", root, "--threads", "2", *words]

    def folder(self):
        return os.path.join(self.root, "lightning_logs", "version_0", "checkpoints")

    def saved(self):
        try:
            return [name for name in os.listdir(self.folder()) if name.endswith(".safetensors")]
        except OSError:
            return []

    def half_written(self):
        try:
            return [name for name in os.listdir(self.folder()) if "tmp" in name]
        except OSError:
            return []

    def again(self):
        """The command that goes on, or that begins anew where a kill came before the first save."""
        if self.saved():
            return self.command(self.root, "--resume", "auto")
        shutil.rmtree(self.root, ignore_errors=True)
        return self.command(self.root)

    def start(self):
        return subprocess.Popen(self.again(), stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE)

    def kill_in_save(self, process):
        """Waits a while, then for a temporary file; False if the run ended first."""
        until = time.monotonic() + self.moments.uniform(0, self.length / 4)
        while process.poll() is None:
            if time.monotonic() > until and self.half_written():
                time.sleep(self.moments.uniform(0, 0.002))
                return True
        return False

    def kill_after(self, process):
        """Waits for a first save, then for a random share of the run."""
        while process.poll() is None and not self.saved():
            time.sleep(0.0005)
        time.sleep(self.moments.uniform(0, self.length / 3))
        return process.poll() is None

    def kill(self, in_save):
        """One start and, unless it was done before, one kill. Whether it was killed."""
        process = self.start()
        ready = self.kill_in_save(process) if in_save else self.kill_after(process)
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        if process.returncode == 0:
            return False
        if process.returncode != -signal.SIGKILL:
            sys.exit("ended with %d: %s" % (process.returncode, said.decode()))
        self.torn += bool(self.half_written())
        self.inside += bool(in_save)
        self.between += not in_save
        return ready

    def finish(self):
        tools.run(self.again())


def last(path):
    """What a run left, as values that compare."""
    folder = os.path.join(path, "lightning_logs", "version_0")
    checkpoints = os.path.join(folder, "checkpoints")
    return {
        "runs": sorted(os.listdir(os.path.join(path, "lightning_logs"))),
        "checkpoints": {name: tools.digest_of(os.path.join(checkpoints, name))
                        for name in sorted(os.listdir(checkpoints))},
        "metrics.csv": tools.read_text(os.path.join(folder, "metrics.csv")),
        "events": events.read_folder(folder),
    }


def differences(reference, got):
    return [name for name in reference if reference[name] != got[name]]


def check_rows(text):
    steps = [int(row["step"]) for row in csv.DictReader(text.splitlines()) if row["train_loss"]]
    if len(steps) != len(set(steps)) or steps != sorted(steps) or len(steps) < STEPS_AN_EPOCH:
        sys.exit("metrics.csv has a step twice, out of order, or lacks steps")


def newest(names):
    """Those that `--resume auto` may choose: of the last step saved, and the last one."""
    steps = {name: int(found.group(1)) for name in names
             if (found := re.search(r"step=(\d+)", name))}
    return [name for name in names
            if name == "last.safetensors" or steps.get(name) == max(steps.values())]


def plant(folder, names):
    """Turns a bit of a number of an optimiser state in the newest checkpoints."""
    for name in newest(names):
        path = os.path.join(folder, name)
        data = bytearray(tools.read_bytes(path))
        size, = struct.unpack("<Q", data[:8])
        header = json.loads(data[8:8 + size])
        at = next(about["data_offsets"][0] for name, about in header.items()
                  if name.startswith("optimizer.") and about["dtype"] == "F32")
        data[8 + size + at + 3] ^= 1    # of its exponent: a small change may be rounded away
        xxh64.seal(data)
        with open(path, "wb") as file:
            file.write(data)


def run_kills(killed, count, planted):
    """Every second kill falls into a save; a run that is done begins anew.

    A kill inside a save may leave nothing to plant the fault into: with it, none does.
    """
    reference = last(killed.tree.path("never"))
    check_rows(reference["metrics.csv"])
    compared, kills, starts = 0, 0, 0
    while kills < count or starts:
        starts += 1
        if starts > 10 * count:
            sys.exit("the run does not come to its end")
        if kills < count and killed.kill(in_save=kills % 2 == 1 and not planted):
            kills += 1
            if kills < count and starts % 5:
                continue
        if planted:
            plant(killed.folder(), killed.saved())
        killed.finish()
        wrong = differences(reference, last(killed.root))
        compared += 1
        if wrong:
            print("after %d kills these differ: %s" % (kills, ", ".join(wrong)))
            return False, compared, kills
        shutil.rmtree(killed.root)
        starts = 0
    return True, compared, kills


def main():
    given = tools.options(__doc__).parse_args()
    seed = int(os.environ.get("LT_TEST_SEED", random.randrange(2**32)))
    print("seed %d" % seed)
    tree = tools.Tree(given)
    program = tree.path("kills")
    tools.run([tree.ltc, "build", os.path.join(tree.source, "tests", "proof", "specs", "kills.lt"),
               "--data-root", tree.examples, "-o", program])
    killed = Killed(tree, program, random.Random(seed))
    begun = time.monotonic()
    tools.run(killed.command(tree.path("never")))
    killed.length = time.monotonic() - begun
    planted = bool(os.environ.get("LT_PLANTED_FAULT"))
    same, compared, kills = run_kills(killed, 20 if given.long else 6, planted)
    if planted:
        print("the planted fault was %s" % ("NOT found" if same else "found"))
        return 1 if same else 0
    if not same:
        return 1
    if not killed.torn and given.long:
        print("no kill fell inside a save")
        return 1
    print("%d kills (%d as a save began, %d of them left a half-written file), %d ends compared, "
          "all the same" % (kills, killed.inside, killed.torn, compared))
    return 0


sys.exit(main())
