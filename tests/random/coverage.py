"""Which ordered pairs of primitives, producer and consumer, the graphs of specs have had.

The table of primitives is read from prims.def, the pairs from `ltc check -d trace`. A pair
counts as possible if their dtypes allow it: the producer can make a kind of element (float, whole
number, truth value) that an operand of the consumer takes. Shapes take no pair away, so some of
those that count cannot be written (a constant has rank 0, and no window slides over it).
"""

import re

SOURCES = {"constant", "host", "variable", "field", "iota", "random"}
# What a primitive takes and gives by its shape rule (the fifth column of prims.def, compiler/graph/
# shapes.c): f floats, i whole numbers, b truth values. A rule that is not here is a mistake.
RULES = {
    "constant": ("", "fib"),
    "source": ("", "fib"),
    "any": ("fib", "fib"),
    "number": ("fi", "fi"),
    "floating": ("f", "f"),
    "logical": ("b", "b"),
    "compare": ("fib", "b"),
    "cast": ("fib", "fib"),
    "select": ("fib", "fib"),
    "reshape": ("fib", "fib"),
    "permute": ("fib", "fib"),
    "grow": ("fib", "fib"),
    "slice": ("fib", "fib"),
    "pad": ("fib", "fib"),
    "concat": ("fib", "fib"),
    "reduce": ("fi", "fi"),
    "reducebool": ("b", "b"),
    "argreduce": ("fi", "i"),
    "contract": ("f", "f"),  # `@` and einsum refuse whole numbers (E0206)
    "convolve": ("f", "f"),
    "pool": ("fi", "fi"),
    "given": ("f", "f"),
    "gather": ("fib", "fib"),
    "scatter_set": ("fib", "fib"),
    "argsort": ("fi", "i"),
}
# Rows that say less or more than their rule.
ROWS = {
    "iota": ("", "fi"),
    "random": ("", "f"),
    "lt": ("fi", "b"),  # truth values have no order (E0206)
    "le": ("fi", "b"),
    "scatter_add": ("fi", "fi"),
    "window_max_pick": ("f", "f"),  # comes of gradients alone
}
NODE = re.compile(r"^%(\d+) = (\w+)(?:\(([^)]*)\))?", re.M)


def primitives(path):
    """Each row's name and what it takes and gives."""
    row = r'^PRIM\(\w+,\s*"(\w+)",\s*\w+,\s*-?\d+,\s*(\w+),'
    rows = re.findall(row, path.read_text(), re.M)
    return {name: ROWS.get(name) or RULES[rule] for name, rule in rows}


def possible(table):
    """The ordered pairs in which the producer can make what an operand of the consumer takes."""
    return {
        (p, c)
        for p, (_, gives) in table.items()
        for c, (takes, _) in table.items()
        if set(gives) & set(takes)
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
