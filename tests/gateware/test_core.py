# SPDX-License-Identifier: BSD-2-Clause
"""Every architecture x recurrence x corner, one body: each state, each read-out, `==` to the golden model."""

import random
from dataclasses import replace

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal
from amaranth.sim import Simulator

from hadam_hw import golden
from hadam_hw.errors import ArchitectureError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation
from hadam_hw.model import Model
from hadam_hw.oscillators import Oscillators
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard, Ternary
from rtl_gen.cores.build import build_core
from rtl_gen.estimate.inventory import inventory
from rtl_gen.plan.alignment import input_products
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.plan.parallel import ContextPlan
from sim.core_check import saturated_steps
from sim.random_models import banks_of, wires_within
from tests.gateware.core_harness import drive_core
from tests.models_for_tests import random_model, with_stage, without_input

ARCHITECTURES = ["serial", "serial:2", "serial:3", "parallel"]
# MOST: as many contexts as the model's loop has clocks
CONTEXTS = ["parallel,contexts=2", "parallel,contexts=MOST"]
FOLDED = ["folded:1", "folded:2", "folded:4", "folded:8", "folded:2x2"]

# shifts of 0 to 12 bits, one digit and two, negated or not
OSCILLATORS = Oscillators([3, 0, 8, 5], [3, -1, 4, 4], [9, 0, 0, 7], [1, 0, 0, -1], [0, 1, 0, 1])

# Corners of size, width, phases, recurrence, input and rounding; each is run in each architecture.
CORNERS = {
    "even": dict(size=8, block=4, outputs=3),
    "odd": dict(size=8, block=8, outputs=2),
    "odd-fine-input": dict(size=16, block=2, outputs=2, input_frac=4, frac=-2),
    "full": dict(size=16, block=16, outputs=2, frac=1),
    "negative-frac": dict(size=8, block=4, outputs=2, frac=-4),
    "half-even": dict(size=8, block=4, outputs=2, rounding=Rounding.HALF_EVEN, frac=-2, input_width=3),
    "half-even-odd": dict(size=8, block=8, outputs=2, rounding=Rounding.HALF_EVEN, frac=0, input_width=2),
    "floor": dict(size=8, block=4, outputs=2, rounding=Rounding.FLOOR),
    "narrow-state": dict(size=8, block=4, outputs=2, state_width=6),
    "wide-state": dict(size=4, block=4, outputs=1, state_width=19, frac=6),
    "vector": dict(size=8, block=4, inputs=5, outputs=2, input_signed=True),
    "vector-odd": dict(size=8, block=8, inputs=3, outputs=2, input_signed=True),
    "one-bit-input": dict(size=8, block=4, inputs=2, outputs=2, input_width=1),
    "coarse-codes": dict(size=8, block=4, outputs=2, input_bits=1, output_bits=1),
    "fine-codes": dict(size=8, block=4, outputs=2, input_bits=8, output_bits=8),
    "ternary": dict(size=9, outputs=2, ternary=True),
    "ternary-scaled": dict(size=10, outputs=2, ternary=True, multiplier=5, shift_bits=4),
    "integer": dict(size=8, outputs=2, entries=(-8, 7), shift_bits=5),
    "integer-scaled": dict(size=6, outputs=2, entries=(-128, 127), multiplier=45, shift_bits=14, rounding=Rounding.HALF_EVEN),
    "relu": dict(size=8, block=4, outputs=2, activation=Activation.RELU),
    "relu-odd": dict(size=8, block=8, outputs=2, activation=Activation.RELU, rounding=Rounding.HALF_EVEN, frac=-2),
    "relu-saturating": dict(size=8, block=4, outputs=2, activation=Activation.RELU, state_width=6, frac=1),
    "driven": dict(size=8, block=4, outputs=2, input_bits=1, input_signed=True),
    "relu-ternary": dict(size=9, outputs=2, ternary=True, multiplier=3, activation=Activation.RELU),
    "leak": dict(size=8, block=4, outputs=2, leak=3),
    "leaks": dict(size=8, block=4, outputs=2, leak=[0, 1, 2, 3, 4, 5, 6, 7]),
    "leaks-odd": dict(size=8, block=2, outputs=2, leak=[12, 0, 3, 3, 1, 2, 5, 4], wires=True, frac=-2, input_frac=3),
    "leak-odd": dict(size=8, block=8, outputs=2, leak=1, rounding=Rounding.HALF_EVEN, frac=-2, input_width=3),
    "leak-relu": dict(size=8, block=4, outputs=2, leak=2, activation=Activation.RELU, state_width=6),
    "oscillators": dict(size=8, recurrence=OSCILLATORS, outputs=2),
    "oscillators-leaking": dict(size=8, recurrence=replace(OSCILLATORS, leaks=[1, 0, 3, 2]), outputs=2, state_width=7, frac=-3,
                                rounding=Rounding.HALF_EVEN, input_width=4, input_signed=True, inputs=2),
    "oscillators-relu": dict(size=8, recurrence=OSCILLATORS, outputs=2, activation=Activation.RELU, frac=2),
    "more-than-a-group": dict(size=32, block=4, outputs=2),
    "wires": dict(size=8, block=4, outputs=2, wires=True),
    "words": dict(size=8, block=1, outputs=2),
    "words-ring": dict(size=9, block=1, outputs=2, wires=np.roll(np.arange(9), 1)),
    "words-wires": dict(size=10, block=1, outputs=3, wires=True, input_signed=True),
    "words-vector": dict(size=8, block=1, inputs=3, outputs=2, wires=True, rounding=Rounding.HALF_EVEN, frac=-2, input_width=2),
    "words-leak": dict(size=8, block=1, outputs=2, wires=True, leak=2, rounding=Rounding.FLOOR),
    "words-relu": dict(size=8, block=1, outputs=2, wires=True, activation=Activation.RELU, state_width=6, frac=1),
    "words-fine-codes": dict(size=6, block=1, outputs=2, wires=np.roll(np.arange(6), -2), input_bits=8, output_bits=8),
    "words-driven": dict(size=8, block=1, outputs=2, wires=np.roll(np.arange(8), 1), input_bits=1, frac=1),
    "words-hidden": dict(size=8, block=1, outputs=2, wires=True, hidden=((5, 4, 9, 4),)),
    "words-two-units": dict(size=2, block=1, outputs=2, wires=[1, 0]),
    "words-more-than-a-page": dict(size=140, block=1, outputs=1, wires=True),
}
#: Butterflies of higher radix side by side, where lanes and the words of a butterfly are told apart.
WIDE = [("folded:4x2", "even"), ("folded:4x2", "half-even"), ("folded:4x2", "relu-saturating"),
        ("folded:4x2", "more-than-a-group"), ("folded:8x2", "two-blocks"), ("folded:4x2", "leak"),
        ("folded:1x2", "words"), ("folded:1x4", "words"), ("folded:1x8", "words"), ("folded:1x2", "words-in-two-rings"),
        ("folded:1x4", "words-in-lanes"), ("folded:1x2", "words-in-lanes"), ("folded:2", "two-passes"),
        ("folded:4", "one-pass"), ("folded:4", "two-phases"), ("folded:8", "uneven-rows"), ("folded:2x2", "blocks-of-two"),
        ("folded:1x2", "oscillators"), ("folded:1x4", "oscillators-leaking"),
        ("folded:4x2", "wired-lanes"), ("folded:4", "wired-lanes"), ("serial", "wired-lanes")]


