# SPDX-License-Identifier: BSD-2-Clause
"""The compiled design with a microphone: recordings at its pins, lines from its UART, all ``==`` the golden definition."""

import base64
import dataclasses
import json
import struct
import wave
import zlib

import numpy as np
import pytest
from amaranth.sim import Simulator

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
from hadam_hw.sensors.pdm import STUCK_BITS, modulate
from hadam_hw.sensors.shown import BLANK, DASH, DIGITS, segments_of
from rtl_gen.design.emit_sensor import emit_sensor_design
from rtl_gen.design.seven_segments import SevenSegments
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.sensors.rates import pdm_rates
from tests.models_for_tests import centred, random_model

BOARD, SERIAL, CLOCK_HZ = get("icebreaker"), parse_architecture("serial"), 18_000_000
#: So fast that a clip has few bits; a frame is as long as the longest line, so that no sample is lost while one is sent.
RATE_HZ, FRAME, WINDOW = 45_000, 64, 4
NAMES = ("a", "b", "ç")


def clip(number):
    """Samples of noise whose color changes from clip to clip."""
    rng = np.random.default_rng(number)
    whole = np.convolve(rng.normal(size=300 + 160 * number), np.ones(1 + 9 * (number % 3)), mode="same")
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


def check_shown(lit):
    """The labels that the LEDs showed one after the other; the digits show the same, by definition, at every clock."""
    labels, busy = [], 0
    for each in (one.leds for one in lit):
        if each["busy"] != busy:
            busy = each["busy"]
            labels.append(each["label"])
        assert not labels or each["label"] == labels[-1]
        assert each["segments"] == segments_of(labels[-1] if labels else None)[each["digit"]]
    return labels


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
        last, shown = board.lit[-1].leds, check_shown(board.lit)
        assert shown == heard.labels[:len(shown)].tolist() and len(shown) - count in (0, 1)  # a line may be on its way
        assert (last["failed"], last["busy"], last["label"]) == (0, len(shown) % 2, shown[-1])
        wrong = dataclasses.replace(board.lit[-1], leds=last | {"segments": last["segments"] ^ 1})
        with pytest.raises(AssertionError):
            check_shown([*board.lit, wrong])
        assert board.clocks == pytest.approx(len(bits) * compiled.rates.divider, abs=3000)
        lines = [line.text for line in board.lines]
    for planted in (lines[:-6], [*lines, *"abc"], ["b" if line == "a" else "a" for line in lines]):
        with pytest.raises(DiffersError):
            compare(source, bits, planted)


def test_data_that_are_stuck_are_told_and_the_labels_go_on(compiled):
    source, rng = ear(), np.random.default_rng(3)
    stuck = [np.full(STUCK_BITS + 700, level) for level in (0, 1)]
    sound = [modulate(clip(k), compiled.rates.ratio) for k in range(4)]
    bits = np.concatenate([sound[0], stuck[1], sound[1], stuck[0], sound[2], rng.integers(0, 2, 400), sound[3]])
    with VirtualEar(compiled) as board:
        board.hear(bits)
        lines = [line.text for line in board.lines]
        compare(source, bits, lines)
        assert [line for line in lines if line.startswith("error")] == ["error: all ones", "error: all zero"]
        failed = [one.leds["failed"] for one in board.lit]
        assert failed[-1] == 0 and np.count_nonzero(np.diff(failed) > 0) == 2  # the LED goes on and off twice
    with pytest.raises(DiffersError, match="stuck 2 times"):
        compare(source, bits, [line for line in lines if line != "error: all ones"])


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


@pytest.mark.parametrize("count", [2, 3, 10, 12, 103])
def test_two_digits_show_a_label(count):
    dut, seen = SevenSegments(count, hold_bits=1), {}

    async def bench(ctx):
        for label in [None, *range(count)]:
            ctx.set(dut.known, label is not None)
            ctx.set(dut.label, label or 0)
            sides = {}
            for _ in range(4):
                sides[ctx.get(dut.right)] = ctx.get(dut.segments)
                await ctx.tick()
            seen[label] = (sides[0], sides[1])

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == {label: segments_of(label) for label in [None, *range(count)]}
    assert segments_of(None) == (DASH, DASH) and segments_of(7) == (BLANK, DIGITS[7]) and len(set(DIGITS)) == 10
    assert segments_of(12) == (DIGITS[1], DIGITS[2]) and segments_of(105) == (DIGITS[0], DIGITS[5])


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
