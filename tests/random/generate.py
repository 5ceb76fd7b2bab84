#!/usr/bin/env python3
"""Random specs as .lt text, valid by construction: generate.py SEED prints one."""

import argparse
import array
import pathlib
import random
import struct
import sys

import structures
from operations import TABLE
from values import BATCH, Block, Owner, sizes_text, type_text


class World:
    """What all blocks of a spec share."""

    def __init__(self, seed):
        self.r = random.Random(f"spec {seed}")
        r = self.r
        self.stem, self.names, self.members = "v", 0, 0
        self.top, self.ranks = [], set()
        self.depth, self.loops, self.extra, self.in_step = 0, 0, 0, True
        self.batch = r.choice([3, 4, 5, 6, 7])
        self.ragged = 2
        large = r.random() < 0.15
        self.most = r.choice([1500, 6000, 20000]) if large else r.choice([60, 120, 250, 400])
        self.sizes = [1, 2, 3, 4, 5, 6, 7, 8] + ([16, 17, 33, 40, 64] if large else [])
        if not large and r.random() < 0.3:
            self.sizes = [2, 3, 4]
        self.draws = r.random() < 0.5
        self.buffers = True
        self.wide = r.random() < 0.2
        self.used = set()  # names of operations

    def count(self):
        self.names += 1
        return self.names

    def fresh(self):
        return f"{self.stem}{self.count()}"

    def member(self, stem):
        self.members += 1
        return f"{stem}{self.members}"


class Spec:
    def __init__(self, text, files, operations, wide, used):
        self.text, self.files, self.operations, self.wide, self.used = (
            text,
            files,
            operations,
            wide,
            used,
        )

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "spec.lt").write_text(self.text)
        for name, blob in self.files.items():
            (folder / name).write_bytes(blob)


def npy(shape, code, items):
    descr = {"f": "<f4", "d": "<f8", "i": "<i4"}[code]
    sizes = "".join(f"{n}," for n in shape)
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return (
        b"\x93NUMPY\x01\x00"
        + struct.pack("<H", len(head))
        + head.encode()
        + array.array(code, items).tobytes()
    )


def product(shape):
    n = 1
    for k in shape:
        n *= k
    return n


def make_data(world, block):
    """A data block, its files and the fields of a step."""
    r = world.r
    way = r.choice(["none", "nothing", "npy", "npy", "npy", "csv"])
    if way == "none":
        for _ in range(r.randint(1, 3)):
            value = block.param([block.dim() for _ in range(r.randint(1, 3))])
            block.pool.append(value)
        return [], [], {}
    if way == "nothing":
        shape = (BATCH, *[block.dim() for _ in range(r.randint(1, 2))])
        block.put(f"uniform(-1.5, 1.5)[{sizes_text(shape)}]", shape, scale=0.9)
        return [f"data Nothing {{ source = none; batch = {world.batch} }}"], [], {}
    world.ragged = r.randint(2, world.batch - 1)
    rows = 2 * world.batch + world.ragged
    shuffle = r.choice(["shuffle = false", "shuffle = true"])
    last = "\n    drop_last = true" if r.random() < 0.15 else ""
    classes = r.choice([2, 3, 4])
    draw = random.Random(r.random())
    labels = [i % classes for i in range(rows)]
    if way == "csv":
        columns = r.randint(2, 4)
        names = [f"c{i}" for i in range(columns)]
        lines = [",".join(names + ["y"])]
        lines += [
            ",".join([f"{draw.uniform(-1.5, 1.5):.3f}" for _ in names] + [str(labels[i])])
            for i in range(rows)
        ]
        text = [
            "data Table {",
            f'    source = csv("table.csv")',
            f"    batch = {world.batch}",
            f"    {shuffle}{last}",
            f"    sample({', '.join(f'{n}: f32' for n in names)}, y: i32) {{",
            f"        x = stack([{', '.join(names)}])",
            "        y = y",
            "    }",
            "}",
        ]
        block.given("x", (BATCH, columns), "f", 0.9)
        block.given("y", (BATCH,), "i", 1, classes)
        return text, ["x", "y"], {"table.csv": ("\n".join(lines) + "\n").encode()}
    files, fields, sources, kinds = {}, [], [], []
    for name in ["x", "z"][: r.randint(1, 2)]:
        shape = tuple(r.choice([1, 2, 3, 4, 5, 6]) for _ in range(r.randint(1, 3)))
        if product(shape) * world.batch > world.most:
            shape = shape[:1]
        files[f"{name}.npy"] = npy(
            (rows, *shape),
            "d" if world.wide else "f",
            [draw.uniform(-1.5, 1.5) for _ in range(rows * product(shape))],
        )
        sources.append(f'{name} = "{name}.npy"')
        kinds.append((name, f"f32[{sizes_text(shape)}]"))
        fields.append(name)
        block.given(name, (BATCH, *shape), "f", 0.9)
    files["y.npy"] = npy((rows,), "i", labels)
    sources.append('y = "y.npy"')
    fields.append("y")
    block.given("y", (BATCH,), "i", 1, classes)
    sample = []
    if r.random() < 0.4:
        forms = [
            "{n} * 0.9",
            "tanh({n})",
            "{n} + 0.1 * randn[{n}.shape] when training else {n}",
            "{n} - mean({n})",
            "flip({n}, -1)",
            "cumsum({n}, 0) * 0.7",
        ]
        sample = [
            f"    sample({', '.join(f'{n}: {t}' for n, t in kinds)}, y: i32) {{",
            *[f"        {n} = {r.choice(forms).format(n=n)}" for n, _ in kinds],
            "        y = y",
            "    }",
        ]
    return (
        [
            "data Rows {",
            f"    source = npy({', '.join(sources)})",
            f"    batch = {world.batch}",
            f"    {shuffle}{last}",
            *sample,
            "}",
        ],
        fields,
        files,
    )


