"""Runs what docs/training.md says of accumulation: python3 window.py --ltc LTC

Six batches of 8 rows in windows of 4 and 2, against two batches of 32 and 16 rows: the same
updates. Buffers move with every batch, parts and `trainer.step` with every window.
"""
import argparse
import csv
import os
import subprocess
import sys
import tempfile

import files

SPEC = """
data Rows {
    source  = npy(x = "x.npy", y = "y.npy")
    split   = (train = 48, val = 16)
    split_order = "file"
    shuffle = false
    batch   = BATCH
}

callback told() { on_train_batch_end { warn("step {trainer.step}") } }

model Window {
    net  = linear(8, 4, weight = zeros, bias = zeros)
    part = linear(1, 1, weight = zeros, bias = none, frozen = true)
    buffer batches: f32 = 0

    training_step(x, y) {
        batches = batches + 1
        before  = net.weight[0, 0]
        minimize cross_entropy(net(x), y)
        part = map(fn(w) = w + 1, part)
        log batches, part = part.weight[0, 0], step = 0.0 + trainer.step
        log moved = f32(net.weight[0, 0] != before)
        log first = net.weight[0, 0], all = sum(net.weight^2)
    }

    optimizer = adam(lr = schedule_of_step(0.1))
}

schedule schedule_of_step(rate) { at(step) { rate / (1 + step) } }

trainer { max_epochs = 1; log_every_n_steps = 1; callbacks = [told()]
SETTINGS }
"""

# Means over the windows: batches 1..4 and 5..6; the part moves on the last batch of each.
EXPECTED = {
    "batches": [2.5, 5.5], "part": [0.25, 1.5], "step": [0, 1], "moved": [0.25, 0.5],
}
STEPS = [0, 0, 0, 1, 1, 2]


def train(ltc, folder, name, batch, settings):
    with open(os.path.join(folder, f"{name}.lt"), "w") as file:
        file.write(SPEC.replace("BATCH", str(batch)).replace("SETTINGS", settings))
    def call(*command):
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True,
                              timeout=120)

    call(ltc, "build", f"{name}.lt", "-o", name)
    done = call(f"./{name}", "fit", "--trainer.default_root_dir", f"{name}_run")
    told = [int(line.split()[-1]) for line in done.stderr.splitlines() if "note: step" in line]
    path = os.path.join(folder, f"{name}_run", "lightning_logs", "version_0", "metrics.csv")
    with open(path) as file:
        return list(csv.DictReader(file)), told


def last_of_window(rows, name, sizes):
    """The value after the last batch, from means in which all others have the value before."""
    before, found = 0.0, []
    for row, size in zip(rows, sizes):
        before = float(row[name]) * size - before * (size - 1)
        found.append(before)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ltc", required=True)
    ltc, wrong = os.path.abspath(parser.parse_args().ltc), []
    with tempfile.TemporaryDirectory() as folder:
        files.write_all(folder, folder)
        rows, told = train(ltc, folder, "windows", 8, "accumulate_grad_batches = 4")
        whole, _ = train(ltc, folder, "whole", 32, "")
    for name, values in EXPECTED.items():
        seen = [float(row[name]) for row in rows]
        if any(abs(a - b) > 1e-6 for a, b in zip(seen, values)) or len(seen) != len(values):
            wrong.append(f"{name} is {seen}, expected {values}")
    if told != STEPS:
        wrong.append(f"trainer.step after each batch is {told}, expected {STEPS}")
    for name in ("first", "all"):
        windows, batches = last_of_window(rows, name, [4, 2]), [float(row[name]) for row in whole]
        if any(abs(a - b) > 1e-5 for a, b in zip(windows, batches)) or not batches[0]:
            wrong.append(f"{name} is {windows} with windows, {batches} with batches of their rows")
    print("\n".join(wrong) or "the table of accumulation holds")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
