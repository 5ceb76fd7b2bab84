#!/usr/bin/env python3
"""What the library's callbacks do: each runs in a small program whose validation loss is a given table.

    callbacks.py --ltc build/ltc

A case names callbacks and what must come of them: the checkpoints that are left, a sentence, numbers of the log.
"""
import argparse
import csv
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "torch"))
from check import newest, read_safetensors, write_npy  # noqa: E402

SPEC = """
data Rows {
    source      = npy(x = "x.npy")
    split       = (train = 8, val = 4)
    split_order = "file"
    shuffle     = false
    batch       = 4
    sample(x: f64) { x = f32(x) }
}

model Case() {
    a = linear(1, 2, weight = ones, bias = zeros)
    b = linear(2, 1, weight = ones, bias = zeros)
    param w: f32 = 1.0

    training_step(x) {
        loss = mse(b(a(x[:, _]))[:, 0] * w, x)
        log train_loss = loss
        minimize loss
        log w
    }
    validation_step(x) {
        seen = stack([3.0, 2.5, 2.6, 2.4, 2.45, 2.41, 2.43, 2.1, 2.2, 2.3, 2.4, 1.9])
        log val_loss = sum(seen * f32(i32(0..12) == trainer.epoch)) + 0 * sum(x), val_w = w
    }
    optimizer = sgd(lr = %s)
}

callback counter(every: int = 2) {
    state count = 0
    on_train_epoch_end {
        count += 1
        if trainer.epoch %% every == 0 { log counted = count + 0.5 }
    }
    on_fit_end { warn("saw {count} epochs and {trainer.step} steps") }
}

trainer { max_epochs = 12; log_every_n_steps = 1; num_sanity_val_steps = 0; loggers = [csv()]; callbacks = [%s] }
"""


def files(*names):
    """These checkpoints and no others are left."""
    def test(folder, text, log):
        left = sorted(p.stem for p in folder.rglob("checkpoints/*.safetensors"))
        return None if left == sorted(names) else f"left are {', '.join(left)}"
    return test


def says(pattern):
    def test(folder, text, log):
        return None if re.search(pattern, text) else f"`{pattern}` was not said, but: {' | '.join(text.splitlines()[-4:])}"
    return test


def column(name, *wanted):
    """The numbers of a column, empty ones left out, begin like this."""
    def test(folder, text, log):
        seen = [float(row[name]) for row in log if row.get(name)][:len(wanted)]
        good = len(seen) == len(wanted) and all(abs(a - b) <= 1e-6 * abs(b) for a, b in zip(seen, wanted))
        return None if good else f"{name} is {seen}"
    return test


def ratio(name, other, wanted):
    """One column is so many times the other, and both are there."""
    def test(folder, text, log):
        seen = {round(float(row[name]) / float(row[other]), 6) for row in log if row.get(name)}
        return None if seen == {wanted} else f"{name} / {other} is {seen}"
    return test


def still(part, epochs):
    """A part keeps its first values for so many epochs and not longer."""
    def test(folder, text, log):
        for epoch in range(6):
            path = next(folder.rglob(f"epoch={epoch}-*.safetensors"))
            unchanged = set(read_safetensors(path)[part][1]) == {1.0}
            if unchanged != (epoch < epochs):
                return f"{part} {'did not change' if unchanged else 'changed'} in epoch {epoch}"
        return None
    return test


def average(decay):
    """Validation sees the moving average of w, which the step logs after its update."""
    def test(folder, text, log):
        raw = [float(row["w"]) for row in log if row.get("w")]
        shown = [float(row["val_w"]) for row in log if row.get("val_w")]
        mean, at = raw[0], 0            # the first update copies
        for epoch in range(12):
            for _ in range(2):
                mean, at = raw[at] + decay * (mean - raw[at]), at + 1
            if abs(mean - shown[epoch]) > 1e-5:
                return f"val_w is {shown[epoch]} in epoch {epoch}, the average {mean}"
        return None
    return test


