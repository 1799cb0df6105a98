# SPDX-License-Identifier: BSD-2-Clause
"""After the choice: one more fit on the whole training part, and one score on the test part."""

from dataclasses import dataclass

import numpy as np

from hadam_hw import golden
from hadam_hw.errors import DataError
from hadam_hw.evaluation import Evaluation
from hadam_hw.lengths import batches, padded, rests_at_zero
from hadam_hw.model import Model, Provenance, TestVectors
from hadam_hw.readout import MAX_POOL_BITS, Pooling, exact_stage, pool_bits
from hadam_hw.train.own.calibrate import calibrated_scale
from hadam_hw.train.own.choose import step_of
from hadam_hw.train.own.pools import pools
from hadam_hw.train.own.prepare import class_weights, encoded
from hadam_hw.train.ridge import LeastSquares
from hadam_hw.train.threads import one_thread

#: Sequences that a model's file carries, and the numbers of all of them.
VECTORS, VECTOR_NUMBERS = 32, 1 << 20


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model that is fitted and not yet scored.

    Parameters
    ----------
    model : Model
    settings : Settings
        That repeat it.
    percent : float
        Right on validation, in integers; each class counts the same where classes are weighted.
    notes : str
    """

    model: Model
    settings: object
    percent: float
    notes: str


@one_thread
def fit_ridge(choice, data, options):
    """The :class:`Fitted` of a :class:`~hadam_hw.train.own.choose.Choice`, on the whole training part."""
    settings, layer, labels = choice.settings, choice.layer, choice.sequences.labels
    weights, _ = class_weights(labels, len(data.classes), options.balance)
    share, answers, percent = choice.folded.coded(settings.u_bits)
    squares = LeastSquares(choice.vectors, np.eye(len(data.classes))[labels], weights)
    real = squares.weights(choice.folded.strength)
    step = step_of(real, share, settings.u_bits)
    codes = next(squares.codes(real, [step], settings.u_bits, choice.folded.strength))
    unit = 2.0**layer.state.frac * step
    readout = exact_stage(codes, settings.u_bits, squares.bias(codes * step) / unit, layer.state.frac, 1, classes=data.classes,
                          pooling=settings.readout, pool_bits=sum_bits(choice.sequences, options, settings.readout))
    scale = options.probability_scale or calibrated_scale(answers, labels[choice.folded.validated]) * step
    source = choice.source if choice.source.known else None
    model = Model(layers=(layer,), readout=readout, input=source, probability_scale=scale)
    notes = f"recurrence and V drawn; ridge of {choice.folded.strength:.1e}"
    return Fitted(model, settings, percent, notes)


def sum_bits(sequences, options, pooling):
    """Bits of a pool: for the window, or where there is none for twice the longest sequence of the training."""
    if pooling is not Pooling.SUM:
        return 0
    longest = int(sequences.lengths.max())
    return min(MAX_POOL_BITS, pool_bits(longest if options.window is not None else 2 * longest))


def scored(fitted, data, source, sequences, command):
    """(the model with its score, test vectors and provenance; the :class:`Evaluation`, or None where there is no test part).

    Parameters
    ----------
    source : Input
        As the sequences were encoded by.
    sequences : Sequences
        Of the training part, whose vectors a model carries where there is no test part.

    Raises
    ------
    DataError
        If the golden model has other outputs than those that were scored, which no release should.
    """
    model, evaluation, saturations = fitted.model, None, None
    if data.test is not None:
        sequences = encoded(source, data.test)
        outputs, saturations = outputs_of(model, sequences.codes)
        evaluation = Evaluation.of(data.classes, sequences.labels, golden.classify(outputs), sequences.groups)
    chosen = _spread(sequences)
    inputs = padded([sequences.codes[k] for k in chosen])
    vectors = TestVectors(inputs, golden.run(model, inputs).outputs, sequences.labels[chosen])
    if data.test is not None and (vectors.outputs != outputs[chosen]).any():
        raise DataError("Outputs of test sequences must equal the golden model's, and do not; report it with the command")
    notes = fitted.notes + ("" if saturations is None else f"; {saturations} saturations on the test set")
    provenance = Provenance(
        task=f"own recordings: {data.name}", seed=fitted.settings.seed, command=command,
        integer_score=None if evaluation is None else evaluation.percent, validation_score=fitted.percent, split=data.sentence,
        epochs=fitted.settings.until or None, notes=notes)
    return model.replace(vectors=vectors, provenance=provenance), evaluation


def outputs_of(model, sequences):
    """(``Y`` int64 [sequences, m], saturations) of sequences of any lengths, each as at its own length."""
    if len(model.layers) == 1 and len(model.readout.stages) == 1 and rests_at_zero(model.layers):
        vectors, saturations = pools(model.top, model.pooling, sequences)
        return model.readout(vectors, 0), saturations
    outputs, saturations = np.zeros((len(sequences), model.outputs), np.int64), 0
    for places in batches(np.array([len(codes) for codes in sequences]), longer=1):
        run = golden.run(model, padded([sequences[k] for k in places]))
        outputs[places] = run.outputs
        saturations += int(run.saturations.sum())
    return outputs, saturations


def _spread(sequences):
    """Places of some sequences, spread over all and not too long to be carried; of several lengths they are padded in front."""
    lengths = sequences.lengths
    near = np.flatnonzero(lengths <= max(np.median(lengths), 1))
    steps, width = int(lengths[near].max()), sequences.codes[0].shape[1]
    count = int(np.clip(VECTOR_NUMBERS // (steps * width), 1, VECTORS))
    return near[np.unique(np.linspace(0, len(near) - 1, min(count, len(near))).astype(np.int64))]
