# SPDX-License-Identifier: BSD-2-Clause
"""A running sensor's lines become labels by a device: window for window what ``predict`` says, whatever happens on the way."""

import io
import json
import threading
import time
import tracemalloc

import numpy as np
import pytest

from firmware import device
from firmware.__main__ import main
from firmware.feed import Feed
from firmware.host.errors import NoReplyError
from firmware.verbs import stream
from hadam_hw import command
from hadam_hw.cli import run_cli
from hadam_hw.input import Input
from hadam_hw.model_file import save_model
from hadam_hw.recordings.lines import Lines, Sample
from tests.firmware.test_tokens import Port
from tests.models_for_tests import centred, random_model

VALUES = np.round(np.random.default_rng(2).normal(size=(400, 2)).cumsum(axis=0) / 8, 4)
SOURCE = Input.fit([VALUES], channels=["x", "y"], units=["g", "g"], window=16, hop=8, rate_hz=50)


def windows_of(values):
    return np.lib.stride_tricks.sliding_window_view(SOURCE.codes(values), 16, axis=0)[::8].transpose(0, 2, 1)


MODEL = centred(random_model(size=16, block=4, outputs=3, inputs=2, input_width=8, input_signed=True, frac=-3),
                windows_of(VALUES)).with_readout(classes=("left", "right", "up")).replace(input=SOURCE)
HEADER = "time [s],y [g],x [g]\n"


