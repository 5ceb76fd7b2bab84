"""Operations on the values of a block, one function each: it writes a statement, or gives None if
nothing fits.

Arguments of functions with poles are conditioned (`log(1.3 + x^2)`), thresholds are numbers that
lattice values do not hit, and nothing makes many elements equal but for rounding (as
`x % (1 + abs(x))` does of all below zero), so that float32 and float64 decide alike.
"""

from values import BATCH, broadcast, number

TABLE = []  # (name, weight, function)


def operation(weight=1.0):
    def enter(function):
        TABLE.append((function.__name__, weight, function))
        return function

    return enter


# ---- elementwise

UNARY = [
    ("-{}", 1),
    ("abs({})", 1),
    ("sin({})", 0.7),
    ("cos({})", 0.7),
    ("tanh({})", 0.6),
    ("erf({})", 0.6),
    ("sqrt(0.4 + {}^2)", 1.1),
    ("sqrt(1.1 + abs({}))", 1.3),
    ("log(1.3 + {}^2)", 0.8),
    ("log(1.2 + abs({}))", 0.6),
    ("log1p(abs({}))", 0.6),
    ("log1p({}^2)", 0.7),
    ("exp(-abs({}))", 0.5),
    ("exp(sin({}))", 1.2),
    ("expm1(tanh({}))", 0.8),
    ("exp(minimum({}, 1.37))", 1.5),
    ("{}^2", 1),
    ("tanh({})^3", 0.5),
    ("(1.2 + abs({}))^0.5", 1.3),
    ("(0.8 + {}^2)^-0.5", 0.7),
    ("1.0 / (1.4 + {}^2)", 0.5),
    ("{} / 1.7", 0.6),
    ("1.3 - {}", 1.3),
    ("{} * -0.7", 0.7),
    ("maximum({}, -0.313)", 0.8),
    ("minimum({}, 0.417)", 0.8),
    ("{} % 1.73", 0.8),
    ("stop_gradient({})", 1),
    ("f32(f64({}))", 1),
    ("square({})", 1),
    ("f32(i32(2.7 * {} + 0.291))", 2),
    ("f32(i64({} * 1.9 - 0.137))", 1.5),
    ("f32(bool(round({} * 1.3)))", 0.7),
    ("f32(i16(3.1 * {} + 0.219))", 2.5),
    ("f32(i8(2.3 * tanh({}) + 0.271))", 1.5),
    ("f32(u8(3.3 * abs(tanh({})) + 0.313))", 1.5),
    ("lerp({}, 0.3, 0.4)", 0.7),
    ("clamp({}, min = -1.113, max = 0.907)", 0.8),
    ("-(-{})", 1),
    ("{} + {}", 2),
    ("{} * {}", 1),
    ("reciprocal(1.5 + {}^2)", 0.5),
    ("rsqrt(1.1 + {}^2)", 0.7),
    ("sinh(tanh({}))", 0.7),
    ("cosh(tanh({}))", 1.2),
    ("tan(0.8 * tanh({}))", 0.6),
    ("log2(1.7 + abs({}))", 1),
    ("exp2(sin({}))", 1.1),
]
STEPS = [
    "sign({} - 0.0713)",
    "floor(2.3 * {} + 0.137)",
    "ceil(1.9 * {} - 0.213)",
    "round(2.1 * {} + 0.119)",
    "({} * 1.7 + 0.171) // 0.9",
]
ACTIVATIONS = [
    "relu",
    "leaky_relu(_, 0.2)",
    "elu",
    "gelu",
    'gelu(_, approximate = "tanh")',
    "silu",
    "mish",
    "sigmoid",
    "tanh",
    "softplus",
    "softsign",
    "selu",
    "celu(_, 0.7)",
    "hard_swish",
    "relu6",
    "log_sigmoid",
    "tanhshrink",
    "softshrink(_, 0.31)",
    "hardtanh",
    "hard_sigmoid",
]


def plain(b, x):
    return x.name


