# SPDX-License-Identifier: BSD-2-Clause
"""From a word of ``K Z`` to a new state of a folded core: leak, sign, sum, rounding, saturation."""

from amaranth.hdl import Cat, Mux, Signal, signed

from hadam_hw.layer import Activation
from rtl_gen.gateware.arithmetic import add_with_carry, invert_if
from rtl_gen.gateware.rounding import Saturate


def finish_word(m, plan, k, word, source, *, first, phase):
    """Adds to ``m`` what makes ``saturate(round_shift((±(2**leak - 1) word << state_shift) + sum, output_shift))``.

    Or the relu of it. A word a clock. The new state is there 3 clocks after ``word``, one more with a leak.

    Parameters
    ----------
    m : Module
    plan : FoldedPlan, OneWordPlan or PairPlan
        Has ``layer``, ``alignment`` and ``leak``.
    k : int
        Which of the words that are finished side by side, and of the sums of ``source``.
    word : Value
    source : FoldedInput
        Its sign is to come with ``word``, or with the leak a clock later; its sum a clock after the sign.
    first : Value
        The state before is zero, whatever ``word``; valid with the sign.
    phase : Value
        Of the step, from the sign to the new state.

    Returns
    -------
    (Signal, Signal)
        The new state, and whether it saturated; that comes a clock before the state.
    """
    layer, alignment, negate = plan.layer, plan.alignment, source.negate[k]
    shifts = [aligned.state_shift for aligned in alignment.phases]
    chosen = _leak(m, k, word, plan.leak)
    # in the first step the state is zero: the register is held in reset, and nothing is carried
    recurrent = Signal(signed(len(chosen)), name=f"recurrent{k}", reset_less=True)
    carry = Signal(name=f"carry{k}", reset_less=True)
    m.d.sync += [recurrent.eq(invert_if(chosen, negate)), carry.eq(negate)]
    with m.If(first):
        m.d.sync += [recurrent.eq(0), carry.eq(0)]
    operands = [Cat(carry.replicate(shift), recurrent).as_signed() for shift in shifts]
    operand = Mux(phase, operands[1], operands[0]) if len(shifts) > 1 else operands[0]
    total = Signal(signed(alignment.width), name=f"pre{k}", reset_less=True)
    m.d.sync += total.eq(add_with_carry(source.sum[k], operand, carry))
    setattr(m.submodules, f"saturate{k}", saturate := Saturate(
        alignment, layer.state.width, relu=layer.activation is Activation.RELU))
    state = Signal(signed(layer.state.width), name=f"state{k}", reset_less=True)
    m.d.comb += [saturate.i.eq(total), saturate.phase.eq(phase)]
    m.d.sync += state.eq(saturate.o)
    return state, saturate.overflow


def _leak(m, k, word, leak):
    """``2**leak - 1`` times the word, in a register; the word itself where there is no leak."""
    if not leak:
        return word
    leaky = Signal(signed(len(word) + leak), name=f"leaky{k}", reset_less=True)
    m.d.sync += leaky.eq((word << leak) - word)
    return leaky
