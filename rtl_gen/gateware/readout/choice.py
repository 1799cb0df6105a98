# SPDX-License-Identifier: BSD-2-Clause
"""One of a few words, by a choice with a bit for each."""

from functools import reduce
from operator import or_

from amaranth.hdl import Signal


def chosen(m, words, choice, name):
    """A register that is the word whose bit of ``choice`` was high in the clock before.

    Two words a table of four inputs: eight take five tables a bit, six or seven where the choice is a number.
    """
    word = Signal(len(words[0]), name=name, reset_less=True)
    m.d.sync += word.eq(reduce(or_, (word & bit.replicate(len(word)) for word, bit in zip(words, choice))))
    return word