@operation(7)
def unary(b):
    x = b.pick()
    form, scale = b.r.choice(UNARY)
    factor = x.scale if scale in (1, 1.0) else 1.0
    return x and b.put(
        form.format(*([x.name] * form.count("{}"))), x.shape, scale=scale * factor if scale else 1.0
    )


@operation(2)
def step_function(b):
    x = b.pick()
    return x and b.put(f"{b.r.choice(STEPS).format(x.name)} + 0.1 * {x.name}", x.shape, scale=1.5)


@operation(0.7)
def bare_step_function(b):
    x = b.pick()
    return x and b.put(b.r.choice(STEPS).format(x.name), x.shape, scale=1.5)


@operation(1.5)
def activation(b):
    x = b.pick()
    act = b.r.choice(ACTIVATIONS)
    if not x:
        return None
    text = f"{x.name} |> {act.replace('_, ', '')}"
    return b.put(text, x.shape, scale=0.6 * x.scale, plain=True)


@operation(7)
def binary(b):
    x = b.pick()
    y = x and b.partner(x)
    if not y:
        return None
    if b.r.random() < 0.5:
        x, y = y, x
    shape, (p, q) = broadcast(x.shape, y.shape), (x.name, y.name)
    form, scale = b.r.choice(
        [
            ("{p} + {q}", x.scale + y.scale),
            ("{p} - {q}", x.scale + y.scale),
            ("{p} * {q}", x.scale * y.scale),
            ("{p} / (1.3 + {q}^2)", x.scale / 1.8),
            ("{p} / (1.1 + abs({q}))", x.scale / 1.6),
            ("maximum({p}, {q} + 0.0713)", max(x.scale, y.scale)),
            ("minimum({p}, {q} - 0.0531)", max(x.scale, y.scale)),
            ("(1.2 + abs({p})) ^ tanh({q})", 1.2),
            ("{p} % (1.1 + {q}^2)", 1),
            ("floor({p} * 1.9 + 0.213) // 2.0 + {q}", 1.5),
            ("sin({p}) * cos({q})", 0.5),
            ("lerp({p}, {q}, 0.3)", 0.8),
            ("{p} * {q} + {p}", x.scale * y.scale + x.scale),
            ("{p} * {p} - {q} * {q}", x.scale + y.scale),
            ("({p} + 0.171) // (1.3 + abs({q})) * 0.5 + {p}", 1.5),
        ]
    )
    return b.put(form.format(p=p, q=q), shape, scale=scale)


@operation(2)
def compare(b):
    x = b.pick()
    y = x and b.partner(x)
    if not y:
        return None
    sign = b.r.choice(["<", "<=", ">", ">="])
    form = b.r.choice(
        [
            "{p} {s} {q} + 0.0417",
            "{p} {s} 0.117",
            "round({p} * 1.7 + 0.113) {e} round({q} * 1.9 - 0.1319)",
            "is_finite({p})",
        ]
    )
    equal = b.r.choice(["==", "!="])
    shape = broadcast(x.shape, y.shape) if "{q}" in form else x.shape
    return b.put(form.format(p=x.name, q=y.name, s=sign, e=equal), shape, "b")


@operation(1.5)
def logic(b):
    x = b.pick("b")
    if not x:
        return compare(b)
    y = b.partner(x, "b")
    form = b.r.choice(
        [
            "{p} and {q}",
            "{p} or {q}",
            "not {p}",
            "{p} == {q}",
            "{p} != {q}",
            "not {p} or {q}",
            "{p} and {p}",
        ]
    )
    if "{q}" in form and not y:
        form = "not {p}"
    return b.put(
        form.format(p=x.name, q=y and y.name),
        broadcast(x.shape, y.shape) if "{q}" in form else x.shape,
        "b",
    )


