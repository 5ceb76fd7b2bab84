"""Which ordered pairs of primitives, producer and consumer, the graphs of specs have had.

The table of primitives is read from prims.def, the pairs from `ltc check -d trace`. A pair
counts as possible if the dtypes allow it: no operand of the consumer takes what the producer
makes otherwise.
"""

import re

SOURCES = {"constant", "host", "variable", "field", "iota", "random"}
LOGICAL = {"not", "and", "or", "any", "all"}  # take and give truth values
MAKE_TRUTH = LOGICAL | {"eq", "ne", "lt", "le"}
MAKE_WHOLE = {"argmax", "argsort", "iota"}
ANY_KIND = {
    "cast",
    "eq",
    "ne",
    "select",
    "reshape",
    "permute",
    "broadcast",
    "slice",
    "pad",
    "concat",
    "stop",
    "gather",
    "scatter_add",
    "scatter_set",
}
NUMBERS = {
    "neg",
    "abs",
    "sign",
    "add",
    "sub",
    "mul",
    "floordiv",
    "mod",
    "maximum",
    "minimum",
    "lt",
    "le",
    "sum",
    "max",
    "min",
    "cumsum",
    "cumprod",
    "argmax",
    "argsort",
}
FLOAT_ONLY = {
    "floor",
    "ceil",
    "round",
    "sqrt",
    "exp",
    "expm1",
    "log",
    "log1p",
    "sin",
    "cos",
    "tanh",
    "erf",
    "div",
    "pow",
    "contract",
    "convolve",
    "convolve_input",
    "convolve_weight",
    "window_max",
    "window_max_grad",
    "window_max_pick",
    "window_sum",
    "window_sum_grad",
    "random",
}
NODE = re.compile(r"^%(\d+) = (\w+)(?:\(([^)]*)\))?", re.M)


def primitives(path):
    return re.findall(r'^PRIM\(\w+,\s*"(\w+)"', path.read_text(), re.M)


def gives(name):
    """The kinds that a primitive can make: float, whole, truth."""
    if name in MAKE_TRUTH:
        return "b"
    if name in MAKE_WHOLE:
        return "i"
    if name in FLOAT_ONLY or name == "host":
        return "f"
    return "fi" if name in NUMBERS else "fib"


def takes(name):
    if name in LOGICAL:
        return "b"
    if name in FLOAT_ONLY:
        return "f"
    return "fi" if name in NUMBERS else "fib"


def possible(names):
    return {
        (p, c) for p in names for c in names if c not in SOURCES and set(gives(p)) & set(takes(c))
    }


def pairs(dump):
    """All pairs of the graphs in a dump."""
    found = set()
    for graph in dump.split("\ngraph "):
        kinds = {}
        for number, name, operands in NODE.findall(graph):
            kinds[number] = name
            for operand in re.findall(r"%(\d+)", operands or ""):
                found.add((kinds[operand], name))
    return found


def operations(dump):
    """Nodes of the training step from the spec's own lines: neither sources nor gradients."""
    graph = next((g for g in dump.split("\ngraph ") if g.startswith("training_step")), "")
    return sum(
        1
        for line in graph.splitlines()
        if NODE.match(line)
        and NODE.match(line).group(2) not in SOURCES | {"reshape", "broadcast"}
        and "spec.lt:" in line
        and " of " not in line
    )
