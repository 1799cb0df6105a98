# SPDX-License-Identifier: BSD-2-Clause
"""The parts between bank and line: vectors integer for integer, labels where outputs are equal."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from hadam_hw import golden
from hadam_hw.input import BankFrontEnd, Input
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.sensors.ear import lines_of
from rtl_gen.design.label_text import LabelText
from rtl_gen.frontend.vectors import Vectors
from tests.models_for_tests import random_model

FRONT = BankFrontEnd(mel_bank(8000, bands=3))


def run(dut, bench):
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("offset, signed, width", [
    (0, False, 8), (128, True, 8), ([90, 70, 133], True, 8), ([10, 250, 60], True, 5)])
def test_vectors_are_the_inputs_in_windows(offset, signed, width):
    rng, window = np.random.default_rng(width), 3
    source = Input.direct(FRONT, width=width, signed=signed, offset=offset, window=window, hop=window)
    model = random_model(size=4, block=4, outputs=2, inputs=3, input_width=width, input_signed=signed).replace(input=source)
    codes = rng.integers(0, 256, (10, 3))
    wanted = np.stack([channel.codes_of_counts(column, source.format)
                       for channel, column in zip(source.channels, codes.T, strict=True)], axis=1)
    dut, seen = Vectors(model, window, 8), []

    async def bench(ctx):
        waiting, offered = codes.ravel().tolist(), False
        for _ in range(400):
            offered = bool(waiting) and (offered or rng.random() < 0.6)
            taken = rng.random() < 0.4
            ctx.set(dut.codes.valid, offered)
            if waiting:
                ctx.set(dut.codes.p.code, waiting[0])
                ctx.set(dut.codes.p.last, len(waiting) % 3 == 1)
            ctx.set(dut.x.ready, taken)
            if ctx.get(dut.x.valid) and taken:
                seen.append([*(ctx.get(dut.x.p.data[k]) for k in range(3)), ctx.get(dut.x.p.first), ctx.get(dut.x.p.last)])
            if offered and ctx.get(dut.codes.ready):
                waiting.pop(0)
                offered = False
            await ctx.tick()

    run(dut, bench)
    assert seen == [[*row, int(k % 3 == 0), int(k % 3 == 2)] for k, row in enumerate(wanted.tolist())]


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_labels_are_the_golden_models_where_outputs_are_equal_too(outputs):
    model = random_model(size=4, block=4, outputs=outputs)
    answers = np.random.default_rng(outputs).integers(-1, 2, (12, outputs))
    dut, labels, said = LabelText(model), [], []

    async def bench(ctx):
        waiting = answers.ravel().tolist()
        for _ in range(400):
            ctx.set(dut.y.valid, bool(waiting))
            if waiting:
                ctx.set(dut.y.p.data, waiting[0])
                ctx.set(dut.y.p.last, len(waiting) % outputs == (1 if outputs > 1 else 0))
            ctx.set(dut.o.ready, 1)
            if waiting and ctx.get(dut.y.ready):
                waiting.pop(0)
            if ctx.get(dut.answered):
                labels.append(ctx.get(dut.label))
            if ctx.get(dut.o.valid):
                said.append(ctx.get(dut.o.payload))
            await ctx.tick()

    run(dut, bench)
    wanted = golden.classify(answers).tolist()
    assert labels == wanted and bytes(said) == b"".join(lines_of(model)[label] for label in wanted)
