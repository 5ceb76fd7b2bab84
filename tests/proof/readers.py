"""The readers that people use read what a run leaves, also after a kill and a resume, and see what
our own strict readers see: safetensors and NumPy the checkpoint, pandas the CSV, TensorBoard the
events.

They come from the registry into an environment of the test's own; without one the test is skipped,
with pip's reason. LT_READERS_ENV names an environment that is there already.
"""
import json
import os
import signal
import subprocess
import sys
import time

import events
import tools
import xxh64

PACKAGES = ("safetensors", "numpy", "pandas", "tensorboard")

# Runs in the environment with the readers; writes what they saw as JSON, floats as their bits.
SCRIPT = r'''
import glob, hashlib, json, os, sys
import numpy, pandas
from safetensors import safe_open
from safetensors.numpy import load_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
folder, checkpoint = sys.argv[1:]
tensors = {name: [str(a.dtype), list(a.shape), hashlib.sha256(a.tobytes()).hexdigest()]
           for name, a in load_file(checkpoint).items()}
with safe_open(checkpoint, "np") as file:
    metadata = file.metadata()
table = pandas.read_csv(os.path.join(folder, "metrics.csv"), float_precision="round_trip")
columns = {name: [None if pandas.isna(x) else float(x).hex() for x in table[name]]
           for name in table.columns}
seen = EventAccumulator(folder, size_guidance={"scalars": 0})
seen.Reload()
scalars = {}
for name in seen.Tags()["scalars"]:
    scalars[name] = {e.step: numpy.float32(e.value).tobytes().hex() for e in seen.Scalars(name)}
for name in seen.Tags().get("tensors", []):
    scalars[name] = {e.step: numpy.float32(e.tensor_proto.float_val[0]).tobytes().hex()
                     for e in seen.Tensors(name)}
json.dump({"tensors": tensors, "metadata": metadata, "columns": columns, "scalars": scalars},
          sys.stdout)
'''
NUMPY = {"F32": "float32", "F64": "float64", "F16": "float16", "I64": "int64", "I32": "int32",
         "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool"}


def environment(tree):
    """The Python that has the readers."""
    given = os.environ.get("LT_READERS_ENV")
    folder = given or os.path.join(os.path.dirname(tree.work), "readers_env")
    return tools.python_with(PACKAGES, folder)


def ours(run, checkpoint):
    """The same by our own readers."""
    tensors, metadata = tools.read_safetensors(checkpoint)
    rows = [line.split(",") for line in
            tools.read_text(os.path.join(run.folder, "metrics.csv")).splitlines()]
    return {
        "tensors": {name: [NUMPY[dtype], list(shape), tools.hashlib.sha256(data).hexdigest()]
                    for name, (dtype, shape, data) in tensors.items()},
        "metadata": metadata,
        "columns": {name: [float(row[i]).hex() if row[i] else None for row in rows[1:]]
                    for i, name in enumerate(rows[0])},
        "scalars": {name: {str(step): value.hex() for step, value in values.items()}
                    for name, values in events.read_folder(run.folder).items()},
    }


def compare(tree, python, run, what):
    checkpoint = run.checkpoints()[-1]
    data = tools.read_bytes(checkpoint)
    if data[8 + len(xxh64.START):][:16] != xxh64.sum_of(data):
        sys.exit("%s: the sum of %s is wrong" % (what, checkpoint))
    script = tree.path("read.py")
    with open(script, "w") as file:
        file.write(SCRIPT)
    theirs = json.loads(tools.run([python, script, run.folder, checkpoint]).stdout)
    expected = ours(run, checkpoint)
    if os.environ.get("LT_PLANTED_FAULT"):
        expected["scalars"]["train_loss"].popitem()
    for part, values in expected.items():
        if theirs[part] != values:
            wrong = [name for name in set(values) | set(theirs[part])
                     if values.get(name) != theirs[part].get(name)]
            print("%s: %s differ: %s" % (what, part, ", ".join(sorted(wrong)[:5])))
            return None
    return [sum(len(values) for values in expected["scalars"].values()), len(expected["tensors"])]


def killed_and_resumed(tree, program):
    """A run that is killed once it has saved, twice, and then ends."""
    root = tree.path("killed")
    words = [program, "fit", "--quiet", "--trainer.default_root_dir", root, "--threads", "2"]
    run = tools.Run(root)
    for _ in range(2):
        before = run.checkpoints()
        process = subprocess.Popen(words + (["--resume", "auto"] if before else []))
        while process.poll() is None and run.checkpoints()[-1:] == before[-1:]:
            time.sleep(0.001)
        time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    tools.run(words + ["--resume", "auto"])
    return run


def main():
    given = tools.options(__doc__).parse_args()
    tree = tools.Tree(given)
    python = environment(tree)
    program = tree.path("kills")
    tools.run([tree.ltc, "build", os.path.join(tree.source, "tests", "proof", "specs", "kills.lt"),
               "--data-root", tree.examples, "-o", program])
    runs = {"a whole run": tree.fit(program, tree.path("whole"), "--threads", "2"),
            "a run that was killed twice": killed_and_resumed(tree, program)}
    for what, run in runs.items():
        counts = compare(tree, python, run, what)
        if os.environ.get("LT_PLANTED_FAULT"):
            print("the planted fault was %s" % ("NOT found" if counts else "found"))
            return 1 if counts else 0
        if not counts:
            return 1
        print("%s: %d scalars, %d tensors, equal" % (what, *counts))
    print("%d runs read alike by %s" % (len(runs), ", ".join(PACKAGES)))
    return 0


sys.exit(main())
