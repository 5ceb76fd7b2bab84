#!/usr/bin/env python3
"""pictures.py LTC: `histogram` and `heatmap` in steps, layers and callbacks, compiled and interpreted, read back from
TensorBoard's file: buckets are counted again here, images are unpacked."""
import bisect
import csv
import glob
import math
import os
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proof"))
import events  # noqa: E402
from program import build, empty_folder, fit_both, run, write_npy  # noqa: E402

SPEC = """
data rows {
    source = npy(x = "x.npy")
    split = (train = 6, val = 6)
    split_order = "file"
    batch = 4
    shuffle = false
    sample(x: f32[3]) { x = x; y = i32(x[0] > 1) }
}
layer scale() {
    param w: f32[3] = f32([1, -2, 0.5])
    forward(x) {
        y = x * w
        log out = histogram(y)
        y
    }
}
model Net() {
    first = scale()
    matrix = linear(48, 40)
    training_step(x, y) {
        h = first(x)
        minimize mean(h) + 0 * sum(matrix(zeros[4, 48]))
        for i in 0..2 { log "column/{i}" = histogram(h[:, i]) }
        log loss = mean(h), table = heatmap(outer(first.w, f32([1, 2]))), nothing = histogram(h / 0)
        if trainer.step % 4 == 3 { log seldom = histogram(x) }
    }
    validation_step(x, y) {
        log val_rows = histogram(x), val_sum = heatmap(stack([sum(x, axis = 0), ones[3]]))
        log val_confusion = confusion_matrix(stack([x[:, 1], x[:, 2]], axis = 1), y)
    }
    optimizer = sgd(lr = 0.0)
}
fn outer(a, b) { reshape(a, [3, 1]) * reshape(b, [1, 2]) }
callback watch(every = 3 steps) {
    on_train_batch_end {
        if due(every) {
            for name, p in parameters(model) { log "weights/{name}" = histogram(p), "norm/{name}" = norm(p) }
        }
    }
    on_validation_end { log confusion = heatmap(metrics["val_confusion"]) }
}
trainer {
    data = rows; max_epochs = 4; log_every_n_steps = 2; callbacks = [watch()]; loggers = [csv(), tensorboard()]
}
"""

ROWS = [[1.0, 2.0, 3.0], [1e-13, -1e-13, 0.0], [5.0, 5.5, 6.0], [-1.0, -1.1, -1.21], [1.1, 100.0, 1e21],
        [2.0, 2.0, 2.0], [9.0, 1.0, 2.0], [0.0, 2.0, 1.0], [3.0, 4.0, 3.0], [2.0, 1.0, 0.0], [1.5, 0.0, 1.0], [0.5, 3.0, 4.0]]
W = [1.0, -2.0, 0.5]


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


def edges():
    powers, power = [], 1e-12
    while power < 1e20:
        powers.append(power)
        power *= 1.1
    most = sys.float_info.max
    return [-most] + [-p for p in reversed(powers)] + [0.0] + powers + [most]


EDGES = edges()


def same_histogram(got, values):
    least, greatest, count, total, squares, limits, counts = got
    values = [f32(v) for v in values]
    assert (least, greatest, count) == (min(values), max(values), len(values)), (got, values)
    assert math.isclose(total, sum(values), rel_tol=1e-9, abs_tol=1e-9), (total, values)
    assert math.isclose(squares, sum(v * v for v in values), rel_tol=1e-9), (squares, values)
    assert len(limits) == len(counts) and counts[0] == 0 and counts[1] > 0 and counts[-1] > 0, got
    expected = {}
    for v in values:
        upper = EDGES[bisect.bisect_right(EDGES, v)]
        expected[upper] = expected.get(upper, 0) + 1
    assert {l: c for l, c in zip(limits, counts) if c} == expected, (got, expected)
    first = EDGES.index(limits[0])
    assert limits == EDGES[first:first + len(limits)], limits


