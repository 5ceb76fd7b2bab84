#!/usr/bin/env python3
"""The corners of a trainer, each with its figure, through metrics.csv and checkpoints of compiled programs.

    corners.py --ltc build/ltc [--only NAME] [--planted]

Every number is a multiple of a power of two, so that what is asserted is exact. A case names the settings that are
wrong on purpose (`planted`): with them it has to fail.
"""

import argparse
import csv
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "torch"))
from check import read_safetensors  # noqa: E402

ROWS = [0.25 * (i + 1) for i in range(30)]
SPEC = """
data Rows {{
    source      = npy(x = "x.npy")
    split       = (train = {train}, val = 3, test = 3)
    split_order = "file"
    shuffle     = {shuffle}
    batch       = 2
    sample(x: f64) {{ x = f32(x) }}
}}

model Line() {{
    param w: f32 = 1.0
    param v: f32 = 1.0
    training_step(x) {{
        minimize {loss}
        log x = mean(x), weight = w, other = v
        log last_x = max(x) {{ reduce = "max" }}
    }}
    validation_step(x) {{
        table = stack([{table}])
        log val_loss = sum(table * f32(i32(0..{sizes}) == trainer.step)) + 0 * sum(x), val_w = w
    }}
    test_step(x) {{ log test_w = w }}
    optimizer = sgd(lr = {rate})
}}

callback asks(at: int = -1, hook: int = 0) {{
    state asked = 0
    fn ask(here) {{ if hook == here and trainer.step >= at and at >= 0 {{ stop("asked") }} }}
    on_train_start       {{ ask(1) }}
    on_train_epoch_start {{ ask(2) }}
    on_train_batch_start {{ ask(3) }}
    on_train_batch_end   {{ ask(4) }}
    on_validation_start  {{ ask(5) }}
    on_validation_end    {{ ask(6) }}
    on_train_epoch_end   {{ ask(7) }}
}}

callback tells() {{
    on_validation_batch_start {{ warn("a batch") }}
}}

callback epochs() {{
    state count = 0
    on_train_epoch_end {{ count += 1 }}
    on_fit_end {{ warn("saw {{count}} ends of epochs") }}
}}

trainer {{
    num_sanity_val_steps    = 0
    accumulate_grad_batches = 1
    gradient_clip_val       = 0.0
    gradient_clip_algorithm = "{clip}"
    log_every_n_steps       = 1
    callbacks = [{callbacks}]
}}
"""


class Case:
    """A program in a folder of its own."""

    def __init__(self, ltc, folder, also):
        self.ltc, self.folder, self.also, self.programs = ltc, folder, also, {}

    def build(self, train=20, shuffle=False, loss="mean(w * x)", rate="0.125", callbacks="", table=(), clip="norm"):
        table = list(table) or [64 - i for i in range(48)]
        text = SPEC.format(
            train=train,
            shuffle=str(shuffle).lower(),
            loss=loss,
            rate=rate,
            clip=clip,
            table=", ".join(str(float(value)) for value in table),
            sizes=len(table),
            callbacks=", ".join(part for part in (callbacks, "asks()", "epochs()") if part),
        )
        (self.folder / "case.lt").write_text(text)
        values = ROWS[: train + 6]
        head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(values)},), }}".ljust(117) + "\n"
        (self.folder / "x.npy").write_bytes(
            b"\x93NUMPY\x01\x00"
            + struct.pack("<H", len(head))
            + head.encode()
            + struct.pack(f"<{len(values)}d", *values)
        )
        self.call(self.ltc, "build", "case.lt", "-o", "case")
        return self

    def call(self, *words, status=0):
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=100)
        text = done.stdout + done.stderr
        if done.returncode != status:
            raise AssertionError(f"status {done.returncode}: {text}")
        return text

    def fit(self, *words, root="out", status=0, planted=True):
        line = ["./case", "fit", "--trainer.default_root_dir", root, *words, *(self.also if planted else [])]
        return self.call(*line, status=status)

    def rows(self, root="out"):
        path = sorted((self.folder / root).rglob("metrics.csv"))[-1]
        with open(path, newline="") as file:
            return list(csv.DictReader(file))

    def column(self, name, root="out"):
        return [float(row[name]) for row in self.rows(root) if row.get(name)]

    def steps(self, name, root="out"):
        return [int(row["step"]) for row in self.rows(root) if row.get(name)]

    def files(self, root="out"):
        return sorted(path.stem for path in (self.folder / root).rglob("*.safetensors"))

    def weight(self, file, name="w", root="out"):
        return read_safetensors(next((self.folder / root).rglob(file + ".safetensors")))[name][1][0]


