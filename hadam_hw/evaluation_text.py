# SPDX-License-Identifier: BSD-2-Clause
"""An evaluation on a terminal, and as a picture."""

from html import escape

import numpy as np

from hadam_hw.terminal import printable, show_table

#: Classes whose whole matrix is written, and whose cells have numbers in the picture.
TABLED, NUMBERED = 12, 40
#: Of the groups, and of the pairs of classes that are taken for each other where there is no matrix.
WORST = 5
_CELL, _SMALL_CELL, _LETTER = 34, 8, 7.0


def show_evaluation(evaluation, title):
    """Writes the matrix with the recall of each class, and the worst groups, to standard output."""
    classes, recalls = evaluation.classes, evaluation.recalls
    if len(classes) <= TABLED:
        rows = [(name, *map(str, row), _percent(recall)) for name, row, recall in zip(classes, evaluation.matrix, recalls)]
        show_table((f"{title}: is, said to be", *(f"{name}>" for name in classes), "recall>"), rows)
    else:
        rows = [(classes[k], str(evaluation.sizes[k]), _percent(recalls[k])) for k in np.argsort(recalls, kind="stable")]
        show_table((f"{title}: class, worst first", "sequences>", "recall>"), rows[:TABLED])
        show_table(("is", "said to be", "times>"),
                   [(classes[i], classes[j], str(count)) for i, j, count in _mistaken(evaluation)])
    if len(evaluation.groups) > 1:
        show_table(("worst groups", "sequences>", "right>"),
                   [(one.name, str(one.count), _percent(one.percent)) for one in evaluation.groups[:WORST]])


def _percent(value):
    return "-" if np.isnan(value) else f"{value:.1f} %"


def _mistaken(evaluation):
    """(is, said to be, times) of the classes that are taken for each other most often."""
    wrong = evaluation.matrix - np.diag(np.diag(evaluation.matrix))
    order = np.argsort(-wrong, axis=None, kind="stable")[:WORST]
    return [(i, j, int(wrong[i, j])) for i, j in zip(*np.unravel_index(order, wrong.shape)) if wrong[i, j]]


def matrix_picture(evaluation, title):
    """The confusion matrix as an SVG: a row for each class, its cells darker the more of its sequences they hold."""
    title, classes, matrix = printable(title), evaluation.classes, evaluation.matrix
    count = len(classes)
    numbered = count <= NUMBERED
    cell = _CELL if numbered else _SMALL_CELL
    names = [_short(name) for name in classes] if numbered else []
    margin = 20 + (round(_LETTER * max(map(len, names))) if names else 0)
    left, top, side = margin + 16, margin + 44, cell * count
    width, height = left + side + (70 if numbered else 20), top + side + 20
    width = max(width, 24 + round(_LETTER * len(title)))
    recall = "; right: recall" if numbered else ""
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
             'font-family="sans-serif" font-size="12">', '<rect width="100%" height="100%" fill="#fff"/>',
             f'<text x="12" y="20" font-size="13" font-weight="bold">{escape(title)}</text>',
             f'<text x="12" y="38" fill="#555">rows: what it is; columns: what the model says{recall}</text>']
    sizes = evaluation.sizes
    for i in range(count):
        for j in range(count):
            share = matrix[i, j] / max(1, sizes[i])
            x, y = left + j * cell, top + i * cell
            if not numbered and not matrix[i, j]:
                continue
            parts.append(f'<rect x="{x}" y="{y}" width="{cell}" height="{cell}" fill="{_shade(share, i == j)}" stroke="#ddd"/>')
            if numbered and matrix[i, j]:
                parts.append(f'<text x="{x + cell / 2}" y="{y + cell / 2 + 4}" text-anchor="middle" font-size="11" '
                             f'fill="{"#fff" if share > 0.55 else "#222"}">{_count(matrix[i, j])}</text>')
    if not numbered:
        parts.append(f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="none" stroke="#999"/>')
    for k, name in enumerate(names):
        middle = k * cell + cell / 2
        parts.append(f'<text x="{left - 6}" y="{top + middle + 4}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<text transform="translate({left + middle + 4} {top - 6}) rotate(-90)">{escape(name)}</text>')
        parts.append(f'<text x="{left + side + 6}" y="{top + middle + 4}" fill="#555">{_percent(evaluation.recalls[k])}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _short(name):
    name = printable(name)
    return name if len(name) <= 20 else name[:17] + "..."


def _count(number):
    return str(number) if number < 10_000 else f"{number / 1000:.0f}k"


def _shade(share, right):
    """A color from white on: blue where the model is right, orange where it is not."""
    dark = (20, 82, 148) if right else (196, 78, 20)
    weight = 0.0 if share == 0 else 0.12 + 0.88 * float(share)
    return "#" + "".join(f"{round(255 + (end - 255) * weight):02x}" for end in dark)
