#!/usr/bin/env python3
"""Saves that are killed or fail at every system call: saves.py PROBE [--planted]

The save's calls are counted by strace, then each is made to kill the process or to fail. After each
the older checkpoint or the newer one loads, nothing else is left once the folder is swept, and a
failure that was reported is one sentence with the file's name.
"""
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile

PROBE = sys.argv[1]
PLANTED = "--planted" in sys.argv
CALLS = ["openat", "statfs", "unlinkat", "write", "pwrite64", "fsync", "close", "renameat", "renameat2", "fstat"]
failures = tried = 0


def check(condition, what):
    global failures, tried
    tried += 1
    if not condition:
        failures += 1
        print("failed:", what)


def run(*command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, timeout=30, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace")


def state(path):
    """The seed of the checkpoint that loads, or None."""
    code, out, _ = run(PROBE, "load", path)
    return int(out.split()[1]) if code == 0 else None


def count_calls(path):
    """How often a save makes each call, after the first openat of the folder (before: the loader)."""
    log = path + ".strace"
    run("strace", "-f", "-o", log, PROBE, "save", path, 2)
    with open(log) as file:
        lines = file.read().splitlines()
    os.remove(log)
    counts = {call: (0, 0) for call in CALLS}
    started = False
    for line in lines:
        found = re.match(r"(?:\d+ +)?(\w+)\(", line)
        if not found or found[1] not in counts:
            continue
        started = started or "O_DIRECTORY" in line
        before, inside = counts[found[1]]
        counts[found[1]] = (before + (not started), inside + started)
    return counts


def inject(path, call, what, number):
    return run("strace", "-f", "-o", "/dev/null", "-e", f"inject={call}:{what}:when={number}",
               PROBE, "save", path, 2)


def prepare(folder):
    path = folder + "/c.safetensors"
    run(PROBE, "save", path, 1)
    check(state(path) == 1, "the older checkpoint")
    return path


def after(folder, path, what, allowed):
    check(state(path) in allowed, f"{what}: {state(path)} loads, expected one of {allowed}")
    run(PROBE, "sweep", folder)
    check(os.listdir(folder) == ["c.safetensors"], f"{what}: {os.listdir(folder)}")


def killed(folder, counts):
    for call, (before, inside) in counts.items():
        for number in range(before + 1, before + inside + 1):
            path = prepare(folder)
            what = f"killed at {call} {number - before} of {inside}"
            code, _, _ = inject(path, call, "signal=KILL", number)
            check(code not in (0, 1), f"{what}: exit {code}")
            after(folder, path, what, {1, 2})
            run(PROBE, "save", path, 3)
            check(state(path) == 3, what + ": the next save")


def failed(folder, counts):
    for error in ("ENOSPC", "EIO", "EDQUOT", "EACCES", "ENOMEM"):
        for call, (before, inside) in counts.items():
            for number in range(before + 1, before + inside + 1):
                path = prepare(folder)
                what = f"{error} at {call} {number - before} of {inside}"
                code, _, sentence = inject(path, call, f"error={error}", number)
                # The last close is of the folder, after the file has its name: nothing is lost.
                harmless = call == "close" and number == before + inside
                check(code == (0 if harmless else 1), f"{what}: exit {code}")
                if code == 1:
                    check(sentence.count("\n") == 1 and folder in sentence, f"{what}: {sentence!r}")
                    check(os.listdir(folder) == ["c.safetensors"] or call == "unlinkat",
                          f"{what}: {os.listdir(folder)}")
                after(folder, path, what, {2} if code == 0 else {1, 2} if call == "fsync" else {1})


def interrupted_calls(folder, counts):
    """EINTR is no failure."""
    for call in ("write", "pwrite64"):
        path = prepare(folder)
        code, _, sentence = inject(path, call, "error=EINTR", counts[call][0] + 1)
        check(code == 0 and state(path) == 2, f"EINTR at {call}: {sentence}")


def size_limit(folder):
    for limit in (0, 100, 1000, 1700):
        path = prepare(folder)

        def set_limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        code, _, sentence = run(PROBE, "save", path, 2, preexec_fn=set_limit)
        check(code == 1 and "cannot be written: File too large" in sentence and sentence.count("\n") == 1,
              f"RLIMIT_FSIZE {limit}: {code} {sentence!r}")
        after(folder, path, f"RLIMIT_FSIZE {limit}", {1})


def full_disk(folder):
    disk = folder + "/disk"
    os.mkdir(disk)
    if run("mount", "-t", "tmpfs", "-o", "size=12k", "none", disk)[0]:
        print("skipped: the full disk, as nothing can be mounted here")
        os.rmdir(disk)
        return
    try:
        path = prepare(disk)
        code, _, sentence = run(PROBE, "room", disk, 100)
        check(code == 1 and "100 checkpoints need" in sentence and "left" in sentence, f"room: {sentence!r}")
        check(run(PROBE, "room", disk, 1)[0] == 0, "room for one")
        # Blocks are of 4 KiB and each of the two checkpoints takes one, so the filler leaves none.
        with open(disk + "/filler", "wb", buffering=0) as filler:
            try:
                while filler.write(bytes(4096)):
                    pass
            except OSError:
                pass
        code, _, sentence = run(PROBE, "save", path, 2)
        check(code == 1 and sentence.count("\n") == 1 and "needs" in sentence, f"full: {sentence!r}")
        os.remove(disk + "/filler")
        after(disk, path, "full disk", {1})
        check(run(PROBE, "save", path, 2)[0] == 0 and state(path) == 2, "room again")
    finally:
        run("umount", disk)
        os.rmdir(disk)


def folders(folder):
    code, _, sentence = run(PROBE, "save", folder + "/absent/c.safetensors", 2)
    check(code == 1 and "folder cannot be opened: No such file" in sentence, f"no folder: {sentence!r}")
    os.mkdir(folder + "/c.safetensors")
    code, _, sentence = run(PROBE, "save", folder + "/c.safetensors", 2)
    check(code == 1 and "cannot be given its name" in sentence, f"a folder of that name: {sentence!r}")
    check(os.listdir(folder) == ["c.safetensors"], "nothing is left")
    os.rmdir(folder + "/c.safetensors")
    target = folder + "/target"
    with open(target, "w") as file:
        file.write("precious")
    os.symlink(target, folder + "/c.safetensors.lt-tmp")
    check(run(PROBE, "save", folder + "/c.safetensors", 2)[0] == 0, "a link in the way")
    check(open(target).read() == "precious", "what the link points to")
    os.remove(target)
    os.remove(folder + "/c.safetensors")
    if os.geteuid() == 0:
        print("skipped: the folder without write permission, as root may write everywhere")
        return
    path = prepare(folder)
    os.chmod(folder, 0o500)
    code, _, sentence = run(PROBE, "save", path, 2)
    os.chmod(folder, 0o700)
    check(code == 1 and "cannot be begun: Permission denied" in sentence, f"read-only folder: {sentence!r}")
    after(folder, path, "read-only folder", {1})


def main():
    tests = [size_limit, full_disk, folders]
    with tempfile.TemporaryDirectory() as folder:
        if shutil.which("strace") and run("strace", "-o", "/dev/null", "true")[0] == 0:
            counts = count_calls(prepare(folder))
            print("calls of a save:", ", ".join(f"{n} {call}" for call, (_, n) in counts.items() if n))
            check(all(counts[call][1] for call in ("openat", "write", "pwrite64", "fsync", "renameat")),
                  f"calls that a safe save makes: {counts}")
            tests += [lambda f: killed(f, counts), lambda f: failed(f, counts),
                      lambda f: interrupted_calls(f, counts)]
        else:
            print("skipped: calls that kill or fail, as strace does not work here")
    for test in tests:
        with tempfile.TemporaryDirectory() as folder:
            test(folder)
    if PLANTED:
        check(state("/dev/null") == 1, "planted")
    print(f"{tried} checks, {failures} failed")
    return 1 if failures else 0


sys.exit(main())
