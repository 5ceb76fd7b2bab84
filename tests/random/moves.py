"""Operations that move, join, index and scan, and random draws."""

import math

from operations import operation
from values import BATCH, number


def factor(b, n):
    """n as a list of factors, in random order."""
    out, k = [], 2
    while n > 1:
        if n % k == 0:
            out.append(k)
            n //= k
        else:
            k += 1
    b.r.shuffle(out)
    return out


def regroup(b, n, parts):
    """n as `parts` factors."""
    out = [1] * parts
    for f in factor(b, n):
        out[b.r.randrange(parts)] *= f
    return out


def any_kind(b):
    return b.r.choice("ffffffib")


def same(b, x, text, shape):
    """A move's result: it keeps the kind of x."""
    return b.put(text, shape, x.kind, x.scale, x.bound, plain=True)


@operation(3)
def reshape(b):
    x = b.pick(any_kind(b))
    if not x or BATCH in x.shape[1:]:
        return None
    rest = x.shape[1:] if x.batched else x.shape
    sizes = regroup(b, math.prod(rest), b.r.randint(1, 3))
    text = [str(n) for n in sizes]
    if b.r.random() < 0.3 and 0 not in sizes:
        text[b.r.randrange(len(text))] = b.r.choice(["_", "-1"])
    shape = ([BATCH] if x.batched else []) + sizes
    if x.batched and (b.r.random() < 0.7 or "_" in text or "-1" in text):
        text = ["B"] + text
    return same(b, x, f"reshape({x.name}, [{', '.join(text)}])", shape)


@operation(1)
def fold_batch(b):
    x = b.pick(good=lambda v: v.rank >= 2 and v.shape[0] == BATCH and BATCH not in v.shape[1:])
    if not x:
        return None
    n = x.shape[1]
    text = f"reshape({x.name}, [{', '.join([f'B * {n}'] + [str(k) for k in x.shape[2:]])}])"
    shape = x.shape[2:]
    return b.put(
        f"{b.r.choice(['mean', 'max', 'sum'])}({text}, axis = 0)", shape, scale=x.scale * 2
    )


@operation(3)
def transpose(b):
    x = b.pick(any_kind(b), lambda v: v.rank >= 2)
    if not x:
        return None
    if b.r.random() < 0.3:
        return same(b, x, f"{x.name}.T", x.shape[:-2] + (x.shape[-1], x.shape[-2]))
    order = list(range(x.rank))
    b.r.shuffle(order)
    return same(b, x, f"transpose({x.name}, {order})", [x.shape[i] for i in order])


@operation(1.5)
def expand(b):
    x = b.pick(any_kind(b), lambda v: 1 in v.shape or v.rank < 3)
    if not x:
        return None
    shape = [b.dim() if n == 1 and b.r.random() < 0.7 else n for n in x.shape]
    name = x.name
    if 1 not in x.shape or b.r.random() < 0.4:
        if x.batched:
            shape, name = shape[:1] + [b.dim()] + shape[1:], (
                f"{x.name}[:, _]" if x.shape[0] == BATCH else None
            )
        else:
            shape = [b.dim()] + shape
    if not name or not b.small(shape):
        return None
    return same(b, x, f"expand({name}, [{', '.join(map(str, shape))}])", shape)


def cut(b, n):
    """A subscript of an axis of size n: text and the size that is left (None: the axis goes)."""
    way = b.r.random()
    if way < 0.25:
        return ":", n
    if way < 0.4:
        return str(b.r.randrange(-n, n)), None
    if way < 0.5:
        return "::-1", n
    step = b.r.choice([1, 1, 2, 3, -1, -2])
    low = b.r.randint(0, n - 1)
    high = b.r.randint(low + 1, n)
    many = len(range(low, high, abs(step)))
    if step == 1:
        return b.r.choice([f"{low}:{high}", f"{low - n}:{high}" if low else f":{high}"]), many
    if step > 0:
        return f"{low}:{high}:{step}", many
    if low == 0:
        return f"{high - 1}::{step}", len(range(high - 1, -1, step))
    return f"{high - 1}:{low - 1}:{step}", len(range(high - 1, low - 1, step))


