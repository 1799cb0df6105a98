# SPDX-License-Identifier: BSD-2-Clause
"""``hadam stream`` and ``hadam predict -`` on ten million lines: their memory at each tenth, every label golden's.

The lines repeat a block of samples, with damaged lines between them, so that the labels are known. The device is the golden
model behind a socket. With ``--pipe`` nobody waits for the reader, as with a sensor, and samples are dropped.
"""

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.hostile import resident
from bench.own_models import random_model
from hadam_hw import golden
from hadam_hw.input import Input
from hadam_hw.model_file import save_model
from rtl_gen.link import frames
from rtl_gen.link.frame_reader import FrameReader
from rtl_gen.link.frames import Command, Frame, Identity, Result

RATE_HZ, WINDOW, BLOCK = 50, 128, 3200
#: In each block, before these samples.
DAMAGE = {100: b"0.25,\n", 2000: b"a sensor that was plugged in\n", 3000: b"x" * 5000 + b"\n"}
TENTHS = 10
HADAM = (sys.executable, "-m", "hadam_hw")


class Example:
    """A model, a block of samples, and the label of each window of blocks that follow each other."""

    def __init__(self, seed=0, block=BLOCK):
        values = np.round(np.random.default_rng(seed).normal(size=(block, 3)).cumsum(axis=0) % 4 - 2, 3)
        source = Input.fit([values], channels=["x", "y", "z"], units=["g"] * 3, rate_hz=RATE_HZ, window=WINDOW, hop=WINDOW)
        self.model, self.block, self._labels = random_model(source, seed=seed), block, {}
        self._codes = source.encode(np.concatenate([values, values[:WINDOW]]))
        damage = {place: line for place, line in DAMAGE.items() if place < block}
        self.damaged = len(damage)
        self.lines = b"".join(damage.get(k, b"") + ",".join(map(str, row)).encode() + b"\n"
                              for k, row in enumerate(values.tolist()))

    def label(self, start):
        """That of the window that begins at the sample ``start``."""
        place = start % self.block
        if place not in self._labels:
            outputs = golden.run(self.model, self._codes[place:place + WINDOW][None]).outputs
            self._labels[place] = self.model.classes[int(golden.classify(outputs)[0])]
        return self._labels[place]


class GoldenDevice(threading.Thread):
    """Answers one client on a socket, as a device with ``model`` does; the answer to a sequence is kept for its next time."""

    def __init__(self, model):
        super().__init__(daemon=True)
        self._model, self._answers = model, {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = f"socket://127.0.0.1:{self._socket.getsockname()[1]}"
        self._identity = Identity(
            model.digest[:16], model.size, model.inputs, model.outputs, model.input.width, model.input.signed, False,
            frames.logit_bytes(model.readout_width), model.top.state.width, 80, 30, 400, 4000, 42_000_000, 3_000_000)

    def run(self):
        """Until the client is gone."""
        with self._socket:
            line, reader = self._socket.accept()[0], FrameReader()
        with line:
            while data := line.recv(1 << 16):
                for frame in reader.feed(data):
                    line.sendall(self._answer(frame).encode())

    def _answer(self, frame):
        if frame.command == Command.IDENTIFY:
            return Frame(Command.IDENTITY, self._identity.encode(), frame.tag)
        if frame.payload not in self._answers:
            kind = f"<{'i' if self._model.input.signed else 'u'}{frames.element_bytes(self._model.input.width)}"
            codes = np.frombuffer(frame.payload, kind).reshape(1, -1, self._model.inputs)
            outputs = golden.run(self._model, codes.astype(np.int64)).outputs[0]
            self._answers[frame.payload] = tuple(map(int, outputs)), int(golden.classify(outputs))
        result = Result(*self._answers[frame.payload], frame.tag)
        return Frame(Command.RESULT, result.encode(self._identity.output_bytes), frame.tag)


def follow(verb, count, *, pipe=False, example=None, program=HADAM, tell=lambda place, mebibytes: None):
    """(MiB that the process had at each tenth, windows labeled, what it said in the end) of ``count`` lines.

    Parameters
    ----------
    verb : str
        ``"stream"`` or ``"predict"``.
    count : int
    pipe : bool
        The lines come by a pipe, as fast as it takes them; else from a file.
    example : Example, optional
    program : tuple of str
        How ``hadam`` is called.
    tell : callable
        Is given the sample and the MiB at each tenth.

    Raises
    ------
    AssertionError
        If a label is not golden's, or the verb ends with an error.
    """
    example = example or Example()
    blocks = -(-count // (example.block + example.damaged))
    with tempfile.TemporaryDirectory() as folder:
        model, file = Path(folder, "m.npz"), Path(folder, "lines")
        save_model(example.model, model)
        if verb == "stream":
            device = GoldenDevice(example.model)
            device.start()
            options = ["--port", device.port, "--weights", str(model), "--units", "measured", "--json", "-"]
        else:
            options = [str(model), "--units", "measured", "--json", "-"]
        with open(file, "wb") as written:
            for _ in range(0 if pipe else blocks):
                written.write(example.lines)
        with open(file, "rb") as lines, subprocess.Popen(
                [*program, verb, *options], stdin=subprocess.PIPE if pipe else lines, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as process:
            if pipe:
                threading.Thread(target=_pour, args=(process.stdin, example.lines, blocks), daemon=True).start()
            memory, windows, samples = [], 0, blocks * example.block
            for line in process.stdout:
                said = json.loads(line)
                if said["label"] != example.label(said["start"]):
                    raise AssertionError(f"window at {said['start']}: {said['label']}, not {example.label(said['start'])}")
                windows += 1
                if said["start"] * TENTHS // samples >= len(memory):
                    memory.append(resident("VmRSS", process.pid))
                    tell(said["start"], memory[-1])
            ending = process.stderr.read().decode()
        if process.returncode:
            raise AssertionError(f"{verb} ended with {process.returncode}: {ending}")
    return memory, windows, ending


def growth(memory):
    """MiB by which the process grew after the second tenth, when all that it ever needs is there."""
    return max(memory[1:]) - memory[1]


def _pour(file, block, times):
    with file:
        for _ in range(times):
            file.write(block)


def main(argv):
    """Runs the command line ``argv``; returns 1 if memory grew."""
    parser = argparse.ArgumentParser(prog="python -m bench stream_memory", description=__doc__.partition("\n")[0])
    parser.add_argument("verb", choices=("stream", "predict"))
    parser.add_argument("--lines", type=int, default=10**7)
    parser.add_argument("--pipe", action="store_true", help="nobody waits for the reader")
    parser.add_argument("--mebibytes", type=float, default=1.0, help="that memory may grow after the second tenth")
    arguments = parser.parse_args(argv)
    say = Console(stderr=True, highlight=False).print
    memory, windows, ending = follow(arguments.verb, arguments.lines, pipe=arguments.pipe,
                                     tell=lambda place, mebibytes: say(f"sample {place:,}: {mebibytes:.1f} MiB"))
    sys.stdout.write(f"{arguments.lines:,} lines, {windows:,} windows with golden's labels; MiB at each tenth: "
                     + ", ".join(f"{each:.1f}" for each in memory) + f"\n{ending}")
    return int(growth(memory) > arguments.mebibytes)
