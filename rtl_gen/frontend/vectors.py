# SPDX-License-Identifier: BSD-2-Clause
"""From the codes of a front end to the vectors of a model, in sequences of a window."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.errors import ArchitectureError
from hadam_hw.input import IntegerChannel, Law
from rtl_gen.gateware.words import input_shape, input_stream


def offsets_of(source):
    """The offset of each channel, a tuple of int.

    Raises
    ------
    ArchitectureError
        If a channel does more than take an offset off: front ends fit such inputs by ``Input.direct``.
    """
    for channel in source.channels:
        if not isinstance(channel, IntegerChannel) or channel.law is not Law.LINEAR or channel.multiplier != 1 or channel.shift:
            raise ArchitectureError(f"Channel {channel.name!r} must be a front end's code less an offset for gateware, without "
                                    "a scale; make the model's input by Input.direct")
    return tuple(channel.offset for channel in source.channels)


class Vectors(wiring.Component):
    """Gathers the codes of a frame into a vector; each ``window`` vectors are a sequence, one behind the other.

    A code is taken in the clock in which it is offered, unless a whole vector waits for the core. The vector is offered a clock
    after its last code.

    Parameters
    ----------
    model : Model
        Whose input has a front end.
    window : int
        Vectors of a sequence.
    code_bits : int
        Of a code, unsigned.

    Members
    -------
    codes : In(stream of ``code``, ``last``)
        A band a transfer, band 0 first.
    x : Out(stream of {data, first, last})
        The core's input.

    Raises
    ------
    ArchitectureError
        As :func:`offsets_of`.
    """

    def __init__(self, model, window, code_bits):
        self.model, self.window, self.code_bits = model, window, code_bits
        self._offsets = offsets_of(model.input)
        super().__init__({
            "codes": In(stream.Signature(data.StructLayout({"code": code_bits, "last": 1}))), "x": Out(input_stream(model))})

    def elaborate(self, platform):
        m = Module()
        size, shape = self.model.inputs, input_shape(self.model)
        words, index = Signal(size * shape.width), Signal(range(size))
        step = Signal(range(self.window))
        m.d.comb += [
            self.codes.ready.eq(~self.x.valid), self.x.p.data.as_value().eq(words), self.x.p.first.eq(step == 0),
            self.x.p.last.eq(step == self.window - 1)]
        with m.If(self.codes.valid & self.codes.ready):  # elements move down; after all of them the first is at the bottom
            m.d.sync += [words.eq(Cat(words[shape.width:], self._element(m, index))),
                         index.eq(Mux(self.codes.p.last, 0, index + 1)), self.x.valid.eq(self.codes.p.last)]
        with m.If(self.x.valid & self.x.ready):
            m.d.sync += [self.x.valid.eq(0), step.eq(Mux(step == self.window - 1, 0, step + 1))]
        return m

    def _element(self, m, index):
        """The code less its channel's offset, clipped to the model's range."""
        source, code = self.model.input, self.codes.p.code
        if len(set(self._offsets)) == 1:
            offset = self._offsets[0]
        else:
            width = max(abs(offset) for offset in self._offsets).bit_length() + 1
            offset = Signal(signed(width))
            with m.Switch(index):
                for k, value in enumerate(self._offsets):
                    with m.Case(k):
                        m.d.comb += offset.eq(value)
        level = code - offset
        clipped = Mux(level < source.minimum, source.minimum, Mux(level > source.maximum, source.maximum, level))
        return clipped[:source.width]
