# SPDX-License-Identifier: BSD-2-Clause
"""Clocks of a step and of a sequence."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Clocks of a component that turns one item into another.

    ``latency`` counts from the clock in which an item is accepted to the first clock in which its result can be used;
    ``interval`` from one accepted item to the next of the same sequence, at best; ``contexts`` independent sequences take
    turns, so the rate over all of them is ``contexts`` items every ``interval`` clocks.
    """

    latency: int
    interval: int
    contexts: int = 1


@dataclass(frozen=True)
class SequenceTiming:
    """Clocks of a whole sequence when neither neighbour makes the core wait.

    ``latency`` counts from the clock in which the first element is accepted to the clock in which the last class of its
    last read-out is offered; ``interval`` from the first element of one sequence to the first element of the next.
    """

    latency: int
    interval: int
