#!/usr/bin/env python3
"""kept.py LTC: what a run of a real spec leaves beside its checkpoints: hyperparameters, settings that give the same
run again, and the same rows in each of its loggers; compiled and interpreted."""
import glob
import json
import os
import sys

from program import attempt, build, empty_folder, fit_both, metrics, run

SPEC = """
fn double(x) = 2 * x

model Line(n: int = 3, rate: float = 0.30000000000000004, tiny = 1e-7, flag = true, word = "a \\"b\\"",
           sizes = [4, 5], none_given = none, activation = double) {
    param w: f32[n] = f32([1, 2, 3])
    training_step() {
        assert flag and word == "a \\"b\\"" and sizes[1] == 5
        minimize sum(activation(w) * w) * rate + tiny
        log train_loss = sum(w), on_epoch = sum(w)
    }
    optimizer = sgd(lr = cosine(start = 0.1, T_max = 10))
}

trainer { max_steps = 4; limit_train_batches = 2; log_every_n_steps = 1; loggers = [csv(), jsonl(), tensorboard()] }
"""

HYPERPARAMETERS = """n: 3
rate: 0.30000000000000004
tiny: 1e-07
flag: true
word: "a \\"b\\""
sizes: [4, 5]
none_given: null
"""


def expect(condition, what):
    if not condition:
        sys.exit(what)


def text_of(folder, name):
    with open(glob.glob(os.path.join(folder, "lightning_logs", "version_0", name))[0]) as file:
        return file.read()


def main():
    ltc = os.path.abspath(sys.argv[1])
    with empty_folder():
        build(ltc, "line", SPEC)
        folders = fit_both(ltc, "line")
        for folder in folders:
            expect(text_of(folder, "hparams.yaml") == HYPERPARAMETERS, text_of(folder, "hparams.yaml"))
            objects = [json.loads(line) for line in text_of(folder, "metrics.jsonl").splitlines()]
            rows = [{name: float(text) for name, text in row.items() if text} for row in metrics(folder)]
            expect(objects == rows and len(rows) == 4, (objects, rows))
            expect(glob.glob(folder + "/lightning_logs/version_0/events.out.tfevents.*"), "no events")

        kept = folders[0] + "/lightning_logs/version_0/config.yaml"
        run("./line", "fit", "--config", kept, "--trainer.default_root_dir", "again")
        expect(text_of("again", "metrics.csv") == text_of(folders[0], "metrics.csv"), "another run from " + kept)
        run("./line", "fit", "--config", kept, "--trainer.default_root_dir", "other", "--optimizer.lr.start", "0.2")
        expect(text_of("other", "metrics.csv") != text_of(folders[0], "metrics.csv"), "the rate does not count")
        with open("nested.yaml", "w") as file:
            file.write("optimizer:\n  lr:\n    start: 0.2\ntrainer.default_root_dir: nested\n")
        run("./line", "fit", "--config", "nested.yaml")
        expect(text_of("nested", "metrics.csv") == text_of("other", "metrics.csv"), "nested groups are not read")

        build(ltc, "line", SPEC)
        run(ltc, "build", "line.lt", "-o", "line", "-D", "rate=2.5")
        run("./line", "fit", "--trainer.default_root_dir", "defined", "--quiet")
        expect("\nrate: 2.5\n" in text_of("defined", "hparams.yaml"), "-D is not kept")
        done = attempt("./line", "fit", "--nonsense")
        expect(done.stderr == "line: error: there is no setting --nonsense; --help lists them\n", done.stderr)
    print("kept: hyperparameters, settings and rows as they were")


if __name__ == "__main__":
    main()
