#!/usr/bin/env python3
"""Every reader against well-formed and malformed files: readers.py PROBE [--planted] [--seeds FOLDER]

A case is a file's bytes and either the whole output of the probe or the whole sentence that refuses
it. {f} in a sentence stands for the file's path. --planted expects one wrong thing, to show that
the comparison can fail.
"""
import gzip
import io
import os
import struct
import subprocess
import sys
import tempfile
import warnings
import zipfile

PROBE = sys.argv[1]
PLANTED = "--planted" in sys.argv
warnings.filterwarnings("ignore", "Duplicate name")         # one archive has it on purpose
cases = []


def case(name, data, form, expected, *arguments):
    cases.append((name, data, form, expected, arguments))


def good(name, data, form, expected, *arguments):
    case(name, data, form, (0, expected), *arguments)


def bad(name, data, form, sentence, *arguments):
    case(name, data, form, (1, sentence), *arguments)


# ---- IDX ----------------------------------------------------------------------------------------

def idx(kind, sizes, data):
    return struct.pack(">HBB", 0, kind, len(sizes)) + b"".join(struct.pack(">I", s) for s in sizes) + data


good("idx bytes", idx(8, [3, 2], bytes(range(6))), "idx",
     'column "" u8 [2] rows 3 missing 0 from 0 to 5\nrow 0 1\nrow 2 3\nrow 4 5\n')
good("idx labels", idx(8, [3], bytes([7, 0, 9])), "idx",
     'column "" u8 [] rows 3 missing 0 from 0 to 9\nrow 7\nrow 0\nrow 9\n')
good("idx i8", idx(9, [2], b"\xff\x01"), "idx",
     'column "" i8 [] rows 2 missing 0 from -1 to 1\nrow -1\nrow 1\n')
good("idx i16", idx(11, [2], struct.pack(">hh", -300, 5)), "idx",
     'column "" i16 [] rows 2 missing 0 from -300 to 5\nrow -300\nrow 5\n')
good("idx i32", idx(12, [1, 2], struct.pack(">ii", -70000, 1 << 30)), "idx",
     'column "" i32 [2] rows 1 missing 0 from -70000 to 1073741824\nrow -70000 1073741824\n')
good("idx f32", idx(13, [2], struct.pack(">ff", 0.5, -3)), "idx",
     'column "" f32 [] rows 2 missing 0\nrow 0.5\nrow -3\n')
good("idx f64", idx(14, [1], struct.pack(">d", 0.1)), "idx",
     'column "" f64 [] rows 1 missing 0\nrow 0.10000000000000001\n')
good("idx gz", gzip.compress(idx(8, [2, 2], b"\1\2\3\4")), "idx",
     'column "" u8 [2] rows 2 missing 0 from 1 to 4\nrow 1 2\nrow 3 4\n')
good("idx gz members", gzip.compress(idx(8, [2, 2], b"\1")) + gzip.compress(b"\2\3\4"), "idx",
     'column "" u8 [2] rows 2 missing 0 from 1 to 4\nrow 1 2\nrow 3 4\n')
good("idx no rows", idx(8, [0, 2], b""), "idx", 'column "" u8 [2] rows 0 missing 0\n')
bad("idx empty file", b"", "idx", "{f}: ends at byte 0, expected 4 bytes of an IDX header from byte 0 on")
bad("idx short magic", b"\0\0\x08", "idx",
    "{f}: ends at byte 3, expected 4 bytes of an IDX header from byte 0 on")
bad("idx not idx", b"PNG\r\n", "idx",
    "{f}: begins with the bytes 50 4e, expected 00 00 as in an IDX file")
bad("idx type", idx(10, [1], b"\0"), "idx",
    "{f}: byte 2 is 0a, expected a type of IDX (08, 09, 0b, 0c, 0d, 0e)")
bad("idx no axes", struct.pack(">HBB", 0, 8, 0), "idx",
    "{f}: byte 3 declares 0 axes, expected 1 to 11")
bad("idx many axes", struct.pack(">HBB", 0, 8, 200), "idx",
    "{f}: byte 3 declares 200 axes, expected 1 to 11")
bad("idx short sizes", struct.pack(">HBBI", 0, 8, 3, 1), "idx",
    "{f}: ends at byte 8, expected 12 bytes of sizes from byte 4 on")
