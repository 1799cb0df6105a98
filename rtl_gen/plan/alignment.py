# SPDX-License-Identifier: BSD-2-Clause
"""Where the binary points meet: the constants of one step, as a cell needs them.

A cell computes ``pre = (R Z) << state_shift + (C X) << input_shift + bias`` and takes the new state from bit
``output_shift`` of it upwards. Rounding half up, and the first half of rounding half to even, is half a unit of the new
state added to the bias once and for all.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hadam_hw.errors import ArchitectureError
from hadam_hw.fixed import Rounding, signed_width
from rtl_gen.plan.adder_graph import AdderGraph, count_digits, matrix_graph

#: More would be some hundred thousand adders, whatever is shared, and minutes until that is known.
MAX_DIGITS = 1 << 17


@dataclass(frozen=True)
class PhaseAlignment:
    """Shifts in bits and the bias (half a unit for the rounding included) of one phase."""

    state_shift: int
    input_shift: int
    output_shift: int
    bias: tuple[int, ...]
    ties_to_even: bool


@dataclass(frozen=True)
class Alignment:
    """The phases' alignments and ``width``, the bits that hold every ``pre`` exactly."""

    phases: tuple[PhaseAlignment, ...]
    width: int


def align(layer, digit):
    """The alignment of a layer's words.

    ``pre`` gets extra fraction bits, which change no result, so that its ``output_shift`` is a whole number of digits
    of ``digit`` bits, or, where ``digit`` is None (whole words), the same in every phase.
    """
    count = len(layer.phases)
    most = max(layer.output_shift(p) for p in range(count))
    phases, low, high = [], 0, 0
    for p in range(count):
        shift = layer.output_shift(p)
        extra = most - shift if digit is None else -shift % digit
        half = 0 if layer.rounding is Rounding.FLOOR or not shift else 1 << (shift - 1)
        phases.append(PhaseAlignment(
            layer.state_shift(p) + extra, layer.input_shift(p) + extra, shift + extra,
            tuple((int(b) + half) << extra for b in layer.phases[p].bias),
            layer.rounding is Rounding.HALF_EVEN and shift > 0))
        lows, highs = layer.pre_bounds(p)
        # the state's own window counts too: its top bit must exist in pre
        low = min(low, (min(int(v) for v in lows) << extra), -1 << (shift + extra + layer.state.width - 1))
        high = max(high, ((max(int(v) for v in highs) + half) << extra))
    return Alignment(tuple(phases), signed_width(low, high))


@dataclass(frozen=True)
class InputProducts:
    """The products ``C X`` of one step: which there are, and which unit takes which.

    Units whose codes agree in every phase up to one common sign share a product. For a scalar input the products are the
    shared bank of multiples.

    Parameters
    ----------
    graph : AdderGraph
        Computes product ``e`` of phase ``p`` as its output ``p * count + e``.
    count : int
        Products of one phase.
    units : tuple of (int, bool) or None
        For each unit its product and whether it is subtracted; None where the unit takes no input at all.
    """

    graph: AdderGraph
    count: int
    units: tuple[tuple[int, bool] | None, ...]


@lru_cache(maxsize=4)  # by identity: the same layer is asked about in many architectures
def input_products(layer):
    """The :class:`InputProducts` of a layer.

    Raises
    ------
    ArchitectureError
        If the input matrix has too many digits to be made of adders.
    """
    digits = sum(count_digits(phase.input_codes) for phase in layer.phases)
    if digits > MAX_DIGITS:
        raise ArchitectureError(
            f"Input matrix must have at most {MAX_DIGITS:,} signed digits where each is an adder, not {digits:,}; use "
            "'folded:R', which takes one input element after the other, or fewer inputs")
    index, units = {}, []
    for unit in range(layer.size):
        codes = np.stack([phase.input_codes[unit] for phase in layer.phases])
        nonzero = codes[codes != 0]
        if not nonzero.size:
            units.append(None)
            continue
        negate = bool(nonzero[0] < 0)
        key = tuple(map(tuple, (-codes if negate else codes).tolist()))
        units.append((index.setdefault(key, len(index)), negate))
    rows = np.array([key[p] for p in range(len(layer.phases)) for key in index], dtype=np.int64)
    # with two phases a product is chosen behind the graph, so its sign must not depend on the phase
    graph = matrix_graph(rows.reshape(-1, layer.inputs), positive=len(layer.phases) > 1)
    return InputProducts(graph, len(index), tuple(
        unit and (unit[0], unit[1] != _negated(graph.outputs[unit[0]])) for unit in units))


def _negated(edge):
    return edge is not None and edge.negate
