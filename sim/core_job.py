# SPDX-License-Identifier: BSD-2-Clause
"""What a bench of cores is told: words to send, pauses, and the golden model's answers."""

import itertools
from dataclasses import asdict, dataclass

import numpy as np

from hadam_hw import golden
from hadam_hw.readout import Pooling
from rtl_gen.cores.build import build_core
from rtl_gen.design.verilog import emit_verilog
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.design_files import SPRAM_SIMULATION
from sim.runner import compile_design, run_bench
from sim.wrapper import TOP, CorePorts, wrapper

BENCH = "sim.bench_core"
SPARE_CLOCKS = 64


@dataclass(frozen=True, eq=False)
class Sequence:
    """Input vectors [steps, inputs]; an unfinished one never gets its ``last``."""

    inputs: np.ndarray
    finished: bool = True


@dataclass(frozen=True)
class Promise:
    """The clocks that a core promises for sequences of ``steps`` vectors, ``transfers`` of ``y`` for each sequence."""

    steps: int
    transfers: int
    interval: int
    latency: int
    sequence_interval: int


@dataclass(frozen=True)
class Run:
    """One run of a core, from reset to rest.

    Parameters
    ----------
    name : str
    x, y, tap : list of int
        Words to send; words to expect. ``x`` and ``y`` are whole payloads.
    x_pauses, y_pauses : list of int
        Used in turn: clocks without ``valid`` before a word of ``x``; clocks that a word of ``y`` is kept waiting.
    cut : int or None
        The next run's reset comes after so many clocks, in the middle of this one. What came until then must be a
        beginning of what is expected.
    promise : Promise or None
        Clocks to measure; only for runs without pauses and cut.
    """

    name: str
    x: list
    y: list
    tap: list
    x_pauses: tuple = (0,)
    y_pauses: tuple = (0,)
    cut: int | None = None
    promise: Promise | None = None


@dataclass(frozen=True, eq=False)
class Entry:
    """A core of a simulation: its model, its architecture as text, and its runs.

    ``quiet_clocks`` are watched after the last value of a run, in which nothing more may come: by default as many as another
    read-out would take.
    """

    model: object
    architecture: str
    runs: tuple
    quiet_clocks: int | None = None


def x_words(model, sequence):
    """The payloads of a :class:`Sequence`: elements from the lowest bits up, then ``first``, ``last`` (and ``idle``, 0)."""
    width, size = model.input.width, model.input.size
    words = []
    for t, vector in enumerate(np.asarray(sequence.inputs).reshape(-1, size)):
        word = sum((int(value) & ((1 << width) - 1)) << (width * j) for j, value in enumerate(vector))
        word |= (t == 0) << (width * size)
        word |= (sequence.finished and t == len(sequence.inputs) - 1) << (width * size + 1)
        words.append(int(word))
    return words


def make_run(model, sequences, name="run", contexts=1, **others):
    """A :class:`Run` of ``sequences`` with what the golden model says of them, each state and each read-out.

    Of several contexts, sequence ``k`` is served by context ``k % contexts``, those of one context one after the other; a
    context that has no more passes its turns.
    """
    x, y, tap = [], [], []
    y_mask, tap_mask = (1 << model.readout_width) - 1, (1 << model.top.state.width) - 1
    idle = 1 << model.inputs * model.input.width + 2
    for turn in itertools.zip_longest(*([*itertools.chain.from_iterable(_steps(model, sequence) for sequence in mine)]
                                        for mine in (sequences[context::contexts] for context in range(contexts)))):
        for context, step in enumerate(turn):
            if step is None:
                x.append(idle)
                continue
            word, state, logits = step
            x.append(word)
            if logits is not None or model.pooling is Pooling.SUM:  # handed to the read-out, which sends or only adds up
                tap += [int(z) & tap_mask for z in state]
            if logits is not None:
                marks = [context << 1 | (k == model.outputs - 1) for k in range(model.outputs)]
                y += [int(value) & y_mask | mark << model.readout_width for value, mark in zip(logits, marks)]
    return Run(name, x, y, tap, **others)


