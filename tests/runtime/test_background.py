"""Saves in the background: the same files as in the foreground, whatever ends or refuses them."""
import os
import re
import subprocess
import unittest

import test_faults
import test_resume
from harness import Case, read_bytes, read_safetensors

ASYNC = "--trainer.async_checkpoint"


class InBackground:
    """Mixed into a case: all its runs save in the background."""

    def command(self, words, root="out"):
        line = super().command(words, root)
        return line + [ASYNC] if words[:1] == ["fit"] else line


class Killed(InBackground, test_faults.Faults):
    # Each save has a thread, and strace counts the calls of each thread: every save is refused.
    LEAST_KILLS = 10

    def test_refused_at_every_call(self):
        for calls, error in (("fsync", "EIO"), ("renameat,renameat2", "EIO"), ("fdatasync", "ENOSPC")):
            done = self.run_injected("%s:error=%s" % (calls, error), calls)
            self.assertEqual(done.returncode, 1, done.stderr)
            lines = done.stderr.splitlines()
            self.assertTrue(lines and all(re.match("linear_program: (error|note): ", line) for line in lines), lines)
            self.assertEqual(self.rows(root=calls)[-1]["epoch"], "2")
            self.assertNotIn("tmp", " ".join(self.checkpoints(root=calls)))


class Resumed(InBackground, test_resume.Resume):
    pass


class Kept(InBackground, test_resume.Kept):
    pass


class Saved(Case):
    RUN = ("fit", "--trainer.max_epochs", "6", "--trainer.accumulate_grad_batches", "3", "--quiet")

    def test_files_are_those_of_the_foreground(self):
        self.run_program(*self.RUN, root="front")
        self.run_program(*self.RUN, ASYNC, root="back")
        self.assertEqual(self.checkpoints(root="front"), self.checkpoints(root="back"))
        for name in self.checkpoints(root="front"):
            front, back = (read_safetensors(os.path.join(self.version(root=root), "checkpoints", name))
                           for root in ("front", "back"))
            self.assertEqual(front[0], back[0], name)
        self.assertEqual(self.rows(root="front"), self.rows(root="back"))

    @unittest.skipUnless(test_faults.can_trace(), "needs strace and the right to trace")
    def test_training_goes_on_while_the_disk_is_slow(self):
        words = self.command([*self.RUN, ASYNC])
        subprocess.run(["strace", "-f", "-qq", "-o", self.path("calls"), "-e", "trace=write,fsync,/rename",
                        "-e", "inject=fsync:delay_enter=200000", *words], cwd=self.folder, check=True,
                       env=self.environment({"LINEAR_TRACE": self.path("trace"), "LINEAR_SLOW": "5000",
                                             "ASAN_OPTIONS": "detect_leaks=0"}))
        calls = read_bytes(self.path("calls")).decode()
        flushing = re.findall(r"fsync\(.*?rename", calls, re.S)
        self.assertGreater(max(each.count("on_train_batch_end") for each in flushing), 2, flushing)

    def test_memory_of_the_copy_is_named(self):
        done = self.run_program("fit", ASYNC)
        self.assertRegex(done.stdout, r"peak memory: .* in the program's block and .* in its copy for saves, ")
        plain = self.run_program("fit", root="plain")
        self.assertNotIn("copy", plain.stdout)

    @unittest.skipUnless(test_faults.can_trace(), "needs strace and the right to trace")
    def test_without_a_thread_it_saves_in_the_foreground(self):
        line = ["strace", "-f", "-qq", "-o", self.path("calls"), "-e", "trace=clone,clone3,fsync",
                "-e", "inject=clone,clone3:error=EAGAIN:when=2+"]        # the first prepares batches
        done = subprocess.run(line + self.command([*self.RUN, ASYNC]), cwd=self.folder, text=True,
                              capture_output=True, env=self.environment({"ASAN_OPTIONS": "detect_leaks=0"}))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        calls = read_bytes(self.path("calls")).decode()
        self.assertIn("(INJECTED)", calls)
        self.assertEqual(len({row.split()[0] for row in calls.splitlines() if "fsync" in row}), 1)
        self.assertTrue(self.checkpoints())


if __name__ == "__main__":
    unittest.main()
