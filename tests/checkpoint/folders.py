#!/usr/bin/env python3
"""Checkpoints of a folder, and weights for other programs: folders.py PROBE [--planted]"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

try:
    import numpy
    from safetensors import safe_open
    from safetensors.numpy import save_file
except ImportError:
    numpy = None

PROBE = sys.argv[1]
failures = 0


def check(condition, what):
    global failures
    if not condition:
        failures += 1
        print("failed:", what)


def probe(*arguments):
    done = subprocess.run([PROBE, *map(str, arguments)], capture_output=True, timeout=20)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def sums(seed):
    return probe("sum", seed)[1].splitlines()


def header(path):
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length)), file.read()


def weights(path, tensors, metadata=None):
    """A plain safetensors file from {name: (dtype, shape, bytes)}."""
    entries, data = {}, b""
    if metadata:
        entries["__metadata__"] = metadata
    for name, (dtype, shape, content) in tensors.items():
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(entries).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))


def round_trip(folder):
    path = folder + "/a.safetensors"
    check(probe("save", path, 5) == (0, "", ""), "save")
    check(probe("load", path)[1].splitlines() == sums(5)[:1], "load gives what was saved")
    check(probe("weights", path)[1].splitlines() == sums(5)[1:], "weights of a checkpoint, no note")
    first = open(path, "rb").read()
    probe("save", path, 5)
    check(open(path, "rb").read() == first, "the same state is the same file")
    probe("save", path, 6)
    check(probe("load", path)[1].splitlines() == sums(6)[:1], "saved over an older one")
    entries, _ = header(path)
    check(len(open(path, "rb").read(8)) == 8 and struct.unpack("<Q", open(path, "rb").read(8))[0] % 8 == 0,
          "the header's length is a multiple of 8")
    check(entries["__metadata__"]["lt.aliases"] == '{"decoder.weight":"hidden.weight"}', "aliases")
    check(json.loads(entries["__metadata__"]["lt.run"])["state"]["early_stopping.best"] == "0x1.5555555555555p-2",
          "exact numbers")
    check("table" not in entries, "a table that nobody assigns is not saved")
    check(entries["hidden.weight"]["shape"] == [5, 7], "the user's shape")
    check(os.listdir(folder) == ["a.safetensors"], "nothing beside it")


def newest(folder):
    names = [folder + "/%d.safetensors" % i for i in (1, 2, 3)]
    for i, name in enumerate(names):
        probe("save", name, i + 1)
    check(probe("newest", folder) == (0, names[2] + "\n", ""), "the newest by steps")
    os.utime(names[0])
    check(probe("newest", folder)[1] == names[2] + "\n", "steps count, not the clock")
    check(probe("best", folder)[1] == names[1] + "\n", "the best by score")
    flip(names[2], -1)
    code, out, error = probe("newest", folder)
    check((code, out) == (0, names[1] + "\n") and "3.safetensors: is damaged" in error, "damaged data: " + error)
    flip(names[1], 100)
    code, out, error = probe("newest", folder)
    check((code, out) == (0, names[0] + "\n") and error.count("\n") == 2, "a damaged header: " + error)
    check(probe("best", folder)[:2] == (0, names[0] + "\n"), "the best that is whole")
    open(names[1], "w").close()
    os.remove(names[2])
    os.mkfifo(names[2])
    os.mkdir(folder + "/4.safetensors")
    code, out, error = probe("newest", folder)
    check((code, out) == (0, names[0] + "\n") and error.count("\n") == 3, "empty, a pipe, a folder: " + error)
    os.remove(names[0])
    check(probe("newest", folder)[:2] == (1, "none\n"), "none is left")
    check(probe("newest", folder + "/absent") == (1, "none\n", ""), "no folder")


def sweep(folder):
    probe("save", folder + "/1.safetensors", 1)
    shutil.copy(folder + "/1.safetensors", folder + "/2.safetensors.lt-tmp")
    os.mkdir(folder + "/3.lt-tmp")
    os.symlink("/etc/hostname", folder + "/4.lt-tmp")
    check(probe("sweep", folder)[1] == folder + "/2.safetensors.lt-tmp: removed, the start of a checkpoint "
          "that was interrupted\n", "a leftover goes, with a line")
    check(sorted(os.listdir(folder)) == ["1.safetensors", "3.lt-tmp", "4.lt-tmp"], "nothing else goes")


GOOD = {
    "hidden.weight": ("F32", [5, 7], bytes(range(140))), "hidden.bias": ("F32", [5], bytes(20)),
    "flags": ("BOOL", [3], b"\0\1\1"), "mixed": ("F16", [2, 3, 4], bytes(48)), "empty": ("F32", [0, 3], b""),
}


def foreign(folder):
    path = folder + "/w.safetensors"
    weights(path, GOOD)
    code, plain, _ = probe("weights", path)
    check(code == 0 and plain.count("\n") == 1, "plain weights: " + plain)
    weights(path, {("decoder.weight" if k == "hidden.weight" else k): v for k, v in GOOD.items()})
    check(probe("weights", path)[:2] == (0, plain), "a tied weight under its other name")
    weights(path, {("other" if k == "hidden.bias" else k): v for k, v in GOOD.items()},
            {"lt.aliases": "{}"})
    check(probe("weights", path)[0] == 1, "keys of ours without a sum")
    weights(path, dict(GOOD, extra=("F32", [1], bytes(4))))
    check(probe("weights", path)[:2] == (0, plain + path + ': 1 of its tensors are not used, "extra" among them\n'),
          "a tensor left over")
    for name, change, sentence in [
            ("absent", None, "has no tensor hidden.bias, which the program has (toy.lt:3)"),
            ("shape", ("F32", [1, 5], bytes(20)), "tensor hidden.bias has the shape [1, 5], but the program's has [5]"),
            ("dtype", ("I32", [5], bytes(20)), "tensor hidden.bias is of I32, but the program's is of F32"),
            ("unknown dtype", ("U32", [5], bytes(20)), "tensor hidden.bias is of U32, but the program's is of F32"),
            ("rank", ("F32", [1] * 11 + [5], bytes(20)),
             "tensor hidden.bias has the shape […], but the program's has [5]")]:
        tensors = dict(GOOD, **{"hidden.bias": change})
        if not change:
            del tensors["hidden.bias"]
        weights(path, tensors)
        check(probe("weights", path) == (1, "", path + ": " + sentence + "\n"), name + ": " + probe("weights", path)[2])
    check(probe("load", path)[2] == path + ": has weights but no state of a run, expected a checkpoint\n", "to resume")


def changed(folder):
    """Checkpoints of ours whose header was changed and summed anew would be another program's."""
    path = folder + "/c.safetensors"
    probe("save", path, 1)
    with open(path, "rb") as file:
        content = file.read()
    for what, old, new in [("format", b'"lt.format":"1"', b'"lt.format":"2"'),
                           ("a tensor's name", b'"hidden.bias"', b'"hidden.bios"')]:
        with open(path, "wb") as file:
            file.write(content.replace(old, new))
        code, _, error = probe("load", path)
        check(code == 1 and error.count("\n") == 1, what + ": " + error)


