# SPDX-License-Identifier: BSD-2-Clause
"""Adder graphs: an integer matrix as additions, subtractions and shifts, with no gateware in it.

A graph computes ``y = M x`` for one constant integer matrix ``M``. Shifts and signs live on the edges, where hardware
has them for nothing; a node is one two-operand adder. Every builder evaluates the graph it made against the matrix it was
asked for (:meth:`AdderGraph.matrix`), so that a graph that exists is a graph that is right.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from heapq import heapify, heappop, heappush
from math import ceil, sqrt

import numpy as np

from hadam_hw.errors import ArchitectureError
from hadam_hw.input.digits import signed_digits as canonical_digits
from rtl_gen.plan.sharing import reference_rows, share_sums

#: Pairs of digits in a matrix up to which all of them are counted; each costs some 10 us.
FEW_PAIRS = 300_000
#: Of a larger matrix: pairs of a group of columns, and those of all groups together.
GROUP_PAIRS, ALL_PAIRS = 60_000, 1_500_000
#: Squared terms times rows of a ternary matrix up to which all columns are shared together, and, of a larger one, what the
#: number of groups is reckoned by.
TERNARY_WORK, GROUP_WORK = 40_000_000_000, 10_000_000_000
#: Signed digits of a recurrence whose additions are found by sharing: more take minutes, and fill no chip that is known here.
MAX_DIGITS = 1 << 18
#: Columns of a matrix that are evaluated together: each adder has a number for each of them.
COLUMNS = 256


@dataclass(frozen=True)
class Edge:
    """The value of a node times ``2**shift``, negated if ``negate``. Inputs are the nodes ``0 .. inputs-1``."""

    node: int
    shift: int = 0
    negate: bool = False

    def __neg__(self):
        return Edge(self.node, self.shift, not self.negate)

    def __lshift__(self, amount):
        return Edge(self.node, self.shift + amount, self.negate)


@dataclass(frozen=True)
class Adder:
    """``left + right``; ``left`` is never negated, so that one adder or one subtractor computes it."""

    left: Edge
    right: Edge


@dataclass(frozen=True)
class AdderGraph:
    """A directed acyclic graph of two-operand adders.

    Parameters
    ----------
    inputs : int
        Number of inputs; they are the nodes ``0 .. inputs-1``.
    adders : tuple of Adder
        Node ``inputs + i`` is ``adders[i]``; its operands are earlier nodes.
    outputs : tuple of Edge or None
        One for each row of the matrix; ``None`` is the constant 0.
    """

    inputs: int
    adders: tuple[Adder, ...]
    outputs: tuple[Edge | None, ...]

    def evaluate(self, x):
        """``M x`` in int64 along the last axis of ``x`` [..., inputs]; [..., outputs]."""
        x = np.asarray(x, dtype=np.int64)
        values = [x[..., i] for i in range(self.inputs)]

        def value(edge):
            shifted = values[edge.node] << edge.shift
            return -shifted if edge.negate else shifted

        for adder in self.adders:
            values.append(value(adder.left) + value(adder.right))
        outputs = np.zeros((*x.shape[:-1], len(self.outputs)), dtype=np.int64)
        for row, edge in enumerate(self.outputs):
            if edge is not None:
                outputs[..., row] = value(edge)
        return outputs

    def matrix(self):
        """The matrix the graph computes, int64 [outputs, inputs]."""
        return np.concatenate([self.evaluate(rows).T for rows in self._units()], axis=1)

    def _units(self):
        """The unit vectors of the inputs, some at a time: int64 [up to COLUMNS, inputs]."""
        for start in range(0, self.inputs, COLUMNS):
            yield np.eye(min(COLUMNS, self.inputs - start), self.inputs, start, dtype=np.int64)

    @cached_property
    def node_bounds(self):
        """For each node, (sum of its negative coefficients, sum of its positive ones): its range is these times the input's."""
        bounds = np.zeros((self.inputs + len(self.adders), 2), dtype=np.int64)
        for units in self._units():
            rows = list(units.T)
            for adder in self.adders:
                right = rows[adder.right.node] << adder.right.shift
                rows.append((rows[adder.left.node] << adder.left.shift) + (-right if adder.right.negate else right))
            bounds += [(np.minimum(row, 0).sum(), np.maximum(row, 0).sum()) for row in rows]
        return tuple((negative, positive) for negative, positive in bounds.tolist())

    @cached_property
    def levels(self):
        """For each node, the number of adders on the longest way from an input to it, itself included."""
        levels = [0] * self.inputs
        for adder in self.adders:
            levels.append(1 + max(levels[adder.left.node], levels[adder.right.node]))
        return tuple(levels)


