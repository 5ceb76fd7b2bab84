"""What stands around operations: loops, functions, layers in layers in lists, branches, library
layers."""

import math

from operations import ACTIVATIONS, TABLE, operation
from values import BATCH, Block, Owner, broadcast, sizes_text, type_text
import contractions
import moves  # enters its operations
import pairs


def grow(block, operations, weights=None):
    """Adds statements until the block has as many; operations that don't fit are passed over."""
    table = [(f, w * (weights or {}).get(name, 1)) for name, w, f in TABLE]
    if block.world.wanted:
        table.append((pairs.wanted_pair, 0.5 * sum(w for _, w in table)))
    functions, chances = [f for f, _ in table], [w for _, w in table]
    for _ in range(operations * 8):
        if block.made >= operations:
            return
        function = block.r.choices(functions, chances)[0]
        if function(block):
            block.world.used.add(function.__name__)


def result(block, wanted=None):
    """An expression of the last float, of the shape that is wanted if there is one."""
    value = next(v for v in reversed(block.pool) if v.kind == "f")
    value.uses += 1
    if wanted is None or value.shape == wanted.shape:
        return value.name, value.shape, value.scale
    if broadcast(value.shape, wanted.shape) == wanted.shape:
        return f"0.6 * {wanted.name} + 0.5 * {value.name}", wanted.shape, 1.0
    return f"0.8 * {wanted.name} + tanh(mean({value.name}))", wanted.shape, 1.0


# ---- functions


@operation(1)
def own_function(b):
    if b.world.depth > 1:
        return None
    x = b.pick()
    y = x and b.pick()
    if not x:
        return None
    arguments = [x] if y is x or b.r.random() < 0.4 else [x, y]
    name = b.world.member("f")
    inner = Block(b.world, None, 4)
    for i, v in enumerate(arguments):
        inner.given(f"a{i}", v.shape, v.kind, v.scale)
    b.world.depth += 1
    grow(inner, b.r.randint(1, 4))
    b.world.depth -= 1
    text, shape, scale = result(inner)
    parameters = ", ".join(
        f"a{i}: {type_text(v.kind, v.shape)}" if b.r.random() < 0.6 else f"a{i}"
        for i, v in enumerate(arguments)
    )
    b.world.top += [f"fn {name}({parameters}) {{", *inner.lines, f"    {text}", "}"]
    b.made += inner.made
    b.world.extra += inner.made
    return b.put(f"{name}({', '.join(v.name for v in arguments)})", shape, scale=scale)


@operation(0.6)
def comprehension(b):
    x = b.pick()
    if not x or not b.small(x.shape + (3,)):
        return None
    form = b.r.choice(
        ["sin({x} * {k})", "{x} / ({k} + 1)", "tanh({x} + 0.3 * {k})", "{x} * {x} * 0.5^{k}"]
    )
    a = b.r.randint(1 if x.batched else 0, x.rank)
    if x.batched and x.shape[0] != BATCH:
        a = x.rank
    return b.put(
        f"stack([{form.format(x=x.name, k='k')} for k in 1..4], axis = {a})",
        x.shape[:a] + (3,) + x.shape[a:],
        scale=0.8,
    )


@operation(0.8)
def loop(b):
    x = b.pick()
    if not x:
        return None
    y = b.partner(x)
    if y is None or broadcast(x.shape, y.shape) != x.shape:
        y = x
    name = b.world.fresh()
    form = b.r.choice(
        [
            "tanh({v} * 0.9 + 0.1 * k) + 0.2 * {x}",
            "0.5 * {v} + sin({y} * k)",
            "{v} * 0.8 + {y} / (1 + k)",
            "relu({v} + 0.05 * k) - 0.3 * {x}",
            "maximum({v}, 0.3 * {y} + 0.017 * k) * 0.9",
        ]
    )
    b.line(f"{name} = {x.name}")
    b.line(f"for k in {b.r.choice(['[1, 2, 3]', '0..3', '[0.5, 1.5]', 'reversed([1, 2])'])} {{")
    b.line(f"    {name} = {form.format(v=name, x=x.name, y=y.name)}")
    b.line("}")
    b.made += 3
    return b.given(name, x.shape, "f", 0.8)


@operation(0.4)
def collect(b):
    x = b.pick(good=lambda v: v.rank >= 1 and v.shape[-1] != BATCH and v.shape[-1] >= 4)
    if not x:
        return None
    n, name = x.shape[-1], b.world.fresh()
    b.line(f"{name} = []")
    b.line(f"for k in 0..3 {{ {name} += [{x.name}[.., k:k + {n - 2}]] }}" if n > 2 else "")
    many = min(3, 3)
    if n - 2 + 2 > n:
        return None
    return b.put(f"concat({name}, axis = -1)", x.shape[:-1] + ((n - 2) * many,), scale=x.scale)


