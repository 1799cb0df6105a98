# SPDX-License-Identifier: BSD-2-Clause
"""The whole of a training on one's own recordings: choose, fit once more on all, score once."""

import time
from dataclasses import dataclass

from hadam_hw.errors import ToolMissingError
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
    percent : float or None
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
    percent: float | None
    settings: object
    fit: Fitting
    mu_law: tuple[str, ...]
    tried: tuple[Tried, ...]
    seconds: float
    interrupted: bool = False


def train_own(data, options, console, command):
    """Trains on :class:`~hadam_hw.train.own.prepare.OwnData`; returns :class:`Trained`.

    Parameters
    ----------
    options : OwnOptions
    console : rich.console.Console
        Hears how far it is.
    command : str
        For the model's provenance.

    Raises
    ------
    ToolMissingError
        If gradients are asked for and PyTorch is not installed.
    """
    began = time.perf_counter()
    gradient = _gradient(options.fit, console)
    with progress_on(console) as progress:
        bar = progress.add_task("choosing")
        choice = choose(data, options, lambda words, done, total: progress.update(bar, description=words, completed=done,
                                                                                  total=total))
    _, sentence = class_weights(choice.sequences.labels, len(data.classes), options.balance)
    if sentence:
        console.print(f"note: {sentence}")
    fitted, fitting, interrupted = fit_ridge(choice, data, options), Fitting.RIDGE, False
    console.print(f"ridge: {words_of(choice.settings)}; {fitted.percent:.2f} % on validation")
    judged = None
    if gradient is not None and fitted.percent == 100 and options.fit is Fitting.AUTO:
        console.print("all is right on validation, so gradients have nothing to add")
    elif gradient is not None:
        try:
            judged = gradient(choice, data, options, console.print)
        except KeyboardInterrupt:
            interrupted = True
            console.print("interrupted: the ridge is kept")
    tried = choice.tried
    if judged is not None:
        if judged.fitted is None:
            console.print(f"note: {judged.words}")
        else:
            tried += judged.tried + (Tried("ridge, on the folds of the gradients", None, judged.ridge_percent),
                      Tried(judged.words, None, judged.percent)) if judged.words else ()
            if options.fit is Fitting.GRADIENT or judged.percent > judged.ridge_percent:
                fitted, fitting = judged.fitted, Fitting.GRADIENT
    model, evaluation = scored(fitted, data, choice.source, choice.sequences, command)
    where = "test sequences"
    if evaluation is None:
        evaluation, where = choice.folded.evaluation(data.classes, choice.sequences, choice.settings.u_bits), \
            "validation sequences"
    return Trained(model, evaluation, where, fitted.percent, fitted.settings, fitting, choice.mu_law, tried,
                   time.perf_counter() - began, interrupted)


def _gradient(fit, console):
    """The function that trains by gradients, or None."""
    if fit is Fitting.RIDGE:
        return None
    try:
        from hadam_hw.train.own.gradient import fit_gradient  # PyTorch is an extra, and takes seconds to load
    except ImportError as error:
        if fit is Fitting.GRADIENT:
            raise ToolMissingError(f"Training by gradients needs {error.name}, which is not installed; install this package's "
                                   "extra 'train', or take --fit ridge, which needs NumPy alone") from None
        console.print(f"note: {error.name} is not installed, so a ridge must do; the extra 'train' adds gradients")
        return None
    return fit_gradient
