# SPDX-License-Identifier: BSD-2-Clause
"""Recordings of the test set through the pins of the compiled design, label for label as the golden model; exit 1 otherwise.

Each recording ends where a window ends, after a quiet room's noise. Digits take turns.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from rich.console import Console

import boards
from bench.bank import Clips
from firmware.virtual.ear import VirtualEar, compile_ear
from firmware.virtual.playing import compare, playlist
from hadam_hw.model_file import load_model
from hadam_hw.sensors.ear import Ear
from rtl_gen.design.emit_sensor import emit_sensor_design
from rtl_gen.plan.arch import parse_architecture

NAMES = ("recordings", "labels", "right", "clocks", "seconds")


def main(argv):
    """Plays the recordings in streams of ``--stream``, each after a reset, and prints what was right."""
    parser = argparse.ArgumentParser(prog="python -m bench ear_pins", description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--weights", type=Path, required=True, metavar="FILE", help="such as of python -m bench ear")
    parser.add_argument("--board", default="icebreaker")
    parser.add_argument("--arch", default="serial")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--stream", type=int, default=5, metavar="N", help="recordings of a stream")
    parser.add_argument("--log", type=Path, metavar="FILE", help="a line of JSON for each stream, as it ends")
    arguments = parser.parse_args(argv)
    clips, model, board = Clips(arguments.data), load_model(arguments.weights), boards.get(arguments.board)
    console = Console(highlight=False, soft_wrap=True)
    compiled = compile_ear(lambda: emit_sensor_design(model, parse_architecture(arguments.arch), board, None), board)
    ear, chosen, totals = Ear(model, compiled.decimator), picked(clips, arguments.count), np.zeros(5)
    for begin in range(0, len(chosen), arguments.stream):
        part = chosen[begin:begin + arguments.stream]
        sound = playlist([(str(k), clips.sounds[k]) for k in part], ear, compiled.rate_hz)
        bits = sound.bits(compiled.decimator)
        with VirtualEar(compiled) as virtual:
            virtual.hear(bits)
            compared, heard = compare(ear, bits, [line.text for line in virtual.lines])
            ends = [end // ear.window_samples - 1 for _, _, end in sound.spans]
            right = int((heard.labels[ends] == clips.labels[part]).sum())
            totals += len(part), compared, right, virtual.clocks, virtual.seconds
        if arguments.log:
            with arguments.log.open("a") as file:
                file.write(json.dumps(dict(zip(NAMES, totals.tolist()))) + "\n")
    recordings, labels, right, clocks, seconds = totals
    console.print(f"{recordings:.0f} recordings, {labels:.0f} labels, all those of the golden model; {right:.0f} recordings "
                  f"right; {clocks:,.0f} clocks in {seconds:.0f} s, a board takes {clocks / compiled.clock_hz:.0f} s")
    return 0


def picked(clips, count):
    """Numbers of recordings of the test set: the digits in turn."""
    by_digit = [np.flatnonzero(clips.test & (clips.labels == digit)) for digit in range(10)]
    return [int(by_digit[place % 10][place // 10 * 7 % len(by_digit[place % 10])]) for place in range(count)]
