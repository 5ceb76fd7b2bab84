"""TensorBoard's event files, read strictly: every record's length and sum must be right."""
import glob
import os
import struct

TABLE = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    TABLE.append(number)


def masked_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def message(data):
    """Fields of a protobuf message: {number: [value, ...]}."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            if tag & 7 == 2:
                size, at = varint(data, at)
            else:
                size = {1: 8, 5: 4}[tag & 7]
            value, at = data[at:at + size], at + size
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def records(data):
    at = 0
    while at < len(data):
        size, sum_of_size = struct.unpack("<QI", data[at:at + 12])
        body = data[at + 12:at + 12 + size]
        sum_of_body, = struct.unpack("<I", data[at + 12 + size:at + 16 + size])
        if masked_crc32c(data[at:at + 8]) != sum_of_size or masked_crc32c(body) != sum_of_body:
            raise ValueError("a record at byte %d has a wrong sum" % at)
        at += 16 + size
        yield message(body)


def summaries(folder):
    """(name, step, fields of Summary.Value) of all event files, purged at a session's start."""
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "events.out.tfevents.*"))):
        with open(path, "rb") as file:
            data = file.read()
        for event in records(data):
            step = event.get(2, [0])[0]
            if 7 in event:
                found = [entry for entry in found if entry[1] < step]
            for summary in event.get(5, []):
                value = message(message(summary)[1][0])
                found.append((value[1][0].decode(), step, value))
    return found


def doubles(data):
    return list(struct.unpack("<%dd" % (len(data) // 8), data))


def histograms(folder):
    """{name: {step: (min, max, num, sum, sum of squares, limits, counts)}}"""
    found = {}
    for name, step, value in summaries(folder):
        if 5 in value:
            proto = message(value[5][0])
            numbers = tuple(doubles(proto[i][0])[0] for i in range(1, 6))
            found.setdefault(name, {})[step] = numbers + (doubles(proto[6][0]), doubles(proto[7][0]))
    return found


def images(folder):
    """{name: {step: (height, width, PNG)}}"""
    found = {}
    for name, step, value in summaries(folder):
        if 4 in value:
            image = message(value[4][0])
            found.setdefault(name, {})[step] = (image[1][0], image[2][0], image[4][0])
    return found


def read_folder(folder):
    """{name: {step: value}} of all event files, in the order of their names, purged at a session's
    start as TensorBoard does."""
    scalars = {}
    for name, step, value in summaries(folder):
        if 2 in value:
            scalars.setdefault(name, {})[step] = value[2][0]
    return scalars
