#!/usr/bin/env python3
"""Compares the standard library with PyTorch's numbers, which record.py has written beside this file.

    check.py --ltc build/ltc [--interpret | --build] [--keep DIR] [THEME[/NAME] ...]

Each case is a spec; it is run by the interpreter (`ltc run --interpret`) and as a program (`ltc build`,
`fit`), and the tensors of its checkpoint or the last numbers of its log are compared. Only Python's own
library is used. Ends with status 1 if any number is further off than the case allows.
"""
import argparse
import array
import concurrent.futures
import csv
import json
import math
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

here = pathlib.Path(__file__).parent
CODES = {"F64": "d", "F32": "f", "I64": "q", "I32": "i", "I16": "h", "I8": "b", "U8": "B", "BOOL": "B"}
NPY = {"float64": ("<f8", "d"), "int32": ("<i4", "i")}


class Fault(Exception):
    """A case that went wrong, in one sentence."""


def write_npy(path, tensor):
    descr, code = NPY[tensor["dtype"]]
    shape = "(" + "".join(f"{n}," for n in tensor["shape"]) + ")"
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + array.array(code, tensor["data"]).tobytes())


def write_safetensors(path, tensors):
    header, body = {}, b""
    for name, tensor in tensors.items():
        data = array.array("d", tensor["data"]).tobytes()
        header[name] = {"dtype": "F64", "shape": tensor["shape"], "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + body)


def read_safetensors(path):
    blob = path.read_bytes()
    size = struct.unpack("<Q", blob[:8])[0]
    header, body = json.loads(blob[8:8 + size]), blob[8 + size:]
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in CODES:
            continue
        first, last = entry["data_offsets"]
        tensors[name] = (entry["shape"], array.array(CODES[entry["dtype"]], body[first:last]).tolist())
    return tensors


def newest(folder, pattern):
    found = sorted(folder.rglob(pattern), key=lambda p: p.stat().st_mtime_ns)
    if not found:
        raise Fault(f"no {pattern} was written")
    return found[-1]


def last_numbers(path):
    """The last value of each column of a CSV log."""
    seen = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            seen.update({k: float(v) for k, v in row.items() if k and v})
    return seen


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    if done.returncode != 0:
        text = done.stdout.decode(errors="replace").strip().splitlines()
        raise Fault(f"status {done.returncode} of {command[0]} {command[1]}: " + "\n        ".join(text[:8]))


def close(a, b, case):
    if math.isnan(b) or math.isinf(b):
        return repr(a) == repr(b)
    return abs(a - b) <= case["absolute"] + case["tolerance"] * abs(b)


def same_distribution(name, data, wanted):
    """Mean and deviation to five standard errors, bounds not passed and nearly reached."""
    n, span = len(data), wanted["high"] - wanted["low"]
    mean = math.fsum(data) / n
    std = math.sqrt(math.fsum((x - mean) ** 2 for x in data) / n)
    error = 5 * wanted["std"] / math.sqrt(n)
    if abs(mean - wanted["mean"]) > error or abs(std - wanted["std"]) > error:
        raise Fault(f"{name} has mean {mean:.5f} and deviation {std:.5f}, PyTorch's {wanted['mean']:.5f} and {wanted['std']:.5f}")
    for end, bound in ((min(data), wanted["low"]), (max(data), wanted["high"])):
        if abs(end - bound) > 0.15 * span:
            raise Fault(f"{name} ends at {end:.5f}, PyTorch's at {bound:.5f}")


def unorthogonal(name, shape, data, gain):
    """How far the rows or columns, whichever are fewer, are from orthonormal times gain."""
    rows, columns = shape[0], math.prod(shape[1:])
    vectors = [data[i * columns:(i + 1) * columns] for i in range(rows)]
    if rows > columns:
        vectors = list(zip(*vectors))
    worst = max(abs(math.fsum(x * y for x, y in zip(a, b)) / gain ** 2 - (i == j))
                for i, a in enumerate(vectors) for j, b in enumerate(vectors))
    if worst > 1e-5:
        raise Fault(f"{name} is not orthogonal: an inner product is {worst:.1e} off")
    return worst


def compare(folder, case):
    """Returns the greatest relative distance, or raises Fault at the first number that is too far off."""
    worst = 0.0
    if "tensors" in case:
        tensors = read_safetensors(newest(folder, "*.safetensors"))
        for name, wanted in case["tensors"].items():
            if name not in tensors:
                raise Fault(f"the checkpoint has no {name}; it has {', '.join(sorted(tensors))}")
            shape, data = tensors[name]
            if shape != wanted["shape"]:
                raise Fault(f"{name} has shape {shape}, not {wanted['shape']}")
            for i, (a, b) in enumerate(zip(data, wanted["data"])):
                if not close(a, b, case):
                    raise Fault(f"{name}[{i}] is {a!r}, PyTorch's {b!r}")
                worst = max(worst, abs(a - b) / max(abs(b), 1e-3))
    for name, wanted in case.get("moments", {}).items():
        same_distribution(name, read_safetensors(newest(folder, "*.safetensors"))[name][1], wanted)
    for name, gain in case.get("orthogonal", {}).items():
        worst = max(worst, unorthogonal(name, *read_safetensors(newest(folder, "*.safetensors"))[name], gain))
    if "log" in case:
        numbers = last_numbers(newest(folder, "metrics.csv"))
        for name, b in case["log"].items():
            if name not in numbers:
                raise Fault(f"the log has no {name}; it has {', '.join(sorted(numbers))}")
            if not close(numbers[name], b, case):
                raise Fault(f"{name} is {numbers[name]!r}, PyTorch's {b!r}")
            worst = max(worst, abs(numbers[name] - b) / max(abs(b), 1e-3))
    return worst


def try_case(ltc, way, root, theme, case, files):
    folder = root / way / theme / case["name"]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "case.lt").write_text(case["spec"])
    for name, tensor in {**files, **case.get("files", {})}.items():
        write_npy(folder / name, tensor)
    if "weights" in case:
        write_safetensors(folder / "weights.safetensors", case["weights"])
    try:
        if way == "interpret":
            run([ltc, "run", "--interpret", "case.lt"], folder)
        else:
            run([ltc, "build", "case.lt", "-o", "case"], folder)
            run(["./case", "fit", "--trainer.default_root_dir", "."], folder)
        return compare(folder, case), None
    except Fault as fault:
        return 0.0, str(fault)
    except subprocess.TimeoutExpired:
        return 0.0, "took more than five minutes"


