# SPDX-License-Identifier: BSD-2-Clause
"""``hadam stream``: a device labels what a running sensor sends, a line a sample, for as long as it runs."""

import json
import sys
import time
from collections import Counter
from contextlib import ExitStack

import numpy as np

from firmware.device import connect, last, parser
from firmware.feed import Feed, waits
from firmware.host.errors import DeviceError, WrongModelError
from hadam_hw.answer import Answer
from hadam_hw.cli import positive
from hadam_hw.errors import DataError, LinkError
from hadam_hw.live import whole_input, windows
from hadam_hw.pieces import pieces
from hadam_hw.predictions import prediction
from hadam_hw.predictions_text import RATE_TOLERANCE, live_line
from hadam_hw.readout import Pooling
from hadam_hw.recordings import Kind
from hadam_hw.recordings.lines import Lines
from hadam_hw.terminal import console, printable

STREAM = "-"
#: Seconds between two attempts to reach a device again.
PAUSE_SECONDS = 1.0
#: Samples before the rate of a running sensor is judged.
RATE_SAMPLES = 500


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parsing = parser("stream", "Lets a device label each window of what a sensor sends: a line a sample, numbers with commas "
                     "between, under a header if you like.", weights_required=True)
    parsing.add_argument("file", help="where the lines come from: - for standard input, a file, a pipe or a serial port")
    parsing.add_argument("--units", choices=[kind.value for kind in Kind], help="what the numbers are, where no header says so")
    parsing.add_argument("--rate", type=positive(float, 1e9), metavar="HZ", help="samples a second; default: the model's")
    parsing.add_argument("--strict", action="store_true", help="end at a damaged line, in place of counting it")
    parsing.add_argument("--reconnect", action="store_true", help="try again where the device does not answer any more")
    arguments = parsing.parse_args(argv)
    client, model = connect(arguments)
    with ExitStack() as stack:
        stack.callback(lambda: session.client.close())
        session = _Session(arguments, client, model)
        _check(model)
        file = sys.stdin.buffer if arguments.file == STREAM else stack.enter_context(open(arguments.file, "rb"))
        lines = Lines(file, arguments.file, tuple(one.name for one in model.input.sources), arguments.strict)
        feed = None if waits(file) else Feed(lines)
        try:
            session.work(lines if feed is None else feed, lines)
        finally:
            session.summarize(lines, 0 if feed is None else feed.dropped)
    return 0


def _check(model):
    if not model.input.known or model.input.window is None:
        raise DataError("Model must say how samples are encoded and have a window to label a stream; fit one with --window")
    if model.readout.answer is Answer.VALUES or model.pooling is Pooling.EVERY:
        raise DataError("Model must have classes, read out at the end of a window, to label a stream; let infer work on others")


class _Session:
    """The device, and what was counted."""

    def __init__(self, arguments, client, model):
        self.arguments, self.client, self.model = arguments, client, model
        self._source = whole_input(model.input)
        self._labels, self._samples, self._lost, self._reconnected = Counter(), 0, 0, 0
        self._began = time.monotonic()

    def work(self, samples, lines):
        """Labels window after window until the lines end."""
        kind = None if self.arguments.units is None else Kind(self.arguments.units)
        rate = self.arguments.rate or self.model.input.rate_hz
        for recording in windows(self._counted(samples), lines, self.model.input, kind, rate):
            (piece,), = pieces(self._source, [recording])
            result = self._ask(piece.codes)
            if result is None:
                continue
            one = prediction(self.model, recording, 0, np.array(last(result).logits, dtype=np.int64))
            self._labels[one.label] += 1
            sys.stdout.write((json.dumps(one.as_json()) if self.arguments.json else live_line(one)) + "\n")
            sys.stdout.flush()

    def _counted(self, samples):
        first = None
        for sample in samples:
            self._samples += 1
            first = sample if first is None else first
            if self._samples == RATE_SAMPLES:
                self._judge_rate(first, sample)
            yield sample

    def _judge_rate(self, first, sample):
        """A note where the samples' own times tell another rate than the model was made for."""
        wanted, seconds = self.arguments.rate or self.model.input.rate_hz, sample.seconds - first.seconds
        if not wanted or not seconds > 0:  # NaN where there are no times
            return
        rate = (RATE_SAMPLES - 1 + sample.dropped - first.dropped) / seconds
        if abs(rate / wanted - 1) > RATE_TOLERANCE:
            self._note(f"the sensor sends {rate:.4g} samples a second, and the model was made for {wanted:.4g}")

    def _ask(self, codes):
        """The device's result; None where the window was lost with the device, which is reached again.

        Another attempt changes nothing where a device refuses the frame, or is of another model; these are raised.
        """
        try:
            return self.client.infer([codes.tolist()])[0]
        except (DeviceError, WrongModelError):
            raise
        except LinkError as error:
            if not self.arguments.reconnect:
                raise
            self._lost += 1
            self._note(f"{error}; trying again")
        self.client.close()
        while True:
            time.sleep(PAUSE_SECONDS)
            try:
                self.client, _ = connect(self.arguments)
                self.client.identify()
            except WrongModelError:
                raise
            except LinkError:
                continue
            self._reconnected += 1
            return None

    def _note(self, text):
        console(stderr=True).print(f"note: {printable(text)}")

    def summarize(self, lines, dropped):
        """Says on standard error what came and what became of it."""
        seconds = time.monotonic() - self._began
        counts = ", ".join(f"{label} {count}" for label, count in self._labels.most_common())
        rest = [f"{number} {words}" for number, words in (
            (lines.damaged, "damaged lines left out"), (dropped, "samples dropped"),
            (self._lost, "windows lost with the device"), (self._reconnected, "times reached again")) if number]
        if lines.damaged:
            self._note(f"the last damaged line: {lines.last_damage}")
        self._note("; ".join([f"{self._samples} samples in {seconds:.1f} s, {self._labels.total()} windows"
                              + (f": {counts}" if counts else ""), *rest]))