def equal(seen, wanted, what):
    if seen != wanted:
        raise AssertionError(f"{what}: {seen}, wanted {wanted}")


def means(first, last):
    """The means of the batches first..last - 1."""
    return [(ROWS[2 * i] + ROWS[2 * i + 1]) / 2 for i in range(first, last)]


# ---- windows, clipping --------------------------------------------------------------------------


def last_window(case):
    """5 batches by 2: two windows of two, and one of one that counts as a whole step."""
    case.build(train=10).fit("--trainer.max_epochs", "1", "--trainer.accumulate_grad_batches", "2")
    x = means(0, 5)
    updates = [(x[0] + x[1]) / 2, (x[2] + x[3]) / 2, x[4]]
    weights = [1 - 0.125 * sum(updates[:n]) for n in (1, 2, 3)]
    equal(case.weight("epoch=0-step=3"), weights[-1], "the weight")
    equal(case.steps("x"), [0, 1, 2], "steps")
    equal(case.column("x"), updates, "the mean of each window")


def ragged_window(case):
    """The last batch has one row: a window is the mean over its rows, 3 of them, not over its batches."""
    case.build(train=7).fit("--trainer.max_epochs", "1", "--trainer.accumulate_grad_batches", "2")
    updates = [sum(ROWS[:4]) / 4, sum(ROWS[4:7]) / 3]
    equal(case.weight("epoch=0-step=2"), 1 - 0.125 * sum(updates), "the weight")


def epoch_shorter_than_window(case):
    case.build(train=6).fit("--trainer.max_epochs", "2", "--trainer.accumulate_grad_batches", "16")
    equal(case.weight("epoch=1-step=2"), 1 - 2 * 0.125 * sum(means(0, 3)) / 3, "the weight")


def clip_after_the_mean(case):
    """Gradients 3 and -1: their mean 1 is clipped to 0.5. Clipped one by one they would be 0."""
    loss = "mean(w * (3.0 when trainer.step == 0 and trainer.batch == 0 else -1.0)) + 0 * mean(x)"
    case.build(train=4, loss=loss).fit(
        "--trainer.max_epochs", "1", "--trainer.accumulate_grad_batches", "2", "--trainer.gradient_clip_val", "0.5"
    )
    equal(round(case.weight("epoch=0-step=1") * 2**20), round((1 - 0.125 * 0.5) * 2**20), "the weight")


def clip_one_norm(case):
    """One norm over all parameters: (3, 4) has norm 5, and 2.5 halves it."""
    case.build(train=2, loss="3 * w + 4 * v + 0 * mean(x)").fit(
        "--trainer.max_epochs", "1", "--trainer.gradient_clip_val", "2.5"
    )
    equal(
        [round(case.weight("epoch=0-step=1", name) * 2**20) for name in "wv"],
        [round((1 - 0.125 * 1.5) * 2**20), round((1 - 0.125 * 2) * 2**20)],
        "the weights",
    )


def clip_values(case):
    case.build(train=2, loss="3 * w - 0.25 * v + 0 * mean(x)", clip="value")
    case.fit("--trainer.max_epochs", "1", "--trainer.gradient_clip_val", "0.5")
    equal([case.weight("epoch=0-step=1", name) for name in "wv"], [1 - 0.125 * 0.5, 1 + 0.125 * 0.25], "the weights")


