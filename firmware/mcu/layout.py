# SPDX-License-Identifier: BSD-2-Clause
"""How a model lies in C: the types that hold every partial sum, and the codes cut into digits of four bits."""

from dataclasses import dataclass

import numpy as np

from hadam_hw.fixed import Rounding
from hadam_hw.readout import HIDDEN_BIAS_BITS, Pooling
from hadam_hw.recurrence import Hadamard
from rtl_gen.plan.adder_graph import signed_digits

#: The C code makes the sixteen multiples -8 ... 7 of a value, or adds up in as many buckets.
DIGIT_BITS = 4
LEAST_DIGIT = -8


@dataclass(frozen=True, eq=False)
class RecurrenceLayout:
    """How a layer multiplies its state by ``R``.

    Parameters
    ----------
    title : str
    constants : dict of str to int
        What hadam_cell.h must know.
    tables : dict of str to array
        Of the types that they have in C.
    multiplier : int
        A factor of all rows.
    gain : int
        What no partial sum of a row exceeds, in multiples of the greatest state.
    in_place : bool
        False: the sums need an array of their own.
    bucket : int
        What a bucket of elements may hold before it is weighed, in multiples of the greatest state; 0 where there is none.
    """

    title: str
    constants: dict
    tables: dict
    multiplier: int
    gain: int
    in_place: bool
    bucket: int = 0


@dataclass(frozen=True, eq=False)
class PhaseLayout:
    """The constants of the steps of one phase, as C has them.

    Parameters
    ----------
    digits : uint8 [inputs * planes, ceil(n / 2)]
        The columns of V's codes, each ``planes`` times: digit k of all units, two a byte, 8 more than their value.
    planes : int
    bias : int [n]
        ``B_p``, with half of the last place added where the rounding adds it.
    input_shift, state_shift, output_shift : int
    """

    digits: np.ndarray
    planes: int
    bias: np.ndarray
    input_shift: int
    state_shift: int
    output_shift: int


@dataclass(frozen=True, eq=False)
class LayerLayout:
    """A layer as C has it.

    Parameters
    ----------
    layer : Layer
    recurrence : RecurrenceLayout
    phases : tuple of PhaseLayout
    word_bits : int
        16, 32 or 64: the narrowest type that holds every partial sum of a step. The state is kept in it.
    """

    layer: object
    recurrence: RecurrenceLayout
    phases: tuple[PhaseLayout, ...]
    word_bits: int

    @property
    def scale_digits(self):
        """The multiplier as a list of (shift, negate)."""
        return signed_digits(self.recurrence.multiplier)

    @property
    def table_bytes(self):
        """Bytes of the constant tables, the small numbers of each phase aside."""
        return sum(table.nbytes for table in self.recurrence.tables.values()) + sum(
            phase.digits.nbytes + phase.bias.nbytes for phase in self.phases)

    @property
    def state_bytes(self):
        """Bytes of the state, and of the array of sums if there is one."""
        return self.layer.size * self.word_bits // 8 * (1 if self.recurrence.in_place else 2)


@dataclass(frozen=True, eq=False)
class StageLayout:
    """A stage of the read-out as C has it.

    Parameters
    ----------
    stage : Dense
    digits : uint8
        Of a hidden stage [outputs, planes, ceil(inputs / 2)], rows, the most significant plane first. Of the last
        [inputs, planes, ceil(outputs / 2)], columns, the least significant plane first.
    biases : tuple of int [outputs]
    word_bits : int
        32 or 64: the type of the sums.
    """

    stage: object
    digits: np.ndarray
    biases: tuple[np.ndarray, ...]
    word_bits: int

    @property
    def planes(self):
        """Digits of a code."""
        return self.digits.shape[1]

    @property
    def table_bytes(self):
        """Bytes of the constant tables."""
        return self.digits.nbytes + sum(bias.nbytes for bias in self.biases)


