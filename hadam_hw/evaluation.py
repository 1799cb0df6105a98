# SPDX-License-Identifier: BSD-2-Clause
"""What people ask of a classifier: the confusion matrix, the recall of each class, the groups that it knows least."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GroupScore:
    """The sequences of one group (a person, a device, a day), and how many of them were right."""

    name: str
    right: int
    count: int

    @property
    def percent(self):
        """Of right ones."""
        return 100 * self.right / self.count


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Predictions against labels.

    Parameters
    ----------
    classes : tuple of str
    matrix : int64 [classes, classes]
        Sequences of the class of the row that were said to be of the class of the column.
    groups : tuple of GroupScore
        The worst first; of equal ones the larger.
    """

    classes: tuple[str, ...]
    matrix: np.ndarray
    groups: tuple[GroupScore, ...] = ()

    @classmethod
    def of(cls, classes, labels, predicted, groups=()):
        """That of ``labels`` and ``predicted`` int [sequences], numbers of classes; ``groups`` are names, None for nobody's."""
        labels, predicted = np.asarray(labels), np.asarray(predicted)
        matrix = np.zeros((len(classes), len(classes)), np.int64)
        np.add.at(matrix, (labels, predicted), 1)
        counts = {}
        for name, right in zip(groups, (labels == predicted).tolist(), strict=False):
            if name is not None:
                own = counts.setdefault(name, [0, 0])
                own[0] += right
                own[1] += 1
        scores = sorted((GroupScore(name, *own) for name, own in counts.items()), key=lambda one: (one.percent, -one.count))
        return cls(tuple(classes), matrix, tuple(scores))

    @property
    def count(self):
        """All sequences."""
        return int(self.matrix.sum())

    @property
    def right(self):
        """Those that were told right."""
        return int(np.trace(self.matrix))

    @property
    def percent(self):
        """Of right ones."""
        return 100 * self.right / max(1, self.count)

    @property
    def sizes(self):
        """int64 [classes]: the sequences of each."""
        return self.matrix.sum(axis=1)

    @property
    def recalls(self):
        """float64 [classes]: percent of each class that was told right; NaN of a class without sequences."""
        sizes = self.sizes
        return np.where(sizes > 0, 100 * np.diag(self.matrix) / np.maximum(sizes, 1), np.nan)

    @property
    def balanced(self):
        """The mean recall of the classes that there are, in percent."""
        return float(np.nanmean(self.recalls)) if self.count else 0.0

    def as_json(self):
        """Plain values for a report."""
        return {"classes": list(self.classes), "matrix": self.matrix.tolist(), "count": self.count, "right": self.right,
                "percent": self.percent, "balanced": self.balanced,
                "recall": [None if np.isnan(recall) else float(recall) for recall in self.recalls],
                "groups": [{"name": one.name, "right": one.right, "count": one.count} for one in self.groups]}
