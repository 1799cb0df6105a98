# SPDX-License-Identifier: BSD-2-Clause
"""A core in Amaranth's simulator, compared with the golden model: each state that is handed over, each output, each sum of
a serial cell.

For many small cores: nothing is emitted or compiled, and a single process looks once a clock.
"""

import random
from dataclasses import dataclass, field

import numpy as np
from amaranth.hdl import Cat, Module, Signal
from amaranth.sim import Simulator

from hadam_hw import golden
from hadam_hw.readout import Pooling
from rtl_gen.cores.build import build_core
from sim.random_models import random_case
from sim.serial_sums import golden_sums, serial_cells, sums_of
from sim.stream_rules import StreamRuleBroken, StreamWatcher
from sim.turns import take_turns

#: Clocks in which a core takes and gives nothing, after which it is called stuck: more than any step or read-out takes.
PATIENCE = 10_000
#: Clocks that a stream may pause.
PAUSES = (0, 0, 1, 2, 7, 40)


@dataclass
class Seen:
    """What came out of a core."""

    sent: list = field(default_factory=list)  # (sequence, step) of each accepted vector
    states: list = field(default_factory=list)  # words
    outputs: list = field(default_factory=list)  # (value, last)
    owners: list = field(default_factory=list)  # context of each of them, where there are several
    saturated: int = 0  # clocks
    sums: list = field(default_factory=list)  # for each serial cell those of each step


def mismatch(case):
    """What differs from the golden model when ``case``, a :class:`sim.random_models.Case`, is run: a sentence, or None."""
    model, sequences = case.model, case.sequences
    traces = [golden.trace(model, sequence) for sequence in sequences]
    every = model.pooling is Pooling.EVERY
    readouts = sum(map(len, sequences)) if every else len(sequences)
    try:
        core = build_core(model, case.plan.architecture)
        seen = run_core(core, sequences, readouts * model.outputs, random.Random(case.seed) if case.paused else None)
    except StreamRuleBroken as broken:
        return str(broken)
    read_out = [(k, t) for k, t in seen.sent if every or t == len(sequences[k]) - 1]
    handed_over = seen.sent if model.pooling is Pooling.SUM else read_out
    contexts, cells = core.timing.contexts, serial_cells(core)
    sums = golden_sums(model, cells, sequences)
    wanted = {
        "states": np.array([traces[k].states[t] for k, t in handed_over]).reshape(-1).tolist(),
        "outputs": [(int(value), index == model.outputs - 1) for k, t in read_out
                    for index, value in enumerate(traces[k].outputs[t])],
        "owners": [k % contexts for k, _ in read_out for _ in range(model.outputs)] if contexts > 1 else [],
        "saturated": sum(saturated_steps(model, sequence) for sequence in sequences),
        "sums": [[sums[k][cell][t] for k, t in seen.sent] for cell in range(len(cells))]}
    for name, values in wanted.items():
        found = getattr(seen, name)
        if found != values:
            return f"{name}: {_first_difference(found, values)}"
    return None


def check_seed(seed):
    """Runs :func:`~sim.random_models.random_case` of ``seed``: None, or a line that says what is wrong, errors included."""
    try:
        case = random_case(seed)
    except Exception as error:  # whatever it is, it is a finding, and the sweep goes on
        return f"seed {seed}: cannot be made: {error!r}"
    try:
        found = mismatch(case)
    except Exception as error:
        found = repr(error)
    return found and f"{case.describe()}: {found}"


def _first_difference(found, wanted):
    if isinstance(wanted, int):
        return f"{found} in place of {wanted}"
    if len(found) != len(wanted):
        return f"{len(found)} of them in place of {len(wanted)}"
    place = next(k for k, pair in enumerate(zip(found, wanted)) if pair[0] != pair[1])
    if isinstance(wanted[place], list):
        return f"number {place}, {_first_difference(found[place], wanted[place])}"
    return f"number {place} is {found[place]} in place of {wanted[place]}"


