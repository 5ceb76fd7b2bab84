"""Bar 9, any data file: any_file.py FUZZ PROBE SEEDS --quick|--planted|--long --source FOLDER
--files FILE,FILE… --work FOLDER

Every reader is given files that are nearly right, under ASan and UBSan: it gives rows or one
sentence, and never holds more than ten times the file and 64 MB. Then whole files of some
megabytes, of which the process may not hold more than that either, and decompression bombs, which
are refused by what their header declares, without being expanded.

Quick: some thousands of files a reader, the same in each run, by fuzz.c's own changes. Long: 60 s a
reader by libFuzzer where clang has it, else by fuzz.c with a fresh seed. --planted: a byte read past
a row, memory beyond the limit, and a sentence that is missing are all found.
"""
import argparse
import gzip
import io
import os
import random
import resource
import shutil
import struct
import subprocess
import sys
import time
import zipfile
import zlib

READERS = ("idx", "gzip", "npy", "npz", "csv", "safetensors", "checkpoint", "metrics", "jsonl", "config")
LATER = "raw files, tar, JPEG, PNG and tokenizers, which nothing reads yet"
QUICK_FILES, LONG_SECONDS = 10000, 60
LEEWAY = 64 << 20
SANITIZERS = {"ASAN_OPTIONS": "allocator_may_return_null=1:detect_leaks=1", "UBSAN_OPTIONS": "halt_on_error=1"}


def run(words, **variables):
    return subprocess.run(words, capture_output=True, text=True, env={**os.environ, **SANITIZERS, **variables})


def limited(words, most):
    """Exit code, sentence, seconds, with so much memory that the process may ask for."""
    begun = time.monotonic()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)))
    return done.returncode, done.stderr, time.monotonic() - begun


# ---- whole files and bombs ----------------------------------------------------------------------

def idx(sizes, data):
    return struct.pack(">HBB", 0, 8, len(sizes)) + b"".join(struct.pack(">I", s) for s in sizes) + data


def npy(kind, count, data):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }" % (kind, count)
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data


