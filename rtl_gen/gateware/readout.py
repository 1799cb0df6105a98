# SPDX-License-Identifier: BSD-2-Clause
"""The read-out ``Y = U relu(Z) + c``: one accumulator, one code bit a clock, while the cell goes on."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hadam_hw.fixed import signed_width
from rtl_gen.gateware.selector import late
from rtl_gen.gateware.state_memory import BLOCK
from rtl_gen.gateware.words import output_stream, word_signature


class Readout(wiring.Component):
    """Stores the rectified state words as they come, then sends ``Y`` class by class, exact and in full width.

    With ``n`` units, ``m`` classes and codes of ``b`` bits, a class takes ``n b`` clocks and :attr:`OVERHEAD` more. A code's
    bits are taken from the lowest up: the operand moves left a bit a clock and is added where the bit is set, or
    subtracted for the top bit, which counts negative in two's complement. So no multiplier is needed.

    Parameters
    ----------
    model : QuantizedModel

    Members
    -------
    z : In(words)
        Unit 0 first, n words in all; only after ``ready`` was high.
    phase : In(1)
        The phase of the step whose state comes, valid with the first word.
    ready : Out(1)
        The next state may come.
    y : Out(stream)
    """

    #: Clocks of a class beyond its n b additions: loading c, the pipeline, offering the result.
    OVERHEAD = 4

    def __init__(self, model):
        self.model = model
        codes = model.output_weight
        self.code_width = signed_width(int(codes.min()), int(codes.max()))
        #: Clocks from the last state word to the one in which the last class is offered, if no class has to wait.
        self.cycles = model.outputs * (model.size * self.code_width + self.OVERHEAD) + 1
        super().__init__({
            "z": In(word_signature(model.state.width)), "phase": In(1), "ready": Out(1, init=1),
            "y": Out(output_stream(model)),
        })

    def elaborate(self, platform):
        m = Module()
        model, bits = self.model, self.code_width
        size, classes = model.size, model.outputs

        # relu: a negative word is stored as 0
        magnitude = model.state.width - 1
        m.submodules.state = state = Memory(shape=magnitude, depth=size, init=[], attrs=BLOCK)
        m.submodules.weight = weight = Memory(
            shape=bits, depth=size * classes, attrs=BLOCK,
            init=[int(code) & ((1 << bits) - 1) for code in model.output_weight.reshape(-1)])
        width = model.readout_width
        m.submodules.bias = bias = Memory(
            shape=width, depth=classes * len(model.phases), attrs=BLOCK,
            init=[int(c) & ((1 << width) - 1) for phase in model.phases for c in phase.output_bias])
        write, z_port, u_port, c_port = state.write_port(), state.read_port(), weight.read_port(), bias.read_port()

        # Registers at the border: the words come from the far end of the cell.
        arrived, word = late(m, self.z.valid, 1), late(m, self.z.data, 1)
        unit = Signal(range(size))
        last_unit = Signal(init=size == 1)  # the comparison, a clock before it is needed
        next_unit = [unit.eq(Mux(last_unit, 0, unit + 1)), last_unit.eq((unit == size - 2) | (size == 1))]
        m.d.comb += [write.addr.eq(unit), write.en.eq(arrived), write.data.eq(Mux(word[-1], 0, word[:magnitude])),
                     z_port.addr.eq(unit)]

        # clock 0: addresses, 1: words, 2: operand and code, 3: sum
        bit = Signal(range(bits))
        running = Signal()
        begin = Signal()
        load, top_bit = late(m, bit == 0, 1), late(m, bit == bits - 1, 1)
        operand = Signal(magnitude + bits - 1)
        subtract = late(m, top_bit, 1)
        code = Signal(bits)
        # Inverted on its way into the register, so that the adder is nothing but an adder; `subtract` is its carry in.
        m.d.sync += operand.eq(Mux(load, z_port.data, operand << 1) ^ top_bit.replicate(len(operand)))
        m.d.sync += code.eq(Mux(load, u_port.data, code >> 1))
        adding = late(m, running, 2)
        total = Signal(width)
        with m.If(adding & code[0]):
            addend = Cat(operand, subtract.replicate(width))[:width]
            m.d.sync += total.eq((Cat(Const(1, 1), total) + Cat(subtract, addend))[1:])

        index = Signal(range(classes))
        last = index == classes - 1
        m.d.comb += [self.y.payload.data.eq(total), self.y.payload.last.eq(last)]
        with m.FSM():
            with m.State("STATE"):
                with m.If(arrived):
                    m.d.sync += [self.ready.eq(0), *next_unit]
                    with m.If(self.ready):
                        m.d.sync += c_port.addr.eq(Mux(self.phase, classes, 0) if len(model.phases) > 1 else 0)
                    with m.If(last_unit):
                        m.d.sync += [u_port.addr.eq(0), running.eq(1), begin.eq(1)]
                        m.next = "RUN"
            with m.State("RUN"):
                with m.If(begin):
                    m.d.sync += [total.eq(c_port.data), begin.eq(0)]
                with m.If(bit != bits - 1):
                    m.d.sync += bit.eq(bit + 1)
                with m.Else():
                    m.d.sync += [bit.eq(0), u_port.addr.eq(u_port.addr + 1), *next_unit]
                    with m.If(last_unit):
                        m.d.sync += [running.eq(0), c_port.addr.eq(c_port.addr + 1)]
                        m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(~adding):
                    m.d.sync += self.y.valid.eq(1)
                    m.next = "OFFER"
            with m.State("OFFER"):
                with m.If(self.y.ready):
                    m.d.sync += self.y.valid.eq(0)
                    with m.If(last):
                        m.d.sync += [index.eq(0), self.ready.eq(1)]
                        m.next = "STATE"
                    with m.Else():
                        m.d.sync += [index.eq(index + 1), running.eq(1), begin.eq(1)]
                        m.next = "RUN"
        return m
