"""Where settings come from: command line, environment, config files; what is printed of them."""
import os
import subprocess
import unittest
from random import Random

from harness import PROGRAM, SCALE, Case

NAME = "linear_program: "


class Settings(Case):
    def write(self, text, name="run.yaml"):
        with open(self.path(name), "w") as file:
            file.write(text)
        return name

    def printed(self, *words, **variables):
        """The lines that --print-config prints, without comments and blanks: {whole name: text}."""
        text = self.run_program("fit", "--print-config", *words, **variables).stdout
        values, groups = {}, []
        for line in text.splitlines():
            line = line.split(" #")[0].rstrip()
            if not line or line.startswith("#"):
                continue
            depth = (len(line) - len(line.lstrip())) // 2
            name, value = line.strip().split(":", 1)
            groups[depth:] = [name]
            if value:
                values[".".join(groups)] = value.strip()
        return values

    def said(self, expect, *words, **variables):
        """All that a run says on stderr, without the program's name."""
        done = self.run_program(*words, expect=expect, **variables)
        lines = done.stderr.splitlines()
        for line in lines:
            self.assertTrue(line.startswith(NAME), line)
        return [line[len(NAME):] for line in lines]


class Sources(Settings):
    def test_the_line_over_the_environment_over_files_over_the_spec(self):
        self.write("trainer:\n  max_epochs: 7\n  max_steps: 70\n  min_steps: 1\n")
        self.write("trainer.min_steps: 2\n", "second.yaml")
        files = ("--config", "run.yaml", "--config", "second.yaml")
        self.assertEqual(self.printed()["trainer.max_epochs"], "5")
        self.assertEqual(self.printed(*files)["trainer.max_epochs"], "7")
        self.assertEqual(self.printed(*files)["trainer.max_steps"], "70")
        self.assertEqual(self.printed(*files)["trainer.min_steps"], "2")
        known = self.printed(*files, LT_TRAINER_MAX_EPOCHS="8")
        self.assertEqual((known["trainer.max_epochs"], known["trainer.max_steps"]), ("8", "70"))
        known = self.printed("--trainer.max_epochs", "9", *files, LT_TRAINER_MAX_EPOCHS="8")
        self.assertEqual(known["trainer.max_epochs"], "9")

    def test_every_setting_and_option_has_a_variable(self):
        known = self.printed(LT_OPTIMIZER_LR="0.25", LT_SEED="9", LT_THREADS="1", LT_VERIFY_DATA="true",
                             LT_TRAINER_VAL_CHECK_INTERVAL="5 steps", LT_MODEL_CHECKPOINT_SAVE_TOP_K="4",
                             LT_QUIET="no", LT_TRAINER_MAX_EPOCHS="", LT_METRICS_JSON="m.json")
        self.assertEqual([known[name] for name in (
            "optimizer.lr", "trainer.seed", "threads", "verify_data", "trainer.val_check_interval",
            "model_checkpoint.save_top_k", "trainer.max_epochs", "metrics_json")],
            ["0.25", "9", "1", "true", "5 steps", "4", "5", "m.json"])
        self.assertNotIn("quiet", known)

    def test_they_reach_the_run(self):
        self.write("trainer:\n  max_epochs: 2\noptimizer.lr: 0.01\n")
        self.run_program("fit", root="a", LT_CONFIG="run.yaml")
        self.run_program("fit", "--config=run.yaml", root="b", LT_CONFIG="missing.yaml")
        self.run_program("fit", root="c", LT_TRAINER_MAX_EPOCHS="2", LT_OPTIMIZER_LR="0.01")
        self.run_program("fit", "--trainer.max-epochs", "2", "--optimizer.lr", "0.01", root="d")
        self.assertEqual(len(self.rows(root="a")), 2)
        for root in "bcd":
            self.assertEqual(self.rows(root=root), self.rows(root="a"))

    def test_what_a_command_does_not_take(self):
        self.write("resume: auto\noutput: x.csv\nsplit: val\nweights: init\n")
        self.run_program("validate", "--config", "run.yaml", LT_OUTPUT="y.csv", LT_RESUME="last")

    def test_a_pipe_is_read_once(self):
        line = " ".join(self.command(["fit"])) + " --config <(echo 'trainer.max_epochs: 1') --threads 2"
        done = subprocess.run(["bash", "-c", line], cwd=self.folder, env=self.environment({}),
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(len(self.rows()), 1)

    def test_a_resumed_run_takes_them_too(self):
        self.run_program("fit", "--trainer.max_epochs", "1")
        self.run_program("fit", "--resume", "auto", LT_TRAINER_MAX_EPOCHS="3")
        self.run_program("fit", "--resume", "auto")
        self.assertEqual(len(self.rows()), 3)


class Printed(Settings):
    def test_round_trip(self):
        words = ("--optimizer.lr", "0.30000000000000004", "--seed", "9007199254740991",
                 "--trainer.limit_val_batches", "0.3333333333333333", "--trainer.max_time", "00:01:00",
                 "--trainer.val_check_interval", "3 epochs", "--threads", "2", "--verify-data",
                 "--trainer.min_steps", "-1")
        first = self.run_program("fit", "--print-config", *words, root='with "quotes" #and: \t').stdout
        self.write(first)
        line = self.command([])
        second = subprocess.run(line + ["fit", "--config", "run.yaml", "--print-config"], text=True,
                                cwd=self.folder, capture_output=True, env=self.environment({}))
        self.assertEqual((second.stdout, second.stderr), (first, ""))
        for text in ("lr: 0.30000000000000004 ", "seed: 9007199254740991 ", "limit_val_batches: 0.3333333333333333 ",
                     'default_root_dir: "with \\"quotes\\" #and: \\u0009" ', "max_epochs: 5 ",
                     "max_steps: null ", "min_steps: -1 ", "# features: 4 ", "# resume: WHICH "):
            self.assertIn(text, first)

    def test_a_limit_that_is_not_set_stays_so(self):
        self.run_program("fit", "--trainer.max_epochs", "1", root="a")
        text = self.run_program("fit", "--print-config", "--trainer.max_epochs", "1", root="b").stdout
        self.run_program("fit", "--config", self.write(text), root="b")
        self.assertEqual(self.rows(root="a"), self.rows(root="b"))

    def test_yaml_reads_it(self):
        try:
            import yaml
        except ImportError:
            self.skipTest("needs Python's yaml")
        text = self.run_program("fit", "--print-config", "--optimizer.lr", "1e-5", "--threads", "3").stdout
        known = yaml.safe_load(text)
        self.assertEqual(known["optimizer"], {"lr": 1e-5, "momentum": 0.9})
        self.assertEqual(known["threads"], 3)
        self.assertEqual(known["trainer"]["max_epochs"], 5)
        self.assertIs(known["trainer"]["max_steps"], None)
        self.assertIs(known["trainer"]["enable_progress_bar"], True)


class Files(Settings):
    def test_what_is_taken(self):
        self.write("\ufeff---\n# a comment\nseed:   3 # another\r\n\ntrainer :\n    max_epochs: 2\n"
                   "    default_root_dir: 'it''s #here'\n    limit_val_batches: \"0.5\"\n"
                   "    max_steps: ~\n    min_epochs: null\noptimizer:\n  lr: 3e-4\n"
                   "model.features: 4\nmetrics-json: \"a\\\\b\\\"\"\nquiet: yes\n")
        known = self.printed("--config", "run.yaml", root="r")
        self.assertEqual([known[name] for name in (
            "trainer.seed", "trainer.max_epochs", "trainer.limit_val_batches", "trainer.max_steps",
            "optimizer.lr", "metrics_json", "quiet")],
            ["3", "2", "0.5", "null", "0.0003", '"a\\\\b\\""', "true"])

    def test_every_mistake_has_its_place(self):
        self.write("seed: x\ntrainer:\n  max_epoch: 3\n    deep: 1\n  max_epochs 4\n"
                   "  limit_val_batches:0.5\n min_epochs: 3\n\ttab: 3\noptimizer:\n  lr: [1, 2]\n"
                   "  momentum: 'abc\n- list\nnogroup:\noptimizer.lr: 1e-3x\noptimizer.lr: 2\n"
                   "config: x\ntrainer: 3\nquiet: a: b\nmodel.features: 5\nthreads: 0\n")
        self.assertEqual(self.said(2, "fit", "--config", "run.yaml"), ["error: run.yaml:" + text for text in (
            '1:7: trainer.seed takes a whole number, such as 3, not "x"',
            "3:3: there is no setting trainer.max_epoch; did you mean trainer.max_epochs?",
            "4:5: this line is deeper than the one before, which is no group; it was expected in column 3",
            '5:14: ":" was expected, as in "name: value"',
            '6:21: a blank was expected behind ":"',
            "7:2: no line above begins in this column; it was expected in column 1",
            "8:1: a tab; lines are indented with blanks",
            "10:7: lists and braces hold no setting; one value was expected",
            "11:17: a closing ' was expected",
            '12:1: lists hold no setting; "name: value" was expected',
            '13:9: there is no group "nogroup", and nothing stands below it',
            '14:15: optimizer.lr takes a number, such as 0.1 or 3e-4, not "1e-3x"',
            "15:15: optimizer.lr is given twice, first in line 14",
            "16:9: config stands on the command line, not in a file",
            "17:10: trainer is a group; its settings stand below it, deeper",
            '18:9: a value with ":" in it stands in quotes',
            "19:17: model.features is fixed when compiling; build with `ltc build -D model.features=5`",
            '20:10: threads takes a whole number from 1 to 1024, not "0"')])

    def test_mistakes_of_one_line(self):
        for text, wanted in (
                ("trainer:\n  max_epochs:\n", '2:14: a value was expected behind "trainer.max_epochs:"'),
                ("trainer.max_epochs: 3 4\n", '1:21: trainer.max_epochs takes a whole number, such as 3, not "3 4"'),
                ('trainer.max_epochs: "3" 4\n', "1:25: the end of the line was expected"),
                ('seed: "\\q"\n', '1:8: "\\q" stands for no letter; there are \\\\ \\" \\/ \\n \\t \\r and \\u0001 to '
                                  "\\u007f"),
                ("seed: &a 3\n", "1:7: a value that begins with & stands in quotes"),
                ("  seed: 3\n", "1:3: this line is deeper than the one before, which is no group; it was expected "
                                "in column 1"),
                (": 3\n", '1:1: a name was expected, as in "name: value"'),
                ("seed_everything: 3\n", "1:1: there is no setting seed_everything; did you mean seed?"),
                ("ckpt_path: last\n", "1:1: there is no setting ckpt_path; did you mean resume?"),
                ("zzzzzzzz: 3\n", "1:1: there is no setting zzzzzzzz; --help lists them"),
                ("trainer:\n  trainer.seed: 1\n", "2:3: there is no setting trainer.trainer.seed; --help lists "
                                                  "them")):
            self.assertEqual(self.said(2, "fit", "--config", self.write(text)), ["error: run.yaml:" + wanted])

    def test_files_that_are_none(self):
        os.mkdir(self.path("folder"))
        with open(self.path("binary"), "wb") as file:
            file.write(b"seed: 3\n\0")
        with open(self.path("latin"), "wb") as file:
            file.write(b"# caf\xe9\n")
        with open(self.path("long"), "wb") as file:
            file.write(b"#" * (1 << 20) + b"#")
        for name, why in (("missing", "cannot be read: No such file or directory"),
                          ("folder", "cannot be read: Is a directory"), ("binary", "is no text in UTF-8"),
                          ("latin", "is no text in UTF-8"), ("long", "has more than 1048576 bytes")):
            self.assertEqual(self.said(2, "fit", "--config", name), ["error: --config %s: %s" % (name, why)])

    def test_many_mistakes(self):
        said = self.said(2, "fit", "--config", self.write("x\n" * 50))
        self.assertEqual(len(said), 21)
        self.assertEqual(said[-1], "error: and 30 more mistakes")

    def test_all_sources_in_one_go(self):
        self.write("seed: x\n")
        self.assertEqual(self.said(2, "fit", "--config", "run.yaml", "--nonsense", "1", "--threads", "y",
                                   LT_OPTIMIZER_LR="fast", LT_QUIET="perhaps"), [
            "error: there is no setting --nonsense; --help lists them",
            'error: run.yaml:1:7: trainer.seed takes a whole number, such as 3, not "x"',
            'error: LT_QUIET: quiet takes true or false, not "perhaps"',
            'error: LT_OPTIMIZER_LR: optimizer.lr takes a number, such as 0.1 or 3e-4, not "fast"',
            'error: --threads takes a whole number from 1 to 1024, not "y"'])


class Environment(Settings):
    def test_names_that_nobody_has(self):
        self.assertEqual(self.said(0, "fit", "--print-config", LT_TRAINER_MAX_EPOCH="3"), [
            "note: LT_TRAINER_MAX_EPOCH is set, but no setting has this name; did you mean LT_TRAINER_MAX_EPOCHS?"])
        self.assertEqual(self.said(0, "fit", "--print-config", LT_SEEDS="3"), [
            "note: LT_SEEDS is set, but no setting has this name; did you mean LT_SEED?"])
        self.assertEqual(self.said(0, "fit", "--print-config", LT_OPTIMIZER_NOTHING_LIKE_IT="3"), [
            "note: LT_OPTIMIZER_NOTHING_LIKE_IT is set, but no setting has this name; --help lists them"])
        self.assertEqual(self.said(0, "fit", "--print-config", LT_TEST_SCALE="3", LT_ELSE="x", LT_="y",
                                   LT_TRAINER_MAX_EPOCH=""), [])

    def test_the_note_stands_once(self):
        said = self.said(0, "fit", "--threads", "2", "--trainer.max_epochs", "1", LT_TRAINER_MAX_EPOCH="3")
        self.assertEqual(len(said), 1)

    def test_what_is_fixed(self):
        self.assertEqual(self.said(2, "fit", LT_MODEL_FEATURES="5"), [
            "error: LT_MODEL_FEATURES: model.features is fixed when compiling; build with "
            "`ltc build -D model.features=5`"])
        self.assertEqual(self.said(0, "fit", "--print-config", LT_MODEL_FEATURES="4"), [])


class Mutated(Settings):
    """Files with damage: taken or refused with places, never a crash; what was taken prints itself again."""
    PIECES = ["\t", "\n", "  ", ":", ": ", "#", " #", "'", '"', "\\", "\\u0041", "\\u00", "- ", "[", "null", "~",
              "---\n", "trainer", "trainer:\n  ", ".", "-", "\ufeff", "\u00e9", "max_epochs", "1e999", "0x1", "5 epochs",
              "%", "a" * 300, "x:\n " * 20, "\r\n", "features: 4\n", "seed: 1\n"]

    def damage(self, random, text):
        for _ in range(random.randint(1, 4)):
            at, length = random.randint(0, len(text)), random.randint(0, 12)
            piece = random.choice(self.PIECES + [text[at:at + random.randint(0, 60)], ""])
            text = text[:at] + piece + text[at + random.choice((0, length)):]
        return text

    def test_damage(self):
        seed = int(os.environ.get("LT_TEST_SEED", Random().randrange(10 ** 9)))
        print("seed", seed)
        random = Random(seed)
        start = self.run_program("fit", "--print-config", "--threads", "2").stdout
        short = ("seed: 3\ntrainer:\n  max_epochs: 2 # two\n  max_steps: '3'\noptimizer.lr: \"0.1\"\n"
                 "model:\n  features: 4\n")
        line = [PROGRAM, "fit", "--print-config", "--config", "run.yaml"]
        ends = {0: 0, 2: 0}
        for _ in range(300 * SCALE):
            text = self.damage(random, random.choice((start, short, short)))
            with open(self.path("run.yaml"), "w", newline="") as file:
                file.write(text)
            done = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, env=self.environment({}))
            self.assertIn(done.returncode, ends, (seed, text, done.stderr))
            ends[done.returncode] += 1
            if done.returncode == 2:
                self.assertEqual(done.stdout, "")
                self.assertRegex(done.stderr, r"^(linear_program: error: "
                                              r"(run\.yaml:\d+:\d+: .+|and \d+ more mistakes)\n)+$")
            else:
                self.assertEqual(done.stderr, "")
                self.write(done.stdout)
                again = subprocess.run(line, cwd=self.folder, capture_output=True, text=True, env=self.environment({}))
                self.assertEqual(again.stdout, done.stdout, (seed, text))
        self.assertGreater(min(ends.values()), 8 * SCALE, ends)


class Called(Case):
    def test_the_name_is_the_one_that_was_called(self):
        link = self.path("my run")
        os.symlink(PROGRAM, link)
        done = subprocess.run([link, "fti"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr),
                         (2, 'my run: error: there is no command "fti"; did you mean fit?\n'))
        done = subprocess.run([link, "--help"], capture_output=True, text=True)
        self.assertIn("usage: my run COMMAND", done.stdout)
        self.assertIn("  my run fit --resume auto\n", done.stdout)
        done = subprocess.run(["bash", "-c", "exec -a '' '%s' fti" % link], capture_output=True, text=True)
        self.assertEqual(done.stderr, 'linear: error: there is no command "fti"; did you mean fit?\n')


if __name__ == "__main__":
    unittest.main()
