# SPDX-License-Identifier: BSD-2-Clause
"""The adder and shifter of the bank's gateware are their definition for every word, through its memory and its registers."""

import z3

from rtl_gen.frontend.datapath import BankDatapath
from tests.formal.smt import Proof

WIDTH, AMOUNT_BITS, CLOCKS = 6, 3, 6


def path_differs(shift):
    """What refutes that a sum is ``A + B`` with ``B`` shifted by ``shift(double, amount)``.

    A first value, doubled, goes to memory; a second one becomes the accumulator; what was written is read, becomes the operand,
    is read again, and then whatever the inputs say is added.
    """
    proof = Proof(BankDatapath(WIDTH, 2, AMOUNT_BITS), CLOCKS)
    flags = ("write", "take_operand", "take_sum", "take_nibble", "take_value")
    raised = ({"take_value"}, {"write", "take_value"}, set(), {"take_operand"}, {"take_sum"}, set())
    proof.assume(*(proof.wire(name, clock) == (name in names) for clock, names in enumerate(raised) for name in flags))
    proof.assume(proof.wire("amount", 1) == 1, *(z3.Not(proof.wire(name, 1)) for name in ("from_memory", "invert", "negate",
                                                                                         "from_operand")))
    proof.assume(proof.wire("write_address", 1), proof.wire("read_address", 2), proof.wire("read_address", 3))
    first, second = (z3.Extract(WIDTH - 1, 0, proof.wire("value", clock)) for clock in (0, 1))
    word, amount = first + first, proof.wire("amount", 4)
    invert, negate, from_memory, from_operand = (proof.wire(name, 4)
                                                 for name in ("invert", "negate", "from_memory", "from_operand"))
    double = z3.SignExt(2, z3.If(from_operand, word, second)) << 1
    other = z3.Extract(WIDTH - 1, 0, shift(double, z3.ZeroExt(WIDTH + 2 - AMOUNT_BITS, amount)))
    other = z3.If(negate, -other, z3.If(invert, ~other, other))
    return proof.counterexample(proof.wire("accumulator", 5) == z3.If(from_memory, word, second) + other)


def test_a_sum_is_its_definition_for_every_word():
    assert path_differs(lambda double, amount: double >> amount) is None


def test_another_shift_is_refuted():
    assert path_differs(z3.LShR) is not None
