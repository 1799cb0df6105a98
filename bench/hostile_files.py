# SPDX-License-Identifier: BSD-2-Clause
"""Files that lie, made by a seed: for ``python -m bench hostile`` and the suite.

Each maker takes a random generator and a folder, leaves something there, and returns the path that a reader is given.
"""

import io
import os
import struct
import zipfile

import numpy as np

NUMBERS = (0, 1, 2, 3, 7, 8, 12, 16, 24, 32, 64, 255, 256, 257, 4095, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
CELLS = ("", "1", "-0", "1.0", "NaN", "inf", "-inf", "1e308", "1e309", "-1e-400", "0x10", "1_0", "1,5", "1.234,5", "=1+1",
         "@a", "'", '"', '""', "\x00", "\u0664", "\u2028", "\x1b[31m", "9" * 400, "1" * 5000, "nan", "None",
         "1e", ".", "+", "true", " 1 ", "\ufeff1")
HEADS = ("time", "time [ms]", "t", "timestamp [s]", "x", "y [g]", "z (g)", "label", "group", "x [", "]", "()",
         "a" * 200, "", " ", "x", "\x00", "time_us", "acc [counts]", "acc2 [codes]", "b\x1b[2J", "\u202e", "1", "=cmd")
DTYPES = ("<f8", "<f4", "<f2", ">f8", "<i8", "<i2", "|i1", "|u1", "<u8", "|b1", "<c16", "<U3", "|S5", "<U0", "<U10000",
          "|V8", "|O", "<M8[s]", "<f16", "zz", "", "<f8, <f8", "{}")

HEADERS = ("{" * 900, "(" * 5000, "-" * 9000 + "1", "{{}: 1}", "{'descr': (", "{'descr': [('a', '<f8', (2**60,))]}",
           "__import__('os')", "{'descr': '<f8', 'fortran_order': 1, 'shape': 3}", "\x00", "9" * 5000)
#: How often a time goes on by one step, and by more.
_JUMPS = (0.45, 0.25, 0.25, 0.02, 0.01, 0.01, 0.01)


def csv(rng, folder):
    """A table with a few odd cells, lines or bytes."""
    delimiter = rng.choice([",", ",", ";", "\t"])
    columns = int(rng.choice([1, 2, 3, 4, 9, 40]))
    if rng.random() < 0.8:
        head = ["time", *(f"c{k} [g]" for k in range(columns))]
    else:
        head = [str(rng.choice(HEADS)) for _ in range(columns + 1)]
    step = float(rng.choice([*[0.01] * 12, 1, 0, -1, 1e300, 1e-300]))
    lines, odd = [delimiter.join(head)], float(rng.choice([0, 0, 0.01, 0.1]))
    times = np.cumsum(rng.choice([1, 1, 1, 2, 3, 9, 10**6], int(rng.choice([0, 1, 2, 5, 40, 300])), p=_JUMPS))
    for row in times:
        cells = [f"{row * step:.6g}", *(f"{value:.3f}" for value in rng.normal(size=columns))]
        if rng.random() < odd:
            cells[rng.integers(len(cells))] = str(rng.choice(CELLS))
        if rng.random() < odd / 3:
            cells = cells[:rng.integers(len(cells) + 1)] if rng.random() < 0.5 else cells * int(rng.integers(1, 300))
        lines.append(delimiter.join(cells))
    text = rng.choice(["\n", "\n", "\r\n", "\r"]).join(lines) + rng.choice(["", "\n", "\n\n\n", ",,,"])
    data = text.encode(rng.choice([*["utf-8"] * 6, *["utf-8-sig"] * 2, "utf-16"]), "replace")
    return _write(folder / f"a{rng.choice(['.csv', '.CSV'])}", _damaged(rng, data))


def wav(rng, folder):
    """A sound whose header says something else."""
    def number(usual):
        return int(usual) if rng.random() < 0.93 else int(rng.choice(NUMBERS))

    bits = number(rng.choice([8, 16, 24, 32, 64]))
    channels = number(rng.choice([1, 1, 2, 3]))
    align = number(channels * bits // 8 % 65536)
    data = rng.integers(0, 256, int(rng.choice([0, 1, 7, 100, 5000])), dtype=np.uint8).tobytes()
    form = number(3 if bits > 32 else 1)
    head = struct.pack("<HHIIHH", form % 65536, channels % 65536, number(8000), number(16000), align % 65536, bits % 65536)
    head += rng.integers(0, 256, int(rng.choice([0, 0, 0, 2, 24, 900, 3000])), dtype=np.uint8).tobytes()
    body = b"WAVE"
    for kind, content in ((b"LIST", b"junk"), (b"fmt ", head), (b"data", data))[int(rng.choice([0, 0, 1, 1, 1, 2])):]:
        body += kind + struct.pack("<I", number(len(content))) + content + b"\0" * (len(content) & 1)
    return _write(folder / "a.wav", _damaged(rng, b"RIFF" + struct.pack("<I", number(len(body))) + body))


def npz(rng, folder):
    """An archive whose arrays, headers or directory lie."""
    sequences, steps, channels = (int(rng.choice(sizes)) for sizes in ((1, 3, 20, 20, 0), (1, 8, 8, 8, 0), (1, 2, 3, 3, 300)))
    members = {"inputs": _npy(rng, (sequences, steps, channels)), "labels": _npy(rng, (sequences,))}
    for name in ("groups", "test", "classes", "channels", "units", "rate_hz", "lengths", "../../etc/x", "inputs "):
        if rng.random() < 0.05:
            members[name] = _npy(rng, tuple(int(n) for n in rng.choice([0, 1, sequences], int(rng.integers(0, 3)))))
    buffer = io.BytesIO()
    method = int(rng.choice([zipfile.ZIP_STORED, *[zipfile.ZIP_DEFLATED] * 9, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]))
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy" if rng.random() < 0.97 else name, data, method)
        if rng.random() < 0.05:
            archive.comment = b"PK\5\6" * 9
    return _write(folder / "a.npz", _damaged(rng, buffer.getvalue()))


def npy(rng, folder):
    """A bare array whose header lies."""
    shape = tuple(int(n) for n in rng.choice([1, 5, 40, 0], int(rng.choice([2, 3, 2, 3, 0, 1, 4]))))
    return _write(folder / "a.npy", _damaged(rng, _npy(rng, shape)))


def tree(rng, folder):
    """A folder with something in it that is no file, lies elsewhere or lies too deep."""
    root = folder / "set"
    for label in ("run", "walk"):
        (root / label).mkdir(parents=True)
        csv(rng, root / label) if rng.random() < 0.3 else _write(root / label / "1.csv", b"x,y\n1,2\n3.5,4\n")
    _write(folder / "secret.csv", b"x,y\n1,2\n")
    spoil = (
        lambda: os.symlink(folder / "secret.csv", root / "run" / "link.csv"),
        lambda: os.symlink("/dev/zero", root / "run" / "zero.csv"),
        lambda: os.symlink(root, root / "run" / "loop"),
        lambda: os.symlink("self.csv", root / "run" / "self.csv"),
        lambda: os.symlink("nowhere.csv", root / "run" / "gone.csv"),
        lambda: os.symlink("/proc/self/mem", root / "walk" / "mem.csv"),
        lambda: os.mkfifo(root / "run" / "pipe.csv"),
        lambda: (root / "run" / "folder.csv").mkdir(),
        lambda: (root / "a/b/c/d/e").mkdir(parents=True),
        lambda: _write(root / "train" / "run" / "1.csv", b"x\n1\n"),
        lambda: _write(root / "run" / "x\n\x1b[31m.csv", b"x,y\n1,z\n"),
        lambda: _write(root / ("c" * 200) / "1.csv", b"x,y\n1,2\n"),
        lambda: _write(root / "run" / "anna" / "1.wav", b"RIFF"),
        lambda: _write(os.path.join(os.fsencode(root), b"run", b"\xff\xfe.csv"), b"x,y\n1,q\n"),
        lambda: _write(root / "testing_list.txt", b"run/1.csv\n" + bytes(rng.integers(0, 256, 99, dtype=np.uint8))),
    )
    for k in rng.choice(len(spoil), int(rng.integers(1, 3)), replace=False):
        spoil[k]()
    return root


def no_file(rng, folder):
    """Something else than a file where one is asked for."""
    path = folder / f"a{rng.choice(['.csv', '.wav', '.npz', '.npy'])}"
    (lambda: os.mkfifo(path), lambda: os.symlink("/dev/zero", path), lambda: os.symlink(path, path),
     lambda: None)[int(rng.integers(4))]()
    return path


MAKERS = (csv, csv, csv, wav, wav, npz, npz, npy, tree, no_file)


def _gigabyte(folder):
    """One line of 1 GB, of which the disk holds nothing."""
    return _sparse(folder / "gigabyte.csv", 1 << 30, b"x,y\n1,2\n")


def _long_line(folder):
    return _sparse(folder / "line.csv", 100 << 20, b"x,y\n1,2\n")


def _columns(folder):
    names = b",".join(b"c%d" % k for k in range(10**6))
    return _write(folder / "columns.csv", names + b"\n" + b"1," * 10**6)


def _narrow_columns(folder):
    return _write(folder / "narrow.csv", b"," * 60_000 + b"\n" + b"," * 60_000)


def _blank_lines(folder):
    return _write(folder / "blank.csv", b"x\n" + b"\n" * (4 << 20))


def _short_lines(folder):
    return _write(folder / "short.csv", b"x\n" + b"1\n" * (2 << 20))


def _empty_cells(folder):
    rows = (b"%d,,%d\n" % (k, k) if k % 3 else b"%d,1,\n" % k for k in range(200_000))
    return _write(folder / "empty.csv", b"time,x,y\n" + b"".join(rows))


def _quoted(folder):
    return _write(folder / "quoted.csv", b'time,x\n' + b'"1","2"\n' * 100_000)


def _days(folder):
    return _write(folder / "days.csv", b"time,x\n" + b"2026-05-01T12:00:00,1\n" * 200_000)


def _wide(folder):
    return _write(folder / "wide.csv", b",".join(b"c%d" % k for k in range(256)) + b"\n" + (b"1.25," * 256 + b"\n") * 3_000)


def _every_line_a_piece(folder):
    return _write(folder / "pieces.csv", b"x,label,group\n" + b"".join(b"%d,a%d,b\n" % (k, k) for k in range(300_000)))


def _every_line_a_gap(folder):
    seconds = np.cumsum(np.where(np.arange(60_000) % 3, 1, 9))
    return _write(folder / "gaps.csv", b"time,x\n" + b"".join(b"%d,%d\n" % (second, k) for k, second in enumerate(seconds)))


def _far_jump(folder):
    lines = b"".join(b"%d,%d\n" % (k, k) for k in range(50))
    return _write(folder / "jump.csv", b"time,x\n" + lines + b"1000000000,1\n1000000001,2\n")


def _no_channels(folder):
    return _write(folder / "none.wav", _riff(0, b"\0\0"))


def _many_channels(folder):
    return _write(folder / "many.wav", _riff(65535, b"\0\0"))


def _lying_sound(folder):
    return _write(folder / "lying.wav", _riff(1, b"\0\0", size=2**31))


def _long_sound(folder):
    return _sparse(folder / "long.wav", 90 << 20, _riff(1, b"", size=0))


def _chunks(folder):
    return _write(folder / "chunks.wav", b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * (1 << 20))


def _bomb(folder, shape, dtype, name="bomb.npz"):
    """Zeros that deflate to a thousandth."""
    path = folder / name
    left = int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open("inputs.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
    return path


def _large_bomb(folder):
    return _bomb(folder, (120 << 20, 1, 1), "|i1")


def _many_sequences(folder):
    return _bomb(folder, (1 << 20, 1, 1), "|i1")


def _largest_allowed(folder):
    return _bomb(folder, (1, 12 << 20, 1), "<f8")


def _many_lengths(folder):
    path = folder / "lengths.npz"
    np.savez_compressed(path, inputs=np.zeros((4, 1)), lengths=np.zeros(20 << 20, np.int8))
    return path


def _many_classes(folder):
    path = folder / "classes.npz"
    np.savez_compressed(path, inputs=np.zeros((1, 4, 1)), labels=[0], classes=np.zeros(20 << 20, "S1"))
    return path


def _many_members(folder):
    path = folder / "members.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for k in range(20_000):
            archive.writestr(f"{k}.npy", b"")
    return path


#: What is named in words, and too large to be made often.
LARGE = (_gigabyte, _long_line, _columns, _narrow_columns, _blank_lines, _short_lines, _empty_cells,
         _quoted, _days, _wide, _every_line_a_piece, _every_line_a_gap,
         _far_jump,
         _no_channels, _many_channels, _lying_sound, _long_sound, _chunks, _large_bomb, _many_sequences, _largest_allowed,
         _many_lengths, _many_classes, _many_members)


def _riff(channels, data, size=None):
    head = struct.pack("<HHIIHH", 1, channels, 8000, 16000, channels * 2 % 65536, 16)
    return (b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + struct.pack("<I", 16) + head + b"data"
            + struct.pack("<I", len(data) if size is None else size) + data)


def _npy(rng, shape):
    """The bytes of an array: true, or with a header that lies."""
    dtype = str(rng.choice(["<f8", "<i8", "<f4", "|i1", "<U4"])) if rng.random() < 0.85 else str(rng.choice(DTYPES))
    if rng.random() < 0.85:
        try:
            values = rng.integers(-3, 9, shape).astype(dtype if np.prod(shape) < 1000 else "<f8")
            if values.dtype.kind == "f" and values.size and rng.random() < 0.2:
                values.flat[0] = np.nan
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, values, allow_pickle=True)
            return buffer.getvalue()
        except (TypeError, ValueError, SyntaxError):
            pass
    lengths = (-1, 2**31, 2**62, 2**70, 10**6)
    shape = tuple(int(n) if rng.random() < 0.7 else lengths[rng.integers(len(lengths))] for n in shape)
    head = str({"descr": dtype, "fortran_order": bool(rng.integers(2)), "shape": shape})
    if rng.random() < 0.3:
        head = str(rng.choice(HEADERS))
    data = head.encode() + b"\n"
    return (b"\x93NUMPY" + bytes([int(rng.choice([1, 1, 1, 2, 3, 9])), 0]) + struct.pack("<H", len(data) % 65536) + data
            + bytes(int(rng.choice([0, 8, 500]))))


def _damaged(rng, data):
    """``data`` as it is, cut off, or with some bytes changed."""
    how = rng.random()
    if how < 0.7 or not data:
        return data
    if how < 0.78:
        return data[:rng.integers(len(data))]
    changed = bytearray(data)
    for place in rng.integers(0, len(data), int(rng.choice([1, 2, 8, 40]))):
        changed[place] = int(rng.integers(256))
    return bytes(changed)


def _sparse(path, size, head):
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(size)
    return path


def _write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return path
