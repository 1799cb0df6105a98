# SPDX-License-Identifier: BSD-2-Clause
"""Plans: clocks and parts as they were before there were plans, and nothing that needs gateware."""

import subprocess
import sys
from pathlib import Path

import pytest

from hadam_hw.layer import Activation
from hadam_hw.readout import Pooling
from rtl_gen.estimate.inventory import inventory
from rtl_gen.plan.arch import parse_architecture
from tests.models_for_tests import random_model, random_stack

MODELS = {
    "last": random_model(size=64, block=16, outputs=3, seed=1),
    "sum": random_model(size=32, block=16, outputs=2, inputs=3, leak=3, emit=Pooling.SUM, activation=Activation.RELU, seed=2),
    "every": random_model(size=8, block=8, outputs=5, inputs=2, emit=Pooling.EVERY, seed=3),
    "ternary": random_model(size=12, ternary=True, multiplier=5, outputs=2, seed=4),
    "stack": random_stack(lower=dict(size=8, block=4), upper=dict(size=16, block=16), outputs=2, seed=5),
}


@pytest.mark.parametrize("model, architecture, step, sequence, cells, rams", [
    ("last", "serial", (23, 23), (1788, 1560), 1322.33, 10),
    ("last", "serial:3", (12, 12), (1166, 1048), 3407.33, 25),
    ("last", "parallel", (6, 6), (911, 853), 11188.33, 2),
    ("last", "parallel,contexts=3", (9, 9), (941, 2556), 12814.33, 98),
    ("last", "folded:2", (179, 179), (2641, 1856), 777.58, 6),
    ("last", "folded:4x2", (35, 35), (1202, 854), 1713.58, 15),
    ("sum", "serial", (27, 417), (4439, 4414), 1259.92, 6),
    ("sum", "parallel", (7, 41), (680, 675), 8655.92, 2),
    ("sum", "folded:4x2", (40, 74), (1011, 973), 1975.58, 15),
    ("every", "serial", (24, 24), (2912, 2890), 521.92, 3),
    ("every", "parallel,contexts=3", (8, 8), (5523, 5910), 2726.92, 14),
    ("every", "folded:8", (12, 12), (2010, 2000), 2154.58, 14),
    ("ternary", "serial:3", (13, 13), (290, 182), 986.0, 7),
    ("ternary", "parallel", (7, 7), (191, 123), 2742.0, 2),
    ("stack", "serial", (45, 36), (705, 545), 824.0, 5),
    ("stack", "serial:3", (25, 18), (395, 244), 1772.0, 12),
    ("stack", "parallel", (12, 7), (232, 159), 5323.0, 2),
])
def test_clocks_and_parts_are_what_they_were(model, architecture, step, sequence, cells, rams):
    plan = parse_architecture(architecture).plan(MODELS[model])
    timing, ten = plan.timing, plan.sequence_timing(10)
    assert ((timing.latency, timing.interval), (ten.latency, ten.interval)) == (step, sequence)
    parts, blocks = inventory(plan)
    assert (round(sum(parts.values()), 2), blocks) == (cells, rams)


def test_a_read_out_is_planned_for_the_top_layer_alone():
    model = random_stack(lower=dict(size=8, block=4), upper=dict(size=16, block=16, hidden=((4, 4, 3, 3),)), outputs=2, seed=5)
    assert parse_architecture("serial").plan(model).readout.size == 16


def test_a_plan_needs_no_gateware():
    code = """
import sys
sys.modules["amaranth"] = None
import numpy as np
from hadam_hw.recurrence import Hadamard
from hadam_hw.model import Model
from rtl_gen.plan.arch import parse_architecture
model = Model.from_arrays(recurrence=Hadamard(4, 4, np.ones(4)), input_weight=[[1]] * 4, output_weight=[[1] * 4],
                          input_width=4, input_signed=True, state_width=8, state_frac=0)
for word in ("serial", "parallel", "parallel,contexts=2", "folded:2"):
    plan = parse_architecture(word).plan(model)
    assert plan.timing.interval and plan.sequence_timing(3).latency and plan.parts()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stderr) == (0, "")
