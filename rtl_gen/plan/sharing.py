# SPDX-License-Identifier: BSD-2-Clause
"""Common subexpressions of a ternary matrix: which sums of two terms its rows share. NumPy only."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Sharing:
    """Rows of a ternary matrix over its columns and over sums of two terms that they share.

    Parameters
    ----------
    sums : tuple of (int, int, bool)
        Term ``columns + k`` is term ``sums[k][0]`` plus term ``sums[k][1]``, or minus it where the third says so.
    rows : int8 [rows, columns + sums]
        The matrix in terms of the columns and the sums.
    """

    sums: tuple[tuple[int, int, bool], ...]
    rows: np.ndarray


def share_sums(matrix):
    """The :class:`Sharing` of a matrix of -1, 0 and 1, by greedy choice.

    The two terms that the most rows contain, up to the sign of the pair, become a term of their own, until no two rows
    share a pair. Many pairs are equally frequent, and which of them is taken decides about a tenth of the adders: the
    one whose terms the fewest rows use, since taking it spoils the fewest other pairs; then the shallowest.

    The counts of all pairs stand in a matrix of which a choice changes three rows, so that ``k`` terms of ``r`` rows take
    ``O(k**2 r)`` operations, all of them NumPy's.
    """
    table = _Table(np.asarray(matrix, dtype=np.float32))
    sums = []
    while (pair := table.best()) is not None:
        sums.append((*pair, table.merge(*pair)))
    return Sharing(tuple(sums), table.terms[:table.count].T.astype(np.int8))


class _Table:
    """The terms, by row of the matrix, and for each two terms how many rows hold them with the more frequent sign."""

    def __init__(self, matrix):
        rows, self.count = matrix.shape
        room = max(4 * self.count, 16)
        self.terms = np.zeros((room, rows), dtype=np.float32)  # float32 for BLAS; its integers are exact far beyond `rows`
        self.terms[:self.count] = matrix.T
        self._pairs = np.zeros((room, room), dtype=np.uint8 if rows < 1 << 8 else np.uint16)
        self._level = np.zeros(room, dtype=np.int64)
        self._uses = np.zeros(room, dtype=np.int64)
        self._most = np.zeros(room, dtype=np.int64)  # of a row of `_pairs`, never less than its maximum
        self._recount(range(self.count))

    def best(self):
        """The pair to be merged, or None when no two rows share one."""
        n = self.count
        while n and (most := self._most[:n].max()) >= 2:
            candidates = np.flatnonzero(self._most[:n] == most)
            for first in candidates[np.argsort(self._rank(candidates), kind="stable")]:
                self._most[first] = self._pairs[first, :n].max()
                if self._most[first] == most:
                    partners = np.flatnonzero(self._pairs[first, :n] == most)
                    return int(first), int(partners[np.argmin(self._rank(partners))])
        return None

    def merge(self, first, second):
        """Makes a term of the pair in every row that holds it with its more frequent sign; whether that is a difference."""
        if self.count == len(self.terms):
            self._grow()
        products = self.terms[first] * self.terms[second]
        same, opposite = np.flatnonzero(products == 1), np.flatnonzero(products == -1)
        subtract = len(opposite) > len(same)
        rows, new = opposite if subtract else same, self.count
        self.terms[new, rows] = self.terms[first, rows]
        self.terms[first, rows] = self.terms[second, rows] = 0
        self._level[new] = 1 + max(self._level[first], self._level[second])
        self.count += 1
        self._recount([first, second, new])
        return subtract

    def _rank(self, terms):
        return (self._uses[terms] << 16) + self._level[terms]

    def _recount(self, changed):
        changed, n = list(changed), self.count
        columns = self.terms[changed].T
        together = np.abs(self.terms[:n]) @ np.abs(columns)
        counts = ((together + np.abs(self.terms[:n] @ columns)) / 2).astype(self._pairs.dtype)
        counts[changed, range(len(changed))] = 0
        self._pairs[:n, changed] = counts
        self._pairs[changed, :n] = counts.T
        self._uses[changed] = np.count_nonzero(columns, axis=0)
        np.maximum(self._most[:n], counts.max(axis=1, initial=0), out=self._most[:n])
        self._most[changed] = counts.max(axis=0, initial=0)

    def _grow(self):
        def doubled(array, axes):
            return np.pad(array, [(0, length if axis in axes else 0) for axis, length in enumerate(array.shape)])

        self.terms = doubled(self.terms, (0,))
        self._pairs = doubled(self._pairs, (0, 1))
        self._level, self._uses, self._most = (doubled(values, (0,)) for values in (self._level, self._uses, self._most))


def reference_rows(matrix):
    """For each row of a ternary matrix the row that it is a small step from, or itself: int [rows].

    Rows with the same zeros differ from each other by 0 or 2 in each column, up to the sign of the row. So the rows of a
    binary matrix, for one, are a common reference row plus twice a matrix of half as many entries, in each column of one
    sign only: far more is shared there. Of each group of three or more rows with the same zeros the reference is the one
    with the fewest steps to the others.
    """
    matrix = np.asarray(matrix, dtype=np.int64)
    references = np.arange(len(matrix))
    groups = {}
    for row, values in enumerate(matrix):
        groups.setdefault((values != 0).tobytes(), []).append(row)
    for rows in groups.values():
        if len(rows) >= 3:
            agreeing = np.abs(matrix[rows] @ matrix[rows].T).sum(axis=1)
            references[rows] = rows[int(agreeing.argmax())]
    return references
