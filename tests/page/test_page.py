# SPDX-License-Identifier: BSD-2-Clause
"""The page that hears: its WebAssembly and the page in Chromium give the integers of the golden model, `==`."""

import json
import re
import shutil
import subprocess
import sys
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import wasmtime

from firmware.mcu.page import Clip, render_page
from firmware.mcu.wasm import compile_wasm
from hadam_hw import golden
from hadam_hw.errors import ModelError
from hadam_hw.input import Crop, LengthRule, Padding
from hadam_hw.model_file import load_model

ROOT = Path(__file__).resolve().parents[2]
MODEL = load_model(ROOT / "models/digits-bank-h128.npz")
STEPS = MODEL.input.length.steps
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def sound(name):
    """A recording of docs/clips, int64 [samples]."""
    with wave.open(str(ROOT / "docs/clips" / f"{name}.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int64)


def answer(frames):
    """The golden model's outputs [classes] for the codes of a word [frames, bands]."""
    source, frames = MODEL.input, np.asarray(frames, np.int64)
    codes = source.length.padded(np.stack(
        [channel.codes_of_counts(frames[:, k], source.format) for k, channel in enumerate(source.channels)], axis=1))
    return golden.run(MODEL, codes[None]).outputs[0].tolist()


def compare(heard):
    """Whether the page's frames and outputs are the golden model's, for the samples that it took."""
    bank = MODEL.input.front_end.bank
    frames = [bank.encode(np.asarray(stream["fed"], np.int64)).tolist() for stream in heard["streams"]]
    outputs = [answer(word["frames"]) for word in heard["words"]]
    return (frames == [stream["frames"] for stream in heard["streams"]]
            and outputs == [word["outputs"] for word in heard["words"]])


class Module:
    """The module outside of a browser."""

    def __init__(self, wasm):
        store = wasmtime.Store()
        self._exports = wasmtime.Instance(store, wasmtime.Module(store.engine, wasm), []).exports(store)
        self._store, self._memory = store, self._exports["memory"]

    def call(self, name, *arguments):
        return self._exports[f"hear_{name}"](self._store, *arguments)

    def write(self, name, values):
        self._memory.write(self._store, np.ascontiguousarray(values).tobytes(), self.call(name))

    def read(self, name, kind, count):
        begin = self.call(name)
        return np.frombuffer(self._memory.read(self._store, begin, begin + count * np.dtype(kind).itemsize), kind)

    def hear(self, samples):
        """The page's record of these samples and one word of all frames."""
        bank, frames = MODEL.input.front_end, []
        self.call("reset")
        for begin in range(0, len(samples), bank.frame):
            part = samples[begin:begin + bank.frame]
            self.write("samples", part.astype("<i2"))
            over = self.call("feed", len(part))
            frames += self.read("frames", np.uint8, over * bank.features).reshape(over, bank.features).tolist()
        word = frames[:STEPS]
        self.write("word", np.array(word, np.uint8))
        label = self.call("classify", len(word))
        outputs = self.read("outputs", "<i4", len(MODEL.classes)).tolist()
        assert label == int(np.argmax(outputs))
        return {"streams": [{"fed": samples.tolist(), "frames": frames}],
                "words": [{"frames": word, "outputs": outputs, "label": label}]}


@pytest.fixture(scope="module")
def module():
    return Module(compile_wasm(MODEL, STEPS))


@pytest.mark.parametrize("seed", range(4))
def test_the_module_is_the_golden_model(module, seed):
    """Noise, silence and full scale, of less and of more than a sequence."""
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.choice([0, 30, 3000, 32767], 40), 200)
    samples = np.rint(rng.uniform(-1, 1, len(loud)) * loud).astype(np.int64)[:rng.integers(800, 8000)]
    assert compare(module.hear(samples))


@pytest.mark.parametrize("name", ["seven", "three", "five", "nine"])
def test_recordings_are_heard_as_what_they_are(module, name):
    heard = module.hear(sound(name))
    assert compare(heard) and MODEL.classes[heard["words"][0]["label"]] == name


def test_an_integer_that_differs_is_seen(module):
    heard = module.hear(sound("seven"))
    heard["words"][0]["outputs"][3] += 1
    assert not compare(heard)
    heard = module.hear(sound("seven"))
    heard["streams"][0]["frames"][5][7] ^= 1
    assert not compare(heard)


def test_a_module_with_one_other_code_is_seen():
    """The planted fault: a single code of the read-out in the compiled C is another one."""
    stage = MODEL.readout.stages[0]
    codes = stage.codes.astype(np.int64)
    codes[7, 5] += 1 if codes[7, 5] < 0 else -1
    module = Module(compile_wasm(MODEL.with_readout(stages=(replace(stage, codes=codes),)), STEPS))
    assert not compare(module.hear(sound("seven")))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "hear & see.html"
    clips = [Clip(name, sound(name)) for name in ("seven", "nine")]
    path.write_text(render_page(MODEL, "It </script> hears", "<b>", clips), "utf-8")
    return path


def in_chromium(page, words, *options):
    """What the page says at the end of its test ``words``, and what else Chromium says."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert browser, "Chromium is missing: apt-get install chromium"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
               f"--user-data-dir={page.parent}/user",
               "--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0", *options, f"{page.as_uri()}#{words}"]
    said = []
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            for line in process.stderr:
                said.append(line)
                if found := re.search(r'CONSOLE.*?\] "(HEARD|FAILED) (.*)", source: ', line):
                    assert found[1] == "HEARD", found[2]
                    return json.loads(found[2]), said
        finally:
            process.kill()
    raise AssertionError("".join(said)[-3000:])


def test_a_recording_in_the_page(page):
    heard, said = in_chromium(page, "clip=0")
    assert [stream["fed"] for stream in heard["streams"]] == [sound("seven").tolist()] and compare(heard)
    assert [MODEL.classes[word["label"]] for word in heard["words"]] == ["seven"]
    assert not [line for line in said if "CONSOLE" in line and "HEARD" not in line], "the page complains"


def test_a_microphone(page, tmp_path):
    """Chromium's fake one plays a file at 48 kHz, again and again: a second of silence, a word, a second of silence."""
    quiet = np.zeros(8000, np.int64)
    samples = np.repeat(np.concatenate([quiet, sound("seven"), quiet]), 6).astype("<i2")
    with wave.open(str(tmp_path / "fake.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(samples.tobytes())
    heard, _ = in_chromium(page, "microphone=5", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
                           f"--use-file-for-fake-audio-capture={tmp_path}/fake.wav")
    first = heard["streams"][0]["fed"]
    assert len(first) > 2000 and max(np.abs(stream["fed"]).max() for stream in heard["streams"]) > 1000, "nothing was heard"
    assert compare(heard) and heard["words"]
    assert MODEL.classes[heard["words"][0]["label"]] == "seven"


def test_the_page_loads_nothing(page):
    text = page.read_text("utf-8")
    assert not re.findall(r"(?:https?:)?//[a-z]+\.", re.sub(r"http://www\.w3\.org|//.*", "", text))
    assert not re.findall(r"\b(?:fetch|XMLHttpRequest|WebSocket|sendBeacon|EventSource|import)\b ?\(", text)
    assert text.count("</script>") == 2 and "It &lt;/script&gt; hears" in text and len(text) < 120_000


def test_a_model_that_does_not_hear_is_refused():
    with pytest.raises(ModelError, match="must hear through a resonator bank"):
        render_page(load_model(ROOT / "models/har-h128-b64.npz"), "", "")


@pytest.mark.parametrize("rule", [
    LengthRule(), LengthRule(80, Padding.BACK, Crop.LOUDEST), LengthRule(80, Padding.FRONT, Crop.LAST),
    LengthRule(80, Padding.NONE, Crop.LOUDEST)])
def test_a_length_rule_that_the_page_does_not_follow_is_refused(rule):
    model = MODEL.replace(input=replace(MODEL.input, length=rule))
    with pytest.raises(ModelError, match="shorter ones padded in front"):
        render_page(model, "", "")


def test_the_command_writes_a_page(tmp_path):
    out = tmp_path / "hear.html"
    done = subprocess.run([sys.executable, "-m", "hadam_hw", "export-page", "--weights", ROOT / "models/digits-bank-h128.npz",
                           "--clip", ROOT / "docs/clips/nine.wav", "--out", out], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert "open it in a browser" in done.stdout and "&#9654; nine" in out.read_text("utf-8")