def archive(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x.npy", data)
    return out.getvalue()


def whole_files():
    """Some megabytes each, that are read."""
    noise = random.Random(5).randbytes(3 << 20)
    numbers = ",".join(map(str, range(1000)))
    return [("idx", idx([3 << 10, 1 << 10], noise)), ("idx", gzip.compress(idx([3 << 20], noise), 1)),
            ("npy", npy("<f4", 3 << 18, noise)), ("npz", archive(npy("<f4", 3 << 18, noise))),
            ("csv", ("\n".join([numbers] * 800) + "\n").encode()),
            ("csv", ("\n".join("word%d,%d" % (i % 5000, i) for i in range(200000)) + "\n").encode())]


def bombs():
    """A megabyte that expands to a gigabyte, under headers that say less and more."""
    pack = zlib.compressobj(1, zlib.DEFLATED, 31)
    zeros = pack.compress(bytes(100 << 20)) + pack.flush()
    rest = zeros * 10
    small, large = (gzip.compress(idx(sizes, b"")) + rest for sizes in ([100], [10, 1 << 30]))
    honest = archive(npy("|u1", 50 << 20, bytes(50 << 20)))
    lie = honest.replace(struct.pack("<I", len(npy("|u1", 50 << 20, b"")) + (50 << 20)), struct.pack("<I", 300))
    return [("idx", small, "has more than"), ("idx", large, "can hold"), ("npz", lie, "declares"),
            ("npz", archive(npy("|u1", 10 << 30, bytes(1 << 20))), "declares"),
            ("npy", gzip.compress(npy("|u1", 9, b"")) + rest, "has more than")]


def big_files(probe, work):
    tried = good = 0
    path = os.path.join(work, "file")
    for form, data, *sentence in [*whole_files(), *bombs()]:
        with open(path, "wb") as file:
            file.write(data)
        code, said, seconds = limited([probe, form, path], 10 * len(data) + LEEWAY)
        fine = code == 0
        if sentence:
            fine = code == 1 and said.count("\n") == 1 and sentence[0] in said and seconds < 1
        tried += 1
        good += fine
        if not fine:
            print("%s of %d bytes: ended with %d, took %.1f s, said %r" % (form, len(data), code, seconds, said[:300]))
    return good, tried


# ---- fuzzing ------------------------------------------------------------------------------------

def has_sanitizers(fuzz):
    with open(fuzz, "rb") as file:
        return b"__asan_init" in file.read()


def quick(given):
    done = run([given.fuzz, given.seeds, str(QUICK_FILES), "all", os.environ.get("LT_TEST_SEED", "7")],
               LT_CRASHES=given.work)
    print(done.stdout, end="")
    print(done.stderr[-4000:], end="")
    return done.stdout.count(", 0 findings") if done.returncode == 0 else 0


def libfuzzer(given):
    """The target for libFuzzer, or None where there is none."""
    program = os.path.join(given.work, "libfuzzer")
    include = [os.path.join(given.source, "runtime"), os.path.join(given.source, "runtime", "include")]
    done = subprocess.run(["clang", "-std=c17", "-O1", "-g", "-D_GNU_SOURCE", "-DLTC_LIBFUZZER", "-ffp-contract=off",
                           "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all",
                           *("-I" + folder for folder in include), *given.files.split(","), "-lz", "-lpthread",
                           "-Wl,--wrap=lt_print_error",
                           "-o", program], capture_output=True, text=True) if shutil.which("clang") else None
    if done and done.returncode == 0:
        return program
    print("left out: libFuzzer, as " + (done.stderr.strip().splitlines()[-1] if done else "there is no clang"))
    return None


def guided(given, program, reader):
    corpus = os.path.join(given.work, "corpus." + reader)
    os.makedirs(corpus)
    kinds = {"gzip": ("gzip.", "idx."), "checkpoint": ("checkpoint.", "safetensors.")}.get(reader, (reader + ".",))
    for name in os.listdir(given.seeds):
        if name.startswith(kinds):
            shutil.copy(os.path.join(given.seeds, name), corpus)
    done = run([program, corpus, "-max_total_time=%d" % given.seconds, "-max_len=32768", "-rss_limit_mb=512",
                "-timeout=5", "-print_final_stats=1", "-verbosity=0", "-artifact_prefix=%s/crash.%s." % (given.work, reader)],
               LT_READER=reader)
    files = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    print("%-12s %s files in %d s, %s" % (reader, files[0] if files else "?", given.seconds,
                                         "no finding" if done.returncode == 0 else done.stderr[-4000:]), flush=True)
    return done.returncode == 0


def unguided(given, reader):
    """By fuzz.c, until the time is over."""
    end, files, seed = time.monotonic() + given.seconds, 0, random.randrange(2**32)
    while time.monotonic() < end:
        done = run([given.fuzz, given.seeds, "20000", reader, str(seed)], LT_CRASHES=given.work)
        if done.returncode:
            print(done.stdout + done.stderr[-4000:])
            return False
        files, seed = files + 20000, seed + 1
    print("%-12s %d files in %d s, no finding" % (reader, files, given.seconds), flush=True)
    return True


def long(given):
    program = libfuzzer(given)
    return sum(guided(given, program, reader) if program else unguided(given, reader) for reader in READERS)


def planted(given):
    found = 0
    for what, sign in (("past", "heap-buffer-overflow"), ("memory", "bytes to read"), ("silent", "the sentence is")):
        done = run([given.fuzz, given.seeds, "300", "csv", "7", "--planted", what],
                   LT_CRASHES=given.work)
        fine = done.returncode != 0 and sign in done.stdout + done.stderr
        print("%s: %s" % (what, "found" if fine else "NOT found"))
        found += fine
    print("the planted faults were %s (%d of 3)" % ("found" if found == 3 else "NOT found", found))
    return 0 if found == 3 else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("fuzz", "probe", "seeds"):
        parser.add_argument(name)
    for name in ("quick", "planted", "long"):
        parser.add_argument("--" + name, action="store_true")
    for name in ("source", "files", "work"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--seconds", type=int, default=LONG_SECONDS, help="of each reader in the long form")
    given = parser.parse_args()
    shutil.rmtree(given.work, ignore_errors=True)
    os.makedirs(given.work)
    begun = time.monotonic()
    if not has_sanitizers(given.fuzz):
        print("left out: sanitizers, which this compiler cannot link")
        if given.planted:
            return 77
    if given.planted:
        return planted(given)
    print("left out: " + LATER)
    clean = long(given) if given.long else quick(given)
    good, tried = big_files(given.probe, given.work)
    print("%d of %d readers without a finding, %d of %d large files and bombs, %.0f s"
          % (clean, len(READERS), good, tried, time.monotonic() - begun))
    return 0 if clean == len(READERS) and good == tried else 1


sys.exit(main())
