"""Deletes, swaps and doubles tokens of specs that are right: each time `ltc check` says what is
wrong, with line and column, or finds nothing wrong; it never ends otherwise, nor takes a second.

    tokens.py LTC [--share S] [--seed N] SPEC ...

--share: the part of all such changes that is tried, drawn by the seed (1: all of them).
LT_SLOWER allows more seconds.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\w+|\.\.|\|>|->|[=!<>]=|//|[-+*/]=|\S')
PLACE = re.compile(r"(?m)^\S.*?:\d+:\d+: (?:error|warning)\[E\d{4}\]: .")
LIMIT = float(os.environ.get("LT_SLOWER", "1"))


def tokens(text):
    found = []
    for match in re.finditer(r"#[^\n]*|" + TOKEN.pattern, text):
        if not match[0].startswith("#"):
            found.append(match.span())
    return found


def changes(text):
    """(name, text) of each spec with one token deleted, doubled, or swapped with the next."""
    spans = tokens(text)
    for i, (begin, end) in enumerate(spans):
        line = text.count("\n", 0, begin) + 1
        word = text[begin:end]
        yield f"{line}: `{word}` deleted", text[:begin] + text[end:]
        yield f"{line}: `{word}` twice", text[:end] + " " + word + text[end:]
        if i + 1 < len(spans):
            second, last = spans[i + 1]
            swapped = text[second:last] + text[end:second] + word
            yield f"{line}: `{word}` and `{text[second:last]}`", text[:begin] + swapped + text[last:]


def check(ltc, spec, text, file):
    """What is wrong with the answer, the number of errors, seconds: the least of three tries, as
    other work on the machine does not count."""
    file.write_text(text)
    answer = check_once(ltc, spec, file)
    for _ in range(2):
        if answer[2] > LIMIT:
            answer = min(answer, check_once(ltc, spec, file), key=lambda one: one[2])
    return answer


def check_once(ltc, spec, file):
    start = time.monotonic()
    command = [ltc, "check", "--data-root", str(spec.parent), str(file)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=LIMIT * 20)
    except subprocess.TimeoutExpired:
        return "does not end", 0, LIMIT * 20
    seconds = time.monotonic() - start
    message = done.stderr.decode(errors="replace")
    errors = len(re.findall(r"error\[E", message))
    if done.returncode not in (0, 1):
        return f"status {done.returncode}: {message[:300]}", errors, seconds
    if seconds > LIMIT:
        return f"takes {seconds:.2f} s", errors, seconds
    if done.returncode == 1 and not PLACE.search(message):
        return f"no line and column: {message[:300]}", errors, seconds
    return None, errors, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ltc", type=os.path.abspath)
    parser.add_argument("specs", nargs="+", type=pathlib.Path)
    parser.add_argument("--share", type=float, default=1)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    draw = random.Random(given.seed)
    wanted = [(spec, *change) for spec in given.specs for change in changes(spec.read_text())
              if given.share >= 1 or draw.random() < given.share]
    bad, slowest, answers = 0, 0.0, collections.Counter()
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        def one(job):
            number, (spec, name, text) = job
            file = pathlib.Path(folder) / f"{spec.stem}_{number % 64}.lt"
            return spec, name, check(given.ltc, spec, text, file)
        for spec, name, (wrong, errors, seconds) in pool.map(one, enumerate(wanted)):
            slowest = max(slowest, seconds)
            answers[min(errors, 4)] += 1
            if wrong:
                bad += 1
                print(f"{spec}:{name}: {wrong}")
    shown = ", ".join(f"{answers[n]} with {n}{' or more' if n == 4 else ''}" for n in sorted(answers))
    print(f"{len(wanted)} changes of {len(given.specs)} specs (seed {given.seed}); messages: {shown}; "
          f"slowest {slowest:.2f} s; {bad} wrong")
    return 1 if bad or not wanted else 0


sys.exit(main())
