# SPDX-License-Identifier: BSD-2-Clause
"""The core that serves several sequences in turn."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out, connect, flipped

from hadam_hw.readout import Pooling
from rtl_gen.gateware.delay import late
from rtl_gen.gateware.readout.code_memory import port_of_codes
from rtl_gen.gateware.rendering import Rendering, render
from rtl_gen.gateware.selector import Selector
from rtl_gen.gateware.words import input_stream, output_stream, word_signature
from rtl_gen.plan.core import SEEN_LATE, ContextCorePlan

#: Bits of the queue that share an address: whole block RAMs, where it is made of them.
QUEUE_PART = 192


class ContextCore(Rendering, renders=ContextCorePlan):
    """What :class:`rtl_gen.cores.core.Core` does, for ``C`` independent sequences at a time.

    The transfers of ``x`` are those of context 0, 1 .. C-1, 0, 1 ..., counted from reset. A context that has no vector gets a
    transfer with ``idle``, which changes nothing; so no context has to wait for another's vectors. A rotation takes
    ``P`` clocks, the loop of :class:`~rtl_gen.gateware.parallel.context_cell.ContextCell`, or more if ``x`` pauses: with
    ``C = P`` a vector is accepted in each clock.

    States to be read out wait in a queue that has room for more than one of each context, while their contexts go on; ``x``
    waits when it is full. The read-outs come in the order in which their vectors were accepted.

    Parameters
    ----------
    plan : ContextCorePlan

    Members
    -------
    x : In(stream of {data: ArrayLayout(inputs), first, last, idle})
    y : Out(stream of {data: signed, last, context})
        One class a transfer, class 0 first; ``last`` with the last class of a read-out.
    tap : Out(words)
        For observation: the saturated state words as they are handed to the read-out, unit 0 first. No back-pressure.
    saturated : Out(1)
        For observation: high for one clock a step in which at least one unit saturated.
    codes : In(stream of 16 bits)
        Only where the read-out's codes lie in SPRAM: the rows of ``plan.image``, once after each reset. Sequences may
        come before; their read-out waits.
    """

    def __init__(self, plan):
        self.plan = plan
        self.model, self.architecture, self.timing = plan.model, plan.architecture, plan.timing
        self.contexts, self.queue = plan.architecture.contexts, plan.queue
        self.cells = self._cell, = (render(plan.cell),)
        self._readout = render(plan.readout)
        model = plan.model
        self._selector = Selector(model.size, model.top.state.width)
        super().__init__({
            "x": In(input_stream(model, self.contexts)), "y": Out(output_stream(model.readout_width, self.contexts)),
            "tap": Out(word_signature(model.top.state.width)), "saturated": Out(1),
        } | port_of_codes(plan.readout))

    def sequence_timing(self, steps):
        """:class:`SequenceTiming` of sequences of ``steps`` vectors."""
        return self.plan.sequence_timing(steps)

    def elaborate(self, platform):
        m = Module()
        m.submodules.cell = cell = self._cell
        m.submodules.readout = self._readout
        vector, contexts = self.x.payload, self.contexts
        turn = Signal(range(contexts))
        full, accepted, released = Signal(), Signal(), Signal()
        resting = self._rest(m, accepted & (turn == contexts - 1))
        m.d.comb += [
            self.x.ready.eq(~resting & ~full),
            accepted.eq(self.x.valid & self.x.ready),
            cell.start.eq(accepted & ~vector.idle), cell.x.eq(vector.data), cell.context.eq(turn), cell.first.eq(vector.first),
            self.saturated.eq(cell.saturated),
        ]
        with m.If(accepted):
            m.d.sync += turn.eq(Mux(turn == contexts - 1, 0, turn + 1))

        # Room is taken when a vector is accepted, so that its state finds it; what is accepted before `full` is seen fits too.
        # What counts comes out of registers: the streams' handshakes and the read-out are far away.
        ends, ended = Signal(), Signal()
        m.d.comb += ends.eq(cell.start & (1 if self.model.pooling is Pooling.EVERY else vector.last))
        owed = Signal(range(self.queue + 1))
        m.d.sync += [ended.eq(ends), owed.eq(owed + ended - late(m, released, 1)), full.eq(owed >= self.queue - SEEN_LATE + 1)]

        written, waiting = late(m, ended, cell.plan.latency - 1), Signal(range(self.queue + 1))
        m.d.sync += waiting.eq(waiting + written - released)
        entry = data.StructLayout({"state": cell.o.shape(), "context": range(contexts), "phase": 1})
        tail = Signal(entry)
        m.d.comb += [tail.state.eq(cell.o), tail.phase.eq(cell.phase), tail.context.eq(late(m, turn, cell.plan.latency))]
        self._hand_over(m, waiting != 0, self._head(m, tail, written, released), released)
        return m

    def _head(self, m, tail, written, released):
        """The queue: its oldest state, two clocks after it became that.

        Its parts have an address each: from one to the whole queue the way is a clock's. So a register stands at the other end.
        """
        head = Signal.like(tail, reset_less=True)
        for part, start in enumerate(range(0, len(tail.as_value()), QUEUE_PART)):
            bits = slice(start, start + QUEUE_PART)
            memory = Memory(shape=len(tail.as_value()[bits]), depth=self.queue, init=[])
            m.submodules[f"queue{part}"] = memory
            write, read = memory.write_port(), memory.read_port(domain="comb")
            to, of = Signal(range(self.queue), name=f"to{part}"), Signal(range(self.queue), name=f"of{part}")
            m.d.comb += [write.en.eq(written), write.addr.eq(to), write.data.eq(tail.as_value()[bits]), read.addr.eq(of)]
            m.d.sync += [to.eq(to + written), of.eq(of + released), head.as_value()[bits].eq(read.data)]
        return head

    def _rest(self, m, rotation_ends):
        """High in the clocks after a rotation in which the first context's state is not there yet."""
        rest = self.timing.interval - self.contexts
        if not rest:
            return 0
        resting = Signal(rest)
        m.d.sync += resting.eq(Cat(rotation_ends, resting)[:rest])
        return resting.any()

    def _hand_over(self, m, any_waits, head, released):
        """Sends the oldest waiting state to the read-out, word by word, when that is free."""
        readout, size = self._readout, self.model.size
        if self.plan.readout.sprams:
            connect(m, flipped(self.codes), readout.codes)
        m.submodules.selector = selector = self._selector
        unit, sending = Signal(range(size)), Signal()
        context, phase = Signal(range(self.contexts)), Signal()
        m.d.comb += [
            *(field.eq(Cat(word[j] for word in head.state)) for j, field in enumerate(selector.i)),
            selector.unit.eq(unit), readout.phase.eq(phase),
            readout.z.valid.eq(late(m, sending, selector.latency)), readout.z.data.eq(selector.o),
            self.tap.valid.eq(readout.z.valid), self.tap.data.eq(readout.z.data),
            self.y.valid.eq(readout.y.valid), readout.y.ready.eq(self.y.ready),
            self.y.payload.data.eq(readout.y.payload.data), self.y.payload.last.eq(readout.y.payload.last),
            self.y.payload.context.eq(context),
        ]
        with m.If(sending):
            m.d.sync += [context.eq(head.context), phase.eq(head.phase)]
        with m.FSM() as fsm:
            m.d.sync += released.eq(fsm.ongoing("TAKEN") & ~readout.ready)
            with m.State("IDLE"):
                with m.If(any_waits & readout.ready):
                    m.d.sync += sending.eq(1)
                    m.next = "SEND"
            with m.State("SEND"):
                m.d.sync += unit.eq(unit + 1)
                with m.If(unit == size - 1):
                    m.d.sync += [unit.eq(0), sending.eq(0)]
                    m.next = "TAKEN"
            with m.State("TAKEN"):  # few words may all be on their way before the read-out has seen the first
                with m.If(~readout.ready):
                    m.next = "IDLE"
