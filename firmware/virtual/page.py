# SPDX-License-Identifier: BSD-2-Clause
"""What a chip heard as one HTML page that needs nothing else: sound, bands, states and labels over time.

Sound, bands and states are those of the golden definition, which gave the labels that the board said; lines are the board's.
"""

import base64
import struct
import zlib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from hadam_hw import golden

#: Pixels of a second, and of the whole page at most.
SECOND, WIDEST = 480, 16_000
#: Of a lane, and above it.
SOUND, ROW, STATES, TITLE = 90, 5, 128, 22
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class _Lane:
    title: str
    top: int
    height: int
    width: float = 0
    picture: str = ""


def render(ear, heard, sound, lines, summary):
    """The page as text.

    Parameters
    ----------
    ear : Ear
    heard : Heard
    sound : firmware.virtual.playing.Playlist
    lines : list of dict
        ``seconds``, ``text`` and ``file`` of each line that the board said.
    summary : str
    """
    from jinja2 import Environment, StrictUndefined

    rate = sound.rate_hz
    width = min(round(len(heard.samples) / rate * SECOND) + 1, WIDEST)
    scale = width / max(len(heard.samples), 1)
    front, hop = ear.model.input.front_end, ear.model.input.front_end.frame_hop
    states = states_of(ear, heard)
    bands = _Lane(f"bands, {front.bank.size}, low ones below", TITLE * 2 + SOUND, ROW * front.bank.size,
                  len(heard.codes) * hop * scale, picture(heard.codes.T[::-1]))
    kept = _Lane(f"states of the core, {len(states)}; a window of {ear.window} steps begins with none",
                 bands.top + bands.height + TITLE, STATES, states.shape[1] * hop * scale, picture(states))
    lanes = [_Lane("sound, as the decimator gives it", TITLE, SOUND), bands, kept]
    said = kept.top + kept.height + TITLE
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("firmware.virtual").joinpath("heard.html").read_text("utf-8"))
    return template.render(
        summary=summary, width=width, height=said + 30, lanes=lanes, said=said, sound=_path(heard.samples, width, TITLE, SOUND),
        spans=[{"name": name, "x": round(begin * scale, 1), "width": round((end - begin) * scale, 1)}
               for name, begin, end in sound.spans],
        ticks=[{"x": round(window * ear.window_samples * scale, 1), "name": f"{window * ear.window_samples / rate:.2f} s"}
               for window in range(len(heard.labels) + 1)],
        labels=[{"x": round((window + 1) * ear.window_samples * scale, 1), "text": line["text"]}
                for window, line in enumerate(lines)],
        lines=lines) + "\n"


def states_of(ear, heard):
    """The golden model's states int64 [n, frames] within the windows of :class:`~hadam_hw.sensors.ear.Heard`."""
    count = len(heard.labels)
    windows = ear.vectors(heard.codes[:count * ear.window]).reshape(count, ear.window, -1)
    found = [golden.trace(ear.model, window).states for window in windows]
    return np.concatenate(found).T if found else np.zeros((ear.model.top.size, 0), np.int64)


def picture(values):
    """Numbers [rows, columns] as a PNG in base64, the least white and the greatest blue; nothing where there are none."""
    if not values.size:
        return ""
    low, high = int(values.min()), int(values.max())
    levels = (values.astype(np.int64) - low) * 255 // max(high - low, 1)
    rows = b"".join(b"\0" + row.tobytes() for row in levels.astype(np.uint8))
    palette = bytes(round(255 + (end - 255) * level / 255) for level in range(256) for end in (16, 52, 128))
    height, width = values.shape
    data = _PNG + b"".join(_chunk(*one) for one in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b"")))
    return base64.b64encode(data).decode()


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _path(samples, width, top, height):
    """A line from the least to the greatest sample of each pixel."""
    if not len(samples):
        return ""
    most = max(int(np.abs(samples).max()), 1)
    edges = np.linspace(0, len(samples), min(width, len(samples)) + 1).astype(int)
    middle, found = top + height / 2, []
    for pixel, (begin, end) in enumerate(zip(edges[:-1], edges[1:])):
        part = samples[begin:end] / most * height / 2
        found.append(f"M{pixel}.5 {middle - part.max():.1f}V{middle - part.min() + 0.5:.1f}")
    return "".join(found)