def saturated_steps(model, inputs):
    """Steps in which a unit saturated, counted for each layer."""
    total = 0
    for layer in model.layers:
        state, taken = np.zeros(layer.size, dtype=np.int64), []
        for index, x in enumerate(inputs):
            state, events = golden.step(layer, state, x, model.phase_of(index))
            total += int(events > 0)
            taken.append(np.maximum(state, 0))
        inputs = taken
    return total


def run_core(core, sequences, outputs, pauses=None):
    """Sends integer sequences ([steps, inputs] each) until so many ``outputs`` came; returns what was :class:`Seen`.

    ``pauses`` is a ``random.Random``, or None where nobody ever waits.
    """
    contexts = core.timing.contexts
    turns = take_turns(sequences, contexts, (lambda: pauses.random() < 0.2) if pauses else (lambda: False))
    payload = core.y.payload
    width, state_width, context_width = len(payload.data), len(core.tap.data), (contexts - 1).bit_length()
    fields = Cat(payload.data, payload.last, *([payload.context] if contexts > 1 else []))
    cells = serial_cells(core)
    watched = [core.x.ready, core.y.valid, fields, core.tap.valid, core.tap.data, core.saturated,
               *(value for cell in cells for value in (cell.start, cell.pre.as_value()))]
    place = np.cumsum([0, *(len(value) for value in watched)]).tolist()
    # One signal: what the simulator hands over piece by piece takes longer than the core.
    top, view = Module(), Signal(place[-1])
    top.submodules.core = core
    top.d.comb += view.eq(Cat(watched))
    payload_mask = (1 << len(fields)) - 1
    seen, watcher, clocks = Seen(), StreamWatcher("y"), []

    def pause():
        return pauses.choice(PAUSES) if pauses else 0

    async def drive(ctx):
        turn, offering, taking, silent = next(turns, None), False, True, 0
        more, wait_x, wait_y = True, pause(), 0
        ctx.set(core.y.ready, 1)
        tick = ctx.tick().sample(view)
        while len(seen.outputs) < outputs and silent < PATIENCE:
            if not offering and more and not wait_x:
                ctx.set(core.x.payload, _transfer(core, sequences, turn))
                ctx.set(core.x.valid, 1)
                offering = True
            *_, now = await tick
            clocks.append(now)
            silent += 1
            wait_x = max(0, wait_x - (not offering))
            if offering and now & 1:
                silent = 0
                if turn is not None:
                    seen.sent.append(turn)
                try:
                    turn = next(turns)
                except StopIteration:
                    more = False
                offering, wait_x = False, pause()
                if not more or wait_x:
                    ctx.set(core.x.valid, 0)
            valid, data = now >> place[1] & 1, now >> place[2]
            watcher.observe(valid, taking, data & payload_mask)
            if valid and taking:
                silent = 0
                seen.outputs.append((_signed(data, width), bool(data >> width & 1)))
                if contexts > 1:
                    seen.owners.append(data >> (width + 1) & (1 << context_width) - 1)
                wait_y = pause()
            else:
                wait_y = max(0, wait_y - 1)
            if taking != (not wait_y):
                taking = not wait_y
                ctx.set(core.y.ready, taking)
            if now >> place[3] & 1:
                seen.states.append(_signed(now >> place[4], state_width))
            seen.saturated += now >> place[5] & 1

    simulator = Simulator(top)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()
    for k, cell in enumerate(cells):
        start, row, end = place[6 + 2 * k:9 + 2 * k]
        mask = (1 << (end - row)) - 1
        seen.sums.append(sums_of(cell, [(now >> start & 1, now >> row & mask) for now in clocks]))
    return seen


def _transfer(core, sequences, turn):
    """The payload of ``x``; nothing of a turn without a vector must matter but ``idle``."""
    idle = {"idle": int(turn is None)} if core.timing.contexts > 1 else {}
    if turn is None:
        return {"data": [core.model.input.maximum] * core.model.inputs, "first": 1, "last": 1} | idle
    sequence, step = sequences[turn[0]], turn[1]
    return {"data": [int(value) for value in sequence[step]], "first": int(step == 0),
            "last": int(step == len(sequence) - 1)} | idle


def _signed(word, width):
    """The lowest ``width`` bits of ``word`` as a signed integer."""
    word &= (1 << width) - 1
    return word - (word >> (width - 1) << width)
