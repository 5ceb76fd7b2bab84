#!/usr/bin/env python3
"""Derives the small files of this folder from the digits (needs numpy): digits_7x7.npy and
digits_label.npy, the images averaged over blocks of 4 x 4 pixels; digit_shapes.csv, measurements of
the first 4,000 images."""
import gzip
import pathlib

import numpy as np

here = pathlib.Path(__file__).parent
images = gzip.open(here / "t10k-images-idx3-ubyte.gz").read()[16:]
labels = gzip.open(here / "t10k-labels-idx1-ubyte.gz").read()[8:]
image = np.frombuffer(images, np.uint8).reshape(-1, 28, 28)
label = np.frombuffer(labels, np.uint8)

small = image.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4))
np.save(here / "digits_7x7.npy", np.round(small).astype(np.uint8))
np.save(here / "digits_label.npy", label)

lines = ["digit,width,height,centre_x,centre_y,slant,rows,columns,ink"]
y, x = np.mgrid[0:28, 0:28]
for picture, digit in zip(image[:4000].astype(float), label):
    mass = picture.sum()
    cx, cy = (picture * x).sum() / mass, (picture * y).sum() / mass
    slant = (picture * (x - cx) * (y - cy)).sum() / (picture * (y - cy) ** 2).sum()
    dark = picture > 127
    on_y, on_x = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    rows = np.abs(np.diff(dark.astype(int), axis=1)).sum() / 2 / len(on_y)      # strokes that a row crosses
    columns = np.abs(np.diff(dark.astype(int), axis=0)).sum() / 2 / len(on_x)
    lines.append(f"{digit},{on_x[-1] - on_x[0] + 1},{on_y[-1] - on_y[0] + 1},{cx:.2f},{cy:.2f},"
                 f"{slant:.3f},{rows:.3f},{columns:.3f},{mass / 255:.1f}")
(here / "digit_shapes.csv").write_text("\n".join(lines) + "\n")