def pixels(png):
    """Rows of palette indexes; sums and lengths of chunks are right."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        size, = struct.unpack(">I", png[at:at + 4])
        kind, data = png[at + 4:at + 8], png[at + 8:at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size:at + 12 + size])[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + size
    width, height, bits, color = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (bits, color, len(chunks[b"PLTE"])) == (8, 3, 768) and b"IEND" in chunks
    raw = zlib.decompress(chunks[b"IDAT"])
    assert len(raw) == height * (width + 1)
    lines = [raw[y * (width + 1):(y + 1) * (width + 1)] for y in range(height)]
    assert all(line[0] == 0 for line in lines)
    return [line[1:] for line in lines]


def same_heatmap(got, matrix):
    height, width, png = got
    lines = pixels(png)
    assert (height, width) == (40 * len(matrix), 40 * len(matrix[0])) == (len(lines), len(lines[0]))
    cells = [x for row in matrix for x in row]
    for y, line in enumerate(lines):
        for x, index in enumerate(line):
            value = matrix[y // 40][x // 40]
            shade = 1 + math.floor((value - min(cells)) / (max(cells) - min(cells)) * 254 + 0.5)
            assert index == shade, (y, x, index, shade)


def scaled(rows):
    return [f32(v) * w for row in rows for v, w in zip(row, W)]


def check(folder):
    folder = glob.glob(os.path.join(folder, "lightning_logs", "version_0"))[0]
    found, drawn = events.histograms(folder), events.images(folder)
    # Two steps an epoch, a row every other one: the second batch has rows 4 and 5.
    batch = ROWS[4:6]
    assert sorted(found["first.out"]) == [1, 3, 5, 7], found["first.out"].keys()
    for step in found["first.out"]:
        same_histogram(found["first.out"][step], scaled(batch))
        same_histogram(found["column/1"][step], [-2 * f32(row[1]) for row in batch])
    assert sorted(found["seldom"]) == [3, 7] and "nothing" not in found
    same_histogram(found["seldom"][7], [v for row in batch for v in row])
    # Over the epoch, and a callback's own steps.
    assert sorted(found["val_rows"]) == [1, 3, 5, 7]
    for step in found["val_rows"]:
        same_histogram(found["val_rows"][step], [v for row in ROWS[6:] for v in row])
        same_heatmap(drawn["val_sum"][step], [[sum(row[k] for row in ROWS[6:]) for k in range(3)], [2, 2, 2]])
        same_heatmap(drawn["table"][step], [[w, 2 * w] for w in W])
    assert sorted(found["weights/first.w"]) == [2, 5], found["weights/first.w"].keys()
    same_histogram(found["weights/first.w"][5], W)
    assert found["weights/matrix.weight"][2][2] == 40 * 48 == sum(found["weights/matrix.weight"][2][6])
    scalars = {name: [f32(struct.unpack("<f", v)[0]) for v in at.values()]
               for name, at in events.read_folder(folder).items()}
    matrix = [[scalars[f"val_confusion[{i},{j}]"][-1] for j in range(2)] for i in range(2)]
    assert sum(map(sum, matrix)) == 6 and len(set(map(tuple, matrix))) == 2, matrix
    same_heatmap(drawn["confusion"][7], matrix)
    squares = found["weights/matrix.weight"][2][4]
    assert math.isclose(math.sqrt(squares), scalars["norm/matrix.weight"][-1], rel_tol=1e-5)
    with open(os.path.join(folder, "metrics.csv")) as file:
        columns = next(csv.reader(file))
    assert "loss" in columns and not {"first.out", "table", "val_rows", "confusion"} & set(columns), columns


def main():
    ltc = os.path.abspath(sys.argv[1])
    with empty_folder():
        write_npy("x.npy", ROWS)
        build(ltc, "net", SPEC)
        for folder in fit_both(ltc, "net"):
            check(folder)
        # A test of a run has pictures too; validation's are named after it.
        build(ltc, "net", SPEC.replace("val = 6", "val = 3, test = 3"))
        run("./net", "fit", "--quiet", "--trainer.default_root_dir", "tested")
        run("./net", "test", "--quiet", "--weights", glob.glob("tested/**/*.safetensors", recursive=True)[0])
        found = events.histograms(os.path.join("tested", "lightning_logs", "version_0"))
        same_histogram(found["test_rows"][7], [v for row in ROWS[9:] for v in row])
    print("histograms and heatmaps are what was logged")


if __name__ == "__main__":
    main()
