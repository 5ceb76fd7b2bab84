#!/usr/bin/env python3
"""Bar 7, weights from strangers: hostile.py PROBE [--planted] [--long] [--seeds FOLDER]

Each header is accepted or refused as the official reader does (safetensors 0.8.0; its verdicts are
recorded here, and asked for again where the package can be imported), but for STRICTER. A refusal
is one sentence, takes less than 0.1 s for any header here, and less than 200 MB.

--long fetches the package into an environment beside PROBE and asks it about every file.
--planted asks a reader that forgives holes, overlaps and wrong sizes: it must be told from ours.
"""
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time

try:
    from safetensors import safe_open
except ImportError:
    safe_open = None

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "proof"))
import tools        # noqa: E402

PROBE = os.path.abspath(sys.argv[1])
PLANTED = "--planted" in sys.argv
ACCEPT, REFUSE = True, False
cases = []
slowest = 0.0


def file(header, data=b"", length=None):
    if isinstance(header, str):
        header = header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def case(verdict, name, content):
    cases.append((name, verdict, content))


def entry(name="a", dtype="U8", shape="[2]", offsets="[0,2]", more=""):
    return '"%s":{"dtype":"%s","shape":%s,"data_offsets":%s%s}' % (name, dtype, shape, offsets, more)


def one(data=b"12", **fields):
    return file("{" + entry(**fields) + "}", data)


def two(first, second, data):
    return file("{" + first + "," + second + "}", data)


T = "{" + entry() + "}"
case(ACCEPT, "plain", one())
case(ACCEPT, "no tensors", file("{}"))
case(ACCEPT, "blanks before", file("  \n" + T, b"12"))
case(ACCEPT, "blanks behind", file(T + "   \t\r\n", b"12"))
case(ACCEPT, "scalar", one(data=b"1", shape="[]", offsets="[0,1]"))
case(ACCEPT, "empty tensor shares an offset", two(entry(), entry("b", shape="[0]", offsets="[0,0]"), b"12"))
case(ACCEPT, "empty tensor at the end", two(entry(), entry("b", shape="[0,9]", offsets="[2,2]"), b"12"))
case(ACCEPT, "empty tensor of a huge shape", one(data=b"", shape="[0,18446744073709551615,9]", offsets="[0,0]"))
case(ACCEPT, "any order", two(entry("b", offsets="[2,4]"), entry("a"), b"1234"))
case(ACCEPT, "escaped name", one(name="\\u0061\\ud83d\\ude00\\\"\\\\"))
case(ACCEPT, "escaped field", file(T.replace("dtype", "d\\u0074ype"), b"12"))
case(ACCEPT, "no name", one(name=""))
case(ACCEPT, "NUL in a name", one(name="a\\u0000b"))
case(ACCEPT, "unknown field", one(more=',"z":[1,{"q":null}]'))
case(ACCEPT, "unknown field twice", one(more=',"z":1,"z":2'))
case(ACCEPT, "unknown field of a large exponent that is 0", one(more=',"z":0e9999'))
case(ACCEPT, "metadata", file('{"__metadata__":{"k":"v","l":""},' + T[1:], b"12"))
case(ACCEPT, "metadata null", file('{"__metadata__":null,' + T[1:], b"12"))
case(ACCEPT, "metadata key twice", file('{"__metadata__":{"k":"v","k":"w"},' + T[1:], b"12"))
case(ACCEPT, "nesting of 127", one(more=',"z":' + "[" * 125 + "]" * 125))
case(ACCEPT, "half a byte, even", one(dtype="F4", shape="[4]"))
for dtype, size in [("BOOL", 1), ("I8", 1), ("F8_E5M2", 1), ("F8_E4M3", 1), ("F8_E8M0", 1), ("F8_E4M3FNUZ", 1),
                    ("F8_E5M2FNUZ", 1), ("I16", 2), ("U16", 2), ("F16", 2), ("BF16", 2), ("I32", 4), ("U32", 4),
                    ("F32", 4), ("C64", 8), ("F64", 8), ("I64", 8), ("U64", 8)]:
    case(ACCEPT, dtype, one(data=bytes(2 * size), dtype=dtype, offsets="[0,%d]" % (2 * size)))