def _steps(model, sequence):
    """For each vector its word, the state and the outputs (None where it is not read out)."""
    trace = golden.trace(model, np.asarray(sequence.inputs))
    read_out = [model.pooling is Pooling.EVERY] * len(trace.outputs)
    read_out[-1] |= sequence.finished
    return zip(x_words(model, sequence), trace.states,
               (logits if wanted else None for logits, wanted in zip(trace.outputs, read_out)), strict=True)


def promise(plan, steps):
    """What ``plan`` promises for sequences of ``steps`` vectors."""
    sequence = plan.sequence_timing(steps)
    every = plan.model.pooling is Pooling.EVERY
    interval = sequence.interval // steps if every else plan.timing.interval
    transfers = plan.model.outputs * (steps if every else 1)
    return Promise(steps, transfers, interval, sequence.latency, sequence.interval)


def timed_run(model, architecture, sequences, name="timed"):
    """A run without pauses of ``sequences``, all of one length, whose clocks are measured against the core's promise.

    Of several contexts, and of two layers, whose first two vectors come sooner after each other than the rest, only the words
    are compared here; ``tests/gateware/test_contexts.py`` and ``test_stacked_core.py`` measure their clocks.
    """
    plan = parse_architecture(architecture).plan(model)
    length, = {len(sequence.inputs) for sequence in sequences}
    if plan.timing.contexts > 1 or len(model.layers) > 1:
        return make_run(model, sequences, name, plan.timing.contexts)
    return make_run(model, sequences, name, promise=promise(plan, length))


def emit_cores(entries):
    """Verilog files of the cores of ``entries`` and of the wrapper around them, by file name."""
    sources, ports = {}, []
    for k, entry in enumerate(entries):
        module = f"hadam_core_{k}"
        core = build_core(entry.model, parse_architecture(entry.architecture))
        sources[f"{module}.v"] = emit_verilog(core, module)
        ports.append(CorePorts.of(core.plan, module))
    sources["top.v"] = wrapper(ports)
    if any(core.codes for core in ports):
        sources["spram.v"] = SPRAM_SIMULATION.read_text()
    return sources


def core_job(entries):
    """The job of ``sim.bench_core`` for ``entries``."""
    cores = []
    for entry in entries:
        plan = parse_architecture(entry.architecture).plan(entry.model)
        longest = max(itertools.chain.from_iterable((*run.x_pauses, *run.y_pauses) for run in entry.runs), default=0)
        answer = plan.sequence_timing(1).latency + SPARE_CLOCKS
        loading = len(plan.image.rows) if plan.image else 0  # a row a clock, for which the first answer waits
        quiet = answer if entry.quiet_clocks is None else entry.quiet_clocks
        cores.append({"name": f"{entry.architecture} n={entry.model.size}", "quiet_clocks": quiet,
                      "stuck_clocks": 2 * answer + longest + loading, "runs": [asdict(run) for run in entry.runs]})
    return {"cores": cores}


def simulate_cores(entries, simulator, *, sources=None, compile_args=(), folder=None, cache=None):
    """Emits, compiles and runs the cores of ``entries`` in one simulation.

    Parameters
    ----------
    entries : sequence of Entry
    simulator : Simulator
    sources : dict of str to str, optional
        In place of :func:`emit_cores`: an edited text, or a netlist with the same ports.
    compile_args, folder, cache
        As for :func:`sim.runner.compile_design` and :func:`sim.runner.run_bench`.

    Returns
    -------
    dict
        ``cores``: for each entry its ``name`` and ``runs`` with the numbers of words compared and measured clocks;
        ``clocks``, ``run_seconds`` and ``compile_seconds``.

    Raises
    ------
    BenchFailed
        At any difference from the golden model, from the streams' rules or from the promised clocks.
    """
    compiled = compile_design(sources or emit_cores(entries), TOP, simulator, args=compile_args, cache=cache)
    return run_bench(compiled, BENCH, core_job(entries), folder=folder) | {"compile_seconds": compiled.seconds}
