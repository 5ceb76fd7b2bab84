"""A run's folder: locked against a second run, and what it remembers of the settings."""
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
import unittest

from harness import PROGRAM, Case
from test_faults import can_trace

HERE = "out/lightning_logs/version_0"
SLOW = {"LINEAR_SLOW": "20000"}


class Lock(Case):
    def start_slow(self, *words):
        """A run that has trained for an epoch and has four more to go."""
        running = self.start_program("fit", *words, "--trainer.max_epochs", "50", **SLOW)
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        for _ in range(500):
            if self.checkpoints() and os.path.exists(os.path.join(self.version(), "run.lock")):
                return running
            time.sleep(0.02)
        self.fail("no checkpoint after ten seconds")

    def held(self, running):
        return "%s: process %d on %s trains in this folder; wait until it ends, or stop it" % (
            HERE, running.pid, socket.gethostname())

    def test_a_second_run_is_refused(self):
        running = self.start_slow()
        for which in ("auto", "last", "best", HERE + "/checkpoints/" + self.checkpoints()[0]):
            done = self.run_program("fit", "--resume", which, expect=1)
            self.assertEqual((done.stdout, done.stderr),
                             ("", "linear_program: error: %s\n" % self.held(running)))
        self.assertIs(running.poll(), None)

    def test_what_only_reads_goes_on(self):
        running = self.start_slow()
        for command in ("test", "validate"):
            done = self.run_program(command)
            self.assertEqual(done.stderr, "linear_program: note: the result is not logged: %s\n" % self.held(running))
            self.assertIn("loss", done.stdout)
        self.assertEqual(self.run_program("predict").stderr, "")
        self.run_program("info")
        self.run_program("info", HERE + "/checkpoints/" + self.checkpoints()[0])
        self.run_program("fit", "--trainer.max_epochs", "1")
        self.assertEqual(len(self.rows(1)), 1)

    def test_nothing_is_left_of_it(self):
        self.run_program("fit", "--trainer.max_epochs", "1")
        self.assertNotIn("run.lock", os.listdir(self.version()))
        running = self.start_slow("--resume", "auto")
        self.assertIn("run.lock", os.listdir(self.version()))
        running.send_signal(signal.SIGTERM)
        self.assertEqual(running.wait(), 143)
        self.assertNotIn("run.lock", os.listdir(self.version()))
        self.run_program("test")
        self.assertNotIn("run.lock", os.listdir(self.version()))

    def test_a_killed_run_holds_nothing(self):
        running = self.start_slow()
        running.kill()
        running.wait()
        self.assertIn("run.lock", os.listdir(self.version()))
        self.run_program("fit", "--resume", "auto", "--trainer.max_epochs", "2")
        self.assertNotIn("run.lock", os.listdir(self.version()))

    def test_only_the_kernel_is_believed(self):
        self.run_program("fit", "--trainer.max_epochs", "1")
        with open(os.path.join(self.version(), "run.lock"), "w") as file:
            file.write("%d on %s\n" % (os.getpid(), socket.gethostname()))
        self.run_program("fit", "--resume", "auto", "--trainer.max_epochs", "2")
        self.assertEqual(len(self.rows()), 2)

    def test_one_of_many(self):
        self.run_program("fit", "--trainer.max_epochs", "1")
        many = [self.start_program("fit", "--resume", "auto", "--trainer.max_epochs", "4", **SLOW) for _ in range(6)]
        ends = [(one.communicate()[1], one.returncode) for one in many]
        self.assertEqual(sorted(code for _, code in ends), [0, 1, 1, 1, 1, 1])
        self.assertEqual(sum("trains in this folder" in text for text, _ in ends), 5)
        self.assertEqual([row["step"] for row in self.rows()], ["9", "19", "29", "39"])

    def test_fresh_runs_at_once(self):
        many = [self.start_program("fit", "--trainer.max_epochs", "1") for _ in range(6)]
        for one in many:
            self.assertEqual((one.communicate()[1], one.returncode), ("", 0))
        self.assertEqual([len(self.rows(i)) for i in range(6)], [1] * 6)

    @unittest.skipUnless(can_trace(), "needs strace and the right to trace")
    def test_without_locks(self):
        for error in ("ENOLCK", "EOPNOTSUPP", "ENOSYS"):
            root = "out" + error
            for words in (["--trainer.max_epochs", "1"], ["--trainer.max_epochs", "2", "--resume", "auto"]):
                line = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=flock:error=" + error]
                done = subprocess.run(line + self.command(["fit", *words], root), cwd=self.folder, text=True,
                                      capture_output=True, env=self.environment({"ASAN_OPTIONS": "detect_leaks=0"}))
                self.assertEqual((done.returncode, done.stderr), (0, ""))
            with open(os.path.join(self.version(root=root), "config.yaml")) as file:
                self.assertIn("\n# lock: none; this file system has no locks\n", file.read())
            self.assertNotIn("run.lock", os.listdir(self.version(root=root)))
            self.assertEqual(len(self.rows(root=root)), 2)


