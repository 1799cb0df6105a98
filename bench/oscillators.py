# SPDX-License-Identifier: BSD-2-Clause
"""Oscillators: the picture of docs/numerics.md; on sequential MNIST the two ways to round, and frequencies of less reach."""

import argparse
import json
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numba
import numpy as np

from hadam_hw.fixed import FixedPoint
from hadam_hw.layer import InputFormat
from hadam_hw.oscillators import Oscillation, Oscillators, oscillations
from hadam_hw.train.draw import drawn_layer
from hadam_hw.train.frequencies import chosen_oscillations
from hadam_hw.train.settings import Drive, Kind, Settings
from hadam_hw.train.states import last_states
from hadam_hw.train.tasks import load_task

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "oscillators.svg"
#: Of the least squares, as a share of the mean variance of the last state.
RIDGE = 1e-5
#: Training sequences, and those of the score, none of them of the test set.
TRAINED = 10_000
REACHES = (8, 9, 10, 11, 12)
WIDTHS = (8, 9, 10, 12, 14)


def main(argv):
    """``picture`` draws docs/oscillators.svg; ``rounding`` prints the scores of both ways, ``reach`` explained shares."""
    parser = argparse.ArgumentParser(prog="python -m bench oscillators", description=__doc__)
    parser.add_argument("verb", choices=["picture", "rounding", "reach"])
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--out", type=Path, default=PICTURE)
    arguments = parser.parse_args(argv)
    if arguments.verb == "picture":
        draw_picture(arguments.out)
        return 0
    if arguments.verb == "reach":
        for reach in REACHES:
            share = explained(arguments.data, arguments.hidden, reach)
            sys.stdout.write(json.dumps({"hidden": arguments.hidden, "reach": reach, "explained": round(share, 4)}) + "\n")
        return 0
    for width in WIDTHS:
        sys.stdout.write(json.dumps(compare(arguments.data, arguments.hidden, width)) + "\n")
        sys.stdout.flush()
    return 0


def draw_picture(path):
    """The frequencies that there are, and a hundred steps of two pairs in integers."""
    matplotlib.rcParams |= {"svg.hashsalt": "oscillators", "svg.fonttype": "none"}  # the same bytes each time, text as text
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=(3, 2))
    known = oscillations()
    for adders, color in ((2, "tab:blue"), (3, "tab:orange")):
        chosen = [pair for pair in known if pair.adders == adders]
        left.plot([pair.frequency for pair in chosen], [pair.reach for pair in chosen], "|", color=color, markersize=9,
                  label=f"{adders} adders a pair")
    left.set(xscale="log", xlabel="frequency, radians a step", ylabel="i + max(j, k)", title=f"{len(known)} frequencies")
    left.legend(loc="lower left")
    for pair, color in ((Oscillation(3, 3), "tab:blue"), (Oscillation(1, 1, 3, 1), "tab:orange")):
        recurrence = Oscillators.of([pair])
        half, state, path_of = 1 << recurrence.reach - 1, np.array([1000, 0]), []
        for _ in range(100):
            path_of.append(state)
            state = recurrence.apply(state) + half >> recurrence.reach
        right.plot(*np.array(path_of).T, ".", color=color, label=f"{pair.frequency:.3f} radians a step")
    right.set(aspect="equal", xlabel="x", ylabel="y", title="100 steps")
    right.legend(loc="center", fontsize="small")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def compare(data, hidden, width):
    """Percent of validation right by ridge regression on the last states of both definitions, and saturated words."""
    task = load_task("smnist", data, 0)
    settings = Settings(task="smnist", hidden=hidden, block=2, recurrence=Kind.OSCILLATORS, drive=Drive.ONE, state_bits=width,
                        stages="64:4:8")
    train = slice(TRAINED)
    layer = drawn_layer(settings, task.format, task.train.inputs, task.train.labels)
    inputs = np.concatenate([task.train.inputs[train], task.validation.inputs])
    labels = np.concatenate([task.train.labels[train], task.validation.labels])
    result = {"hidden": hidden, "width": width, "frac": layer.state.frac}
    for name, states in (("a step", last_states(layer, inputs)), ("a shear", sheared(layer, inputs)),
                         ("none", (unrounded(layer, inputs), 0))):
        result[name] = {"validation": ridge_score(states[0], labels), "saturations": int(states[1])}
    return result


