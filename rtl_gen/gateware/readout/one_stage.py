# SPDX-License-Identifier: BSD-2-Clause
"""The read-out ``Y = U relu(Z) + c``: one accumulator, one code bit a clock, while the cell goes on."""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late
from rtl_gen.gateware.memories import BLOCK, LOGIC
from rtl_gen.gateware.rendering import Rendering
from rtl_gen.gateware.words import output_stream, word_signature
from rtl_gen.plan.one_stage import FEW_ROWS, OneStagePlan

#: The synthesis chooses: look-up tables for a small memory where the chip has them, else block RAM or flip-flops.
ANY = {"no_rw_check": 1}


class OneStageReadout(Rendering, renders=OneStagePlan):
    """Stores the rectified state words as they come, then sends ``Y`` class by class, exact and in full width.

    A code's bits are taken from the lowest up: the operand moves left a bit a clock and is added where the bit is set, or
    subtracted for the top bit, which counts negative in two's complement. So no multiplier is needed.

    For ``emit = sum`` the words of each step are added to those that are stored, the pool, in words as much wider that saturate
    at their end; what is sent after the last step is that of the pool.

    Parameters
    ----------
    plan : OneStagePlan

    Members
    -------
    z : In(words)
        Unit 0 first, n words in all; only after ``ready`` was high.
    phase : In(1)
        The phase of the step whose state comes, valid with the first word and the clock after.
    first, last : In(1)
        Only for ``emit = sum``: of the step whose state comes, valid as ``phase``.
    ready : Out(1)
        The next state may come. For ``emit = sum`` it rises ``plan.pooling_cycles`` clocks after the last word of a step,
        unless that was the last step.
    y : Out(stream)
    """

    def __init__(self, plan):
        self.plan = plan
        self.readout, self.layer, self.block = plan.readout, plan.layer, plan.block
        self._stage = plan.stage
        readout, layer = plan.readout, plan.layer
        super().__init__({
            "z": In(word_signature(layer.state.width)), "phase": In(1), "ready": Out(1, init=1),
            "y": Out(output_stream(plan.width)),
        } | ({"first": In(1), "last": In(1)} if readout.pool_bits else {}))

    def elaborate(self, platform):
        m = Module()
        bits, pooled = self.plan.code_width, self.readout.pool_bits > 0
        size, classes, phases = self.layer.size, self.readout.outputs, len(self._stage.biases)

        # relu: a negative word is stored as 0
        magnitude = self.layer.state.width - 1 + self.readout.pool_bits
        m.submodules.state = state = Memory(shape=magnitude, depth=size, init=[], attrs=BLOCK if self.block else ANY)
        table = [[int(code) & ((1 << bits) - 1) for code in row] for row in self._stage.codes]
        if self.block:
            rows, row_width = sum(table, []), bits
        else:  # a row a unit: so there is a register between the choice of the unit and that of the class
            rows, row_width = [sum(code << bits * k for k, code in enumerate(unit)) for unit in zip(*table)], bits * classes
        m.submodules.weight = weight = Memory(shape=row_width, depth=len(rows), init=rows,
                                              attrs=BLOCK if self.block else LOGIC)
        width = self.plan.width
        # Of few classes the biases are cheaper in logic, a cell a bit, than in block RAMs that they would hardly fill.
        m.submodules.bias = bias = Memory(
            shape=width, depth=classes * phases, attrs=LOGIC if classes * phases <= FEW_ROWS else BLOCK,
            init=[int(c) & ((1 << width) - 1) for biases in self._stage.biases for c in biases])
        write, z_port, u_port, c_port = state.write_port(), state.read_port(), weight.read_port(), bias.read_port()
        index, last = Signal(range(classes)), Signal(init=classes == 1)
        next_code = u_port.data if self.block else Array(
            u_port.data[bits * k:bits * (k + 1)] for k in range(classes))[index]

        # Registers at the border: the words come from the far end of the cell.
        arrived, word = late(m, self.z.valid, 1), late(m, self.z.data, 1)
        unit = Signal(range(size))
        last_unit = Signal(init=size == 1)  # the comparison, a clock before it is needed
        rectified = Mux(word[-1], 0, word[:-1])
        ending = self._pool(m, arrived, rectified, unit, write, z_port) if pooled else None
        m.d.comb += z_port.addr.eq(unit)
        if ending is None:
            m.d.comb += [write.addr.eq(unit), write.en.eq(arrived), write.data.eq(rectified)]

        # A bit of the code a clock, one-hot: what marks the ends of codes and classes comes out of registers.
        place = Signal(bits, init=1)
        running, begin = Signal(), Signal()
        code_end, class_end = Signal(), Signal()
        with m.If(running):
            m.d.sync += place.eq(Cat(place[-1], place[:-1]))
        m.d.sync += [code_end.eq(running & place[-2]), class_end.eq(running & place[-2] & last_unit)]

        # clock 0: addresses, 1: words, 2: operand and code, 3: sum
        load, top_bit = late(m, place[0], 1), late(m, place[-1], 1)
        operand = Signal(magnitude + bits - 1)
        subtract = late(m, top_bit, 1)
        code = Signal(bits)
        # Inverted on its way into the register, so that the adder is nothing but an adder; `subtract` is its carry in.
        m.d.sync += operand.eq(Mux(load, z_port.data, operand << 1) ^ top_bit.replicate(len(operand)))
        # A register behind the weights, which lie in several memories; their address goes ahead by as much.
        m.d.sync += code.eq(Mux(load, late(m, next_code, 1), code >> 1))
        adding = late(m, running, 2)
        total = Signal(width)
        with m.If(begin):
            m.d.sync += total.eq(c_port.data)
        with m.Elif(adding & code[0]):
            addend = Cat(operand, subtract.replicate(width))[:width]
            m.d.sync += total.eq((Cat(Const(1, 1), total) + Cat(subtract, addend))[1:])

        # One class after another: words in, then for each class its run, a drain of the pipeline, an offer.
        filling = Signal(init=1)
        taken = Signal()  # a clock late: what follows from a transfer is no part of the handshake's path
        filled, pooled = Signal(), Signal()  # the last word is in: the read-out begins, or the next step may come
        m.d.sync += taken.eq(self.y.valid & self.y.ready)
        complete = filling & arrived & last_unit
        if ending is None:
            m.d.comb += filled.eq(complete)
        else:
            # The read-out waits for the last sum to be stored; the next step's first word does not come sooner anyway.
            m.d.comb += [filled.eq(late(m, complete, 2) & ending), pooled.eq(late(m, complete, 1) & ~ending)]
        m.d.comb += [self.y.payload.data.eq(total), self.y.payload.last.eq(last)]
        with m.If(arrived | code_end):
            m.d.sync += [unit.eq(Mux(last_unit, 0, unit + 1)), last_unit.eq((unit == size - 2) | (size == 1))]
        with m.If(filling):
            m.d.sync += u_port.addr.eq(0)
        with m.Elif(running & place[-2]):
            following = u_port.addr + 1
            m.d.sync += u_port.addr.eq(following if self.block else Mux(last_unit, 0, following))
        # The bias is loaded a clock after the last word, and its address stands a clock before that. One unit's first word is
        # its last, too late to say the phase: it has only one, so the address waits at the first class.
        entering = filling if size == 1 else arrived & self.ready
        with m.If(entering):
            m.d.sync += c_port.addr.eq(Mux(self.phase, classes, 0) if phases > 1 else 0)
        with m.Elif(class_end):
            m.d.sync += c_port.addr.eq(c_port.addr + 1)
        m.d.sync += begin.eq(filled | (taken & ~last))
        with m.If(class_end):
            m.d.sync += running.eq(0)
        with m.Elif(filled | (taken & ~last)):
            m.d.sync += running.eq(1)
        with m.If(late(m, class_end, 3)):
            m.d.sync += self.y.valid.eq(1)
        with m.Elif(self.y.ready):
            m.d.sync += self.y.valid.eq(0)
        with m.If(taken):
            m.d.sync += [index.eq(Mux(last, 0, index + 1)), last.eq((index == classes - 2) | (classes == 1))]
        with m.If(taken & last):
            m.d.sync += [self.ready.eq(1), filling.eq(1)]
        with m.Elif(pooled):
            m.d.sync += self.ready.eq(1)
        with m.Elif(arrived):
            m.d.sync += self.ready.eq(0)
        with m.If(filled):
            m.d.sync += filling.eq(0)
        return m

    def _pool(self, m, arrived, rectified, unit, write, z_port):
        """Adds each word to what is stored; returns a register that is high in a sequence's last step.

        A register stands behind what was stored: from memory through an adder to memory was a folded core's longest way.
        """
        fresh, ending = Signal(), Signal()
        with m.If(arrived & self.ready):  # the first word
            m.d.sync += [fresh.eq(self.first), ending.eq(self.last)]
        stored, total = Signal.like(z_port.data), Signal(len(z_port.data) + 1)
        m.d.sync += stored.eq(Mux(fresh, 0, z_port.data))
        m.d.comb += [
            total.eq(stored + late(m, rectified, 2)),
            write.addr.eq(late(m, unit, 2)), write.en.eq(late(m, arrived, 2)),
            write.data.eq(total[:-1] | total[-1].replicate(len(write.data))),
        ]
        return ending
