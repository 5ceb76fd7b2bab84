"""--metrics-json: how a run ended, whole or absent; and which streams a run can do without."""
import json
import os
import signal
import subprocess
import unittest

from harness import Case


class Report(Case):
    def report(self, name="m.json"):
        with open(self.path(name)) as file:
            return json.load(file, parse_constant=lambda word: self.fail(word))

    def leftovers(self):
        return [name for name in os.listdir(self.folder) if "lt-tmp" in name]

    def test_of_a_run(self):
        self.run_program("fit", "--metrics-json", "m.json")
        known = self.report()
        self.assertEqual([known[name] for name in ("program", "command", "status", "exit_code", "step", "epoch",
                                                   "folder")],
                         ["linear", "fit", "done", 0, 50, 5, "out/lightning_logs/version_0"])
        self.assertTrue(os.path.exists(self.path(known["best_checkpoint"])))
        self.assertGreater(known["seconds"], 0)
        self.assertEqual(set(known["metrics"]), {"train_loss", "train_error", "lr-SGD", "val_loss", "val_mae"})
        self.assertAlmostEqual(known["metrics"]["val_loss"], float(self.rows()[-1]["val_loss"]), 8)
        self.assertEqual(self.leftovers(), [])

    def test_of_an_evaluation(self):
        self.run_program("fit", "--quiet")
        done = self.run_program("test", "--metrics-json", "-")
        known = json.loads(done.stdout)
        self.assertEqual((known["command"], known["status"], set(known["metrics"])),
                         ("test", "done", {"test_loss", "test_mae"}))
        self.run_program("validate", LT_METRICS_JSON="v.json")
        self.assertEqual(set(self.report("v.json")["metrics"]), {"val_loss", "val_mae"})

    def test_of_a_run_that_stopped(self):
        self.run_program("fit", "--early_stopping.patience", "1", "--optimizer.lr", "0", "--metrics-json", "m.json")
        known = self.report()
        self.assertEqual((known["status"], known["stop_reason"]), ("stopped", "val_loss did not improve"))

    def test_of_a_run_that_failed(self):
        done = self.run_program("fit", "--metrics-json", "m.json", expect=1, LINEAR_NAN_AT="13")
        known = self.report()
        self.assertEqual((known["status"], known["exit_code"], known["step"]), ("failed", 1, 14))
        self.assertEqual(done.stderr, "linear_program: error: %s\n" % known["error"])
        self.assertIs(known["metrics"]["train_loss"], None)

    def test_of_a_run_that_was_interrupted(self):
        self.run_program("fit", "--metrics-json", "m.json", expect=143, LINEAR_SIGNAL="15 7")
        known = self.report()
        self.assertEqual((known["status"], known["exit_code"], known["signal"], known["step"]),
                         ("interrupted", 143, "SIGTERM", 7))

    def test_absent_after_a_kill(self):
        with open(self.path("m.json"), "w") as file:
            file.write('{"status": "done"}')
        self.run_program("fit", "--metrics-json", "m.json", expect=-signal.SIGKILL, LINEAR_SIGNAL="9 7")
        self.assertFalse(os.path.exists(self.path("m.json")))
        self.assertEqual(self.leftovers(), [])

    def test_places_that_cannot_be_written(self):
        for place, why in (("nowhere/m.json", "cannot be written: No such file or directory"),
                           ("data", "cannot be written: it is a folder")):
            done = self.run_program("fit", "--metrics-json", place, expect=1)
            self.assertEqual(done.stderr, "linear_program: error: %s: %s\n" % (place, why))
        done = self.run_program("fit", "--trainer.max_epochs", "1", "--metrics-json", "/dev/full", expect=1)
        self.assertEqual(done.stderr,
                         "linear_program: error: /dev/full: cannot be written: No space left on device\n")

    def test_a_pipe(self):
        line = " ".join(self.command(["fit", "--quiet"])) + " --metrics-json >(cat > copy.json); sleep 0.2"
        subprocess.run(["bash", "-c", line], cwd=self.folder, env=self.environment({}), check=True)
        self.assertEqual(self.report("copy.json")["status"], "done")


class Streams(Case):
    """Standard input, output and error may be closed, full, or read by somebody who leaves."""

    def shell(self, text, expect=0):
        done = subprocess.run(["bash", "-c", "set -o pipefail; " + text], cwd=self.folder, text=True, timeout=60,
                              capture_output=True, env=self.environment({"P": self.command([])[0]}))
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    FIT = "$P fit --data.root data --trainer.default_root_dir "

    def test_closed(self):
        self.shell(self.FIT + "whole --quiet")
        for number, closing in enumerate(("<&-", ">&-", "2>&-", "<&- >&- 2>&-")):
            root = "closed%d" % number
            self.shell(self.FIT + root + " " + closing)
            self.assertEqual(self.rows(root=root), self.rows(root="whole"))
            for command in ("test", "validate", "predict", "info", "--help", "--man"):
                where = "" if command[0] == "-" else " --data.root data"
                where += "" if command in ("info", "--help", "--man") else " --trainer.default_root_dir " + root
                self.shell("$P " + command + where + " " + closing)
            with open(os.path.join(self.version(root=root), "metrics.csv")) as file:
                self.assertTrue(all(line.count(",") == 9 for line in file))

    def test_a_reader_that_leaves(self):
        for command in ("--help", "--man", "--completion bash", "--completion zsh", "fit --print-config",
                        "info --data.root data"):
            self.shell("$P %s | head -1" % command)

    def test_a_full_disk_behind_standard_output(self):
        for command in ("--help", "--man", "fit --print-config", "info --data.root data",
                        "validate --weights init --data.root data --metrics-json -",
                        "validate --weights init --data.root data"):
            done = self.shell("$P %s > /dev/full" % command, expect=1)
            self.assertEqual(done.stderr, "linear_program: error: standard output cannot be written: "
                                          "No space left on device\n")
        self.shell(self.FIT + "out > /dev/full")


class FirstProcess(Case):
    """As process 1 of a container, where signals without a handler do nothing."""

    def setUp(self):
        super().setUp()
        self.prefix = ["unshare", "-pf", "--kill-child", "--mount-proc"]
        try:
            allowed = subprocess.run(self.prefix + ["true"], capture_output=True).returncode == 0
        except FileNotFoundError:
            allowed = False
        if not allowed:
            self.skipTest("needs the right to make a process namespace")

    def run_first(self, *words, expect=0, **variables):
        done = subprocess.run(self.prefix + self.command(list(words)), cwd=self.folder, text=True, timeout=60,
                              capture_output=True, env=self.environment(variables))
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done

    def test_signals(self):
        for number, code in ((2, 130), (15, 143), (1, 129)):
            done = self.run_first("fit", expect=code, LINEAR_SIGNAL="%d 7" % number)
            self.assertIn("stopped after step 7", done.stderr)
        self.assertIn("SIGUSR1: saved step 7", self.run_first("fit", LINEAR_SIGNAL="10 7").stderr)

    def test_resumes(self):
        self.run_program("fit", root="whole")
        self.run_first("fit", "--threads", "2", expect=143, LINEAR_SIGNAL="15 7")
        self.run_first("fit", "--resume", "auto")
        self.assertEqual(self.rows(), self.rows(root="whole"))


if __name__ == "__main__":
    unittest.main()