class _Builder:
    """Grows a graph; the same sum asked for twice is made once."""

    def __init__(self, inputs):
        self.inputs = inputs
        self.adders = []
        self.levels = [0] * inputs
        self._known = {}

    def add(self, a, b):
        """An edge whose value is ``a + b``: common shift and overall sign are moved behind the adder."""
        if (a.negate, a.node, a.shift) > (b.negate, b.node, b.shift):
            a, b = b, a
        if a.negate:
            return -self.add(-a, -b)
        common = min(a.shift, b.shift)
        adder = Adder(Edge(a.node, a.shift - common), Edge(b.node, b.shift - common, b.negate))
        if adder not in self._known:
            self._known[adder] = self.inputs + len(self.adders)
            self.adders.append(adder)
            self.levels.append(1 + max(self.levels[a.node], self.levels[b.node]))
        return Edge(self._known[adder], common)

    def sum(self, terms):
        """The sum of edges, the shallowest two first: the least depth."""
        terms = [(*self._order(edge), count, edge) for count, edge in enumerate(terms)]  # of equals the older first
        heapify(terms)
        count = len(terms)
        while len(terms) > 1:
            edge = self.add(heappop(terms)[-1], heappop(terms)[-1])
            heappush(terms, (*self._order(edge), count, edge))
            count += 1
        return terms[0][-1] if terms else None

    def scale(self, edge, factor):
        """``edge * factor`` by the canonical signed digits of ``factor``; None for 0."""
        if edge is None:
            return None
        return self.sum([-(edge << shift) if negate else edge << shift for shift, negate in signed_digits(factor)])

    def positive(self, edge):
        """The same value on an edge without a negation: ``-v = v - 2 v`` costs an adder."""
        return self.add(-edge, edge << 1) if edge is not None and edge.negate else edge

    def finish(self, outputs):
        return AdderGraph(self.inputs, tuple(self.adders), tuple(outputs))

    def _order(self, edge):
        return self.levels[edge.node], edge.node, edge.shift


def signed_digits(value):
    """The canonical signed digits of an integer, as edges have them: a list of (shift, negate), no two shifts adjacent."""
    return [(exponent, sign < 0) for sign, exponent in canonical_digits(int(value))]


@lru_cache(maxsize=4)  # by identity: the same recurrence is asked about in many architectures
def recurrence_graph(recurrence):
    """The graph of ``R``: by construction where the recurrence has one, common-subexpression elimination where it has none.

    By construction it takes the adders that :meth:`~hadam_hw.recurrence.Recurrence.network` asks for: a Hadamard matrix
    ``n log2(block)``, with the signs on the output edges, and ``n`` more for a leak.

    Raises
    ------
    ArchitectureError
        If a matrix without structure has too many digits for its sharing to end in a minute.
    """
    builder = _Builder(recurrence.size)
    lanes = recurrence.network([Edge(i) for i in range(recurrence.size)], builder.add)
    return _shared(recurrence.matrix()) if lanes is None else _checked(builder.finish(lanes), recurrence.matrix())