def banked(*shape):
    """Wires of (size, block) that a folded core of (radix, lanes) takes."""
    return wires_within(np.random.default_rng(7), banks_of(*shape))


OF_LANES = {
    "two-blocks": dict(size=16, block=8, inputs=2, outputs=2, rounding=Rounding.HALF_EVEN, frac=-2, input_width=3),
    "words-in-two-rings": dict(size=10, block=1, outputs=2, wires=[2, 3, 4, 0, 1, 7, 8, 9, 5, 6]),
    "two-passes": dict(size=16, block=4, outputs=2, wires=banked(16, 4, 2, 1)),
    "one-pass": dict(size=16, block=4, outputs=2, leak=2, wires=banked(16, 4, 4, 1), activation=Activation.RELU),
    "two-phases": dict(size=16, block=8, inputs=3, outputs=2, wires=banked(16, 8, 4, 1), rounding=Rounding.HALF_EVEN, frac=-2,
                       input_width=3),
    "uneven-rows": dict(size=24, block=8, outputs=2, wires=banked(24, 8, 8, 1)),
    "blocks-of-two": dict(size=12, block=2, outputs=2, wires=banked(12, 2, 2, 2), hidden=((5, 4, 9, 4),)),
    "wired-lanes": dict(size=32, block=8, outputs=2, wires=banked(32, 8, 4, 2)),
    "words-in-lanes": dict(size=12, block=1, inputs=2, outputs=2, leak=3, wires=[1, 0, 2, 5, 3, 4, 6, 7, 8, 11, 10, 9]),
}


