#!/usr/bin/env python3
"""Writes x.npy (200 rows of 4) and y.npy: y is linear in x, with noise from a fixed generator."""
import os
import struct
import sys


def write_npy(path, shape, values):
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % (shape,)
    head = head + " " * (117 - len(head)) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        file.write(struct.pack("<%df" % len(values), *values))


def numbers(count, state=12345):
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield (state >> 40) / 2**24 * 2 - 1


def main(folder, rows=200, weights=(1.0, -2.0, 0.5, 3.0), bias=0.7):
    os.makedirs(folder, exist_ok=True)
    draw = list(numbers(rows * 5))
    x = draw[:rows * 4]
    y = [bias + sum(w * a for w, a in zip(weights, x[4 * i:4 * i + 4])) + 0.1 * draw[rows * 4 + i]
         for i in range(rows)]
    write_npy(os.path.join(folder, "x.npy"), (rows, 4), x)
    write_npy(os.path.join(folder, "y.npy"), (rows,), y)


if __name__ == "__main__":
    main(sys.argv[1])
