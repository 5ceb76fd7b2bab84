"""Checks every block of code in the documentation: python3 check.py --ltc LTC [--build] [PAGE ...]

Each block is checked by `ltc check`; a block that is marked `error` must fail with that code. With
--build, whole specs are built too and run two steps of everything.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

import blocks
import files

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def pages_of(root):
    docs = os.path.join(root, "docs")
    pages = [os.path.join(docs, name) for name in sorted(os.listdir(docs)) if name.endswith(".md")]
    readme = os.path.join(root, "README.md")
    return pages + ([readme] if os.path.exists(readme) else [])


def run(command, folder, seconds=120):
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds)
        return done.returncode, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        return -1, f"no end after {seconds} seconds"


def complaint_of(block, code, output):
    """What is wrong with the checker's answer, or None."""
    codes = re.findall(r"error\[(E\d{4})\]", output)
    if block.error:
        if code == 0:
            return f"should fail with {block.error}, but passes"
        if block.error not in codes:
            return f"should fail with {block.error}, but fails otherwise:\n{output}"
        if code != 1:
            return f"should exit with 1, but exits with {code}:\n{output}"
        return None
    return None if code == 0 else f"does not pass:\n{output}"


def check(block, number, ltc, folder):
    name = f"block{number}.lt"
    with open(os.path.join(folder, name), "w") as file:
        file.write(block.spec())
    code, output = run(ltc + [name], folder)
    return complaint_of(block, code, output)


def build(block, number, ltc, folder):
    """A whole spec, compiled and run for two steps."""
    program = f"./block{number}"
    steps = [
        ltc + ["build", f"block{number}.lt", "-o", program],
        [program, "fit", "--trainer.fast_dev_run", "2", "--trainer.default_root_dir", "runs"],
    ]
    for command in steps:
        code, output = run(command, folder)
        if code != 0:
            return f"`{' '.join(command)}` exits with {code}:\n{output}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ltc", default="ltc")
    parser.add_argument("--checker", help="a program to call in place of `ltc check`")
    parser.add_argument("--build", action="store_true", help="build and run whole specs, too")
    parser.add_argument("--build-all", action="store_true", help="build and run fragments, too")
    parser.add_argument("--keep", help="folder for the specs, kept afterwards")
    parser.add_argument("page", nargs="*")
    given = parser.parse_args()

    checker = [given.checker] if given.checker else [given.ltc, "check"]
    found, failed = [], 0
    for page in given.page or pages_of(ROOT):
        with open(page) as file:
            found += blocks.blocks_of(os.path.relpath(page, ROOT), file.read())
    if not found:
        sys.exit("no blocks were found")
    with tempfile.TemporaryDirectory() as own:
        folder = given.keep or own
        os.makedirs(folder, exist_ok=True)
        files.write_all(folder, os.path.join(ROOT, "examples", "data"))
        for number, block in enumerate(found):
            wrong = check(block, number, checker, folder)
            builds = given.build_all or (given.build and block.kind == "spec")
            if not wrong and builds and not block.error:
                wrong = build(block, number, [given.ltc], folder)
            if wrong:
                failed += 1
                print(f"{block.where()} (block{number}.lt): {wrong}", flush=True)
    print(f"{len(found) - failed} of {len(found)} blocks are as they say")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
