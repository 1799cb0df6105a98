# SPDX-License-Identifier: BSD-2-Clause
"""Cores of models that are nothing but zeros, in Icarus: most of their signals never change, and all of them have a value."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation
from hadam_hw.oscillators import Oscillators, oscillations
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Integer
from rtl_gen.design import verilog
from sim.core_job import Entry, Sequence, make_run, simulate_cores
from sim.runner import BenchFailed
from sim.tools import Simulator
from tests.models_for_tests import random_model, random_stack

NOTHING = {size: Integer(np.zeros((size, size), np.int64)) for size in (1, 4)}

#: By architecture, the models whose parameters are then set to 0: a matrix, butterflies, wires, oscillators, corners of each.
SHAPES = {
    "serial": [dict(size=4, recurrence=NOTHING[4]), dict(size=1, recurrence=NOTHING[1]), dict(size=4, block=2),
               dict(size=4, block=1, wires=True), dict(size=4, recurrence=Oscillators.of(oscillations()[3:5]))],
    "serial:3": [dict(size=4, recurrence=NOTHING[4], rounding=Rounding.HALF_EVEN),
                 dict(size=4, block=4, activation=Activation.RELU), dict(size=4, block=4, leak=[0, 1, 2, 3])],
    "parallel": [dict(size=4, recurrence=NOTHING[4]), dict(size=1, recurrence=NOTHING[1], activation=Activation.RELU),
                 dict(size=4, block=2, rounding=Rounding.HALF_EVEN), dict(size=4, block=1),
                 dict(size=4, recurrence=NOTHING[4], frac=-2)],
    "parallel,contexts=2": [dict(size=4, recurrence=NOTHING[4]), dict(size=4, block=2), dict(size=4, block=1)],
    "folded:1": [dict(size=4, block=1, wires=True), dict(size=4, block=1, leak=2),
                 dict(size=4, recurrence=Oscillators.of(oscillations()[3:5], leaks=[0, 2]))],
    "folded:2x2": [dict(size=8, block=4), dict(size=8, block=2, rounding=Rounding.HALF_EVEN, wires=np.arange(8)),
                   dict(size=8, block=2, leak=2)],
    "folded:4": [dict(size=4, block=4, activation=Activation.RELU)],
}
STACKS = {"serial": dict(size=4, recurrence=NOTHING[4]), "serial:2": dict(size=4, block=4),
          "parallel": dict(size=4, recurrence=NOTHING[4])}
READOUTS = [dict(), dict(emit=Pooling.EVERY, outputs=1), dict(emit=Pooling.SUM), dict(hidden=((3, 2, 2, 3),))]


def zeros(model):
    """``model`` with input matrices, biases and codes of zeros."""
    def layer(one):
        return replace(one, phases=tuple(replace(
            phase, input_codes=0 * phase.input_codes, bias=0 * phase.bias) for phase in one.phases))

    stages = tuple(replace(stage, codes=0 * stage.codes, biases=tuple(0 * bias for bias in stage.biases))
                   for stage in model.readout.stages)
    return replace(model, layers=tuple(map(layer, model.layers)), readout=replace(model.readout, stages=stages))


def entry(model, architecture):
    steps = [np.full((2, model.inputs), model.input.maximum), np.zeros((1, model.inputs), np.int64)]
    contexts = 2 if "contexts" in architecture else 1
    return Entry(model, architecture, (make_run(model, [Sequence(x) for x in steps], contexts=contexts),), quiet_clocks=40)


def entries():
    """Each shape with one of the read-outs that it can have, in turn; and the stacks."""
    turns = itertools.cycle(READOUTS)
    for architecture, shapes in SHAPES.items():
        for shape in shapes:
            readout = next(turns)
            if readout.get("emit") is Pooling.SUM and ("contexts" in architecture or shape.get("block") == 2):
                readout = next(turns)  # contexts have no pool, and states of two phases no sum
            yield entry(zeros(random_model(**{"outputs": 2} | shape | readout)), architecture)
    for architecture, shape in STACKS.items():
        yield entry(zeros(random_stack(lower=shape, upper=shape | dict(outputs=2))), architecture)


def test_cores_of_zeros_have_no_unknown_word():
    cores = list(entries())
    result = simulate_cores(cores, Simulator.ICARUS)
    for each, core in zip(cores, result["cores"], strict=True):
        run, = each.runs
        seen, = core["runs"]
        assert seen["compared_y"] == len(run.y) > 0 and seen["compared_tap"] == len(run.tap) > 0
        assert not any(run.tap)


@pytest.mark.parametrize("architecture", ["parallel", "parallel,contexts=2"])
def test_a_process_that_waits_for_a_change_is_found(architecture, monkeypatch):
    monkeypatch.setattr(verilog, "_SET_LATER", r"reg \1 = 0;")
    with pytest.raises(BenchFailed, match="non-0/1"):
        simulate_cores([entry(zeros(random_model(size=4, recurrence=NOTHING[4], outputs=2)), architecture)], Simulator.ICARUS)