def sequences_for(model, lengths, seed=0):
    rng = np.random.default_rng(seed)
    extremes = np.array([model.input.minimum, model.input.maximum])
    sequences = []
    for length in lengths:
        noise = rng.integers(model.input.minimum, model.input.maximum + 1, (length, model.inputs))
        loud = rng.choice(extremes, (length, model.inputs))
        sequences.append(np.where(rng.random((length, 1)) < 0.5, noise, loud))
    return sequences


def architecture_for(model, text):
    """The architecture that ``text`` spells, as many contexts for ``MOST`` as ``model`` allows."""
    if text.endswith("MOST"):
        text = text.replace("MOST", str(ContextPlan(model.top, 1).timing.interval))
    return parse_architecture(text)


def check_against_golden(model, architecture, sequences, **pauses):
    """Runs the core and compares all it says; returns the record and the core."""
    traces = [golden.trace(model, sequence) for sequence in sequences]
    core = build_core(model, architecture_for(model, architecture))
    every = model.pooling is Pooling.EVERY
    readouts = sum(map(len, sequences)) if every else len(sequences)
    record = drive_core(core, sequences, expected_outputs=readouts * model.outputs, **pauses)
    read_out = [(k, t) for k, t in record.sent if every or t == len(sequences[k]) - 1]
    handed_over = record.sent if model.pooling is Pooling.SUM else read_out
    states = np.array([traces[k].states[t] for k, t in handed_over])
    outputs = np.array([traces[k].outputs[t] for k, t in read_out])
    contexts = core.timing.contexts
    assert record.owners == [k % contexts for k, _ in read_out for _ in range(model.outputs)] * (contexts > 1)
    assert record.tap == states.reshape(-1).tolist()
    assert record.saturated == sum(saturated_steps(model, sequence) for sequence in sequences)
    assert [value for _, value, _ in record.outputs] == outputs.reshape(-1).tolist()
    assert [bool(last) for _, _, last in record.outputs] == ([False] * (model.outputs - 1) + [True]) * len(outputs)
    return record, core, traces


def renders(architecture, shape):
    """Whether it is no folded architecture, or one that folds the model of that shape."""
    try:
        if architecture in FOLDED:
            parse_architecture(architecture).plan(random_model(**shape))
    except ArchitectureError:
        return False
    return True


def pairs():
    """Every architecture with every corner that it renders."""
    return [(architecture, corner) for architecture in ARCHITECTURES + FOLDED + CONTEXTS for corner, shape in CORNERS.items()
            if renders(architecture, shape)]


@pytest.mark.parametrize("architecture, corner", [*pairs(), *WIDE])
def test_every_state_and_output_equals_the_golden_model(architecture, corner):
    model = random_model(emit=Pooling.EVERY, seed=3, **(CORNERS | OF_LANES)[corner])
    lengths = [3, 2, 1, 2, 2] if architecture in CONTEXTS else [5, 4, 1]
    check_against_golden(model, architecture, sequences_for(model, lengths))


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, *CONTEXTS])
@pytest.mark.parametrize("outputs", [1, 3, 4, 5, 6])
@pytest.mark.parametrize("emit", [Pooling.LAST, Pooling.EVERY])
def test_one_unit_is_read_out_with_the_right_bias(architecture, outputs, emit):
    model = random_model(size=1, outputs=outputs, ternary=True, emit=emit, seed=2)
    check_against_golden(model, architecture, sequences_for(model, [3, 1, 2, 1]))


@pytest.mark.parametrize("architecture, corner", [
    (architecture, corner) for architecture, corner in pairs() if corner in ("vector", "vector-odd", "ternary")])
def test_a_model_that_takes_no_input_is_driven_by_its_biases(architecture, corner):
    model = without_input(random_model(emit=Pooling.EVERY, seed=3, **CORNERS[corner]))
    _, core, _ = check_against_golden(model, architecture, sequences_for(model, [3, 2]))
    assert not input_products(model.top).graph.adders and inventory(core.plan)


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, *CONTEXTS])
def test_a_recurrence_of_zeros_forgets(architecture):
    model = random_model(emit=Pooling.EVERY, seed=3, **CORNERS["vector"])
    model = model.with_top(recurrence=Ternary(np.zeros((8, 8), dtype=np.int8), multiplier=5, shift_bits=2))
    for one in (model, without_input(model), with_stage(without_input(model), codes=0 * model.readout.stages[-1].codes)):
        check_against_golden(one, architecture, sequences_for(one, [2, 3]))