@operation(3)
def choose(b):
    c = b.pick("b")
    if not c:
        return compare(b)
    x = b.partner(c)
    if not x:
        return None
    shape = broadcast(c.shape, x.shape)
    found = b.pick("f", lambda v: broadcast(shape, v.shape) and b.small(broadcast(shape, v.shape)))
    other = found.name if found and b.r.random() < 0.7 else b.r.choice(["0", "-0.4", "1.5"])
    if found and other == found.name:
        shape = broadcast(shape, found.shape)
    text = f"{x.name} when {c.name} else {other}"
    if b.r.random() < 0.3:
        text = f"{other} when {c.name} else {x.name}"
    return b.put(text, shape, scale=1.0)


@operation(1.2)
def cast_truth(b):
    x = b.pick("b")
    if not x:
        return compare(b)
    if b.r.random() < 0.3:
        return b.put(f"i32({x.name})", x.shape, "i", bound=2)
    return b.put(f"f32({x.name})", x.shape, scale=0.7)


# ---- whole numbers


@operation(1.5)
def whole(b):
    x = b.pick()
    n = b.r.choice([2, 3, 5, 7])
    kind = b.r.choice(
        [
            "i32(2.3 * {} + 0.271) % {}",
            "i32(floor({} * 3.1 + 0.133)) % {}",
            "abs(i32({} * 2.9 + 0.217)) % {}",
        ]
    )
    return x and b.put(kind.format(x.name, n), x.shape, "i", bound=n)


@operation(1.2)
def whole_arithmetic(b):
    x = b.pick("i", lambda v: v.bound > 0)
    if not x:
        return whole(b)
    n = b.r.choice([2, 3, 4, 6])
    y = b.pick(
        "i",
        lambda v: v.bound > 0
        and broadcast(x.shape, v.shape)
        and b.small(broadcast(x.shape, v.shape)),
    )
    y = y or x
    shape = broadcast(x.shape, y.shape)
    form, bound = b.r.choice(
        [
            ("({p} * 3 + {q}) % {n}", n),
            ("maximum({p}, {q})", max(x.bound, y.bound)),
            ("minimum({p}, {q})", max(x.bound, y.bound)),
            ("({p} + {q}) // 2", max(x.bound, y.bound)),
            ("abs({p} - {q})", max(x.bound, y.bound)),
            ("(-{p} + {q}) % {n}", n),
            ("{p} when {p} < {q} else {q}", max(x.bound, y.bound)),
            ("sign({p} - {q}) + 1", 3),
            ("{p} * {q} % {n}", n),
        ]
    )
    return b.put(form.format(p=x.name, q=y.name, n=n), shape, "i", bound=bound)


@operation(0.8)
def whole_compare(b):
    x = b.pick("i")
    if not x:
        return whole(b)
    return b.put(
        b.r.choice(["{} == 1", "{} != 0", "{} < 2", "{} >= 1", "1 < {}"]).format(x.name),
        x.shape,
        "b",
    )


@operation(1.0)
def whole_cast(b):
    x = b.pick("i")
    if not x:
        return whole(b)
    return b.put(
        b.r.choice(
            ["0.5 * f32({})", "f32({}) - 0.7", "f32(i64({}) * i64(3))", "f32(i8({}))", "f32({})"]
        ).format(x.name),
        x.shape,
        scale=1.5,
    )


@operation(0.6)
def iota(b):
    n = b.dim()
    return b.put(
        b.r.choice(["i32(0..{n})", "(i32(0..{n}) * 5 + 2) % {n}"]).format(n=n), (n,), "i", bound=n
    )


@operation(0.5)
def float_iota(b):
    n = b.dim()
    return b.put(
        b.r.choice(
            ["f32(0..{n}) * {s} - 0.5", "linspace(-1.0, 1.3, {n})", "{s} * f32(i32(0..{n}) % 3)"]
        ).format(n=n, s=number(1 / n)),
        (n,),
        scale=0.6,
    )


# ---- reductions


def axes(b, x, least=1):
    many = b.r.randint(least, max(least, x.rank))
    return sorted(b.r.sample(range(x.rank), many))