def _shared(matrix):
    """The graph of a matrix with a common factor: of what is left without it, times the factor."""
    factor = int(np.gcd.reduce(matrix, axis=None)) or 1
    digits = count_digits(matrix // factor)
    if digits > MAX_DIGITS:
        raise ArchitectureError(
            f"Recurrent matrix must have at most {MAX_DIGITS:,} signed digits where each is an adder, not {digits:,}; use "
            "fewer units, entries of fewer bits, or a Hadamard recurrence")
    graph = matrix_graph(matrix // factor)
    builder = _Builder(graph.inputs)
    renamed = [Edge(i) for i in range(graph.inputs)]

    def rename(edge):
        new = renamed[edge.node] << edge.shift
        return -new if edge.negate else new

    for adder in graph.adders:
        renamed.append(builder.add(rename(adder.left), rename(adder.right)))
    outputs = [None if edge is None else builder.scale(rename(edge), factor) for edge in graph.outputs]
    return _checked(builder.finish(outputs), matrix)


def matrix_graph(matrix, positive=False):
    """Any integer matrix [outputs, inputs] with two-term common-subexpression elimination.

    A matrix of -1, 0 and 1 is shared by :mod:`rtl_gen.plan.sharing`, row by row or, where rows have the same zeros, as steps
    from a reference row, whichever takes fewer adders. In any other every row is a set of signed digits
    ``(node, shift, sign)``.
    The pair of digits (up to a common shift and a common sign) that the most rows share becomes an adder and a digit of
    its own, until no pair is shared (Hartley, IEEE Trans. CAS II 43, 1996); among equals the shallowest pair wins. What
    is left of a row is summed shallowest first. With ``positive`` no output edge is negated, for users that cannot
    subtract.

    The time grows with the pairs of digits within a row. Of more than :data:`FEW_PAIRS` only those whose columns are
    neighbours are counted: the columns are cut into groups, so many that about :data:`GROUP_PAIRS` pairs are left in each and
    at most :data:`ALL_PAIRS` in all of them. So are those of a matrix of -1, 0 and 1 of more than :data:`TERNARY_WORK`.
    """
    matrix = np.asarray(matrix, dtype=np.int64)
    if np.isin(matrix, (-1, 0, 1)).all():
        references = reference_rows(matrix)
        forms = {references.tobytes(): references, np.arange(len(matrix)).tobytes(): np.arange(len(matrix))}
        graphs = [_ternary_graph(matrix, form, positive) for form in forms.values()]
        return min(graphs, key=lambda graph: (len(graph.adders), max(graph.levels)))
    builder = _Builder(matrix.shape[1])
    rows = [{(column, shift): negate for column, value in enumerate(row) for shift, negate in signed_digits(value)}
            for row in matrix]
    shared = [{} for _ in rows]
    pairs = sum(len(row) ** 2 for row in rows) // 2
    groups = 1 if pairs <= FEW_PAIRS else ceil(max(sqrt(pairs / GROUP_PAIRS), pairs / ALL_PAIRS))
    for columns in _column_groups(matrix.shape[1], groups):
        parts = [{digit: negate for digit, negate in row.items() if digit[0] in columns} for row in rows]
        _share_pairs(builder, parts)
        for row, part in zip(shared, parts):
            row.update(part)
    outputs = [builder.sum([Edge(node, shift, negate) for (node, shift), negate in row.items()]) for row in shared]
    if positive:
        outputs = [builder.positive(edge) for edge in outputs]
    return _checked(builder.finish(outputs), matrix)


def _ternary_graph(matrix, references, positive):
    """A matrix of -1, 0 and 1 whose rows are made as steps from their reference rows, if those are others."""
    steps, signs = matrix.copy(), np.ones(len(matrix), dtype=np.int64)
    for row, reference in enumerate(references):
        if row != reference:
            signs[row] = 1 if matrix[row] @ matrix[reference] >= 0 else -1
            steps[row] = (matrix[row] - signs[row] * matrix[reference]) // 2
    builder = _Builder(matrix.shape[1])
    rows = [[] for _ in matrix]
    work = np.count_nonzero(steps) ** 2 * len(steps)
    groups = 1 if work <= TERNARY_WORK else ceil(sqrt(work / GROUP_WORK))
    for columns in _column_groups(matrix.shape[1], groups):
        shared = share_sums(steps[:, columns.start:columns.stop])
        terms = [Edge(column) for column in columns]
        for first, second, subtract in shared.sums:
            terms.append(builder.add(terms[first], -terms[second] if subtract else terms[second]))
        for row, values in zip(rows, shared.rows):
            row += [terms[k] if values[k] > 0 else -terms[k] for k in np.flatnonzero(values)]
    outputs = [builder.sum(row) for row in rows]
    for row in np.flatnonzero(references != np.arange(len(matrix))):
        reference = outputs[references[row]] if signs[row] > 0 else -outputs[references[row]]
        outputs[row] = reference if outputs[row] is None else builder.add(outputs[row] << 1, reference)
    if positive:
        outputs = [builder.positive(edge) for edge in outputs]
    return _checked(builder.finish(outputs), matrix)


def _column_groups(columns, groups):
    """``columns`` cut into about so many ranges."""
    width = max(1, columns // groups)
    return [range(start, min(start + width, columns)) for start in range(0, columns, width)]


def count_digits(matrix):
    """The canonical signed digits of all entries: the terms that a graph of the matrix adds up, before any is shared."""
    return sum(len(signed_digits(value)) * int(count) for value, count in zip(*np.unique(matrix, return_counts=True)))


def _share_pairs(builder, rows):
    """Replaces shared pairs of digits in ``rows`` by new nodes until none is left (see :func:`matrix_graph`)."""
    holders = {}  # pair -> {row index: number of places}

    def pair_of(row, first, second):
        (a, b) = (first, second) if first < second else (second, first)
        common = min(a[1], b[1])
        return (a[0], a[1] - common), (b[0], b[1] - common), row[a] != row[b]

    def count(index, term, step):
        row = rows[index]
        for other in row:
            if other != term:
                pair = pair_of(row, term, other)
                places = holders.setdefault(pair, {})
                places[index] = places.get(index, 0) + step
                if not places[index]:
                    del places[index]
                touched.add(pair)

    def entry(pair):
        depth = max(builder.levels[pair[0][0]], builder.levels[pair[1][0]])
        return -sum(holders[pair].values()), depth, pair

    touched = set()
    for index, row in enumerate(rows):
        full, rows[index] = row, {}
        for term, negate in full.items():
            rows[index][term] = negate
            count(index, term, +1)
    heap = [entry(pair) for pair in touched]
    heapify(heap)
    while heap:
        best = heappop(heap)
        pair = best[2]
        fresh = entry(pair)
        if fresh[0] > -2:
            continue
        if fresh != best:
            heappush(heap, fresh)
            continue
        (a, a_shift), (b, b_shift), differ = pair
        new = builder.add(Edge(a, a_shift), Edge(b, b_shift, differ))
        touched.clear()
        for index in sorted(holders[pair]):
            row = rows[index]
            for shift in sorted(shift for node, shift in row if node == a):
                base = shift - a_shift
                first, second = (a, shift), (b, base + b_shift)
                if (base < 0 or first not in row or second not in row or (new.node, new.shift + base) in row
                        or (row[first] != row[second]) != differ):
                    continue
                negate = row[first] != new.negate
                for term in (first, second):
                    count(index, term, -1)
                    del row[term]
                term = (new.node, new.shift + base)
                row[term] = negate
                count(index, term, +1)
        for changed in touched:
            if holders[changed]:
                heappush(heap, entry(changed))
        if holders[pair]:
            heappush(heap, entry(pair))


def _checked(graph, matrix):
    if not np.array_equal(graph.matrix(), matrix):
        raise AssertionError("the adder graph does not compute its matrix")
    return graph