#: Sums of states: the pool never saturates, soon does, does with the first word of a step; of a recurrence without structure.
POOLS = {
    "roomy": dict(size=8, block=4, outputs=3, pool_bits=4),
    "saturating": dict(size=16, block=16, outputs=2, pool_bits=1, frac=2, state_width=8),
    "leak": dict(size=8, block=4, inputs=3, outputs=2, leak=2),
    "relu": dict(size=8, block=4, outputs=1, activation=Activation.RELU, output_bits=1),
    "ternary": dict(size=9, outputs=2, ternary=True),
    "one-unit": dict(size=1, outputs=2, ternary=True, seed=3),
    "words": dict(size=9, block=1, outputs=2, wires=True, pool_bits=4),
}


@pytest.mark.parametrize("architecture, shape", [
    (architecture, shape) for architecture in [*ARCHITECTURES, "folded:1", "folded:2", "folded:4"] for shape in POOLS
    if renders(architecture, POOLS[shape])])
@pytest.mark.parametrize("pauses", [False, True])
def test_the_sum_of_states_equals_the_golden_model(architecture, shape, pauses):
    model = random_model(emit=Pooling.SUM, **{"seed": 6} | POOLS[shape])
    rng = random.Random(shape)

    def pause():
        return rng.choice([0, 0, 1, 2, 7, 80])

    sequences = sequences_for(model, [5, 1, 7, 2])
    check_against_golden(model, architecture, sequences, **({"x_pause": pause, "y_pause": pause} if pauses else {}))
    pools = [sum(np.maximum(golden.trace(model, sequence).states, 0)).max() for sequence in sequences]
    assert bool(max(pools) > model.readout.range(model.top.state)[1]) == (shape == "saturating")


@pytest.mark.parametrize("architecture", ["serial", "parallel", "folded:4"])
def test_timing_of_a_sum(architecture):
    model = random_model(size=8, block=4, outputs=3, emit=Pooling.SUM, seed=1)
    record, core, _ = check_against_golden(model, architecture, sequences_for(model, [6] * 3))
    promised = core.sequence_timing(6)
    assert np.diff(record.accepted[:6]).tolist() == [core.timing.interval] * 5
    assert record.outputs[model.outputs - 1][0] - record.accepted[0] == promised.latency
    assert record.accepted[12] - record.accepted[6] == promised.interval


@pytest.mark.parametrize("architecture", ["serial", "serial:3"])
@pytest.mark.parametrize("corner", ["even", "odd"])
def test_biases_in_logic_are_the_same(architecture, corner, monkeypatch):
    monkeypatch.setattr("rtl_gen.plan.bias_table.MOST_IN_BLOCK_RAM", 0)
    model = random_model(emit=Pooling.EVERY, seed=4, **CORNERS[corner])
    check_against_golden(model, architecture, sequences_for(model, [3, 2]))


@pytest.mark.parametrize(("architecture", "corner"), [
    ("folded:2", "vector"), ("folded:4", "fine-codes"), ("folded:8", "vector-odd"), ("folded:2x2", "vector"),
    ("folded:1", "words-fine-codes")])
def test_codes_that_are_read_ahead_are_the_same(architecture, corner, monkeypatch):
    monkeypatch.setattr("rtl_gen.plan.folded.BLOCK_ROWS", 1)
    model = random_model(emit=Pooling.EVERY, seed=5, **CORNERS[corner])
    assert parse_architecture(architecture).plan(model).cell.source.early_codes
    check_against_golden(model, architecture, sequences_for(model, [3, 2]))


@pytest.mark.parametrize("digit", range(2, 9))
@pytest.mark.parametrize("width", [1, 2, 7])
def test_a_signed_input_narrower_than_the_digit_keeps_its_sign(digit, width):
    model = random_model(size=4, block=4, outputs=1, state_width=16, input_width=width, input_signed=True, emit=Pooling.EVERY)
    check_against_golden(model, f"serial:{digit}", sequences_for(model, [4, 2]))


#: Sums of shifted sums: products of a scalar input with codes of eight bits, and a multiplier of four signed digits.
SHIFTED_TWICE = {
    "codes": Model.from_arrays(
        recurrence=Hadamard(4, 4, [1, -1, 1, 1]), input_weight=np.array([[72], [88], [51], [-44]]), input_bits=8,
        output_weight=np.ones((1, 4), dtype=int), input_width=12, input_signed=True, state_width=20, state_frac=-4),
    "multiplier": random_model(size=2, outputs=1, ternary=True, multiplier=107, shift_bits=2, state_width=28, seed=3),
}


