# SPDX-License-Identifier: BSD-2-Clause
"""From a drawn layer and the read-out trained behind it to the model, and its score."""

import numpy as np

from hadam_hw import golden
from hadam_hw.errors import DataError
from hadam_hw.model import Model, Provenance
from hadam_hw.readout import Pooling
from hadam_hw.train.scores import percent, split_of, vectors_of
from hadam_hw.train.state_cache import kept_states


def finish_stages(task, settings, fitted, cache, command):
    """The model of a :class:`~hadam_hw.train.fit_stages.FittedReadout` with its score on the test set and real test vectors.

    The score is of states that the compiled kernel computed; of the test vectors the golden model computes them again.

    Raises
    ------
    DataError
        If the two differ, which no release of this package should.
    """
    model = Model(layers=(fitted.layer,), readout=fitted.readout)
    states, saturations = kept_states(fitted.layer, task.test.inputs, cache, summed=model.pooling is Pooling.SUM)
    outputs = fitted.readout(states.astype(np.int64), 0)
    vectors = vectors_of(model, task, outputs)
    if (golden.run(model, vectors.inputs).outputs != vectors.outputs).any():
        raise DataError("States of the compiled kernel must equal the golden model's, and on test vectors they do not; "
                        "clear the cache, and report it if that does not help")
    provenance = Provenance(
        task=task.name, seed=settings.seed, command=command, integer_score=percent(outputs, task.test.labels),
        validation_score=fitted.validation_score, split=split_of(task, settings), epochs=fitted.epochs,
        notes=f"{saturations} saturations on the test set; recurrence drawn, not trained")
    return model.replace(vectors=vectors, provenance=provenance, input=task.input)
