"""Killed and refused at the system calls of saving: what is left is whole, and the end the same.

For each call of the save path and for N = 1, 2, 3 …, strace ends the program at the N-th call, or
lets it fail there, until a run gets past all of them. LT_TEST_SCALE=10 tries every N.
"""
import os
import shutil
import subprocess
import unittest

from harness import SCALE, Case, sums_of

CALLS = ("openat", "write", "fsync", "fdatasync", "rename,renameat,renameat2", "unlink", "unlinkat",
         "mkdir", "ftruncate", "close")
RUN = ("fit", "--trainer.max_epochs", "3", "--trainer.accumulate_grad_batches", "3", "--quiet")
STRIDE = 1 if SCALE > 1 else 3


def can_trace():
    if not shutil.which("strace"):
        return False
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True)
    return done.returncode == 0


@unittest.skipUnless(can_trace(), "needs strace and the right to trace")
class Faults(Case):
    LEAST_KILLS = 20

    def run_injected(self, what, root, words=RUN):
        line = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=" + what]
        return subprocess.run(line + self.command(list(words), root), cwd=self.folder, text=True,
                              capture_output=True, timeout=60,
                              env=self.environment({"ASAN_OPTIONS": "detect_leaks=0"}))

    def newest(self, root):
        versions = os.listdir(self.path(root, "lightning_logs"))
        return self.version(max(int(name.split("_")[1]) for name in versions), root=root)

    def test_killed_at_every_call(self):
        self.run_program(*RUN, root="reference")
        reference = sums_of(os.path.join(self.version(root="reference"), "checkpoints"))
        tried = 0
        for calls in CALLS:
            stride = 1 if calls.startswith(("unlink", "rename")) else STRIDE
            for number in range(1, 200, stride):
                root = "out"
                done = self.run_injected("%s:signal=KILL:when=%d" % (calls, number), root)
                if done.returncode == 0:
                    break
                tried += 1
                self.run_program("fit", "--resume", "auto", *RUN[1:], root=root)
                self.assertEqual(sums_of(os.path.join(self.newest(root), "checkpoints")),
                                 reference, "killed at %s %d" % (calls, number))
                shutil.rmtree(self.path(root))
            shutil.rmtree(self.path("out"), ignore_errors=True)
        print("killed at %d calls" % tried)
        self.assertGreater(tried, self.LEAST_KILLS)

    def test_refused_at_every_call(self):
        """One sentence: an error, and the code says so, or a note that something small is missing."""
        errors = notes = 0
        for calls, error in (("fsync", "EIO"), ("rename", "EIO"), ("renameat,renameat2", "EIO"),
                             ("fdatasync", "ENOSPC"), ("mkdir", "EACCES"),
                             ("ftruncate", "EIO"), ("flock", "ENOLCK")):
            silent = 0
            for number in range(1, 200, STRIDE):
                done = self.run_injected("%s:error=%s:when=%d" % (calls, error, number), "out")
                silent = 0 if done.stderr else silent + 1
                if silent == 2:
                    break
                failed = "error: " in done.stderr
                errors += failed
                notes += "note: " in done.stderr
                self.assertEqual(done.returncode, 1 if failed else 0, done.stderr)
                self.assertLessEqual(done.stderr.count("\n"), 1, done.stderr)
                if calls not in ("mkdir", "ftruncate"):
                    self.run_program("test", "--weights", "last")
                shutil.rmtree(self.path("out"), ignore_errors=True)
            shutil.rmtree(self.path("out"), ignore_errors=True)
        print("refused at %d calls, missed a little at %d" % (errors, notes))
        self.assertGreater(errors, 5)
        self.assertGreater(notes, 0)


if __name__ == "__main__":
    unittest.main()
