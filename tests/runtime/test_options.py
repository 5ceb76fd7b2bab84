"""The command line: what is taken, what is refused and with which words."""
import os
import unittest

from harness import Case


class Refused(Case):
    def refused(self, words, text, expect=2):
        done = self.run_program(*words, expect=expect)
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_names(self):
        self.refused(["fit", "--trainer.max_epoch", "3"], "did you mean --trainer.max_epochs?")
        self.refused(["fit", "--max_epochs", "3"], "did you mean --trainer.max_epochs?")
        self.refused(["fit", "--optimiser.lr", "3"], "did you mean --optimizer.lr?")
        self.refused(["fit", "--quite"], "did you mean --quiet?")
        self.refused(["fit", "--zzzzzz", "3"], "--help lists them")
        self.refused(["fit", "loud"], '"loud" was not expected')

    def test_commands(self):
        self.refused([], "a command is missing")
        self.refused(["fti"], "did you mean fit?")
        self.refused(["frobnicate"], "there are fit, validate, test, predict and info")

    def test_fixed(self):
        self.refused(["fit", "--model.features", "5"], "ltc build -D model.features=5")
        self.refused(["fit", "--trainer.gradient_clip_val", "1"], "compiled without clipping")
        self.run_program("fit", "--trainer.gradient_clip_val", "0", "--trainer.max_epochs", "1")

    def test_values(self):
        for name, value, text in (
                ("trainer.max_epochs", "three", "whole number"),
                ("trainer.max_epochs", "2.5", "whole number"),
                ("trainer.max_epochs", "-2", "least"),
                ("optimizer.lr", "fast", "takes a number"),
                ("optimizer.lr", "nan", "takes a number"),
                ("optimizer.lr", "inf", "takes a number"),
                ("optimizer.lr", "0x10", "takes a number"),
                ("optimizer.lr", "1e-3x", "takes a number"),
                ("optimizer.lr", "1e999", "takes a number"),
                ("trainer.limit_train_batches", "1.5", "at most 1.0"),
                ("trainer.limit_train_batches", "-1", "least"),
                ("trainer.val_check_interval", "3 parsecs", "no unit"),
                ("trainer.enable_progress_bar", "maybe", "true or false"),
                ("trainer.gradient_clip_algorithm", "both", "norm|value"),
                ("trainer.accumulate_grad_batches", "0", "least"),
                ("seed", "-1", "least"),
                ("threads", "0", "1 to 1024")):
            self.refused(["fit", "--" + name, value], text)

    def test_several_mistakes_in_one_go(self):
        done = self.run_program("fit", "--optimizer.lr", "x", "--nonsense", "1", "--threads", "y",
                                expect=2)
        self.assertEqual(done.stderr.count("error:"), 3)

    def test_missing_values_and_wrong_places(self):
        self.refused(["fit", "--optimizer.lr="], "takes a number")
        self.refused(["fit", "--output", "x.csv"], "no meaning for fit")
        self.refused(["test", "--resume", "auto"], "no meaning for test")
        self.refused(["fit", "--resume", "auto", "--weights", "x"], "exclude each other", 1)
        self.refused(["fit", "--trainer.max_time", "soon"], "DD:HH:MM:SS", 1)


class Taken(Case):
    def test_spellings(self):
        for words in (["--trainer.max_epochs", "1"], ["--trainer.max_epochs=1"],
                      ["--trainer.max_epochs", "1", "--trainer.enable_progress_bar"],
                      ["--trainer.max_epochs", "1", "--trainer.enable_progress_bar", "false"],
                      ["--trainer.max_epochs", "1", "--trainer.val_check_interval", "1 epoch"],
                      ["--trainer.max_epochs", "1", "--trainer.val_check_interval", "1", "epoch"],
                      ["--trainer.max_epochs", "1", "--trainer.val_check_interval=5 steps"]):
            self.run_program("fit", *words, root="out%d" % len(os.listdir(self.folder)))

    def test_seed(self):
        self.run_program("fit", "--seed", "7", "--trainer.max_epochs", "1", root="a")
        self.run_program("fit", "--trainer.seed", "7", "--trainer.max_epochs", "1", root="b")
        self.run_program("fit", "--seed", "8", "--trainer.max_epochs", "1", root="c")
        self.assertEqual(self.rows(root="a"), self.rows(root="b"))
        self.assertNotEqual(self.rows(root="a"), self.rows(root="c"))

    def test_help_teaches(self):
        text = self.run_program("--help").stdout
        for word in ("fit", "validate", "predict", "--resume", "--trainer.max_epochs", "[5]",
                     "optimiser steps to train", "exit codes", "143", "fixed: ltc build -D"):
            self.assertIn(word, text)
        self.assertIn("optimiser steps to train", self.run_program("fit", "--help").stdout)

    def test_version(self):
        self.assertEqual(self.run_program("--version").stdout,
                         "linear_program: linear from linear.lt, sha256 %s, compiler by hand\n" % ("0" * 64))

    def test_info(self):
        text = self.run_program("info").stdout
        for word in ("5 parameters", "150 to train", "val_mae", "trainer.max_epochs", "steps"):
            self.assertIn(word, text)


    def test_info_of_a_checkpoint(self):
        self.run_program("fit", "--trainer.max_epochs", "1")
        text = self.run_program("info", "out/lightning_logs/version_0/checkpoints/"
                                + self.checkpoints()[0]).stdout
        self.assertIn("optimizer.momentum.weight", text)
        self.assertIn("10", text)

    def test_verify_data(self):
        self.run_program("fit", "--verify_data", "--trainer.max_epochs", "1")


class Surroundings(Case):
    def test_a_root_that_cannot_be_written(self):
        open(self.path("file"), "w").close()
        done = self.run_program("fit", root="file/below", expect=1)
        self.assertIn("file/below", done.stderr)
        self.assertIn("--trainer.default_root_dir", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_data_that_is_not_there(self):
        os.remove(self.path("data", "x.npy"))
        done = self.run_program("fit", expect=1)
        self.assertIn("x.npy", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.run_program("info")

    def test_no_checkpoint(self):
        done = self.run_program("test", expect=1)
        self.assertIn("run fit first", done.stderr)
        for which in ("best", "last"):
            done = self.run_program("fit", "--resume", which, expect=1)
            self.assertIn("no checkpoint under", done.stderr)
        done = self.run_program("fit", "--resume", "auto")
        self.assertIn("starting anew", done.stderr)


if __name__ == "__main__":
    unittest.main()
