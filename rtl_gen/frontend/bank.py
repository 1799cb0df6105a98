# SPDX-License-Identifier: BSD-2-Clause
"""The resonator bank as gateware: one adder, one shifter, and its words in block RAM."""

from enum import IntEnum

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hadam_hw.input.bank import LEVEL_FRACTION, SAMPLE_BITS, SUM_BITS
from rtl_gen.frontend.datapath import NIBBLE, BankDatapath
from rtl_gen.gateware.memories import BLOCK
from rtl_gen.plan.bank_timing import BankTiming


class Word(IntEnum):
    """What a word of the memory is; its address has it above the number of the band."""

    X = 0
    Y = 1
    SUM = 2
    SHARED = 3


class Shared(IntEnum):
    """The words that no band has for itself, by their number."""

    BLOCKER = 0
    DRIVE = 1
    LEVEL = 2


class BankCore(wiring.Component):
    """Computes :meth:`hadam_hw.input.bank.ResonatorBank.frames` (docs/front-end.md), integer for integer.

    A sample is accepted while the core waits for one; then band after band is worked through. ``samples.ready`` is low for
    ``sample_cycles - 1`` clocks after each sample. After the last one of a frame it is low for up to ``frame_cycles`` more, and
    for each clock in which a code waits for ``codes.ready``. So nothing is ever lost, and samples that come
    ``sample_cycles + frame_cycles`` clocks apart never wait. Of ``n`` bands with ``f`` fraction bits::

        sample_cycles = 4 + f + 7 n
        frame_cycles  = 1 + 13 n, and with a level n + 16 more
        clear_cycles  = 4 * 2**ceil(log2(n)), at least 16: after a reset the memory is set to 0 before the first sample

    Parameters
    ----------
    bank : ResonatorBank

    Members
    -------
    samples : In(stream of signed(16))
    codes : Out(stream of ``code``, ``last``)
        A band a transfer, band 0 first; ``last`` is high with the last band of a frame.
    """

    def __init__(self, bank):
        self.bank = bank
        super().__init__({
            "samples": In(stream.Signature(signed(SAMPLE_BITS))),
            "codes": Out(stream.Signature(data.StructLayout({"code": bank.code_bits, "last": 1})))})

    @property
    def sample_cycles(self):
        """Clocks from one accepted sample to the next within a frame."""
        return BankTiming(self.bank).sample_cycles

    @property
    def frame_cycles(self):
        """Clocks that the end of a frame adds at the most, while ``codes.ready`` is high."""
        return BankTiming(self.bank).frame_cycles

    @property
    def clear_cycles(self):
        """Clocks after a reset before the first sample is accepted."""
        return len(Word) << self._index_bits

    @property
    def word_bits(self):
        """Of a word of the memory: whatever the samples, all that a word stands for fits."""
        bank = self.bank
        return max(bank.word_bits, bank.total_bound.bit_length(), SAMPLE_BITS + max(bank.blocker, bank.fraction + 1),
                   bank.code_bits + LEVEL_FRACTION + 1)

    @property
    def _index_bits(self):
        return max(2, ceil_log2(self.bank.size))

    def _amounts(self):
        """Each shift of the bank as an amount of the datapath, which shifts twice a word: (of each band, of all)."""
        bank, level = self.bank, self.bank.level
        bands = [{name: getattr(band, name) + 1 for name in ("shift", "first", "second", "damping")} for band in bank.bands]
        common = {"none": 1, "blocker": bank.blocker + 1, "dropped": bank.dropped + 1}
        return bands, common | ({} if level is None else {"rise": level.rise + 1, "fall": level.fall + 1})

    def elaborate(self, platform):
        m = Module()
        bands, common = self._amounts()
        amount_bits = max(*common.values(), *(amount for band in bands for amount in band.values())).bit_length()
        m.submodules.path = path = BankDatapath(self.word_bits, len(Word) << self._index_bits, amount_bits)
        index, count = Signal(self._index_bits), Signal(range(self.bank.frame))
        octave, mantissa = Signal(range(SUM_BITS)), path.accumulator[-1 - self.bank.log_bits:-1]
        log = Cat(mantissa, octave)
        level = Signal(self.bank.code_bits)  # what codes are measured from
        m.d.comb += [self.codes.p.code.eq(self._code(log, level)), self.codes.p.last.eq(index == self.bank.size - 1)]
        control = _Control(self.bank, m, path, self._table(m, index, bands, amount_bits), common, index)
        with m.FSM():
            control.clear()
            control.sample(self.samples, octave)
            control.band(count)
            control.frame(self.codes, octave, log, level)
        return m

    def _code(self, log, level):
        """The logarithm as a code: less the level, clipped."""
        if self.bank.level is None:
            return log
        most, difference = (1 << self.bank.code_bits) - 1, log - level + self.bank.center
        return Mux(difference < 0, 0, Mux(difference > most, most, difference))

    def _table(self, m, index, bands, amount_bits):
        """(constants of the band ``index``, its damping), a clock after it: ``skip`` leaves out the second digit."""
        layout = data.StructLayout({"shift": amount_bits, "first": amount_bits, "second": amount_bits, "skip": 1, "add": 1}
                                   | ({} if self._same_damping else {"damping": amount_bits}))
        rows = [{name: band[name] for name in layout.members if name in band}
                | {"skip": int(resonator.sign == 0), "add": int(resonator.sign < 0)}
                for band, resonator in zip(bands, self.bank.bands)]
        m.submodules.constants = constants = memory.Memory(shape=layout, depth=1 << self._index_bits, init=rows, attrs=BLOCK)
        port = constants.read_port()
        m.d.comb += [port.addr.eq(index), port.en.eq(1)]
        damping = Const(bands[0]["damping"], amount_bits) if self._same_damping else port.data.damping
        return port.data, damping

    @property
    def _same_damping(self):
        return len({band.damping for band in self.bank.bands}) == 1