# ---- minimums, patience, stop requests ----------------------------------------------------------


def min_steps(case):
    """A stop that is asked at step 3 of a long epoch is heard at step 8 and not at the epoch's end."""
    case.build().fit("--asks.at", "3", "--asks.hook", "4", "--trainer.min_steps", "8", "--trainer.max_epochs", "5")
    equal(case.steps("x"), list(range(8)), "steps")
    equal(case.steps("val_loss"), [7], "validations")
    equal(case.files(), ["epoch=0-step=8"], "checkpoints")


def min_steps_in_window(case):
    """Steps are those of the optimiser: 3 steps of 4 batches."""
    case.build().fit(
        "--asks.at",
        "0",
        "--asks.hook",
        "4",
        "--trainer.min_steps",
        "2",
        "--trainer.max_epochs",
        "5",
        "--trainer.accumulate_grad_batches",
        "4",
    )
    equal(case.steps("x"), [0, 1], "steps")
    equal(case.weight("epoch=0-step=2"), 1 - 0.125 * (sum(means(0, 4)) + sum(means(4, 8))) / 4, "the weight")


def min_epochs(case):
    case.build(train=6).fit(
        "--asks.at", "1", "--asks.hook", "4", "--trainer.min_epochs", "2", "--trainer.max_epochs", "5"
    )
    equal(case.steps("val_loss"), [2, 5], "validations")
    equal(case.files(), ["epoch=1-step=6"], "checkpoints")


def maximum_wins(case):
    case.build().fit("--trainer.min_steps", "50", "--trainer.min_epochs", "9", "--trainer.max_steps", "7")
    equal(case.steps("x")[-1], 6, "the last step")


PATIENCE = [9, 9, 8, 9, 7, 9, 7, 9, 7.5, 9, 6, 9, 6, 9, 6, 9, 6, 9, 6, 9, 6]


def stops_at(case, wanted, *words, callbacks='early_stopping(monitor = "val_loss")', built=True):
    if built:
        case.build(callbacks=callbacks, table=PATIENCE)
    text = case.fit("--trainer.max_epochs", "2", "--trainer.val_check_interval", "2", *words)
    equal(case.steps("x")[-1] + 1, wanted, "the last step")
    return text


def patience(case):
    """Losses 8 7 7 7.5 6 6 6 6 6 6 at each second step: with 3, checks 7, 8, 9 do not improve."""
    stops_at(case, 16)


def patience_2(case):
    """Equal is no improvement: the checks at 6 and 8."""
    stops_at(case, 8, "--early_stopping.patience", "2")


def patience_0_and_1(case):
    for few in ("0", "1"):
        stops_at(case, 6, "--early_stopping.patience", few, built=few == "0")


def min_delta(case):
    """Better is by more than min_delta, and not by just as much."""
    stops_at(case, 8, "--early_stopping.min_delta", "1", "--early_stopping.patience", "3")


def threshold(case):
    stops_at(case, 10, callbacks='early_stopping(monitor = "val_loss", patience = 30, stopping_threshold = 6.5)')


def patience_of_the_new_line(case):
    """A resumed run counts on with the patience that its own command line gives."""
    stops_at(case, 8, "--early_stopping.patience", "2")
    case.fit("--resume", "last", "--early_stopping.patience", "3", "--trainer.max_epochs", "2")
    equal(case.steps("x")[-1] + 1, 16, "the last step")


def second_epochs(case):
    """Validated each second epoch: there is nothing to look at in the first, and nothing to save."""
    case.build(
        train=4,
        callbacks='early_stopping(monitor = "val_loss"), model_checkpoint(monitor = "val_loss", save_top_k = -1)',
    )
    case.fit("--trainer.max_epochs", "4", "--trainer.check_val_every_n_epoch", "2")
    equal(case.files(), ["epoch=1-step=4", "epoch=3-step=8"], "checkpoints")


