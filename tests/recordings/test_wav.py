# SPDX-License-Identifier: BSD-2-Clause
"""Sound of any width becomes counts of 16 bits; damaged files are a sentence."""

import struct

import numpy as np
import pytest

from hadam_hw.errors import DataError, ToolMissingError
from hadam_hw.recordings import Kind, Part, ReadOptions, read_file, read_recordings
from tests.recordings.made import tree

GUID_END = bytes.fromhex("000000001000800000aa00389b71")


def chunk(kind, data):
    """A chunk of a RIFF file."""
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def wav(data, bits=16, channels=1, rate=8000, form=1, before=b"", size=None, align=None, extensible=False):
    """A WAV file of the samples ``data``."""
    align = channels * bits // 8 if align is None else align
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else form, channels, rate, rate * align, align, bits)
    if extensible:
        head += struct.pack("<HHIH", 22, bits, 0, form) + GUID_END
    samples = chunk(b"data", data) if size is None else b"data" + struct.pack("<I", size) + data
    body = b"WAVE" + chunk(b"fmt ", head) + before + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tone(steps, hz, rate):
    """int16 [steps] of a tone."""
    return np.rint(8000 * np.sin(2 * np.pi * hz / rate * np.arange(steps))).astype("<i2")


def read(tmp_path, data, **options):
    """The recordings of a file with these bytes."""
    (tmp_path / "a.wav").write_bytes(data)
    return read_file(tmp_path / "a.wav", ReadOptions(**options))


def packed_24(values):
    """Integers as three bytes each."""
    return np.asarray(values, "<i4").view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


EXACT = np.array([-32768, -32767, -256, -1, 0, 1, 2, 255, 256, 32766, 32767])


@pytest.mark.parametrize("data, bits, form", [
    (EXACT.astype("<i2").tobytes(), 16, 1),
    (packed_24(EXACT << 8), 24, 1),
    ((EXACT << 16).astype("<i4").tobytes(), 32, 1),
    ((EXACT / 32768).astype("<f4").tobytes(), 32, 3),
    ((EXACT / 32768).astype("<f8").tobytes(), 64, 3),
])
@pytest.mark.parametrize("extensible", [False, True])
def test_every_width_counts_as_16_bits(tmp_path, data, bits, form, extensible):
    (recording,) = read(tmp_path, wav(data, bits, form=form, extensible=extensible, before=chunk(b"LIST", b"odd")))
    assert (recording.values[:, 0] == EXACT).all() and recording.values.dtype == np.int64
    assert recording.kind is Kind.COUNTS and recording.channels == ("sound",) and recording.rate_hz == 8000


def test_what_lies_between_counts_is_rounded_half_up_and_stays_within_16_bits(tmp_path):
    wide = np.array([-129, -128, -127, 127, 128, 129, 2**23 - 1, -2**23])
    expected = np.minimum((wide + 128) >> 8, 32767)
    for data, bits, form in ((packed_24(wide), 24, 1), ((wide << 8).astype("<i4").tobytes(), 32, 1),
                             ((wide / 2**23).astype("<f4").tobytes(), 32, 3)):
        assert (read(tmp_path, wav(data, bits, form=form))[0].values[:, 0] == expected).all()
    loud = read(tmp_path, wav(np.array([1.5, -1e30]).astype("<f4").tobytes(), 32, form=3))
    assert loud[0].values[:, 0].tolist() == [32767, -32768]
    assert read(tmp_path, wav(bytes([0, 127, 128, 255]), 8))[0].values[:, 0].tolist() == [-32768, -256, 0, 32512]


def test_channels_and_blocks(tmp_path):
    values = np.random.default_rng(1).integers(-2**15, 2**15, (150_001, 3))
    (recording,) = read(tmp_path, wav(packed_24(values.reshape(-1) << 8), 24, channels=3, rate=44100))
    assert (recording.values == values).all() and recording.channels == ("sound_0", "sound_1", "sound_2")


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF])
def test_a_recorder_that_did_not_know_the_length(tmp_path, size):
    assert len(read(tmp_path, wav(b"\1\0" * 5, size=size))[0]) == 5


