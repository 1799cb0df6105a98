# SPDX-License-Identifier: BSD-2-Clause
"""The plan of a core of two folded cells, one above the other. Data only."""

from dataclasses import dataclass
from functools import cached_property

from hadam_hw.readout import Pooling
from rtl_gen.plan.code_store import CodeImage
from rtl_gen.plan.core import StackedCorePlan
from rtl_gen.plan.timing import SequenceTiming


@dataclass(frozen=True, eq=False)
class FoldedStackPlan(StackedCorePlan):
    """Two folded cells and a read-out (:class:`rtl_gen.cores.folded_stack.FoldedStackCore`).

    The lower layer's state is handed over as to a read-out, a word a clock, into a memory of the upper cell. There it
    stays for the upper layer's step, so the next one is handed over only when that has ended; the lower layer makes its next
    step meanwhile.

    Parameters
    ----------
    model : Model
        Of two layers.
    architecture : Folded
    lower, upper : object
        The plans of the cells, the upper one's with a :class:`~rtl_gen.plan.feed.Feed`.
    """

    def __post_init__(self):
        """Nothing to refuse: there is always a matrix between the layers that SPRAM may hold."""

    @property
    def handed_over(self):
        """Clocks from the one in which lower state and upper cell are ready to the start of the upper step."""
        return self.lower.unload_cycles + 2

    @property
    def between(self):
        """Clocks from the start of a step of the lower layer to that of the upper one, if it is free."""
        return self.lower.timing.interval + self.handed_over

    @property
    def layers_interval(self):
        """Clocks from one step to the next that both layers can keep: each with its share of handing over."""
        return max(self.lower.timing.interval + 1 + self.lower.unload_interval, self._upper_interval)

    @property
    def _upper_interval(self):
        """Clocks from one step of the upper layer to the next, if the lower one is always ahead."""
        return self.upper.timing.interval + self.handed_over

    def sequence_timing(self, steps):
        """:class:`SequenceTiming` of sequences of ``steps`` vectors that never wait for their host, nor the answer for it.

        With ``I`` clocks a step, ``I2`` of the upper layer alone, ``J = I2 + W + 2`` with the handing over to it, ``U``, ``D``
        and ``r`` as in :meth:`CorePlan.sequence_timing`, a read-out comes every
        ``E = max(steps I, (steps - 1) J + max(J, I2 + U + 1), D + r + 2)`` clocks. While the upper layer waits for the read-out
        of a sum its next inputs are handed over, so the step behind the first takes ``I2 + U + 1``: for ``emit = sum``
        ``E = max(steps I, D + r + 2 + min(steps - 1, 1) (I2 + U + 1) + max(steps - 2, 0) max(J, I2 + U + 1))``.
        """
        step, own = self.timing.interval, self.upper.timing.interval + 1 + self.upper.unload_interval
        unload, slowest = 1 + self.upper.unload_cycles, max(self._upper_interval, own)
        answer = unload + self.readout.cycles
        if self.model.pooling is Pooling.SUM:
            waiting = answer + 2 + min(steps - 1, 1) * own + max(steps - 2, 0) * slowest
            return SequenceTiming(self.timing.latency + (steps - 1) * step + answer, max(steps * step, waiting))
        batch = steps if self.model.pooling is Pooling.LAST else 1
        each = max(batch * step, (batch - 1) * self._upper_interval + slowest, answer + 2)
        batches = steps // batch
        return SequenceTiming(self.timing.latency + (batch - 1) * step + (batches - 1) * each + answer, batches * each)

    @property
    def _packed(self):
        """The matrix between the layers where it lies in SPRAM, else None."""
        return self.upper.source.packed

    @property
    def sprams(self):
        """SPRAMs that hold the matrix between the layers, and codes of the read-out."""
        return self.readout.sprams + (self._packed.sprams if self._packed else 0)

    @cached_property
    def image(self):
        """The :class:`~rtl_gen.plan.code_store.CodeImage` of the matrix and, behind it, of the read-out; None without SPRAM."""
        parts = [image for image in (self._packed and self._packed.image, self.readout.image) if image]
        return CodeImage(tuple(row for image in parts for row in image.rows)) if parts else None
