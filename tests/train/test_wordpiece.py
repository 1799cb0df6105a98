# SPDX-License-Identifier: BSD-2-Clause
"""BERT's word pieces. (On the 70,042 sentences of SST-2 they are those of the `tokenizers` package, compared by hand.)"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hadam_hw.errors import DataError
from hadam_hw.train.tasks.wordpiece import WordPiece, split_words
from tests.train.task_files import VOCABULARY


@pytest.mark.parametrize(("text", "pieces"), [
    ("Are YOU unbelievable?", ["are", "you", "un", "##believ", "##able", "?"]),
    ("unbelievabl", ["[UNK]"]),  # the longest pieces lead nowhere: the whole word is unknown
    ("un" + "able" * 24, ["un"] + ["##able"] * 24),
    ("un" + "able" * 25, ["[UNK]"]),  # longer than 100 letters
    ("", [])])
def test_the_longest_piece_first(text, pieces):
    assert WordPiece(VOCABULARY)(text) == [VOCABULARY.index(piece) for piece in pieces]


@pytest.mark.parametrize(("text", "words"), [
    ("Café naïve", ["cafe", "naive"]),
    ("it's -lrb-1.5%", ["it", "'", "s", "-", "lrb", "-", "1", ".", "5", "%"]),
    ("a\u200bb\x01c\ufffd", ["abc"]),
    ("日本x", ["日", "本", "x"]),
    ("“so”", ["“", "so", "”"]),
    ("a\u00a0b\tc", ["a", "b", "c"])])
def test_words(text, words):
    assert split_words(text) == words


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_the_fast_way_for_ascii_is_the_general_way(text):
    assert split_words(text) == split_words(text + " é")[:-1]


def test_another_vocabulary_is_refused():
    with pytest.raises(DataError, match=r"must have the piece \[SEP\]"):
        WordPiece(["[CLS]", "a"])