# hook: step at which it is asked, the last step, the steps that were validated, epochs that ended
STOPS = {
    1: (0, 0, [], 0),
    2: (5, 5, [4], 2),
    3: (2, 3, [2], 1),
    4: (2, 2, [1], 1),
    5: (5, 5, [4], 1),
    6: (5, 5, [4], 1),
    7: (5, 5, [4], 1),
}


def stop_requests(case):
    """Each hook may ask; the run ends behind that batch, validated once."""
    case.build(train=10)
    for hook, (at, last, validated, ended) in STOPS.items():
        root = f"hook{hook}"
        text = case.fit("--asks.at", str(at), "--asks.hook", str(hook), "--trainer.max_epochs", "3", root=root)
        equal(case.steps("x", root), list(range(last)), f"steps, asked in hook {hook}")
        equal(case.steps("val_loss", root), validated, f"validations, asked in hook {hook}")
        equal(re.search(r"saw (\d+)", text).group(1), str(ended), f"ends of epochs, asked in hook {hook}")


def stop_after_the_validations(case):
    """Asked at the end of an epoch that is not validated: the run ends validated all the same."""
    case.build(train=10).fit(
        "--asks.at", "5", "--asks.hook", "7", "--trainer.max_epochs", "4", "--trainer.check_val_every_n_epoch", "2"
    )
    equal(case.steps("val_loss"), [4], "validations")
    equal(case.steps("x"), [0, 1, 2, 3, 4], "steps")
    equal(case.files(), ["epoch=0-step=5"], "checkpoints")


def stop_in_open_window(case):
    """A stop within a window waits for its step."""
    case.build().fit(
        "--asks.at", "0", "--asks.hook", "4", "--trainer.accumulate_grad_batches", "4", "--trainer.max_epochs", "2"
    )
    equal(case.weight("epoch=0-step=1"), 1 - 0.125 * sum(means(0, 4)) / 4, "the weight")


# ---- shares and intervals -----------------------------------------------------------------------


def shares(case):
    """0.35 of 10 batches are 3; 1 is one batch, 1.0 all of them; less than one is refused, and so is 1.5."""
    case.build()
    for given, wanted in (("0.35", 3), ("1", 1), ("1.0", 10), ("7", 7), ("99", 10)):
        case.fit("--trainer.limit_train_batches", given, "--trainer.max_epochs", "1", root="limit" + given)
        equal(len(case.steps("x", "limit" + given)), wanted, f"batches of {given}")
    for given, words in (("0.05", "less than one"), ("1.5", "a share is at most 1.0")):
        text = case.fit("--trainer.limit_train_batches", given, root="refused", status=1 if given == "0.05" else 2)
        equal(words in text, True, f"`{words}` in {text}")


def share_of_interval(case):
    """0.3 of 10 batches: 3, 6, 9, and the end."""
    case.build().fit("--trainer.val_check_interval", "0.3", "--trainer.max_epochs", "2")
    equal(case.steps("val_loss"), [2, 5, 8, 9, 12, 15, 18, 19], "validations")


def interval_over_epochs(case):
    case.build(train=6).fit(
        "--trainer.val_check_interval", "4", "--trainer.check_val_every_n_epoch", "none", "--trainer.max_epochs", "3"
    )
    equal(case.steps("val_loss"), [3, 7, 8], "validations")


def max_steps_in_mid_epoch(case):
    """The last weights are validated and saved."""
    case.build(callbacks='model_checkpoint(monitor = "val_loss")').fit("--trainer.max_steps", "7")
    equal(case.steps("val_loss"), [6], "validations")
    equal(case.column("val_w"), [case.weight("epoch=0-step=7")], "the weight that was validated")