# ---- branches of the step and host numbers


@operation(0.5)
def branch(b):
    if not b.world.in_step:
        return None
    x = b.pick(good=lambda v: v.name.startswith("v"))
    if not x:
        return None
    condition = b.r.choice(
        [
            "trainer.step % 2 == 0",
            "trainer.step > 1",
            "trainer.step % 3 != 1",
            "trainer.step == 2 or trainer.step == 4",
        ]
    )
    y = b.partner(x)
    if y is None or broadcast(x.shape, y.shape) != x.shape:
        y = x
    b.line(f"if {condition} {{")
    last = "cumsum({x}, -1) * 0.5" if x.rank else "0.9 * {x}"
    form = b.r.choice(["0.7 * {x} + 0.2", "sin({x}) * {y}", "{x} - 0.4 * {y}", last])
    b.line(f"    {x.name} = {form.format(x=x.name, y=y.name)}")
    if b.r.random() < 0.4:
        b.line("} else {")
        form = b.r.choice(["tanh({x})", "{x} + 0.1 * {y}"])
        b.line(f"    {x.name} = {form.format(x=x.name, y=y.name)}")
    b.line("}")
    b.made += 2
    x.scale = 1.0
    return x


@operation(0.5)
def host_number(b):
    x = b.pick()
    if not x:
        return None
    form = b.r.choice(
        [
            "{} * minimum(1, (trainer.step + 1) / 4)",
            "{} * (0.5 + 0.1 * trainer.step)",
            "{} + sin(trainer.step)",
            "{x} when trainer.step % 2 == 0 else 0.5 * {x}",
        ]
    )
    return b.put(form.format(x.name, x=x.name), x.shape, scale=1.0)


# ---- buffers


@operation(0.8)
def average(b):
    x = b.pick(good=lambda v: not v.batched and v.rank > 0)
    if not x or not b.owner or b.world.loops or not b.world.buffers:
        return None
    name = b.owner.name("s")
    b.owner.add(
        f"buffer {name}: f32[{sizes_text(x.shape)}] = {b.r.choice(['zeros', 'ones', 'full(0.3)'])}"
    )
    b.line(f"{name} = lerp({name}, stop_gradient({x.name}), {b.r.choice(['0.1', '0.5', '0.25'])})")
    b.made += 1
    b.given(name, x.shape, "f", x.scale)
    return b.put(f"{x.name} - 0.5 * {name}", x.shape, scale=x.scale)


@operation(0.6)
def table(b):
    if not b.owner:
        return None
    n = b.dim()
    name = b.owner.name("t")
    b.owner.add(
        f"buffer {name}: f32[{n}] = "
        + b.r.choice([f"linspace(-1, 1.5, {n})", f"f32(0..{n}) / {n}", "uniform(-1, 1)"])
    )
    b.given(name, (n,), "f", 0.7)
    x = b.pick(good=lambda v: v.rank > 0 and v.shape[-1] in (n, 1))
    if not x:
        return b.put(f"sin(2.0 * {name})", (n,), scale=0.7)
    return b.put(f"{x.name} * {name}", x.shape[:-1] + (n,), scale=x.scale * 0.7)


# ---- layers


def member(b, text, rank=None):
    name = b.owner.name("m")
    b.owner.add(f"{name} = {text}")
    if rank:
        b.world.ranks.add(rank)
    return name


@operation(1.6)
def own_layer(b):
    if not b.owner or b.world.depth > 2:
        return None
    for known in b.r.sample(b.owner.__dict__.setdefault("layers", []), len(b.owner.layers)):
        x = b.pick(good=lambda v: v.shape == known[1])
        if x and b.r.random() < 0.5:  # the same layer twice: shared weights
            return b.put(f"{known[0]}({x.name})", known[2], scale=known[3])
    x = b.pick(good=lambda v: v.rank > 0)
    if not x:
        return None
    repeated = b.r.random() < 0.5
    name = b.world.member("Part")
    owner, world = Owner(4), b.world
    inner = Block(world, owner, 8)
    given = inner.given("x", x.shape, "f", x.scale)
    world.depth, step, world.in_step = world.depth + 1, world.in_step, False
    world.loops += repeated
    grow(inner, b.r.randint(1, 5))
    world.loops -= repeated
    world.depth, world.in_step = world.depth - 1, step
    text, shape, scale = result(inner, given if repeated else None)
    typed = f"x: {type_text('f', x.shape)}"
    world.top += [
        f"layer {name}() {{",
        *owner.used("\n".join(inner.lines) + text),
        f"    forward({typed}) {{",
        *inner.lines,
        f"        {text}",
        "    }",
        "}",
    ]
    b.made += inner.made
    many = b.r.randint(2, 3)
    if not repeated:
        part = member(b, f"{name}()")
        b.owner.layers.append((part, x.shape, shape, scale))
        return b.put(f"{part}({x.name})", shape, scale=scale)
    way = b.r.choice(["list", "for", "nested", "record"])
    if way == "list":
        part = member(b, f"[{name}() for _ in 0..{many}]")
        return b.put(f"{x.name} |> {part}", shape, scale=scale)
    if way == "nested":
        part = member(b, f"[{name}(), [{b.r.choice(['tanh', 'sigmoid', 'silu'])}, {name}()]]")
        b.owner.layers.append((part, x.shape, shape, scale))
        return b.put(f"{part}({x.name})", shape, scale=scale)
    if way == "record":
        part = member(b, f"(first = {name}(), second = [{name}(), sin])")
        return b.put(f"{part}.second({part}.first({x.name}))", shape, scale=scale)
    part = member(b, f"[{name}() for _ in 0..{many}]")
    result_name = b.world.fresh()
    b.line(f"{result_name} = {x.name}")
    b.line(f"for part in {part} {{ {result_name} = part({result_name}) }}")
    return b.given(result_name, shape, "f", scale)


