# SPDX-License-Identifier: BSD-2-Clause
"""What a design will cost on a board and how fast it will be, told in well under a second without running a tool.

Cells come from counting the parts of the core (:mod:`rtl_gen.estimate.inventory`) times factors fitted on builds; clocks a
step are those of the core's plan; the clock is the longest way of the architecture (:mod:`rtl_gen.estimate.clock`). Both were
fitted on iCE40; on other families they are a guess.
"""

from dataclasses import dataclass
from functools import lru_cache

from hadam_hw.errors import BoardError
from rtl_gen.estimate.clock import clock_mhz
from rtl_gen.estimate.energy import step_joules
from rtl_gen.estimate.inventory import LINK_RAMS, inventory, surroundings
from rtl_gen.estimate.model import cells_of
from rtl_gen.link.rates import divide_baud
from rtl_gen.link.uart import MIN_DIVISOR

#: How far below its estimate a clock is put that the design is to meet.
MARGIN = 0.95
#: The share of a chip's logic cells that counts as usable: at 99 % of a UP5K place & route was seen to find no end.
FILLED = 0.97


@dataclass(frozen=True)
class Estimate:
    """One model in one architecture on one board.

    Parameters
    ----------
    architecture : str
    lc, ebr, spram : int
        Of the whole design.
    fmax_mhz : float
        What its clock is expected to reach.
    clock_mhz : float
        What it will be clocked with: what was asked for, or the board's, or what it can reach if that is less.
    cycles_per_step, contexts : int
    """

    architecture: str
    lc: int
    ebr: int
    spram: int
    fmax_mhz: float
    clock_mhz: float
    cycles_per_step: int
    contexts: int

    @property
    def steps_per_second(self):
        """Over all contexts."""
        return self.clock_mhz * 1e6 / self.cycles_per_step * self.contexts

    @property
    def step_joules(self):
        """See :mod:`rtl_gen.estimate.energy`."""
        return step_joules(self.lc, self.cycles_per_step, self.clock_mhz) / self.contexts

    def shortages(self, chip):
        """What the chip lacks for it: ``lc``, ``ebr``, ``spram`` or ``clock`` to (needed, usable)."""
        needs = {"lc": (self.lc, int(FILLED * chip.lc)), "ebr": (self.ebr, chip.ebr), "spram": (self.spram, chip.spram),
                 "clock": (self.clock_mhz, self.fmax_mhz)}
        return {kind: pair for kind, pair in needs.items() if pair[0] > pair[1]}


def _running_mhz(board, fmax_mhz):
    """The clock that a design gets: the board's, or the fastest that it reaches and that is a multiple of the link's rate."""
    if fmax_mhz >= board.default_clock_mhz:
        return board.default_clock_mhz
    mhz = MARGIN * fmax_mhz * 1e6 // board.baud * board.baud / 1e6
    works = mhz * 1e6 >= MIN_DIVISOR * board.baud and _makes(board, mhz)
    return mhz if works else board.default_clock_mhz


@lru_cache
def _makes(board, mhz):
    """Whether the board's PLL makes such a clock closely enough for its link; a search."""
    try:
        divide_baud(board.clock(mhz).hz, board.baud)
    except BoardError:
        return False
    return True


def estimate(model, architecture, board, asked_mhz=None):
    """The :class:`Estimate` of a whole design.

    Parameters
    ----------
    model : Model
    architecture : Architecture
    board : boards.parts.board.Board
    asked_mhz : float, optional
        Default: the board's clock, or a slower one where the design does not reach that.

    Raises
    ------
    ArchitectureError
        If the architecture cannot render the model.
    """
    plan = architecture.plan(model)
    parts, rams = inventory(plan)
    cells, rams = round(cells_of(parts + surroundings(plan, board.lean_link))), rams + LINK_RAMS
    fmax = round(clock_mhz(plan, cells, board.chip.device), 1)
    return Estimate(str(architecture), cells, rams, plan.sprams, fmax, asked_mhz or _running_mhz(board, fmax),
                    plan.timing.interval, plan.timing.contexts)
