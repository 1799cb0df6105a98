# SPDX-License-Identifier: BSD-2-Clause
"""The stream rules as bounded proofs: whatever comes and however the host waits, an offer stays as it is until it is taken."""

import pytest
import z3
from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.readout import Pooling
from rtl_gen.cores.build import build_core
from rtl_gen.gateware.words import input_stream
from rtl_gen.plan.arch import parse_architecture
from tests.formal.smt import Proof
from tests.models_for_tests import random_model, with_stage


def small_core(architecture):
    """A core with so few clocks a read-out that two of them are within reach."""
    model = random_model(size=2, block=2, outputs=2, input_width=2, input_bits=1, output_bits=1, state_width=3, frac=-1,
                         input_frac=0, bias_range=1, emit=Pooling.EVERY, seed=2)
    model = with_stage(model, codes=[[1, -1], [0, 1]])
    return build_core(model, parse_architecture(architecture))


def depth(core):
    """Clocks in which two read-outs can begin and an answer of each can be offered."""
    timing = core.sequence_timing(1)
    return timing.latency + timing.interval + core.model.outputs + 4


class Watched(wiring.Component):
    """A core and what tells of its streams: ``x_breaks`` and ``y_breaks`` rule 2, and ``answers``, the transfers of ``y``.

    ``fault`` plants a violation on ``y``: ``"valid"`` falls, or the ``"payload"`` changes, where the host lets it wait.
    """

    def __init__(self, core, fault=None):
        self.core = core
        self.fault = fault
        super().__init__({"x": In(input_stream(core.model)), "ready": In(1),
                          "x_breaks": Out(1), "y_breaks": Out(1), "answers": Out(3)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.core = core = self.core
        valid, payload = Signal(), Signal.like(core.y.payload.as_value())
        waited = Signal()
        m.d.sync += waited.eq(core.y.valid & ~self.ready)
        m.d.comb += [valid.eq(core.y.valid), payload.eq(core.y.payload), core.y.ready.eq(self.ready),
                     core.x.valid.eq(self.x.valid), core.x.payload.eq(self.x.payload), self.x.ready.eq(core.x.ready)]
        if self.fault == "valid":
            m.d.comb += valid.eq(core.y.valid & ~waited)
        if self.fault == "payload":
            m.d.comb += payload.eq(core.y.payload.as_value() ^ waited)
        with m.If(valid & self.ready & ~self.answers.all()):
            m.d.sync += self.answers.eq(self.answers + 1)
        m.d.comb += [self.x_breaks.eq(self._breaks(m, self.x.valid, self.x.ready, self.x.payload.as_value())),
                     self.y_breaks.eq(self._breaks(m, valid, self.ready, payload))]
        return m

    def _breaks(self, m, valid, ready, payload):
        offered, last = Signal(), Signal.like(payload)
        m.d.sync += [offered.eq(valid & ~ready), last.eq(payload)]
        return offered & (~valid | (payload != last))


def broken(core, clocks, fault=None):
    """A run of ``clocks`` with a well-behaved host in which the core breaks the rule, or None."""
    proof = Proof(Watched(core, fault), clocks)
    clocks = range(proof.clocks)
    proof.assume(*(z3.Not(proof.wire("x_breaks", clock)) for clock in clocks))
    return proof.counterexample(*(z3.Not(proof.wire("y_breaks", clock)) for clock in clocks))


@pytest.mark.parametrize("architecture", ["serial", "parallel", "folded:2"])
def test_an_offer_stays_as_it_is(architecture):
    core = small_core(architecture)
    assert broken(core, depth(core)) is None


@pytest.mark.parametrize("fault", ["valid", "payload"])
def test_a_planted_violation_is_found(fault):
    core = small_core("parallel")
    assert broken(core, core.sequence_timing(1).latency + 4, fault) is not None


def test_within_the_depth_both_classes_of_a_read_out_are_taken():
    core = small_core("parallel")
    proof = Proof(Watched(core), depth(core))
    assert proof.counterexample(proof.wire("answers", proof.clocks - 1) <= core.model.outputs) is not None