@pytest.mark.parametrize("architecture", ["serial", "serial:2", "serial:3", "serial:5", "parallel"])
@pytest.mark.parametrize("name", SHIFTED_TWICE)
def test_a_word_meets_nothing_of_the_one_before_where_sums_are_shifted_twice(architecture, name):
    # read out after the last step only: the steps before follow each other at the promised interval
    check_against_golden(SHIFTED_TWICE[name], architecture, sequences_for(SHIFTED_TWICE[name], [4] * 12, seed=1))


@pytest.mark.parametrize("architecture", ["serial", "serial:2", "parallel"])
@pytest.mark.parametrize("name", SHIFTED_TWICE)
def test_a_reset_of_one_clock_within_a_step_leaves_nothing_behind(architecture, name):
    model = SHIFTED_TWICE[name]
    core, reset = build_core(model, parse_architecture(architecture)), Signal()
    loudest, outputs = [model.input.minimum] * model.inputs, []

    async def drive(ctx):
        for clock in range(2, core.timing.interval + 2):
            ctx.set(core.x.payload, {"data": loudest, "first": 1, "last": 1})
            ctx.set(core.x.valid, 1)
            await ctx.tick().until(core.x.ready)
            ctx.set(core.x.valid, 0)
            await ctx.tick().repeat(clock)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            ctx.set(core.x.payload, {"data": [1] * model.inputs, "first": 1, "last": 1})
            ctx.set(core.x.valid, 1)
            await ctx.tick().until(core.x.ready)
            ctx.set(core.x.valid, 0)
            ctx.set(core.y.ready, 1)
            value, = await ctx.tick().sample(core.y.payload.data).until(core.y.valid)
            outputs.append(value)

    simulator = Simulator(ResetInserter(reset)(core))
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    assert outputs == [int(golden.run(model, np.ones((1, 1, model.inputs), dtype=int)).outputs[0, 0])] * core.timing.interval


@pytest.mark.parametrize("architecture", ["serial", "serial:2", "parallel", "folded:2", "folded:4"])
@pytest.mark.parametrize("rounding", list(Rounding))
def test_saturation_and_ties_are_really_met(architecture, rounding):
    model = random_model(size=8, block=4, outputs=1, state_width=5, frac=-3, input_width=4, rounding=rounding,
                         emit=Pooling.EVERY, seed=5)
    _, _, traces = check_against_golden(model, architecture, sequences_for(model, [12]))
    assert sum(int(np.sum(trace.saturations)) for trace in traces) > 3
    layer = model.top
    shift = layer.output_shift(0)
    state, ties = np.zeros(layer.size, dtype=np.int64), 0
    for x in sequences_for(model, [12])[0]:
        exact = (layer.recurrence.apply(state) << layer.state_shift(0)) \
            + ((layer.phases[0].input_codes @ x) << layer.input_shift(0)) + layer.phases[0].bias
        ties += int(np.sum(exact % (1 << shift) == 1 << (shift - 1)))
        state, _ = golden.step(layer, state, x, 0)
    assert ties > 3


@pytest.mark.parametrize("architecture", ["serial", "serial:2", "parallel", "folded:2", "folded:4"])
@pytest.mark.parametrize("emit", list(Pooling))
@pytest.mark.parametrize("pauses", ["none", "x", "y", "both"])
def test_pauses_change_nothing(architecture, emit, pauses):
    rng = random.Random(pauses)
    model = random_model(size=8, block=4 if emit is Pooling.SUM else 8, outputs=3, emit=emit, seed=9)

    def pause():
        return rng.choice([0, 0, 1, 2, 7, 80])

    chosen = {"none": {}, "x": {"x_pause": pause}, "y": {"y_pause": pause}, "both": {"x_pause": pause, "y_pause": pause}}
    check_against_golden(model, architecture, sequences_for(model, [3, 1, 4, 2]), **chosen[pauses])


