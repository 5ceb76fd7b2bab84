"""Operations that contract and slide: matrix products, einsum, convolutions, windows."""

import math

from operations import operation
from values import BATCH

# ---- contractions


@operation(3)
def matmul(b):
    x = b.pick(good=lambda v: v.rank >= 1 and v.shape[-1] != BATCH)
    if not x:
        return None
    k = x.shape[-1]
    y = b.pick(good=lambda v: v.rank == 2 and v.shape[0] == k and v.shape[1] != BATCH)
    if b.owner and (not y or b.r.random() < 0.6):
        y = b.param((k, b.dim()))
    if not y:
        return None
    shape = x.shape[:-1] + y.shape[1:]
    return (
        b.put(f"{x.name} @ {y.name}", shape, scale=x.scale * y.scale * k**0.5)
        if b.small(shape)
        else None
    )


@operation(1.5)
def gram(b):
    x = b.pick(good=lambda v: v.rank >= 2)
    if not x or not b.small(x.shape[:-1] + (x.shape[-2],)):
        return None
    turned = b.r.random() < 0.5
    k = b.size(x, -2) if turned else b.size(x, -1)
    n = x.shape[-1] if turned else x.shape[-2]
    text = f"{x.name}.T @ {x.name}" if turned else f"{x.name} @ {x.name}.T"
    return b.put(text, x.shape[:-2] + (n, n), scale=x.scale**2 * k**0.7)


@operation(2)
def einsum(b):
    x = b.pick(good=lambda v: 1 <= v.rank <= 3)
    if not x:
        return None
    y = b.pick(good=lambda v: 1 <= v.rank <= 3)
    letters = "abcdefg"
    left = list(letters[: x.rank])
    right = []
    for n in y.shape:
        fits = [c for c, m in zip(left, x.shape) if m == n and c not in right]
        if fits and (n == BATCH or b.r.random() < 0.6):
            right.append(b.r.choice(fits))
        else:
            right.append(letters[x.rank + len(right)])
    size = dict(zip(left, x.shape)) | dict(zip(right, y.shape))
    if sum(n == BATCH for n in size.values()) > 1:
        return None
    out = [c for c in size if b.r.random() < 0.6]
    b.r.shuffle(out)
    shape = [size[c] for c in out]
    summed = b.count([n for c, n in size.items() if c not in out])
    if not b.small(shape) or b.count(size.values()) > 8 * b.world.most:
        return None
    text = f'einsum("{" ".join(left)}, {" ".join(right)} -> {" ".join(out)}", {x.name}, {y.name})'
    return b.put(text, shape, scale=x.scale * y.scale * summed**0.6)


# ---- windows


def image(b, spatial, channels=None):
    """A value [rows, channels, places ..]: of the pool, or something reshaped."""
    x = b.pick(
        good=lambda v: v.rank == spatial + 2
        and all(n != BATCH for n in v.shape[1:])
        and all(n >= 3 for n in v.shape[2:])
        and (channels is None or v.shape[1] % channels == 0)
    )
    if x and b.r.random() < 0.85:
        return x
    x = b.pick(good=lambda v: v.rank >= 1 and all(n != BATCH for n in v.shape[1:]))
    if not x:
        return None
    c = channels or b.r.choice([1, 2, 3, 4])
    places = [b.r.choice([4, 5, 6, 7]) for _ in range(spatial)]
    count = c * math.prod(places)
    rest = math.prod(x.shape[1:])
    if x.shape[0] != BATCH and not b.owner or not b.owner:
        return None
    weight = b.param((rest, count))
    shape = (x.shape[0], c, *places)
    flat = x.name if x.rank == 2 else f"reshape({x.name}, [{x.shape[0]}, {rest}])"
    return (
        b.put(
            f"reshape({flat} @ {weight.name}, [{', '.join(map(str, shape))}])",
            shape,
            scale=weight.scale * x.scale * rest**0.5,
        )
        if b.small(shape)
        else None
    )


def window_settings(b, places, kernel):
    """Stride, padding and dilation that leave a place at least, and the places left."""
    same_all = b.r.random() < 0.6

    def each(choices):
        values = (
            [b.r.choice(choices)] * len(places)
            if same_all
            else [b.r.choice(choices) for _ in places]
        )
        return values

    stride, dilation = each([1, 1, 2, 3]), each([1, 1, 1, 2])
    padding = [
        (p, p) if same_all or b.r.random() < 0.5 else (p, b.r.randint(0, 1))
        for p in each([0, 0, 1, 2])
    ]
    left = [
        (n + p + q - d * (k - 1) - 1) // s + 1
        for n, k, s, d, (p, q) in zip(places, kernel, stride, dilation, padding)
    ]
    covered = all(
        n + p + q >= d * (k - 1) + 1 for n, k, d, (p, q) in zip(places, kernel, dilation, padding)
    )
    return (stride, padding, dilation, left) if covered and min(left) >= 1 else None


