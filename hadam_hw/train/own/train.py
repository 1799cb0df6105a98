# SPDX-License-Identifier: BSD-2-Clause
"""The whole of a training on one's own recordings: choose, fit once more on all, score once."""

import time
from dataclasses import dataclass

from hadam_hw.evaluation import Evaluation
from hadam_hw.model import Model
from hadam_hw.train.own.choose import Tried, choose, words_of
from hadam_hw.train.own.finish import fit_ridge, scored
from hadam_hw.train.own.options import Fitting
from hadam_hw.train.own.prepare import class_weights
from hadam_hw.train.progress import progress_on


@dataclass(frozen=True, eq=False)
class Trained:
    """What came out.

    Parameters
    ----------
    model : Model
    evaluation : Evaluation
        On the test part; on validation where there is none.
    judged : str
        Which of them, as "test sequences".
    percent : float
        Right on validation.
    settings : Settings
    fit : Fitting
    mu_law : tuple of str
    tried : tuple of Tried
    seconds : float
    interrupted : bool
    """

    model: Model
    evaluation: Evaluation
    judged: str
    percent: float
    settings: object
    fit: Fitting
    mu_law: tuple[str, ...]
    tried: tuple[Tried, ...]
    seconds: float
    interrupted: bool = False


def train_own(data, options, console, command, checkpoint):
    """Trains on :class:`~hadam_hw.train.own.prepare.OwnData`; returns :class:`Trained`.

    Parameters
    ----------
    options : OwnOptions
    console : rich.console.Console
        Hears how far it is.
    command : str
        For the model's provenance.
    checkpoint : Path
        What gradients go on from after a kill; removed at the end.
    """
    began = time.perf_counter()
    with progress_on(console) as progress:
        bar = progress.add_task("choosing")
        choice = choose(data, options, lambda words, done, total: progress.update(bar, description=words, completed=done,
                                                                                  total=total))
    sizes, sentence = class_weights(choice.sequences.labels, len(data.classes), options.balance)
    if sentence:
        console.print(f"note: {sentence}")
    fitted = fit_ridge(choice, data, options)
    console.print(f"ridge: {words_of(choice.settings)}; {fitted.percent:.2f} % on validation")
    model, evaluation = scored(fitted, data, choice.source, choice.sequences, command)
    judged = "test sequences"
    if evaluation is None:
        evaluation, judged = choice.folded.evaluation(data.classes, choice.sequences, choice.settings.u_bits), \
            "validation sequences"
    return Trained(model, evaluation, judged, fitted.percent, fitted.settings, Fitting.RIDGE, choice.mu_law, choice.tried,
                   time.perf_counter() - began)