class _Control:
    """The states of the core: each method adds those of one stage of its work."""

    def __init__(self, bank, m, path, table, common, index):
        self.bank, self.m, self.path, self.common, self.index = bank, m, path, common, index
        self.constants, self.damping = table
        self.next = Signal(len(index) + 1)
        self.last = Signal()
        m.d.comb += [self.next.eq(index + 1), self.last.eq(index == bank.size - 1), path.amount.eq(common["none"])]

    def address(self, word, index=None):
        """The address of a word of a band, this one's by default, or of one of the :class:`Shared`."""
        index = self.index if index is None else Const(index, len(self.index)) if isinstance(index, int) else index
        return Cat(index[:len(self.index)], Const(word, 2))

    def read(self, word, index=None):
        """Reads a word for the next clock."""
        self.m.d.comb += self.path.read_address.eq(self.address(word, index))

    def write(self, word, index=None):
        """Writes the sum of this clock."""
        self.m.d.comb += [self.path.write_address.eq(self.address(word, index)), self.path.write.eq(1)]

    def set(self, *names, **values):
        """Raises signals of the datapath, and gives others a value."""
        self.m.d.comb += [getattr(self.path, name).eq(1) for name in names]
        self.m.d.comb += [getattr(self.path, name).eq(value) for name, value in values.items()]

    def advance(self):
        """The next band, or the first again."""
        self.m.d.sync += self.index.eq(Mux(self.last, 0, self.next))

    def clear(self):
        """After a reset each word becomes 0, the accumulator less itself."""
        m, kind = self.m, Signal(2)
        with m.State("CLEAR"):
            self.set("negate", write_address=Cat(self.index, kind), write=1)
            m.d.sync += Cat(self.index, kind).eq(Cat(self.index, kind) + 1)
            with m.If(Cat(self.index, kind).all()):
                m.next = "SAMPLE"

    def sample(self, samples, octave):
        """Takes a sample through the DC blocker, and scales it."""
        m, fraction = self.m, self.bank.fraction
        with m.State("SAMPLE"):
            m.d.comb += samples.ready.eq(1)
            self.read(Word.SHARED, Shared.BLOCKER)
            self.set(value=samples.payload, take_value=samples.valid)
            with m.If(samples.valid):
                m.next = "MEAN"
        with m.State("MEAN"):
            self.read(Word.SHARED, Shared.BLOCKER)
            self.set("take_operand")
            m.next = "SUBTRACT"
        with m.State("SUBTRACT"):
            self.read(Word.SHARED, Shared.BLOCKER)
            self.set("from_operand", "negate", "take_sum", amount=self.common["blocker"])
            if not fraction:
                self.write(Word.SHARED, Shared.DRIVE)
            m.d.sync += octave.eq(fraction)
            m.next = "FOLLOW"
        with m.State("FOLLOW"):
            self.set("from_memory")
            self.write(Word.SHARED, Shared.BLOCKER)
            self.read(Word.X)
            m.next = "SCALE" if fraction else "OPERAND"
        if fraction:
            with m.State("SCALE"):
                self.set("take_sum")
                self.write(Word.SHARED, Shared.DRIVE)  # the last time it is right
                self.read(Word.X)
                m.d.sync += octave.eq(octave - 1)
                with m.If(octave == 1):
                    m.next = "OPERAND"

    def band(self, count):
        """One band's y, x and sum; x was read in the clock before."""
        m, constants = self.m, self.constants
        with m.State("OPERAND"):
            self.read(Word.Y)
            self.set("take_operand")
            m.next = "FIRST"
        with m.State("FIRST"):
            self.set("from_memory", "from_operand", "negate", "take_sum", amount=constants.first)
            m.next = "SECOND"
        with m.State("SECOND"):
            self.set("from_operand", amount=constants.second, negate=~constants.add, take_sum=~constants.skip)
            m.next = "DAMP"
        with m.State("DAMP"):
            self.read(Word.SHARED, Shared.DRIVE)
            self.set("negate", "take_sum", amount=self.damping)
            m.next = "DRIVE"
        with m.State("DRIVE"):
            self.read(Word.X)
            self.set("from_memory", "take_sum")
            self.write(Word.Y)
            m.next = "TURN"
        with m.State("TURN"):
            self.read(Word.SUM)
            self.set("from_memory", amount=constants.shift)
            self.write(Word.X)
            m.next = "SUM"
        with m.State("SUM"):
            self.read(Word.X, self.next)
            self.set("from_memory", amount=self.common["dropped"], invert=self.path.accumulator[-1])
            self.write(Word.SUM)
            self.advance()
            m.next = "OPERAND"
            with m.If(self.last):
                m.d.sync += count.eq(count + 1)
                m.next = "SAMPLE"
                with m.If(count == self.bank.frame - 1):
                    m.d.sync += count.eq(0)
                    m.next = "FRAME"

    def frame(self, codes, octave, log, level):
        """The level, if there is one, then the code of each band, whose sum becomes 0."""
        m, path, whole = self.m, self.path, Signal()
        top = path.accumulator[-NIBBLE:]
        with m.State("FRAME"):
            self.read(Word.SUM)
            self.set("negate", "take_sum")
            m.next = "LOAD" if self.bank.level is None else "TOTAL"
        if self.bank.level is not None:
            self._follow(octave, log, level, whole)
        with m.State("LOAD"):
            self.set("from_memory", "take_sum")
            m.d.sync += octave.eq(path.width - 1)
            m.next = "LOG"
        with m.State("LOG"):
            nothing = ~top.any() & (octave < NIBBLE)
            with m.If(~top.any()):
                self.set("take_nibble")
                m.d.sync += octave.eq(Mux(nothing, 0, octave - NIBBLE))
            with m.Elif(~top[-1]):
                self.set("take_sum")
                m.d.sync += octave.eq(octave - 1)
            with m.If(top[-1] | nothing):
                m.next = "CODE"
                if self.bank.level is not None:
                    with m.If(whole):
                        m.next = "TARGET"
        with m.State("CODE"):
            m.d.comb += codes.valid.eq(1)
            self.set("negate")
            with m.If(codes.ready):
                self.set("take_sum")
                self.write(Word.SUM)
                self.read(Word.SUM, self.next)
                self.advance()
                m.next = "LOAD"
                with m.If(self.last):
                    m.next = "SAMPLE"

    def _follow(self, octave, log, level, whole):
        """The sum of all bands, and the level that follows its logarithm."""
        m, path, fresh = self.m, self.path, Signal(init=1)
        with m.State("TOTAL"):
            self.read(Word.SUM, self.next)
            self.set("from_memory", "take_sum")
            self.advance()
            m.d.sync += [octave.eq(path.width - 1), whole.eq(1)]
            with m.If(self.last):
                m.next = "LOG"
        with m.State("TARGET"):
            self.read(Word.SHARED, Shared.LEVEL)
            self.set("take_value", value=Cat(Const(0, LEVEL_FRACTION), log).as_unsigned())
            m.d.sync += whole.eq(0)
            m.next = "BEFORE"
        with m.State("BEFORE"):
            self.set("take_operand")
            m.next = "DIFFER"
        with m.State("DIFFER"):
            self.read(Word.SHARED, Shared.LEVEL)
            self.set("from_operand", "negate", "take_sum")
            m.next = "APPROACH"
        with m.State("APPROACH"):
            self.set("from_memory", "take_sum", amount=Mux(path.accumulator[-1], self.common["fall"], self.common["rise"]))
            self.write(Word.SHARED, Shared.LEVEL)
            with m.If(fresh):  # the first frame's level is all of it
                self.set(amount=self.common["none"])
            m.d.sync += fresh.eq(0)
            m.next = "LEVEL"
        with m.State("LEVEL"):
            self.read(Word.SUM)
            self.set("negate", "take_sum")
            m.d.sync += level.eq(path.accumulator >> LEVEL_FRACTION)
            m.next = "LOAD"
