# SPDX-License-Identifier: BSD-2-Clause
"""The answers of a core as text: a line a label, for whoever listens at a serial port."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.sensors.ear import END, LONGEST, lines_of
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.gateware.words import output_stream


class LabelText(wiring.Component):
    """Takes read-outs, keeps the label of the last one, and sends its line.

    The label is that of :func:`hadam_hw.golden.label`. Outputs are taken while no line is sent; a line takes as long as ``o``
    does, so a core whose read-outs come faster waits.

    Parameters
    ----------
    model : Model

    Members
    -------
    y : In(stream of {data: signed, last})
        The core's output.
    o : Out(stream of 8 bits)
    label : Out(range(label_count))
    answered : Out(1)
        High for one clock with each label.
    """

    def __init__(self, model):
        self.model = model
        super().__init__({"y": In(output_stream(model.readout_width)), "o": Out(stream.Signature(8)),
                          "label": Out(range(model.label_count)), "answered": Out(1)})

    def elaborate(self, platform):
        m = Module()
        by_sign = self.model.outputs == 1
        y, index, best = self.y.payload, Signal(range(max(2, self.model.outputs))), Signal(self.y.payload.data.shape())
        places = 1 << LONGEST.bit_length()
        letters = [byte for line in lines_of(self.model) for byte in line.ljust(places, END)]
        m.submodules.letters = rows = memory.Memory(shape=8, depth=len(letters), init=letters, attrs=BLOCK)
        port, place, sending = rows.read_port(), Signal(range(places)), Signal()
        m.d.comb += [port.addr.eq(Cat(place, self.label)), port.en.eq(1), self.o.payload.eq(port.data),
                     self.y.ready.eq(~sending)]
        m.d.sync += self.answered.eq(0)
        with m.If(self.y.valid & self.y.ready):
            m.d.sync += index.eq(Mux(y.last, 0, index + 1))
            with m.If((index == 0) | (y.data > best)):
                m.d.sync += [best.eq(y.data), self.label.eq(y.data > 0 if by_sign else index)]
            m.d.sync += [sending.eq(y.last), self.answered.eq(y.last)]
        fetched = Signal()  # the letter of ``place`` is there a clock after the address
        m.d.sync += fetched.eq(sending & ~(self.o.valid & self.o.ready))
        m.d.comb += self.o.valid.eq(sending & fetched)
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += place.eq(place + 1)
            with m.If(port.data == END[0]):
                m.d.sync += [place.eq(0), sending.eq(0)]
        return m
