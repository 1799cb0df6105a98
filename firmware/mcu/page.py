# SPDX-License-Identifier: BSD-2-Clause
"""A page that hears: one HTML file in which a model's C, compiled to WebAssembly, listens to a microphone."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np

from firmware.mcu.wasm import WEB, compile_wasm
from hadam_hw.errors import ModelError
from hadam_hw.input import BankFrontEnd, Crop, Padding

#: Frames of sound that are kept before a word, and wait for more behind it; frames of the shortest word.
BEFORE, PAUSE, SHORTEST = 5, 25, 6
#: Samples of a recording on a page: half a minute at 8 kHz.
MOST_SAMPLES = 240_000


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording that the page can play.

    Parameters
    ----------
    word : str
        What its button says.
    samples : array_like
        Int16 [samples], at the rate of the model's input.
    """

    word: str
    samples: np.ndarray


def page_facts(model, clips=()):
    """What the page knows: sizes, classes, the module and the recordings as base64.

    Raises
    ------
    ModelError
        If the model does not hear through a resonator bank, has no classes, or its length rule is not the page's: shorter words
        are padded in front, of longer ones the loudest part is heard.
    """
    front_end = model.input.front_end
    if not isinstance(front_end, BankFrontEnd):
        raise ModelError("Model of a page must hear through a resonator bank, which C computes, not through another front end; "
                         "train it with --front-end bank")
    length = model.input.length
    steps = length.steps
    if not model.classes or not steps or length.padding is not Padding.FRONT or length.crop not in (Crop.LOUDEST, Crop.NONE):
        raise ModelError("Model of a page must have classes and sequences of a fixed length, shorter ones padded in front and "
                         f"of longer ones the loudest part, not {length.words}; hadam fit --data makes such models of sound")
    return {
        "wasm": _base64(compile_wasm(model, steps)), "rate": int(front_end.rate_hz), "frame": front_end.frame,
        "bands": front_end.features, "steps": steps, "units": model.top.size, "classes": list(model.classes),
        "middle": front_end.bank.center,
        "before": BEFORE, "pause": PAUSE, "shortest": SHORTEST,
        "clips": [{"word": clip.word, "samples": _base64(np.asarray(clip.samples, "<i2")[:MOST_SAMPLES].tobytes())}
                  for clip in clips]}


def render_page(model, title, about, clips=()):
    """The page's HTML: it loads nothing and sends nothing, so it works from a disk.

    Parameters
    ----------
    model : Model
    title, about : str
        Plain text.
    clips : iterable of Clip

    Raises
    ------
    ModelError, ToolMissingError, ToolFailedError
        As :func:`page_facts` and :func:`~firmware.mcu.wasm.compile_wasm`.
    """
    facts = page_facts(model, clips)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(WEB), autoescape=True, undefined=jinja2.StrictUndefined)
    source, licence = model.input.source, model.input.licence
    origin = f"Model {model.digest[:16]}, {model.model_bytes:,} bytes." + (f" Trained on: {source}." if source else "") + (
        f" Licence of the data: {licence}." if licence else "")
    return environment.get_template("hear.html").render(
        title=title, about=about, facts=facts, origin=origin,
        # a name with "</script>" must not end the element
        facts_json=jinja2.utils.markupsafe.Markup(json.dumps(facts).replace("<", "\\u003c")),
        script=jinja2.utils.markupsafe.Markup((WEB / "hear.js").read_text("utf-8")))


def _base64(data):
    return base64.b64encode(data).decode()


def title_of(path):
    """A title for the page of a model's file."""
    return f"{Path(path).stem} hears"
