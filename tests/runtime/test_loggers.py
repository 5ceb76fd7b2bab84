"""Several loggers at once: they say the same, go on where a run is resumed, and fail by themselves."""
import json
import math
import os
import shutil
import struct
import subprocess
import time
import unittest

from harness import Case, read_bytes, read_events
from test_faults import can_trace

HERE = "out/lightning_logs/version_0"


class Loggers(Case):
    def objects(self, root="out"):
        def refuse(word):
            raise ValueError(word)
        with open(os.path.join(self.version(root=root), "metrics.jsonl")) as file:
            return [json.loads(line, parse_constant=refuse) for line in file]

    def said(self, done):
        return [line.replace("linear_program: ", "") for line in done.stderr.splitlines()]

    def test_they_say_the_same(self):
        self.run_program("fit", "--trainer.log_every_n_steps", "3")
        objects, scalars = self.objects(), read_events(self.version())
        self.assertEqual(len(objects), len(self.rows()))
        for row, known in zip(self.rows(), objects):
            filled = {name: float(text) for name, text in row.items() if text}
            self.assertEqual(known, filled)
            for name, value in filled.items():
                if name != "step":
                    self.assertEqual(scalars[name][known["step"]], struct.unpack("<f", struct.pack("<f", value))[0])

    def test_numbers_that_json_has_not(self):
        self.run_program("fit", "--optimizer.lr", "1e300", "--trainer.max_steps", "1",
                         "--trainer.log_every_n_steps", "1",
                         root="big", expect=None)
        self.assertIn(None, [value for known in self.objects("big") for value in known.values()])
        for row, known in zip(self.rows(root="big"), self.objects(root="big")):
            for name, text in row.items():
                if text:
                    value = float(text)
                    self.assertEqual(known[name], value if math.isfinite(value) else None)

    def test_resumed(self):
        self.run_program("fit", "--trainer.log_every_n_steps", "2", root="whole")
        self.run_program("fit", "--trainer.log_every_n_steps", "2", expect=143, LINEAR_SIGNAL="15 23")
        with open(os.path.join(self.version(), "metrics.jsonl"), "a") as file:
            file.write('{"epoch":2,"step":23,"train_loss":9}\n{"epoch":2,"step":25,"tra')
        self.run_program("fit", "--resume", "auto")
        for name in ("metrics.csv", "metrics.jsonl"):
            self.assertEqual(read_bytes(os.path.join(self.version(), name)),
                             read_bytes(os.path.join(self.version(root="whole"), name)))

    def test_after_a_kill(self):
        self.run_program("fit", "--trainer.log_every_n_steps", "1", root="whole")
        for batch in (3, 11, 24, 38, 50):
            root = "out%d" % batch
            self.run_program("fit", "--trainer.log_every_n_steps", "1", root=root, expect=-9,
                             LINEAR_SIGNAL="9 %d" % batch)
            self.run_program("fit", "--resume", "auto", "--trainer.log_every_n_steps", "1", root=root)
            version = sorted(os.listdir(self.path(root, "lightning_logs")))[-1]
            for name in ("metrics.csv", "metrics.jsonl"):
                self.assertEqual(read_bytes(self.path(root, "lightning_logs", version, name)),
                                 read_bytes(os.path.join(self.version(root="whole"), name)))

    def test_one_that_cannot_begin(self):
        self.run_program("fit", "--trainer.max_epochs", "1", root="whole")
        self.run_program("fit", "--resume", "auto", "--trainer.max_epochs", "5", root="whole")
        for name in ("metrics.csv", "metrics.jsonl"):
            self.run_program("fit", "--trainer.max_epochs", "1")
            os.remove(os.path.join(self.version(), name))
            os.mkdir(os.path.join(self.version(), name))
            done = self.run_program("fit", "--resume", "auto", "--trainer.max_epochs", "5", expect=1)
            self.assertEqual(self.said(done), ["error: %s/%s: cannot be written: Is a directory" % (HERE, name)])
            other = "metrics.jsonl" if name == "metrics.csv" else "metrics.csv"
            self.assertEqual(read_bytes(os.path.join(self.version(), other)),
                             read_bytes(os.path.join(self.version(root="whole"), other)))
            done = self.run_program("validate")
            self.assertEqual(self.said(done), ["note: the result is not logged: %s/%s: cannot be written: "
                                               "Is a directory" % (HERE, name)])
            shutil.rmtree(self.path("out"))

    @unittest.skipUnless(can_trace(), "needs strace and the right to trace")
    def test_a_full_disk(self):
        self.run_program("fit", "--trainer.log_every_n_steps", "1", root="whole")
        self.run_program("fit", "--trainer.max_epochs", "1", "--trainer.log_every_n_steps", "1")
        for name in ("metrics.csv", "metrics.jsonl"):
            shutil.copytree(self.path("out"), self.path("kept"))
            line = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", os.path.join(self.version(), name),
                    "-e", "inject=write:error=ENOSPC"]
            words = ["fit", "--resume", "auto", "--trainer.max_epochs", "5"]
            done = subprocess.run(line + self.command(words), cwd=self.folder, text=True, capture_output=True,
                                  env=self.environment({"ASAN_OPTIONS": "detect_leaks=0"}))
            self.assertEqual(self.said(done),
                             ["error: %s/%s: cannot be written: No space left on device" % (HERE, name)])
            self.assertEqual(done.returncode, 1)
            self.assertIn("epoch 5/5", done.stdout)
            whole = read_bytes(os.path.join(self.version(root="whole"), name))
            kept = read_bytes(os.path.join(self.version(), name))
            self.assertTrue(whole.startswith(kept) and kept.endswith(b"\n") and len(kept) < len(whole))
            shutil.rmtree(self.path("out"))
            os.rename(self.path("kept"), self.path("out"))

    def test_a_folder_that_was_removed(self):
        running = self.start_program("fit", "--trainer.max_epochs", "8", "--trainer.log_every_n_steps", "1",
                                     LINEAR_SLOW="15000")
        for _ in range(500):
            if self.checkpoints():
                break
            time.sleep(0.02)
        shutil.rmtree(self.version())
        out, text = running.communicate()
        self.assertEqual(running.returncode, 1)
        self.assertIn("epoch 8/8", out)
        for name in ("metrics.csv: was removed; no more rows", "metrics.jsonl: was removed; no more rows",
                     "0: was removed; no more events"):
            self.assertEqual(text.count(name), 1, text)


if __name__ == "__main__":
    unittest.main()