def overfit(case):
    """The same first batches each epoch, in order, though the data is shuffled."""
    case.build(shuffle=True).fit("--trainer.overfit_batches", "2", "--trainer.max_epochs", "3")
    x = case.column("x")
    equal((len(x), x[0:2], x[0:2]), (6, x[2:4], x[4:6]), "means of batches")


# ---- rows, rates --------------------------------------------------------------------------------


def means_of_rows(case):
    """A row of 3 steps has their mean, the last row that of what is left; max stays a maximum."""
    case.build().fit("--trainer.log_every_n_steps", "3", "--trainer.max_epochs", "1")
    x = means(0, 10)
    equal(case.steps("x"), [2, 5, 8, 9], "rows")
    equal(case.column("x"), [sum(x[i : i + 3]) / len(x[i : i + 3]) for i in (0, 3, 6, 9)], "means")
    equal(case.column("last_x"), [ROWS[5], ROWS[11], ROWS[17], ROWS[19]], "maxima")


def rate_by_steps(case):
    """A schedule counts steps of the optimiser, over epochs and in windows: 6 a step 5 epochs long."""
    case.build(train=12, rate="step(0.5, step_size = 4, gamma = 0.5)", callbacks="lr_monitor()")
    case.fit("--trainer.max_epochs", "3", "--trainer.accumulate_grad_batches", "2")
    equal(case.column("lr-sgd"), [0.5] * 4 + [0.25] * 4 + [0.125], "rates")


# ---- resume -------------------------------------------------------------------------------------


def resume_in_mid_epoch(case):
    """6 batches, stopped behind 4: the resumed epoch reads the other 2, in the order that they had."""
    case.build(train=12, shuffle=True)
    case.fit("--trainer.max_epochs", "3", root="whole", planted=False)
    case.fit("--trainer.max_steps", "4", root="parts", planted=False)
    case.fit("--resume", "last", "--trainer.max_steps", "18", "--trainer.max_epochs", "3", root="parts")
    for name in ("x", "weight"):
        equal(case.column(name, "parts"), case.column(name, "whole"), f"column {name}")


def resume_in_last_validation(case):
    """Ended by a signal inside the validation that follows a stop at the end of an epoch: what was done of the end of
    the epoch is not done again."""
    if not shutil.which("strace"):
        return
    ask = ["--asks.at", "5", "--asks.hook", "7", "--trainer.max_epochs", "4", "--trainer.check_val_every_n_epoch", "2"]
    case.build(train=10, callbacks="tells()").fit(*ask, root="whole", planted=False)
    trap = ["strace", "-f", "-o", "/dev/null", "-P", "err", "-e", "trace=write", "-e", "inject=write:signal=TERM:when=1"]
    with open(case.folder / "err", "w") as err:
        run = ["./case", "fit", "--trainer.default_root_dir", "parts", *ask]
        status = subprocess.run([*trap, *run], cwd=case.folder, stdout=subprocess.DEVNULL, stderr=err, timeout=100)
    equal(status.returncode, 143, "the exit code")
    equal(case.steps("val_loss", "parts"), [], "validations before the resume")
    text = case.fit("--resume", "auto", root="parts")
    equal(re.search(r"saw (\d+)", text).group(1), "1", "ends of epochs")
    equal(case.rows("parts"), case.rows("whole"), "rows")


def text_settings(case):
    """A text that the command line gives is what the run reads."""
    case.build(train=4, callbacks="model_checkpoint(save_top_k = -1)")
    case.fit("--trainer.max_epochs", "2", "--model_checkpoint.filename", "at-{step:03d}-{val_loss:.1f}")
    equal(case.files(), ["at-step=002-val_loss=62.0", "at-step=004-val_loss=60.0"], "checkpoints")
    text = case.fit("--model_checkpoint.filename", "{nothing}", root="refused", status=2)
    equal("{nothing} is neither epoch nor step nor anything that this program logs" in text, True, text)