@pytest.mark.parametrize("data, sentence", [
    (b"RIFX" + wav(b"\0\0")[4:], "a WAV file must begin with RIFF and WAVE"),
    (b"RIFF", "a WAV file must begin with RIFF and WAVE"),
    (wav(b"\0\0")[:36], "no samples were found in it"),
    (wav(b"\0\0", size=1000), "it says that 1,000 bytes of samples follow, and there are 2"),
    (wav(b"\0\0", channels=0), "sound must have 1 to 256 channels, not 0"),
    (wav(b"\0\0", channels=65535, align=2), "sound must have 1 to 256 channels, not 65535"),
    (wav(b"\0\0", rate=0), "sound must have a rate of 1 to 1,000,000 Hz, not 0"),
    (wav(b"\0\0", rate=2**32 - 1, align=1), "sound must have a rate of 1 to 1,000,000 Hz"),
    (wav(b"\0\0", form=7, bits=8), "samples must be integers of 8, 16, 24 or 32 bits or floats of 32 or 64, not 8 bits"),
    (wav(b"\0\0", bits=12), "samples must be integers of 8, 16, 24 or 32 bits"),
    (wav(b"\0\0", align=7), "a sample of all channels must take 2 bytes, not 7"),
    (wav(np.array([np.nan], "<f4").tobytes(), 32, form=3), "samples must be finite"),
    (b"RIFF\0\0\0\0WAVE" + chunk(b"data", b"\0\0"), "its format must stand before its samples"),
    (b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", b"\0\0"), "its format must have 16 bytes or more, not 2"),
    (b"RIFF\0\0\0\0WAVEfmt " + b"\xff" * 4, "its format must have at most 1024 bytes"),
    (b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 300, "no samples were found in it"),
])
def test_what_is_no_sound(tmp_path, data, sentence):
    with pytest.raises(DataError) as caught:
        read(tmp_path, data)
    assert str(caught.value).startswith(f"a.wav: {sentence}")


def test_no_samples_are_left_out(tmp_path):
    assert read(tmp_path, b"") == [] and read(tmp_path, wav(b"")) == []


@pytest.mark.parametrize("rate, wanted", [(44100, 16000), (16000, 8000), (8000, 16000), (11025, 8000)])
def test_a_tone_is_the_same_tone_at_another_rate(tmp_path, rate, wanted):
    data = wav(tone(rate, 440, rate).tobytes(), rate=rate)
    (recording,) = read(tmp_path, data, resample_hz=wanted)
    assert abs(len(recording) - wanted) <= 1 and recording.rate_hz == wanted and recording.values.dtype == np.int64
    middle = slice(wanted // 10, -wanted // 10)
    assert np.abs(recording.values[middle, 0] - tone(len(recording), 440, wanted)[middle]).max() <= 40


def test_a_rate_too_far_off_is_refused(tmp_path):
    with pytest.raises(DataError, match="a.wav has 1 Hz, which cannot be brought to 1e[+]06 Hz"):
        read(tmp_path, wav(b"\0\0" * 9, rate=1), resample_hz=1e6)


def test_without_scipy_the_way_out_is_told(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "scipy.signal", None)
    with pytest.raises(ToolMissingError, match="pip install 'hadam_hw.data.'"):
        read(tmp_path, wav(b"\0\0" * 90, rate=16000), resample_hz=8000)
    assert len(read(tmp_path, wav(b"\0\0" * 90, rate=16000), resample_hz=16000)[0]) == 90


def test_the_layout_of_speech_commands(tmp_path):
    files = {f"{word}/{speaker}_nohash_{k}.wav": wav(tone(800, 400 + 90 * len(word), 16000).tobytes(), rate=16000)
             for word in ("yes", "no") for speaker in ("0a1b2c3d", "deadbeef", "00112233") for k in range(2)}
    files |= {"_background_noise_/hum.wav": wav(b"\0\0" * 9), "README.md": "x",
              "validation_list.txt": "yes/0a1b2c3d_nohash_0.wav\nyes/0a1b2c3d_nohash_1.wav\nno/0a1b2c3d_nohash_0.wav\n",
              "testing_list.txt": "no/deadbeef_nohash_0.wav\r\nlast/deadbeef_nohash_0.wav\r\n"}
    found = read_recordings(tree(tmp_path, files))
    assert len(found) == 12 and {one.group for one in found.recordings} == {"0a1b2c3d", "deadbeef", "00112233"}
    parts = {one.source: one.part for one in found.recordings}
    assert parts["yes/0a1b2c3d_nohash_1.wav"] is Part.VALIDATION and parts["no/deadbeef_nohash_0.wav"] is Part.TEST
    assert sum(part is Part.TRAIN for part in parts.values()) == 8
    tree(tmp_path, {"testing_list.txt": "yes/0a1b2c3d_nohash_0.wav\n"})
    with pytest.raises(DataError, match="testing_list.txt, line 1: yes/0a1b2c3d_nohash_0.wav is in the other list as well"):
        read_recordings(tmp_path)


def test_sounds_of_several_rates_are_brought_to_the_most_common(tmp_path):
    files = {f"a/{k}.wav": wav(tone(900, 300, rate).tobytes(), rate=rate) for k, rate in enumerate([8000, 8000, 16000])}
    found = read_recordings(tree(tmp_path, files | {"b/1.wav": wav(tone(900, 500, 8000).tobytes())}))
    assert found.rate_hz == 8000 and found.lengths.tolist() == [900, 900, 450, 900]
    assert "a/2.wav has 16000 Hz and was brought to the 8000 Hz of most, one of 1 such recording" in found.warnings
