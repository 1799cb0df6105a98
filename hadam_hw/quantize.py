# SPDX-License-Identifier: BSD-2-Clause
"""From float parameters to a :class:`Model`: codes, binary points, calibration from data."""

from dataclasses import dataclass

import numpy as np

from hadam_hw import golden
from hadam_hw.checks import as_array, as_instance, as_integer, as_member, as_positive, as_real, as_reals
from hadam_hw.errors import ModelError
from hadam_hw.fixed import MAX_FRAC, FixedPoint, Rounding, signed_width
from hadam_hw.layer import Activation, InputFormat
from hadam_hw.model import Model
from hadam_hw.readout import Pooling, pool_bits

#: A state word may saturate this often (of all units and steps) at most; beyond that one more integer bit is spent unasked.
SATURATION_LIMIT = 2e-4
#: Of a quantised weight: those of a table are as wide as an input.
MAX_BITS = 16
#: How far from their grid quantised weights may lie that were stored as floats of 16 bits, as a share of the greatest.
ON_GRID = 2.0**-9
#: Weights that are looked at first.
SAMPLE = 1000


def quantize_codes(weight, bits):
    """The paper's quantiser: (codes, scale) with ``weight ~ codes * scale``; int8 up to 8 bits, int16 up to 16.

    ``a = max|w|``; code = ``clamp(round(w 2**(bits-1) / a), -2**(bits-1), 2**(bits-1) - 1)``, and one bit keeps -1, 0 and 1
    (HadamRNN, arXiv 2502.00047, reference code).

    Raises
    ------
    ModelError
        If a weight is not finite, or ``bits`` not between 1 and 16.
    """
    bits = as_integer("Bits of a code", bits)
    if not 1 <= bits <= MAX_BITS:
        raise ModelError(f"Bits of a code must be between 1 and {MAX_BITS}, not {bits}")
    weight = as_array("Weights", weight).astype(np.float64)
    if not np.isfinite(weight).all():
        raise ModelError("Weights must be finite numbers; the training has diverged")
    largest = float(np.abs(weight).max(initial=0.0)) or 1.0
    steps = 1 << (bits - 1)
    codes = np.clip(np.rint(weight * steps / largest), -steps, steps - 1 if bits > 1 else 1)
    return codes.astype(np.int8 if bits <= 8 else np.int16), largest / steps


