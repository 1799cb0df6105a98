# SPDX-License-Identifier: BSD-2-Clause
"""From float parameters to a :class:`QuantizedModel`: codes, binary points, calibration from data."""

from dataclasses import dataclass

import numpy as np

from hadam_hw import golden
from hadam_hw.errors import ModelError
from hadam_hw.fixed import MAX_FRAC, Rounding
from hadam_hw.model import Activation, Emit, Provenance, QuantizedModel

#: A state word may saturate this often (of all units and steps) before one more integer bit is spent.
SATURATION_LIMIT = 2e-4


@dataclass(frozen=True)
class SaturationReport:
    """How often a model's state saturated on given sequences.

    ``fraction`` is events over units and steps; ``sequences`` the share of sequences with at least one.
    """

    events: int
    fraction: float
    sequences: float


def quantize_codes(weight, bits):
    """The paper's quantiser: (codes int8, scale) with ``weight ~ codes * scale``.

    ``a = max|w|``; code = ``clamp(round(w 2**(bits-1) / a), -2**(bits-1), 2**(bits-1) - 1)``, and one bit keeps -1, 0 and 1
    (HadamRNN, arXiv 2502.00047, reference code).

    Raises
    ------
    ModelError
        If a weight is not finite.
    """
    weight = np.asarray(weight, dtype=np.float64)
    if not np.isfinite(weight).all():
        raise ModelError("Weights must be finite numbers; the training has diverged")
    largest = float(np.abs(weight).max(initial=0.0)) or 1.0
    steps = 1 << (bits - 1)
    codes = np.clip(np.rint(weight * steps / largest), -steps, steps - 1 if bits > 1 else 1)
    return codes.astype(np.int8), largest / steps


def quantize(*, recurrence, input_weight, bias, output_weight, output_bias, input_format, input_scale, input_offset=0.0,
             calibration, state_width=12, input_bits=4, output_bits=4, input_frac=4, rounding=Rounding.HALF_UP,
             emit=Emit.LAST, activation=Activation.LINEAR, classes=(), provenance=None, table=None):
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
    emit : Emit
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
    calibration = np.asarray(calibration)
    if table is None:
        v_codes, v_scale = quantize_codes(input_weight, input_bits)
    else:  # row k of the table is the drive of token k, so V is the identity
        table, input_scale = quantize_codes(table, input_format.width)
        v_codes, v_scale, input_bits = np.eye(len(bias), dtype=np.int8), 1.0, 1
    u_codes, u_scale = quantize_codes(output_weight, output_bits)
    unit = v_scale * input_scale
    offset = v_codes.astype(np.float64).sum(axis=1) * v_scale * input_offset
    steps = calibration.shape[1] if emit is Emit.SUM else 1
    parameters = dict(
        recurrence=recurrence, input_weight=v_codes, output_weight=u_codes,
        bias=(np.asarray(bias, dtype=np.float64) + offset) / unit,
        output_bias=np.asarray(output_bias, dtype=np.float64) * steps / (u_scale * unit),
        input_width=input_format.width, input_signed=input_format.signed, state_width=state_width,
        input_bits=input_bits, output_bits=output_bits, rounding=rounding, emit=emit, activation=activation,
        input_frac=input_frac, classes=classes, provenance=provenance or Provenance(), table=table,
        pool_bits=max(1, (steps - 1).bit_length()) if emit is Emit.SUM else 0)
    frac = choose_frac(parameters, calibration)
    return QuantizedModel.from_arrays(state_frac=frac, **parameters)


def choose_frac(parameters, calibration):
    """The largest binary point whose state saturates at most :data:`SATURATION_LIMIT` of the time on ``calibration``.

    ``parameters`` are those of :meth:`QuantizedModel.from_arrays` without ``state_frac``.
    """
    widest = QuantizedModel.from_arrays(**{**parameters, "state_width": 24}, state_frac=0)
    peak = float(np.abs(_states(widest, calibration)).max(initial=1.0))
    frac = parameters["state_width"] - 1 - int(np.ceil(np.log2(peak))) + 2
    while frac > -MAX_FRAC:
        model = QuantizedModel.from_arrays(**parameters, state_frac=frac)
        if saturation_report(model, calibration).fraction <= SATURATION_LIMIT:
            return frac
        frac -= 1
    raise ModelError("State has no binary point that keeps it in range; the recurrence grows without bound")


def saturation_report(model, inputs):
    """The :class:`SaturationReport` of ``model`` on ``inputs`` int [sequences, steps, d_in]."""
    inputs = np.asarray(inputs)
    saturations = golden.run(model, inputs).saturations
    return SaturationReport(int(saturations.sum()), float(saturations.sum() / (inputs.shape[0] * inputs.shape[1] * model.size)),
                            float(np.mean(saturations > 0)))


def _states(model, inputs):
    """The last states of the unrounded model: orthogonal recurrences keep their size, so the last tells the range."""
    return golden.run(model, inputs).states * 2.0**-model.state.frac
