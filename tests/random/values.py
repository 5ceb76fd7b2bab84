"""Values, blocks of statements, and how a statement is put down.

A Block grows statements in one scope of a spec (a step, a method of a layer, a function). It
knows the shape of every value, so that whatever an operation writes is valid by construction,
and about how large its elements are, so that nothing overflows and nothing fades. Every
statement ends in a comment with its type, by which shrink.py can put a constant in its place.
"""

import math
import re

BATCH = "B"


class Value:
    def __init__(self, name, shape, kind, scale=1.0, bound=0):
        self.name, self.shape, self.kind = name, tuple(shape), kind
        self.scale = scale  # of floats: about the root mean square of its elements
        self.bound = bound  # of whole numbers: 0 <= element < bound, or 0 where not known
        self.uses = 0

    @property
    def rank(self):
        return len(self.shape)

    @property
    def batched(self):
        return BATCH in self.shape


def sizes_text(shape):
    return ", ".join(str(n) for n in shape)


def type_text(kind, shape):
    return {"f": "f32", "i": "i32", "b": "bool"}[kind] + f"[{sizes_text(shape)}]"


def number(x):
    """A literal of two or three digits near x, never 0."""
    text = f"{x:.2g}"
    if "e" in text:
        text = f"{float(text):.8f}".rstrip("0")
    return text if "." in text else text + ".0"


def broadcast(a, b):
    """The broadcast shape, or None. B meets B and 1 only."""
    out = []
    for i in range(1, max(len(a), len(b)) + 1):
        p = a[-i] if i <= len(a) else 1
        q = b[-i] if i <= len(b) else 1
        if p != q and p != 1 and q != 1:
            return None
        out.append(q if p == 1 else p)
    return tuple(reversed(out))


class Owner:
    """Where members are declared: the body of the model or of a layer."""

    def __init__(self, indent):
        self.indent, self.lines, self.params, self.names = indent, [], [], 0

    def name(self, stem):
        self.names += 1
        return f"{stem}{self.names}"

    def add(self, line):
        self.lines.append(" " * self.indent + line)

    def used(self, text):
        """The lines of members that occur in `text` or in each other; others are mistakes."""
        kept = list(self.lines)
        for line in reversed(self.lines):
            name = re.match(r"\s*(?:param |buffer )?(\w+)", line).group(1)
            others = "\n".join(k for k in kept if k is not line) + text
            if not name.startswith("_") and not re.search(rf"\b{name}\b", others):
                kept.remove(line)
        return kept


class Block:
    def __init__(self, world, owner, indent=8):
        self.world, self.r, self.owner, self.indent = world, world.r, owner, indent
        self.lines, self.pool, self.made = [], [], 0

    # ---- writing

    def line(self, text):
        self.lines.append(" " * self.indent + text)

    def given(self, name, shape, kind="f", scale=1.0, bound=0):
        value = Value(name, shape, kind, scale, bound)
        self.pool.append(value)
        return value

    def put(self, text, shape, kind="f", scale=1.0, bound=0, plain=False):
        """Binds a new name. Floats get a scale between 0.3 and 3, by a factor if need be."""
        if kind == "f" and not plain and not 0.3 <= scale <= 3:
            text, scale = f"{number(1 / scale)} * ({text})", 1.0
        self.made += 1
        name = f"{self.world.stem}{self.world.count()}"
        self.line(f"{name} = {text}  # {type_text(kind, shape)}")
        value = Value(name, shape, kind, scale, bound)
        self.pool.append(value)
        return value

    # ---- sizes

    def count(self, shape):
        return math.prod(self.world.batch if n == BATCH else n for n in shape)

    def small(self, shape):
        return self.count(shape) <= self.world.most and len(shape) <= 6

    def size(self, x, axis):
        return self.world.batch if x.shape[axis] == BATCH else x.shape[axis]

    def dim(self):
        return self.r.choice(self.world.sizes)

    # ---- choosing

    def pick(self, kind="f", good=lambda v: True, fresh=True):
        """A value of the pool: late and unused ones rather than others. None if there is none."""
        found = [v for v in self.pool if v.kind == kind and good(v)]
        if not found:
            return None
        weight = [(i + 1) ** 2 * (4 if v.uses == 0 else 1) for i, v in enumerate(found)]
        value = self.r.choices(found, weight)[0] if fresh else self.r.choice(found)
        value.uses += 1
        return value

    def axis(self, x, good=lambda n: n != BATCH):
        """A random axis of x whose size is good, or None."""
        found = [i for i, n in enumerate(x.shape) if good(n)]
        return self.r.choice(found) if found else None

    def spell(self, x, axis):
        """The axis as text, counted from either end."""
        return str(axis if self.r.random() < 0.5 else axis - x.rank)

    def partner(self, x, kind="f"):
        """A value that broadcasts with x: of the pool if one fits, else a new parameter."""

        def fits(v):
            s = broadcast(x.shape, v.shape)
            return s is not None and self.small(s)

        found = self.pick(kind, fits)
        if found and self.r.random() < 0.75:
            return found
        if kind != "f" or self.owner is None:
            return found
        shape = [1 if n == BATCH or self.r.random() < 0.2 else n for n in x.shape]
        while shape and (shape[0] == 1 or self.r.random() < 0.2):
            shape.pop(0)
        return self.param(shape)

    # ---- members

    def param(self, shape, scale=0.6):
        shape = tuple(shape)
        same = [p for p in self.owner.params if p.shape == shape]
        if same and self.r.random() < 0.3:
            return self.r.choice(same)
        name = self.owner.name("p")
        self.owner.add(f"param {name}: f32[{sizes_text(shape)}] = {self.initial(shape, scale)}")
        value = Value(name, shape, "f", scale)
        self.owner.params.append(value)
        return value

    def initial(self, shape, scale):
        r = self.r
        wide = number(scale * 1.7)
        choices = [
            f"uniform(-{wide}, {wide})",
            f"normal(0, {number(scale)})",
            f"normal(0.1, {number(scale)})",
        ]
        if len(shape) == 1 and shape[0] <= 5:
            choices.append(
                "[" + ", ".join(f"{r.uniform(-1, 1):.2f}" for _ in range(shape[0])) + "]"
            )
        if len(shape) == 0:
            choices = [f"{r.uniform(0.3, 1.2):.2f}", f"-{r.uniform(0.3, 1.2):.2f}"]
        if len(shape) >= 2:
            choices += [
                "xavier_uniform()",
                "kaiming_normal()",
                "xavier_normal(gain = 1.2)",
                "truncated_normal(0, 0.5)",
            ]
        return r.choice(choices)
