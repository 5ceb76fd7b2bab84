#!/usr/bin/env python3
"""hooks.py LTC: tensor code in callbacks, compiled and interpreted. Numbers go into it and come out, before and
behind branches and assignments; schedules are asked by other schedules; branches of a step update the same
parameters."""
import math
import os
import sys

from program import build, empty_folder, fit_both, metrics

SPEC = """
model Line() {
    param w: f32[3] = f32([1, 2, 2])
    param v: f32 = 1
    scaled(x, by = 1) { sum(w * x) * by + (100 when training else 0) }
    training_step() {
        if trainer.step < 2 { part = sum(w) } else { part = 3 * w[1] }
        many = if trainer.step < 2 { 3 } else { 1 }
        slope = grad(part, w)
        minimize sum(w) * 0.5 + v * 0
        log w0 = w[0], part, many, slope = slope[0]
    }
    optimizer = sgd(lr = pair(constant(0.5), step(0.25, step_size = 1, gamma = 0.5), turn = 2))
}

schedule pair(first, second, turn: int = 1) {
    at(step) { 2 * (first(step) when step < turn else second(step - turn)) }
}

callback watch(of: part = model) {
    state count = 0
    state last = 0
    mean_of = copy(of, frozen = true)
    on_train_batch_end {
        count += 1
        size = norm(of.w)
        pieces = [sum(p) for _, p in parameters(of)]
        mean_of = lerp(mean_of, of, 1 / count)
        count += 0
        if count > 1 {
            last = item(size) * 10
            log tenfold = last, first = pieces[0] + 0 * last
        }
        if count < 3 { stage = 1 } else { stage = 2 }
        shifted = if count == 2 { size + 10 } else { size }
        log stage, shifted
        square = size * size
        log "square" = square, answer = of.scaled(ones[3], by = count), average = mean_of.w[0]
    }
}

trainer { max_steps = 4; callbacks = [watch()]; log_every_n_steps = 1; enable_checkpointing = false }
"""


# One set of parameters, updated in both branches by what was calculated above them.
TURNS = """
model Turns {
    param w: f32[2] = f32([1, 2])
    buffer hits: f32 = 0
    training_step() {
        y = sum(w * w)
        if trainer.step % 2 == 0 {
            minimize y
            hits = hits + 1
        } else if trainer.step % 3 == 0 {
            minimize 2 * y
            hits = hits + 10
        } else { minimize sum(w) }
        log w0 = w[0], w1 = w[1], hits, y
    }
    optimizer = sgd(lr = 0.1, momentum = 0.5)
}

trainer { max_steps = 7; log_every_n_steps = 1; enable_checkpointing = false }
"""


def turns():
    w, m, hits, rows = [1.0, 2.0], None, 0, []
    for k in range(7):
        y = sum(x * x for x in w)
        g = [2 * x for x in w] if k % 2 == 0 else [4 * x for x in w] if k % 3 == 0 else [1.0, 1.0]
        hits += 1 if k % 2 == 0 else 10 if k % 3 == 0 else 0
        m = g if m is None else [0.5 * a + b for a, b in zip(m, g)]
        w = [x - 0.1 * a for x, a in zip(w, m)]
        rows.append({"w0": w[0], "w1": w[1], "hits": hits, "y": y})
    return rows


def expected():
    w, mean, rows = [1.0, 2.0, 2.0], 0.0, []
    for k, rate in enumerate([1.0, 1.0, 0.5, 0.25], 1):
        before = w[0]
        part = sum(w) if k < 3 else 3 * w[1]
        w = [x - rate * 0.5 for x in w]
        mean += (w[0] - mean) / k
        square = sum(x * x for x in w)
        rows.append({"w0": w[0], "part": part, "many": 3 if k < 3 else 1, "slope": 1 if k < 3 else 0,
                     "square": square, "answer": sum(w) * k, "average": mean,
                     "tenfold": 10 * math.sqrt(square) if k > 1 else None,
                     "first": sum(w) if k > 1 else None, "stage": 1 if k < 3 else 2,
                     "shifted": math.sqrt(square) + (10 if k == 2 else 0)})
        assert before > w[0]
    return rows


def check(folder, expected_rows):
    rows = metrics(folder)
    assert len(rows) == len(expected_rows), rows
    for got, wanted in zip(rows, expected_rows):
        for name, value in wanted.items():
            if value is None:
                assert got[name] == "", (folder, name, got)
            else:
                assert abs(float(got[name]) - value) < 1e-5, (folder, name, value, got)


def main():
    ltc = os.path.abspath(sys.argv[1])
    with empty_folder():
        for name, spec, rows in (("hooks", SPEC, expected()), ("turns", TURNS, turns())):
            build(ltc, name, spec)
            for folder in fit_both(ltc, name):
                check(folder, rows)
    print("hooks calculate with tensors and numbers, compiled and interpreted")


if __name__ == "__main__":
    main()
