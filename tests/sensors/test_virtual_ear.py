# SPDX-License-Identifier: BSD-2-Clause
"""The compiled design with a microphone: recordings at its pins, lines from its UART, all ``==`` the golden definition."""

import base64
import json
import struct
import wave
import zlib

import numpy as np
import pytest

from boards import get
from firmware.__main__ import main
from firmware.selftest import DiffersError
from firmware.virtual.ear import VirtualEar, compile_ear
from firmware.virtual.page import picture
from firmware.virtual.playing import compare, playlist
from hadam_hw.cli import run_cli
from hadam_hw.input import BankFrontEnd, Input
from hadam_hw.input.bank_design import mel_bank
from hadam_hw.model_file import save_model
from hadam_hw.readout import Pooling
from hadam_hw.sensors.ear import Ear
from hadam_hw.sensors.pdm import modulate
from rtl_gen.design.emit_sensor import emit_sensor_design
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.sensors.rates import pdm_rates
from tests.models_for_tests import centred, random_model

BOARD, SERIAL, CLOCK_HZ = get("icebreaker"), parse_architecture("serial"), 18_000_000
#: So fast that a second of sound is a few bits long.
RATE_HZ, FRAME, WINDOW = 90_000, 8, 10
NAMES = ("a", "b", "ç")


def clip(number):
    """Samples of noise whose color changes from clip to clip."""
    rng = np.random.default_rng(number)
    whole = np.convolve(rng.normal(size=100 + 80 * number), np.ones(1 + 9 * (number % 3)), mode="same")
    return np.rint(whole / np.abs(whole).max() * 25000).astype(int)


def ear():
    """A small model that tells such clips apart."""
    front = BankFrontEnd(mel_bank(RATE_HZ, bands=3, frame=FRAME, fraction=4))
    model = random_model(size=8, block=4, outputs=3, inputs=3, input_width=8, input_signed=True, frac=-5, emit=Pooling.SUM,
                         pool_bits=5, seed=2)
    source = Input.direct(front, width=8, signed=True, offset=[112, 112, 108], window=WINDOW, hop=WINDOW)
    model = model.with_readout(classes=NAMES).replace(input=source)
    rates = pdm_rates(CLOCK_HZ, RATE_HZ)
    codes = front.bank.encode(rates.decimator(modulate(np.concatenate([clip(k) for k in range(6)]), rates.ratio)))
    windows = codes[:len(codes) // WINDOW * WINDOW].astype(np.int64).reshape(-1, WINDOW, 3)
    return Ear(centred(model, windows - 112), rates.decimator)


@pytest.fixture(scope="module")
def compiled():
    return compile_ear(lambda: emit_sensor_design(ear().model, SERIAL, BOARD, None), BOARD)


@pytest.fixture
def weights(tmp_path):
    save_model(ear().model, tmp_path / "tiny.npz")
    return str(tmp_path / "tiny.npz")


def write_wav(path, samples, rate_hz=RATE_HZ):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())


@pytest.mark.parametrize("before, after", [(None, 0.0), (0.0, 0.002), (0.0013, 0.001)])
def test_clips_through_the_pins_are_the_golden_definition(compiled, before, after):
    source = ear()
    sound = playlist([(str(k), clip(k)) for k in range(6)], source, RATE_HZ, before=before, after=after)
    bits = sound.bits(compiled.decimator)
    with VirtualEar(compiled) as board:
        for part in np.split(bits, np.sort(np.random.default_rng(1).integers(0, len(bits), 5))):  # any cutting does
            board.hear(part)
        count, heard = compare(source, bits, [line.text for line in board.lines])
        assert count >= 15 and len(set(heard.labels.tolist())) > 1 and board.broken == 0
        assert board.lit[-1].leds == {"failed": 0, "busy": count % 2, "label": heard.labels[-1]}
        assert board.clocks == pytest.approx(len(bits) * compiled.rates.divider, abs=3000)
        lines = [line.text for line in board.lines]
    for planted in (lines[:-6], [*lines, *"abc"], ["b" if line == "a" else "a" for line in lines]):
        with pytest.raises(DiffersError):
            compare(source, bits, planted)


def test_the_verb_prints_what_the_board_says(compiled, weights, tmp_path, capsys):
    for name, number in (("one.wav", 1), ("two.wav", 2)):
        write_wav(tmp_path / name, clip(number))
    command = ["simulate", "--weights", weights, "--board", "icebreaker", "--sensor", "pdm", "--play",
               str(tmp_path / "one.wav"), str(tmp_path / "two.wav")]
    assert run_cli(main, [*command, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    source = ear()
    sound = playlist([("one.wav", clip(1)), ("two.wav", clip(2))], source, RATE_HZ)
    labels = source.hear(sound.bits(compiled.decimator)).labels
    said = [line["text"] for line in facts["lines"]]
    assert said == ["ab?"[label] for label in labels[:len(said)]] and len(labels) - len(said) <= 1
    assert facts["compared"] == len(said) and [line["file"] for line in facts["lines"]][::len(said) - 1] == [
        "one.wav", "two.wav"]
    assert facts["board_seconds"] == pytest.approx(len(sound.samples) / RATE_HZ, rel=0.02)
    assert run_cli(main, [*command, "--page", str(tmp_path / "heard.html")]) == 0
    page = (tmp_path / "heard.html").read_text()
    assert page.count('class="said"') == len(said) and page.count("data:image/png;base64,iVBOR") == 2
    assert "http" not in page and page.count(">one.wav<") > page.count(">none.wav<")
    text = capsys.readouterr().out
    assert text.count("one.wav") + text.count("two.wav") == len(said) and "equal to the golden model" in text


def test_a_picture_of_numbers_is_a_png_of_them():
    values = np.random.default_rng(0).integers(-70, 90, (5, 7))
    data = base64.b64decode(picture(values))
    assert data[12:16] == b"IHDR" and struct.unpack(">II", data[16:24]) == (7, 5)
    begin = data.index(b"IDAT")
    rows = zlib.decompress(data[begin + 4:begin + 4 + struct.unpack(">I", data[begin - 4:begin])[0]])
    levels = np.frombuffer(rows, np.uint8).reshape(5, 8)[:, 1:]
    assert np.array_equal(levels, (values - values.min()) * 255 // (values.max() - values.min()))
    assert picture(np.zeros((3, 0), int)) == ""


@pytest.mark.parametrize("arguments, said", [
    (["--sensor", "pdm"], "--sensor and --play go together"), (["--play", "x.wav"], "--sensor and --play go together"),
    (["--sensor", "pdm", "--play", "x.wav", "--before", "-1"], "must be seconds from 0"),
    (["--sensor", "pdm", "--play", "none.wav"], "none.wav"), (["--sensor", "pdm", "--play", "two.wav"], "one channel")])
def test_what_cannot_be_played_is_one_sentence(weights, tmp_path, arguments, said, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with wave.open("two.wav", "wb") as file:
        file.setparams((2, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(bytes(400))
    assert run_cli(main, ["simulate", "--weights", weights, "--board", "icebreaker", *arguments]) == 1
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
