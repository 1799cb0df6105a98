# SPDX-License-Identifier: BSD-2-Clause
"""A recurrence, a stage and an architecture from outside the package: no file of it knows them, and all works with them.

What each of them needs stands here: the recurrence is one class with its graph, the stage one class, the architecture a class,
a plan and a cell.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pytest
from amaranth.hdl import Array, Cat, Module, Mux, Signal, signed
from amaranth.lib.wiring import In, Out

import boards
from hadam_hw import golden
from hadam_hw.errors import ArchitectureError, ModelFileError
from hadam_hw.layer import Activation, Layer
from hadam_hw.model_file import load_model, save_model
from hadam_hw.readout import Dense, Pooling, Requantization
from hadam_hw.recurrence import Recurrence
from rtl_gen.cores.build import build_core
from rtl_gen.design.emit import emit_design
from rtl_gen.estimate import estimate
from rtl_gen.estimate.choose import survey
from rtl_gen.gateware.rendering import Rendering
from rtl_gen.gateware.rounding import Saturate
from rtl_gen.gateware.words import vector_layout, word_signature
from rtl_gen.plan.alignment import align
from rtl_gen.plan.arch import Architecture, parse_architecture
from rtl_gen.plan.timing import Timing
from rtl_gen.tools.design_files import CORE_FILE
from tests.firmware.c_harness import compile_models, expected, random_inputs, run
from tests.gateware.test_core import check_against_golden, sequences_for
from tests.models_for_tests import random_model, random_stack


@dataclass(frozen=True, eq=False)
class Ring(Recurrence):
    """Each unit takes the difference of its neighbours on a ring, halved: no parameter but the size."""

    kind = "ring"

    size: int
    bits = 0
    words = "a ring"

    def header(self):
        return {"size": self.size}

    def arrays(self):
        return {}

    @classmethod
    def parse(cls, header, arrays):
        return cls(header["size"])

    def shift(self, phase):
        return 1

    def dense(self):
        eye = np.eye(self.size, dtype=np.int64)
        return np.roll(eye, 1, axis=1) - np.roll(eye, -1, axis=1)

    def network(self, lanes, add):
        return [add(lanes[(unit + 1) % self.size], -lanes[unit - 1]) for unit in range(self.size)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Pairs(Dense):
    """The sums of each two neighbours: no parameter but the number of inputs, so that a file holds nothing else of it."""

    kind = "pairs"
    parameter_bits = 0

    @classmethod
    def of(cls, inputs, phases, requantization):
        codes = np.kron(np.eye(inputs // 2, dtype=np.int64), np.array([[1, 1]]))
        return cls(codes=codes, bits=1, biases=(np.zeros(inputs // 2, dtype=np.int64),) * phases, requantization=requantization)

    def header(self):
        return {"inputs": self.inputs}

    def arrays(self):
        return {}

    @classmethod
    def parse(cls, header, arrays, phases, requantization):
        return cls.of(header["inputs"], phases, requantization)


@dataclass(frozen=True)
class AtOnce(Architecture):
    """A step in one clock, through as many adders as it takes."""

    word = "at-once"
    spellings = {"at-once": "a step a clock"}
    pattern = re.compile("")

    def __str__(self):
        return "at-once"

    @classmethod
    def spelled(cls, match):
        return cls()

    @classmethod
    def candidates(cls, model, chip):
        return [cls()] * isinstance(model.top.recurrence, Ring)

    def cell(self, layer):
        return AtOncePlan(layer)


@dataclass(frozen=True, eq=False)
class AtOncePlan:
    """The clocks of a step, and its parts."""

    layer: Layer
    timing = Timing(1, 1)

    @cached_property
    def alignment(self):
        return align(self.layer, None)

    @property
    def unload_cycles(self):
        return self.layer.size

    @property
    def unload_interval(self):
        return self.layer.size + 1

    def parts(self):
        return Counter({"chained sums": self.layer.size * (self.layer.size + self.layer.inputs) * self.alignment.width}), 0


class AtOnceCell(Rendering, renders=AtOncePlan):
    """The members of a cell, and nothing that is pipelined."""

    def __init__(self, plan):
        self.plan = plan
        super().__init__({
            "start": In(1), "x": In(vector_layout(plan.layer)), "phase": In(1), "first": In(1), "unload": In(1),
            "ready": Out(1), "z": Out(word_signature(plan.layer.state.width)), "saturated": Out(1)})

    def elaborate(self, platform):
        m = Module()
        layer, alignment = self.plan.layer, self.plan.alignment
        state = [Signal(signed(layer.state.width), name=f"state{unit}") for unit in range(layer.size)]
        before = [Mux(self.first, 0, word) for word in state]
        overflows, matrix = [], layer.recurrence.matrix()
        for unit in range(layer.size):
            totals = [
                (sum(int(r) * word for r, word in zip(matrix[unit], before)) << aligned.state_shift)
                + (sum(int(c) * x for c, x in zip(phase.input_codes[unit], self.x)) << aligned.input_shift) + aligned.bias[unit]
                for phase, aligned in zip(layer.phases, alignment.phases)]
            m.submodules[f"saturate{unit}"] = saturate = Saturate(
                alignment, layer.state.width, relu=layer.activation is Activation.RELU)
            m.d.comb += [saturate.phase.eq(self.phase), saturate.i.eq(Mux(self.phase, totals[-1], totals[0]))]
            overflows.append(saturate.overflow)
            with m.If(self.start):
                m.d.sync += state[unit].eq(saturate.o)
        m.d.sync += self.saturated.eq(self.start & Cat(overflows).any())

        unit, unloading = Signal(range(layer.size)), Signal()
        m.d.comb += [self.ready.eq(~unloading), self.z.valid.eq(unloading), self.z.data.eq(Array(state)[unit])]
        with m.If(unloading):
            m.d.sync += unit.eq(unit + 1)
            with m.If(unit == layer.size - 1):
                m.d.sync += [unit.eq(0), unloading.eq(0)]
        with m.If(self.unload):
            m.d.sync += unloading.eq(1)
        return m


# Each was known as soon as its class existed. They are forgotten, and known again for this file alone: other tests look at all
# kinds.
KNOWN = ((Recurrence._kinds, Ring.kind), (Dense._kinds, Pairs.kind), (Architecture._kinds, AtOnce.word))
CLASSES = [kinds.pop(word) for kinds, word in KNOWN]


@pytest.fixture(autouse=True)
def known(monkeypatch):
    """The three kinds are known."""
    for (kinds, word), kind in zip(KNOWN, CLASSES):
        monkeypatch.setitem(kinds, word, kind)


def ring(emit=Pooling.EVERY):
    """A model of a ring."""
    model = random_model(size=6, ternary=True, inputs=2, input_width=5, input_signed=True, outputs=3, emit=emit, seed=7)
    return model.with_top(recurrence=Ring(6))


def paired(emit=Pooling.EVERY):
    """A model whose first stage adds up pairs."""
    model = random_model(outputs=3, inputs=2, emit=emit, hidden=((4, 4, 3, 3),), seed=8, size=8, block=8)
    first = Pairs.of(8, len(model.top.phases), Requantization(4, 3))
    return model.with_readout(stages=(first, *model.readout.stages[1:]))


def test_a_recurrence_from_outside_is_saved_and_loaded(tmp_path):
    model = ring()
    save_model(model, tmp_path / "ring.npz")
    loaded = load_model(tmp_path / "ring.npz")
    assert loaded.digest == model.digest and loaded.top.recurrence.size == 6 and type(loaded.top.recurrence) is Ring
    inputs = np.array(sequences_for(model, [9]))
    assert (golden.run(loaded, inputs).outputs == golden.run(model, inputs).outputs).all()


@pytest.mark.parametrize("architecture", ["serial", "serial:3", "parallel", "parallel,contexts=3", "at-once"])
def test_a_recurrence_from_outside_is_built(architecture):
    model = ring()
    check_against_golden(model, architecture, sequences_for(model, [5, 4, 1]))
    assert estimate(model, parse_architecture(architecture), boards.get("icebreaker")).lc > 0


def test_an_architecture_from_outside_may_leave_no_choice_of_where_codes_lie():
    assert parse_architecture("at-once,codes=block") == AtOnce()
    with pytest.raises(ArchitectureError, match="^Codes must lie in block in the architecture at-once, not spram; leave out"):
        parse_architecture("at-once,codes=spram")


def test_a_recurrence_from_outside_that_has_nothing_to_fold_says_so():
    with pytest.raises(ArchitectureError, match="needs a Hadamard recurrence"):
        build_core(ring(), parse_architecture("folded:2"))


def test_a_recurrence_and_a_stage_from_outside_run_in_c(tmp_path):
    models = {"ring": ring(Pooling.LAST), "paired": paired(Pooling.LAST)}
    inputs = {name: random_inputs(model, 3, 20) for name, model in models.items()}
    found = run(compile_models(models, tmp_path), models, inputs)
    for name, model in models.items():
        assert (found[name] == expected(model, inputs[name])).all(), name


def test_a_stage_from_outside_is_saved_and_loaded(tmp_path):
    model = paired()
    save_model(model, tmp_path / "paired.npz")
    loaded = load_model(tmp_path / "paired.npz")
    first, last = loaded.readout.stages
    assert loaded.digest == model.digest and type(first) is Pairs and first.inputs == 8
    assert not any(name.startswith("stage0") for name in np.load(tmp_path / "paired.npz").files)
    assert loaded.readout.bits == last.parameter_bits
    inputs = np.array(sequences_for(model, [9]))
    assert (golden.run(loaded, inputs).outputs == golden.run(model, inputs).outputs).all()


def test_a_file_with_a_stage_that_nobody_knows_is_refused(tmp_path, monkeypatch):
    save_model(paired(), tmp_path / "paired.npz")
    monkeypatch.delitem(Dense._kinds, Pairs.kind)
    with pytest.raises(ModelFileError, match="unknown stage 'pairs'"):
        load_model(tmp_path / "paired.npz")


@pytest.mark.parametrize("architecture, emit", [
    ("serial", Pooling.EVERY), ("parallel", Pooling.LAST), ("folded:4", Pooling.EVERY), ("at-once", Pooling.EVERY)])
def test_a_stage_from_outside_is_built(architecture, emit):
    model = paired(emit)
    check_against_golden(model, architecture, sequences_for(model, [5, 4, 1]))
    assert estimate(model, parse_architecture(architecture), boards.get("icebreaker")).lc > 0


def test_a_stage_from_outside_of_a_single_stage_is_a_file_of_schema_4(tmp_path):
    model = random_model(size=8, block=4, outputs=4)
    save_model(model.with_readout(stages=(Pairs.of(8, 1, None),)), tmp_path / "single.npz")
    assert type(load_model(tmp_path / "single.npz").readout.stages[0]) is Pairs


@pytest.mark.parametrize("shape", [
    dict(size=8, block=8, emit=Pooling.EVERY), dict(size=4, block=4, emit=Pooling.SUM), dict(size=3, ternary=True)], ids=str)
def test_an_architecture_from_outside_equals_the_golden_model(shape):
    model = random_model(outputs=2, inputs=2, seed=2, **shape)
    check_against_golden(model, "at-once", sequences_for(model, [5, 4, 1]))


def test_an_architecture_from_outside_keeps_what_its_plan_promises():
    model = random_model(size=8, block=4, outputs=2, emit=Pooling.LAST)
    record, core, _ = check_against_golden(model, "at-once", sequences_for(model, [7] * 3))
    assert set(np.diff(record.accepted[:7])) == {1}
    assert record.outputs[model.outputs - 1][0] - record.accepted[0] == core.sequence_timing(7).latency
    assert record.accepted[7] - record.accepted[0] <= core.sequence_timing(7).interval


def test_an_architecture_from_outside_is_spelled_chosen_and_emitted():
    model, board = ring(Pooling.LAST), boards.get("icebreaker")
    assert str(parse_architecture("at-once")) == "at-once"
    with pytest.raises(ArchitectureError, match=r"or 'at-once' \(a step a clock\), not 'at-twice'"):
        parse_architecture("at-twice")
    with pytest.raises(ArchitectureError, match="Architecture of two stacked layers must be"):
        parse_architecture("at-once").plan(random_stack(lower=dict(size=4), upper=dict(size=4), outputs=2))
    assert survey(model, board)[0].estimate.architecture == "at-once"
    assert b"module hadam_core(" in emit_design(model, parse_architecture("at-once"), board, None, 10)[CORE_FILE]
