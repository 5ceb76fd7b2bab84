"""A run that is killed and resumed ends in the same bits as one that never was."""
import os
import random
import re
import shutil
import signal
import subprocess
import time
import unittest

from harness import SCALE, Case, read_bytes, read_events, read_safetensors, sums_of

# Everything that the loop carries is in play: a window of 3, validation inside the epoch, saves
# after each of them, early stopping's patience, an average that is swapped for validation.
RUN = ("fit", "--trainer.max_epochs", "6", "--trainer.accumulate_grad_batches", "3",
       "--trainer.val_check_interval", "4", "--trainer.log_every_n_steps", "2",
       "--model_checkpoint.save_top_k", "3", "--step_checkpoint.every", "2", "--seed", "3")
ALIGNED = ("--trainer.val_check_interval", "5")     # so that an end is a validation point anyway


class Resume(Case):
    def reference(self, words=RUN):
        self.run_program(*words, root="reference")
        return self.end("reference")

    def end(self, root):
        """What must be the same: every checkpoint, every row, every scalar."""
        version = self.version(root=root)
        return (sums_of(os.path.join(version, "checkpoints")),
                read_bytes(os.path.join(version, "metrics.csv")), read_events(version))

    def assert_same_end(self, reference, root, what):
        got = self.end(root)
        self.assertEqual(got[0], reference[0], what)
        self.assertEqual(got[1].decode(), reference[1].decode(), what)
        self.assertEqual(got[2], reference[2], what)
        self.assertEqual(os.listdir(self.path(root, "lightning_logs")), ["version_0"])

    def stopped_at(self, batch, *words, root, number=signal.SIGTERM, expect=143, **variables):
        """Runs until the program itself raises a signal in that training batch."""
        self.run_program(*words, root=root, expect=expect,
                         LINEAR_SIGNAL="%d %d" % (number, batch), **variables)

    def test_stopped_after_any_batch(self):
        reference = self.reference()
        for batch in range(1, 60, 1 if SCALE > 1 else 3):
            root = "stopped%d" % batch
            self.stopped_at(batch, *RUN, root=root)
            self.run_program("fit", "--resume", "auto", root=root)
            self.check_left_over(root)
            self.assert_same_end(reference, root, "stopped after batch %d" % batch)
            shutil.rmtree(self.path(root))

    def check_left_over(self, root):
        """The file of the interruption is not part of a run that was never interrupted."""
        last = os.path.join(self.version(root=root), "checkpoints", "last.safetensors")
        if os.path.exists(last) and "last.safetensors" not in sums_of(
                os.path.join(self.version(root="reference"), "checkpoints")):
            os.remove(last)

    def test_stopped_in_every_batch_of_one_run(self):
        words = RUN[:2] + ("2",) + RUN[3:]
        reference = self.reference(words)
        self.stopped_at(1, *words, root="often")
        for batch in range(1, 19):
            self.stopped_at(1, "fit", "--resume", "auto", root="often")
        self.run_program("fit", "--resume", "auto", root="often")
        self.check_left_over("often")
        self.assert_same_end(reference, "often", "stopped in every batch")

    def test_stopped_inside_validation(self):
        for interval in ("4", "3"):         # inside a window of accumulation, and at its end
            words = RUN + ("--trainer.val_check_interval", interval)
            reference = self.reference(words)
            for batch in (1, 2, 4, 7, 12):
                root = "validation%d" % batch
                self.run_program(*words, root=root, expect=143,
                                 LINEAR_SIGNAL_IN_VALIDATION=str(batch))
                self.run_program("fit", "--resume", "auto", root=root)
                self.check_left_over(root)
                self.assert_same_end(reference, root, "in validation batch %d" % batch)
                shutil.rmtree(self.path(root))
            shutil.rmtree(self.path("reference"))

    def test_resumed_from_inside_a_validation_that_was_done_later(self):
        words = RUN + ("--trainer.val_check_interval", "3")
        reference = self.reference(words)
        self.run_program(*words, root="out", expect=143, LINEAR_SIGNAL_IN_VALIDATION="3")
        folder = os.path.join(self.version(), "checkpoints")
        shutil.copy(os.path.join(folder, "last.safetensors"), self.path("kept.safetensors"))
        self.run_program("fit", "--resume", "auto")
        shutil.move(self.path("kept.safetensors"), os.path.join(folder, "kept.safetensors"))
        self.run_program("fit", "--resume", os.path.join(folder, "kept.safetensors"))
        os.remove(os.path.join(folder, "kept.safetensors"))
        self.check_left_over("out")
        self.assert_same_end(reference, "out", "resumed from an older place")

    def test_killed_at_any_batch(self):
        reference = self.reference()
        for batch in range(5, 60, 6):
            root = "killed%d" % batch
            self.stopped_at(batch, *RUN, root=root, number=signal.SIGKILL, expect=-9)
            self.run_program("fit", "--resume", "auto",
                             *([] if self.checkpoints(root=root) else RUN[1:]), root=root)
            if len(os.listdir(self.path(root, "lightning_logs"))) == 1:
                self.assert_same_end(reference, root, "killed in batch %d" % batch)

    def test_killed_at_random_moments(self):
        seed = int(os.environ.get("LT_TEST_SEED", random.randrange(2**32)))
        print("seed %d" % seed)
        moments = random.Random(seed)
        words = RUN[:2] + ("60",) + RUN[3:]
        reference = self.reference(words)
        kills = 0
        for attempt in range(8 * SCALE):
            root = "random%d" % attempt
            resume = ("fit", "--resume", "auto") + words[1:]
            for _ in range(100):
                program = self.start_program(*resume, root=root, LINEAR_SLOW="1000")
                time.sleep(moments.uniform(0.01, 0.25))
                program.kill()
                program.communicate()
                kills += program.returncode == -9
                if program.returncode == 0:
                    break
            self.run_program(*resume, root=root)
            self.assertEqual([name for name in self.checkpoints(root=root) if "tmp" in name], [])
            versions = os.listdir(self.path(root, "lightning_logs"))
            newest = self.version(len(versions) - 1, root=root)
            self.assertEqual(sums_of(os.path.join(newest, "checkpoints")), reference[0])
            self.assertEqual(read_bytes(os.path.join(newest, "metrics.csv")), reference[1])
        print("%d kills" % kills)
        self.assertGreater(kills, 8)

    def test_a_finished_run_has_nothing_left_to_do(self):
        reference = self.reference()
        done = self.run_program("fit", "--resume", "auto", root="reference")
        self.assertIn("nothing is left to do", done.stdout)
        self.assert_same_end(reference, "reference", "finished")

    def test_a_stop_stands_unless_a_setting_changes(self):
        words = ("--optimizer.lr", "0", "--early_stopping.patience", "1")
        self.run_program("fit", *words)
        rows = self.rows()
        done = self.run_program("fit", "--resume", "auto")
        self.assertIn("val_loss did not improve", done.stdout)
        self.assertEqual(self.rows(), rows)
        self.run_program("fit", "--resume", "auto", "--early_stopping.patience", "100")
        self.assertEqual(self.rows()[-1]["step"], "49")

    def test_more_epochs_go_on(self):
        self.run_program(*RUN, *ALIGNED, root="reference")
        self.run_program(*RUN[:2], "3", *RUN[3:], *ALIGNED, root="more")
        self.run_program("fit", "--resume", "last", "--trainer.max_epochs", "6", root="more")
        tensors = [read_safetensors(os.path.join(self.version(root=root), "checkpoints",
                                                 max(self.checkpoints(root=root), key=step_of)))[0]
                   for root in ("more", "reference")]
        self.assertEqual(tensors[0], tensors[1])
        self.assertEqual(self.rows(root="more"), self.rows(root="reference"))

    def test_settings_come_back(self):
        self.stopped_at(7, *RUN, "--optimizer.lr", "0.01", root="a")
        self.run_program("fit", "--resume", "auto", root="a")
        self.run_program(*RUN, "--optimizer.lr", "0.01", root="b")
        self.assertEqual(self.rows(root="a"), self.rows(root="b"))

    def test_a_checkpoint_from_elsewhere(self):
        reference = self.reference()
        self.stopped_at(31, *RUN, root="a")
        shutil.copy(os.path.join(self.version(root="a"), "checkpoints", "last.safetensors"),
                    self.path("elsewhere.safetensors"))
        self.run_program("fit", "--resume", "elsewhere.safetensors", root="b")
        name = "at-step=22.safetensors"
        tensors = [read_safetensors(os.path.join(self.version(root=root), "checkpoints", name))[0]
                   for root in ("b", "reference")]
        self.assertEqual(tensors[0], tensors[1])
        self.assertEqual(self.rows(root="b"),
                         [row for row in self.rows(root="reference") if int(row["step"]) >= 12])
        self.assertTrue(reference)

    def test_another_seed_is_refused(self):
        self.stopped_at(7, *RUN, root="out")
        done = self.run_program("fit", "--resume", "auto", "--seed", "4", expect=1)
        self.assertIn("keeps its seed", done.stderr)

    def test_a_window_cannot_change_inside(self):
        self.stopped_at(8, *RUN, root="out")
        done = self.run_program("fit", "--resume", "auto", "--trainer.accumulate_grad_batches",
                                "2", expect=1)
        self.assertIn("inside a window", done.stderr)

    def test_a_damaged_checkpoint_is_passed_over(self):
        reference = self.reference()
        self.stopped_at(31, *RUN, root="out")
        folder = os.path.join(self.version(), "checkpoints")
        newest = os.path.join(folder, "last.safetensors")
        data = bytearray(read_bytes(newest))
        data[-3] ^= 4
        with open(newest, "wb") as file:
            file.write(data)
        done = self.run_program("fit", "--resume", "auto")
        self.assertIn("last.safetensors", done.stderr)
        self.check_left_over("out")
        self.assert_same_end(reference, "out", "damaged")


