# SPDX-License-Identifier: BSD-2-Clause
"""Two stacked layers: each state of the upper one, each read-out, `==` to the golden model, in the promised clocks."""

import random

import numpy as np
import pytest

from hadam_hw.errors import ArchitectureError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation
from hadam_hw.readout import Pooling
from rtl_gen.cores.build import build_core
from rtl_gen.plan.arch import parse_architecture
from tests.gateware.test_core import check_against_golden, sequences_for
from tests.models_for_tests import random_stack, without_input

ARCHITECTURES = ["serial", "serial:2", "serial:3", "parallel"]
STACKS = {
    "hadamard": dict(lower=dict(size=8, block=4, inputs=2), upper=dict(size=16, block=16, outputs=2, frac=-3)),
    "deep-below": dict(  # the upper layer has to wait for its input's adders
        lower=dict(size=16, block=16, frac=2), upper=dict(size=4, block=4, outputs=3, frac=-4)),
    "ternary": dict(lower=dict(size=5, ternary=True),
                    upper=dict(size=9, ternary=True, multiplier=3, shift_bits=4, outputs=2, frac=-3)),
    "relu": dict(lower=dict(size=4, block=4, frac=-3), upper=dict(size=8, block=4, outputs=2, state_width=14),
                 activation=Activation.RELU, rounding=Rounding.HALF_EVEN),
    "hidden": dict(lower=dict(size=4, block=4, inputs=2), upper=dict(size=9, ternary=True, outputs=2, hidden=((3, 4, 8, 4),))),
    "saturating": dict(lower=dict(size=8, block=4, state_width=6), upper=dict(size=8, block=4, outputs=2, state_width=7)),
    "moved": dict(lower=dict(size=12, block=1, inputs=2),
                  upper=dict(size=6, block=1, outputs=2, frac=-3, hidden=((3, 4, 8, 4),))),
    "two": dict(lower=dict(size=2, block=1), upper=dict(size=2, block=1, outputs=2, frac=-1)),
}
#: Stacks that are folded, each way.
FOLDED = [*((name, word) for name in ("hadamard", "deep-below", "relu", "saturating") for word in ("folded:2", "folded:4")),
          ("hadamard", "folded:4x1"), ("moved", "folded:1"), ("moved", "folded:1x2"), ("two", "folded:1")]


def stack(name, emit):
    model = random_stack(seed=3, **STACKS[name])
    return model.with_readout(pooling=emit, pool_bits=2 if emit is Pooling.SUM else 0)


@pytest.mark.parametrize("name, architecture", [*((name, word) for word in ARCHITECTURES for name in STACKS), *FOLDED])
def test_every_state_and_output_equals_the_golden_model(name, architecture):
    model = stack(name, Pooling.EVERY)
    record, _, traces = check_against_golden(model, architecture, sequences_for(model, [3, 2, 1]))
    assert len({tuple(state) for trace in traces for state in trace.states.tolist()}) > 3 * (name != "two")
    assert (record.saturated > 0) >= (name == "saturating")


@pytest.mark.parametrize("architecture", ["serial", "parallel"])
def test_a_layer_that_takes_nothing_of_the_one_below_is_driven_by_its_biases(architecture):
    model = stack("ternary", Pooling.EVERY)
    model = without_input(model)
    check_against_golden(model, architecture, sequences_for(model, [3, 2]))


@pytest.mark.parametrize("architecture, size, width, seed", [
    ("serial", 1, 12, 3), ("parallel", 1, 12, 3), ("serial:2", 2, 4, 2), ("serial:2", 3, 4, 2)])
def test_states_of_few_words_are_added_up(architecture, size, width, seed):
    model = random_stack(seed=seed, lower=dict(size=1, ternary=True, frac=-3, state_width=4), upper=dict(
        size=size, ternary=True, outputs=1, frac=-3, state_width=width, emit=Pooling.SUM, pool_bits=6))
    check_against_golden(model, architecture, sequences_for(model, [3, 1, 2]))


@pytest.mark.parametrize("architecture", ["serial", "serial:2", "parallel", "folded:2", "folded:4"])
@pytest.mark.parametrize("emit", list(Pooling))
def test_pauses_change_nothing(architecture, emit):
    rng = random.Random(architecture)
    model = stack("hadamard" if architecture.startswith("folded") else "ternary", emit)

    def pause():
        return rng.choice([0, 0, 1, 2, 7, 80])

    check_against_golden(model, architecture, sequences_for(model, [3, 1, 4]), x_pause=pause, y_pause=pause)


@pytest.mark.parametrize("name, architecture", [
    *((name, architecture) for name in ("hadamard", "deep-below") for architecture in ("serial", "serial:3", "parallel")),
    *FOLDED])
def test_timing_is_as_promised(name, architecture):
    model, length = stack(name, Pooling.LAST), 5
    record, core, _ = check_against_golden(model, architecture, sequences_for(model, [length] * 4))
    # the lower layer is a step ahead, in a folded core two: there the wait for a sequence's end is seen later
    inside = [gap for k, gap in enumerate(np.diff(record.accepted))
              if (k + 1) % length and k % length and (not architecture.startswith("folded") or (k - 1) % length)]
    assert inside[3:] == [core.timing.interval] * len(inside[3:])
    promised = core.sequence_timing(length)
    assert record.outputs[model.outputs - 1][0] - record.accepted[0] == promised.latency
    readouts = [record.outputs[k][0] for k in range(model.outputs - 1, len(record.outputs), model.outputs)]
    assert readouts[3] - readouts[2] == promised.interval


@pytest.mark.parametrize("name, architecture", [("hadamard", "serial"), ("hadamard", "parallel"), *FOLDED])
def test_timing_of_a_sum(name, architecture):
    model = stack(name, Pooling.SUM)
    record, core, _ = check_against_golden(model, architecture, sequences_for(model, [5] * 4))
    promised = core.sequence_timing(5)
    assert np.diff(record.accepted[2:5]).tolist() == [core.timing.interval] * 2
    assert record.outputs[model.outputs - 1][0] - record.accepted[0] == promised.latency
    readouts = [record.outputs[k][0] for k in range(model.outputs - 1, len(record.outputs), model.outputs)]
    assert readouts[3] - readouts[2] == promised.interval


def test_contexts_are_refused():
    with pytest.raises(ArchitectureError, match="'parallel' or 'folded:R', not parallel,contexts=2"):
        build_core(stack("hadamard", Pooling.LAST), parse_architecture("parallel,contexts=2"))


def test_a_digit_too_wide_for_one_of_the_layers_is_refused():
    with pytest.raises(ArchitectureError, match="at most half of the state's 6 bits"):
        build_core(stack("saturating", Pooling.LAST), parse_architecture("serial:4"))
