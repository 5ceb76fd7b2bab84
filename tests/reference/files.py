"""The small data files that fragments of the documentation read, made from a fixed formula."""
import os
import struct

ROWS = 64


def npy(path, kind, shape, values):
    sizes = ", ".join(map(str, shape))
    header = f"{{'descr': '<{kind}', 'fortran_order': False, 'shape': ({sizes},), }}"
    header += " " * (63 - (len(header) + 10) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack(f"<{len(values)}{'f' if kind == 'f4' else 'i'}", *values))


def idx(path, shape, values):
    with open(path, "wb") as file:
        file.write(struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape))
        file.write(bytes(values))


def numbers(count):
    """Numbers in [-1, 1), spread evenly and in no order."""
    return [(i * 2654435761 % 4294967296) / 2147483648 - 1 for i in range(1, count + 1)]


def safetensors(path, tensors):
    """tensors: (name, shape, values) of f32."""
    place, entries, body = 0, [], b""
    for name, shape, values in tensors:
        end = place + 4 * len(values)
        entries.append(f'"{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{place},{end}]}}')
        body += struct.pack(f"<{len(values)}f", *values)
        place = end
    header = ("{" + ",".join(entries) + "}").encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + body)


def table(path):
    cities = ["Bern", "Oslo", "Rome"]
    with open(path, "w") as file:
        file.write("age,income,city,label\n")
        for i, value in enumerate(numbers(ROWS)):
            file.write(f"{20 + i % 50},{value:.4f},{cities[i % 3]},{i % 2}\n")


PARTS = """\
narrow = 4

layer Gated(dim: int) {
    up   = linear(dim, dim)
    gate = linear(dim, dim)
    forward(x: f32[.., dim]) -> f32[.., dim] { up(x) * sigmoid(gate(x)) }
}
"""


def write_all(folder, data):
    """Writes them into `folder`, and makes the examples' data visible there as data/."""
    npy(os.path.join(folder, "x.npy"), "f4", [ROWS, 8], numbers(ROWS * 8))
    npy(os.path.join(folder, "y.npy"), "i4", [ROWS], [i * 7 % 4 for i in range(ROWS)])
    npy(os.path.join(folder, "image.npy"), "f4", [ROWS, 3, 8, 8], numbers(ROWS * 192))
    npy(os.path.join(folder, "t.npy"), "f4", [ROWS], numbers(ROWS))
    npy(os.path.join(folder, "ids.npy"), "i4", [ROWS, 6], [i * 13 % 10 for i in range(ROWS * 6)])
    for name, rows in (("train", 40), ("test", 16)):
        idx(os.path.join(folder, name + ".idx"), [rows, 4, 4], [i * 37 % 256 for i in range(rows * 16)])
        idx(os.path.join(folder, name + "_label.idx"), [rows], [i * 7 % 4 for i in range(rows)])
    table(os.path.join(folder, "people.csv"))
    safetensors(os.path.join(folder, "head.safetensors"), [
        ("fc.weight", [4, 8], numbers(32)), ("fc.bias", [4], numbers(4)),
        ("classifier.bias", [2], [1, 2])])
    with open(os.path.join(folder, "parts.lt"), "w") as file:
        file.write(PARTS)
    link = os.path.join(folder, "data")
    if not os.path.lexists(link):
        os.symlink(os.path.abspath(data), link)
