# SPDX-License-Identifier: BSD-2-Clause
"""A folded cell never reads a row that it has not written, in that pass before: exhaustively, for every row of every bank.

What it addresses and when follows from ``start``, ``unload`` and its counters alone; no word of state, input or weights takes
part. So the steps here, each started in the first clock in which the cell is ready, are all that can happen.
"""

from dataclasses import dataclass, field

import pytest
from amaranth.sim import Simulator

from rtl_gen.gateware.folded.cell import FoldedCell
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.plan.folded import FoldedSchedule
from rtl_gen.plan.folding import Folding
from tests.models_for_tests import random_model

SHAPES = [
    ("folded:2", dict(size=8, block=4)), ("folded:2", dict(size=8, block=8)), ("folded:2x2", dict(size=8, block=4)),
    ("folded:2", dict(size=2, block=2)), ("folded:4", dict(size=8, block=4)), ("folded:4", dict(size=16, block=8)),
    ("folded:4", dict(size=64, block=32, inputs=3)), ("folded:4x2", dict(size=32, block=16, input_bits=1)),
    ("folded:8", dict(size=16, block=8, inputs=2)), ("folded:8", dict(size=64, block=32)),
    ("folded:8", dict(size=128, block=64, inputs=9)), ("folded:8", dict(size=512, block=256)),
]


class WatchedCell(FoldedCell):
    """The cell, and what its banks are asked."""

    def elaborate(self, platform):
        self.banks = []
        return super().elaborate(platform)

    def _bank(self, m, name, read_row, read, word, write_row, write, kept):
        self.banks.append((read, read_row, write, write_row))
        super()._bank(m, name, read_row, read, word, write_row, write, kept)


@dataclass
class Row:
    """What happened to a row: reads by passes, and writes."""

    reads: int = 0
    writes: int = 0


@dataclass
class Watch:
    """Checks what is asked of the banks, clock by clock."""

    rows: dict = field(default_factory=dict)
    unloaded: int = 0
    faults: list = field(default_factory=list)

    def see(self, bank, read, written, unloading):
        """``read`` and ``written`` are the rows of ``bank`` in this clock, or None."""
        if read is not None:
            row = self.rows.setdefault((bank, read), Row())
            if read == written:
                self.faults.append(f"row {read} of bank {bank} is read in the clock in which it is written")
            # A pass reads a row once and writes it once: what it reads is what the pass before wrote.
            if row.reads != row.writes:
                self.faults.append(f"row {read} of bank {bank} is read {row.reads + 1} times, but written {row.writes} times")
            row.reads += not unloading
            self.unloaded += unloading
        if written is not None:
            row = self.rows.setdefault((bank, written), Row())
            row.writes += 1
            if row.reads != row.writes:
                self.faults.append(f"row {written} of bank {bank} is written before it was read")


def watch_two_sequences(architecture, shape):
    """Two steps, the state handed over, two more; returns the cell and the :class:`Watch`."""
    model = random_model(outputs=2, **shape)
    parsed = parse_architecture(architecture)
    cell, watch = WatchedCell(parsed.plan(model).cell), Watch()
    simulator = Simulator(cell)
    unloading = False

    async def look(ctx):
        samples = [signal for bank in cell.banks for signal in bank]
        async for _, _, *seen in ctx.tick().sample(*samples):
            for bank in range(len(cell.banks)):
                read, read_row, write, write_row = seen[4 * bank:4 * bank + 4]
                watch.see(bank, read_row if read else None, write_row if write else None, unloading)

    async def drive(ctx):
        nonlocal unloading
        for order in (cell.start, cell.start, cell.unload, cell.start, cell.start):
            unloading = order is cell.unload
            ctx.set(order, 1)
            await ctx.tick()
            ctx.set(order, 0)
            await ctx.tick().until(cell.ready)
        await ctx.tick().repeat(4)

    simulator.add_clock(1e-6)
    simulator.add_process(look)
    simulator.add_testbench(drive)
    simulator.run()
    return cell, watch


@pytest.mark.parametrize("architecture, shape", SHAPES, ids=str)
def test_every_read_finds_what_the_pass_before_wrote(architecture, shape):
    cell, watch = watch_two_sequences(architecture, shape)
    passes = 4 * len(cell.folding.passes)
    banks, rows = cell.lanes * cell.folding.radix, cell.folding.rows
    assert watch.faults == []
    assert len(cell.banks) == banks and len(watch.rows) == banks * rows
    assert all(row == Row(passes, passes) for row in watch.rows.values())
    assert watch.unloaded == cell.layer.size * banks  # each of n clocks reads all banks


def break_drain(monkeypatch):
    """The next pass begins while the last words of the one before are on their way."""
    monkeypatch.setattr(FoldedSchedule, "drain", 1)


def break_rows(monkeypatch):
    """Bit 1 of every row is its bit 0."""
    whole = Folding.row_bit
    monkeypatch.setattr(Folding, "row_bit", lambda folding, number, bit: whole(folding, number, 0 if bit == 1 else bit))


@pytest.mark.parametrize("damage", [break_drain, break_rows])
def test_a_wrong_order_is_seen(damage, monkeypatch):
    damage(monkeypatch)
    _, watch = watch_two_sequences("folded:4", dict(size=16, block=16))
    assert watch.faults
