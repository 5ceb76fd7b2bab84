"""The checksum of a checkpoint (XXH64), so that a test can change a file and hide the change."""
import struct

MASK = 2**64 - 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                      0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
START = b'{"__metadata__":{"lt.sum":"'


def turn(x, bits):
    return (x << bits | x >> (64 - bits)) & MASK


def step(lane, x):
    return turn((lane + x * P2) & MASK, 31) * P1 & MASK


def xxh64(data, seed=0):
    whole = len(data) // 32 * 32
    if whole:
        lane = [(seed + P1 + P2) & MASK, (seed + P2) & MASK, seed, (seed - P1) & MASK]
        for words in struct.iter_unpack("<4Q", data[:whole]):
            lane = [step(a, x) for a, x in zip(lane, words)]
        x = sum(turn(a, bits) for a, bits in zip(lane, (1, 7, 12, 18))) & MASK
        for a in lane:
            x = ((x ^ step(0, a)) * P1 + P4) & MASK
    else:
        x = (seed + P5) & MASK
    x = (x + len(data)) & MASK
    at = whole
    for at in range(whole, len(data) - 7, 8):
        word, = struct.unpack_from("<Q", data, at)
        x = (turn(x ^ step(0, word), 27) * P1 + P4) & MASK
    at = whole + (len(data) - whole) // 8 * 8
    if len(data) - at >= 4:
        word, = struct.unpack_from("<I", data, at)
        x = (turn(x ^ word * P1 & MASK, 23) * P2 + P3) & MASK
        at += 4
    for byte in data[at:]:
        x = turn(x ^ byte * P5 & MASK, 11) * P1 & MASK
    x = (x ^ x >> 33) * P2 & MASK
    x = (x ^ x >> 29) * P3 & MASK
    return x ^ x >> 32


def sum_of(data):
    """Of a checkpoint: its tensors, seeded with the sum of the header without a sum."""
    size, = struct.unpack("<Q", data[:8])
    header = bytearray(data[8:8 + size])
    header[len(START):len(START) + 16] = b"0" * 16
    return b"%016x" % xxh64(bytes(data[8 + size:]), xxh64(bytes(header)))


def seal(data):
    """Makes the sum of a changed checkpoint right again."""
    if bytes(data[8:8 + len(START)]) != START:
        raise ValueError("this file has no sum")
    data[8 + len(START):8 + len(START) + 16] = sum_of(data)
