"""A step that reads two data blocks: blocks.py LTC DATA FOLDER [--planted]

The spec in blocks.lt trains on few labelled and some unlabelled rows of one file. Held equal: its
metrics interpreted and compiled; the tensors of a run that is stopped after any step and resumed,
and of runs with other numbers of threads. The logs tell how many rows came, and how often
a row met itself in the other block. Which rows come when is what loader.c tests.
--planted gives the unbroken run another seed, which must be found.
"""
import csv
import glob
import os
import shutil
import struct
import subprocess
import sys

STEPS, AN_EPOCH = 21, 7
LABELLED, BATCH = 100, 16
failures = 0


def check(truth, text):
    global failures
    if not truth:
        failures += 1
        print(text)


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, timeout=100)
    if done.returncode:
        sys.exit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout


def fit(program, folder, *words):
    run(*program, "fit", "--quiet", "--trainer.default_root_dir", folder,
        "--trainer.log_every_n_steps", "1", *words)


def rows(folder):
    with open(os.path.join(folder, "lightning_logs", "version_0", "metrics.csv")) as file:
        return list(csv.DictReader(file))


def tensors(folder):
    found = glob.glob(os.path.join(folder, "lightning_logs", "version_0", "checkpoints",
                                   f"*step={STEPS}.safetensors"))
    if len(found) != 1:
        return f"{len(found)} checkpoints of the last step"
    with open(found[0], "rb") as file:
        content = file.read()
    return content[8 + struct.unpack("<Q", content[:8])[0]:]


def check_same(compiled, interpreted):
    check(len(compiled) == len(interpreted) == STEPS, f"{len(compiled)} rows of metrics")
    for ours, theirs in zip(compiled, interpreted):
        for name in ours:
            near = ours[name] == theirs[name] or (
                abs(float(ours[name]) - float(theirs[name])) < 2e-5)
            check(near, f"{name}: compiled {ours[name]}, interpreted {theirs[name]}")


def check_rows(metrics):
    for i, row in enumerate(metrics):
        last = i % AN_EPOCH == AN_EPOCH - 1
        check(float(row["rows"]) == (LABELLED % BATCH if last else BATCH), f"rows of step {i}")


def check_orders(metrics):
    """Of blocks with the same rows: none is the other's order."""
    together = sum(float(row["together"]) for row in metrics)
    check(together < 30, f"{together} of {3 * LABELLED} rows meet themselves in the other block")


def columns(folder, *names):
    return [[row[name] for name in names] for row in rows(folder)]


def check_sets(ltc, data, folder):
    """Two validation sets: what they log is what each logs where it is the only one."""
    spec = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sets.lt")
    program, place = os.path.join(folder, "sets"), lambda name: os.path.join(folder, name)
    run(ltc, "build", spec, "--data-root", data, "-o", program)
    fit([program], place("both"))
    fit([ltc, "run", "--interpret", "--data-root", data, spec], place("both_interpreted"))
    compiled, interpreted = rows(place("both")), rows(place("both_interpreted"))
    for ours, theirs in zip(compiled, interpreted):
        for name in ours:
            check(ours[name] == theirs[name] or abs(float(ours[name]) - float(theirs[name])) < 2e-5,
                  f"{name}: compiled {ours[name]}, interpreted {theirs[name]}")
    with open(spec, encoding="utf-8") as file:
        text = file.read()
    names = ("val_loss", "val_ink", "val_acc")
    for block, prefix in (("Plain", ""), ("Dark", "Dark/")):
        alone = place(f"{block}.lt")
        with open(alone, "w", encoding="utf-8") as file:
            file.write(text.replace("[Plain, Dark]", f"[{block}]").replace("Dark/val", "val"))
        run(ltc, "build", alone, "--data-root", data, "-o", place(block))
        fit([place(block)], place(f"{block}_alone"))
        both = columns(place("both"), *[prefix + name for name in names])
        check(both == columns(place(f"{block}_alone"), *names), f"{block}: {both}")
        check(any(row[0] for row in both), f"{block} is not validated")
    for step in (3, 7, 14):
        part = place(f"sets{step}")
        fit([program], part, "--trainer.max_steps", str(step))
        fit([program], part, "--resume", "auto", "--trainer.max_steps", "-1")
        check(tensors(part) == tensors(place("both")), f"sets stopped after {step}: other bits")


def main(ltc, data, folder, planted):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    spec = os.path.join(os.path.dirname(os.path.abspath(__file__)), "blocks.lt")
    program = os.path.join(folder, "blocks")
    run(ltc, "build", spec, "--data-root", data, "-o", program)
    place = lambda name: os.path.join(folder, name)
    fit([program], place("whole"), "--threads", "1", *(["--seed", "4"] if planted else []))
    fit([ltc, "run", "--interpret", "--data-root", data, spec], place("interpreted"))
    whole = rows(place("whole"))
    check_same(whole, rows(place("interpreted")))
    check_rows(whole)
    run(ltc, "build", spec, "--data-root", data, "-o", place("alike"),
        "-D", f"Unlabelled.split=(train = {LABELLED}, val = 20)")
    fit([place("alike")], place("orders"))
    check_orders(rows(place("orders")))
    for step in (1, 5, 7, 11, 14, 20):
        part = place(f"stopped{step}")
        fit([program], part, "--trainer.max_steps", str(step))
        fit([program], part, "--resume", "auto", "--trainer.max_steps", "-1",
            "--threads", str(step % 3 + 1))
        check(tensors(part) == tensors(place("whole")), f"stopped after {step}: other bits")
    check_sets(ltc, data, folder)
    info = run(program, "info")
    check("fit          reads Labelled, Unlabelled along" in info, info)
    weights = glob.glob(os.path.join(place("whole"), "lightning_logs", "*", "checkpoints", "*"))[0]
    for words in (["test"], ["predict", "--output", place("out.csv")],
                  ["predict", "--split", "all", "--output", place("all.csv")]):
        run(program, *words, "--weights", weights)
    for name, count in (("out.csv", 40), ("all.csv", 10000)):
        with open(place(name)) as file:
            check(len(file.readlines()) == count + 1, f"{name} has other than {count} rows")
    print(f"{failures} failures")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], "--planted" in sys.argv))
