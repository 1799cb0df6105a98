# SPDX-License-Identifier: BSD-2-Clause
"""The digit-serial cell: one time step, all units at once, a digit of every word a clock."""

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from rtl_gen.gateware.delay import late
from rtl_gen.gateware.memories import BLOCK, LOGIC
from rtl_gen.gateware.rendering import Rendering
from rtl_gen.gateware.serial.network import SerialAdders, SerialNetwork, bundle
from rtl_gen.gateware.serial.state_memory import StateMemory
from rtl_gen.gateware.words import gather, vector_layout, word_signature
from rtl_gen.plan.networks import split_shift
from rtl_gen.plan.serial import SerialPlan


class SerialCell(Rendering, renders=SerialPlan):
    """One step of the recurrence on digit streams, and the state word by word when asked for.

    The step: ``z' = saturate(round_shift((R z << state_shift) + (C x << input_shift) + bias, output_shift))`` for every
    unit, exactly as :func:`hadam_hw.golden.step`.

    Parameters
    ----------
    plan : SerialPlan

    Members
    -------
    start : In(1)
        Begins a step in this clock; only while ``ready``.
    x : In(ArrayLayout(signed or unsigned, inputs))
        The input vector, valid with ``start``.
    phase, first : In(1)
        The step's phase, and whether it begins from a zero state; valid with ``start``.
    unload : In(1)
        Begins to send the state words in this clock; only while ``ready``, and not together with ``start``.
    ready : Out(1)
        A step or the unloading may begin. Low from the clock after either until it is done.
    z : Out(words)
        The saturated state words, unit 0 first, one every ``ceil(state width / digit)`` clocks.
    saturated : Out(1)
        High for one clock a step in which at least one unit saturated, after the step.
    copy, copied : In(1), Out(bundle)
        Only where it ``copies``: those of its :class:`StateMemory`; only while ``ready``.
    take, digits : Out(1), In(bundle)
        Only where ``chained``, in place of ``x``: to be connected with ``copy`` and ``copied`` of the cell below.
    """

    def __init__(self, plan):
        self.plan = plan
        self.layer, self.digit, self.schedule = plan.layer, plan.digit, plan.schedule
        self.alignment, self.products = plan.alignment, plan.products
        self._phases = range(plan.phases)
        self._network = SerialNetwork(plan.network)
        self._input_network = SerialNetwork(plan.input_network)
        self._memory = StateMemory(
            plan.layer, plan.digit, [phase.state_shift for phase in plan.alignment.phases], plan.copies)
        layer, digit = plan.layer, plan.digit
        super().__init__({
            "start": In(1), "phase": In(1), "first": In(1), "unload": In(1),
            "ready": Out(1), "z": Out(word_signature(layer.state.width)), "saturated": Out(1),
        } | ({"take": Out(1), "digits": In(bundle(digit, layer.inputs))} if plan.chained else {"x": In(vector_layout(layer))})
          | ({"copy": In(1), "copied": Out(bundle(digit, layer.size))} if plan.copies else {}))

    @property
    def pre(self):
        """For observation: the digits of every unit's exact sum, a bundle; digit 0 in clock ``schedule.pre`` of a step."""
        return self._memory.i

    def elaborate(self, platform):
        m = Module()
        self._control(m)
        self._connect_state(m)
        addend = self._input(m)
        m.submodules.join = join = SerialAdders(self.digit, self._network.negated)
        m.d.comb += [join.a.eq(addend), join.b.eq(self._network.o),
                     join.clear.eq(self._frame(m, "join_clear", self.schedule.recurrence)),
                     self._memory.i.eq(join.o)]
        return m

    def _control(self, m):
        """Which clock of the step it is; when the cell is ready."""
        interval = self.schedule.interval
        # What starts a step is decoded a lot: a register keeps the stream's handshake out of that.
        begin = Signal()
        self._next_phase, self._next_first = Signal(), Signal()
        self._phase, self._first = Signal(), Signal()
        # Bit k is high in clock k. A flip-flop a clock is cheaper than a counter and its comparisons, and faster.
        clocks = Signal(interval)
        self._clock = Cat(begin, clocks)
        m.d.sync += [begin.eq(self.start), clocks.eq(self._clock),
                     self._next_phase.eq(self.phase), self._next_first.eq(self.first)]
        with m.If(begin):
            m.d.sync += [self._phase.eq(self._next_phase), self._first.eq(self._next_first)]

        # While unloading, state words pass the recurrence's network; in a reset anything may be in either. They get their
        # gap before a step; the input's network gets most of it in the clocks from `ready` to the input's frame.
        gap = self.plan.network.gap
        settling = Signal(max(gap, self.plan.input_network.gap - 1 - self.schedule.input), init=-1)
        m.d.sync += settling.eq(Mux(self.unload | self._memory.unloading, (1 << gap) - 1, settling >> 1))
        settled = settling[0] & ~settling[1:].any() & ~self._memory.unloading
        # Two clocks early: this register, and `begin`. Written without a condition, so that no enable is made of the handshake.
        again = self._clock[interval - 2] | settled
        m.d.sync += self.ready.eq((self.ready | again) & ~self.start & ~self.unload)

    def _at(self, clock, phase):
        """High in clock ``clock`` of a step of phase ``phase``."""
        here = self._clock[clock]
        if len(self._phases) == 1:
            return here
        return here & ((self._phase if clock else self._next_phase) == phase)

    def _window(self, m, name, begin, clocks, *, idle=0, enable=1, also=None):
        """A register that differs from ``idle`` for ``clocks(p)`` clocks from ``begin(p)`` on, in a step of phase ``p``; and
        between steps, from the clock after ``also`` rose to the clock after it fell."""
        window = Signal(name=name, init=idle)
        opening, closing = Const(0), Const(0)
        for p in self._phases:
            if clocks(p):
                assert 1 <= begin(p) and begin(p) + clocks(p) - 1 <= self.schedule.interval, name
                opening |= self._at(begin(p) - 1, p)
                closing |= self._at(begin(p) + clocks(p) - 1, p)
        opening &= enable
        if also is not None:
            opening, closing = opening | also, closing | (late(m, also, 1) & ~also)
        with m.If(closing):
            m.d.sync += window.eq(idle)
        with m.If(opening):
            m.d.sync += window.eq(1 - idle)
        return window

    def _frame(self, m, name, begin):
        """Low while the digits of a frame that begins in clock ``begin`` pass."""
        return self._window(m, name, lambda p: begin, lambda p: self.schedule.digits, idle=1)

    def _connect_state(self, m):
        """The way from the join back to the network, through the memory."""
        m.submodules.network = network = self._network
        m.submodules.memory = memory = self._memory
        plan, words = self.schedule, memory.digits
        skip = [split_shift(phase.state_shift, self.digit)[0] for phase in self.alignment.phases]
        keep = [phase.output_shift // self.digit for phase in self.alignment.phases]
        sign_digit = (memory.width - 1) // self.digit

        # Reading may begin in clock 0 itself, too early for a window.
        begin = Const(0)
        for p in self._phases:
            begin |= self._at(plan.address + skip[p], p)
        going_on = self._window(m, "reading", lambda p: plan.address + skip[p] + 1, lambda p: words - 1)
        first = Mux(self._clock[0], self._next_first, self._first)
        m.d.comb += [
            memory.read.eq(begin | going_on),
            memory.blank.eq(self._window(m, "blank", lambda p: plan.address + 1 + skip[p],
                                         lambda p: plan.digits - skip[p], idle=1, enable=~first, also=memory.unloading)),
            memory.extend.eq(self._window(m, "extend", lambda p: plan.address + 1 + skip[p] + words,
                                          lambda p: plan.digits - skip[p] - words)),
            memory.phase.eq(self._phase),
            network.i.eq(memory.o),
            network.clear.eq(self._frame(m, "network_clear", plan.state)),
            memory.below.eq(self._window(m, "below", lambda p: plan.pre, lambda p: keep[p])),
            memory.store.eq(self._window(m, "store", lambda p: plan.pre + keep[p], lambda p: words)),
            memory.flag.eq(self._window(m, "flag", lambda p: plan.pre + keep[p] + sign_digit,
                                        lambda p: plan.digits - keep[p] - sign_digit)),
            memory.flag_first.eq(self._window(m, "flag_first", lambda p: plan.pre + keep[p] + sign_digit, lambda p: 1)),
            memory.ties_to_even.eq(Cat(phase.ties_to_even for phase in self.alignment.phases).bit_select(self._phase, 1)
                                   if len(self._phases) > 1 else self.alignment.phases[0].ties_to_even),
            memory.unload.eq(self.unload),
            self.z.valid.eq(memory.z.valid),
            self.z.data.eq(memory.z.data),
            self.saturated.eq(memory.saturated),
        ]
        if self.plan.copies:
            m.d.comb += [memory.copy.eq(self.copy), self.copied.eq(memory.copied)]

    def _input(self, m):
        """``C X + bias`` as a bundle: serialisers, the products, the choice of the phase, the bias memory."""
        m.submodules.input_network = self._input_network
        if self.plan.chained:
            self._take(m)
        else:
            self._serialise(m)
        return self._add_bias(m)

    def _take(self, m):
        """The digits come from the cell below, two clocks after ``take``: one later than a serialiser would send them."""
        network, digit = self._input_network, self.digit
        rest = split_shift(self.alignment.phases[0].input_shift, digit)[1]
        words = list(self.digits)
        if rest:
            previous = [Signal(self.layer.inputs, name=f"previous{j}", reset_less=True) for j in range(digit)]
            m.d.sync += [late_field.eq(field) for late_field, field in zip(previous, words)]
            words = [*previous, *words][digit - rest:][:digit]
        m.d.comb += [
            self.take.eq(self._window(m, "taking", lambda p: self.plan.take_begin, lambda p: self.plan.take_digits)),
            *(field.eq(word) for field, word in zip(network.i, words)),
            network.clear.eq(self._frame(m, "input_clear", self.schedule.input + 1))]

    def _serialise(self, m):
        """Every element of the input is a shift register."""
        network, plan, digit, layer = self._input_network, self.schedule, self.digit, self.layer
        shifts = [split_shift(phase.input_shift, digit) for phase in self.alignment.phases]

        sending = self._window(m, "sending", lambda p: plan.input - 1 + shifts[p][0],
                               lambda p: plan.digits - shifts[p][0])
        shape = shift_register(layer.input, max(rest for _, rest in shifts), digit)
        digits = []
        offered = Signal.like(self.x)  # taken in each clock: nothing waits for the handshake but `begin`
        m.d.sync += offered.eq(self.x)
        for k, element in enumerate(offered):
            waiting = Signal(shape, name=f"x{k}")
            sent = Signal(digit, name=f"x{k}_digit")
            with m.If(sending):
                m.d.sync += [sent.eq(waiting[:digit]), waiting.eq(waiting >> digit)]
            with m.Else():
                m.d.sync += sent.eq(0)
            loads = [element << rest for _, rest in shifts]
            with m.If(self._clock[0]):
                m.d.sync += waiting.eq(Mux(self._next_phase, loads[1], loads[0]) if len(loads) > 1 else loads[0])
            digits.append(sent)
        m.d.comb += [field.eq(Cat(word[j] for word in digits)) for j, field in enumerate(network.i)]
        m.d.comb += network.clear.eq(self._frame(m, "input_clear", plan.input))

    def _add_bias(self, m):
        """The products' sums with the bias."""
        plan, digit, layer = self.schedule, self.digit, self.layer
        bias = self._bias(m)
        users = [unit for unit in range(layer.size) if self.products.units[unit] is not None]
        products = self._choose_phase(m)
        sums = [{} for _ in range(digit)]
        if users:
            m.submodules.bias_sum = adders = SerialAdders(digit, [self.products.units[unit][1] for unit in users])
            m.d.comb += adders.clear.eq(self._frame(m, "bias_clear", plan.bias_sum))
            for j in range(digit):
                m.d.comb += [
                    adders.a[j].eq(Cat(bias[j][unit] for unit in users)),
                    adders.b[j].eq(Cat(products[j][self.products.units[unit][0]] for unit in users))]
                sums[j].update({unit: adders.o[j][k] for k, unit in enumerate(users)})
        for unit in set(range(layer.size)) - set(users):
            alone = Signal(digit, name=f"bias{unit}_late", reset_less=True)
            m.d.sync += alone.eq(Cat(bias[j][unit] for j in range(digit)))
            for j in range(digit):
                sums[j][unit] = alone[j]
        return Cat(Cat(field[unit] for unit in range(layer.size)) for field in sums)

    def _choose_phase(self, m):
        """The products as fields of a bundle; with two phases the right one's, a clock later."""
        count = self.products.count
        outputs = list(self._input_network.o)
        if len(self._phases) == 1:
            return outputs
        chosen = [Signal(count, name=f"products{j}", reset_less=True) for j in range(self.digit)]
        m.d.sync += [signal.eq(Mux(self._phase, field[count:], field[:count])) for signal, field in zip(chosen, outputs)]
        return chosen

    def _bias(self, m):
        """The bias's current digit as fields of a bundle, from a memory with a row a digit; its last row is the sign."""
        plan, digit, size = self.schedule, self.digit, self.layer.size
        table = self.plan.biases
        m.submodules.bias = memory = Memory(shape=table.columns, depth=len(table.rows), init=table.rows,
                                            attrs=BLOCK if table.in_block_ram else LOGIC)
        port = memory.read_port()
        counting = self._window(m, "bias_reading", lambda p: plan.bias, lambda p: plan.digits)
        left = Signal(range(table.depth))  # rows until the sign, which is then repeated
        with m.If(self._clock[0]):
            m.d.sync += [left.eq(table.depth - 1),
                         port.addr.eq(Mux(self._next_phase, table.depth, 0) if len(self._phases) > 1 else 0)]
        with m.Elif(counting & left.any()):
            m.d.sync += [left.eq(left - 1), port.addr.eq(port.addr + 1)]
        return [gather(port.data, table.places[j * size:(j + 1) * size]) for j in range(digit)]


def shift_register(source, shift, digit):
    """The shape of what sends an element of the :class:`InputFormat` ``source``, moved left by up to ``shift`` bits.

    At least a digit wide: a digit is a slice of it, and a slice shorter than the digit would be filled up with zeros in
    place of the sign.
    """
    return Shape(max(source.width + shift, digit), source.signed)
