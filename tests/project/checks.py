#!/usr/bin/env python3
"""checks.py LTC: `check` in steps, layers, branches, evaluation and callbacks, `assert` in callbacks and schedules,
compiled and interpreted: a normal run looks at nothing, a run with trainer.detect_anomaly ends with a sentence."""
import os
import sys

from program import attempt, build, empty_folder, newest_metrics, run, write_npy

SPEC = """
data rows {
    source = npy(x = "x.npy")
    split = (train = 6, val = 4)
    split_order = "file"
    batch = 4
    shuffle = false
    sample(x: f32[3]) { x = x }
}
fn limit(n) { 2 * n }
fn small(x, n) { check(abs(x) < limit(n), "at most {limit(n)}"); x }
model Line() {
    param w: f32[3] = f32([1, 2, 2])
    buffer seen: f32 = 0
    forward(x) { small(x * w, 50) }
    training_step(x) {
        y = forward(x)
        if trainer.step % 2 == 1 {
            check(sum(exp(w)) < 18, "odd steps")
            seen = seen + 1
        }
        minimize -mean(y)
        log w0 = w[0], seen
    }
    validation_step(x) {
        check(x < 6.5, "rows are small")
        log val = mean(forward(x))
    }
    optimizer = sgd(lr = rate())
}
schedule rate(most: int = 100) {
    at(step) {
        assert step < most, "the rate ends at {most}"
        0.01
    }
}
callback watch(above = 100.0, steps: int = 1000) {
    on_train_batch_end {
        check(model.w < above, "weights stay below the limit")
        assert trainer.step < steps, "{steps} steps is enough"
    }
}
trainer { data = rows; max_epochs = 8; log_every_n_steps = 1; callbacks = [watch()]; num_sanity_val_steps = 0 }
"""

ANOMALY = ["--trainer.detect_anomaly"]
QUIET = ["--trainer.limit_val_batches", "0"]
# Arguments; what stderr holds at the end, or None for a run that ends well.
RUNS = [
    ([], None),
    (["--watch.above", "1.0"], None),
    (ANOMALY, "rows are small (check at line.lt:26): 3 of 12 elements fail in evaluation after step 2 of epoch 0"),
    (ANOMALY + QUIET, "odd steps (check at line.lt:19): 1 of 1 element fails in step 10 of epoch 4"),
    (ANOMALY + QUIET + ["--watch.above", "2.0"],
     "weights stay below the limit (check at line.lt:39): 2 of 3 elements fail in a callback after step 1 of epoch 0"),
    (QUIET + ["--watch.steps", "5"], "5 steps is enough (assert at line.lt:40); at step 5 of epoch 2"),
    (QUIET + ["--optimizer.lr.most", "3"],
     "the rate ends at 3 (assert at line.lt:33); at step 3 of epoch 1"),
]


def one_spec(ltc, spec, runs):
    build(ltc, "line", spec)
    for arguments, wanted in runs:
        for program in (["./line"], [ltc, "run", "--interpret", "line.lt"]):
            done = attempt(*program, "fit", *arguments, "--quiet")
            said = done.stderr.strip().splitlines()[-1:] or [""]
            if wanted is None:
                assert (done.returncode, done.stderr) == (0, ""), (arguments, done.stderr)
            else:
                assert done.returncode == 1 and said[0] == "line: error: " + wanted, (program, arguments, done.stderr)


def is_guarded(ltc):
    """What only a check needs is calculated where the check is."""
    graph = run(ltc, "check", "-d", "trace", "line.lt").split("graph training_step")[1].split("\ngraph ")[0]
    result, = [line for line in graph.splitlines() if line.startswith("check check = ") and line.endswith("if 3")]
    exp, = [line for line in graph.splitlines() if "= exp(" in line]
    assert "  if 3  " in exp, (result, exp)
    assert sum("  if 1  " in line for line in graph.splitlines()) > 3 and "= abs(" in graph, graph


def main():
    ltc = os.path.abspath(sys.argv[1])
    with empty_folder():
        write_npy("x.npy", [[1.0] * 3] * 7 + [[1.0, 9.0, 2.0], [2.0, 2.0, 9.0], [7.0, 0.0, 0.0]])
        one_spec(ltc, SPEC, RUNS)
        is_guarded(ltc)
        # The flag may stand in the spec; the command line takes it back.
        set_there = SPEC.replace("trainer {", "trainer { detect_anomaly = true;")
        one_spec(ltc, set_there, [([], RUNS[2][1]), (["--trainer.detect_anomaly", "false"], None)])
        # A batch in a window of two is looked at like any other.
        window = SPEC.replace("trainer {", "trainer { accumulate_grad_batches = 2;").replace("< 18", "< 2")
        one_spec(ltc, window, [(ANOMALY + QUIET, RUNS[3][1].replace("step 10 of epoch 4", "step 2 of epoch 1"))])
        # What is not looked at changes nothing.
        run("./line", "fit", "--quiet", "--trainer.default_root_dir", "with")
        plain = [line for line in window.splitlines() if "check(" not in line or "fn small" in line]
        build(ltc, "plain", "\n".join(plain).replace('check(abs(x) < limit(n), "at most {limit(n)}"); ', ""))
        run("./plain", "fit", "--quiet", "--trainer.default_root_dir", "without")
        with open(newest_metrics("with")) as one, open(newest_metrics("without")) as other:
            assert one.read() == other.read()
    print("checks are heard where they are asked for, and nowhere else")


if __name__ == "__main__":
    main()
