"""Signals: which end a run, how fast, with which exit code, and what is on the disk then."""
import os
import signal
import time
import unittest

from harness import Case

LONG = ("fit", "--trainer.max_epochs", "100000", "--trainer.log_every_n_steps", "1")


class Signals(Case):
    def started(self, *words, **variables):
        """The program, once it has trained a few steps."""
        program = self.start_program(*words, LINEAR_SLOW="5000", **variables)
        metrics = os.path.join(self.version(), "checkpoints")
        for _ in range(400):
            if os.path.isdir(metrics) and self.checkpoints():
                return program
            time.sleep(0.01)
        program.kill()
        self.fail(program.communicate())

    def answered(self, number, code):
        program = self.started(*LONG)
        begin = time.monotonic()
        program.send_signal(number)
        _, error = program.communicate(timeout=20)
        self.assertEqual(program.returncode, code, error)
        self.assertLess(time.monotonic() - begin, 1)
        return error

    def test_leaving(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            error = self.answered(number, code)
            self.assertIn(signal.Signals(number).name, error)
            self.assertIn("--resume auto", error)
            self.assertIn("last.safetensors", self.checkpoints())
            done = self.run_program("fit", "--resume", "auto", "--trainer.max_epochs", "1")
            self.assertIn("resumed from", done.stdout)
            for name in self.checkpoints():
                os.remove(os.path.join(self.version(), "checkpoints", name))
            os.rename(self.path("out"), self.path("out%d" % number))

    def test_saving_and_going_on(self):
        program = self.started(*LONG)
        program.send_signal(signal.SIGUSR1)
        for _ in range(200):
            if "last.safetensors" in self.checkpoints():
                break
            time.sleep(0.01)
        self.assertIn("last.safetensors", self.checkpoints())
        self.assertIsNone(program.poll())
        program.terminate()
        _, error = program.communicate(timeout=20)
        self.assertIn("SIGUSR1: saved", error)
        self.assertEqual(program.returncode, 143)

    def test_twice_leaves_at_once(self):
        program = self.start_program(*LONG, LINEAR_SLOW="8000000")
        time.sleep(0.5)
        begin = time.monotonic()
        program.send_signal(signal.SIGINT)
        time.sleep(0.2)
        self.assertIsNone(program.poll())
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=20)
        self.assertEqual(program.returncode, 130)
        self.assertLess(time.monotonic() - begin, 2)

    def test_evaluation_leaves_too(self):
        self.run_program("fit", "--trainer.max_epochs", "1")
        done = self.run_program("validate", expect=143, LINEAR_SIGNAL_IN_VALIDATION="1")
        self.assertNotIn("val_loss", done.stdout)


if __name__ == "__main__":
    unittest.main()
