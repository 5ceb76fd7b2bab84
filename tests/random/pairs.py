"""One primitive right behind another: the pairs that a run has not seen yet are asked for by name.

FORMS has for each primitive a way to apply it to a value so that the value itself is its
operand, with no cast, factor or broadcast between. Values whose elements are certainly above
zero are marked `positive`; roots and logarithms take only those.
"""

from values import BATCH

FORMS = {}


def form(*names):
    def enter(function):
        for name in names:
            FORMS[name] = function
        return function

    return enter


def put(b, text, shape, kind="f", positive=False, bound=0, scale=1.0):
    value = b.put(text, shape, kind, scale, bound, plain=True)
    value.positive = positive
    return value


def moved(b, v, text, shape):
    """The elements of v elsewhere: what is known of them stays true."""
    return put(b, text, shape, v.kind, getattr(v, "positive", False), v.bound, v.scale)


UNARY = {
    "abs": True,
    "sign": True,
    "floor": True,
    "ceil": True,
    "round": True,
    "exp": True,
    "expm1": True,
    "log1p": True,
    "tanh": True,
    "erf": True,
    "sqrt": True,
    "sin": False,
    "cos": False,
    "log": False,
}
NEEDS_POSITIVE = {"sqrt", "log", "log1p"}
WHOLE_TOO = {"abs", "sign"}


def unary(name):
    def apply(b, v):
        positive = getattr(v, "positive", False)
        if (
            v.kind != "f"
            and (name not in WHOLE_TOO or v.kind != "i")
            or name in NEEDS_POSITIVE
            and not positive
        ):
            return None
        if name in ("exp", "expm1") and v.scale > 2:
            return None
        if (
            name in ("floor", "ceil", "round", "sign")
            and v.kind == "f"
            and not positive
            and b.r.random() < 0.7
        ):
            return put(b, f"{name}({v.name})", v.shape, v.kind)
        bound = v.bound if v.kind == "i" else 0
        scale = 3 ** v.scale if name in ("exp", "expm1") else v.scale
        return put(b, f"{name}({v.name})", v.shape, v.kind, positive and UNARY[name], bound, scale)

    return apply


for _name in UNARY:
    FORMS[_name] = unary(_name)


@form("neg")
def negate(b, v):
    return put(b, f"-{v.name}", v.shape, v.kind, scale=v.scale) if v.kind != "b" else None


@form("stop")
def stop(b, v):
    return moved(b, v, f"stop_gradient({v.name})", v.shape)


@form("cast")
def cast(b, v):
    if v.kind == "f":
        return (
            put(
                b,
                f"f64({v.name}) |> f32",
                v.shape,
                "f",
                getattr(v, "positive", False),
                scale=v.scale,
            )
            if b.r.random() < 0.5
            else put(b, f"i32({v.name})", v.shape, "i")
        )
    return put(b, f"f32({v.name})", v.shape, "f")


BINARY = {
    "add": ["{v} + {w}", "{v} + 0.3", "0.7 + {v}"],
    "sub": ["{v} - {w}", "{v} - 0.3", "0.3 - {v}"],
    "mul": ["{v} * {w}", "{v} * 0.7", "{v} * {v}"],
    "maximum": ["maximum({v}, {w})", "maximum({v}, 0.413)"],
    "minimum": ["minimum({v}, {w})", "minimum(1.613, {v})"],
    "div": ["{v} / 1.7"],
    "floordiv": ["{v} // 0.913"],
    "mod": ["{v} % 1.713"],
    "pow": ["1.3 ^ {v}"],
}
WHOLE = {
    "add": "{v} + 1",
    "sub": "{v} - 1",
    "mul": "{v} * 2",
    "maximum": "maximum({v}, 1)",
    "minimum": "minimum({v}, 2)",
    "floordiv": "{v} // 2",
    "mod": "{v} % 3",
}