@dataclass(frozen=True, eq=False)
class Coded:
    """Codes of a float matrix, ``weight ~ codes * scale``.

    Parameters
    ----------
    codes : int8 or int16, of the matrix's shape
    scale : float
    bits : int
        Of a code; 1 means -1, 0 and 1.
    """

    codes: np.ndarray
    scale: float
    bits: int

    @classmethod
    def of(cls, weight, bits):
        """By :func:`quantize_codes`."""
        return cls(*quantize_codes(weight, bits), bits)

    @classmethod
    def on_grid(cls, weight, bits):
        """The codes of a matrix that was quantised before, exactly, on the coarsest grid through 0; None if it was not.

        The grid is that of the greatest weight divided by a whole number, whose codes fit ``bits`` bits; the :class:`Coded` has
        as few as they need.
        """
        weight = as_array("Weights", weight).astype(np.float64)
        largest = float(np.abs(weight).max(initial=0.0)) or 1.0
        low, high = (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        for steps in range(1, -low + 1):
            if not _lie_on(weight.flat[:SAMPLE] * (steps / largest), steps):
                continue  # most grids of a large matrix are told by a few of its weights
            places = weight * (steps / largest)
            codes = np.rint(places)
            if _lie_on(places, steps) and codes.max(initial=0) <= high:
                least = 1 if steps == 1 else signed_width(int(codes.min()), int(codes.max()))
                return cls(codes.astype(np.int8), largest / steps, least)
        return None


def _lie_on(places, steps):
    """Whether weights in steps of a grid are whole, but for what storing them cost."""
    return bool(np.abs(places - np.rint(places)).max(initial=0.0) <= ON_GRID * steps)


def quantize(*, recurrence, input_weight, bias, output_weight, output_bias, input_format, input_scale, input_offset=0.0,
             calibration, state_width=12, input_bits=4, output_bits=4, input_frac=4, rounding=Rounding.HALF_UP,
             emit=Pooling.LAST, activation=Activation.LINEAR, classes=(), provenance=None, table=None):
    """A quantised model of float parameters, its binary point chosen on data.

    The float model is ``h_t = W h_{t-1} + V (X * input_scale + input_offset) + b``, ``y = U relu(h) + c`` (with
    ``Activation.RELU`` the new ``h`` is rectified before it feeds back); ``X`` are the integers the hardware gets. Scale and
    offset cost nothing: the scale moves into the unit of the state, the offset into ``b``.

    Parameters
    ----------
    recurrence : Hadamard or Ternary
    input_weight : float [n, d_in]
        V; quantised to ``input_bits``.
    bias : float [n]
    output_weight : float [m, n]
        U; quantised to ``output_bits``.
    output_bias : float [m]
    input_format : InputFormat
    input_scale, input_offset : float
        What one integer step of ``X`` is worth, and what ``X = 0`` stands for.
    calibration : int [sequences, steps, d_in]
        Training inputs as integers, never test data.
    emit : Pooling
        For ``SUM`` the output is taken as ``U`` times the mean of all states, plus ``c``, over sequences as long as the
        calibration's.
    table : float [tokens, n], optional
        For tokens, in place of ``input_weight`` (then None): what each adds to the units; quantised to ``input_format.width``.
        Codes, format and ``calibration`` (int [sequences, steps] then) follow from it.
    input_frac : int
        Extra fraction bits of the second phase's codes, if there is one.

    Raises
    ------
    ModelError
    """
    as_instance("Input", input_format, InputFormat)
    if table is None:
        input_codes = Coded.of(input_weight, input_bits)
    else:  # row k of the table is the drive of token k, so V is the identity
        table, input_scale = quantize_codes(table, input_format.width)
        input_codes = Coded(np.eye(len(table.T), dtype=np.int8), 1.0, 1)
    return quantize_coded(
        recurrence=recurrence, input_codes=input_codes, bias=bias, output_codes=Coded.of(output_weight, output_bits),
        output_bias=output_bias, input_format=input_format, input_scale=input_scale, input_offset=input_offset,
        calibration=calibration, state_width=state_width, input_frac=input_frac, rounding=rounding, emit=emit,
        activation=activation, classes=classes, provenance=provenance, table=table)


def quantize_coded(*, recurrence, input_codes, bias, output_codes, output_bias, input_format, input_scale, calibration,
                   input_offset=0.0, state_width=12, input_frac=4, rounding=Rounding.HALF_UP, emit=Pooling.LAST,
                   activation=Activation.LINEAR, classes=(), provenance=None, table=None):
    """As :func:`quantize`, of a V and a U that have their codes already.

    Parameters
    ----------
    input_codes, output_codes : Coded
        V [n, d_in] and U [m, n].
    table : int [tokens, n], optional
        Codes, each worth ``input_scale``.

    Raises
    ------
    ModelError
    """
    as_instance("Input", input_format, InputFormat)
    emit = as_member(Pooling, emit)
    state_width = FixedPoint(state_width, 0).width
    calibration, bias = as_array("Calibration", calibration), as_reals("Biases", bias)
    if calibration.ndim < 2:
        raise ModelError(f"Calibration must be sequences [sequences, steps, d_in], not of shape {list(calibration.shape)}")
    input_scale, input_offset = as_positive("Input scale", input_scale), as_real("Input offset", input_offset)
    unit = input_codes.scale * input_scale
    offset = input_codes.codes.astype(np.float64).sum(axis=1) * input_codes.scale * input_offset
    steps = calibration.shape[1] if emit is Pooling.SUM else 1
    parameters = dict(
        recurrence=recurrence, input_weight=input_codes.codes, output_weight=output_codes.codes,
        bias=(bias + offset) / unit,
        output_bias=as_reals("Biases", output_bias) * steps / (output_codes.scale * unit),
        input_width=input_format.width, input_signed=input_format.signed, state_width=state_width,
        input_bits=input_codes.bits, output_bits=output_codes.bits, rounding=rounding, emit=emit, activation=activation,
        input_frac=input_frac, classes=classes, provenance=provenance, table=table,
        pool_bits=pool_bits(steps) if emit is Pooling.SUM else 0)
    frac = choose_frac(parameters, calibration)
    return Model.from_arrays(state_frac=frac, **parameters)


def choose_frac(parameters, calibration):
    """The binary point whose outputs on ``calibration`` are the nearest to those of an unrounded, unbounded state.

    From the largest one whose state saturates at most :data:`SATURATION_LIMIT` of the time it goes down as long as that
    brings the outputs nearer: a recurrence that forgets nothing keeps the error of one saturated word to the end of the
    sequence, which may cost more than a bit of rounding. ``parameters`` are those of :meth:`Model.from_arrays`
    without ``state_frac``.
    """
    widest = Model.from_arrays(**{**parameters, "state_width": 24}, state_frac=0)
    peak = float(np.abs(_states(widest, calibration)).max(initial=1.0))
    frac = parameters["state_width"] - 1 - int(np.ceil(np.log2(peak))) + 2
    best, least = None, np.inf
    while frac > -MAX_FRAC:
        model = Model.from_arrays(**parameters, state_frac=frac)
        run = golden.run(model, calibration)
        saturated = run.saturations.sum() / (calibration.shape[0] * calibration.shape[1] * model.size)
        if best is not None or saturated <= SATURATION_LIMIT:
            error = _output_error(run, model, calibration)
            if error >= least:
                return best
            best, least = frac, error
            if not saturated:
                return best
        frac -= 1
    if best is None:
        raise ModelError("State has no binary point that keeps it in range; the recurrence grows without bound")
    return best


def _output_error(run, model, inputs):
    """Sum of squares of what rounding and saturation did to the last outputs, their unit aside."""
    wanted = golden.float_run(model, inputs)
    outputs = (run.outputs[:, -1] if model.pooling is Pooling.EVERY else run.outputs).astype(np.float64)
    unit = (outputs * wanted).sum() / max(np.square(outputs).sum(), 1)
    return float(np.square(outputs * unit - wanted).sum())


def _states(model, inputs):
    """The last states of the unrounded model: orthogonal recurrences keep their size, so the last tells the range."""
    return golden.run(model, inputs).states * 2.0**-model.top.state.frac