@operation(2)
def linear(b):
    x = b.owner and b.pick(good=lambda v: v.rank >= 1 and v.shape[-1] != BATCH)
    if not x:
        return None
    m, n, k = b.dim(), b.dim(), x.shape[-1]
    way = b.r.random()
    if not b.small(x.shape[:-1] + (max(m, n),)):
        return None
    if way < 0.4:
        part = member(
            b,
            f"linear({k}, {n}"
            + b.r.choice(["", "", ", bias = none", ", weight = orthogonal()", ", bias = zeros"])
            + ")",
            2,
        )
        return b.put(f"{part}({x.name})", x.shape[:-1] + (n,), scale=0.6 * x.scale)
    act = b.r.choice(ACTIVATIONS)
    if way < 0.8:
        part = member(b, f"[linear({k}, {m}), {act}, linear({m}, {n})]", 2)
        return b.put(f"{x.name} |> {part}", x.shape[:-1] + (n,), scale=0.5)
    part = member(b, f"linear({k}, {m})", 2)
    back = member(b, f"linear({m}, {k})", 2)
    return b.put(f"{x.name} |> {part} |> {act.replace('_, ', '')} |> {back}", x.shape, scale=0.5)


@operation(0.8)
def tied(b):
    x = b.owner and b.pick(good=lambda v: v.rank >= 1 and v.shape[-1] != BATCH)
    if not x:
        return None
    k = x.shape[-1]
    first = member(b, f"linear({k}, {k})", 2)
    second = member(
        b,
        f"linear({k}, {k}, weight = {first}.weight"
        + b.r.choice(["", ", bias = none", f", bias = {first}.bias"])
        + ")",
        2,
    )
    return b.put(f"{first}({x.name}) |> tanh |> {second}", x.shape, scale=0.5)