def loss_term(world, block, v):
    """One number of a value, with gradients of a useful size."""
    r = world.r
    n = v.name
    forms = [
        f"mean(({n} - 0.3)^2)",
        f"mean({n} * tanh({n} + 0.2))",
        f"mean(cos({n}))",
        f"mse({n}, 0.4 * ones[{sizes_text(v.shape)}])" if v.rank else f"({n} - 0.4)^2",
        f"huber({n}, 0.1 * ones[{sizes_text(v.shape)}])" if v.rank else f"log_cosh({n}, 0.3)",
        f"log_cosh({n}, 0.3 * ones[{sizes_text(v.shape)}])" if v.rank else f"cos({n})",
        (
            f"smooth_l1({n}, 0.71 * ones[{sizes_text(v.shape)}], beta = 0.5)"
            if v.rank
            else f"sin({n})"
        ),
        f"bce_with_logits({n}, 0.3)" if v.rank else f"softplus({n})",
    ]
    if v.rank == 2 and v.shape[0] == BATCH and v.shape[1] != BATCH:
        labels = [
            y
            for y in block.pool
            if y.kind == "i" and y.shape == (BATCH,) and 0 < y.bound <= v.shape[1]
        ]
        if labels:
            y = labels[0].name
            forms = [
                f"cross_entropy({n}, {y})",
                f"cross_entropy({n}, {y}, label_smoothing = 0.1)",
                f"nll(log_softmax({n}), {y})",
                (
                    f"multi_margin(tanh({n}), {y}, p = 2)"
                    if v.shape[1] > 1
                    else f"cross_entropy({n}, {y})"
                ),
            ]
    return r.choice(forms)


def finish(world, block, fields):
    """Loss of all values that nothing reads, logs, probes, minimize; gives parameters' ranks."""
    r, owner = world.r, block.owner
    leaves = [v for v in block.pool if v.uses == 0 and v.kind == "f"]
    others = [v for v in block.pool if v.uses == 0 and v.kind != "f"]
    if not leaves:
        leaves = [v for v in block.pool if v.kind == "f"][-1:]
    if len(leaves) > 7:
        leaves = leaves[:2] + leaves[-5:]
    anchor = block.param((2, 3) if 2 not in world.ranks or r.random() < 0.5 else (3,))
    terms = [
        f"{r.choice(['', '', '0.5 * ', '1.5 * '])}{loss_term(world, block, v)}" for v in leaves
    ] + [f"0.1 * sum({anchor.name}^2)"]
    for i, t in enumerate(terms):
        block.line(f"l{i + 1} = {t}  # f32[]")
    block.line(f"loss = {' + '.join(f'l{i + 1}' for i in range(len(terms)))}")
    for i, v in enumerate(others[:5]):
        block.line(f"log o{i + 1} = mean(f32({v.name}))")
    probes = [v for v in block.pool if v.name.startswith("v") and not v.batched and v.kind != "b"]
    for v in r.sample(probes, min(3, len(probes))):
        name = owner.name("_o")
        owner.add(f"buffer {name}: {type_text(v.kind, v.shape)} = zeros")
        block.line(f"{name} = {v.name}")
    rows = [v for v in block.pool if v.name.startswith("v") and v.batched and v.kind == "f"]
    for i, v in enumerate(r.sample(rows, min(3, len(rows)))):
        block.line(f"log r{i + 1} = mean({v.name} * {v.name})")
    block.line("log loss")
    ranks = {p.rank for p in owner.params} | world.ranks
    way = r.random()
    if way < 0.7 or len(terms) < 2:
        block.line("minimize loss")
    elif way < 0.85:
        block.line("minimize loss")
        block.line(
            f"minimize 0.5 * sum({anchor.name} * sin({anchor.name}))"
            + r.choice(["", f" over rank == {anchor.rank}"])
        )
    else:
        block.line(f"if trainer.step % {r.choice([2, 3])} == {r.choice([0, 1])} {{")
        block.line("    minimize loss")
        block.line("}")
        if r.random() < 0.5:
            block.line(f"minimize 0.3 * sum({anchor.name} * {anchor.name})")
    return ranks | {anchor.rank}