def lines_of(values, rate_hz=50.0):
    return [f"{k / rate_hz:.4f},{y},{x}\n" for k, (x, y) in enumerate(values)]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a verb on text; returns (exit code, lines on standard output, standard error)."""
    monkeypatch.setattr(Port, "model", MODEL)
    monkeypatch.setattr(device, "SerialPort", Port)
    save_model(MODEL, tmp_path / "m.npz")

    def call(text, *options, verb="stream", model="m.npz"):
        path = tmp_path / "lines.csv"
        path.write_text(text)
        weights = str(tmp_path / model)
        argv = ["stream", "--port", "x", "--weights", weights, str(path)] if verb == "stream" else [verb, weights, str(path)]
        code = run_cli(main if verb == "stream" else command.main, [*argv, *options])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    return call


def test_windows_are_labeled_as_predict_does(run):
    text = HEADER + "".join(lines_of(VALUES))
    code, said, error = run(text)
    found = [line.split("\t") for line in said]
    predicted = json.loads(run(text, "--json", verb="predict")[1][0])["predictions"]
    assert code == 0 and len(found) == 49 and len({row[2] for row in found}) > 1
    assert [(int(row[0]), row[2]) for row in found] == [(one["start"], one["label"]) for one in predicted]
    assert [row[1] for row in found[:3]] == ["0.000 s", "0.160 s", "0.320 s"]
    assert "note: 400 samples in" in error and "49 windows: " in error and "dropped" not in error


def test_without_a_header_numbers_that_are_not_whole_are_measured(run):
    rows = "".join(f"{x},{y}\n" for x, y in VALUES[:40])
    assert [line.split("\t")[2] for line in run(rows)[1]] == [
        line.split("\t")[2] for line in run(HEADER + "".join(lines_of(VALUES[:40])))[1]]


def test_scores_are_those_of_predict(run):
    text = HEADER + "".join(lines_of(VALUES[:40]))
    streamed = [json.loads(line) for line in run(text, "--json")[1]]
    predicted = json.loads(run(text, "--json", verb="predict")[1][0])["predictions"]
    assert [one["scores"] for one in streamed] == [one["scores"] for one in predicted] and len(streamed) == 4


def test_damaged_lines_are_counted_or_end_it(run):
    rows = lines_of(VALUES[:64])
    whole = run(HEADER + "".join(rows))[1]
    for damage in ("0.1,4\n", "a,b,c\n", "0.1,nan,2\n", "x" * 5000 + "\n", "0.1,1,2,3,4\n"):
        text = HEADER + "".join(rows[:20] + [damage] + rows[20:])
        code, said, error = run(text)
        assert code == 0 and said == whole and "1 damaged lines left out" in error
        code, _, error = run(text, "--strict")
        assert code == 1 and "line 22" in error.splitlines()[-1]


def test_a_sensor_of_another_rate_is_told(run):
    text = HEADER + "".join(lines_of(np.tile(VALUES, (2, 1)), rate_hz=60))
    assert "sends 60 samples a second, and the model was made for 50" in run(text)[2]
    assert "sends" not in run(HEADER + "".join(lines_of(np.tile(VALUES, (2, 1)), rate_hz=51)))[2]


def test_whole_numbers_need_to_be_told(run):
    text = "".join(f"{x},{y}\n" for x, y in SOURCE.codes(VALUES[:40]))
    code, said, error = run(text)
    assert code == 1 and not said and "say which: --units" in error.splitlines()[-1]
    codes = [json.loads(line) for line in run(text, "--units", "codes", "--json")[1]]
    measured = [json.loads(line) for line in run(HEADER + "".join(lines_of(VALUES[:40])), "--json")[1]]
    assert [one["scores"] for one in codes] == [one["scores"] for one in measured]


def test_a_device_that_is_gone_ends_it_or_is_reached_again(run, monkeypatch):
    class Gone(Port):
        alive, asked = 4, 0

        def read(self, timeout):
            Gone.asked += 1
            if Gone.alive < Gone.asked < Gone.alive + 10:
                self.waiting = b""
            return super().read(timeout)

    monkeypatch.setattr(device, "SerialPort", Gone)
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0.01)
    text = HEADER + "".join(lines_of(VALUES))
    code, said, error = run(text)
    assert code == 1 and "must answer within" in error.splitlines()[-1] and 0 < len(said) < 49
    Gone.asked = 0
    code, said, error = run(text, "--reconnect")
    assert code == 0 and len(said) == 48 and "1 windows lost with the device; 1 times reached again" in error


def test_a_device_that_comes_back_with_another_model_ends_it(run, monkeypatch):
    """It is not asked for ever."""
    opened = []

    class Swapped(Port):
        def __init__(self, *given):
            super().__init__(*given)
            opened.append(self)
            assert len(opened) < 4, "it is asked again and again"
            self.asked = 0

        def read(self, timeout):
            self.asked += 1
            if len(opened) == 1 and self.asked > 4:
                self.waiting = b""
                Swapped.model = MODEL.with_readout(classes=("left", "right", "up")).with_readout(scales=(2.0,))
            return super().read(timeout)

    monkeypatch.setattr(device, "SerialPort", Swapped)
    monkeypatch.setattr(stream, "PAUSE_SECONDS", 0.01)
    code, _, error = run(HEADER + "".join(lines_of(VALUES)), "--reconnect")
    assert code == 1 and "must compute the model" in error.splitlines()[-1]


def test_a_model_without_a_window_is_refused(run, tmp_path):
    save_model(MODEL.replace(input=Input.fit([VALUES], channels=["x", "y"])), tmp_path / "plain.npz")
    code, _, error = run(HEADER, model="plain.npz")
    assert code == 1 and "fit one with --window" in error


def test_what_nobody_has_time_for_is_dropped_the_oldest_first():
    go = threading.Event()

    def samples():
        for k in range(50):
            yield Sample(k, float("nan"), np.array([k]))
        go.set()

    feed = Feed(samples(), waiting=8)
    assert go.wait(5)
    time.sleep(0.05)
    assert [int(sample.values[0]) for sample in feed] == list(range(42, 50)) and feed.dropped == 42


def test_an_error_of_the_lines_arrives():
    def samples():
        yield Sample(0, 0.0, np.zeros(1))
        raise NoReplyError("gone")

    feed = iter(Feed(samples()))
    next(feed)
    with pytest.raises(NoReplyError, match="gone"):
        next(feed)


def test_a_window_never_spans_a_gap(run):
    from hadam_hw.live import windows

    def samples():
        for k in range(100):
            yield Sample(k, 0.0, np.array([k, k], float), dropped=7 * (k >= 30))

    lines = Lines(io.BytesIO(), channels=("x", "y"))
    lines.units = ("g", "g")
    found = list(windows(samples(), lines, SOURCE))
    assert [one.start for one in found] == [0, 8, *range(37, 92, 8)]
    assert all((np.diff(one.values[:, 0]) == 1).all() for one in found)
    assert found[2].values[0, 0] == 30


def test_memory_is_constant():
    from hadam_hw.live import windows

    class File:
        left = 0

        def readline(self, limit):
            File.left -= 1
            return b"0.25,0.5\n" if File.left > 0 else b""

    def peak(count):
        File.left = count
        lines = Lines(File(), channels=("x", "y"))
        tracemalloc.start()
        for _ in windows(lines, lines, SOURCE):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(100)
    assert max(peak(1000), peak(8000)) < 50_000  # a thousand lines as arrays are more than that