def settings_text(stride, padding, dilation):
    def one(values, default):
        if all(v == default for v in values):
            return None
        return (
            str(values[0])
            if len(set(values)) == 1 and not isinstance(values[0], tuple)
            else str(values)
        )

    out = ""
    pads = [p for p, q in padding] if all(p == q for p, q in padding) else padding
    for name, values, default in (
        ("stride", stride, 1),
        ("padding", pads, 0),
        ("dilation", dilation, 1),
    ):
        text = one(values, default)
        out += f", {name} = {text}" if text else ""
    return out


@operation(2.5)
def convolve(b):
    spatial = b.r.choice([1, 2, 2, 2, 3]) if b.world.most > 200 else b.r.choice([1, 2])
    x = b.owner and image(b, spatial)
    if not x:
        return None
    c = x.shape[1]
    groups = b.r.choice([g for g in range(1, c + 1) if c % g == 0] + [1])
    out = groups * b.r.choice([1, 2, 3])
    kernel = [b.r.choice([1, 2, 3]) for _ in range(spatial)]
    found = window_settings(b, x.shape[2:], kernel)
    if not found or not b.small((x.shape[0], out, *found[3])):
        return None
    stride, padding, dilation, left = found
    w = b.param((out, c // groups, *kernel))
    settings = settings_text(stride, padding, dilation)
    settings += f", groups = {groups}" if groups > 1 else ""
    text = f"convolve({x.name}, {w.name}{settings})"
    return b.put(
        text,
        (x.shape[0], out, *left),
        scale=x.scale * w.scale * (c // groups * math.prod(kernel)) ** 0.5,
    )


@operation(1.5)
def convolve_transpose(b):
    spatial = b.r.choice([1, 2, 2])
    x = b.owner and image(b, spatial)
    if not x:
        return None
    c = x.shape[1]
    groups = b.r.choice([g for g in range(1, c + 1) if c % g == 0] + [1])
    out = b.r.choice([1, 2, 3])
    kernel = [b.r.choice([1, 2, 3]) for _ in range(spatial)]
    stride, padding, more = b.r.choice([1, 2, 3]), b.r.choice([0, 0, 1]), b.r.choice([0, 0, 1])
    more = min(more, stride - 1)
    left = [(n - 1) * stride - 2 * padding + k + more for n, k in zip(x.shape[2:], kernel)]
    shape = (x.shape[0], out * groups, *left)
    if min(left) < 1 or not b.small(shape):
        return None
    w = b.param((c, out, *kernel))
    extra = (f", stride = {stride}" if stride > 1 else "") + (
        f", padding = {padding}" if padding else ""
    )
    extra += (f", groups = {groups}" if groups > 1 else "") + (
        f", output_padding = {more}" if more else ""
    )
    return b.put(
        f"convolve_transpose({x.name}, {w.name}{extra})",
        shape,
        scale=x.scale * w.scale * (c // groups * math.prod(kernel) / stride) ** 0.5,
    )


@operation(2)
def window(b):
    spatial = b.r.choice([1, 2, 2])
    x = image(b, spatial)
    if not x:
        return None
    size = [b.r.choice([2, 3]) for _ in range(spatial)]
    found = window_settings(b, x.shape[2:], size)
    if not found:
        return None
    stride, padding, dilation, left = found
    function = b.r.choice(["window_max", "window_sum"])
    if function == "window_max" and any(
        p >= k or q >= k or n + p + q < d * (k - 1) + 1 or p > (k - 1) // 2 + (k % 2 == 0) * 0
        for n, k, d, (p, q) in zip(x.shape[2:], size, dilation, padding)
    ):
        stride, padding, dilation = stride, [(0, 0)] * spatial, [1] * spatial
        left = [(n - k) // s + 1 for n, k, s in zip(x.shape[2:], size, stride)]
    shape = (*x.shape[:2], *left)
    if not b.small(shape) or min(left) < 1:
        return None
    return b.put(
        f"{function}({x.name}, {size}{settings_text(stride, padding, dilation)})",
        shape,
        scale=x.scale * (1 if function == "window_max" else math.prod(size) ** 0.6),
    )