def binary(name):
    def apply(b, v):
        if v.kind == "i" and name in WHOLE:
            return put(
                b, WHOLE[name].format(v=v.name), v.shape, "i", bound=3 if name == "mod" else 0
            )
        if v.kind != "f" or name == "pow" and v.scale > 3:
            return None
        w = b.pick(good=lambda w: w.shape == v.shape)
        text = b.r.choice(BINARY[name]).format(v=v.name, w=(w or v).name)
        return put(
            b,
            text,
            v.shape,
            "f",
            getattr(v, "positive", False) and name in ("mul", "maximum", "div", "pow") and w is v,
            scale=v.scale + 0.3,
        )

    return apply


for _name in BINARY:
    FORMS[_name] = binary(_name)


def compare(sign):
    def apply(b, v):
        if v.kind == "b":
            w = b.pick("b", lambda w: w.shape == v.shape)
            return (
                put(b, f"{v.name} {sign} {(w or v).name}", v.shape, "b")
                if sign in ("==", "!=")
                else None
            )
        return put(b, f"{v.name} {sign} {'1' if v.kind == 'i' else '0.1173'}", v.shape, "b")

    return apply


FORMS.update({"eq": compare("=="), "ne": compare("!="), "lt": compare("<"), "le": compare("<=")})


@form("not")
def opposite(b, v):
    return put(b, f"not {v.name}", v.shape, "b") if v.kind == "b" else None


def logical(word):
    def apply(b, v):
        w = v.kind == "b" and b.pick("b", lambda w: w.shape == v.shape and w is not v)
        return put(b, f"{v.name} {word} {w.name}", v.shape, "b") if w else None

    return apply


FORMS.update({"and": logical("and"), "or": logical("or")})


@form("select")
def select(b, v):
    if v.kind == "b":
        w = b.pick(b.r.choice("fib"), lambda w: w.shape == v.shape)
        return (
            put(
                b,
                f"{w.name} when {v.name} else {'0' if w.kind == 'i' else '0.3'}",
                v.shape,
                w.kind,
            )
            if w and w.kind != "b"
            else put(b, f"0.7 when {v.name} else -0.4", v.shape)
        )
    c = b.pick("b", lambda c: c.shape == v.shape)
    other = "0" if v.kind == "i" else "0.31"
    return (
        put(
            b,
            f"{v.name} when {c.name} else {other}",
            v.shape,
            v.kind,
            getattr(v, "positive", False),
            scale=v.scale,
        )
        if c
        else None
    )


@form("reshape")
def reshape(b, v):
    if BATCH in v.shape[1:]:
        return None
    sizes = [BATCH, -1] if v.batched else [-1]
    rest = b.count(v.shape[1:] if v.batched else v.shape)
    shape = (BATCH, rest) if v.batched else (rest,)
    return (
        moved(b, v, f"reshape({v.name}, [{', '.join(map(str, sizes))}])", shape)
        if shape != v.shape
        else None
    )


@form("permute")
def permute(b, v):
    if v.rank < 2:
        return None
    order = list(range(v.rank))
    order.append(order.pop(b.r.randrange(v.rank - 1)))
    return moved(b, v, f"transpose({v.name}, {order})", [v.shape[i] for i in order])


@form("broadcast")
def spread(b, v):
    if 1 not in v.shape:
        return None
    shape = [3 if n == 1 else n for n in v.shape]
    return (
        moved(b, v, f"expand({v.name}, [{', '.join(map(str, shape))}])", shape)
        if b.small(shape)
        else None
    )


@form("slice")
def cut(b, v):
    a = b.axis(v, lambda n: n != BATCH and n > 1)
    if a is None:
        return None
    subscript = b.r.choice(["1:", "::-1", "::2", f":{v.shape[a] - 1}"])
    n = len(range(v.shape[a])[slice(*[int(t) if t else None for t in subscript.split(":")])])
    shape = v.shape[:a] + (n,) + v.shape[a + 1 :]
    return moved(b, v, f"{v.name}[{', '.join([':'] * a + [subscript])}]", shape)


