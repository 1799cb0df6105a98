# SPDX-License-Identifier: BSD-2-Clause
"""From the bits of a microphone to a line of text, the whole chain ``==`` its definitions; what it cannot carry is refused."""

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, ClockSignal, Module
from amaranth.sim import Simulator

from hadam_hw import golden
from hadam_hw.errors import ArchitectureError, BoardError
from hadam_hw.input import BankFrontEnd, Input
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.readout import Pooling
from hadam_hw.sensors.pdm import modulate
from rtl_gen.cores.build import build_core
from rtl_gen.design.sensor_top import SensorTop
from rtl_gen.frontend.vectors import offsets_of
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.sensors.rates import PdmRates, pdm_rates
from tests.models_for_tests import centred, random_model

CLOCK_HZ, RATE_HZ, FRAME, WINDOW, WINDOWS = 9_600_000, 100_000, 8, 4, 8
BANK = BankFrontEnd(mel_bank(RATE_HZ, bands=3, frame=FRAME, fraction=4))
NAMES = ("a", "b", "ç")


def sound():
    """Samples of noise whose color changes from window to window."""
    rng = np.random.default_rng(4)
    parts = [np.convolve(rng.normal(size=FRAME * WINDOW + 40), np.ones(1 + 9 * (k % 3)))[20:20 + FRAME * WINDOW]
             for k in range(WINDOWS)]
    whole = np.concatenate(parts)
    return np.rint(whole / np.abs(whole).max() * 30000).astype(int)


def made():
    """(top, bits): a model that tells such sounds apart, and what a microphone makes of one."""
    source = Input.direct(BANK, width=8, window=WINDOW, hop=WINDOW)
    model = random_model(size=8, block=4, outputs=3, inputs=3, input_width=8, frac=-5, emit=Pooling.SUM, pool_bits=3, seed=0)
    model = model.with_readout(classes=NAMES).replace(input=source)
    probe = SensorTop(build_core(model, parse_architecture("serial")), clock_hz=CLOCK_HZ)
    bits = modulate(sound(), probe.rates.ratio)
    codes = BANK.bank.encode(probe.decimator(bits)).astype(np.int64)
    windows = codes[:len(codes) // WINDOW * WINDOW].reshape(-1, WINDOW, 3)
    model = centred(model, windows)
    labels = golden.classify(golden.run(model, windows).outputs)
    return SensorTop(build_core(model, parse_architecture("serial")), clock_hz=CLOCK_HZ), bits, labels


def text_of(levels, divisor):
    """The bytes of a UART's line, a level a clock."""
    said, clock = [], 0
    while clock < len(levels) - 10 * divisor:
        if levels[clock]:
            clock += 1
            continue
        said.append(sum(levels[clock + divisor * (k + 1) + divisor // 2] << k for k in range(8)))
        clock += divisor * 9 + divisor // 2
    return bytes(said)


def simulate(top, bits, clocks):
    """(text, whether it failed at the end) of the design with the microphone of ``bits`` at its pins."""
    levels, seen = [], {}

    async def pins(ctx):
        waiting, bit, last, periods = iter(bits.tolist()), 0, 0, 0
        ctx.set(top.locked, 1)
        for _ in range(clocks):
            level = ctx.get(top.pdm_clock)
            if last and not level:
                periods += 1
                bit = next(waiting, 0) if periods > 0 else bit
            last = level
            ctx.set(top.pdm_data, 1 - bit if level else bit)
            levels.append(ctx.get(top.tx))
            seen["failed"], seen["label"] = ctx.get(top.failed), ctx.get(top.label)
            await ctx.tick("board")

    m = Module()
    m.domains.board = ClockDomain(reset_less=True)
    m.submodules.top = top
    m.d.comb += top.clk.eq(ClockSignal("board"))
    simulator = Simulator(m)
    simulator.add_clock(1e-7, domain="board")
    simulator.add_testbench(pins)
    simulator.run()
    return text_of(levels, top.divisor), seen


def test_a_sound_becomes_lines_of_text():
    top, bits, labels = made()
    period = top.rates.divider * top.rates.ratio
    text, seen = simulate(top, bits, (len(labels) * WINDOW * FRAME + 20) * period + 4000)
    assert len(set(labels)) > 1 and not seen["failed"]
    wanted = [NAMES[label].encode("ascii", "replace") for label in labels]
    assert text.split(b"\n")[:len(labels)] == wanted


@pytest.mark.parametrize("clock_hz, rate_hz, rates", [
    (12_000_000, 8000, PdmRates(4, 375)), (36_000_000, 8000, PdmRates(12, 375)), (9_600_000, 100_000, PdmRates(4, 24)),
    (24_000_000, 16_000, PdmRates(10, 150))])
def test_the_rate_is_divided_from_the_clock(clock_hz, rate_hz, rates):
    found = pdm_rates(clock_hz, rate_hz)
    assert found == rates and abs(found.rate_hz(clock_hz) / rate_hz - 1) <= 0.01


@pytest.mark.parametrize("clock_hz, rate_hz", [(12_000_000, 700_000), (12_000_000, 1000), (3_000_000, 8000)])
def test_a_rate_that_no_division_gives_is_refused(clock_hz, rate_hz):
    with pytest.raises(BoardError, match="try another --freq"):
        pdm_rates(clock_hz, rate_hz)


def test_what_it_cannot_carry_is_refused():
    plain = random_model(size=8, block=4, outputs=2, inputs=3, input_width=8)
    direct = plain.replace(input=Input.direct(BANK, width=8, window=4, hop=4))

    def top(model, arch="serial", clock_hz=CLOCK_HZ):
        return SensorTop(build_core(model, parse_architecture(arch)), clock_hz=clock_hz)

    for model, arch, clock_hz, words in (
            (plain, "serial", CLOCK_HZ, "must be the resonator bank"),
            (plain.replace(input=Input.direct(BANK, width=8)), "serial", CLOCK_HZ, "must have a window"),
            (direct.with_readout(pooling=Pooling.EVERY), "serial", CLOCK_HZ, "at the end of a window"),
            (direct, "parallel,contexts=4", CLOCK_HZ, "one context"),
            (direct, "serial", 4_800_000, "clocks a sample")):
        with pytest.raises(BoardError, match=words):
            top(model, arch, clock_hz)


def test_an_input_that_scales_is_refused_for_gateware():
    source = Input.fit([sound()[:, None] / 32768], front_end=BANK)
    with pytest.raises(ArchitectureError, match=r"make the model's input by Input\.direct"):
        offsets_of(source)
