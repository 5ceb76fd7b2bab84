#!/usr/bin/env python3
"""Makes a failing spec small: shrink.py --ltc build/ltc FOLDER writes FOLDER/small/spec.lt.

Statements, blocks, terms, axes and settings are taken away, and values replaced by constants or
by their operands, as long as the same thing goes wrong. Whatever `ltc check` refuses is not
tried further, unless the refusal is what goes wrong.
"""

import argparse
import pathlib
import re
import shutil
import sys
import time

from judge import Judge, Verdict, Wrong, call


class Quick(Judge):
    """Only as much of a judgement as shows one kind of failure."""

    def __init__(self, ltc, kind, environment=None):
        super().__init__(ltc, environment)
        self.kind = kind

    def judge(self, folder, all_threads=False):
        status, text = call([self.ltc, "check", "spec.lt"], folder, self.environment, 30)
        if status != 0:
            return Verdict("refused" if status == 1 else "ltc failed", text)
        if self.kind == "refused":
            return Verdict("ok")
        for old in folder.iterdir():
            if old.is_dir():
                shutil.rmtree(old)
        try:
            if self.kind in ("interpreter differs", "program failed"):
                status, text = call(
                    [self.ltc, "build", "--cc", "gcc -O1", "spec.lt", "-o", "gcc"],
                    folder,
                    self.environment,
                )
                if status != 0:
                    return Verdict("C refused", text)
                _, weights, log = self.run_program(folder, "gcc", 1)
                return self.compare(folder, "spec.lt", weights, log)
            if self.kind == "interpreter failed":
                self.interpret(folder, "spec.lt", "interpreted")
                return Verdict("ok")
        except Wrong as wrong:
            return wrong.verdict
        return super().judge(folder, all_threads)


def blocks(lines):
    """(first, last) of each balanced block of more than one line."""
    found, open_at = [], []
    for i, line in enumerate(lines):
        if line.strip().startswith("}") and open_at:
            found.append((open_at.pop(), i))
        if line.rstrip().endswith("{"):
            open_at.append(i)
    return sorted(found, key=lambda p: p[0] - p[1])


def constant(kind, sizes):
    return {
        "f32": f"uniform(-1, 1)[{sizes}]",
        "i32": f"randint(0, 2)[{sizes}]",
        "bool": f"uniform(0, 1)[{sizes}] < 0.5",
    }[kind]


TYPED = re.compile(r"^( *)(v\d+) = (.*?)  # (f32|i32|bool)\[([^]]*)\]$")


def without(lines, first, last):
    return lines[:first] + lines[last + 1 :]


def live(lines):
    """The lines without what nothing reads."""
    while True:
        text, drop, spans = "\n".join(lines), set(), dict(blocks(lines))
        for i, line in enumerate(lines):
            found = re.match(
                r" *(?:(?:param|buffer|layer|fn) +)?([\w, ]+?)(?:: .*|\(.*)? = ", line
            ) or re.match(r"(?:layer|fn) (\w+)\(", line)
            if not found or re.match(
                r" *(loss|optimizer|source|batch|shuffle|max_|log_|enable|num_|prec|acc|grad|drop)",
                line,
            ):
                continue
            names = found.group(1).split(", ")
            uses = sum(len(re.findall(rf"\b{n}\b", text)) for n in names)
            here = sum(len(re.findall(rf"\b{n}\b", line)) for n in names)
            if uses == here and not line.endswith("{") or uses == here and i in spans:
                drop |= set(range(i, spans.get(i, i) + 1))
        if not drop:
            return lines
        lines = [l for i, l in enumerate(lines) if i not in drop]


RULES = [
    (
        r"(, (stride|padding|dilation|groups|keep|eps|momentum|weight_decay|nesterov|amsgrad|bias"
        r"|reverse|affine) = [\w.]+)",
        "",
    ),
    (r"lr = \w+\(.*?\)", "lr = 0.1"),
    (
        r"= (adam|adamw|rmsprop|adagrad|adamax|nadam|radam|lamb|adadelta|signed|sgd)\(.*\)",
        "= sgd(lr = 0.1)",
    ),
    (r"(\d+\.\d+ \* )", ""),
    (r"tanh\((\w+)\)", r"\1"),
    (r"= (normal|uniform|xavier_\w+|kaiming_\w+|truncated_normal)\([^[]*?\)$", "= randn"),
    (r"mean\(\((\w+) - 0.3\)\^2\)", r"sum(\1)"),
    (r"\w+\((v\d+), 0.\d+ \* ones\[.*\]\)", r"sum(\1)"),
    (r"mean\((\w+) \* tanh\(\w+ \+ 0.2\)\)", r"sum(\1)"),
    (r"linear\((\d+), (\d+), \w+ = .*\)", r"linear(\1, \2)"),
    (r"\[(\w+)\(\) for _ in 0\.\.\d+\]", r"\1()"),
]