case(REFUSE, "empty file", b"")
case(REFUSE, "seven bytes", b"\2\0\0\0\0\0\0")
case(REFUSE, "header of 0 bytes", file(""))
case(REFUSE, "header of 1 byte", file("{"))
case(REFUSE, "header past the end", file(T, b"12", length=len(T) + 3))
case(REFUSE, "header of 2^63", file(T, b"12", length=1 << 63))
case(REFUSE, "header of 2^64 - 1", file(T, b"12", length=(1 << 64) - 1))
case(REFUSE, "header of 100,000,001", file(T, b"12", length=100000001))
case(REFUSE, "header ends in the middle", file(T, b"12", length=len(T) - 1))
case(REFUSE, "a list", file("[]"))
case(REFUSE, "a string", file('"x"'))
case(REFUSE, "null", file("null"))
case(REFUSE, "garbage", file("\x01\x02\x03\x04"))
case(REFUSE, "byte order mark", file(b"\xef\xbb\xbf" + T.encode(), b"12"))
case(REFUSE, "UTF-8 cut", file(b'{"\xc3":' + T[5:].encode(), b"12"))
case(REFUSE, "UTF-8 surrogate", file(b'{"\xed\xa0\x80":' + T[5:].encode(), b"12"))
case(REFUSE, "UTF-8 overlong", file(b'{"\xc0\xaf":' + T[5:].encode(), b"12"))
case(REFUSE, "UTF-8 in a string that is not needed", file(T[:-2].encode() + b',"z":"\xff"}}', b"12"))
case(REFUSE, "NUL behind", file(T + "\0", b"12"))
case(REFUSE, "text behind", file(T + "x", b"12"))
case(REFUSE, "comma before the end", file(T[:-1] + ",}", b"12"))
case(REFUSE, "no comma", file("{" + entry() + " " + entry("b", offsets="[2,4]") + "}", b"1234"))
case(REFUSE, "single quotes", file(T.replace('"', "'"), b"12"))
case(REFUSE, "control character in a name", one(name="a\x01"))
case(REFUSE, "lone surrogate", one(name="a\\ud800"))
case(REFUSE, "surrogates the wrong way round", one(name="a\\ude00\\ud83d"))
case(REFUSE, "unknown escape", one(name="a\\x"))
case(REFUSE, "names twice, one after the other", two(entry(), entry(offsets="[2,4]"), b"1234"))
case(REFUSE, "overlap", two(entry(), entry("b", offsets="[1,3]"), b"123"))
case(REFUSE, "the same bytes twice", two(entry(), entry("b"), b"12"))
case(REFUSE, "a hole", two(entry(), entry("b", offsets="[3,5]"), b"12345"))
case(REFUSE, "a hole at the start", one(data=b"123", offsets="[1,3]"))
case(REFUSE, "bytes behind", one(data=b"123"))
case(REFUSE, "bytes missing", one(data=b"1"))
case(REFUSE, "bytes without tensors", file("{}", b"1"))
case(REFUSE, "offsets backwards", one(offsets="[2,0]"))
case(REFUSE, "offsets past the end", one(offsets="[0,18446744073709551615]"))
case(REFUSE, "empty tensor inside another", two(entry(), entry("b", shape="[0]", offsets="[1,1]"), b"12"))
case(REFUSE, "shape too large", one(shape="[3]"))
case(REFUSE, "shape too small", one(shape="[1]"))
case(REFUSE, "shape over 2^64", one(shape="[4294967296,4294967296]"))
case(REFUSE, "shape over 2^64 to a small number", one(shape="[9223372036854775809,2]"))
case(REFUSE, "bits over 2^64", one(dtype="F64", shape="[2305843009213693952]"))
case(REFUSE, "a huge size before a 0", one(data=b"", shape="[18446744073709551615,9,0]", offsets="[0,0]"))
case(REFUSE, "negative size", one(shape="[-2]"))
case(REFUSE, "size -0", one(data=b"", shape="[-0]", offsets="[0,0]"))
case(REFUSE, "fraction", one(shape="[2.0]"))
case(REFUSE, "exponent", one(shape="[2e0]"))
case(REFUSE, "1e400", one(shape="[1e400]"))
case(REFUSE, "2^64", one(shape="[18446744073709551616]"))
case(REFUSE, "leading zero", one(shape="[02]"))
case(REFUSE, "size as text", one(shape='["2"]'))
case(REFUSE, "size null", one(shape="[null]"))
case(REFUSE, "shape a number", one(shape="2"))
case(REFUSE, "one offset", one(offsets="[0]"))
case(REFUSE, "three offsets", one(offsets="[0,2,3]"))
case(REFUSE, "negative offset", one(offsets="[-0,2]"))
case(REFUSE, "offset 1e400", one(offsets="[0,1e400]"))
case(REFUSE, "unknown field of 1e400", one(more=',"z":1e400'))
case(REFUSE, "dtype unknown", one(dtype="F33"))
case(REFUSE, "dtype in small letters", one(dtype="u8"))
case(REFUSE, "dtype a number", file('{"a":{"dtype":8,"shape":[2],"data_offsets":[0,2]}}', b"12"))
case(REFUSE, "half a byte, odd", one(dtype="F4", shape="[3]"))
case(REFUSE, "no dtype", file('{"a":{"shape":[2],"data_offsets":[0,2]}}', b"12"))
case(REFUSE, "no shape", file('{"a":{"dtype":"U8","data_offsets":[0,2]}}', b"12"))
case(REFUSE, "no offsets", file('{"a":{"dtype":"U8","shape":[2]}}', b"12"))
case(REFUSE, "field twice", one(more=',"dtype":"U8"'))
case(REFUSE, "tensor null", file('{"a":null}'))
case(REFUSE, "metadata twice", file('{"__metadata__":{},"__metadata__":{},' + T[1:], b"12"))
case(REFUSE, "metadata a list", file('{"__metadata__":[],' + T[1:], b"12"))
case(REFUSE, "metadata of numbers", file('{"__metadata__":{"k":1},' + T[1:], b"12"))
case(REFUSE, "metadata of null", file('{"__metadata__":{"k":null},' + T[1:], b"12"))
case(REFUSE, "metadata is a tensor", one(name="__metadata__"))
case(REFUSE, "nesting of 128", one(more=',"z":' + "[" * 126 + "]" * 126))
case(REFUSE, "nesting of 100,000", file('{"a":' + "[" * 100000 + "]" * 100000 + "}"))
case(REFUSE, "nesting of 100,000 objects", file('{"a":' * 100000))
case(REFUSE, "many names and an overlap", file("{" + ",".join(entry("n%d" % i) for i in range(5000)) + "}", b"12"))