def saves_by_steps(case):
    """A score that only validation makes is waited for; a save that a validation follows has its score."""
    case.build(
        callbacks='model_checkpoint(monitor = "val_loss", every_n_train_steps = 3, save_top_k = 1, mode = "max")'
    )
    case.fit(
        "--trainer.max_epochs", "2", "--trainer.val_check_interval", "6", "--trainer.check_val_every_n_epoch", "none"
    )
    equal(case.steps("val_loss"), [5, 11, 17, 19], "validations")
    equal([name for name in case.files() if name != "last"], ["epoch=0-step=6"], "checkpoints")


# ---- averages, not a number ---------------------------------------------------------------------


def averages(case):
    """validate, test and --weights read the average that validation had; a resumed run the weights themselves."""
    case.build(train=8, callbacks="ema_weights(decay = 0.5)").fit("--trainer.max_epochs", "1")
    w, mean = 1.0, None
    for x in means(0, 4):
        w -= 0.125 * x
        mean = w if mean is None else (mean + w) / 2
    equal(case.column("val_w"), [mean], "the average that was validated")
    equal(case.weight("epoch=0-step=4"), w, "the weight")
    for command, name in (("test", "test_w"), ("validate", "val_w")):
        text = case.call("./case", command, "--trainer.default_root_dir", "out")
        equal(float(re.search(name + r"\s+(\S+)", text).group(1)), mean, command)
    path = next((case.folder / "out").rglob("epoch=0-step=4.safetensors"))
    case.fit("--weights", str(path), "--optimizer.lr", "0", "--trainer.max_epochs", "1", root="again")
    equal(case.column("weight", "again")[0], mean, "--weights")
    case.fit("--resume", str(path), "--optimizer.lr", "0", "--trainer.max_epochs", "2")
    equal(case.column("weight")[-1], w, "--resume")


def averages_in_windows(case):
    """One update a step of the optimiser, not one a batch."""
    case.build(train=8, callbacks="ema_weights(decay = 0.5)").fit(
        "--trainer.max_epochs", "1", "--trainer.accumulate_grad_batches", "2"
    )
    x = means(0, 4)
    first = 1 - 0.125 * (x[0] + x[1]) / 2
    second = first - 0.125 * (x[2] + x[3]) / 2
    equal(case.column("val_w"), [(first + second) / 2], "the average")


def mean_of_weights(case):
    case.build(train=8, callbacks="weight_averaging(starting_at_step = 2)").fit("--trainer.max_epochs", "1")
    w = [1 - 0.125 * sum(means(0, n)) for n in (3, 4)]
    equal(case.column("val_w"), [sum(w) / 2], "the mean of the last two")


def not_a_number(case):
    """Without the callback the run fails at once; with it it ends well after so many bad steps."""
    loss = "w * (1.0 when trainer.step < 3 else 1.0 / 0.0 - 1.0 / 0.0) + 0 * mean(x)"
    bad = 'terminate_on_nan(monitor = "weight", retries = 2)'
    text = case.build(loss=loss).fit("--trainer.max_epochs", "1", root="without", status=1, planted=False)
    equal("weight is nan at step 4" in text, True, text)
    text = case.build(loss=loss, callbacks=bad).fit("--trainer.max_epochs", "1")
    equal("stopped at step 6: weight is nan at step 6" in text, True, text)


def sanity(case):
    """The sanity check leaves nothing behind, and its hooks are heard."""
    case.build(train=4, shuffle=True)
    for number in ("0", "2"):
        case.fit(
            "--trainer.num_sanity_val_steps",
            number,
            "--trainer.max_epochs",
            "2",
            root="sanity" + number,
            planted=number == "2",
        )
    equal(case.rows("sanity2"), case.rows("sanity0"), "rows")