def explained(data, hidden, reach):
    """The share of the classes' variance that pairs chosen from ``oscillations(reach)`` explain."""
    train = load_task("smnist", data, 0).train
    rng = np.random.default_rng(0)
    return chosen_oscillations(train.inputs, train.labels, np.ones((hidden // 2, 1)), rng, oscillations(reach))[1][-1]


def ridge_score(states, labels):
    """Percent right of the sequences after :data:`TRAINED`, by squares of states too: a line cannot tell all."""
    states = states / np.abs(states).max()
    upper = np.triu_indices(states.shape[1])
    features = np.hstack([states, (states[:, upper[0]] * states[:, upper[1]])]).astype(np.float64)
    features -= features[:TRAINED].mean(0)
    features /= features[:TRAINED].std(0) + 1e-9
    classes = np.eye(labels.max() + 1)[labels[:TRAINED]]
    products = features[:TRAINED].T @ features[:TRAINED]
    products[np.diag_indices_from(products)] += RIDGE * TRAINED
    weights = np.linalg.solve(products, features[:TRAINED].T @ (classes - classes.mean(0)))
    found = (features[TRAINED:] @ weights + classes.mean(0)).argmax(1)
    return round(100 * float((found == labels[TRAINED:]).mean()), 2)


def unrounded(layer, inputs):
    """The last states in real numbers, in units of the integers of ``layer``: what no rounding would leave."""
    wide = FixedPoint(32, layer.state.frac + 12)
    source = InputFormat(layer.inputs, layer.input.width, layer.input.signed)
    return last_states(type(layer)(recurrence=layer.recurrence, input=source, state=wide, rounding=layer.rounding,
                                   phases=layer.phases, input_bits=layer.input_bits), inputs)[0]


def sheared(layer, inputs):
    """(last states, saturations) where each shear is rounded: ``x1 = r(s (x + a y) + u)``, ``y1 = r(s y - b x1 + v)``, and then
    both are saturated; y takes x before that. No leak."""
    recurrence = layer.recurrence
    digits = np.maximum(np.maximum(recurrence.first, recurrence.second), 0)
    factors = (1 << digits - recurrence.first) + recurrence.second_signs * (1 << digits - recurrence.second
                                                                            * (recurrence.second_signs != 0))
    states = np.empty((len(inputs), layer.size), np.int32)
    saturated = _shear(inputs, layer.phases[0].input_codes, recurrence.shifts, digits, factors,
                       np.where(recurrence.negated, -1, 1), layer.state.frac, layer.state.minimum, layer.state.maximum, states)
    return states, saturated


@numba.njit(cache=True)
def _shear(inputs, codes, shifts, digits, factors, signs, frac, low, high, states):
    """Fills ``states`` [sequences, n]; inputs are shifted by the fraction bits of the state, half-up where that drops bits."""
    count, steps, width = inputs.shape
    saturated = 0
    state = np.empty(codes.shape[0], np.int64)
    for number in range(count):
        state[:] = 0
        for step in range(steps):
            for p in range(shifts.size):
                drive_x = drive_y = 0
                for j in range(width):
                    drive_x += codes[2 * p, j] * inputs[number, step, j]
                    drive_y += codes[2 * p + 1, j] * inputs[number, step, j]
                fine = max(shifts[p], -frac)  # fraction bits of the sum beyond the state's
                total = signs[p] * (state[2 * p] << fine) + signs[p] * (state[2 * p + 1] << fine - shifts[p]) \
                    + (drive_x << frac + fine)
                x = total + ((1 << fine) >> 1) >> fine
                fine = max(digits[p], -frac)
                total = signs[p] * (state[2 * p + 1] << fine) - (factors[p] * x << fine - digits[p]) + (drive_y << frac + fine)
                y = total + ((1 << fine) >> 1) >> fine
                state[2 * p], state[2 * p + 1] = min(max(x, low), high), min(max(y, low), high)
                saturated += (state[2 * p] != x) + (state[2 * p + 1] != y)
        states[number] = state
    return saturated
