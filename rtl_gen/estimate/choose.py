# SPDX-License-Identifier: BSD-2-Clause
"""Which architecture a model gets on a board: all that could be, by estimate, and the fastest that fits."""

from dataclasses import dataclass, replace

from hadam_hw.errors import ArchitectureError, DoesNotFitError
from hadam_hw.fixed import FixedPoint
from rtl_gen.estimate import Estimate, estimate
from rtl_gen.plan.arch import HOPELESS, Architecture
from rtl_gen.plan.code_store import CodeStore

NAMES = {"lc": "usable logic cells", "ebr": "block RAMs", "spram": "SPRAMs"}


@dataclass(frozen=True)
class Candidate:
    """An architecture's estimate, what the board lacks for it, and whether none is at least as good in cells and in speed."""

    estimate: Estimate
    shortages: dict
    on_front: bool = False

    @property
    def fits(self):
        """The board lacks nothing."""
        return not self.shortages

    def as_data(self):
        """JSON data."""
        found = self.estimate
        return {"arch": found.architecture, "lc": found.lc, "ebr": found.ebr, "spram": found.spram, "fmax_mhz": found.fmax_mhz,
                "clock_mhz": found.clock_mhz, "cycles_per_step": found.cycles_per_step, "contexts": found.contexts,
                "steps_per_second": found.steps_per_second, "step_nanojoules": found.step_joules * 1e9, "fits": self.fits,
                "shortages": {kind: list(pair) for kind, pair in self.shortages.items()}, "on_front": self.on_front}


def architectures(model, chip):
    """The architectures that can render ``model`` and are not hopelessly larger than ``chip``: each kind says its own."""
    return [found for kind in Architecture.kinds().values() for found in kind.candidates(model, chip)]


def survey(model, board, asked_mhz=None):
    """A :class:`Candidate` for each architecture, the fastest first, those that fit before those that do not.

    If none fits, there are more: those that lack block RAMs alone, with the codes of stages in SPRAM, where board and link can
    load it. A design that needs nothing but its bitstream comes first, even if it is slower.
    """
    there_are = architectures(model, board.chip)
    candidates = _estimated(model, there_are, board, asked_mhz)
    if board.flash is not None and not board.lean_link and not any(one.fits for one in candidates.values()):
        lacking = [one for one, candidate in candidates.items() if set(candidate.shortages) == {"ebr"}]
        candidates |= _estimated(model, lacking, board, asked_mhz, CodeStore.SPRAM)
    candidates = candidates.values()
    front = [replace(one, on_front=one.fits and not any(_beats(other, one) for other in candidates)) for one in candidates]
    return sorted(front, key=_rank)


def _estimated(model, there_are, board, asked_mhz, codes=CodeStore.BLOCK):
    """Architecture to :class:`Candidate`, with codes of stages in ``codes``, of those that can render the model so."""
    candidates = {}
    for architecture in there_are:
        try:
            stored = architecture.storing(codes)
            found = estimate(model, stored, board, asked_mhz)
        except ArchitectureError:
            continue
        candidates[stored] = Candidate(found, found.shortages(board.chip))
    return candidates


def _rank(candidate):
    return not candidate.fits, -candidate.estimate.steps_per_second, candidate.estimate.lc


def _beats(other, one):
    """``other`` fits, is no worse in cells and speed, and better in one of them."""
    a, b = other.estimate, one.estimate
    return (other.fits and a.lc <= b.lc and a.steps_per_second >= b.steps_per_second
            and (a.lc < b.lc or a.steps_per_second > b.steps_per_second))


def why(candidates, chosen):
    """A sentence that says why ``chosen``, one of ``candidates``, was."""
    found = chosen.estimate
    faster = [other for other in candidates if not other.fits
              and other.estimate.steps_per_second > found.steps_per_second]
    text = (f"{found.architecture}: the fastest of {len(candidates)} architectures that is estimated to fit ({found.lc:,} "
            f"logic cells, {found.ebr} block RAMs, {found.cycles_per_step} clocks a step at {found.clock_mhz:g} MHz)")
    if faster:
        nearest = min(faster, key=lambda other: other.estimate.lc)
        text += f"; faster but not here: {nearest.estimate.architecture}, {_lacks(nearest)}"
    return text


