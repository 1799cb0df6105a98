# SPDX-License-Identifier: BSD-2-Clause
"""The plans of whole cores: their cells, their read-out, the clocks of steps and sequences. Data only."""

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property

from hadam_hw.checks import assign
from hadam_hw.errors import ArchitectureError
from hadam_hw.model import Model
from hadam_hw.readout import Pooling
from rtl_gen.plan.code_store import CodeStore
from rtl_gen.plan.one_stage import OneStagePlan
from rtl_gen.plan.parallel import ContextPlan
from rtl_gen.plan.parts import selection_latency
from rtl_gen.plan.ram import block_rams
from rtl_gen.plan.readout_plan import ReadoutPlan
from rtl_gen.plan.timing import SequenceTiming, Timing

#: Clocks from an accepted vector to the first in which the queue is known to be full by it: a register for the transfer, the
#: count and the comparison each.
SEEN_LATE = 3


def plan_readout(model, codes, *, block=True):
    """The plan of a model's read-out: a :class:`OneStagePlan` or a :class:`ReadoutPlan`, whose codes lie in ``codes``.

    Both have ``cycles``, the clocks from the last state word to the offer of the last output, ``pooling_cycles``, those
    from the last word of a step that is pooled until the next state may come, ``sprams``, and ``image``, what these are
    loaded from.
    """
    if len(model.readout.stages) > 1:
        return ReadoutPlan.smallest(model.readout, model.top.state, model.top.size, store=codes)
    return OneStagePlan(model.readout, model.top, block)


def check_store(model, architecture):
    """Refuses SPRAM for codes that are no stages'; an ArchitectureError."""
    if architecture.codes is CodeStore.SPRAM and len(model.readout.stages) == 1:
        raise ArchitectureError("Read-out must have a hidden stage where codes lie in SPRAM, not one stage alone, whose codes "
                                "are few; leave out ,codes=spram")


class LoadedCodes:
    """What the plan of a core says of codes that are loaded before anything is computed: here those of its read-out."""

    @property
    def sprams(self):
        """SPRAMs that hold them."""
        return self.readout.sprams

    @property
    def image(self):
        """What they are loaded from, a :class:`~rtl_gen.plan.code_store.CodeImage`; None where there is none."""
        return self.readout.image


@dataclass(frozen=True, eq=False)
class CorePlan(LoadedCodes):
    """A cell and a read-out (:class:`rtl_gen.cores.core.Core`).

    Parameters
    ----------
    model : Model
    architecture : Architecture
    cell : object
        The plan of the cell: ``timing``, ``unload_cycles``, ``unload_interval`` and ``parts()``, as
        :class:`~rtl_gen.plan.serial.SerialPlan` has them.
    """

    model: Model
    architecture: object
    cell: object

    def __post_init__(self):
        check_store(self.model, self.architecture)

    @property
    def cells(self):
        """The plans of the cells."""
        return (self.cell,)

    @cached_property
    def readout(self):
        """The read-out's plan."""
        return plan_readout(self.model, self.architecture.codes)

    @property
    def timing(self):
        """:class:`Timing` of one step, from an accepted vector to the next that can be accepted.

        For ``emit = sum`` the handing over of each state is part of its step: ``S = max(I + U, D + 3)`` clocks in the terms of
        :meth:`sequence_timing`.
        """
        step = self.cell.timing
        if self.model.pooling is not Pooling.SUM:
            return step
        unloaded = step.interval + 1 + self.cell.unload_interval
        return replace(step, interval=max(unloaded, 1 + self.cell.unload_cycles + self.readout.pooling_cycles))

    def sequence_timing(self, steps):
        """:class:`SequenceTiming` of sequences of ``steps`` vectors that never wait for their host, nor the answer for it.

        With ``I`` clocks a step, ``D`` from a finished step to the last word handed over, ``U`` till the cell goes on and
        ``r`` of read-out, a read-out comes every ``E = max(steps I + U, D + r + 2)`` clocks for ``emit = last``, and the
        latency is ``steps I + D + r``. For ``emit = every`` each step pays for its own: ``E = max(I + U, D + r + 2)``, the
        interval is ``steps E`` and the latency ``I + (steps - 1) E + D + r``. For ``emit = sum`` only the last does, and the
        others take ``S = max(I + U, D + 3)``: the interval is ``(steps - 1) S + E``, the latency
        ``I + (steps - 1) S + D + r``.
        """
        step, unload, readout = self.cell.timing.interval, 1 + self.cell.unload_cycles, self.readout.cycles
        if self.model.pooling is Pooling.SUM:
            before = (steps - 1) * self.timing.interval
            last = max(step + 1 + self.cell.unload_interval, unload + readout + 2)
            return SequenceTiming(step + before + unload + readout, before + last)
        batch = steps if self.model.pooling is Pooling.LAST else 1
        each = max(batch * step + 1 + self.cell.unload_interval, unload + readout + 2)
        batches = steps // batch
        return SequenceTiming(batch * step + (batches - 1) * each + unload + readout, batches * each)

    def parts(self):
        """(cells, block RAMs) without the read-out: a Counter of the parts' cells, and a number."""
        counted = [cell.parts() for cell in self.cells]
        return sum((parts for parts, _ in counted), Counter()), sum(rams for _, rams in counted)