@operation(4)
def subscript(b):
    x = b.pick(any_kind(b), lambda v: v.rank > 0)
    if not x:
        return None
    text, shape = [], []
    for n in x.shape:
        if b.r.random() < 0.1:
            text.append("_")
            shape.append(1)
        if n == BATCH:
            text.append(":")
            shape.append(n)
            continue
        words, left = cut(b, n)
        text.append(words)
        shape += [] if left is None else [left]
    if text[-1] == ":" and b.r.random() < 0.3:
        text[-1] = ".."
    if all(t == ":" for t in text):
        return None
    return same(b, x, f"{x.name}[{', '.join(text)}]", shape)


@operation(1.2)
def subscript_list(b):
    x = b.pick(any_kind(b), lambda v: v.rank > 0)
    a = x and b.axis(x)
    if a is None:
        return None
    picked = [b.r.randrange(x.shape[a]) for _ in range(b.r.randint(1, 5))]
    shape = x.shape[:a] + (len(picked),) + x.shape[a + 1 :]
    return (
        same(b, x, f"{x.name}[{', '.join([':'] * a + [str(picked)])}]", shape)
        if b.small(shape)
        else None
    )


@operation(2.5)
def pad(b):
    x = b.pick(good=lambda v: v.rank > 0 and v.shape[-1] != BATCH)
    if not x:
        return None
    tail = 1
    while tail < x.rank and x.shape[-tail - 1] != BATCH and b.r.random() < 0.5:
        tail += 1
    pairs = [(b.r.randint(-(n > 2), 2), b.r.randint(-(n > 2), 2)) for n in x.shape[-tail:]]
    shape = x.shape[:-tail] + tuple(n + p + q for n, (p, q) in zip(x.shape[-tail:], pairs))
    if not b.small(shape):
        return None
    value = b.r.choice(["", "", ", value = -0.5", ", value = 1.5"])
    return same(
        b, x, f"pad({x.name}, [{', '.join(f'({p}, {q})' for p, q in pairs)}]{value})", shape
    )


@operation(1.5)
def flip(b):
    x = b.pick(any_kind(b), lambda v: v.rank > 0)
    a = x and b.axis(x)
    return None if a is None else same(b, x, f"flip({x.name}, {b.spell(x, a)})", x.shape)


@operation(2.5)
def concat(b):
    x = b.pick(any_kind(b), lambda v: v.rank > 0)
    a = x and b.axis(x)
    if a is None:
        return None
    items = [x]
    for _ in range(b.r.randint(1, 2)):
        y = b.pick(
            x.kind,
            lambda v: v.rank == x.rank
            and v.shape[a] != BATCH
            and all(i == a or p == q for i, (p, q) in enumerate(zip(v.shape, x.shape))),
        )
        items.append(y)
    b.r.shuffle(items)
    shape = x.shape[:a] + (sum(v.shape[a] for v in items),) + x.shape[a + 1 :]
    if not b.small(shape):
        return None
    bound = max(v.bound for v in items) if all(v.bound for v in items) else 0
    return b.put(
        f"concat([{', '.join(v.name for v in items)}], axis = {b.spell(x, a)})",
        shape,
        x.kind,
        max(v.scale for v in items),
        bound,
        plain=True,
    )


@operation(2)
def stack(b):
    x = b.pick(any_kind(b))
    y = x and b.pick(x.kind, lambda v: v.shape == x.shape)
    if not x:
        return None
    a = b.r.randint(1 if x.batched and x.shape[0] == BATCH else 0, x.rank)
    shape = x.shape[:a] + (2,) + x.shape[a:]
    if not b.small(shape):
        return None
    bound = max(x.bound, y.bound) if x.bound and y.bound else 0
    return b.put(
        f"stack([{x.name}, {y.name}], axis = {a})",
        shape,
        x.kind,
        max(x.scale, y.scale),
        bound,
        plain=True,
    )


