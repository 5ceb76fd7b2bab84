"""Bar 5: disks that are full, fail, or go away, while the program trains.

A disk that has no room for two checkpoints is refused before the first step; a disk that fills up,
each error at each call of a save, a folder that may not be written or is removed, a limit on the
length of files, and logs that cannot be written cost one sentence, which names the file and, for a
checkpoint, its bytes. Training goes on, the exit code is not 0, what is there is whole and the last
checkpoint loads, and once the disk is well the run ends, resumed, with the same weights.

Long: each of ENOSPC, EIO and EDQUOT at every call from the making of the folder on.

--planted lets a save believe a disk that lies (fsync and write say yes and keep half): it is found.
"""
import os
import pwd
import re
import resource
import shutil
import subprocess
import sys
import time

import bars

NOTED = r"note: \S+/(config|hparams)\.yaml: "        # what a run can do without is a note, and no failure
ERRORS = ("ENOSPC", "EIO", "EDQUOT")
CALLS = ("openat", "write", "pwrite64", "fsync", "fdatasync", "renameat", "mkdir", "close", "ftruncate")
ONE = "epoch=1-step=10.safetensors"             # a save of small.lt that has older ones beside it


class Disk:
    def __init__(self, bar):
        self.bar, self.root = bar, bar.path("disk")
        self.counts = os.path.join(self.root, "counts")
        bar.fit("small", bar.path("never"), LT_COUNTS=bar.path("counts"))
        self.reference = bars.left(bar.path("never"))
        self.tensors = self.newest(bar.path("never"))
        self.bytes = max(os.path.getsize(os.path.join(bars.checkpoint_folder(bar.path("never")), name))
                         for name in self.reference["checkpoints"])
        self.tried = self.good = 0
        self.numbers = {}
        self.clear()

    def clear(self):
        shutil.rmtree(self.root, ignore_errors=True)
        os.makedirs(self.root)
        os.chmod(self.root, 0o777)

    def newest(self, root):
        names = [os.path.join(bars.checkpoint_folder(root), name) for name in bars.checkpoints(root)]
        return bars.tools.read_safetensors(max(names, key=bars.step_of))[0]

    def check(self, what, wrong):
        self.tried += 1
        self.good += not wrong
        if wrong:
            print("%s: %s" % (what, "; ".join(wrong)), flush=True)

    def what_is_left(self, root):
        wrong = []
        if bars.half_written(root):
            wrong.append("left " + ", ".join(bars.half_written(root)))
        for name in bars.checkpoints(root):
            if not bars.is_sealed(os.path.join(bars.checkpoint_folder(root), name)):
                wrong.append(name + " is damaged")
        if bars.checkpoints(root):
            done = bars.tools.run([self.bar.program("small"), "validate", "--weights", "last", "--data.root",
                                   self.bar.data, "--trainer.default_root_dir", root], expect=None)
            if done.returncode:
                wrong.append("the last checkpoint does not load: " + done.stderr)
        return wrong

    def said(self, done, *parts):
        """One sentence that has these parts, and an exit code. "bytes": what a checkpoint needs."""
        wrong = [] if done.returncode == 1 else ["ended with %d" % done.returncode]
        needed = re.search(r"(?:checkpoint of|needs?) (\d+) bytes", done.stderr)
        if "bytes" in parts and (not needed or not 0.9 * self.bytes < int(needed[1]) < 2.5 * self.bytes):
            wrong.append("needs no number of bytes near %d" % self.bytes)
        if done.stderr.count("\n") != 1 or not all(part in done.stderr for part in parts):
            wrong.append("said %r, expected one sentence with %s" % (done.stderr, " and ".join(parts)))
        return wrong

    def goes_on(self, root):
        """On a disk that is well again."""
        done = self.bar.resume("small", root, expect=None)
        if done.returncode:
            return ["resuming ended with %d: %s" % (done.returncode, done.stderr)]
        same = self.newest(root) == self.tensors
        return [] if same else ["the weights of the end differ"]

    def after(self, done, *parts, root=None):
        root = root or self.root
        return self.said(done, *parts) + (self.what_is_left(root) or self.goes_on(root))

    # ---- one error at one call of a save --------------------------------------------------------

    def call_fails(self, call, error):
        self.clear()
        path = os.path.join(self.root, "lightning_logs", "version_0", "checkpoints", ONE)
        draft = path + ".lt-tmp"
        only, number = ["-P", draft], 1
        if call in ("openat", "renameat"):      # by a name within a folder, which -P does not follow
            only, number = [], self.number_of(call)
        done = self.bar.fit("small", self.root, expect=None,
                            before=bars.injected("%s:error=%s:when=%d" % (call, error, number), *only))
        return self.after(done, path, "bytes")

    def number_of(self, call):
        """Which of all calls of that name is the first for that checkpoint."""
        if call not in self.numbers:
            command = [self.bar.path("calls"), self.bar.program("small"), *self.bar.words(self.bar.path("traced"))]
            lines = [line for _, line, thread in bars.calls_of(command, (call,)) if not thread]
            self.numbers[call] = next(i for i, line in enumerate(lines, 1) if ONE + ".lt-tmp" in line)
        return self.numbers[call]

    def log_fails(self, name, call, error):
        self.clear()
        folder = os.path.join(self.root, "lightning_logs", "version_0")
        only = ["-P", os.path.join(folder, name)] if name == "metrics.csv" else []
        number = 2 if only else 3
        done = self.bar.fit("small", self.root, expect=None,
                            before=bars.injected("%s:error=%s:when=%d" % (call, error, number), *only))
        wrong = self.said(done, folder, "metrics.csv") + self.what_is_left(self.root)
        return wrong + ([] if self.newest(self.root) == self.tensors else ["the weights differ"])

    # ---- a disk of its own ----------------------------------------------------------------------

    def on_a_disk(self, size, script):
        """Runs in a namespace of its own, with a small disk at `disk`."""
        self.clear()
        disk = os.path.join(self.root, "disk")
        os.mkdir(disk)
        line = "mount -t tmpfs -o size=%d none \"$0\" && shift 0 && %s" % (size, script)
        return subprocess.run(["unshare", "--mount", "bash", "-c", line, disk, self.bar.program("small"),
                               *self.bar.words(disk)], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "LT_COUNTS": self.counts})

    def disks(self):
        if self.on_a_disk(1 << 20, "true").returncode:
            print("left out: full disks, as none can be mounted here")
            return
        done = self.on_a_disk(self.bytes * 3 // 2, '"$@"')
        wrong = self.said(done, "disk", "2 checkpoints need", "bytes")
        if bars.Counts(self.counts).train:
            wrong.append("was not refused before the first step")
        self.check("a disk of 1.5 checkpoints", wrong)
        for copies in (3, 4):
            size = copies * self.bytes + 20000
            back = self.bar.path("back")
            shutil.rmtree(back, ignore_errors=True)
            done = self.on_a_disk(size, '{ "$@"; code=$?; cp -r "$0/." %s; exit $code; }' % back)
            if done.returncode == 0:
                self.check("a disk of %d checkpoints" % copies, self.what_is_left(back))
                continue
            self.check("a disk of %d checkpoints" % copies, self.after(done, "checkpoint", "bytes", root=back))

    # ---- folders --------------------------------------------------------------------------------

    def meanwhile(self, act, **options):
        """Runs, and does something to its folder in the 20th batch."""
        self.clear()
        process = subprocess.Popen([self.bar.program("small"), *self.bar.words(self.root)], text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   env={**os.environ, "LT_AT": "0+400000 train 20", "LT_COUNTS": self.counts},
                                   **options)
        while process.poll() is None and bars.Counts(self.counts).train < 20:
            time.sleep(0.005)
        act(bars.checkpoint_folder(self.root))
        _, said = process.communicate(timeout=60)
        return subprocess.CompletedProcess([], process.returncode, "", said)

    def as_nobody(self):
        """Options for a process that permissions mean something to."""
        if os.geteuid():
            return {}
        user = pwd.getpwnam("nobody").pw_uid
        return {"user": user, "extra_groups": []} if sys.version_info >= (3, 9) else None

    def can_run(self, user):
        try:
            help_text = subprocess.run([self.bar.program("small"), "--help"], capture_output=True, **user)
        except PermissionError:
            return False
        return help_text.returncode == 0

    def folders(self):
        nobody = self.as_nobody()
        self.clear()
        if not self.can_run(nobody):
            print("left out: folders without permission, as another user cannot reach the program")
        else:
            os.chmod(self.root, 0o555)
            done = subprocess.run([self.bar.program("small"), *self.bar.words(self.root)], capture_output=True,
                                  text=True, env={**os.environ, "LT_COUNTS": self.counts}, **nobody)
            self.check("a folder that may not be written", self.said(done, self.root, "Permission denied"))
            done = self.meanwhile(lambda folder: os.chmod(folder, 0o555), **nobody)
            os.chmod(bars.checkpoint_folder(self.root), 0o777)
            self.check("a folder that may no longer be written", self.after(done, "Permission denied", "bytes"))
        done = self.meanwhile(shutil.rmtree)
        self.check("a folder that is removed", self.said(done, "No such file", "bytes"))

    def too_long(self):
        for limit in (8000, self.bytes // 2, self.bytes * 9 // 10):
            self.clear()

            def set_limit():
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            done = subprocess.run([self.bar.program("small"), *self.bar.words(self.root)], capture_output=True,
                                  text=True, preexec_fn=set_limit)
            self.check("files of at most %d bytes" % limit, self.after(done, "File too large", "bytes"))


def every_call(bar, disk):
    """Each error at each call: an end without an error has to leave what a good disk has."""
    from every_call import count
    bar.fit("small", bar.path("ten"), "--trainer.max_steps", "10")
    reference = bars.left(bar.path("ten"))
    for call, (before, after) in count(bar, "small", ("--trainer.max_steps", "10"), CALLS).items():
        for number in range(before + 1, before + after + 1):
            for error in ERRORS:
                disk.clear()
                done = bar.fit("small", disk.root, "--trainer.max_steps", "10", expect=None,
                               before=bars.injected("%s:error=%s:when=%d" % (call, error, number)))
                wrong = bars.differences(reference, bars.left(disk.root)) if done.returncode == 0 else []
                wrong += disk.what_is_left(disk.root) if bars.versions(disk.root) else []
                named = re.search(r"(/\S+?):? ", done.stderr + ": ")
                about_us = named and (named[1].startswith(disk.root) or disk.root.startswith(named[1]))
                if done.returncode == 1 and (done.stderr.count("\n") != 1 or not about_us):
                    wrong.append("said %r" % done.stderr)
                silent = not done.stderr or (done.stderr.count("\n") == 1 and re.search(NOTED, done.stderr))
                if done.returncode not in (0, 1) or (done.returncode == 0 and not silent):
                    wrong.append("ended with %d and said %r" % (done.returncode, done.stderr))
                disk.check("%s at %s %d of %d" % (error, call, number - before, after), wrong)


def run_planted(bar, disk):
    disk.clear()
    saves = bars.Counts(bar.path("counts")).rename
    done = bar.fit("small", disk.root, LT_LYING_DISK=str(saves))
    wrong = disk.what_is_left(disk.root)
    print("; ".join(wrong) or "NOT found")
    bar.end(not wrong and done.returncode == 0, "%d of 1" % bool(wrong))


def main():
    bar = bars.Bar(__doc__)
    disk = Disk(bar)
    if bar.planted:
        run_planted(bar, disk)
    disk.disks()
    disk.folders()
    disk.too_long()
    why = bars.can_trace()
    if why:
        print("left out: errors at calls, as " + why)
    for error in () if why else ERRORS:
        for call in ("openat", "write", "fsync", "close", "renameat"):
            disk.check("%s at %s" % (error, call), disk.call_fails(call, error))
        disk.check("%s in metrics.csv" % error, disk.log_fails("metrics.csv", "write", error))
    if bar.long and not why:
        every_call(bar, disk)
    bar.end(disk.good == disk.tried >= 20 or (disk.good == disk.tried and bool(why)),
            "%d of %d disks" % (disk.good, disk.tried))


main()