def axes_text(b, x, chosen):
    spelled = [b.spell(x, a) for a in chosen]
    if len(chosen) == x.rank and b.r.random() < 0.5:
        return ""
    if len(chosen) == 1 and b.r.random() < 0.8:
        return f", axis = {spelled[0]}"
    opening, closing = b.r.choice(["[]", "()"])
    comma = "," if opening == "(" and len(spelled) == 1 else ""
    return f", axis = {opening}{', '.join(spelled)}{comma}{closing}"


def reduction_text(b, function, x, chosen, keep):
    kept = ", keep = true" if keep else ""
    return f"{function}({x.name}{axes_text(b, x, chosen)}{kept})"


def reduced(x, chosen, keep):
    return [1 if i in chosen else n for i, n in enumerate(x.shape) if keep or i not in chosen]


@operation(5)
def reduce(b):
    x = b.pick(good=lambda v: v.rank > 0)
    if not x:
        return None
    chosen, keep = axes(b, x), b.r.random() < 0.5
    n = b.count([x.shape[a] for a in chosen])
    function, scale = b.r.choice(
        [
            ("sum", x.scale * n**0.6),
            ("mean", x.scale * n**-0.4),
            ("max", x.scale * 1.5),
            ("min", x.scale * 1.5),
            ("sum", x.scale * n**0.6),
            ("logsumexp", 1.5),
            ("norm", x.scale * n**0.5),
            ("rms", x.scale),
        ]
    )
    if function == "logsumexp" and len(chosen) > 1:
        function = "mean"
    if function in ("norm", "rms"):
        function = "sum"
    text = reduction_text(b, function, x, chosen, keep)
    return b.put(text, reduced(x, chosen, keep), scale=scale)


@operation(1.0)
def reduce_truth(b):
    x = b.pick("b", lambda v: v.rank > 0)
    if not x:
        return compare(b)
    chosen, keep = axes(b, x), b.r.random() < 0.5
    function = b.r.choice(["any", "all", "sum"])
    text = reduction_text(b, function, x, chosen, keep)
    if function == "sum":
        return b.put(f"{text} % 3", reduced(x, chosen, keep), "i", bound=3)
    return b.put(text, reduced(x, chosen, keep), "b")


@operation(1.0)
def reduce_whole(b):
    x = b.pick("i", lambda v: v.rank > 0)
    if not x:
        return whole(b)
    chosen, keep = axes(b, x), b.r.random() < 0.5
    function = b.r.choice(["max", "min", "sum"])
    text = reduction_text(b, function, x, chosen, keep)
    if function == "sum":
        return b.put(f"{text} % 5", reduced(x, chosen, keep), "i", bound=5)
    return b.put(text, reduced(x, chosen, keep), "i", bound=x.bound)


@operation(1.2)
def argmax(b):
    x = b.pick(b.r.choice("fffi"), lambda v: v.rank > 0)
    if not x:
        return None
    a = b.axis(x)
    if a is None:
        return None
    keep = b.r.random() < 0.4
    text = f"argmax({x.name}, axis = {b.spell(x, a)}{', keep = true' if keep else ''})"
    return b.put(text, reduced(x, [a], keep), "i", bound=x.shape[a])


@operation(1.2)
def soft(b):
    x = b.pick(good=lambda v: v.rank > 0)
    if not x:
        return None
    a = b.r.randrange(x.rank)
    function = b.r.choice(["softmax", "log_softmax", "softmin"])
    return b.put(
        f"{function}({x.name}, axis = {b.spell(x, a)})",
        x.shape,
        scale={"log_softmax": 2}.get(function, 0.4),
    )


@operation(0.8)
def spread(b):
    x = b.pick(good=lambda v: v.rank > 0)
    if not x:
        return None
    chosen = axes(b, x)
    if b.count([x.shape[a] for a in chosen]) < 2 or any(x.shape[a] == BATCH for a in chosen):
        return None
    text = f"sqrt(0.1 + var({x.name}, axis = [{', '.join(map(str, chosen))}], keep = true))"
    return b.put(text, reduced(x, chosen, True), scale=1.0)