OWN_OPTIMIZER = """optimizer signed(lr = 1e-2, const momentum = 0.8) {
    state m = 0
    state seen: f32 = 0
    update(p, g, t) {
        seen += 1
        m = momentum * m + (1 - momentum) * g
        p = p - lr * tanh(3 * m) / (1 + 0.1 * t) when rank >= 2 else p - lr * g
    }
}"""
OPTIMIZERS = [
    "sgd(lr = {})",
    "sgd(lr = {}, momentum = 0.9)",
    "sgd(lr = {}, momentum = 0.8, nesterov = true, weight_decay = 0.01)",
    "adam(lr = {}, eps = 0.01)",
    "adamw(lr = {}, eps = 0.01)",
    "rmsprop(lr = {}, eps = 0.1, momentum = 0.5)",
    "adagrad(lr = {}, eps = 0.1)",
    "adamax(lr = {}, eps = 0.05)",
    "nadam(lr = {}, eps = 0.05)",
    "radam(lr = {}, eps = 0.05)",
    "adadelta(lr = {}, eps = 0.1)",
    "adam(lr = {}, eps = 0.02, amsgrad = true, weight_decay = 0.02)",
    "lamb(lr = {}, eps = 0.05)",
    "signed(lr = {})",
]
RATES = [
    "0.05",
    "0.1",
    "0.02",
    "cosine(0.1, T_max = 7)",
    "step(0.1, step_size = 2)",
    "linear_warmup(0.1, warmup = 3)",
    "warmup_cosine(0.1, warmup = 2, total = 8)",
    "exponential(0.1, gamma = 0.8)",
    "polynomial(0.1, total_iters = 6)",
]


def choose_optimizers(world, ranks):
    r = world.r

    def one():
        text = r.choice(OPTIMIZERS).format(r.choice(RATES))
        if text.startswith("signed") and OWN_OPTIMIZER.splitlines()[0] not in world.top:
            world.top += OWN_OPTIMIZER.splitlines()
        return text

    if len(ranks) > 1 and r.random() < 0.3:
        rank = r.choice(sorted(ranks))
        return [
            f"    optimizer {r.choice(['', 'slow '])}= {one()} over rank == {rank}",
            f"    optimizer = {one()}",
        ]
    if len(ranks) > 1 and r.random() < 0.15:
        return [
            f"    optimizer = {one()} {{",
            f"        group rank == {r.choice(sorted(ranks))} {{ lr = 0.5 * lr }}",
            "    }",
        ]
    return [f"    optimizer = {one()}"]


def generate(seed, favour=None, wanted=()):
    """favour: operations and a factor for their chance; wanted: pairs of primitives."""
    world = World(seed)
    world.wanted = list(wanted)
    r, owner = world.r, Owner(4)
    block = Block(world, owner, 8)
    data, fields, files = make_data(world, block)
    weights = {
        name: r.choice([0.15, 0.6, 1, 1, 3]) * (favour or {}).get(name, 1) for name, _, _ in TABLE
    }
    grow_to = r.choice([r.randint(3, 30), r.randint(12, 30)])
    structures.grow(block, grow_to, weights)
    ranks = finish(world, block, fields)
    optimizers = choose_optimizers(world, ranks)
    settings = [
        "max_steps = 5",
        "log_every_n_steps = 1",
        "enable_model_summary = false",
        "enable_progress_bar = false",
        "num_sanity_val_steps = 0",
    ]
    if r.random() < 0.2:
        settings.append(f"gradient_clip_val = {r.choice(['0.5', '0.1', '2.0'])}")
        if r.random() < 0.4:
            settings.append('gradient_clip_algorithm = "value"')
    if r.random() < 0.12:
        settings.append(f"accumulate_grad_batches = {r.choice([2, 3])}")
    if world.wide:
        settings.append('precision = "64-true"')
    lines = [
        f"# seed {seed}",
        *data,
        *world.top,
        "model Net() {",
        *owner.used("\n".join(block.lines + optimizers)),
        f"    training_step({', '.join(fields)}) {{",
        *[l for l in block.lines if l],
        "    }",
        *optimizers,
        "}",
        "trainer {",
        *[f"    {s}" for s in settings],
        "}",
    ]
    return Spec(
        "\n".join("\n".join(lines).split("\n")) + "\n", files, block.made, world.wide, world.used
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seed", help="as a run prints it: SEED-NUMBER")
    parser.add_argument("--folder", type=pathlib.Path, help="write the spec and its data there")
    arguments = parser.parse_args()
    spec = generate(arguments.seed)
    if arguments.folder:
        spec.write(arguments.folder)
    else:
        sys.stdout.write(spec.text)


if __name__ == "__main__":
    main()
