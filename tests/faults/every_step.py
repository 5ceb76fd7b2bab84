"""Bar 3: stopped at any batch and resumed, a run ends in the bits of the run that never stopped.

specs/small.lt has 60 training batches, in windows of 3, and validates inside windows and epochs.
SIGTERM comes in the k-th training batch, k = 1 … 60, and in each batch of each validation; the run
resumes and ends. Held equal: every checkpoint that is kept (parameters, buffers, moments, average,
window, draws, position, patience, list of the best), every row, every scalar of the event files.

--planted changes one thing at a time in a checkpoint of a stop, its sum made right again: each must
make the end differ.
"""
import json
import os
import shutil

import bars

BATCHES = 60
TWENTY = ("--trainer.max_epochs", "3", "--trainer.limit_train_batches", "20", "--trainer.log_every_n_steps", "2")


class Stops:
    def __init__(self, bar, name, words):
        self.bar, self.name, self.words = bar, name, words
        self.reference_root = bar.path("never")
        shutil.rmtree(self.reference_root, ignore_errors=True)
        counts = bar.path("counts")
        bar.fit(name, self.reference_root, *words, LT_COUNTS=counts)
        self.counts = bars.Counts(counts)
        self.reference = bars.left(self.reference_root)

    def stopped(self, place, number):
        """The folder of a run that was stopped there, or None where the run has no such place."""
        root = self.bar.path("stopped")
        shutil.rmtree(root, ignore_errors=True)
        done = self.bar.fit(self.name, root, *self.words, expect=None, LT_AT="15 %s %d" % (place, number))
        if done.returncode != 143:
            print("%s %d: ended with %d: %s" % (place, number, done.returncode, done.stderr))
            return None
        return root

    def differ(self, root):
        self.bar.resume(self.name, root)
        bars.drop_left_over(root, self.reference)
        return bars.differences(self.reference, bars.left(root))

    def same(self, place, number):
        root = self.stopped(place, number)
        wrong = self.differ(root) if root else ["the stop"]
        if wrong:
            print("stopped in %s %d, these differ: %s" % (place, number, ", ".join(wrong)))
        return not wrong


def run_all(bar, name, words):
    stops = Stops(bar, name, words)
    same = sum(stops.same("train", k) for k in range(1, BATCHES + 1))
    validations = stops.counts.validate
    inside = sum(stops.same("validate", k) for k in range(1, validations + 1))
    print("%s %s: %d of %d training batches, %d of %d validation batches"
          % (name, " ".join(words), same, BATCHES, inside, validations))
    return same, inside, validations


# ---- what a planted fault changes ---------------------------------------------------------------

def of_kind(letter):
    """Turns a bit in a number of a tensor of that kind."""
    def change(header, body):
        places = sorted((name for name in header if name != "__metadata__"),
                        key=lambda name: header[name]["data_offsets"])
        kinds = header["__metadata__"]["lt.kinds"]
        name = next(name for name, kind in zip(places, kinds)
                    if kind == letter and header[name]["dtype"] == "F32")
        body[header[name]["data_offsets"][0] + 3] ^= 2
    return change


def of_state(*keys, to):
    """Changes an entry of the run's own state."""
    def change(header, body):
        state = json.loads(header["__metadata__"]["lt.run"])
        at = state
        for key in keys[:-1]:
            at = at[key]
        at[keys[-1]] = to(at[keys[-1]])
        header["__metadata__"]["lt.run"] = json.dumps(state, separators=(",", ":"))
    return change


def hexadecimal(change):
    return lambda text: float(change(float.fromhex(text))).hex()


AT = 11             # the second batch of a window, an odd step, before a check that is no better
PLANTED = {
    "a weight": of_kind("P"), "a running mean": of_kind("B"), "a moment": of_kind("O"),
    "the average": of_kind("C"), "the open window": of_kind("A"),
    "the seed of draws": of_state("seed", to=lambda seed: seed + 1),
    "the position in the epoch": of_state("batch", to=lambda batch: batch + 3),
    "the step": of_state("step", to=lambda step: step + 1),
    "patience": of_state("state", "early_stopping.wait", to=hexadecimal(lambda wait: 5)),
    "the best score": of_state("state", "early_stopping.best", to=hexadecimal(lambda best: best / 10)),
    "the list of the best": of_state("kept", 0, "score", to=hexadecimal(lambda score: 0)),
    "the mean since the last row": of_state("fact", "row_sum.0", to=hexadecimal(lambda total: total * 2)),
}


def run_planted(bar):
    stops = Stops(bar, "small", ())
    found = 0
    for what, change in PLANTED.items():
        root = stops.stopped("train", AT)
        bars.rewrite(os.path.join(bars.checkpoint_folder(root), "last.safetensors"), change)
        done = bar.resume("small", root, expect=None)
        if done.returncode == 0:
            bars.drop_left_over(root, stops.reference)
        noticed = done.returncode != 0 or bool(bars.differences(stops.reference, bars.left(root)))
        found += noticed
        if not noticed:
            print("not found: " + what)
    bar.end(found < len(PLANTED), "%d of %d changed parts of the state found" % (found, len(PLANTED)))


def main():
    bar = bars.Bar(__doc__)
    if bar.planted:
        run_planted(bar)
    print("left out: bf16-mixed and 2 ranks, which there are not yet")
    cases = [("small", ())]
    if bar.long:
        cases += [("small", ("--trainer.accumulate_grad_batches", "1")), ("small", ("--threads", "3")),
                  ("small", ("--trainer.val_check_interval", "0.5")), ("double", ()), ("gan", TWENTY)]
    counts = [run_all(bar, name, words) for name, words in cases]
    same, inside, validations = map(sum, zip(*counts))
    bar.end(same == BATCHES * len(cases) and inside == validations,
            "%d of %d training and %d of %d validation batches: the same end"
            % (same, BATCHES * len(cases), inside, validations))


main()
