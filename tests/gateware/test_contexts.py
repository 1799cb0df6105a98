# SPDX-License-Identifier: BSD-2-Clause
"""Cores that serve several sequences in turn: whose turn it is, who waits for whom, and the promised clocks."""

import random

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.errors import ArchitectureError, BoardError
from hadam_hw.readout import Pooling
from rtl_gen.cores.build import build_core
from rtl_gen.design.top import check_link
from rtl_gen.link.kind import Link, Profile
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.plan.parallel import ContextPlan
from tests.gateware.core_harness import drive_core
from tests.gateware.test_core import check_against_golden, sequences_for
from tests.models_for_tests import random_model


@pytest.mark.parametrize("contexts", [2, 3, "MOST"])
@pytest.mark.parametrize("emit", [Pooling.LAST, Pooling.EVERY])
def test_idle_turns_and_pauses_change_nothing(contexts, emit):
    rng = random.Random(contexts)
    model = random_model(size=8, block=8, outputs=2, emit=emit, seed=9)

    def pause():
        return rng.choice([0, 0, 0, 1, 2, 30])

    check_against_golden(model, f"parallel,contexts={contexts}", sequences_for(model, [3, 1, 2, 2, 1, 3, 1, 2]),
                         x_pause=pause, y_pause=pause, idle=lambda: rng.random() < 0.4)


@pytest.mark.parametrize("shape", [dict(size=4, block=2), dict(size=8, block=8, inputs=4), dict(size=4, ternary=True)],
                         ids=["small", "many-inputs", "ternary"])
@pytest.mark.parametrize("contexts", [2, "MOST"])
def test_a_step_of_each_context_every_interval(shape, contexts):
    model = random_model(outputs=1, emit=Pooling.LAST, seed=1, **shape)
    length = 60  # long enough for the read-outs of all contexts to be done while the next sequences run
    count = ContextPlan(model.top, 1).timing.interval if contexts == "MOST" else contexts
    record, core, _ = check_against_golden(model, f"parallel,contexts={count}", sequences_for(model, [length] * 2 * count))
    assert core.timing.interval >= core.timing.contexts == count
    by_context = [record.accepted[context::count] for context in range(count)]
    promised = core.sequence_timing(length)
    for clocks in by_context:
        assert set(np.diff(clocks)) == {core.timing.interval}
        assert clocks[length] - clocks[0] == promised.interval == length * core.timing.interval
    if contexts == "MOST":
        assert set(np.diff(record.accepted)) == {1}
    assert record.outputs[0][0] - record.accepted[0] == promised.latency


@pytest.mark.parametrize("emit", [Pooling.LAST, Pooling.EVERY])
def test_sequences_shorter_than_their_read_outs_wait_for_them(emit):
    model = random_model(size=4, block=4, outputs=3, emit=emit, seed=1)
    length, rounds = 2, 8
    record, core, _ = check_against_golden(model, "parallel,contexts=3", sequences_for(model, [length] * 3 * rounds))
    starts = [clock for clock, (k, t) in zip(record.accepted, record.sent) if k % 3 == 0 and t == 0]
    promised = core.sequence_timing(length)
    assert promised.interval > length * core.timing.interval
    assert set(np.diff(starts)[-3:]) == {promised.interval}  # the queue, empty at first, is full by then
    readouts = [turn for turn in record.sent if emit is Pooling.EVERY or turn[1] == length - 1]
    whole = record.outputs[(readouts.index((0, length - 1)) + 1) * model.outputs - 1][0] - record.accepted[0]
    assert whole == promised.latency


def test_a_context_without_vectors_does_not_make_the_others_wait():
    model = random_model(size=8, block=4, outputs=2, seed=4)
    sequences = sequences_for(model, [4, 1, 5])
    record, core, _ = check_against_golden(model, "parallel,contexts=3", sequences)
    of_two = [clock for clock, (k, _) in zip(record.accepted, record.sent) if k == 2]
    assert set(np.diff(of_two)) == {core.timing.interval}


def test_first_forgets_what_is_unfinished_of_its_context_only():
    model = random_model(size=8, block=8, outputs=2, emit=Pooling.LAST, seed=2)
    core = build_core(model, parse_architecture("parallel,contexts=2"))

    class Unfinished(list):
        """A sequence of which the harness never sends the end."""

        def __len__(self):
            return 1 << 30

    whole, other = sequences_for(model, [4, 7], seed=1)
    record = drive_core(core, [Unfinished(sequences_for(model, [3])[0]), other, whole], expected_outputs=4, check_count=False)
    assert [turn for turn in record.sent if turn[0] != 1] == [(0, 0), (0, 1), (0, 2), *((2, t) for t in range(4))]
    expected = {0: golden.run(model, whole[None]).outputs[0].tolist(), 1: golden.run(model, other[None]).outputs[0].tolist()}
    assert {owner: [value for (_, value, _), mine in zip(record.outputs, record.owners) if mine == owner]
            for owner in (0, 1)} == expected


@pytest.mark.parametrize("word, message", [
    ("parallel,contexts=0", "Contexts must be between 1 and 64, not 0"),
    ("parallel,contexts=65", "between 1 and 64"),
    ("serial,contexts=2", "Contexts must be 1 in a serial core"),
    ("serial:4,contexts=3", "use 'parallel,contexts=3'"),
    ("serial:3000", "Digit must be between 1 and 8 bits, not 3000"),
    ("folded:3", "Radix must be 2, 4 or 8"),
    ("folded:8x2,contexts=2", "Contexts must be 1 in a folded core"),
    ("parallel:2", "Architecture must be"), ("parallel,contexts=", "Architecture must be"),
    ("contexts=2", "Architecture must be"), ("parallel,contexts=2,contexts=2", "Architecture must be"),
])
def test_words_that_spell_no_architecture(word, message):
    with pytest.raises(ArchitectureError, match=message) as caught:
        parse_architecture(word)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("word", ["serial", "serial:2", "parallel", "parallel,contexts=2", "folded:8", "folded:4x2"])
def test_words_come_back(word):
    assert str(parse_architecture(word)) == word
    if "contexts" not in word:
        assert parse_architecture(word + ",contexts=1") == parse_architecture(word)


def test_more_contexts_than_the_loop_has_clocks_are_refused():
    model = random_model(size=8, block=8, outputs=2)
    with pytest.raises(ArchitectureError, match="at most the 8 clocks of this model's loop, not 9"):
        build_core(model, parse_architecture("parallel,contexts=9"))


def test_the_link_serves_one_sequence_at_a_time():
    plan = parse_architecture("parallel,contexts=2").plan(random_model(size=8, block=8, outputs=2))
    with pytest.raises(BoardError, match="one sequence at a time"):
        check_link(plan, 48e6, 10**6, Link.UART, Profile.FULL)