@pytest.mark.parametrize("architecture, shape", [
    (architecture, shape) for architecture in ARCHITECTURES
    for shape in [dict(size=8, block=4), dict(size=4, block=2, inputs=4), dict(size=16, block=8)]] + [
    ("folded:2", dict(size=4, block=2, inputs=4)), ("folded:2", dict(size=8, block=8)), ("folded:4", dict(size=8, block=8)),
    ("folded:8", dict(size=16, block=8, inputs=3)), ("folded:2x4", dict(size=16, block=4, input_bits=8)),
    ("folded:4", dict(size=16, block=16, leak=3)), ("serial", dict(size=8, block=4, leak=2)),
    ("folded:4", dict(size=16, block=8, wires=banked(16, 8, 4, 1))),
    ("folded:1", dict(size=8, block=1)), ("folded:1", dict(size=9, block=1, wires=True, leak=2)),
    ("folded:1", dict(size=8, block=1, wires=True, inputs=3)), ("folded:1x4", dict(size=8, block=1, input_bits=8)),
    ("folded:1", dict(size=8, recurrence=OSCILLATORS)), ("folded:1x2", dict(size=8, recurrence=OSCILLATORS, inputs=3))])
def test_timing_is_as_promised(architecture, shape):
    model = random_model(outputs=2, emit=Pooling.LAST, seed=1, **shape)
    length = 6
    record, core, _ = check_against_golden(model, architecture, sequences_for(model, [length] * 3))
    steps = np.diff(record.accepted)
    inside = [gap for k, gap in enumerate(steps) if (k + 1) % length]
    assert inside == [core.timing.interval] * len(inside)
    promised = core.sequence_timing(length)
    assert record.outputs[model.outputs - 1][0] - record.accepted[0] == promised.latency
    assert record.accepted[2 * length] - record.accepted[length] == promised.interval


@pytest.mark.parametrize("architecture", ["serial", "parallel", "folded:4"])
def test_timing_of_a_readout_each_step(architecture):
    model = random_model(size=8, block=4, outputs=3, emit=Pooling.EVERY, seed=1)
    record, core, _ = check_against_golden(model, architecture, sequences_for(model, [7]))
    promised = core.sequence_timing(7)
    assert record.outputs[-1][0] - record.accepted[0] == promised.latency
    assert record.accepted[-1] - record.accepted[-2] == promised.interval // 7


@pytest.mark.parametrize("architecture", ["serial", "parallel", "folded:1", "folded:4"])
def test_first_forgets_an_unfinished_sequence(architecture):
    model = random_model(size=8, block=1 if architecture == "folded:1" else 8, outputs=2, emit=Pooling.LAST, seed=2)
    whole, = sequences_for(model, [4], seed=1)
    core = build_core(model, parse_architecture(architecture))

    class Unfinished(list):
        """A sequence of which the harness never sends the end."""

        def __len__(self):
            return 1 << 30

    record = drive_core(core, [Unfinished(sequences_for(model, [3])[0]), whole], expected_outputs=2,
                        check_count=False)
    assert [value for _, value, _ in record.outputs] == golden.run(model, whole[None]).outputs[0].tolist()


def test_a_digit_that_leaves_no_two_state_digits_is_refused():
    model = random_model(size=8, block=4, outputs=2, state_width=6)
    with pytest.raises(ArchitectureError, match="at most half of the state's 6 bits"):
        build_core(model, parse_architecture("serial:4"))


@pytest.mark.parametrize("architecture, shape, message", [
    ("folded:8", dict(size=8, block=4), "at most the block of 4 units, not 8"),
    ("folded:2x4", dict(size=8, block=4), "divide the 2 blocks"),
    ("folded:2x2", dict(size=8, block=8), "divide the 1 block of"),
    ("folded:2", dict(size=8, ternary=True), "needs a Hadamard recurrence"),
    ("folded:1", dict(size=8, ternary=True), "needs a Hadamard recurrence"),
    ("folded:1", dict(size=8, block=4), "needs blocks of 1, not of 4"),
    ("folded:2", dict(size=8, block=1), "at most the block of 1 unit, not 2"),
    ("folded:1x2", dict(size=9, block=1), "divide the 9 units"),
    ("folded:2", dict(size=8, block=4, wires=True), "keep every word in its bank, one of 2 a lane"),
    ("folded:1x2", dict(size=8, block=1, wires=[1, 2, 3, 4, 5, 6, 7, 0]), "among the 4 units of its lane"),
    ("parallel,contexts=2", dict(size=8, block=4, emit=Pooling.SUM), "one pool"),
])
def test_a_folding_that_cannot_be_is_refused(architecture, shape, message):
    with pytest.raises(ArchitectureError, match=message):
        build_core(random_model(outputs=2, **shape), parse_architecture(architecture))