@operation(1.6)
def normalise(b):
    x = b.owner and b.pick(good=lambda v: v.rank >= 2 and BATCH not in v.shape[1:])
    if not x:
        return None
    c = x.shape[1]
    rest = math.prod(x.shape[2:])
    ways = ["layer_norm", "rms_norm"] if x.shape[-1] >= 3 else []
    ways += (
        ["batch_norm"]
        if b.size(x, 0) * rest >= 3
        and not (x.shape[0] == BATCH and x.rank == 2 and b.world.ragged == 1)
        and not b.world.loops
        and b.world.buffers
        else []
    )
    groups = [g for g in range(1, c + 1) if c % g == 0 and c // g * rest >= 3]
    ways += ["group_norm"] if groups else []
    ways += ["instance_norm"] if rest >= 3 else []
    if not ways:
        return None
    way = b.r.choice(ways)
    more = ", eps = 1e-2"
    text = {
        "layer_norm": f"layer_norm({x.shape[-1]}{more})",
        "rms_norm": f"rms_norm({x.shape[-1]}{more})",
        "batch_norm": f"batch_norm({c}{more}"
        + b.r.choice(["", ", momentum = 0.3", ", affine = false"])
        + ")",
        "group_norm": f"group_norm({b.r.choice(groups or [1])}, {c}{more})",
        "instance_norm": f"instance_norm({c}{more}{b.r.choice(['', ', affine = true'])})",
    }[way]
    return b.put(f"{member(b, text, 1)}({x.name})", x.shape, scale=1.0)


@operation(1.4)
def conv_layer(b):
    spatial = b.r.choice([1, 2, 2])
    x = b.owner and contractions.image(b, spatial)
    if not x:
        return None
    c, out, k = x.shape[1], b.r.choice([1, 2, 3, 4]), b.r.choice([1, 2, 3])
    padding = b.r.choice([0, k // 2])
    stride = b.r.choice([1, 1, 2])
    if spatial == 1 and stride == 1 and b.r.random() < 0.3:
        left = [(n - 1) * 2 - 2 * padding + k for n in x.shape[2:]]
        text = f"conv_transpose1d({c}, {out}, {k}, stride = 2, padding = {padding})"
    else:
        left = [(n + 2 * padding - k) // stride + 1 for n in x.shape[2:]]
        groups = b.r.choice([1, 1, c])
        out = out * groups
        groups_text = f", groups = {groups}" if groups > 1 else ""
        bias = b.r.choice(["", ", bias = none"])
        text = f"conv{spatial}d({c}, {out}, {k}, stride = {stride}, padding = {padding}"
        text += f"{groups_text}{bias})"
    shape = (x.shape[0], out, *left)
    if min(left) < 1 or not b.small(shape):
        return None
    part = member(
        b, text if b.r.random() < 0.6 else f"[{text}, {b.r.choice(ACTIVATIONS)}]", spatial + 2
    )
    return b.put(f"{part}({x.name})", shape, scale=0.6)


@operation(0.8)
def pool(b):
    spatial = b.r.choice([1, 2])
    x = contractions.image(b, spatial)
    if not x:
        return None
    way = b.r.choice(
        ["max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool", "global_avg_pool"]
    )
    if way == "global_avg_pool":
        return b.put(f"global_avg_pool({x.name})", x.shape[:2], scale=0.5)
    if way.startswith("adaptive"):
        n = b.r.choice([1, 2, 3])
        return b.put(f"{way}{spatial}d({x.name}, {n})", x.shape[:2] + (n,) * spatial, scale=x.scale)
    stride = b.r.choice([1, 2])
    left = [(n - 2) // stride + 1 for n in x.shape[2:]]
    return b.put(
        f"{way}{spatial}d({x.name}, 2, stride = {stride})", (*x.shape[:2], *left), scale=x.scale
    )


@operation(0.8)
def embedding(b):
    i = b.owner and b.pick("i", lambda v: v.bound > 0)
    if not i:
        return None
    n = b.dim()
    if not b.small(i.shape + (n,)):
        return None
    return b.put(
        f"{member(b, f'embedding({i.bound}, {n})', 2)}({i.name})", i.shape + (n,), scale=1.0
    )


@operation(0.6)
def attention(b):
    x = b.owner and b.pick(
        good=lambda v: v.rank == 3
        and v.shape[1] != BATCH
        and v.shape[2] != BATCH
        and b.count(v.shape) * v.shape[1] < 8 * b.world.most
    )
    if not x:
        return None
    d = x.shape[2]
    if b.r.random() < 0.5 or not b.small(x.shape):
        return b.put(
            f"attend({x.name}, {x.name}, tanh({x.name}){b.r.choice(['', ', causal = true'])})",
            x.shape,
            scale=0.6,
        )
    heads = b.r.choice([h for h in (1, 2, 3) if d % h == 0])
    part = member(b, f"multi_head_attention({d}, {heads})", 2)
    return b.put(f"{part}({x.name}{b.r.choice(['', ', causal = true'])})", x.shape, scale=0.5)


@operation(0.5)
def recurrent(b):
    x = b.owner and b.pick(good=lambda v: v.rank == 2 and v.shape[1] != BATCH)
    if not x:
        return None
    k, h = x.shape[1], b.r.choice([2, 3, 4])
    state = f"zeros[{x.shape[0]}, {h}]"
    way = b.r.choice(["gru_cell", "rnn_cell"])
    part = member(b, f"{way}({k}, {h})", 2)
    text = f"{part}({x.name}, {part}({x.name}, {state}))"
    return b.put(text, (x.shape[0], h), scale=0.5)


@operation(0.4)
def prelu(b):
    x = b.owner and b.pick(good=lambda v: v.rank >= 2)
    return x and b.put(f"{member(b, 'prelu()', 1)}({x.name})", x.shape, scale=0.7 * x.scale)


@operation(0.4)
def bilinear(b):
    x = b.owner and b.pick(good=lambda v: v.rank == 2 and v.shape[1] != BATCH)
    y = x and b.pick(
        good=lambda v: v.rank == 2 and v.shape[0] == x.shape[0] and v.shape[1] != BATCH
    )
    if not y:
        return None
    n = b.r.choice([1, 2, 3])
    return b.put(
        f"{member(b, f'bilinear({x.shape[1]}, {y.shape[1]}, {n})', 3)}({x.name}, {y.name})",
        (x.shape[0], n),
        scale=0.6,
    )