# The official reader takes these; the format's text forbids the first, and doesn't know the others.
STRICTER = [
    ("names twice, alike", two(entry(), entry(), b"12")),
    ("a list for a tensor", file('{"a":["U8",[2],[0,2]]}', b"12")),
    ("an object for a dtype", file('{"a":{"dtype":{"U8":null},"shape":[2],"data_offsets":[0,2]}}', b"12")),
]


def official(path):
    try:
        with safe_open(path, "np") as reader:
            reader.keys()
        return ACCEPT
    except Exception:                       # its own type, and panics
        return REFUSE


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))


def ours(path):
    start = time.monotonic()
    done = subprocess.run([PROBE, "lax" if PLANTED else "header", path], capture_output=True, timeout=20, preexec_fn=limit_memory)
    return done, time.monotonic() - start


def judge(path, name, verdict, content, theirs):
    global slowest
    with open(path, "wb") as out:
        out.write(content)
    done, seconds = ours(path)
    error = done.stderr.decode("utf-8", "replace")
    problems = []
    if done.returncode != (0 if verdict else 1):
        problems.append(f"exit {done.returncode}: {error!r}")
    if not verdict and (error.count("\n") != 1 or not error.startswith(path + ": ")):
        problems.append(f"not one sentence: {error!r}")
    if seconds > 0.05:
        seconds = min(seconds, *(ours(path)[1] for _ in range(5)))      # a busy machine is slow once
    if seconds > 0.1:
        problems.append(f"took {seconds:.2f} s")
    slowest = max(slowest, seconds)
    if safe_open and official(path) != theirs:
        problems.append(f"the official reader now says {official(path)}")
    for problem in problems:
        print(f"{name}: {problem}")
    return not problems


def large_header(path):
    """100 MB of header, all of it wrong at the very end."""
    filler = ("{" + entry(offsets="[0,2]") + "," + '"x":{"q":[' + "1," * 1000).encode()
    content = filler + b"1," * 49000000
    with open(path, "wb") as out:
        out.write(file(content))
    done, seconds = ours(path)
    print(f"a header of {len(content) / 1e6:.0f} MB: refused in {seconds:.2f} s")
    return done.returncode == 1 and done.stderr.count(b"\n") == 1


def write_seeds(folder):
    """The files of all cases, for tests/data/fuzz.c."""
    for number, (_, _, content) in enumerate(cases):
        if len(content) < 1 << 14:
            with open(os.path.join(folder, f"safetensors.{number}"), "wb") as out:
                out.write(content)


def special_files(folder):
    """What is no file at all; none may be waited for."""
    failed = 0
    os.mkfifo(folder + "/pipe")
    for special in (folder, folder + "/pipe", folder + "/absent", "/dev/zero"):
        done, _ = ours(special)
        if done.returncode != 1 or done.stderr.count(b"\n") != 1:
            print(f"{special}: exit {done.returncode} {done.stderr!r}")
            failed += 1
    return failed


def ask_the_package():
    """Once more, by a Python that has it."""
    folder = os.path.join(os.path.dirname(PROBE), "safetensors_env")
    python = tools.python_with(("safetensors", "numpy"), folder)
    words = [word for word in sys.argv[1:] if word != "--long"]
    os.execv(python, [python, os.path.abspath(__file__), *words, "--asked"])


def main():
    failed = 0
    if "--seeds" in sys.argv:
        write_seeds(sys.argv[-1])
        return 0
    if "--long" in sys.argv:
        ask_the_package()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "weights.safetensors")
        for name, verdict, content in cases:
            failed += not judge(path, name, verdict, content, verdict)
        for name, content in STRICTER:
            failed += not judge(path, name, REFUSE, content, ACCEPT)
        failed += not large_header(path)
        failed += special_files(folder)
    if not safe_open:
        print("left out: asking PyPI's safetensors again, which is not installed here; --long fetches it")
    if PLANTED:
        print(f"the planted fault was {'found' if failed else 'NOT found'}, in {failed} files")
        return 0 if failed else 1
    files = len(cases) + len(STRICTER)
    print(f"{files} files: {files - failed} judged as by the official reader ({'asked' if safe_open else 'recorded'}; "
          f"{len(STRICTER)} more strictly, on purpose), slowest {1000 * slowest:.0f} ms, below 200 MB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
