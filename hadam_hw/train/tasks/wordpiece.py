# SPDX-License-Identifier: BSD-2-Clause
"""BERT's uncased word pieces, for text whose token numbers are not in the data: the longest piece first, from the left."""

import re
import unicodedata
from functools import cache

from hadam_hw.errors import DataError

#: BERT gives up on longer words.
LONGEST_WORD = 100
_IDEOGRAPHS = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
               (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))
_ASCII_WORD = re.compile(r"[a-z0-9]+|[^a-z0-9\s]")
_NO_CONTROLS = {code: None for code in range(128) if unicodedata.category(chr(code)) == "Cc" and not chr(code).isspace()}


class WordPiece:
    """Text to token numbers.

    Parameters
    ----------
    vocabulary : sequence of str
        The pieces in their order; those that go on with a word begin with ``##``.

    Raises
    ------
    DataError
        If the marks that BERT needs are not in it.
    """

    def __init__(self, vocabulary):
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        missing = [mark for mark in ("[CLS]", "[SEP]", "[UNK]") if mark not in self._numbers]
        if missing:
            raise DataError(f"Vocabulary must have the piece {missing[0]}; is it BERT's?")
        self.start, self.separator, self._unknown = (self._numbers[mark] for mark in ("[CLS]", "[SEP]", "[UNK]"))
        self._word = cache(self._pieces)

    def __call__(self, text):
        """The numbers of ``text``, without the marks for start and end."""
        return [number for word in split_words(text) for number in self._word(word)]

    def _pieces(self, word):
        found, begin = [], 0
        if len(word) > LONGEST_WORD:
            return [self._unknown]
        while begin < len(word):
            for end in range(len(word), begin, -1):
                number = self._numbers.get(("##" if begin else "") + word[begin:end])
                if number is not None:
                    break
            else:
                return [self._unknown]
            found.append(number)
            begin = end
        return found


def split_words(text):
    """The words of ``text`` in lower case without accents; marks of punctuation and ideographs are words of their own."""
    if text.isascii():  # ten times faster than looking each letter up
        return _ASCII_WORD.findall(text.lower().translate(_NO_CONTROLS))
    spread = []
    for letter in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(letter)
        if letter.isspace():
            spread.append(" ")
        elif category == "Mn" or category.startswith("C") or letter == "\N{REPLACEMENT CHARACTER}":
            continue
        elif _alone(letter, category):
            spread.append(f" {letter} ")
        else:
            spread.append(letter)
    return "".join(spread).split()


def _alone(letter, category):
    if category.startswith("P") or (letter.isascii() and not letter.isalnum()):
        return True
    return any(low <= ord(letter) <= high for low, high in _IDEOGRAPHS)
