# SPDX-License-Identifier: BSD-2-Clause
"""The recurrent matrices that hardware has almost for nothing: ``s R`` with ``R`` of small integers.

A recurrence answers for itself: what it computes, how many bits it takes, how a file holds it, and by which additions it is
built. A kind is a subclass of :class:`Recurrence`; it is known by its ``kind`` as soon as its class exists. Names are imported
from here, and not from the modules; oscillators are in :mod:`hadam_hw.oscillators`.
"""

from hadam_hw.recurrence.base import MAX_LEAK, MAX_SIZE, Recurrence
from hadam_hw.recurrence.hadamard import Hadamard
from hadam_hw.recurrence.integer import Integer, Ternary

__all__ = ["MAX_LEAK", "MAX_SIZE", "Hadamard", "Integer", "Recurrence", "Ternary"]
