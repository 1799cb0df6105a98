# SPDX-License-Identifier: BSD-2-Clause
"""Text, one token a step: film reviews (IMDB, SST-2) and pairs of questions (QQP).

Padding, token 0, comes before the words: the last state is what is read out, and a linear recurrence that runs on over padding
has turned it away from the words by then. The reference code pads SST-2 and QQP behind, to 128; ``sst2-post`` does as it does.
"""

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.input import Crop, LengthRule, Padding
from hadam_hw.train.data import check_rows, fetch, read_npz_xz, read_text
from hadam_hw.train.tasks.task import Sequences, Task
from hadam_hw.train.tasks.wordpiece import WordPiece

IMDB_WORDS, IMDB_STEPS = 10_000, 500
#: Keras's number for a word that is not among those that are kept.
IMDB_UNKNOWN = 2
IMDB_VALIDATION_PART = 10
#: The reference code's GLUE set-up.
GLUE_WORDS, GLUE_STEPS = 30_522, 128
QQP_VALIDATION_PART = 20
QQP_FIELDS = ("id", "qid1", "qid2", "question1", "question2", "is_duplicate")


def load_imdb(name, folder, rng):
    """IMDB as the paper has it: the 10,000 most frequent words, the last 500 of a review."""
    parts = []
    for part in ("train", "test"):
        path = fetch(folder, f"imdb/imdb_{part}_ids.npz.xz")
        arrays = read_npz_xz(path, ids_lo=1, hi_pos=1, offset=1, y=1)
        check_rows(path, arrays["offset"][1:], arrays["y"])
        tokens = arrays["ids_lo"].astype(np.int32)
        tokens[arrays["hi_pos"]] = IMDB_WORDS  # beyond 65,535, and so beyond what is kept
        tokens[tokens >= IMDB_WORDS] = IMDB_UNKNOWN
        parts.append((padded(path, tokens, arrays["offset"], _words_last(IMDB_STEPS)), arrays["y"].astype(np.int64)))
    (inputs, labels), test = parts
    order = rng.permutation(len(labels))  # the file has the bad reviews first
    kept = len(order) // IMDB_VALIDATION_PART
    cut = [Sequences(inputs[chosen], labels[chosen]) for chosen in (order[kept:], order[:kept])]
    return Task(name, *cut, Sequences(*test), None, 1.0, ("bad", "good"),
                "official test set; validation on a random tenth of the training set", vocabulary=IMDB_WORDS)


def load_sst2(name, folder, rng, before=True):
    """SST-2 in BERT's word pieces; ``before`` pads before the words."""
    path = fetch(folder, "sst2/sst2_bert_uncased_ids.npz.xz")
    rule = _words_last(GLUE_STEPS) if before else LengthRule(GLUE_STEPS, Padding.BACK, Crop.FIRST)
    arrays = read_npz_xz(path, **{f"{part}_{what}": 1 for part in ("train", "dev", "test") for what in ("ids", "offset", "y")})
    parts = []
    for part in ("train", "dev", "test"):
        check_rows(path, arrays[f"{part}_offset"][1:], arrays[f"{part}_y"])
        inputs = padded(path, arrays[f"{part}_ids"], arrays[f"{part}_offset"], rule)
        order = rng.permutation(len(inputs)) if part == "train" else slice(None)
        parts.append(Sequences(inputs[order], arrays[f"{part}_y"].astype(np.int64)[order]))
    return Task(name, *parts, None, 1.0, ("negative", "positive"),
                "the 1,821 test sentences with the labels of SST; validation on the 872 of GLUE's dev set",
                vocabulary=GLUE_WORDS)


def load_qqp(name, folder, rng):
    """QQP from GLUE's tables, in BERT's word pieces. GLUE's test labels are secret: its dev set is the test set here."""
    pieces = WordPiece(read_text(fetch(folder, "sst2/bert_uncased_vocab.txt", "sst2/bert_uncased_vocab.txt.xz")).splitlines())
    parts = []
    for part in ("train", "dev"):
        path = fetch(folder, f"qqp/{part}.tsv", f"qqp/{part}.tsv.xz")
        first, *rows = (line.split("\t") for line in read_text(path).split("\n"))
        # GLUE's own file has some broken rows, and its readers leave them out
        pairs = [row[3:] for row in rows if len(row) == len(QQP_FIELDS) and row[5].strip() in ("0", "1")]
        if tuple(word.strip() for word in first) != QQP_FIELDS or not pairs:
            raise DataError(f"Data file {path} must be GLUE's table with the columns {', '.join(QQP_FIELDS)}")
        rule = _words_last(GLUE_STEPS)
        inputs = np.stack([rule.padded(np.array(_joined(pieces, *pair[:2]), dtype=np.int32)[:, None]) for pair in pairs])
        parts.append((inputs, np.array([int(pair[2]) for pair in pairs])))
    (inputs, labels), test = parts
    order = rng.permutation(len(labels))
    kept = len(order) // QQP_VALIDATION_PART
    cut = [Sequences(inputs[chosen], labels[chosen]) for chosen in (order[kept:], order[:kept])]
    return Task(name, *cut, Sequences(*test), None, 1.0, ("different", "duplicate"),
                "GLUE's dev set for test, since its test labels are secret; validation on a twentieth of the training set",
                vocabulary=GLUE_WORDS)


def _words_last(steps):
    """The rule that puts the last words of a text at its end."""
    return LengthRule(steps, Padding.FRONT, Crop.LAST)


def padded(path, tokens, offset, rule):
    """Int32 [sequences, steps, 1] of ``tokens``, sequence i being ``offset[i]`` to ``offset[i + 1]``, by a LengthRule."""
    if not (len(offset) > 1 and 0 <= offset[0] and offset[-1] <= len(tokens) and (np.diff(offset) >= 0).all()):
        raise DataError(f"Data file {path} is damaged (its offsets do not rise within the tokens)")
    column = tokens.astype(np.int32)[:, None]
    return np.stack([rule.padded(rule.cropped(column[start:end])) for start, end in zip(offset[:-1], offset[1:])])


def _joined(pieces, first, second):
    """``[CLS] first [SEP] second [SEP]`` in at most GLUE_STEPS tokens, the longer question being cut first."""
    one, two = pieces(first), pieces(second)
    while len(one) + len(two) > GLUE_STEPS - 3:
        (one if len(one) > len(two) else two).pop()
    return [pieces.start, *one, pieces.separator, *two, pieces.separator]
