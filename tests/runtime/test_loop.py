"""The loop: the order of events, counters, limits, accumulation, when it validates and ends."""
import json
import os
import struct
import unittest

from harness import Case, read_safetensors

QUIET = ("--trainer.log_every_n_steps", "5")
VALIDATION = ["on_validation_start", "on_validation_epoch_start", "on_validation_batch_start",
              "on_validation_batch_end", "on_validation_epoch_end", "on_validation_end"]


def names(events):
    return [event[0] for event in events]


def validated_at(events):
    """Steps after which a validation ended; the sanity check is not counted."""
    start = names(events).index("on_train_start")
    return [event[2] for event in events[start:] if event[0] == "on_validation_end"]


class Order(Case):
    def test_hooks_follow_lightning(self):
        events = self.trace("fit", "--trainer.limit_train_batches", "2",
                            "--trainer.max_epochs", "2", "--trainer.limit_val_batches", "1",
                            "--trainer.num_sanity_val_steps", "1")
        batch = ["on_train_batch_start", "on_train_batch_end"]
        epoch = ["on_train_epoch_start"] + 2 * batch + VALIDATION + ["on_train_epoch_end"]
        self.assertEqual(names(events),
                         ["on_fit_start", "on_sanity_check_start"] + VALIDATION
                         + ["on_sanity_check_end", "on_train_start"] + 2 * epoch
                         + ["on_train_end", "on_fit_end"])

    def test_counters(self):
        events = self.trace("fit", "--trainer.limit_train_batches", "3",
                            "--trainer.max_epochs", "2")
        ends = [event[1:5] for event in events if event[0] == "on_train_batch_end"]
        self.assertEqual(ends, [(0, 1, 0, 0.3333), (0, 2, 1, 0.6667), (0, 3, 2, 1.0),
                                (1, 4, 0, 1.333), (1, 5, 1, 1.667), (1, 6, 2, 2.0)])

    def test_sanity_check_leaves_no_trace(self):
        for number in ("0", "2", "-1"):
            self.run_program("fit", "--trainer.num_sanity_val_steps", number, *QUIET,
                             root="out" + number)
        self.assertEqual(self.rows(root="out0"), self.rows(root="out2"))
        self.assertEqual(self.rows(root="out0"), self.rows(root="out-1"))
        ends = [self.last_state(root) for root in ("out0", "out2", "out-1")]
        self.assertEqual(ends[0], ends[1])
        self.assertEqual(ends[0], ends[2])

    def last_state(self, root):
        name = self.checkpoints(root=root)[-1]
        tensors, metadata = read_safetensors(os.path.join(self.version(root=root), "checkpoints",
                                                          name))
        run = json.loads(metadata["lt.run"])
        return name, tensors, run["state"], run["metric"]


class Limits(Case):
    def steps(self, *words):
        events = self.trace("fit", *words)
        return [event[2] for event in events if event[0] == "on_train_batch_end"][-1], events

    def test_batches_and_shares(self):
        for limit, steps in (("3", 3), ("0.5", 5), ("1", 1), ("1.0", 10), ("30%", 3), ("99", 10)):
            last, _ = self.steps("--trainer.limit_train_batches", limit,
                                 "--trainer.max_epochs", "1")
            self.assertEqual(last, steps, limit)

    def test_share_of_less_than_a_batch_is_refused(self):
        done = self.run_program("fit", "--trainer.limit_train_batches", "0.05", expect=1)
        self.assertIn("less than one", done.stderr)

    def test_max_steps_ends_in_the_middle_and_validates(self):
        last, events = self.steps("--trainer.max_steps", "7")
        self.assertEqual(last, 7)
        self.assertEqual(validated_at(events), [7])
        self.assertEqual(names(events)[-3:], ["on_train_epoch_end", "on_train_end", "on_fit_end"])

    def test_validation_intervals(self):
        for words, steps in (
                (("--trainer.val_check_interval", "0.3"), [3, 6, 9, 10, 13, 16, 19, 20]),
                (("--trainer.val_check_interval", "4"), [4, 8, 14, 18, 20]),
                (("--trainer.val_check_interval", "4",
                  "--trainer.check_val_every_n_epoch", "none"), [4, 8, 12, 16, 20]),
                (("--trainer.check_val_every_n_epoch", "2"), [20]),
                (("--trainer.limit_val_batches", "0"), [])):
            _, events = self.steps("--trainer.max_epochs", "2", *words)
            self.assertEqual(validated_at(events), steps, words)

    def test_interval_past_the_epoch_is_refused(self):
        done = self.run_program("fit", "--trainer.val_check_interval", "11", expect=1)
        self.assertIn("an epoch has 10", done.stderr)

    def test_fast_dev_run_leaves_nothing(self):
        last, events = self.steps("--trainer.fast_dev_run", "2")
        self.assertEqual(last, 2)
        self.assertNotIn("on_sanity_check_start", names(events))
        self.assertEqual(validated_at(events), [2])
        with self.assertRaises(FileNotFoundError):
            self.rows()

    def test_overfit_repeats_the_same_batches(self):
        self.run_program("fit", "--trainer.overfit_batches", "1", "--trainer.max_epochs", "3",
                         "--trainer.log_every_n_steps", "1", "--optimizer.lr", "0",
                         LINEAR_PLAIN="1")
        self.assertEqual(len(self.rows()), 3)

    def test_data_without_end(self):
        done = self.run_program("fit", expect=1, LINEAR_ENDLESS="1")
        self.assertIn("--trainer.limit_val_batches", done.stderr)
        few = ("--trainer.limit_val_batches", "2")
        done = self.run_program("fit", *few, expect=1, LINEAR_ENDLESS="1")
        self.assertIn("--trainer.max_steps", done.stderr)
        events = self.trace("fit", *few, "--trainer.max_steps", "7", LINEAR_ENDLESS="1")
        self.assertEqual(validated_at(events), [7])
        events = self.trace("fit", *few, "--trainer.limit_train_batches", "3", LINEAR_ENDLESS="1")
        self.assertEqual(validated_at(events), [3, 6, 9, 12, 15])

    def test_time_is_up(self):
        done = self.run_program("fit", "--trainer.max_time", "00:00:00:01",
                                "--trainer.max_epochs", "100000", LINEAR_SLOW="20000")
        self.assertIn("max_time", done.stdout)