def printed(folder):
    path = folder + "/p.safetensors"
    probe("save", path, 1)
    code, out, _ = probe("print", path)
    check(code == 0 and "parameter   F32   [5, 7]               hidden.weight" in out, "print: " + out)
    weights(path, {"a\nb\x1b[31m": ("U8", [1], b"1")})
    code, out, _ = probe("print", path)
    check(code == 0 and "\x1b" not in out and "a\\x0ab" in out, "what could disturb a terminal: " + repr(out))


def kept_format(folder):
    """A file of format 1, written when that was the newest, loads for ever."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "format1.safetensors")
    check(probe("load", path)[1].splitlines() == sums(5)[:1], "format 1")
    check(probe("weights", path)[1].splitlines() == sums(5)[1:], "weights of format 1")


def other_readers(folder):
    path = folder + "/n.safetensors"
    probe("save", path, 3)
    entries, data = header(path)
    with safe_open(path, "np") as reader:
        for name in reader.keys():
            if entries[name]["dtype"] == "BF16":
                continue                    # NumPy has none
            begin, end = entries[name]["data_offsets"]
            tensor = reader.get_tensor(name)
            check(list(tensor.shape) == entries[name]["shape"] and tensor.tobytes() == data[begin:end], name)
    save_file({k: numpy.frombuffer(v[2], {"F32": "f4", "BOOL": "?", "F16": "f2"}[v[0]]).reshape(v[1])
               for k, v in GOOD.items()}, path)
    theirs = probe("weights", path)
    weights(path, GOOD)
    check(theirs == probe("weights", path) and theirs[0] == 0, "a file that the safetensors package wrote")


def main():
    tests = [round_trip, newest, sweep, foreign, changed, printed, kept_format]
    if numpy:
        tests.append(other_readers)
    else:
        print("skipped: reading by PyPI's safetensors and NumPy, which are not installed here")
    for test in tests:
        with tempfile.TemporaryDirectory() as folder:
            test(folder)
    if "--planted" in sys.argv:
        check(probe("load", "/dev/null")[0] == 0, "planted")
    print(f"{failures} failures")
    return 1 if failures else 0


sys.exit(main())