bad("idx truncated", idx(8, [3, 2], bytes(5)), "idx", "{f}: has 17 bytes, but its header declares 18")
bad("idx too long", idx(8, [3, 2], bytes(7)), "idx", "{f}: has 19 bytes, but its header declares 18")
bad("idx overflow", idx(14, [0xFFFFFFFF] * 4, b""), "idx",
    "{f}: its header declares the shape [4294967295, 4294967295, 4294967295, 4294967295] of f64, "
    "larger than any file")
bad("idx overflow behind no rows", idx(14, [0] + [0xFFFFFFFF] * 4, b""), "idx",
    "{f}: its header declares the shape [0, 4294967295, 4294967295, 4294967295, 4294967295] of f64, "
    "larger than any file")
bad("idx gz bomb", gzip.compress(idx(8, [0xFFFFFFFF, 1000], b"")), "idx",
    "{f}: its header declares 4294967295012 bytes, more than its %d compressed bytes can hold"
    % len(gzip.compress(idx(8, [0xFFFFFFFF, 1000], b""))))
bad("idx gz more than declared", gzip.compress(idx(8, [2], bytes(1 << 20))), "idx",
    "{f}: has more than the 10 bytes that its header declares")
bad("idx gz less than declared", gzip.compress(idx(8, [2000], bytes(1000))), "idx",
    "{f}: ends at byte 1008, expected 2000 bytes of elements from byte 8 on")
GZ = gzip.compress(idx(8, [2000], os.urandom(2000)), mtime=0)
bad("idx gz truncated", GZ[:1000], "idx",
    "{f}: the compressed data ends at byte 1000 in the middle")
bad("idx gz no trailer", GZ[:-4], "idx",
    "{f}: the compressed data ends at byte %d in the middle" % (len(GZ) - 4))
bad("idx gz check sum", GZ[:-8] + bytes([GZ[-8] ^ 1]) + GZ[-7:], "idx",
    "{f}: the compressed data is damaged before byte %d: incorrect data check" % (len(GZ) - 4))
bad("idx gz length", GZ[:-1] + bytes([GZ[-1] ^ 1]), "idx",
    "{f}: the compressed data is damaged before byte %d: incorrect length check" % len(GZ))
bad("idx gz garbage behind", GZ + b"garbage", "idx",
    "{f}: the compressed data is damaged before byte %d: incorrect header check" % (len(GZ) + 2))
bad("idx gz header only", b"\x1f\x8b", "idx", "{f}: the compressed data ends at byte 2 in the middle")
bad("idx gz method", b"\x1f\x8b\x07" + GZ[3:], "idx",
    "{f}: the compressed data is damaged before byte 4: unknown compression method")
bad("idx wrong dtype", idx(8, [3], bytes(3)), "idx",
    "{f}: has rows of u8, but the program was built for f32 (field x)", "-w", "x:f32")
bad("idx wrong shape", idx(8, [3, 2], bytes(6)), "idx",
    "{f}: has rows of u8[2], but the program was built for u8 (field x)", "-w", "x:u8")
bad("unknown format", b"", "mat", "{f}: no reader for the format mat")


# ---- NumPy --------------------------------------------------------------------------------------