def _lacks(candidate):
    """What a board lacks for a candidate, in words."""
    return " and ".join(
        f"{needed:,} of {available:,} {NAMES[kind]}" if kind in NAMES
        else f"{needed:g} MHz where {available:g} are to be reached"
        for kind, (needed, available) in candidate.shortages.items())


def refuse(model, board, boards, candidates, asked_mhz=None):
    """The error that says why nothing fits, and the nearest things that would.

    Parameters
    ----------
    boards : iterable of Board
        Other boards that could be suggested.
    candidates : list of Candidate
        Of :func:`survey`, none of which fits.
    """
    if not candidates:
        return DoesNotFitError(f"Model must be small enough for some architecture on {board.name}, and {model.size} units are "
                               f"more than {HOPELESS} times too many; try a board with more than {board.chip.lc:,} logic cells")
    nearest = min(candidates, key=lambda one: max(needed / available for needed, available in one.shortages.values()))
    would = list(_alternatives(model, board, boards, asked_mhz, candidates))
    advice = "; ".join(would) if would else "try a model with fewer units"
    return DoesNotFitError(f"Model must fit {board.name} in some architecture, but the nearest, "
                           f"{nearest.estimate.architecture}, needs {_lacks(nearest)}; {advice}")


def _alternatives(model, board, boards, asked_mhz, candidates):
    """What would fit instead, in words."""
    slow = [one.estimate for one in candidates if set(one.shortages) == {"clock"}]
    if slow:
        best = max(slow, key=lambda found: found.fmax_mhz / found.cycles_per_step)
        yield f"--arch {best.architecture} --freq {int(0.95 * best.fmax_mhz)} would fit"
    for kind in () if len(model.layers) > 1 else (_narrower, _in_smaller_blocks, _with_fewer_units):
        for text, smaller in kind(model):
            fitting = [one for one in survey(smaller, board, asked_mhz) if one.fits]
            if fitting:
                yield f"{text} would fit as {fitting[0].estimate.architecture}"
                break
    for other in sorted(boards, key=lambda one: one.chip.lc):
        if other.name != board.name and other.chip.lc > board.chip.lc:
            fitting = [one for one in survey(model, other) if one.fits]
            if fitting:
                yield f"--board {other.name} would fit as {fitting[0].estimate.architecture}"
                return


def _narrower(model):
    """(in words, the model) with narrower states; at least the 8 bits that training can cope with."""
    state = model.top.state
    for width in range(state.width - 2, 7, -2):
        yield f"a state of {width} bits", model.replace(vectors=None).with_top(state=FixedPoint(width, state.frac))


def _in_smaller_blocks(model):
    """(in words, a model of that shape) with smaller blocks."""
    block = model.top.recurrence.foldable_block
    if block is not None and block >= 16:
        yield f"blocks of {block // 4}", _cut(model, model.size, block // 4)


def _with_fewer_units(model):
    """(in words, a model of that shape) with a half and a quarter of the units."""
    block = model.top.recurrence.foldable_block
    for units in () if block is None else (model.size // 2, model.size // 4):
        part = block
        while part > units:
            part //= 4
        if part >= 2 and units % part == 0:
            yield f"{units} units in blocks of {part}", _cut(model, units, part)


def _cut(model, units, block):
    """The model's first units; a block by a power of 4 smaller keeps the number of phases, so the constants can stay."""
    layer, (first, *others) = model.top, model.readout.stages
    phases = tuple(replace(phase, input_codes=phase.input_codes[:units], bias=phase.bias[:units]) for phase in layer.phases)
    smaller = replace(layer, recurrence=layer.recurrence.cut(units, block), phases=phases)
    stages = (replace(first, codes=first.codes[:, :units]), *others)
    return model.replace(layers=(smaller,), readout=replace(model.readout, stages=stages), vectors=None)
