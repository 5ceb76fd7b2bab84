"""Wrong specs and all that `ltc check` says about them.

    check.py LTC FOLDER          UPDATE=1 writes the files instead of comparing

Beside name.lt lies name.err, the whole of stderr with exit status 1, or name.warn, the same with
status 0: a spec that compiles, with warnings. Every message has a place, the line and a caret that
stands where the place says; each spec takes less than a second (LT_SLOWER allows more).
"""
import concurrent.futures
import difflib
import os
import pathlib
import re
import subprocess
import sys

PLACE = re.compile(r"^(\S.*?):(\d+):(\d+): (error|warning|note)(\[E\d{4}\])?: .")
LIMIT = float(os.environ.get("LT_SLOWER", "1"))


def run(ltc, spec):
    command = [ltc, "check", spec.name]
    try:
        done = subprocess.run(command, cwd=spec.parent, capture_output=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return None, "", ""
    texts = (text.decode(errors="replace") for text in (done.stdout, done.stderr))
    return done.returncode, *texts




def misplaced(spec, message):
    """What is wrong with the places and carets of the messages."""
    lines = message.splitlines()
    for i, line in enumerate(lines):
        place = PLACE.match(line)
        if not place:
            if re.match(r"^\S", line) and not re.match(r"^\d+ errors?$", line):
                yield f"no place: {line}"
            continue
        if i + 2 >= len(lines) or "^" not in lines[i + 2]:
            yield f"no caret: {line}"
            continue
        shown, caret = lines[i + 1].split(" | ", 1), lines[i + 2].split(" | ", 1)
        if int(shown[0]) != int(place[2]):
            yield f"another line is shown: {line}"
        if place[1] != spec.name:
            continue                    # a line of the library, or of a file beside
        text = spec.read_text(errors="surrogateescape").split("\n")[int(place[2]) - 1]
        column, offset = int(place[3]) - 1, caret[1].index("^")
        if len(text) <= 160 and offset != column:
            yield f"the caret stands at column {offset + 1}: {line}"


def without_origin(message):
    """Shapes that clash come with notes on where each is from."""
    for part in re.split(r"(?m)^(?=\S.*: error\[)", message):
        if "error[E0300]" in part and "note:" not in part:
            yield f"shapes without a note: {part.splitlines()[0]}"


def problems(ltc, spec, update):
    status, out, message = run(ltc, spec)
    if status is None:
        return [f"takes more than {LIMIT} s"], set()
    if status not in (0, 1):
        return [f"ends with status {status}:\n{message}"], set()
    kept, other = spec.with_suffix(".err"), spec.with_suffix(".warn")
    if status == 0:
        kept, other = other, kept
    found = [*misplaced(spec, message), *without_origin(message)]
    if out or not message:
        found.append("says nothing" if not message else f"writes to stdout: {out}")
    codes = set(re.findall(r"(?:error|warning)\[(E\d{4})\]", message))
    if update:
        kept.write_text(message)
        other.unlink(missing_ok=True)
    elif not kept.exists():
        found.append(f"there is no {kept.name}; ltc says:\n{message}")
    elif kept.read_text() != message:
        before = kept.read_text().splitlines()
        found += difflib.unified_diff(before, message.splitlines(), kept.name, "now", lineterm="")
    return found, codes


def main():
    ltc, folder = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
    specs = sorted(folder.glob("*.lt"))
    update = bool(os.environ.get("UPDATE"))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda spec: problems(ltc, spec, update), specs))
    codes, bad = set(), 0
    for spec, (found, its_codes) in zip(specs, results):
        codes |= its_codes
        bad += bool(found)
        for line in found:
            print(f"{spec.name}: {line}" if not line.startswith(("+", "-", "@", " ")) else line)
    print(f"{len(specs)} wrong specs, {len(codes)} codes, {bad} not as they were")
    if len(specs) < 80 or len(codes) < 60:
        print("at least 80 specs of 60 codes are wanted")
        bad += 1
    return 1 if bad else 0


sys.exit(main())