class Kept(Case):
    def config(self, root="out"):
        with open(os.path.join(self.version(root=root), "config.yaml")) as file:
            return file.read()

    def runs(self, root="out"):
        return [line[7:] for line in self.config(root).splitlines() if line.startswith("# run: ")]

    def test_settings(self):
        self.run_program("fit", "--trainer.max_epochs", "2", "--seed", "7", LT_OPTIMIZER_LR="0.01")
        self.run_program("fit", "--config", HERE + "/config.yaml", root="again")
        self.assertEqual(self.rows(), self.rows(root="again"))
        for line in ("  max_epochs: 2 ", "  seed: 7 ", "  lr: 0.01 "):
            self.assertIn("\n" + line, self.config())
        self.assertEqual(sorted(os.listdir(self.version())),
                         ["checkpoints", "config.yaml", self.events(), "hparams.yaml", "metrics.csv", "metrics.jsonl"])

    def events(self):
        return [name for name in os.listdir(self.version()) if name.startswith("events")][0]

    def test_hyperparameters(self):
        self.run_program("fit", "--trainer.max_epochs", "1")
        with open(os.path.join(self.version(), "hparams.yaml")) as file:
            self.assertEqual(file.read(), "features: 4\nslope: 0.5\n")
        self.assertIn("model        features = 4\n             slope = 0.5\n", self.run_program("info").stdout)
        checkpoint = HERE + "/checkpoints/" + self.checkpoints()[0]
        self.assertIn("hyper.slope = 0.5\n", self.run_program("info", checkpoint).stdout)

    def test_command_lines(self):
        words = ["fit", "--trainer.max_epochs", "1", "--trainer.max_time", "00:10:00"]
        self.run_program(*words, root="it's here", LT_SEED="3")
        self.assertEqual(len(self.runs("it's here")), 1)
        line = self.runs("it's here")[0]
        self.assertEqual(shlex.split(line), ["cd", os.path.realpath(self.folder), "&&", "LT_SEED=3", PROGRAM, *words,
                                             "--data.root", "data", "--trainer.default_root_dir", "it's here"])
        before = self.rows(root="it's here")
        shutil.rmtree(self.path("it's here"))
        subprocess.run(["bash", "-c", line], check=True, capture_output=True, env=self.environment({}))
        self.assertEqual(self.rows(root="it's here"), before)

    def test_of_a_resumed_run(self):
        self.run_program("fit", "--trainer.max_epochs", "1", "--optimizer.lr", "0.01")
        self.run_program("fit", "--resume", "auto", "--trainer.max_epochs", "3")
        self.assertEqual(len(self.runs()), 2)
        self.assertIn(" --resume auto --trainer.max_epochs 3 ", self.runs()[1])
        for line in ("  max_epochs: 3 ", "  lr: 0.01 ", "# resume: WHICH "):
            self.assertIn("\n" + line, self.config())

    def test_a_stop_stands_where_nothing_is_changed(self):
        words = ("--early_stopping.patience", "1", "--optimizer.lr", "0")
        self.run_program("fit", *words)
        steps = len(self.rows())
        done = self.run_program("fit", "--resume", "auto", *words)
        self.assertIn("nothing is left to do: val_loss did not improve", done.stdout)
        done = self.run_program("fit", "--resume", "auto", "--config", HERE + "/config.yaml")
        self.assertIn("nothing is left to do: val_loss did not improve", done.stdout)
        self.assertEqual(len(self.rows()), steps)
        self.run_program("fit", "--resume", "auto", "--early_stopping.patience", "3")
        self.assertGreater(len(self.rows()), steps)

    def test_a_run_goes_on_without_it(self):
        self.run_program("fit", "--trainer.max_epochs", "1")
        os.remove(os.path.join(self.version(), "config.yaml"))
        os.mkdir(os.path.join(self.version(), "config.yaml"))
        done = self.run_program("fit", "--resume", "auto", "--trainer.max_epochs", "2")
        self.assertEqual(done.stderr,
                         "linear_program: note: %s/config.yaml: cannot be written: Is a directory\n" % HERE)
        self.assertEqual(len(self.rows()), 2)


if __name__ == "__main__":
    unittest.main()
