#!/usr/bin/env python3
"""parts.py LTC: sources for the parts of a split. Each phase sees the rows of its own file and no other,
compiled and interpreted, from CSV and .npy; texts of all parts are numbered together."""
import csv
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "reference"))
from files import npy  # noqa: E402
from program import build, empty_folder, fit_both, metrics, run  # noqa: E402

SPEC = """
data D {
    source = (train = SOURCE_train, test = SOURCE_test VAL)
    SPLIT
    batch  = 7
    sample(v: f32, k: CLASS) { v = v; k = IDENTITY; mid = fitted(average(v[_])) }
    TOWNS
}
model Sums {
    param w: f32 = 0
    training_step(v, k, mid) {
        log train_sum = sum(v) { on_epoch = true; on_step = false; reduce = "sum" }
        log mid = mean(mid)
        minimize w * 0
    }
    validation_step(v, k) { log val_sum = sum_metric(v), val_k = max_metric(k) }
    predict(v, k) { (v = v, k = k) }
    optimizer = sgd(lr = 0.1)
}
trainer { max_epochs = 1; num_sanity_val_steps = 0 }
"""
ROWS = {"train": range(0, 40), "val": range(100, 111), "test": range(1000, 1016)}
CITY = {"train": ["Oslo", "Rome"], "val": ["Bern"], "test": ["Rome", "Ulm"]}


def write_files(folder):
    for part, rows in ROWS.items():
        npy(os.path.join(folder, part + "_v.npy"), "f4", [len(rows)], list(rows))
        npy(os.path.join(folder, part + "_k.npy"), "i4", [len(rows)], [row % 5 for row in rows])
        with open(os.path.join(folder, part + "_one.csv"), "w") as file:
            file.write("v\n" + "".join(f"{row}\n" for row in rows))
        with open(os.path.join(folder, part + ".csv"), "w") as file:
            file.write("v,k\n")
            for row in rows:
                file.write(f"{row},{CITY[part][row % len(CITY[part])]}\n")


def spec_of(kind, own_val):
    text = SPEC.replace("VAL", ", val = SOURCE_val" if own_val else "")
    text = text.replace("SPLIT", "" if own_val else "split = (val = 25%)")
    for part in ROWS:
        source = {"csv": f'csv("{part}.csv")', "npy": f'npy(v = "{part}_v.npy", k = "{part}_k.npy")',
                  "zip": f'zip(npy(k = "{part}_k.npy"), csv("{part}_one.csv"))'}[kind]
        text = text.replace("SOURCE_" + part, source)
    csv_kind = kind == "csv"
    text = text.replace("CLASS", "string" if csv_kind else "i32")
    text = text.replace("IDENTITY", "towns.id(k)" if csv_kind else "k")
    return text.replace("TOWNS", 'towns = categories("k")' if csv_kind else "")


def values(folder, column):
    return [float(row[column]) for row in metrics(folder) if row.get(column)]


def classes(kind, part, files):
    if kind != "csv":
        return [row % 5 for row in ROWS[part]]
    known = sorted({city for file in files for city in CITY[file]})
    return [known.index(CITY[part][row % len(CITY[part])]) for row in ROWS[part]]


def predicted(program, part):
    run(program, "predict", "--weights", "init", "--split", part, "--output", "rows.csv")
    with open("rows.csv") as file:
        rows = list(csv.DictReader(file))
    return [float(row["v"]) for row in rows], [int(float(row["k"])) for row in rows]


def check(ltc, kind, own_val):
    name = f"{kind}_{'own' if own_val else 'split'}"
    build(ltc, name, spec_of(kind, own_val))
    program = os.path.abspath(name)
    files = ("train", "val", "test") if own_val else ("train", "test")
    for part in files if own_val else ("test",):
        got = predicted(program, part)
        assert got == (list(map(float, ROWS[part])), classes(kind, part, files)), (name, part, got)
    both = sorted(predicted(program, "train")[0] + predicted(program, "val")[0])
    assert own_val or both == list(map(float, ROWS["train"])), (name, both)
    for folder in fit_both(ltc, name):
        train, val = values(folder, "train_sum")[-1], values(folder, "val_sum")[-1]
        wanted = sum(ROWS["train"])
        assert (train == wanted and val == sum(ROWS["val"])) if own_val \
            else train + val == wanted, (folder, train, val)
        seen = predicted(program, "train")[0]
        assert abs(values(folder, "mid")[-1] - sum(seen) / len(seen)) < 1e-4, (folder, seen)
    tested = run(program, "test", "--weights", "init").split()
    assert float(tested[tested.index("test_sum") + 1]) == sum(ROWS["test"]), tested


def main():
    ltc = os.path.abspath(sys.argv[1])
    with empty_folder():
        write_files(".")
        for kind in ("npy", "csv", "zip"):
            for own_val in (True, False):
                check(ltc, kind, own_val)
    print("6 specs: each part has its own rows")


if __name__ == "__main__":
    main()