LOSS = 'monitor = "val_loss"'
CASES = [
    ("save_best", f"model_checkpoint({LOSS}, save_top_k = 2, save_last = true)", files("epoch=7-step=16", "epoch=11-step=24", "last")),
    ("save_worst", f'model_checkpoint({LOSS}, mode = "max", save_top_k = 2, save_last = true)', files("epoch=0-step=2", "epoch=2-step=6", "last")),
    ("save_newest", "model_checkpoint()", files("epoch=11-step=24")),
    ("save_every_third", "model_checkpoint(save_top_k = -1, every_n_epochs = 3)", files("epoch=2-step=6", "epoch=5-step=12", "epoch=8-step=18", "epoch=11-step=24")),
    ("save_steps", 'model_checkpoint(save_top_k = -1, every_n_train_steps = 10, save_last = true, filename = "at-{trainer.step}")', files("at-10", "at-20", "last")),
    ("save_by_time", "model_checkpoint(save_top_k = -1, train_time_interval = 0 seconds, filename = \"{step}\", every_n_epochs = 0)", files(*[f"step={i + 1}" for i in range(24)])),
    ("save_verbose", "model_checkpoint(verbose = true)", says("saving epoch 11, step 24")),
    ("stop_verbose", f"early_stopping({LOSS}, verbose = true)", says("val_loss became better: 2.4")),
    ("rates_by_epoch", "lr_monitor(logging_interval = \"epoch\")", column("lr-sgd", 0.01, 0.01, 0.001, 0.001), "step(0.01, step_size = 4)"),
    ("throughput", "throughput_monitor(batch = 4, window_size = 2)", ratio("device/samples_per_sec", "device/batches_per_sec", 4.0)),
    ("stop", f"early_stopping({LOSS})", says("stopped at step 14: val_loss did not improve for 3 checks; best was 2.4")),
    ("stop_delta", f"early_stopping({LOSS}, min_delta = 0.2)", says("stopped at step 10: val_loss did not improve")),
    ("stop_max", f'early_stopping({LOSS}, patience = 2, mode = "max")', says("stopped at step 6: val_loss did not improve for 2 checks")),
    ("stop_reached", f"early_stopping({LOSS}, patience = 30, stopping_threshold = 2.42)", says("stopped at step 8: val_loss is 2.4, past the stopping threshold")),
    ("stop_lost", f"early_stopping({LOSS}, patience = 30, divergence_threshold = 2.55)", says("stopped at step 2: val_loss is 3, past the divergence threshold")),
    ("stop_time", "timer(0 minutes)", says("stopped at step 0: the time of 0 seconds is over")),
    ("rates", "lr_monitor()", column("lr-sgd", *[0.01] * 4, *[0.001] * 4, 0.0001), "step(0.01, step_size = 4)"),
    ("rates_epochs", "lr_monitor()", column("lr-sgd", *[0.01] * 6, *[0.001] * 6, 0.0001), "step(0.01, step_size = 3 epochs)"),
    ("unfreeze_last", "gradual_unfreezing(stages = [model.a, model.b], every = 2 epochs), model_checkpoint(save_top_k = -1)", still("b.weight", 2)),
    ("unfreeze_first", "gradual_unfreezing(stages = [model.a, model.b], every = 2 epochs), model_checkpoint(save_top_k = -1)", still("a.weight", 4)),
    ("average", "ema_weights(decay = 0.5)", average(0.5)),
    ("users_own", "counter(every = 3)", says("saw 12 epochs and 24 steps")),
    ("users_log", "counter(every = 3)", column("counted", 1.5, 4.5, 7.5, 10.5)),
]


def run(ltc, root, name, callbacks, test, rate="0.01"):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "case.lt").write_text(SPEC % (rate, callbacks))
    write_npy(folder / "x.npy", {"dtype": "float64", "shape": [12], "data": [0.1 * i for i in range(12)]})
    text = ""
    for command in ([ltc, "build", "case.lt", "-o", "case"], ["./case", "fit", "--trainer.default_root_dir", "."]):
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        text = done.stdout.decode()
        if done.returncode != 0:
            return f"status {done.returncode}: {text}"
    with open(newest(folder, "metrics.csv"), newline="") as file:
        return test(folder, text, list(csv.DictReader(file)))


def main():
    parser = argparse.ArgumentParser(description="checks what the library's callbacks do")
    parser.add_argument("--ltc", required=True)
    options = parser.parse_args()
    ltc = str(pathlib.Path(options.ltc).resolve())
    root = pathlib.Path(tempfile.mkdtemp(prefix="ltc-callbacks."))
    failed = 0
    for case in CASES:
        fault = run(ltc, root, *case)
        if fault:
            failed += 1
            print(f"{case[0]}: {fault}")
    shutil.rmtree(root)
    print(f"{len(CASES) - failed} of {len(CASES)} cases do what they should")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