def npy(descr, shape, data, order="False", version=1, header=None):
    text = header if header is not None else (
        "{'descr': %r, 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape))
    text = text.encode("latin1")
    size = 10 if version == 1 else 12
    text += b" " * (-(len(text) + size + 1) % 64) + b"\n"
    return (b"\x93NUMPY" + bytes([version, 0])
            + struct.pack("<H" if version == 1 else "<I", len(text)) + text + data)


def only_header(text):
    return npy(None, None, b"", header=text)


F = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
good("npy f4", npy("<f4", "(3, 2)", F), "npy",
     'column "" f32 [2] rows 3 missing 0\nrow 1 2\nrow 3 4\nrow 5 6\n')
good("npy v2", npy("<f4", "(3, 2)", F, version=2), "npy",
     'column "" f32 [2] rows 3 missing 0\nrow 1 2\nrow 3 4\nrow 5 6\n')
good("npy v3", npy("<f4", "(3, 2)", F, version=3), "npy",
     'column "" f32 [2] rows 3 missing 0\nrow 1 2\nrow 3 4\nrow 5 6\n')
good("npy fortran", npy("<f4", "(3, 2)", F, order="True"), "npy",
     'column "" f32 [2] rows 3 missing 0\nrow 1 4\nrow 2 5\nrow 3 6\n')
good("npy fortran 3", npy("|u1", "(2, 2, 3)", bytes(range(12)), order="True"), "npy",
     'column "" u8 [2, 3] rows 2 missing 0 from 0 to 11\nrow 0 4 8 2 6 10\nrow 1 5 9 3 7 11\n')
good("npy big endian", npy(">f4", "(2,)", struct.pack(">2f", 0.5, -1)), "npy",
     'column "" f32 [] rows 2 missing 0\nrow 0.5\nrow -1\n')
good("npy big endian i8", npy(">i8", "(1,)", struct.pack(">q", -2)), "npy",
     'column "" i64 [] rows 1 missing 0 from -2 to -2\nrow -2\n')
good("npy f8", npy("<f8", "(1,)", struct.pack("<d", 0.1)), "npy",
     'column "" f64 [] rows 1 missing 0\nrow 0.10000000000000001\n')
good("npy f2", npy("<f2", "(2,)", b"\x00\x3c\x00\x7e"), "npy",
     'column "" f16 [] rows 2 missing 0\nrow 3c00\nrow 7e00\n')
good("npy big endian f2", npy(">f2", "(1,)", b"\x3c\x01"), "npy",
     'column "" f16 [] rows 1 missing 0\nrow 3c01\n')
good("npy i4", npy("<i4", "(2,)", struct.pack("<2i", -1, 9)), "npy",
     'column "" i32 [] rows 2 missing 0 from -1 to 9\nrow -1\nrow 9\n')
good("npy i2", npy("<i2", "(1,)", struct.pack("<h", -5)), "npy",
     'column "" i16 [] rows 1 missing 0 from -5 to -5\nrow -5\n')
good("npy i1", npy("|i1", "(1,)", b"\xfe"), "npy",
     'column "" i8 [] rows 1 missing 0 from -2 to -2\nrow -2\n')
good("npy bool", npy("|b1", "(3,)", b"\0\1\2"), "npy",
     'column "" bool [] rows 3 missing 0\nrow 0\nrow 1\nrow 1\n')
good("npy keys in another order", only_header("{\"shape\": (1L, ), 'descr': '|u1','fortran_order':False}") + b"\7",
     "npy", 'column "" u8 [] rows 1 missing 0 from 7 to 7\nrow 7\n')
good("npy gz", gzip.compress(npy("<f4", "(3, 2)", F)), "npy",
     'column "" f32 [2] rows 3 missing 0\nrow 1 2\nrow 3 4\nrow 5 6\n')
good("npy zero columns", npy("<f4", "(2, 0)", b""), "npy", 'column "" f32 [0] rows 2 missing 0\nrow\nrow\n')
bad("npy empty", b"", "npy", "{f}: ends at byte 0, expected 8 bytes of a NumPy header from byte 0 on")
bad("npy magic", b"\x93NUMPX\1\0\x76\0" + b" " * 200, "npy", "{f}: does not begin with the bytes 93 \"NUMPY\"")
bad("npy version", b"\x93NUMPY\4\0\x76\0" + b" " * 200, "npy",
    "{f}: byte 6 declares version 4.0, expected 1 to 3")
bad("npy version 0", b"\x93NUMPY\0\0\x76\0" + b" " * 200, "npy",
    "{f}: byte 6 declares version 0.0, expected 1 to 3")
bad("npy long header", b"\x93NUMPY\2\0\xff\xff\xff\x7f" + b" " * 200, "npy",
    "{f}: declares a header of 2147483647 bytes, expected at most 65536")
bad("npy header cut", npy("<f4", "(3, 2)", F)[:60], "npy",
    "{f}: ends at byte 60, expected 118 bytes of header from byte 10 on")
bad("npy no dictionary", only_header("[1]"), "npy", "{f}: byte 10 of its header is \"[\", expected `{`")
bad("npy objects", npy("|O", "(3,)", b""), "npy",
    "{f}: holds elements of the type \"|O\", expected f8, f4, f2, i8, i4, i2, i1, u1 or b1")
bad("npy strings", npy("<U5", "(1,)", bytes(20)), "npy",
    "{f}: holds elements of the type \"<U5\", expected f8, f4, f2, i8, i4, i2, i1, u1 or b1")
bad("npy u2", npy("<u2", "(1,)", bytes(2)), "npy",
    "{f}: holds elements of the type \"<u2\", expected f8, f4, f2, i8, i4, i2, i1, u1 or b1")
bad("npy complex", npy("<c8", "(1,)", bytes(8)), "npy",
    "{f}: holds elements of the type \"<c8\", expected f8, f4, f2, i8, i4, i2, i1, u1 or b1")
bad("npy records", only_header("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"), "npy",
    "{f}: holds records of several fields, expected one type")
bad("npy missing key", only_header("{'descr': '<f4', 'shape': (1,), }"), "npy",
    "{f}: byte 64 of its header is its end, expected descr, fortran_order and shape, once each")
bad("npy key twice", only_header("{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }"), "npy",
    "{f}: byte 35 of its header is \" \", expected descr, fortran_order and shape, once each")
bad("npy unknown key", only_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}"), "npy",
    "{f}: byte 70 of its header is \" \", expected descr, fortran_order and shape, once each")
