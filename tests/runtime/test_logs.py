"""What a run writes: metrics.csv, event files, the console, predictions."""
import csv
import os
import pty
import re
import struct
import subprocess
import unittest

from harness import Case, read_bytes, read_events

COLUMNS = ["epoch", "step", "train_loss", "train_error_step", "train_error_epoch", "lr-SGD",
           "val_loss", "val_mae", "test_loss", "test_mae"]


class Csv(Case):
    def test_columns_and_rows(self):
        self.run_program("fit", "--trainer.log_every_n_steps", "5")
        rows = self.rows()
        self.assertEqual(list(rows[0]), COLUMNS)
        self.assertEqual([int(row["step"]) for row in rows], list(range(4, 50, 5)))
        self.assertEqual([int(row["epoch"]) for row in rows], [i // 10 for i in range(4, 50, 5)])
        self.assertEqual([row["val_loss"] != "" for row in rows], [False, True] * 5)
        self.assertEqual([row["train_error_epoch"] != "" for row in rows], [False, True] * 5)
        self.assertTrue(all(row["test_loss"] == "" for row in rows))

    def test_a_row_is_the_mean_since_the_last(self):
        self.run_program("fit", "--trainer.log_every_n_steps", "1", root="each")
        self.run_program("fit", "--trainer.log_every_n_steps", "10", root="ten")
        each, ten = self.rows(root="each"), self.rows(root="ten")
        weights = [16] * 9 + [6]
        for epoch in range(5):
            losses = [float(row["train_loss"]) for row in each[10 * epoch:10 * epoch + 10]]
            mean = sum(w * loss for w, loss in zip(weights, losses)) / 150
            self.assertAlmostEqual(float(ten[epoch]["train_loss"]), mean, delta=1e-7 * abs(mean))
        self.assertEqual(each[9]["lr-SGD"], "0.025")

    def test_rows_of_the_end(self):
        self.run_program("fit", "--trainer.log_every_n_steps", "50", "--trainer.max_steps", "13")
        rows = self.rows()
        self.assertEqual([row["step"] for row in rows], ["9", "12"])
        self.assertNotEqual(rows[-1]["train_loss"], "")
        self.assertNotEqual(rows[-1]["val_loss"], "")

    def test_versions_count_up(self):
        for _ in range(3):
            self.run_program("fit", "--trainer.max_epochs", "1")
        self.assertEqual(sorted(os.listdir(self.path("out", "lightning_logs"))),
                         ["version_0", "version_1", "version_2"])

    def test_a_test_adds_its_row(self):
        self.run_program("fit", "--trainer.max_epochs", "2")
        before = self.rows()
        done = self.run_program("test", "--weights", "last")
        after = self.rows()
        self.assertEqual(after[:-1], before)
        self.assertIn(after[-1]["test_loss"], done.stdout)
        self.assertEqual(after[-1]["step"], "19")


class Events(Case):
    def test_scalars_are_those_of_the_csv(self):
        self.run_program("fit", "--trainer.log_every_n_steps", "1", "--trainer.max_epochs", "30")
        scalars = read_events(self.version())
        for row in self.rows():
            for name in COLUMNS[2:] + ["epoch"]:
                if row[name]:
                    narrow, = struct.unpack("<f", struct.pack("<f", float(row[name])))
                    self.assertEqual(scalars[name][int(row["step"])], narrow)
                else:
                    self.assertNotIn(int(row["step"]), scalars.get(name, {}))


class Console(Case):
    def on_terminal(self, *words, **variables):
        master, slave = pty.openpty()
        done = subprocess.Popen(self.command(list(words)), cwd=self.folder, stdout=slave,
                                stderr=slave, env=self.environment(
                                    {"TERM": "xterm", "LANG": "C.UTF-8", **variables}))
        os.close(slave)
        text = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(master)
        self.assertEqual(done.wait(), 0)
        return text.decode()

    def test_a_line_an_epoch_elsewhere(self):
        done = self.run_program("fit")
        lines = [line for line in done.stdout.splitlines() if line.startswith("epoch")]
        self.assertEqual(len(lines), 5)
        self.assertRegex(lines[2],
                         r"^epoch 3/5  10/10  [\d,.]+ it/s  train_loss \S+  val_loss \S+$")
        self.assertNotIn("\x1b", done.stdout)
        self.assertNotIn("\r", done.stdout)
        self.assertRegex(done.stdout, r"peak memory: .* in the program's block, .* in the process")
        self.assertIn("out/lightning_logs/version_0", done.stdout)

    def test_a_bar_on_a_terminal(self):
        text = self.on_terminal("fit", "--trainer.max_epochs", "2", COLUMNS="100",
                                LINEAR_SLOW="15000")
        self.assertRegex(text, r"epoch 2/2 ━+.* 10/10  [\d.]+ it/s")
        drawn = text.count("\r\x1b[K")
        self.assertLess(drawn, 12)
        self.assertGreater(drawn, 3)
        widest = max(len(re.sub(r"\x1b\[[0-9;]*[mK]", "", line))
                     for line in re.split(r"[\r\n]+", text) if "epoch" in line)
        self.assertLessEqual(widest, 100)

    def test_plain_where_it_is_asked_for(self):
        self.assertNotIn("\x1b", self.on_terminal("fit", TERM="dumb"))
        self.assertNotIn("\x1b[2m", self.on_terminal("fit", NO_COLOR="1"))

    def shown(self, text):
        """Lines as they come to stand, without what paints them."""
        return re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;]*[mK]", "", text))

    def test_every_output_is_plain_where_it_is_asked_for(self):
        self.run_program("fit", "--trainer.max_epochs", "1")
        for words in (["fit"], ["test"], ["validate"], ["predict"], ["info"], ["--help"], ["--man"],
                      ["fit", "--print-config"]):
            self.assertNotRegex(self.on_terminal(*words, NO_COLOR="1"), r"\x1b\[[0-9;]*m")
            dumb = self.on_terminal(*words, TERM="dumb").replace("\r\n", "\n")
            self.assertNotRegex(dumb, "[\x1b\r]")

    def test_width(self):
        for columns in (1, 8, 20, 33, 56, 80, 132):
            text = self.on_terminal("fit", "--trainer.max_epochs", "1", COLUMNS=str(columns), LINEAR_SLOW="12000")
            drawn = [line for line in self.shown(text) if line.startswith("epoch"[:columns - 1]) and "/10" in line]
            self.assertTrue(drawn or columns < 20)
            self.assertLess(max(map(len, drawn), default=0), columns)
        for columns in (10, 60, 72, 100, 500):
            lines = self.run_program("--help", COLUMNS=str(columns)).stdout.splitlines()
            self.assertLessEqual(max(map(len, lines)), min(max(columns - 1, 60), 110))

    def test_quiet(self):
        self.assertEqual(self.run_program("fit", "--quiet").stdout, "")

    def test_a_reader_that_leaves(self):
        line = " ".join(self.command(["fit", "--trainer.max_epochs", "50"]))
        done = subprocess.run(["bash", "-c", "set -o pipefail; %s | head -1" % line],
                              cwd=self.folder, env=self.environment({}), capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.rows()[-1]["step"], "499")


class Predict(Case):
    def test_csv_and_npy_agree(self):
        self.run_program("fit")
        self.run_program("predict", "--output", "p.csv", "--split", "all")
        self.run_program("predict", "--output", "p.npy", "--split", "all")
        with open(self.path("p.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["prediction", "sign_0", "sign_1"])
        self.assertEqual(len(rows), 200)
        data = read_bytes(self.path("p.prediction.npy"))
        self.assertIn(b"'descr': '<f4', 'fortran_order': False, 'shape': (200,)", data[:256])
        values = struct.unpack("<200f", data[256:])
        self.assertEqual(["%.9g" % value for value in values],
                         [row["prediction"] for row in rows])
        signs = read_bytes(self.path("p.sign.npy"))
        self.assertIn(b"'shape': (200,2,)", signs[:256])
        self.assertEqual(list(struct.unpack("<400i", signs[256:]))[::2],
                         [int(row["sign_0"]) for row in rows])

    def test_rows_are_in_order(self):
        self.run_program("fit")
        self.run_program("predict", "--output", "p.csv")
        self.run_program("predict", "--output", "again.csv", "--threads", "2")
        rows = read_bytes(self.path("p.csv"))
        self.assertEqual(rows, read_bytes(self.path("again.csv")))
        self.assertEqual(rows.count(b"\n"), 21)

    def test_rows_that_a_setting_counts(self):
        for words, rows in (((), 3), (("--predict.count", "64"), 64)):
            self.run_program("predict", "--weights", "init", "--output", "p.csv", *words,
                             LINEAR_COUNT="1")
            self.assertEqual(read_bytes(self.path("p.csv")).count(b"\n"), rows + 1)
        for count in ("0", "65"):
            done = self.run_program("predict", "--weights", "init", "--predict.count", count,
                                    expect=2, LINEAR_COUNT="1")
            self.assertIn("compiled for 1 to 64", done.stderr)

    def test_refusals(self):
        for code, words, text in ((1, ("--output", "p.txt"), "end in .npy or .csv"),
                                  (2, ("--split", "half"), "train, val, test or all"),
                                  (1, ("--output", "nowhere/p.csv"), "nowhere/p.csv")):
            done = self.run_program("predict", "--weights", "init", *words, expect=code)
            self.assertIn(text, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("p.")], [])


if __name__ == "__main__":
    unittest.main()