@dataclass(frozen=True, eq=False)
class Layout:
    """A model as C has it.

    Parameters
    ----------
    layers : tuple of LayerLayout
    stages : tuple of StageLayout
    pool_bits : int
        Of the type of the pool's words; 0 without a pool.
    input_bits : int
        Of the type of an input's element.
    """

    layers: tuple[LayerLayout, ...]
    stages: tuple[StageLayout, ...]
    pool_bits: int
    input_bits: int

    @property
    def logit_bits(self):
        """Of the type of an output."""
        return self.stages[-1].word_bits

    @property
    def table_bytes(self):
        """Bytes of the constant tables of all layers and stages."""
        return sum(part.table_bytes for part in (*self.layers, *self.stages))

    @property
    def state_bytes(self):
        """Bytes of a sequence between two steps: pool, layers, the counter of saturations, a byte for the phase."""
        top = self.layers[-1].layer
        members = [(top.size * self.pool_bits // 8, self.pool_bits // 8)] if self.pool_bits else []
        members += [(plan.state_bytes, plan.word_bits // 8) for plan in self.layers] + [(4, 4)]
        members += [(1, 1)] if len(top.phases) == 2 else []
        end = 0
        for size, align in members:
            end = _aligned(end, align) + size
        return _aligned(end, max(align for _, align in members))


def layout(model):
    """The :class:`Layout` of ``model``."""
    readout = model.readout
    least, most = readout.range(model.top.state)
    pool_bits = type_bits(most, (16, 32, 64)) if model.pooling is Pooling.SUM else 0
    stages = []
    for stage in readout.stages:
        stages.append(_stage(stage, max(-least, most)))
        if stage.requantization is not None:
            least, most = 0, stage.requantization.maximum
    return Layout(layers=tuple(map(_layer, model.layers)), stages=tuple(stages), pool_bits=pool_bits,
                  input_bits=8 if model.input.width <= 8 else 16)


def code_digits(codes):
    """``codes`` as digits int64 [planes, ...] of -8 ... 7, the least significant first: ``sum(16**k digit_k)``."""
    rest, planes = np.array(codes, dtype=np.int64), []
    while not planes or rest.any():
        digit = ((rest - LEAST_DIGIT) & 15) + LEAST_DIGIT
        planes.append(digit)
        rest = (rest - digit) >> DIGIT_BITS
    return np.array(planes)


def type_bits(bound, choices=(8, 16, 32, 64)):
    """The bits of the narrowest type that holds ``-bound`` to ``bound``."""
    # 64 always do: outputs have at most 62 bits and all else 52, and the digits of a code add up to 3.3 times the code
    return next(bits for bits in choices if bound < 1 << (bits - 1))


def _layer(layer):
    recurrence = _RECURRENCES.get(layer.recurrence.kind, _matrix)(layer.recurrence)
    phases, bounds = [], []
    for p, constants in enumerate(layer.phases):
        digits, shift = code_digits(constants.input_codes), layer.output_shift(p)
        half = 1 << (shift - 1) if shift and layer.rounding is not Rounding.FLOOR else 0
        bias = constants.bias + half
        bounds.append(_step_bound(layer, p, recurrence, digits, bias))
        columns = digits.transpose(2, 0, 1).reshape(-1, layer.size)  # [inputs * planes, n]: an element's planes in a row
        phases.append((_pack(columns), len(digits), bias, layer.input_shift(p), layer.state_shift(p), shift))
    kind = _integers(*(bias for _, _, bias, *_ in phases))
    return LayerLayout(layer=layer, recurrence=recurrence, word_bits=type_bits(max(bounds), (16, 32, 64)), phases=tuple(
        PhaseLayout(digits, planes, bias.astype(kind), *shifts) for digits, planes, bias, *shifts in phases))


def _butterflies(recurrence):
    """Signs, blocks and wires: everything in place."""
    kind = "Hadamard recurrence" if recurrence.block > 1 else "Recurrence"
    block = f" in blocks of {recurrence.block}" if 1 < recurrence.block < recurrence.size else ""
    tables, cycles = {"sign": (recurrence.signs >> 1).astype(np.int8)}, 0
    if recurrence.wires is not None:
        units, ends = _cycles(recurrence.wires)
        number = np.uint8 if recurrence.size <= 256 else np.uint16
        tables |= {"wires": units.astype(number), "cycle_ends": ends.astype(np.uint16)}
        cycles = len(ends)
    factors = np.unique(np.abs(recurrence.factors)).tolist()
    if not recurrence.has_one_leak:
        tables["leaks"] = recurrence.leaks.astype(np.uint8)
    return RecurrenceLayout(
        title=f"{kind} of {recurrence.size} units{block}, signs{' and wires' if cycles else ''}",
        constants={"MATRIX": 0, "LOG2_BLOCK": recurrence.log2_block, "CYCLES": cycles,
                   "LEAKS": 0 if recurrence.has_one_leak else recurrence.greatest_leak}, tables=tables,
        multiplier=factors[0] if recurrence.has_one_leak else 1,
        gain=recurrence.block * max(map(_places, factors)), in_place=True)


def _matrix(recurrence):
    """Any other recurrence, by its matrix: two bits an entry where these are -1, 0 and 1 times a common factor, else digits."""
    matrix = recurrence.matrix()
    multiplier = int(np.gcd.reduce(matrix, axis=None)) or 1
    entries = matrix // multiplier
    title = f"Recurrence ({recurrence.kind}) of {recurrence.size} units"
    if np.abs(entries).max() <= 1:
        gain = max(int(np.abs(entries).sum(axis=1).max()), 1)
        return RecurrenceLayout(title=title, constants={"MATRIX": 1}, tables={"rows": _bits(entries)}, multiplier=multiplier,
                                gain=gain * _places(multiplier), in_place=False)
    digits = code_digits(entries)
    return RecurrenceLayout(
        title=title, constants={"MATRIX": 2, "MATRIX_PLANES": len(digits)}, tables={"rows": _rows(digits).reshape(-1)},
        multiplier=multiplier, gain=int(_weighed(digits).max()) * _places(multiplier), in_place=False,
        bucket=recurrence.size)


#: What has a better way than its matrix.
_RECURRENCES = {Hadamard.kind: _butterflies}


def _cycles(wires):
    """(units, ends): all units, cycle by cycle, each followed by the one that its wire names; where each cycle ends."""
    units, ends, left = [], [], dict.fromkeys(range(len(wires)))
    while left:
        unit = next(iter(left))
        while unit in left:
            del left[unit]
            units.append(unit)
            unit = int(wires[unit])
        ends.append(len(units))
    return np.array(units), np.array(ends)


def _stage(stage, greatest):
    """The layout of a stage whose elements lie between ``-greatest`` and ``greatest``."""
    digits = code_digits(stage.codes)
    kind = _integers(*stage.biases)
    largest_bias = max(int(np.abs(bias).max()) for bias in stage.biases)
    if stage.requantization is None:
        bound = max(int(_weighed(digits).max()) * greatest + largest_bias,
                    -LEAST_DIGIT * greatest << DIGIT_BITS * (len(digits) - 1))
        packed = _pack(digits.transpose(2, 0, 1))  # [inputs, planes, outputs]
    else:
        bound = max(int(_weighed(digits).max()), stage.inputs) * greatest + (largest_bias << stage.bias_shift) \
            + half_of(stage.requantization.shift)  # a bucket may hold all elements, each once
        packed, kind = _rows(digits), np.dtype(f"i{HIDDEN_BIAS_BITS // 8}")
    return StageLayout(stage=stage, digits=packed, biases=tuple(bias.astype(kind) for bias in stage.biases),
                       word_bits=type_bits(bound, (32, 64)))


def half_of(shift):
    """What a rounding half-up adds before the shift."""
    return 1 << (shift - 1) if shift else 0


def _rows(digits):
    """Digits [planes, rows, columns] as hadam_dot.h takes them: rows, the most significant plane first."""
    return _pack(digits[::-1].transpose(1, 0, 2))


def _weighed(digits):
    """What a row of digits [planes, rows, columns] adds up to at the most, in multiples of the greatest element."""
    return sum(np.abs(plane).sum(axis=1) << DIGIT_BITS * k for k, plane in enumerate(digits))


def _pack(digits):
    """Two digits a byte along the last axis, the first in the low bits; a digit that lacks its partner gets a 0."""
    count = digits.shape[-1]
    padded = np.zeros((*digits.shape[:-1], count + count % 2), dtype=np.int64)
    padded[..., :count] = digits
    padded -= LEAST_DIGIT
    return (padded[..., 0::2] | padded[..., 1::2] << DIGIT_BITS).astype(np.uint8)


def _bits(ternary):
    """uint8 [n, 2 ceil(n / 8)]: a row's bits of +1, then those of -1."""
    return np.concatenate([np.packbits(ternary == sign, axis=1, bitorder="little") for sign in (1, -1)], axis=1)


def _places(multiplier):
    """What the shifts of a multiplier add up to."""
    return sum(1 << shift for shift, _ in signed_digits(multiplier))


def _step_bound(layer, p, recurrence, digits, bias):
    """What no partial sum of a step exceeds, in whatever order it is added up; every multiple in the bank counts."""
    largest = max(-layer.input.minimum, layer.input.maximum) << layer.input_shift(p)
    recurrent = recurrence.gain * -layer.state.minimum << layer.state_shift(p)
    return max(recurrent + int(_weighed(digits).max()) * largest + int(np.abs(bias).max()),
               recurrence.bucket * -layer.state.minimum,
               -LEAST_DIGIT * largest << DIGIT_BITS * (len(digits) - 1))


def _integers(*arrays):
    """The narrowest signed type that holds all ``arrays``."""
    return np.dtype(f"i{type_bits(max(int(np.abs(array).max()) for array in arrays)) // 8}")


def _aligned(size, align):
    return -(-size // align) * align