class Accumulation(Case):
    def test_windows(self):
        events = self.trace("fit", "--trainer.accumulate_grad_batches", "4",
                            "--trainer.max_epochs", "1")
        starts = [event[5] for event in events if event[0] == "on_train_batch_start"]
        self.assertEqual(starts, ["0/4", "1/4", "2/4", "3/4", "0/4", "1/4", "2/4", "3/4",
                                  "0/2", "1/2"])
        steps = [event[2] for event in events if event[0] == "on_train_batch_end"]
        self.assertEqual(steps, [0, 0, 0, 1, 1, 1, 1, 2, 2, 3])

    def test_rows_are_counted_within_a_window(self):
        self.run_program("fit", "--trainer.accumulate_grad_batches", "4",
                         "--trainer.max_epochs", "1")
        tensors, _ = read_safetensors(os.path.join(self.version(), "checkpoints",
                                                   self.checkpoints()[0]))
        places = 2 * (0 + 16 + 32 + 48) + 0 + 16
        self.assertEqual(struct.unpack("<q", tensors["seen"])[0], places + 150)

    def test_rows_are_those_of_whole_steps(self):
        self.run_program("fit", "--trainer.accumulate_grad_batches", "4",
                         "--trainer.max_epochs", "2", "--trainer.log_every_n_steps", "1")
        self.assertEqual([row["step"] for row in self.rows()], [str(i) for i in range(6)])


class Stopping(Case):
    STOP = ("--optimizer.lr", "0", "--early_stopping.patience", "1")

    def ended(self, *words):
        events = self.trace("fit", *self.STOP, *words)
        return [event[2] for event in events if event[0] == "on_train_batch_end"][-1]

    def test_patience(self):
        done = self.run_program("fit", *self.STOP)
        self.assertIn("stopped at step 20: val_loss did not improve", done.stdout)

    def test_minimums_hold_to_the_step(self):
        self.assertEqual(self.ended(), 20)
        self.assertEqual(self.ended("--trainer.min_steps", "33"), 33)
        self.assertEqual(self.ended("--trainer.min_epochs", "4"), 40)
        self.assertEqual(self.ended("--trainer.min_epochs", "4", "--trainer.max_steps", "15"), 15)

    def test_a_loss_that_is_not_finite(self):
        done = self.run_program("fit", expect=1, LINEAR_NAN_AT="23")
        self.assertRegex(done.stderr, r"train_loss is nan at step 24 of epoch 2")
        self.assertEqual(self.checkpoints(), ["epoch=0-step=10.safetensors",
                                              "epoch=1-step=20.safetensors"])

    def test_a_variable_that_is_not_finite(self):
        done = self.run_program("fit", "--optimizer.lr", "1e42", "--trainer.detect_anomaly",
                                expect=1)
        self.assertRegex(done.stderr, r"(weight|bias) \(linear.lt:1\) holds a value that is not "
                                      r"finite after step 1 of epoch 0")


if __name__ == "__main__":
    unittest.main()
