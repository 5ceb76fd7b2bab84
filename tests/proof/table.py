"""A primitive that lacks a part does not build.

In a scratch copy of the compiler one row of prims.def loses its shape rule, derivative, cost or
spelling, or names a rule that nobody wrote; and a whole new row stands there without its line in the
interpreter, without a sampler. Each must be refused by the C compiler or the linker, by name. Quick:
the new row and five others, chosen at random. Long: every row.
"""
import glob
import os
import random
import re
import shutil
import subprocess
import sys

import tools

NEW = 'PRIM(PLANTED, "planted", CLASS_SCALAR, 1, number, neg, map, "-$0")\n'
COLUMNS = (             # column of a row, the file that must refuse a row without it
    (4, "shape rule", "compiler/graph/shapes.c"),
    (5, "derivative", "compiler/graph/derive.c"),
    (6, "cost", "compiler/graph/cost.c"),
    (7, "spelling", "compiler/emit/c_expr.c"),
)


class Copy:
    def __init__(self, tree):
        self.root = tree.path("copy")
        for part in ("compiler", "tests/graph", "tests/gradients", "runtime"):
            shutil.copytree(os.path.join(tree.source, part), os.path.join(self.root, part))
        self.table = os.path.join(self.root, "compiler", "graph", "prims.def")
        self.text = tools.read_text(self.table)

    def write(self, text):
        with open(self.table, "w", encoding="utf-8") as file:
            file.write(text)

    def words(self, *words):
        return ["gcc", "-std=c17", "-D_GNU_SOURCE", "-ffp-contract=off"] + [
            "-I" + os.path.join(self.root, *part) for part in
            (("compiler",), ("tests",), ("runtime",), ("runtime", "include"))] + list(words)

    def compiles(self, source):
        """NULL for success, else what the compiler says."""
        done = subprocess.run(self.words("-fsyntax-only", os.path.join(self.root, source)),
                              capture_output=True, text=True)
        return None if done.returncode == 0 else done.stderr

    def missing_evaluations(self):
        """What the linker misses of the interpreter's functions, a primitive each."""
        sources = sorted(glob.glob(os.path.join(self.root, "compiler", "oracle", "*.c")))
        done = subprocess.run(self.words("-O0", "-shared", "-fPIC", "-Wl,-z,defs", "-o",
                                         os.path.join(self.root, "oracle.so"), *sources),
                              capture_output=True, text=True)
        return set(re.findall(r"undefined reference to .evaluate_(\w+)", done.stderr))


def rows_of(text):
    """(start, end, cells) of each row."""
    rows = []
    for found in re.finditer(r"^PRIM\((.*?)\)$", text, re.M | re.S):
        cells = re.findall(r'"[^"]*"|[^,"]+', found.group(1))
        cells = [cell.strip() for cell in cells if cell.strip()]
        if len(cells) != 8:
            sys.exit("this row cannot be read: " + found.group(0))
        rows.append((found.start(), found.end(), cells))
    return rows


def broken(text, row, column, cell):
    start, end, cells = row
    cells = cells[:column] + [cell] + cells[column + 1:]
    return text[:start] + "PRIM(" + ", ".join(cells) + ")" + text[end:]


def check_row(copy, text, row, refused):
    name = row[2][1]
    for column, what, source in COLUMNS:
        for cell in ("", '""') if column == 7 else ("", "nobody_wrote_it"):
            copy.write(broken(text, row, column, cell))
            said = copy.compiles(source)
            if said is None:
                sys.exit("%s builds with %s as its %s" % (name, cell or "nothing", what))
            if cell == "nobody_wrote_it" and cell not in said:
                sys.exit("%s: another mistake was found: %s" % (name, said))
            refused.append(name)


def main():
    given = tools.options(__doc__).parse_args()
    copy = Copy(tools.Tree(given))
    sources = [source for _, _, source in COLUMNS] + ["tests/gradients/samplers.c"]
    for source in sources:
        said = copy.compiles(source)
        if said:
            sys.exit("the copy itself does not compile: " + said)
    if copy.missing_evaluations():
        sys.exit("the interpreter itself lacks " + ", ".join(copy.missing_evaluations()))

    refused = []
    rows = rows_of(copy.text)
    for row in rows if given.long else random.sample(rows, 5):
        check_row(copy, copy.text, row, refused)
    text = copy.text + NEW
    check_row(copy, text, rows_of(text)[-1], refused)

    copy.write(text)
    if "sample_PLANTED" not in (copy.compiles("tests/gradients/samplers.c") or ""):
        sys.exit("a row without a sampler builds")
    if copy.missing_evaluations() != {"PLANTED"}:
        sys.exit("a row without a line in the interpreter builds")
    print("%d rows, %d broken ones, each refused" % (len(rows), len(refused) + 2))


main()
