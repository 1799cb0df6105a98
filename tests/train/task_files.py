# SPDX-License-Identifier: BSD-2-Clause
"""Data files of a few small sequences in the formats of docs/tasks.md, for every task that needs one.

Sequences of a person or speaker carry that number in their first channel, so that a test can tell whose they are.
"""

import gzip
import io
import lzma

import numpy as np

HAR_PERSONS = {"train": (1, 3, 5, 6, 7, 8), "test": (2, 4)}
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "how", "old", "are", "you", "?", "un", "##believ", "##able", "is", "it")
#: Three good rows, one of them too long, and two that GLUE's readers leave out.
QQP_ROWS = ("1\t2\t3\tHow old are you?\tIs it unbelievable?\t0", "2\t4\t5\tyou are\tare you\t1",
            f"5\t6\t7\t{'you ' * 100}\t{'it ' * 100}\t0", "3\t6\t7\tbroken", "4\t8\t9\tit\tit\tmaybe")
QQP_HEAD = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate"


def write_npz_xz(path, arrays):
    """An ``.npz`` compressed as a whole."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress(buffer.getvalue(), preset=0))


def write_idx(path, array):
    """An ``idx`` file of bytes, compressed as its name says."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((lzma if path.suffix == ".xz" else gzip).compress(header + array.tobytes()))


def write_all(folder):
    """Every file, below ``folder``."""
    rng = np.random.default_rng(7)
    for name, ending in (("mnist", "gz"), ("fashion-mnist", "xz")):
        for part, count in (("train", 48), ("t10k", 20)):
            write_idx(folder / name / f"{part}-images-idx3-ubyte.{ending}", rng.integers(0, 256, (count, 4, 4), dtype=np.uint8))
            write_idx(folder / name / f"{part}-labels-idx1-ubyte.{ending}", rng.integers(0, 10, count, dtype=np.uint8))
    write_npz_xz(folder / "uci_har/uci_har_int16.npz.xz", har_arrays(rng))
    write_npz_xz(folder / "dsa19/dsa19_q16.npz.xz", dsa_arrays(rng))
    write_npz_xz(folder / "fsdd/fsdd_8khz_int16.npz.xz", digit_arrays(rng))
    write_npz_xz(folder / "speech_commands/sc12_logmel_u8.npz.xz", keyword_arrays(rng))
    group = np.array([0] * 25 + [1] * 20 + [2] * 10, dtype=np.uint8)
    write_npz_xz(folder / "ecg/ecg5000.npz.xz", {"X": rng.normal(size=(55, 14)).astype(np.float32), "group": group,
                                                 "abnormal": rng.integers(0, 2, 55, dtype=np.uint8)})
    for part, count in (("train", 40), ("test", 10)):
        write_npz_xz(folder / f"imdb/imdb_{part}_ids.npz.xz", imdb_arrays(rng, count))
    tokens = {}
    for part, count in (("train", 30), ("dev", 6), ("test", 8)):
        lengths = rng.integers(3, 9, count)
        tokens |= {f"{part}_ids": rng.integers(1, 30_522, lengths.sum()).astype(np.uint16),
                   f"{part}_offset": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
                   f"{part}_y": rng.integers(0, 2, count, dtype=np.uint8)}
    write_npz_xz(folder / "sst2/sst2_bert_uncased_ids.npz.xz", tokens)
    (folder / "sst2/bert_uncased_vocab.txt.xz").write_bytes(lzma.compress("\n".join(VOCABULARY).encode()))
    (folder / "qqp").mkdir()
    for part, ending in (("train", "tsv"), ("dev", "tsv.xz")):
        others = (f"{k}\t1\t2\t{part}\tis it{' you' * k}\t1" for k in range(40 if part == "train" else 3))
        rows = [QQP_HEAD, *QQP_ROWS, *others, ""]
        text = "\n".join(rows).encode()
        (folder / f"qqp/{part}.{ending}").write_bytes(lzma.compress(text) if ending.endswith("xz") else text)
    return folder


def har_arrays(rng):
    """Four windows a person, each beginning in the middle of the one before."""
    arrays = {}
    for part, persons in HAR_PERSONS.items():
        windows = []
        for person in persons:
            signal = rng.integers(-9000, 9000, (5 * 64, 9))
            signal[:, 0] = person * 100
            windows += [signal[start:start + 128] for start in range(0, 4 * 64, 64)]
        arrays |= {f"X_{part}": np.array(windows, dtype=np.int16), f"subject_{part}": np.repeat(persons, 4).astype(np.uint8),
                   f"y_{part}": rng.integers(0, 6, len(windows)).astype(np.uint8)}
    return arrays


def dsa_values(rng):
    """Values int16 [45 channels, 48, 10] near the ends of their type, six segments a person, and the persons."""
    person = np.repeat(np.arange(1, 9), 6).astype(np.uint8)
    values = rng.integers(-32768, 32768, (45, 48, 10)).astype(np.int16)
    values[0] = person[:, None] * 100
    return values, person


def dsa_arrays(rng):
    """First differences, which wrap."""
    values, person = dsa_values(rng)
    with np.errstate(over="ignore"):
        differences = np.diff(values, axis=2, prepend=np.int16(0)).astype(np.int16)
    return {"dq": differences, "person": person, "activity": rng.integers(0, 19, 48).astype(np.uint8)}


def digit_arrays(rng):
    """Noise: two speakers x two digits x 14 recordings, one of them longer than 80 frames and loud at its end."""
    lengths = rng.integers(300, 3000, 56)
    lengths[20] = 9000
    audio = rng.integers(-3000, 3000, lengths.sum()).astype(np.int16)
    offset = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    audio[offset[20]:offset[20] + 2400] //= 100
    index = np.tile(np.arange(14), 4).astype(np.uint8)
    return {"audio": audio, "offset": offset, "label": np.repeat([0, 1, 0, 1], 14).astype(np.uint8), "index": index,
            "test": index < 5}


def keyword_arrays(rng):
    """Ten speakers, 8 and 9 for test, four clips each, and ten clips of silence."""
    speaker = np.concatenate([np.repeat(np.arange(10), 4), np.full(10, -1)]).astype(np.int16)
    frames = rng.integers(0, 256, (50, 12, 32)).astype(np.uint8)
    frames[:, :, 0] = speaker[:, None] + 5
    test = speaker >= 8
    test[-2:] = True
    return {"X": frames, "y": rng.integers(0, 3, 50).astype(np.uint8), "speaker": speaker, "test": test,
            "classes": np.array(["yes", "no", "_silence_"])}


def imdb_arrays(rng, count):
    """Reviews with a word beyond the 10,000 and one beyond 65,535; the first is longer than 500 words."""
    lengths = rng.integers(4, 20, count)
    lengths[0] = 510
    tokens = rng.integers(4, 9_999, lengths.sum()).astype(np.uint16)
    offset = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    tokens[offset[:-1]] = 1
    tokens[offset[1:] - 1] = 7  # 65,543 with what hi_pos adds
    tokens[offset[1:] - 2] = 10_000
    return {"ids_lo": tokens, "hi_pos": (offset[1:] - 1).astype(np.int32), "offset": offset,
            "y": np.repeat([0, 1], count // 2).astype(np.uint8)}
