# SPDX-License-Identifier: BSD-2-Clause
"""The estimate against the committed builds, and that its clocks are those of the core's plan."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

import boards
from hadam_hw.model_file import load_model
from rtl_gen.estimate import estimate
from rtl_gen.estimate.energy import CELL_JOULES, CLOCK_JOULES, step_joules
from rtl_gen.gateware.word_network import ParallelNetwork
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.plan.networks import SerialNetworkPlan, WordNetworkPlan
from rtl_gen.plan.ram import block_rams, varying_bits
from tests.models_for_tests import random_model

ARCHITECTURES = ("serial", "serial:2", "parallel", "parallel,contexts=3", "folded:2", "folded:4", "folded:8x2")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("shape", [dict(size=16, block=8), dict(size=32, block=16, inputs=3)])
def test_clocks_are_the_plans_own(architecture, shape):
    subject, parsed = random_model(outputs=2, **shape), parse_architecture(architecture)
    began = time.process_time()
    found = estimate(subject, parsed, boards.get("icebreaker"))
    assert time.process_time() - began < 1
    timing = parsed.plan(subject).timing
    assert (found.cycles_per_step, found.contexts) == (timing.interval, timing.contexts)
    assert found.steps_per_second == found.clock_mhz * 1e6 / timing.interval * timing.contexts


def test_networks_are_counted_as_the_gateware_has_them():
    from amaranth.back import rtlil

    from rtl_gen.gateware.serial.network import SerialNetwork
    from rtl_gen.plan.adder_graph import matrix_graph

    graph = matrix_graph([[3, -5, 0, 7], [1, 2, -6, 0], [0, 9, 4, -3]])
    counted = WordNetworkPlan(graph, -8, 7)
    network = ParallelNetwork(counted)
    assert counted.width == network.o.shape().elem_shape.width
    registers = sum(_registers(rtlil.convert(network, name="top")))
    assert registers == counted.sums + counted.differences + counted.delays
    for digit in (1, 3):
        plan = SerialNetworkPlan(graph, digit)
        text = rtlil.convert(SerialNetwork(plan), name="top")
        delayed = sum(width for width, name in _named_registers(text) if "_late" in name)
        assert delayed == digit * plan.registers


def _named_registers(text):
    widths, found = {}, []
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["wire"]:
            widths[words[-1]] = int(words[2]) if words[1] == "width" else 1
        if words[:2] == ["connect", "\\Q"]:
            found.append(words[2])
    return [(widths[name], name) for name in found]


def _registers(text):
    return [width for width, _ in _named_registers(text)]


@pytest.mark.parametrize("depth, width, blocks", [
    (256, 16, 1), (257, 16, 2), (512, 8, 1), (13, 17, 2), (2048, 2, 1), (2048, 3, 2), (1280, 6, 2), (1300, 6, 3), (2, 1, 1)])
def test_block_rams(depth, width, blocks):
    assert block_rams(depth, width) == blocks


def test_bits_that_never_change_are_not_stored():
    assert varying_bits([0b0101, 0b0111], 4) == 1
    assert varying_bits([-1, 3], 8) == 6


def test_energy_grows_with_cells_and_clocks():
    assert step_joules(0, 10, 1e9) == pytest.approx(10 * CLOCK_JOULES, rel=1e-4)
    assert step_joules(1000, 10, 1e9) - step_joules(0, 10, 1e9) == pytest.approx(10_000 * CELL_JOULES)


def test_the_lean_link_is_what_lets_the_shipped_model_onto_the_smallest_chip():
    model = load_model(Path(__file__).parents[2] / "models" / "pmnist-h128-b64.npz")
    board, folded = boards.get("icestick"), parse_architecture("folded:2")
    lean = estimate(model, folded, board)
    assert not lean.shortages(board.chip)
    assert lean.lc == pytest.approx(1181, rel=0.03) and lean.ebr == 10  # as built, docs/boards.md
    assert estimate(model, folded, replace(board, lean_link=False)).shortages(board.chip).keys() == {"lc"}
