# SPDX-License-Identifier: BSD-2-Clause
"""The curve of a training as a picture: its loss, and its scores on validation, epoch by epoch."""

import io

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from hadam_hw.files import atomic_write


def save_curve(epochs, path, title):
    """Writes the curve of ``epochs`` (the lines of a metrics file) as SVG to ``path``."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasSVG(figure)
    left = figure.add_subplot()
    left.plot([line["epoch"] for line in epochs], [line["loss"] for line in epochs], color="tab:gray", label="training loss")
    left.set(xlabel="epoch", ylabel="cross-entropy", yscale="log", title=title)
    right = left.twinx()
    scored = [line for line in epochs if line["validation_integer"] is not None]
    for kind, style in (("integer", "o-"), ("float", "--")):
        right.plot([line["epoch"] for line in scored], [line[f"validation_{kind}"] for line in scored], style, markersize=3,
                   label=f"validation, {kind}")
    right.set_ylabel("right, %")
    handles = [handle for axis in (left, right) for handle in axis.get_legend_handles_labels()[0]]
    left.legend(handles=handles, loc="center right")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    atomic_write(path, buffer.getvalue())
