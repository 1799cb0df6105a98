# SPDX-License-Identifier: BSD-2-Clause
"""Recordings as one HTML page that needs nothing else: tables, and for each class some sequences drawn as SVG."""

from importlib.resources import files

import numpy as np

from hadam_hw.recordings.recording import Part

#: What keeps the page below 5 MB whatever the set is: sequences drawn a class, classes and channels drawn, and points in all.
SEQUENCES, CLASSES, LANES, POINTS = 4, 60, 12, 240_000
#: Sentences and rows that are shown; the number of the others is told.
SENTENCES, ROWS = 50, 500
#: Of a drawing, in its own units: a lane for each channel has its name above and a gap below; few lanes are higher.
WIDTH, NAME, GAP, LOWEST_LANE, HEIGHT = 300, 11, 5, 46, 150
_MOST_POINTS = 2 * WIDTH


def render(recordings, summary, title):
    """The page of a :class:`~hadam_hw.recordings.recording.RecordingSet` and its Summary, as text."""
    from jinja2 import Environment, StrictUndefined

    lanes = min(len(recordings.channels), LANES)
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("hadam_hw.recordings").joinpath("templates/data.html").read_text("utf-8"))
    return template.render(
        title=title, cards=_cards(summary), summary=summary, parts=[part.value for part in Part], sentences=SENTENCES,
        rows=ROWS, most=max((one.recordings for one in summary.classes), default=0) or 1, drawn=_drawn(recordings),
        width=WIDTH, lane=_lane(lanes), above=NAME, lanes=lanes, channels=recordings.channels[:LANES],
        hidden_classes=max(len(recordings.classes) - CLASSES, 0),
        hidden_channels=max(len(recordings.channels) - LANES, 0)) + "\n"


def _lane(lanes):
    return max(HEIGHT // lanes, LOWEST_LANE)


def _cards(summary):
    cards = [(f"{summary.recordings:,}", "recordings"), (f"{len(summary.classes):,}", "classes"),
             (f"{summary.groups:,}", "groups (persons, devices, days)"),
             (f"{len(summary.channels):,}", "channels" if len(summary.channels) > 1 else "channel")]
    if summary.rate_hz is not None:
        cards += [(f"{summary.rate_hz:.5g} Hz", "rate"), (duration(summary.seconds), "in all")]
    return [*cards, (f"{summary.steps:,}", "steps in all")]


def duration(seconds):
    """``seconds`` as people say it."""
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"


def _drawn(recordings):
    """For each class its name and drawings, of as many groups as can be."""
    labels = recordings.labels
    shown = [(name, np.flatnonzero(labels == k)) for k, name in enumerate(recordings.classes[:CLASSES])]
    shown = shown if recordings.classes else [("without a label", np.arange(len(recordings)))]
    chosen = [(name, _of_many_groups(recordings, own)) for name, own in shown if len(own)]
    lanes = min(len(recordings.channels), LANES)
    points = min(_MOST_POINTS, POINTS // max(lanes * sum(len(some) for _, some in chosen), 1))
    low, high = _ranges(recordings, lanes)
    return [(name, [_drawing(recordings.recordings[k], low, high, points) for k in some]) for name, some in chosen]


def _of_many_groups(recordings, own):
    """Some of ``own``: the first of each group in turn."""
    seen, first, others = set(), [], []
    for k in own:
        group = recordings.recordings[k].group
        (others if group is None or group in seen else first).append(k)
        seen.add(group)
    missing = SEQUENCES - len(first)
    if missing > 0 and others:  # spread over the others
        first += [others[i] for i in np.unique(np.linspace(0, len(others) - 1, missing, dtype=int))]
    return first[:SEQUENCES]


def _ranges(recordings, lanes):
    """Lowest and highest of each channel that is drawn; a constant one gets a range around it."""
    low = np.min([recording.values[:, :lanes].min(axis=0) for recording in recordings.recordings], axis=0).astype(float)
    high = np.max([recording.values[:, :lanes].max(axis=0) for recording in recordings.recordings], axis=0).astype(float)
    flat = high == low
    return np.where(flat, low - 1, low), np.where(flat, high + 1, high)


def _drawing(recording, low, high, points):
    group = "" if recording.group is None else f", group {recording.group}"
    length = f"{len(recording):,} steps" if recording.rate_hz is None else duration(len(recording) / recording.rate_hz)
    return {"source": recording.source, "about": length + group,
            "lines": [_line(recording.values[:, k], low[k], high[k], points, _lane(len(low))) for k in range(len(low))]}


def _line(values, low, high, points, lane):
    """The points of one channel, in a lane: where there are too many samples, the lowest and highest of each stretch."""
    at = np.arange(len(values))
    if len(values) > points:
        edges = np.linspace(0, len(values), max(points // 2, 1) + 1, dtype=int)[:-1]
        extremes = np.minimum.reduceat(values, edges), np.maximum.reduceat(values, edges)
        values, at = np.stack(extremes, axis=1).reshape(-1), np.repeat(edges, 2)
    x = at * (WIDTH / max(at[-1], 1))
    y = (lane - NAME - GAP) * (1 - (values - low) / (high - low))
    return " ".join(f"{a:.0f},{b:.1f}" for a, b in zip(x, y))