def candidates(lines):
    """Smaller texts, the boldest first."""
    yield [l for l in lines if not re.match(r" *(log [or]\d|_o\d|buffer _o)", l)]
    terms = [
        (i, l.split(" = ", 1)[1].split(" + "))
        for i, l in enumerate(lines)
        if re.match(r" *loss = ", l) and " + " in l
    ]
    for i, parts in terms:
        for part in parts:
            yield live(lines[:i] + [f"        loss = {part}"] + lines[i + 1 :])
        for k in range(len(parts)):
            yield live(
                lines[:i]
                + [f"        loss = {' + '.join(parts[:k] + parts[k + 1:])}"]
                + lines[i + 1 :]
            )
    for first, last in blocks(lines):
        yield live(without(lines, first, last))
        yield live(lines[:first] + lines[first + 1 : last] + lines[last + 1 :])
    for i in range(len(lines) - 1, -1, -1):
        found = TYPED.match(lines[i])
        if found:
            yield from map(live, replaced(lines, i, *found.groups()))
    for i in range(len(lines) - 1, -1, -1):
        yield live(without(lines, i, i))
    for i, line in enumerate(lines):
        for pattern, short in RULES:
            smaller = re.sub(pattern, short, line, count=1)
            if len(smaller) < len(line):
                yield live(lines[:i] + [smaller] + lines[i + 1 :])


def replaced(lines, i, indent, name, text, kind, sizes):
    rest = lines[i + 1 :]
    for operand in sorted(
        set(re.findall(r"\b(?:v\d+|p\d+|x|z|a\d)\b", text)) - {name},
        key=lambda n: len(n),
        reverse=True,
    ):
        yield lines[:i] + [re.sub(rf"\b{name}\b", operand, l) for l in rest]
        if text != operand:
            yield lines[:i] + [f"{indent}{name} = {operand}  # {kind}[{sizes}]"] + rest
    if "uniform" not in text and "randint" not in text:
        yield lines[:i] + [f"{indent}{name} = {constant(kind, sizes)}  # {kind}[{sizes}]"] + rest


def weight(lines):
    return len(lines), sum(len(l) for l in lines)


def easier(text, lines):
    """More statements that are only a draw."""
    draws = re.compile(r"= (uniform\(|randint\()")
    return len(text) <= len(lines) and sum(map(bool, map(draws.search, text))) > sum(
        map(bool, map(draws.search, lines))
    )


def shrink(ltc, folder, verdict, environment=None, seconds=300):
    """The smallest text found, as lines."""
    small = folder / "small"
    shutil.rmtree(small, ignore_errors=True)
    small.mkdir()
    for file in folder.iterdir():
        if file.suffix in (".npy", ".csv"):
            shutil.copy(file, small)
    judge = Quick(ltc, verdict.kind, environment)
    lines = (folder / "spec.lt").read_text().splitlines()[1:]
    signature, end, seen = verdict.signature(), time.time() + seconds, set()

    def fails(text):
        if verdict.kind != "refused" and not any("minimize" in line for line in text):
            return False
        (small / "spec.lt").write_text("\n".join(text) + "\n")
        return judge.judge(small).signature() == signature

    if not fails(lines):
        judge = Judge(ltc, environment)
        if not fails(lines):
            return None
    progress = True
    while progress and time.time() < end:
        progress = False
        for text in candidates(lines):
            key = "\n".join(text)
            if key in seen or weight(text) >= weight(lines) and not easier(text, lines):
                continue
            seen.add(key)
            if time.time() > end:
                break
            if fails(text):
                lines, progress = text, True
                break
    lines = tidy(lines, fails)
    (small / "spec.lt").write_text("\n".join(lines) + "\n")
    return lines


def tidy(lines, fails):
    """Without comments, if that changes nothing."""
    bare = [re.sub(r" +#.*$", "", l) for l in lines]
    return bare if fails(bare) else lines


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ltc", required=True, type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    verdict = Judge(arguments.ltc.resolve()).judge(arguments.folder)
    if verdict.ok:
        sys.exit("nothing is wrong with it")
    print(verdict.kind, verdict.text, sep="\n")
    lines = shrink(arguments.ltc.resolve(), arguments.folder, verdict, seconds=arguments.seconds)
    print("\n".join(lines) if lines else "it does not fail again")


if __name__ == "__main__":
    main()
