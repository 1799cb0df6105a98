# SPDX-License-Identifier: BSD-2-Clause
"""The design around a core that is the same on every board: reset, UART, link."""

from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out, connect

from hadam_hw.errors import BoardError
from hadam_hw.model import Emit
from rtl_gen.link.frames import Identity, logit_bytes
from rtl_gen.link.target import LinkTarget
from rtl_gen.link.uart import MIN_DIVISOR, UartReceiver, UartTransmitter

#: iCE40 block RAM reads 0 for about 3 us after configuration (icestorm issue 76); 2**10 clocks are 10 us at 100 MHz.
RESET_CYCLES = 1 << 10
#: A frame that pauses longer is truncated. 6 ms at 42 MHz: more than a USB host lets pass between two packets of a frame.
TIMEOUT_CYCLES = 1 << 18
#: Sender and receiver together; the receiver bears 4.5 % at 14 clocks a bit, and the host's end has its own error.
MAX_BAUD_ERROR = 0.02


def divide_baud(clock_hz, baud):
    """Clocks a bit for ``baud`` at ``clock_hz``.

    Raises
    ------
    BoardError
        If the clock cannot make the rate within 2 %.
    """
    divisor = max(round(clock_hz / baud), MIN_DIVISOR)
    error = clock_hz / divisor / baud - 1
    if abs(error) > MAX_BAUD_ERROR:
        raise BoardError(f"Baud rate must be within {MAX_BAUD_ERROR:.0%} of a whole division of {clock_hz / 1e6:.3f} MHz, and "
                         f"{baud} is off by {abs(error):.1%}; try --freq {baud * divisor / 1e6:g}")
    return divisor


class Top(wiring.Component):
    """Core, link and power-on reset, clocked from outside.

    Parameters
    ----------
    core : Core
        Or anything with its members, ``model`` and ``timing``. Its model has ``emit = last``.
    clock_hz : Fraction or float
    baud : int

    Raises
    ------
    BoardError
        If the clock cannot make the baud rate, or the model reads out every step or the core serves several contexts,
        which this link cannot carry.

    Members
    -------
    clk : In(1)
    locked : In(1)
        The clock is good; reset is held until it is.
    rx : In(1)
    tx : Out(1)
    label : Out(range(outputs))
        The class of the last sequence.
    busy, failed : Out(1)
    """

    def __init__(self, core, *, clock_hz, baud):
        model = core.model
        if model.emit is not Emit.LAST:
            raise BoardError("Model must be read out at the last step only, since the link carries one result a sequence; "
                             "use emit=last, or embed the core alone")
        if core.timing.contexts > 1:
            raise BoardError(f"Contexts must be 1 behind the UART link, which carries one sequence at a time, "
                             f"not {core.timing.contexts}; embed the core alone to feed several")
        self.core = core
        self.divisor = divide_baud(clock_hz, baud)
        self.identity = Identity(
            digest=model.digest[:16], size=model.size, inputs=model.inputs, outputs=model.outputs,
            input_width=model.input.width, input_signed=model.input.signed, output_bytes=logit_bytes(model.readout_width),
            state_width=model.state.width, steps_clocks=core.timing.interval, clock_hz=round(clock_hz), baud=baud)
        self._target = LinkTarget(model, self.identity, TIMEOUT_CYCLES)
        super().__init__({
            "clk": In(1), "locked": In(1), "rx": In(1, init=1), "tx": Out(1, init=1),
            "label": Out(self._target.label.shape()), "busy": Out(1), "failed": Out(1)})

    def elaborate(self, platform):
        m = Module()
        # The counter starts with the configuration and when the clock comes; it lives in a domain without reset.
        power, sync = ClockDomain("power", reset_less=True), ClockDomain("sync")
        m.domains += [power, sync]
        waited = Signal(range(RESET_CYCLES + 1))
        resetting = Signal(init=1)
        m.d.comb += [power.clk.eq(self.clk), sync.clk.eq(self.clk), sync.rst.eq(resetting)]
        with m.If(~self.locked):
            m.d.power += waited.eq(0)
        with m.Elif(waited != RESET_CYCLES):
            m.d.power += waited.eq(waited + 1)
        m.d.power += resetting.eq(waited != RESET_CYCLES)

        m.submodules.core = core = self.core
        m.submodules.link = target = self._target
        m.submodules.receiver = receiver = UartReceiver(self.divisor)
        m.submodules.transmitter = transmitter = UartTransmitter(self.divisor)
        connect(m, target.x, core.x)
        connect(m, core.y, target.y)
        connect(m, target.tx, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx),
            target.data.eq(receiver.data), target.valid.eq(receiver.valid), target.framing_error.eq(receiver.framing_error),
            self.label.eq(target.label), self.busy.eq(target.busy), self.failed.eq(target.failed),
        ]
        return m
