# SPDX-License-Identifier: BSD-2-Clause
"""The candidates as a picture: cells against steps a second, both logarithmic, as one SVG."""

from importlib.resources import files
from math import floor, log10

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 880, 460, 84, 24, 56, 56
#: Labels nearer than this to one above are moved down, and the height of a line.
LINE = 14


def render(data):
    """The SVG of what ``explore`` found, as text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined)
    template = environment.from_string(files("rtl_gen").joinpath("templates/explore.svg").read_text("utf-8"))
    rows = data["candidates"]
    x, x_ticks = _axis([row["lc"] for row in rows] + [data["lc_available"]], LEFT, WIDTH - RIGHT)
    y, y_ticks = _axis([row["steps_per_second"] for row in rows], HEIGHT - BOTTOM, TOP)
    points = [{"x": x(row["lc"]), "y": y(row["steps_per_second"]), "row": row} for row in rows]
    front = sorted((point for point in points if point["row"]["on_front"]), key=lambda point: point["x"])
    return template.render(
        data=data, width=WIDTH, height=HEIGHT, left=LEFT, right=WIDTH - RIGHT, top=TOP, bottom=HEIGHT - BOTTOM,
        x_ticks=x_ticks, y_ticks=y_ticks, chip=x(data["lc_available"]), points=_labelled(points),
        front=" ".join(f"{point['x']},{point['y']}" for point in front)) + "\n"


def _axis(values, start, end):
    """(value to place, ticks) of a logarithmic axis that shows all ``values``."""
    low, high = log10(min(values, default=1)) - 0.08, log10(max(values, default=10)) + 0.16

    def place(value):
        return round(start + (end - start) * (log10(value) - low) / (high - low), 1)

    ticks = [step * 10**power for power in range(floor(low), floor(high) + 1) for step in (1, 2, 5)
             if low <= log10(step * 10**power) <= high]
    return place, [{"at": place(tick), "label": _short(tick)} for tick in ticks]


def _short(value):
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _labelled(points):
    """Points with places for their labels that do not cover each other."""
    taken, placed = [], []
    for point in sorted(points, key=lambda point: (point["y"], point["x"])):
        right = point["x"] < WIDTH - 150
        x, y = point["x"] + (10 if right else -10), point["y"] + 4
        while any(abs(x - a) < 90 and abs(y - b) < LINE for a, b in taken):
            y += 2
        taken.append((x, y))
        placed.append({**point, "label_x": x, "label_y": y, "anchor": "start" if right else "end"})
    return placed