@form("pad")
def pad(b, v):
    if v.rank == 0 or v.shape[-1] == BATCH or v.kind == "b":
        return None
    low = b.r.randint(0, 1)
    return put(
        b,
        f"pad({v.name}, [({low}, 1)])",
        v.shape[:-1] + (v.shape[-1] + low + 1,),
        v.kind,
        scale=v.scale,
    )


@form("concat")
def join(b, v):
    a = b.axis(v) if v.rank else None
    if a is None:
        return None
    w = b.pick(v.kind, lambda w: w.shape == v.shape) or v
    shape = v.shape[:a] + (2 * v.shape[a],) + v.shape[a + 1 :]
    return (
        put(b, f"concat([{v.name}, {w.name}], axis = {a})", shape, v.kind, scale=v.scale)
        if b.small(shape)
        else None
    )


def reduce(function):
    def apply(b, v):
        if not v.rank or (function in ("any", "all")) != (v.kind == "b"):
            return None
        a = b.r.randrange(v.rank)
        n = b.count([v.shape[a]])
        shape = v.shape[:a] + v.shape[a + 1 :]
        if function == "argmax":
            return (
                put(b, f"argmax({v.name}, axis = {a})", shape, "i", bound=n)
                if v.shape[a] != BATCH
                else None
            )
        return put(
            b,
            f"{function}({v.name}, axis = {a})",
            shape,
            v.kind,
            getattr(v, "positive", False),
            scale=v.scale * (n if function == "sum" else 1),
        )

    return apply


for _name in ("sum", "max", "min", "any", "all", "argmax"):
    FORMS[_name] = reduce(_name)


@form("contract")
def contract(b, v):
    if v.kind != "f" or not v.rank or v.shape[-1] == BATCH or not b.owner:
        return None
    w = b.param((v.shape[-1], b.r.choice([2, 3])))
    return put(b, f"{v.name} @ {w.name}", v.shape[:-1] + (w.shape[1],), scale=2 * v.scale)


def is_image(v):
    return (
        v.kind == "f"
        and v.rank in (3, 4)
        and BATCH not in v.shape[1:]
        and all(n >= 2 for n in v.shape[2:])
    )


@form("convolve")
def convolve(b, v):
    if not is_image(v) or not b.owner:
        return None
    w = b.param((2, v.shape[1], *[2] * (v.rank - 2)))
    shape = (v.shape[0], 2, *[n - 1 for n in v.shape[2:]])
    return put(b, f"convolve({v.name}, {w.name})", shape, scale=2 * v.scale)


@form("convolve_input")
def convolve_transpose(b, v):
    if not is_image(v) or not b.owner:
        return None
    w = b.param((v.shape[1], 2, *[2] * (v.rank - 2)))
    shape = (v.shape[0], 2, *[n + 1 for n in v.shape[2:]])
    return (
        put(b, f"convolve_transpose({v.name}, {w.name})", shape, scale=2 * v.scale)
        if b.small(shape)
        else None
    )


def window(function):
    def apply(b, v):
        if not is_image(v):
            return None
        return put(
            b,
            f"{function}({v.name}, {[2] * (v.rank - 2)})",
            (*v.shape[:2], *[n - 1 for n in v.shape[2:]]),
            "f",
            getattr(v, "positive", False),
            scale=v.scale * (1 if function == "window_max" else 3),
        )

    return apply


FORMS.update({"window_max": window("window_max"), "window_sum": window("window_sum")})


@form("gather")
def gather(b, v):
    if v.kind == "i" and b.owner and v.rank <= 2:
        return put(b, f"{b.param((4, 2)).name}[{v.name}]", v.shape + (2,))
    a = b.axis(v) if v.rank else None
    if a is None:
        return None
    return moved(
        b,
        v,
        f"{v.name}[{', '.join([':'] * a + ['i32([0, 0])'])}]",
        v.shape[:a] + (2,) + v.shape[a + 1 :],
    )


