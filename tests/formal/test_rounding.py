# SPDX-License-Identifier: BSD-2-Clause
"""Rounding and saturation of the gateware equal their definition for every input: the circuit, then whole steps of a core."""

import pytest
import z3
from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.fixed import Rounding
from hadam_hw.recurrence import Ternary
from rtl_gen.cores.build import build_core
from rtl_gen.gateware.rounding import Saturate
from rtl_gen.plan.alignment import Alignment, PhaseAlignment
from rtl_gen.plan.arch import parse_architecture
from tests.formal.definition import WIDE, clamp, is_rounded, is_step, widen
from tests.formal.smt import Proof, refute
from tests.models_for_tests import random_model

OTHERS = {rounding: [other for other in Rounding if other is not rounding] for rounding in Rounding}


def saturate_differs(rounding, defined, shift, width, wide, relu=False):
    """What refutes that the circuit for ``rounding`` does what is ``defined`` to every word of ``wide`` bits."""
    phase = PhaseAlignment(0, 0, shift, (0,), rounding is Rounding.HALF_EVEN and shift > 0)
    proof = Proof(Saturate(Alignment((phase,), wide), width, relu))
    # half a unit is in the word already, with the bias
    half = 0 if rounding is Rounding.FLOOR or not shift else 1 << shift - 1
    value = widen(proof.wire("i", 0)) - half
    result = z3.BitVec("result", WIDE)
    proof.assume(is_rounded(result, value, shift, defined))
    wanted = clamp(result, width)
    return proof.counterexample(widen(proof.wire("o", 0)) == (z3.If(wanted < 0, 0, wanted) if relu else wanted))


@pytest.mark.parametrize("rounding, shift, width, wide", [
    (Rounding.HALF_EVEN, 0, 4, 7), (Rounding.HALF_EVEN, 1, 3, 8), *((rounding, 3, 4, 10) for rounding in Rounding)])
def test_the_circuit_is_its_definition_for_every_word(rounding, shift, width, wide):
    assert saturate_differs(rounding, rounding, shift, width, wide) is None
    assert saturate_differs(rounding, rounding, shift, width, wide, relu=True) is None


@pytest.mark.parametrize("rounding", list(Rounding))
def test_another_definition_is_refuted(rounding):
    assert saturate_differs(rounding, OTHERS[rounding][0], 2, 4, 9) is not None


class TwoSteps(wiring.Component):
    """Sends two vectors of one element as a sequence and keeps the state words that come: ``words``, when ``done``."""

    def __init__(self, core):
        self.core = core
        model = core.model
        super().__init__({"x0": In(model.input.width), "x1": In(model.input.width),
                          "words": Out(model.size * model.top.state.width), "done": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        sent, seen = Signal(2), Signal(range(core.model.size + 1))
        x = core.x
        m.d.comb += [x.valid.eq(sent != 2), x.payload.first.eq(sent == 0), x.payload.last.eq(sent == 1),
                     x.payload.data[0].eq(Mux(sent == 0, self.x0, self.x1)), core.y.ready.eq(1),
                     self.done.eq(seen == core.model.size)]
        with m.If(x.valid & x.ready):
            m.d.sync += sent.eq(sent + 1)
        with m.If(core.tap.valid):
            m.d.sync += [self.words.eq(Cat(self.words, core.tap.data)[core.model.top.state.width:]), seen.eq(seen + 1)]
        return m


def small_model(rounding):
    """Two units whose second step may saturate and meet ties; every sum fits the definition's words."""
    model = random_model(size=2, ternary=True, outputs=1, input_width=5, input_signed=True, input_bits=2, output_bits=1,
                         state_width=4, frac=-1, bias_range=2, rounding=rounding, seed=4)
    return model.with_top(recurrence=Ternary([[1, -1], [1, 1]], 3, 2))


def two_steps(model, rounding, x0, x1):
    """For two inputs: (what makes the words be as defined, the words before saturation, the final state)."""
    facts, state = [], [z3.BitVecVal(0, WIDE)] * model.size
    for number, x in enumerate((x0, x1)):
        rounded = [z3.BitVec(f"rounded{number}_{unit}", WIDE) for unit in range(model.size)]
        facts.append(is_step(model, state, [x], 0, rounded, rounding))
        state = [clamp(word, model.top.state.width) for word in rounded]
    return z3.And(*facts), rounded, state


def step_differs(architecture, model, rounding):
    """What refutes that two steps of the core from a zero state are what is defined with ``rounding``, for all inputs."""
    core = build_core(model, parse_architecture(architecture))
    clocks = core.sequence_timing(2).latency + core.timing.interval + 8
    proof = Proof(TwoSteps(core), clocks)
    xs = []
    for name in ("x0", "x1"):
        first, *others = [proof.wire(name, clock) for clock in range(clocks)]
        proof.assume(*(other == first for other in others))
        xs.append(widen(first))
    defined, _, state = two_steps(model, rounding, *xs)
    proof.assume(defined)
    width, words = model.top.state.width, proof.wire("words", clocks - 1)
    return proof.counterexample(proof.wire("done", clocks - 1), *(
        widen(z3.Extract((unit + 1) * width - 1, unit * width, words)) == state[unit] for unit in range(model.size)))


@pytest.mark.parametrize("architecture, rounding", [
    ("serial", Rounding.HALF_UP), ("serial:2", Rounding.HALF_EVEN), ("parallel", Rounding.FLOOR)])
def test_two_steps_of_a_core_are_as_defined_for_every_input(architecture, rounding):
    assert step_differs(architecture, small_model(rounding), rounding) is None


def test_a_core_that_rounds_otherwise_is_refuted():
    assert step_differs("serial:2", small_model(Rounding.HALF_EVEN), Rounding.HALF_UP) is not None


@pytest.mark.parametrize("rounding", list(Rounding))
def test_each_input_has_a_defined_result_and_some_saturate(rounding):
    model = small_model(rounding)
    x0, x1 = (z3.BitVec(name, model.input.width) for name in ("x0", "x1"))
    defined, rounded, state = two_steps(model, rounding, widen(x0), widen(x1))
    assert refute(z3.Implies(defined, z3.And(*(a == b for a, b in zip(rounded, state))))) is not None
    for values in ((0, 0), (-16, 15), (15, 15)):
        assert refute(z3.Not(z3.And(defined, x0 == values[0], x1 == values[1]))) is not None