def chosen(names, theme, case):
    return not names or theme in names or f"{theme}/{case['name']}" in names


def main():
    parser = argparse.ArgumentParser(description="compares the standard library with PyTorch's numbers")
    parser.add_argument("--ltc", required=True, help="the compiler")
    parser.add_argument("--interpret", action="store_true", help="only the interpreter")
    parser.add_argument("--build", action="store_true", help="only compiled programs")
    parser.add_argument("--keep", help="folder for specs and results, kept")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("names", nargs="*", metavar="THEME[/NAME]")
    options = parser.parse_args()
    ltc = str(pathlib.Path(options.ltc).resolve())
    ways = [way for way in ("interpret", "build") if not (options.interpret or options.build) or getattr(options, way)]
    root = pathlib.Path(options.keep or tempfile.mkdtemp(prefix="ltc-torch."))
    total = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for path in sorted(here.glob("*.json")):
            theme, group = path.stem, json.loads(path.read_text())
            cases = [c for c in group["cases"] if chosen(options.names, theme, c)]
            for way in ways if cases else []:
                results = list(pool.map(lambda c: try_case(ltc, way, root, theme, c, group["files"]), cases))
                bad = [(c["name"], why) for c, (_, why) in zip(cases, results) if why]
                worst = max((w for w, _ in results), default=0.0)
                print(f"{theme} ({way}): {len(cases) - len(bad)} of {len(cases)} agree, worst {worst:.1e}", flush=True)
                for name, why in bad:
                    print(f"    {theme}/{name}: {why}")
                total, failed = total + len(cases), failed + len(bad)
    if not options.keep:
        shutil.rmtree(root)
    print(f"{total - failed} of {total} cases agree with PyTorch")
    if total == 0:
        sys.exit("no case has that name")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