bad("npy order", only_header("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}"), "npy",
    "{f}: byte 44 of its header is \"0\", expected True or False")
bad("npy negative", only_header("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"), "npy",
    "{f}: byte 61 of its header is \"-\", expected a size")
bad("npy fraction", only_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,)}"), "npy",
    "{f}: byte 62 of its header is \".\", expected `,` or `)`")
bad("npy huge size", only_header("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}"),
    "npy", "{f}: byte 79 of its header is \"9\", expected a size below 2^63")
bad("npy overflow", npy("<f8", "(4611686018427387904, 4)", b""), "npy",
    "{f}: its header declares the shape [4611686018427387904, 4] of f64, larger than any file")
bad("npy overflow hidden by 0", npy("<f8", "(0, 4611686018427387904, 4)", b""), "npy",
    "{f}: its header declares the shape [0, 4611686018427387904, 4] of f64, larger than any file")
bad("npy many axes", npy("<f8", "(" + "1, " * 12 + ")", bytes(8)), "npy",
    "{f}: byte 94 of its header is \"1\", expected `)`, as more axes are not read")
bad("npy one number", npy("<f8", "()", bytes(8)), "npy",
    "{f}: holds a single number, expected an array whose first axis is the rows")
bad("npy shape not closed", only_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,"), "npy",
    "{f}: byte 64 of its header is its end, expected a size")
bad("npy string not closed", only_header("{'descr"), "npy",
    "{f}: byte 12 of its header is \"d\", expected a string that ends")
bad("npy text behind", only_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x"), "npy",
    "{f}: byte 66 of its header is \"x\", expected its end")
bad("npy NUL", only_header("{'descr': '<f4'\0, 'fortran_order': False, 'shape': (1,)}"), "npy",
    "{f}: byte 25 of its header is \"\\x00\", expected `,` or `}`")
bad("npy truncated", npy("<f4", "(3, 2)", F[:-1]), "npy", "{f}: has 151 bytes, but its header declares 152")
bad("npy too long", npy("<f4", "(3, 2)", F + b"x"), "npy", "{f}: has 153 bytes, but its header declares 152")


# ---- archives of arrays -------------------------------------------------------------------------