@form("scatter_add")
def scatter_add(b, v):
    if v.kind == "i" and v.rank == 1:
        return put(b, f"scatter_add({v.name}, 0.5 * ones[{v.shape[0]}], 3)", (3,))
    if v.kind != "f" or not v.rank or v.shape[0] in (BATCH, 1):
        return None
    n = v.shape[0]
    return put(b, f"scatter_add(i32(0..{n}) % 2, {v.name}, 3)", (3,) + v.shape[1:], scale=v.scale)


@form("scatter_set")
def scatter_set(b, v):
    a = b.axis(v) if v.rank else None
    if a is None or v.kind == "b":
        return None
    return put(
        b,
        f"put({v.name}, {'0' if v.kind == 'i' else '0.4'}, at = [0], axis = {a})",
        v.shape,
        v.kind,
        scale=v.scale,
    )


@form("cumsum")
def scan_sum(b, v):
    return (
        put(
            b,
            f"cumsum({v.name}, {b.r.randrange(v.rank)})",
            v.shape,
            v.kind,
            getattr(v, "positive", False),
            scale=v.scale * 2,
        )
        if v.rank and v.kind != "b"
        else None
    )


@form("cumprod")
def scan_product(b, v):
    if not v.rank or v.kind == "b" or v.scale > 1.5:
        return None
    return put(
        b,
        f"cumprod({v.name}, {b.r.randrange(v.rank)})",
        v.shape,
        v.kind,
        getattr(v, "positive", False),
        scale=v.scale,
    )


@form("argsort")
def sort(b, v):
    a = b.axis(v) if v.rank and v.kind != "b" else None
    return (
        None
        if a is None
        else put(b, f"argsort({v.name}, axis = {a})", v.shape, "i", bound=v.shape[a])
    )


# Consumers that grow without bound: what goes into them, through any producer, starts smaller.
STEEP = {"exp", "expm1", "pow", "cumprod"}


def start(b, producer, consumer):
    """A tame value that the producer may like: one to two, an image, or with an axis of size 1."""
    kind = (
        "b"
        if producer in ("not", "and", "or", "any", "all")
        else (
            b.r.choice("fffffi")
            if producer in WHOLE
            or producer in WHOLE_TOO
            or producer in ("neg", "select", "reshape", "slice", "concat", "cast")
            else "f"
        )
    )
    image = (
        producer in ("convolve", "convolve_input", "window_max", "window_sum")
        or b.r.random() < 0.25
    )
    good = (
        (lambda v: v.rank == 4 and BATCH not in v.shape[1:] and min(v.shape[2:]) > 2)
        if image
        else (lambda v: 1 in v.shape) if producer == "broadcast" else (lambda v: v.rank > 0)
    )
    x = b.pick(kind, good)
    if not x and kind == "f" and b.owner:
        x = b.param((2, 2, 4, 4) if image else (3, 1, 4))
    if not x or kind != "f":
        return x
    steep = consumer in STEEP or producer in STEEP
    tame = getattr(x, "positive", False) and x.scale < 2
    if not steep and (tame or b.r.random() < 0.3):
        return x
    # Not by tanh, whose derivative keeps few digits where it is flat.
    calm = x.name if x.scale < 1.5 else f"{1 / x.scale:.3g} * {x.name}"
    low, high, scale = (0.45, 0.2, 0.4) if steep else (1.45, 0.3, 1.4)
    return put(b, f"{low} + {high} * sin(3.7 * {calm})", x.shape, "f", True, scale=scale)


def wanted_pair(b):
    """Producer and consumer of a pair that was asked for, then something that calms them."""
    for producer, consumer in b.r.sample(b.world.wanted, min(8, len(b.world.wanted))):
        last = make_pair(b, producer, consumer)
        if last:
            return last
    return None


def make_pair(b, producer, consumer):
    x = start(b, producer, consumer)
    middle = x and FORMS[producer](b, x)
    if not middle or not b.small(middle.shape):
        return None
    middle.uses += 1
    last = FORMS[consumer](b, middle)
    if not last:
        return None
    b.world.wanted.remove((producer, consumer))
    if last.kind == "f" and last.scale >= 1.5:
        last.uses += 1
        return b.put(f"sin({last.name})", last.shape, scale=0.7)
    return last
