# SPDX-License-Identifier: BSD-2-Clause
"""What ``hadam simulate --sensor`` does: recordings are played to a compiled design, and its lines are printed as they come."""

import json
import sys

import numpy as np
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

import boards
from firmware.virtual.ear import VirtualEar, compile_ear
from firmware.virtual.page import render
from firmware.virtual.playing import compare, playlist, read_sounds
from hadam_hw.files import atomic_write, check_file_out
from hadam_hw.sensors.ear import Ear
from hadam_hw.terminal import console
from rtl_gen.design.emit_sensor import emit_sensor_design
from rtl_gen.progress import Progress as Stages


def simulate_ear(model, architecture, board_name, paths, *, before, after, as_json, page=None):
    """Plays the files ``paths`` to a virtual board with ``model``, and prints what it says; draws it on a ``page`` (Path)."""
    if page:
        check_file_out(page)
    board = boards.get(board_name)
    sounds = read_sounds(paths, model.input.rate_hz)
    with Stages() as stages:
        compiled = compile_ear(lambda: emit_sensor_design(model, architecture, board, None), board, on_stage=stages.stage)
    ear = Ear(model, compiled.decimator)
    sound = playlist(sounds, ear, compiled.rate_hz, before=before, after=after)
    bits = sound.bits(compiled.decimator)
    said = []
    columns = (BarColumn(), TextColumn("{task.fields[clock]}"), TimeRemainingColumn())
    with VirtualEar(compiled) as virtual, Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("sound", total=len(bits), clock="")
        for part in np.array_split(bits, range(compiled.rates.ratio * 800, len(bits), compiled.rates.ratio * 800)):
            virtual.hear(part)
            bar.update(task, advance=len(part), clock=f"{virtual.clocks / compiled.clock_hz:.2f} s of sound in "
                                                      f"{virtual.seconds:.0f} s")
            for line in virtual.lines[len(said):]:
                said.append(_event(line, compiled, sound))
                if not as_json:
                    bar.console.file.flush()
                    sys.stdout.write(f"{said[-1]['seconds']:8.3f} s  {line.text}\t{said[-1]['file']}\n")
                    sys.stdout.flush()
        leds = virtual.lit[-1].leds if virtual.lit else {}
        compared, heard = compare(ear, bits, [line.text for line in virtual.lines])
        facts = {"clocks": virtual.clocks, "seconds": virtual.seconds, "board_seconds": virtual.clocks / compiled.clock_hz,
                 "lines": said, "compared": compared, "leds": leds}
    words = _words(facts, compiled)
    if page:
        atomic_write(page, render(ear, heard, sound, said, f"{words}. {', '.join(path.name for path in paths)}."))
    sys.stdout.write((json.dumps(facts) if as_json else words) + "\n")


def _words(facts, compiled):
    slower = facts["seconds"] / facts["board_seconds"]
    return (f"{facts['compared']} labels, equal to the golden model; {facts['board_seconds']:.2f} s of a board at "
            f"{compiled.clock_hz / 1e6:g} MHz, simulated in {facts['seconds']:.1f} s, {slower:.0f} times slower")


def _event(line, compiled, sound):
    seconds = line.clock / compiled.clock_hz
    return {"seconds": seconds, "text": line.text, "file": sound.at(round(seconds * sound.rate_hz))}
