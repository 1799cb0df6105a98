# SPDX-License-Identifier: BSD-2-Clause
"""An estimator of scikit-learn, which is an extra: ``HadamClassifier`` in pipelines, searches and cross-validations."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_random_state, column_or_1d, validate_data

from hadam_hw.train.own.api import fit


class HadamClassifier(ClassifierMixin, BaseEstimator):
    """:func:`hadam_hw.fit` as scikit-learn has it.

    ``X`` is [sequences, steps], one channel; or [sequences, steps, channels], or a list of arrays [steps, channels] of any
    lengths.

    Parameters
    ----------
    method : str
        ``"ridge"``, ``"gradient"``, or ``"auto"``: both where PyTorch is there.
    hidden : int, optional
        Units; chosen by default.
    leak : int, optional
    recurrence, readout : str, optional
        ``"hadamard"`` or ``"oscillators"``; ``"sum"`` or ``"last"``.
    window, hop : int, optional
        In steps: sequences are one each without. With a window, ``predict`` takes sequences of one window.
    balance : str
        ``"even"``, ``"none"`` or ``"auto"``.
    folds : int
    budget : float
        Seconds of processor time that gradients may take.
    random_state : int or RandomState, optional
        Of folds and all that is drawn; None is 0, so that fits are repeated unless told otherwise.

    Attributes
    ----------
    model_ : Model
    classes_ : array
    n_features_in_ : int
        Of ``X`` of two axes its steps.
    """

    def __init__(self, method="ridge", hidden=None, leak=None, recurrence=None, readout=None, window=None, hop=None,
                 balance="auto", folds=5, budget=300.0, random_state=None):
        self.method = method
        self.hidden = hidden
        self.leak = leak
        self.recurrence = recurrence
        self.readout = readout
        self.window = window
        self.hop = hop
        self.balance = balance
        self.folds = folds
        self.budget = budget
        self.random_state = random_state

    def fit(self, X, y, groups=None):
        """Trains on ``X`` and the classes ``y`` [sequences]; ``groups`` [sequences] are not parted by the folds."""
        if _plain(X):
            X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        else:
            y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier can't train when only one class is present: {self.classes_[0]!r}")
        given = {name: getattr(self, name) for name in ("hidden", "leak", "recurrence", "readout", "window", "hop")
                 if getattr(self, name) is not None}
        seed = 0 if self.random_state is None else int(check_random_state(self.random_state).randint(1 << 31))
        self.model_ = fit(X, numbers, groups, fit=self.method, balance=self.balance, folds=self.folds,
                          budget=float(self.budget), seed=seed, **given)
        return self

    def predict(self, X):
        """The class of each sequence."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        """float64 [sequences, classes]"""
        check_is_fitted(self)
        if _plain(X):
            X = validate_data(self, X, dtype=np.float64, reset=False)
        return self.model_.predict_proba(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _plain(X):
    """Whether ``X`` is a table, or something that scikit-learn shall refuse."""
    if isinstance(X, np.ndarray):
        return X.ndim != 3
    return not (isinstance(X, (list, tuple)) and len(X) and all(isinstance(one, np.ndarray) for one in X))
