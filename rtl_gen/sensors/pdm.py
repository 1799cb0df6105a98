# SPDX-License-Identifier: BSD-2-Clause
"""A PDM microphone at two pins."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from hadam_hw.sensors.pdm import ORDER, SAMPLE_BITS, STUCK_BITS

#: Clocks from a pin to the output of its synchronizer.
SYNCHRONIZER = 2


class PdmMicrophone(wiring.Component):
    """Drives the microphone's clock, takes a bit a period and gives the samples of :class:`hadam_hw.sensors.pdm.PdmDecimator`.

    The bit clock has ``divider`` clocks a period: high for ``divider // 2``, then low. The bit of a period is what the data pin
    has in the last clock in which the bit clock is low, just before it rises. So it is for a microphone with its L/R pin at
    ground, which drives data while the clock is low, and floats otherwise (Knowles SPH0641LU4H-1, ST MP34DT05: "L/R to ground:
    data valid while CLK is low"; both take 1 to 3.25 MHz; the limits of other parts were not verified).

    A sample is offered ``divider * ratio`` clocks after the one before it, the first ``divider * ratio + 8`` clocks after reset
    at the latest. It stays until it is taken; one that is not taken before the next is there is lost, and ``overrun`` tells.

    Parameters
    ----------
    decimator : PdmDecimator
    divider : int
        Clocks of a bit, 4 or more: the cascade takes an addition a clock.

    Members
    -------
    pdm_clock : Out(1)
        To the microphone.
    pdm_data : In(1)
        From it; asynchronous.
    samples : Out(stream of signed(16))
    overrun : Out(1)
        High for one clock with each sample that is lost.
    stuck : Out(1)
        High while the last 4,096 bits were all equal: no microphone, or its data line is broken.
    level : Out(1)
        The last bit.
    """

    def __init__(self, decimator, divider):
        if divider < 4:
            raise ValueError(f"Divider must be at least 4 clocks a bit, not {divider}; run the design faster")
        self.decimator, self.divider = decimator, divider
        super().__init__({
            "pdm_clock": Out(1), "pdm_data": In(1), "samples": Out(stream.Signature(signed(SAMPLE_BITS))), "overrun": Out(1),
            "stuck": Out(1), "level": Out(1)})

    def elaborate(self, platform):
        m = Module()
        strobe, bit = self._bits(m)
        self._watch(m, strobe, bit)
        width = self.decimator.width
        ends = Signal(range(self.decimator.ratio))
        steps = Signal(ORDER + 1)  # one hot: which of the cascade's additions this clock has; the last is the end of a sample
        m.d.sync += steps.eq(Cat(strobe, steps[:-1]))
        words = [Signal(signed(width), name=f"integrator_{k}") for k in range(ORDER)]
        with m.If(strobe):
            m.d.sync += [words[0].eq(words[0] + Mux(bit, 1, -1)), ends.eq(Mux(ends == self.decimator.ratio - 1, 0, ends + 1))]
        for k in range(1, ORDER):
            with m.If(steps[k - 1]):
                m.d.sync += words[k].eq(words[k] + words[k - 1])
        self._combs(m, steps[ORDER - 1] & (ends == 0), words[-1])
        return m

    def _bits(self, m):
        """(high for one clock a bit, that bit)."""
        data, count = Signal(), Signal(range(self.divider))
        m.submodules.synchronizer = FFSynchronizer(self.pdm_data, data, stages=SYNCHRONIZER)
        m.d.sync += [count.eq(Mux(count == self.divider - 1, 0, count + 1)), self.pdm_clock.eq(count < self.divider // 2)]
        # pdm_clock is a clock behind count, and the synchronizer shows what the pin had in the low clock before the rise
        started = Signal()  # the first period has no low half before it
        strobe = Signal()
        m.d.comb += strobe.eq(started & (count == SYNCHRONIZER))
        with m.If(count == self.divider - 1):
            m.d.sync += started.eq(1)
        return strobe, data

    def _watch(self, m, strobe, bit):
        """Counts equal bits."""
        equal = Signal(range(STUCK_BITS))
        m.d.comb += self.stuck.eq(equal == STUCK_BITS - 1)
        with m.If(strobe):
            m.d.sync += self.level.eq(bit)
            with m.If(bit != self.level):
                m.d.sync += equal.eq(0)
            with m.Elif(~self.stuck):
                m.d.sync += equal.eq(equal + 1)

    def _combs(self, m, begin, total):
        """Three subtractions one after the other: the words before take turns in a ring."""
        width, shift = self.decimator.width, self.decimator.shift
        value = Signal(signed(width))
        ring = [Signal(signed(width), name=f"comb_{k}") for k in range(ORDER)]
        turns = Signal(ORDER + 1)
        m.d.sync += turns.eq(Cat(begin, turns[:-1]))
        with m.If(begin):
            m.d.sync += value.eq(total)
        with m.If(turns[:ORDER].any()):
            m.d.sync += [value.eq(value - ring[0]), *(one.eq(after) for one, after in zip(ring, [*ring[1:], value]))]
        sample = value >> shift
        half = 1 << SAMPLE_BITS - 1
        with m.If(self.samples.ready):
            m.d.sync += self.samples.valid.eq(0)
        m.d.sync += self.overrun.eq(0)
        with m.If(turns[ORDER]):
            with m.If(self.samples.valid & ~self.samples.ready):
                m.d.sync += self.overrun.eq(1)  # the older one stays, as streams must
            with m.Else():
                m.d.sync += [self.samples.valid.eq(1), self.samples.payload.eq(
                    Mux(sample < -half, -half, Mux(sample > half - 1, half - 1, sample)))]