@operation(1.5)
def split(b):
    x = b.pick(good=lambda v: v.rank > 0)
    a = x and b.axis(x, lambda n: n != BATCH and n >= 2)
    if a is None:
        return None
    n = x.shape[a]
    ways = [k for k in (2, 3, 4) if n % k == 0]
    first, second = b.world.fresh(), b.world.fresh()
    if ways and b.r.random() < 0.6 and 2 in ways:
        b.line(f"{first}, {second} = split({x.name}, 2, axis = {b.spell(x, a)})")
        low = high = n // 2
    else:
        low = b.r.randint(1, n - 1)
        high = n - low
        b.line(f"{first}, {second} = split({x.name}, [{low}, {high}], axis = {b.spell(x, a)})")
    b.made += 1
    b.given(first, x.shape[:a] + (low,) + x.shape[a + 1 :], "f", x.scale)
    return b.given(second, x.shape[:a] + (high,) + x.shape[a + 1 :], "f", x.scale)


@operation(1.5)
def rearrange(b):
    x = b.pick(good=lambda v: 1 <= v.rank <= 4)
    if not x:
        return None
    names = "abcd"[: x.rank]
    left, right, sizes, arguments = [], [], [], ""
    split_at = b.axis(x, lambda n: n != BATCH and n % 2 == 0) if b.r.random() < 0.6 else None
    items = []
    for i, (name, n) in enumerate(zip(names, x.shape)):
        if i == split_at:
            left.append(f"({name} q)" if b.r.random() < 0.5 else f"(q {name})")
            items += [(name, n // 2), ("q", 2)]
            arguments = ", q = 2"
        else:
            left.append(name)
            items.append((name, n))
    keep = [p for p in items if p[1] == BATCH]
    rest = [p for p in items if p[1] != BATCH]
    b.r.shuffle(rest)
    items = keep + rest
    if len(rest) >= 2 and b.r.random() < 0.5:
        right = [n for n, _ in keep + rest[:-2]] + [f"({rest[-2][0]} {rest[-1][0]})"]
        sizes = [s for _, s in keep + rest[:-2]] + [rest[-2][1] * rest[-1][1]]
    else:
        right, sizes = [n for n, _ in items], [s for _, s in items]
    if b.r.random() < 0.2 and b.small(tuple(sizes) + (3,)):
        right.append("z")
        sizes.append(3)
        arguments += ", z = 3"
    return same(
        b, x, f'rearrange({x.name}, "{" ".join(left)} -> {" ".join(right)}"{arguments})', sizes
    )


# ---- indices


@operation(2)
def gather(b):
    x = b.pick(good=lambda v: v.rank > 0)
    a = x and b.axis(x)
    if a is None:
        return None
    i = b.pick(
        "i", lambda v: 0 < v.bound <= x.shape[a] and not (v.batched and x.batched) and v.rank <= 2
    )
    if not i:
        i = b.put(f"i32(0..{x.shape[a]})", (x.shape[a],), "i", bound=x.shape[a])
    shape = x.shape[:a] + i.shape + x.shape[a + 1 :]
    if not b.small(shape):
        return None
    text = (
        f"{x.name}[{', '.join([':'] * a + [i.name])}]"
        if b.r.random() < 0.5
        else f"gather({x.name}, {i.name}, axis = {b.spell(x, a)})"
    )
    return same(b, x, text, shape)


@operation(1.5)
def take(b):
    x = b.pick(good=lambda v: v.rank > 0)
    a = x and b.axis(x)
    if a is None:
        return None
    rest = x.shape[:a] + x.shape[a + 1 :]
    i = b.pick("i", lambda v: 0 < v.bound <= x.shape[a] and v.shape == rest)
    name = i.name if i else f"argmax({x.name}, axis = {a})"
    return same(b, x, f"take({x.name}, {name}, axis = {b.spell(x, a)})", rest)


@operation(1.5)
def sort(b):
    x = b.pick(good=lambda v: v.rank > 0)
    a = x and b.axis(x, lambda n: n != BATCH and n > 1)
    if a is None:
        return None
    i = b.put(
        f"argsort({x.name}, axis = {b.spell(x, a)}{b.r.choice(['', ', descending = true'])})",
        x.shape,
        "i",
        bound=x.shape[a],
    )
    if b.r.random() < 0.6:
        return same(b, x, f"take({x.name}, {i.name}, axis = {b.spell(x, a)})", x.shape)
    return i


@operation(0.7)
def best(b):
    x = b.pick(good=lambda v: v.rank > 0 and v.shape[-1] != BATCH and v.shape[-1] >= 2)
    if not x:
        return None
    k = b.r.randint(1, min(3, x.shape[-1]))
    values, places = b.world.fresh(), b.world.fresh()
    b.line(f"{values}, {places} = top({x.name}, {k})")
    b.made += 1
    b.given(values, x.shape[:-1] + (k,), "f", x.scale)
    return b.given(places, x.shape[:-1] + (k,), "i", 1, x.shape[-1])


@operation(1.5)
def put_at(b):
    x = b.pick(good=lambda v: v.rank > 0)
    a = x and b.axis(x)
    if a is None:
        return None
    n = x.shape[a]
    many = b.r.randint(1, min(3, n))
    at = b.r.sample(range(n), many)
    part = x.shape[:a] + (many,) + x.shape[a + 1 :]
    y = b.pick(good=lambda v: v.shape == part)
    value = (
        y.name
        if y
        else b.r.choice(["0", "0.6", f"tanh({x.name}[{', '.join([':'] * a + [str(at)])}])"])
    )
    return b.put(
        f"put({x.name}, {value}, at = {at}, axis = {b.spell(x, a)})",
        x.shape,
        scale=x.scale,
        plain=True,
    )


@operation(1.5)
def scatter(b):
    i = b.pick("i", lambda v: v.bound > 0 and v.rank == 1)
    if not i:
        return None
    x = b.pick(good=lambda v: v.rank >= 1 and v.shape[0] == i.shape[0] and not v.shape[0] == 1)
    name, rest = (x.name, x.shape[1:]) if x else (f"0.7 * ones[{i.shape[0]}]", ())
    size = i.bound + b.r.randint(0, 1)
    return b.put(f"scatter_add({i.name}, {name}, {size})", (size,) + rest, scale=1.2)


@operation(2)
def scan(b):
    x = b.pick(good=lambda v: v.rank > 0)
    if not x:
        return None
    a = b.r.randrange(x.rank)
    n = b.count([x.shape[a]])
    back = b.r.choice(["", ", reverse = true"])
    if b.r.random() < 0.6:
        return b.put(f"cumsum({x.name}, {b.spell(x, a)}{back})", x.shape, scale=x.scale * n**0.5)
    return b.put(
        f"cumprod(1 + {number(min(0.5, 2 / n))} * tanh({x.name}), {b.spell(x, a)}{back})",
        x.shape,
        scale=1.2,
    )


@operation(0.5)
def scan_whole(b):
    x = b.pick("i", lambda v: v.rank > 0)
    return x and b.put(f"cumsum({x.name}, {b.r.randrange(x.rank)}) % 4", x.shape, "i", bound=4)


# ---- random draws


@operation(1)
def draw(b):
    x = b.pick(good=lambda v: v.rank > 0)
    if not x or not b.world.draws:
        return None
    sizes = ", ".join(map(str, x.shape))
    text, scale = b.r.choice(
        [
            (f"dropout({x.name}, 0.3)", x.scale),
            (f"{x.name} + 0.2 * randn[{x.name}.shape]", x.scale),
            (f"{x.name} * uniform(0.5, 1.5)[{sizes}]", x.scale),
            (f"{x.name} when uniform(0, 1)[{sizes}] < 0.6 else 0", x.scale),
            (f"{x.name} + f32(randint(0, 3)[{sizes}])", x.scale + 1),
        ]
    )
    return b.put(text, x.shape, scale=scale)


@operation(0.4)
def draw_whole(b):
    if not b.world.draws:
        return None
    n, k = b.dim(), b.r.choice([2, 3, 4])
    return b.put(f"randint(0, {k})[{n}]", (n,), "i", bound=k)


# ---- second derivatives


@operation(0.4)
def slope(b):
    x = b.pick(good=lambda v: v.name.startswith("v") and v.rank > 0)
    if not x:
        return None
    y = b.put(f"sum(tanh({x.name}) * sin(0.7 * {x.name}))", (), scale=1.0, plain=True)
    return b.put(f"grad({y.name}, {x.name})", x.shape, scale=0.7, plain=True)
