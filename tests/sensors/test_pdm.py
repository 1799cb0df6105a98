# SPDX-License-Identifier: BSD-2-Clause
"""A PDM microphone: its samples by definition, from a recording and back, and the gateware ``==`` the definition."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from hadam_hw.errors import ModelError
from hadam_hw.sensors.pdm import LOUDEST, PdmDecimator, modulate
from rtl_gen.sensors.pdm import STUCK_BITS, PdmMicrophone

RNG = np.random.default_rng(0)


def by_formula(decimator, bits):
    """The samples by the formula of the docstring, without a cascade."""
    box = np.ones(decimator.ratio, dtype=object)
    h = np.convolve(np.convolve(box, box), box)
    x = np.concatenate([np.zeros(len(h), dtype=object), 2 * bits.astype(object) - 1])
    y = [sum(h * x[len(h) + decimator.ratio * (k + 1) - 1 - np.arange(len(h))]) for k in range(len(bits) // decimator.ratio)]
    return [min(max(value >> decimator.shift, -32768), 32767) for value in y]


@pytest.mark.parametrize("ratio, shift", [(8, 0), (16, 3), (33, 1), (64, 2), (250, 9)])
def test_the_cascade_is_the_formula(ratio, shift):
    decimator = PdmDecimator(ratio, shift)
    for bits in (RNG.integers(0, 2, 12 * ratio + 5), np.ones(6 * ratio, int), np.zeros(6 * ratio, int)):
        assert decimator(bits).tolist() == by_formula(decimator, bits)


def test_any_cutting_of_a_stream_gives_the_same_samples():
    decimator = PdmDecimator(20, 2)
    bits = RNG.integers(0, 2, 5000)
    state, samples = decimator.begin(), []
    for piece in np.split(bits, np.sort(RNG.integers(0, 5000, 60))):
        samples += decimator.feed(state, piece).tolist()
    assert samples == decimator(bits).tolist()


def test_an_hour_of_full_scale_stays_in_its_words():
    decimator = PdmDecimator(250, 9)
    state = decimator.begin()
    state.integrators[:] = 2**62, -2**62, 2**63 - 5  # as after so long
    assert set(decimator.feed(state, np.ones(250 * 8, int))[6:]) == {250**3 >> 9}  # integrators and combs forget in six


def test_a_tone_comes_back():
    tone = np.round(20000 * np.sin(2 * np.pi * 82 / 1500 * np.arange(1600))).astype(int)  # 437 Hz at 8 kHz
    heard = PdmDecimator(250, 9)(modulate(tone, 250))[100:]
    energies = np.abs(np.fft.rfft(heard)) ** 2
    energies[0] = 0  # floor's bias
    assert energies.argmax() == 82 and 10 * np.log10(energies[82] / (energies.sum() - energies[82])) > 60
    assert abs(heard.std() / tone[100:].std() / (LOUDEST * 250**3 / 512 / 32768) - 1) < 0.03


@pytest.mark.parametrize("ratio, shift", [(375, 7), (250, 6), (25, 0)])
def test_samples_come_back_as_loud_as_they_were(ratio, shift):
    decimator = PdmDecimator(ratio, shift)
    tone = np.round(3000 * np.sin(2 * np.pi * 82 / 1500 * np.arange(1600))).astype(int)
    heard = decimator(modulate(tone, ratio, loudest=decimator.unity))
    assert abs(heard[100:].std() / tone[100:].std() - decimator.unity / ((1 << 15 + shift) / ratio**3)) < 0.05


@pytest.mark.parametrize("arguments, words", [((7, 0), "Ratio .* between 8 and 512, not 7"), ((513, 0), "not 513"),
                                              ((64, 28), "Shift .* between 0 and 27, not 28"), ((64.0, 1), "integer|whole")])
def test_what_makes_no_decimator_is_refused(arguments, words):
    with pytest.raises(ModelError, match=words):
        PdmDecimator(*arguments)


@pytest.mark.parametrize("bits", [[2], [[0, 1]], [0.5]])
def test_what_are_no_bits_is_refused(bits):
    with pytest.raises(ModelError, match="must be an array"):
        PdmDecimator(8, 0)(bits)


def simulate(decimator, divider, bits, ready=lambda clock: True):
    """(samples, overruns, whether the line was stuck at the end, periods of the bit clock) of the gateware."""
    dut = PdmMicrophone(decimator, divider)
    samples, seen = [], {"overruns": 0, "stuck": 0, "clocks": []}

    async def microphone(ctx):
        """Drives data while the clock is low, and the opposite bit otherwise: who samples then is found."""
        waiting = iter(bits.tolist())
        bit, last = next(waiting), 0
        for clock in range((len(bits) + 3) * divider):
            level = ctx.get(dut.pdm_clock)
            if last and not level:
                bit = next(waiting, bit) if clock > divider else bit
            if level and not last:
                seen["clocks"].append(clock)
            last = level
            ctx.set(dut.pdm_data, bit if not level else 1 - bit)
            ctx.set(dut.samples.ready, ready(clock))
            if ctx.get(dut.samples.valid) and ready(clock):
                samples.append(ctx.get(dut.samples.payload))
            seen["overruns"] += ctx.get(dut.overrun)
            seen["stuck"] = ctx.get(dut.stuck)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(microphone)
    simulator.run()
    return samples, seen


@pytest.mark.parametrize("ratio, shift, divider", [(8, 0, 4), (16, 2, 6), (20, 4, 5), (64, 3, 7)])
def test_the_gateware_is_the_definition(ratio, shift, divider):
    decimator = PdmDecimator(ratio, shift)
    bits = RNG.integers(0, 2, 9 * ratio + 3)
    bits[:3 * ratio] = 1  # full scale, then noise
    samples, seen = simulate(decimator, divider, bits)
    expected = decimator(bits).tolist()
    assert samples[:len(expected)] == expected and len(expected) == 9 and not seen["overruns"]
    assert set(np.diff(seen["clocks"])) == {divider}


def test_a_sample_that_nobody_takes_is_counted():
    decimator = PdmDecimator(8, 0)
    bits = RNG.integers(0, 2, 8 * 10)
    samples, seen = simulate(decimator, 4, bits, ready=lambda clock: clock > 8 * 4 * 5)
    assert seen["overruns"] >= 3 and set(samples) <= set(decimator(bits).tolist())


@pytest.mark.parametrize("level", [0, 1])
def test_a_line_that_is_stuck_is_told(level):
    bits = np.full(STUCK_BITS + 8, level)
    assert simulate(PdmDecimator(8, 0), 4, bits)[1]["stuck"] == 1
    bits[-40] = 1 - level
    assert simulate(PdmDecimator(8, 0), 4, bits)[1]["stuck"] == 0