def step_of(name):
    found = re.search(r"step=(\d+)", name)
    return int(found.group(1)) if found else -1


class Kept(Case):
    def test_best_k(self):
        self.run_program("fit", "--trainer.max_epochs", "8")
        losses = {int(row["step"]) + 1: float(row["val_loss"])
                  for row in self.rows() if row["val_loss"]}
        best = sorted(losses, key=losses.get)[:2]
        files = [name for name in self.checkpoints() if name != "last.safetensors"]
        self.assertEqual(sorted(step_of(name) for name in files), sorted(best))

    def test_without_a_callback_the_newest_is_kept(self):
        self.run_program("fit", LINEAR_PLAIN="1")
        self.assertEqual(self.checkpoints(), ["epoch=4-step=50.safetensors"])

    def test_evaluation_says_which_weights(self):
        self.run_program("fit", "--trainer.max_epochs", "8")
        losses = {row["val_loss"]: int(row["step"]) + 1 for row in self.rows() if row["val_loss"]}
        best = min(losses, key=float)
        done = self.run_program("test")
        self.assertIn("weights: best", done.stdout)
        self.assertIn("step=%d.safetensors" % losses[best], done.stdout)
        last = self.run_program("validate", "--weights", "last")
        self.assertIn("weights: last", last.stdout)
        path = os.path.join(self.version(), "checkpoints", self.checkpoints()[0])
        self.assertIn(path, self.run_program("validate", "--weights", path).stdout)

    def test_weights_to_start_from(self):
        self.run_program("fit", "--trainer.max_epochs", "8", LINEAR_PLAIN="1")
        fresh = float(self.rows()[0]["val_loss"])
        self.run_program("fit", "--weights", "last", "--trainer.max_epochs", "1", "--seed", "5",
                         LINEAR_PLAIN="1")
        again = self.rows(1)
        self.assertEqual(again[0]["step"], "9")
        self.assertLess(float(again[0]["val_loss"]), fresh / 5)
        path = os.path.join(self.version(0), "checkpoints")
        _, old = read_safetensors(os.path.join(path, self.checkpoints(0)[0]))
        _, new = read_safetensors(os.path.join(self.version(1), "checkpoints",
                                               self.checkpoints(1)[0]))
        seeds = re.compile(r'"split_seed":(\d+)')
        self.assertEqual(seeds.findall(old["lt.run"]), ["0"])
        self.assertEqual(seeds.findall(new["lt.run"]), ["0"])
        done = self.run_program("fit", "--weights", "nowhere.safetensors", expect=1)
        self.assertIn("nowhere.safetensors", done.stderr)

    def test_off(self):
        self.run_program("fit", "--trainer.enable_checkpointing", "false")
        self.assertFalse(os.path.exists(os.path.join(self.version(), "checkpoints")))
        self.assertEqual(len(self.rows()), 5)

    def test_a_full_disk_is_one_sentence_and_training_goes_on(self):
        line = " ".join(self.command(["fit", "--trainer.log_every_n_steps", "1"]))
        done = subprocess.run(["bash", "-c", "ulimit -f 1; " + line], cwd=self.folder, text=True,
                              capture_output=True, env=self.environment({}))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("epoch 5/5", done.stdout)
        self.assertNotIn("tmp", " ".join(self.checkpoints()))


if __name__ == "__main__":
    unittest.main()
