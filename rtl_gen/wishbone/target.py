# SPDX-License-Identifier: BSD-2-Clause
"""A core behind the registers of :mod:`rtl_gen.wishbone.registers`, on a classic Wishbone bus."""

from amaranth.hdl import Cat, Const, Module, Mux, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hadam_hw.errors import ArchitectureError
from rtl_gen.wishbone.registers import (
    ADDRESS_BITS,
    CONTROL,
    OUTPUT,
    OUTPUT_HIGH,
    SATURATED,
    STATUS,
    VECTOR,
    WORD_BITS,
    WORD_BYTES,
    element_bytes,
    identity_words,
    vector_words,
)


def check_contexts(plan):
    """Raises an ArchitectureError for the plan of a core that serves several sequences: the registers carry one."""
    if plan.timing.contexts > 1:
        raise ArchitectureError(f"Contexts must be 1 behind Wishbone, whose registers carry one sequence at a time, "
                                f"not {plan.timing.contexts}; embed the core alone to feed several")


class WishboneCore(wiring.Component):
    """A target on a classic Wishbone bus (B4, single reads and writes of 32 bits) around a core.

    A cycle takes two clocks: ``wb_ack`` is high in the clock after ``wb_cyc`` and ``wb_stb`` are, for one clock. No cycle
    waits for the core: a host looks at ``STATUS`` first, and what comes too early is lost and counted as such. So a core whose
    outputs nobody takes never holds the bus. The addresses are of words; ``wb_sel`` must have all lanes in a write.

    Parameters
    ----------
    core : Core
        Of a plan with one context.

    Raises
    ------
    ArchitectureError
        If the core has several contexts.

    Members
    -------
    wb_cyc, wb_stb, wb_we : In(1)
    wb_adr : In(4)
        In words.
    wb_sel : In(4)
    wb_dat_w : In(32)
    wb_dat_r : Out(32)
        With ``wb_ack``.
    wb_ack : Out(1)
    irq : Out(1)
        High while ``OUTPUT`` has a number.
    """

    def __init__(self, core):
        check_contexts(core.plan)
        self.core = core
        super().__init__({
            "wb_cyc": In(1), "wb_stb": In(1), "wb_we": In(1), "wb_adr": In(ADDRESS_BITS), "wb_sel": In(WORD_BYTES),
            "wb_dat_w": In(WORD_BITS), "wb_dat_r": Out(WORD_BITS), "wb_ack": Out(1), "irq": Out(1)})

    def elaborate(self, platform):
        m = Module()
        core = self.core
        reset = Signal()
        m.submodules.core = ResetInserter(reset)(core)
        access, whole = Signal(), Signal()
        m.d.comb += [access.eq(self.wb_cyc & self.wb_stb & ~self.wb_ack), whole.eq(self.wb_sel.all())]
        m.d.sync += self.wb_ack.eq(access)

        def writes(register):
            return access & self.wb_we & whole & (self.wb_adr == register.index)

        control = Signal(WORD_BITS)
        m.d.comb += control.eq(Mux(writes(CONTROL), self.wb_dat_w, 0))
        flags = {field.name: control[field.offset] for field in CONTROL.fields}
        m.d.comb += reset.eq(flags["reset"])
        lost = self._vectors(m, flags, writes(VECTOR))
        high, empty = self._outputs(m, flags, access)
        with m.If(access & self.wb_we & ~whole):
            m.d.sync += lost.eq(1)
        saturated = Signal(WORD_BITS)
        with m.If(core.saturated & ~saturated.all()):
            m.d.sync += saturated.eq(saturated + 1)
        with m.If(reset):
            m.d.sync += saturated.eq(0)

        y = core.y.payload
        status = {"ready": ~core.x.valid, "output": core.y.valid, "last": core.y.valid & y.last, "lost": lost, "empty": empty}
        status_word = Signal(WORD_BITS)
        m.d.comb += [status_word[STATUS.field(name).offset].eq(value) for name, value in status.items()]
        wide = _wide(y.data)
        read = {register.index: Const(word, WORD_BITS) for register, word in identity_words(core.model).items()}
        read |= {STATUS.index: status_word, SATURATED.index: saturated, OUTPUT_HIGH.index: high,
                 OUTPUT.index: Mux(core.y.valid, wide[:WORD_BITS], 0)}
        with m.If(access & ~self.wb_we):
            m.d.sync += self.wb_dat_r.eq(0)
            with m.Switch(self.wb_adr):
                for index, word in read.items():
                    with m.Case(index):
                        m.d.sync += self.wb_dat_r.eq(word)
        m.d.comb += self.irq.eq(core.y.valid)
        return m

    def _vectors(self, m, flags, written):
        """Gathers words into vectors for the core; returns the signal that one was lost."""
        core, words = self.core, vector_words(self.core.model)
        size, width = element_bytes(core.model), core.model.input.width
        gathered = Signal(WORD_BITS * words)
        count = Signal(range(words))
        first, last, lost = Signal(init=1), Signal(), Signal()
        x = core.x.payload
        m.d.comb += [x.data[k].eq(gathered[8 * size * k:][:width]) for k in range(core.model.inputs)]
        with m.If(core.x.ready):
            m.d.sync += core.x.valid.eq(0)
        with m.If(written):
            with m.If(core.x.valid):
                m.d.sync += lost.eq(1)
            with m.Else():
                m.d.sync += [gathered.eq(Cat(gathered, self.wb_dat_w)[WORD_BITS:]), count.eq(count + 1)]
                with m.If(count == words - 1):
                    # behind the last vector of a sequence comes the first of another
                    m.d.sync += [count.eq(0), core.x.valid.eq(1), x.first.eq(first), x.last.eq(last), first.eq(last),
                                 last.eq(0)]
        with m.If(flags["first"]):
            m.d.sync += [first.eq(1), count.eq(0)]
        with m.If(flags["last"]):
            m.d.sync += last.eq(1)
        with m.If(flags["clear"]):
            m.d.sync += lost.eq(0)
        with m.If(flags["reset"]):
            m.d.sync += [core.x.valid.eq(0), count.eq(0), first.eq(1), last.eq(0), lost.eq(0)]
        return lost

    def _outputs(self, m, flags, access):
        """Takes an output when ``OUTPUT`` is read; returns the upper half of the last, and the signal that there was none."""
        core, high, empty = self.core, Signal(WORD_BITS), Signal()
        m.d.comb += core.y.ready.eq(access & ~self.wb_we & (self.wb_adr == OUTPUT.index))
        with m.If(core.y.ready):
            with m.If(core.y.valid):
                m.d.sync += high.eq(_wide(core.y.payload.data)[WORD_BITS:])
            with m.Else():
                m.d.sync += empty.eq(1)
        with m.If(flags["clear"] | flags["reset"]):
            m.d.sync += empty.eq(0)
        return high, empty


def _wide(number):
    """The bits of a signed number in two words."""
    return Cat(number, number[-1].replicate(2 * WORD_BITS - len(number)))