def npz(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


TWO = [("x.npy", npy("<f4", "(3, 2)", F)), ("note.txt", b"hello"), ("y.npy", npy("|u1", "(3,)", b"\1\0\2"))]
TWO_ROWS = ('column "x" f32 [2] rows 3 missing 0\ncolumn "y" u8 [] rows 3 missing 0 from 0 to 2\n'
            'row 1 2 | 1\nrow 3 4 | 0\nrow 5 6 | 2\n')
good("npz deflated", npz(TWO), "npz", TWO_ROWS)
good("npz stored", npz(TWO, zipfile.ZIP_STORED), "npz", TWO_ROWS)
good("npz wanted", npz(TWO), "npz",
     'column "x" f32 [2] rows 3 missing 0\ncolumn "y" u8 [] rows 3 missing 0 from 0 to 2\n'
     'row 1\nrow 0\nrow 2\n', "-w", "y:u8")
bad("npz empty", b"", "npz", "{f}: has no end record of a zip archive")
bad("npz not zip", b"x" * 100, "npz", "{f}: has no end record of a zip archive")
bad("npz no arrays", npz([("a.txt", b"1")]), "npz", "{f}: has no member that is a .npy file")
bad("npz wanted absent", npz(TWO), "npz", "{f}: has no column z, which the program was built with",
    "-w", "z:u8")
STORED = npz(TWO, zipfile.ZIP_STORED)
AT = STORED.index(b"\1\0\2")
bad("npz check sum", STORED[:AT] + b"\1\0\3" + STORED[AT + 3:], "npz",
    "{f}: the bytes of its member y don't have the check sum that the archive gives")
DIRECTORY = STORED.index(b"PK\1\2")
bad("npz directory", STORED[:DIRECTORY] + b"PX" + STORED[DIRECTORY + 2:], "npz",
    "{f}: record 0 of its central directory is damaged")
bad("npz encrypted", STORED[:DIRECTORY + 8] + b"\1\0" + STORED[DIRECTORY + 10:], "npz",
    "{f}/x.npy: is encrypted")
bad("npz method", STORED[:DIRECTORY + 10] + b"\x0e\0" + STORED[DIRECTORY + 12:], "npz",
    "{f}/x.npy: is compressed by method 14, expected 0 or 8")
bad("npz offset", STORED[:DIRECTORY + 42] + struct.pack("<I", 5) + STORED[DIRECTORY + 46:], "npz",
    "{f}: byte 5 is not the start of a member of the archive")
bad("npz offset past the end", STORED[:DIRECTORY + 42] + struct.pack("<I", 1 << 31) + STORED[DIRECTORY + 46:],
    "npz", "{f}: ends at byte %d, expected a member at byte 2147483648" % len(STORED))
bad("npz size", STORED[:DIRECTORY + 20] + struct.pack("<I", 1 << 30) + STORED[DIRECTORY + 24:], "npz",
    "{f}: its member at byte 0 goes on to byte 1073741859, past the end %d" % len(STORED))
bad("npz expanded size", STORED[:DIRECTORY + 24] + struct.pack("<I", 1 << 30) + STORED[DIRECTORY + 28:],
    "npz", "{f}/x.npy: has 1073741824 bytes, but its header declares 152")
bad("npz cut", STORED[:-23], "npz", "{f}: has no end record of a zip archive")
bad("npz member twice", npz([TWO[0], ("x.npy", TWO[0][1])]), "npz", "{f}: has two members x")
END = STORED.rindex(b"PK\5\6")
bad("npz directory past the end", STORED[:END + 16] + struct.pack("<I", 1 << 30) + STORED[END + 20:], "npz",
    "{f}: ends at byte %d, expected the central directory at byte 1073741824" % len(STORED))
bad("npz 64 bits", STORED[:END + 16] + b"\xff\xff\xff\xff" + STORED[END + 20:], "npz",
    "{f}: is an archive in the 64-bit form, which is not read; save the arrays as .npy files")
bad("npz members", STORED[:END + 10] + struct.pack("<H", 60000) + STORED[END + 12:], "npz",
    "{f}: its end record declares 60000 members in %d bytes, expected at most 4096"
    % struct.unpack("<I", STORED[END + 12:END + 16]))

# ---- CSV ----------------------------------------------------------------------------------------

good("csv types", b"a,b,c,d\n1,0.5,x,\n-2,3e2,y,7\n", "csv",
     'column "a" i64 [] rows 2 missing 0 from -2 to 1\ncolumn "b" f64 [] rows 2 missing 0\n'
     'column "c" i32 [] rows 2 missing 0 x*1 y*1\ncolumn "d" f64 [] rows 2 missing 1\n'
     'row 1 | 0.5 | 0 | nan\nrow -2 | 300 | 1 | 7\n')
good("csv CR LF and no last newline", b"a,b\r\n1,2\r\n3,4", "csv",
     'column "a" i64 [] rows 2 missing 0 from 1 to 3\ncolumn "b" i64 [] rows 2 missing 0 from 2 to 4\n'
     'row 1 | 2\nrow 3 | 4\n')
good("csv byte order mark", b"\xef\xbb\xbfa\n1\n", "csv",
     'column "a" i64 [] rows 1 missing 0 from 1 to 1\nrow 1\n')
good("csv quotes", b'a,"b ""c"""\n"x, y","1"\n"l\n2",""\n', "csv",
     'column "a" i32 [] rows 2 missing 0 l\n2*1 x, y*1\ncolumn "b "c"" f64 [] rows 2 missing 1\n'
     'row 1 | 1\nrow 0 | nan\n')
good("csv doubled quotes in words", b'a\n"say ""hi"""\n"say ""hi"""\n', "csv",
     'column "a" i32 [] rows 2 missing 0 say "hi"*2\nrow 0\nrow 0\n')
good("csv blanks", b"a , b\n 1 ,\tred \n 2, red\n", "csv",
     'column "a" i64 [] rows 2 missing 0 from 1 to 2\ncolumn "b" i32 [] rows 2 missing 0 red*2\n'
     'row 1 | 0\nrow 2 | 0\n')
good("csv empty lines", b"\n\na\n\n1\n\n\n2\n\n", "csv",
     'column "a" i64 [] rows 2 missing 0 from 1 to 2\nrow 1\nrow 2\n')
good("csv separator", b"a;b\n1,5;2\n", "csv",
     'column "a" i32 [] rows 1 missing 0 1,5*1\ncolumn "b" i64 [] rows 1 missing 0 from 2 to 2\nrow 0 | 2\n',
     "-o", "separator=;")
good("csv tabs", b"a\tb\n1\t\n2\tx y\n", "csv",
     'column "a" i64 [] rows 2 missing 0 from 1 to 2\ncolumn "b" i32 [] rows 2 missing 1 x y*1\n'
     'row 1 | -1\nrow 2 | 0\n', "-o", "separator=\\t")
good("csv no header", b"1,2\n3,4\n", "csv",
     'column "c0" i64 [] rows 2 missing 0 from 1 to 3\ncolumn "c1" i64 [] rows 2 missing 0 from 2 to 4\n'
     'row 1 | 2\nrow 3 | 4\n', "-o", "header=false")
good("csv names given", b"1,2\n", "csv",
     'column "u" i64 [] rows 1 missing 0 from 1 to 1\ncolumn "v" i64 [] rows 1 missing 0 from 2 to 2\n'
     'row 1 | 2\n', "-o", "header=false\ncolumn=u\ncolumn=v")
good("csv missing", b"a,b\n?,NA\n1,x\n", "csv",
     'column "a" f64 [] rows 2 missing 1\ncolumn "b" i32 [] rows 2 missing 1 x*1\n'
     'row nan | -1\nrow 1 | 0\n', "-o", "missing=?\nmissing=NA")
good("csv words in order of bytes", "a\nzebra\nÄrger\nant\nzebra\n".encode(), "csv",
     'column "a" i32 [] rows 4 missing 0 ant*1 zebra*2 Ärger*1\nrow 1\nrow 2\nrow 0\nrow 1\n')
good("csv special numbers", b"a\nNaN\n-inf\n+Infinity\n1\n", "csv",
     'column "a" f64 [] rows 4 missing 0\nrow nan\nrow -inf\nrow inf\nrow 1\n')
good("csv integers of 64 bits", b"a\n9223372036854775807\n-9223372036854775808\n", "csv",
     'column "a" i64 [] rows 2 missing 0 from -9223372036854775808 to 9223372036854775807\n'
     'row 9223372036854775807\nrow -9223372036854775808\n')
good("csv past 64 bits", b"a\n9223372036854775808\n", "csv",
     'column "a" f64 [] rows 1 missing 0\nrow 9.2233720368547758e+18\n')
good("csv not numbers", b"a\n1\n0x10\n", "csv", 'column "a" i32 [] rows 2 missing 0 0x10*1 1*1\nrow 1\nrow 0\n')
good("csv all missing", b"a,b\n,1\n", "csv",
     'column "a" f64 [] rows 1 missing 1\ncolumn "b" i64 [] rows 1 missing 0 from 1 to 1\nrow nan | 1\n')
good("csv only a header", b"a,b\n", "csv",
     'column "a" f64 [] rows 0 missing 0\ncolumn "b" f64 [] rows 0 missing 0\n')
good("csv a name is empty", b",b\n1,2\n", "csv",
     'column "c0" i64 [] rows 1 missing 0 from 1 to 1\ncolumn "b" i64 [] rows 1 missing 0 from 2 to 2\nrow 1 | 2\n')
good("csv hard numbers", b"a\n0.1\n123456789012345678\n1e-400\n5e-324\n0.30000000000000004\n-0\n-0.0\n"
     b"9007199254740993\n.5\n5.\n+7\n1e22\n", "csv",
     'column "a" f64 [] rows 12 missing 0\nrow 0.10000000000000001\nrow 1.2345678901234568e+17\nrow 0\n'
     'row 4.9406564584124654e-324\nrow 0.30000000000000004\nrow -0\nrow -0\nrow 9007199254740992\nrow 0.5\n'
     'row 5\nrow 7\nrow 1e+22\n')
good("csv wanted", b"a,b,c\n1,2,x\n3,,z\n5,6,y\n", "csv",
     'column "c" i32 [] rows 3 missing 0 y*1 x*1\ncolumn "b" f32 [] rows 3 missing 0\n'
     'row 1 | 2\nrow -1 | nan\nrow 0 | 6\n', "-W", "c:y,x", "-w", "b:f32")
good("csv wanted integers", b"a,b,c,d\n1,2,-3,1\n255,-32768,127,0\n", "csv",
     'column "a" u8 [] rows 2 missing 0 from 1 to 255\ncolumn "b" i16 [] rows 2 missing 0 from -32768 to 2\n'
     'column "c" i8 [] rows 2 missing 0 from -3 to 127\ncolumn "d" bool [] rows 2 missing 0\n'
     'row 1 | 2 | -3 | 1\nrow 255 | -32768 | 127 | 0\n', "-w", "a:u8", "-w", "b:i16", "-w", "c:i8", "-w", "d:bool")
good("csv wanted f32 is rounded once", b"a\n1.00000005960464477540\n16777217\n0.1\n", "csv",
     'column "a" f32 [] rows 3 missing 0\nrow 1.00000012\nrow 16777216\nrow 0.100000001\n', "-w", "a:f32")
good("csv gz", gzip.compress(b"a\n" + b"1\n" * 3), "csv",
     'column "a" i64 [] rows 3 missing 0 from 1 to 1\nrow 1\nrow 1\nrow 1\n')
bad("csv empty", b"", "csv", "{f}: is empty, expected a line with the names of the columns")
bad("csv only newlines", b"\n\r\n\n", "csv", "{f}: is empty, expected a line with the names of the columns")
bad("csv short row", b"a,b\n1,2\n3\n", "csv", "{f}:3: has 1 cells, expected 2 as in the first line")
bad("csv long row", b"a,b\n1,2,3\n", "csv", "{f}:2: has 3 cells, expected 2 as in the first line")
bad("csv open quote", b'a,b\n1,"2\n3,4\n', "csv", "{f}:2: a quote opens here and is never closed")
bad("csv text after a quote", b'a,b\n1,"2"x\n', "csv",
    "{f}:2: text after a closing quote, expected the separator or the end of the line")
bad("csv byte 0", b"a,b\n1,\x002\n", "csv", "{f}:2: has a byte 0, expected text")
bad("csv byte 0 in quotes", b'a,b\n1,"\n\x002"\n', "csv", "{f}:3: has a byte 0, expected text")
bad("csv two columns alike", b"a,b,a\n1,2,3\n", "csv", '{f}: has two columns "a"')
bad("csv name not UTF-8", b"a,\xff\n1,2\n", "csv", "{f}:1: the name of column 2 is not UTF-8")
bad("csv word not UTF-8", b"a\nx\n\xed\xa0\x80\n", "csv", '{f}:3: column a has "\\xed\\xa0\\x80", expected UTF-8')
bad("csv names given, too few", b"1,2,3\n", "csv", "{f}:1: has 3 columns, but 2 names are given",
    "-o", "header=false\ncolumn=u\ncolumn=v")
bad("csv option", b"a\n1\n", "csv", "{f}: colour=red is not an option of a CSV source", "-o", "colour=red")
bad("csv option separator", b"a\n1\n", "csv", "{f}: separator=ab is not an option of a CSV source",
    "-o", "separator=ab")
bad("csv option header", b"a\n1\n", "csv", "{f}: header=maybe is not an option of a CSV source",
    "-o", "header=maybe")
bad("csv wanted absent", b"a\n1\n", "csv", "{f}: has no column b, which the program was built with", "-w", "b:f32")
bad("csv wanted number", b"a\n1\nred\n", "csv", '{f}:3: column a has "red", expected a number', "-w", "a:f32")
bad("csv wanted u8", b"a\n1\n300\n", "csv", '{f}:3: column a has "300", expected a whole number that fits u8',
    "-w", "a:u8")
bad("csv wanted integer, fraction", b"a\n1.5\n", "csv",
    '{f}:2: column a has "1.5", expected a whole number that fits i64', "-w", "a:i64")
bad("csv wanted integer, missing", b"a,b\n,1\n", "csv",
    "{f}:2: column a has no value, expected a whole number that fits i32", "-w", "a:i32")
bad("csv wanted bool", b"a\n2\n", "csv", '{f}:2: column a has "2", expected a whole number that fits bool',
    "-w", "a:bool")
bad("csv wanted twice", b"a\n2\n", "csv", "{f}: the program asks for the column a twice", "-w", "a:f32",
    "-w", "a:i32")
bad("csv wanted f16", b"a\n2\n", "csv", "{f}: column a cannot be read as f16", "-w", "a:f16")
bad("csv a quoted line break counts", b'a\n"x\ny"\n\xff\n', "csv", '{f}:4: column a has "\\xff", expected UTF-8')
BOMB = gzip.compress(b"a\n" + b"1\n" * (40 << 20), 9)
bad("csv gz bomb", BOMB, "csv", "{f}: expands to more than 67108864 bytes from %d; if that is meant, "
    "decompress it" % len(BOMB))


# ---- running ------------------------------------------------------------------------------------

def run(path, form, arguments):
    done = subprocess.run([PROBE, form, path, *arguments], capture_output=True, timeout=60)
    text = done.stdout if done.returncode == 0 else done.stderr
    return done.returncode, text.decode("utf-8", "replace")


def compare(name, got, expected):
    if got == expected:
        return True
    print(f"{name}:\n  got      {repr(got)[:1000]}\n  expected {repr(expected)[:1000]}")
    return False


def files_that_are_not(folder):
    """Paths that are no files: refused at once, never waited for."""
    fine = True
    pipe = os.path.join(folder, "pipe")
    os.mkfifo(pipe)
    for name, path, sentence in [
            ("absent", folder + "/absent", "{f}: cannot be opened: No such file or directory"),
            ("folder", folder, "{f}: is a folder, expected a file"),
            ("pipe", pipe, "{f}: is not a regular file"),
            ("device", "/dev/null", "{f}: is not a regular file")]:
        for form in ("idx", "npy", "npz", "csv"):
            fine &= compare(f"{form} {name}", run(path, form, []), (1, sentence.format(f=path) + "\n"))
    return fine


def truncations(folder):
    """Every beginning of a good file is refused or read, never a crash."""
    fine = True
    path = os.path.join(folder, "cut")
    for form, data in [("idx", idx(8, [3, 2], bytes(6))), ("idx", gzip.compress(idx(8, [3, 2], bytes(6)))),
                       ("npy", npy("<f4", "(3, 2)", F)), ("npz", npz(TWO)), ("csv", b'a,b\n"1",x\n')]:
        for length in range(0, len(data), 1 if len(data) < 200 else 13):
            with open(path, "wb") as out:
                out.write(data[:length])
            code, text = run(path, form, [])
            if code not in (0, 1) or (code == 1 and text.count("\n") != 1) or (code == 0 and form != "csv"):
                print(f"{form} cut at {length}: exit {code}: {text!r}")
                fine = False
    return fine


def write_seeds(folder):
    """The files of all cases, for the fuzzer beside this."""
    files = [(form, data) for _, data, form, _, _ in cases]
    files = [("gzip" if data[:2] == b"\x1f\x8b" else form, data) for form, data in files]
    head = b"epoch,step,loss,loss\n"           # as a run of ../checkpoint/toy.c logs it
    files += [("metrics", head), ("metrics", head + b"0,1,0.5,\n0,3,0.25,1e-9\n1,7,,2\n"),
              ("metrics", head + b"0,1,0.5,\n0,3,0.2"), ("metrics", b"other,columns\n1,2\n"), ("metrics", b""),
              ("jsonl", b'{"epoch":0,"step":1,"loss":0.5}\n{"epoch":0,"step":7,"loss":null}\n'),
              ("jsonl", b'{"epoch":0,"step":1'), ("jsonl", b""),
              ("config", b"# a run\nseed: 7\ntrainer:\n  max_epochs: 3\noptimizer.lr: 0.001  # slow\n"),
              ("config", b"optimizer:\n  lr: '1e-3'\nresume: \"auto\"\ntrainer.max_steps: null\n"),
              ("config", b"seed: 1\nseed: 2\n  deeper: [1]\n&a b: *a\n---\n"), ("config", b"")]
    for number, (form, data) in enumerate(files):
        if len(data) < 1 << 14:
            with open(os.path.join(folder, f"{form}.{number}"), "wb") as out:
                out.write(data)


def main():
    failed = 0
    if "--seeds" in sys.argv:
        write_seeds(sys.argv[-1])
        return 0
    refused = sum(expected[0] for _, _, _, expected, _ in cases)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "file")
        for name, data, form, (code, text), arguments in cases:
            with open(path, "wb") as out:
                out.write(data)
            expected = (code, text.replace("{f}", path) + ("\n" if code else ""))
            failed += not compare(name, run(path, form, arguments), expected)
        failed += not files_that_are_not(folder)
        failed += not truncations(folder)
        if PLANTED:
            with open(path, "wb") as out:
                out.write(idx(8, [1], b"\1"))
            failed += not compare("planted", run(path, "idx", []), (0, "something else"))
    print(f"{len(cases)} files, {refused} of them malformed: {failed} failed")
    return 1 if failed else 0


sys.exit(main())