@dataclass(frozen=True, eq=False)
class StackedCorePlan(LoadedCodes):
    """Two cells, one that feeds the other, and a read-out (:class:`rtl_gen.cores.stacked_core.StackedCore`).

    Parameters
    ----------
    model : Model
        Of two layers.
    architecture : Architecture
    lower, upper : object
        The plans of the cells; besides what :class:`CorePlan` asks for ``at_once`` and ``handing_over``, as
        :class:`~rtl_gen.plan.serial.SerialPlan` has them.
    """

    model: Model
    architecture: object
    lower: object
    upper: object

    def __post_init__(self):
        check_store(self.model, self.architecture)

    @property
    def cells(self):
        """The plans of the cells, the lower one first."""
        return self.lower, self.upper

    @cached_property
    def readout(self):
        """The read-out's plan."""
        return plan_readout(self.model, self.architecture.codes)

    @property
    def between(self):
        """Clocks from the start of a step of the lower layer to that of the upper one, if it is free."""
        return self.lower.timing.interval + self.upper.at_once

    @property
    def layers_interval(self):
        """Clocks from one step to the next that both layers can keep."""
        return max(self.lower.timing.interval + self.upper.handing_over, self.upper.timing.interval)

    @cached_property
    def timing(self):
        """:class:`Timing` of one step; the latency is from an accepted vector to the upper layer's new state."""
        upper, interval = self.upper.timing.interval, self.layers_interval
        if self.model.pooling is Pooling.SUM:
            interval = max(interval, upper + 1 + self.upper.unload_interval,
                           1 + self.upper.unload_cycles + self.readout.pooling_cycles)
        return Timing(self.between + upper, interval)

    def sequence_timing(self, steps):
        """:class:`SequenceTiming` of sequences of ``steps`` vectors that never wait for their host, nor the answer for it.

        As :meth:`CorePlan.sequence_timing`, but that the lower layer goes on while the upper one is read out: with ``I``
        clocks a step a read-out comes every ``E = max((steps - 1) I + max(I, I2 + U + 1), D + r + 2)`` clocks; for
        ``emit = sum`` every ``E = (steps - 1) I + max(I, I2 + U + 1, D + r + 2)``.
        """
        step, own = self.timing.interval, self.upper.timing.interval
        unload, readout = 1 + self.upper.unload_cycles, self.readout.cycles
        if self.model.pooling is Pooling.SUM:
            before = (steps - 1) * step
            last = max(step, own + 1 + self.upper.unload_interval, unload + readout + 2)
            return SequenceTiming(self.timing.latency + before + unload + readout, before + last)
        batch = steps if self.model.pooling is Pooling.LAST else 1
        each = max((batch - 1) * step + max(step, own + 1 + self.upper.unload_interval), unload + readout + 2)
        batches = steps // batch
        latency = self.timing.latency + (batch - 1) * step + (batches - 1) * each + unload + readout
        return SequenceTiming(latency, batches * each)

    parts = CorePlan.parts


@dataclass(frozen=True, eq=False)
class ContextCorePlan(LoadedCodes):
    """A cell for several sequences in turn, a queue and a read-out (:class:`rtl_gen.cores.context_core.ContextCore`).

    Parameters
    ----------
    model : Model
    architecture : Parallel

    Attributes
    ----------
    cell : ContextPlan

    Raises
    ------
    ArchitectureError
        If there are more contexts than the loop has clocks, or states are summed.
    """

    model: Model
    architecture: object
    cell: ContextPlan = field(init=False)

    def __post_init__(self):
        check_store(self.model, self.architecture)
        if self.model.pooling is Pooling.SUM:
            raise ArchitectureError(
                "Architecture must have one context where states are summed (emit = sum), not more: there is one pool")
        assign(self, cell=ContextPlan(self.model.top, self.architecture.contexts))

    @cached_property
    def readout(self):
        """The read-out's plan."""
        return plan_readout(self.model, self.architecture.codes, block=False)

    @property
    def queue(self):
        """States that may wait for the read-out: one of each context, and those accepted until the queue is seen to be full."""
        return 1 << (self.architecture.contexts + SEEN_LATE - 1).bit_length()

    @property
    def timing(self):
        """:class:`Timing` of one step: each context can have one every ``interval`` clocks, all of them ``contexts``."""
        return self.cell.timing

    def sequence_timing(self, steps):
        """:class:`SequenceTiming` of one context's sequences of ``steps`` vectors when all contexts have the same, at once.

        With ``P`` clocks a step and ``A`` from an accepted vector to its new state, the read-out of context 0 is offered
        after ``(steps - 1) P + A + E - 1`` clocks. ``E = n + s + 2 + r`` clocks are what a read-out occupies: the words, the
        ``s`` of their selection, and the ``r`` of the read-out itself. Each context has one a sequence, so its interval is
        ``max(steps P, C E)`` for ``emit = last``, ``steps max(P, C E)`` for ``emit = every``.
        """
        step, size = self.timing.interval, self.model.top.size
        readout = size + selection_latency(size) + 2 + self.readout.cycles
        occupied = self.architecture.contexts * readout
        every = self.model.pooling is Pooling.EVERY
        interval = steps * max(step, occupied) if every else max(steps * step, occupied)
        # after each step, the other contexts' read-outs of the step before are still to be done
        between = max(step, occupied) if every else step
        return SequenceTiming((steps - 1) * between + self.cell.latency + readout - 1, interval)

    def parts(self):
        """(cells, block RAMs) without the read-out: a Counter of the parts' cells, and a number."""
        parts, rams = self.cell.parts()
        return parts, rams + block_rams(self.queue, self.model.top.size * self.model.top.state.width)