CASES = [
    (last_window, ["--trainer.accumulate_grad_batches", "1"]),
    (ragged_window, ["--optimizer.lr", "0.25"]),
    (epoch_shorter_than_window, ["--trainer.accumulate_grad_batches", "2"]),
    (clip_after_the_mean, ["--trainer.gradient_clip_val", "0.25"]),
    (clip_one_norm, ["--trainer.gradient_clip_val", "3"]),
    (clip_values, ["--trainer.gradient_clip_val", "0.125"]),
    (min_steps, ["--trainer.min_steps", "9"]),
    (min_steps_in_window, ["--trainer.min_steps", "3"]),
    (min_epochs, ["--trainer.min_epochs", "1"]),
    (maximum_wins, ["--trainer.max_steps", "8"]),
    (patience, ["--early_stopping.patience", "4"]),
    (patience_2, ["--early_stopping.patience", "3"]),
    (patience_0_and_1, ["--early_stopping.patience", "2"]),
    (min_delta, ["--early_stopping.min_delta", "0.5"]),
    (threshold, ["--early_stopping.stopping_threshold", "5"]),
    (patience_of_the_new_line, ["--early_stopping.patience", "2"]),
    (second_epochs, ["--trainer.check_val_every_n_epoch", "1"]),
    (stop_requests, ["--trainer.min_epochs", "2"]),
    (stop_after_the_validations, ["--trainer.limit_val_batches", "0"]),
    (stop_in_open_window, ["--trainer.min_steps", "2"]),
    (shares, ["--trainer.limit_train_batches", "0.5"]),
    (share_of_interval, ["--trainer.val_check_interval", "3"]),
    (interval_over_epochs, ["--trainer.check_val_every_n_epoch", "1", "--trainer.val_check_interval", "3"]),
    (max_steps_in_mid_epoch, ["--trainer.limit_val_batches", "0"]),
    (overfit, ["--trainer.overfit_batches", "0", "--trainer.limit_train_batches", "2"]),
    (means_of_rows, ["--trainer.log_every_n_steps", "1"]),
    (rate_by_steps, ["--trainer.accumulate_grad_batches", "1"]),
    (resume_in_mid_epoch, ["--optimizer.lr", "0.25"]),
    (resume_in_last_validation, ["--trainer.max_epochs", "5"]),
    (text_settings, ["--model_checkpoint.filename", "{epoch}"]),
    (saves_by_steps, ["--model_checkpoint.every_n_train_steps", "7"]),
    (averages, ["--ema_weights.decay", "0.75"]),
    (averages_in_windows, ["--trainer.accumulate_grad_batches", "1"]),
    (mean_of_weights, ["--weight_averaging.starting_at_step", "0"]),
    (not_a_number, ["--terminate_on_nan.retries", "1"]),
    (sanity, ["--trainer.seed", "5"]),
]


def attempt(ltc, check, also):
    """The fault of a case, or None."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            check(Case(ltc, pathlib.Path(folder), also))
        except AssertionError as fault:
            return str(fault)
        except (IndexError, StopIteration):
            return "a log or a checkpoint that is looked at is not there"
    return None


def main():
    parser = argparse.ArgumentParser(description="asserts the corners of the trainer")
    parser.add_argument("--ltc", required=True)
    parser.add_argument("--only")
    parser.add_argument("--planted", action="store_true", help="each case has a wrong setting, which must show")
    options = parser.parse_args()
    ltc, bad = str(pathlib.Path(options.ltc).resolve()), 0
    cases = [case for case in CASES if options.only in (None, case[0].__name__)]
    for check, wrong in cases:
        fault = attempt(ltc, check, wrong if options.planted else [])
        # A run that does not begin shows nothing.
        found = bool(fault) and not (options.planted and fault.startswith("status"))
        if found != options.planted:
            bad += 1
            print(f"{check.__name__}: {fault or 'the wrong setting does not show: ' + ' '.join(wrong)}")
    what = "planted faults are found" if options.planted else "corners are as they should be"
    print(f"{len(cases) - bad} of {len(cases)} {what}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
