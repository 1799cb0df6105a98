# SPDX-License-Identifier: BSD-2-Clause
"""The core's answer becomes the bytes of a result."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.answer import Answer
from rtl_gen.gateware.words import byte_of, output_stream
from rtl_gen.link.frames import RESULT_TAIL, logit_bytes


class ResultBytes(wiring.Component):
    """Sends the logits as they come and then the label, that of :func:`hadam_hw.golden.label`; all low byte first.

    Members
    -------
    y : In(stream)
        From the core.
    o : Out(stream of 8 bits)
    last : Out(1)
        With ``o``: the result's last byte.
    label : Out(range(label_count))
        The label so far; of the whole result from its last byte on.
    """

    def __init__(self, model):
        self.model = model
        super().__init__({"y": In(output_stream(model.readout_width)), "o": Out(stream.Signature(8)), "last": Out(1),
                          "label": Out(range(model.label_count))})

    def elaborate(self, platform):
        m = Module()
        size = logit_bytes(self.model.readout_width)
        y = self.y.payload
        wide = Cat(y.data, y.data[-1].replicate(8 * size))[:8 * size]
        place = Signal(range(size))
        by_sign = self.model.outputs == 1 or self.model.readout.answer is Answer.VALUES  # of the first output
        index = Signal(range(max(2, self.model.outputs)))
        best = Signal.like(y.data)
        at_label = Signal()  # the logits are through
        label = Cat(self.label, *[0] * (8 * RESULT_TAIL.bytes - len(self.label)))
        moved = self.o.valid & self.o.ready
        m.d.comb += [
            self.o.valid.eq(self.y.valid | at_label),
            self.o.payload.eq(Mux(at_label, byte_of(label, place[0]), byte_of(wide, place))),
            self.last.eq(at_label & place[0]),
            self.y.ready.eq(self.o.ready & ~at_label & (place == size - 1)),
        ]
        better = Signal()  # a clock late: a logit has been there for all its bytes when it is taken
        m.d.sync += better.eq((index == 0) if by_sign else (index == 0) | (y.data > best))
        with m.If(moved):
            m.d.sync += place.eq(place + 1)  # wraps after a logit: `size` is a power of two
        with m.If(self.y.valid & self.y.ready):
            m.d.sync += [index.eq(index + 1), at_label.eq(y.last)]
            with m.If(better):
                m.d.sync += [best.eq(y.data), self.label.eq(y.data > 0 if by_sign else index)]
        with m.If(moved & self.last):
            m.d.sync += [index.eq(0), place.eq(0), at_label.eq(0)]
        return m
