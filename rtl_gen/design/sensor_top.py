# SPDX-License-Identifier: BSD-2-Clause
"""A design that needs no host: microphone, front end and core on one chip, labels as LEDs and as lines of text."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from hadam_hw.errors import BoardError
from hadam_hw.input import BankFrontEnd
from hadam_hw.readout import Pooling
from hadam_hw.sensors.ear import window_of
from rtl_gen.design.label_text import LabelText
from rtl_gen.design.reset import power_on_reset
from rtl_gen.frontend.bank import BankCore
from rtl_gen.frontend.vectors import Vectors
from rtl_gen.link.rates import divide_baud
from rtl_gen.link.uart import UartTransmitter
from rtl_gen.plan.bank_timing import BankTiming
from rtl_gen.sensors.pdm import PdmMicrophone
from rtl_gen.sensors.rates import pdm_rates

#: Of the line of text: what any terminal is set to.
BAUD = 115_200


def check_sensor(model, timing, clock_hz):
    """Refuses what this design cannot carry: see :class:`SensorTop`.

    Raises
    ------
    BoardError
    """
    if not isinstance(model.input.front_end, BankFrontEnd):
        raise BoardError(f"Front end must be the resonator bank for a microphone, not {model.input.front_end.kind}; fit a "
                         "model with --front-end bank")
    if model.pooling is Pooling.EVERY or timing.contexts > 1:
        raise BoardError("Model must be read out at the end of a window, by a core of one context, to work on a sensor")
    rates, bank = pdm_rates(clock_hz, model.input.rate_hz), BankTiming(model.input.front_end.bank)
    period = rates.divider * rates.ratio
    needed = bank.sample_cycles + bank.frame_cycles + model.inputs
    if needed > period:
        raise BoardError(f"Clock must leave the bank its {needed} clocks a sample, and at {float(clock_hz) / 1e6:g} MHz a "
                         f"sample has {period}; try a faster --freq, or fewer bands")


class SensorTop(wiring.Component):
    """A PDM microphone, the resonator bank of the model's input, the core, and what it says.

    Sequences of a window follow each other without a gap. Samples that come faster than the bank takes them would be lost; the
    constructor refuses such a clock, and ``failed`` tells of one that is lost all the same, or of a microphone that is silent.

    Parameters
    ----------
    core : Core
    clock_hz : Fraction or float

    Members
    -------
    clk, locked : In(1)
        The clock, and that it is good.
    pdm_clock : Out(1), pdm_data : In(1)
        The microphone's pins.
    tx : Out(1)
        Lines of text, 115,200 baud, 8N1: a label each.
    label : Out(range(label_count))
        Of the last window.
    busy : Out(1)
        Changes with each label.
    failed : Out(1)
        The microphone gives equal bits for ever, or a sample was lost since the reset.

    Raises
    ------
    BoardError
        If the model's front end is no bank, it has no window, is read out at every step or by contexts, or the clock does not
        divide to its rate or leaves the bank too few clocks.
    """

    def __init__(self, core, *, clock_hz):
        self.core, model = core, core.model
        check_sensor(model, core.timing, clock_hz)
        self.window, self.rates = window_of(model.input), pdm_rates(clock_hz, model.input.rate_hz)
        self.bank = model.input.front_end.bank
        self.decimator = self.rates.decimator
        self.divisor = divide_baud(clock_hz, BAUD)
        self._text = LabelText(model)
        super().__init__({
            "clk": In(1), "locked": In(1), "pdm_clock": Out(1), "pdm_data": In(1), "tx": Out(1, init=1),
            "label": Out(self._text.label.shape()), "busy": Out(1), "failed": Out(1)})

    def elaborate(self, platform):
        m = Module()
        power_on_reset(m, self.clk, self.locked)
        m.submodules.core = core = self.core
        m.submodules.microphone = microphone = PdmMicrophone(self.decimator, self.rates.divider)
        m.submodules.bank = bank = BankCore(self.bank)
        m.submodules.vectors = vectors = Vectors(core.model, self.window, self.bank.code_bits)
        m.submodules.text = text = self._text
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        for initiator, target in ((microphone.samples, bank.samples), (bank.codes, vectors.codes), (vectors.x, core.x),
                                  (core.y, text.y), (text.o, transmitter.i)):
            connect(m, initiator, target)
        lost = Signal()
        with m.If(microphone.overrun):
            m.d.sync += lost.eq(1)
        with m.If(text.answered):
            m.d.sync += self.busy.eq(~self.busy)
        m.d.comb += [
            self.pdm_clock.eq(microphone.pdm_clock), microphone.pdm_data.eq(self.pdm_data), self.tx.eq(transmitter.tx),
            self.label.eq(text.label), self.failed.eq(lost | microphone.stuck)]
        return m
