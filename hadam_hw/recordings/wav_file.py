# SPDX-License-Identifier: BSD-2-Clause
"""Sound in WAV files of any rate and number of channels, 8 to 32 bits or floats, as counts of 16 bits.

Every width becomes what a 16-bit converter would have counted: 8 bits are shifted up, wider ones rounded half up, and floats
are full scale at 1. A set may then hold files of several widths, and a microphone on a board counts the same way.
"""

import struct
from dataclasses import dataclass
from enum import Enum

import numpy as np

from hadam_hw.errors import DataError
from hadam_hw.recordings.csv_file import ReadFile
from hadam_hw.recordings.limits import MAX_CHANNELS, MAX_FILE_VALUES, MAX_RATE_HZ
from hadam_hw.recordings.open_file import regular_file
from hadam_hw.recordings.recording import Kind, Recording

LOWEST, HIGHEST = -1 << 15, (1 << 15) - 1
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
#: The end of a subformat's GUID; its first two bytes are a format of the short kind.
_GUID_END = bytes.fromhex("000000001000800000aa00389b71")
#: What recorders write that do not know the length when they begin.
_UNKNOWN_SIZES = (0, 0xFFFFFFFF)
_MAX_CHUNKS = 256
_MAX_FORMAT_BYTES = 1024
_BLOCK_BYTES = 3 << 18
#: The widest samples are 8 bytes.
_MAX_BYTES = 8 * MAX_FILE_VALUES + (1 << 20)


class _Encoding(Enum):
    """Samples as they are stored: (format, bits)."""

    U8 = (_PCM, 8)
    S16 = (_PCM, 16)
    S24 = (_PCM, 24)
    S32 = (_PCM, 32)
    F32 = (_FLOAT, 32)
    F64 = (_FLOAT, 64)


@dataclass(frozen=True)
class _Format:
    channels: int
    rate_hz: int
    encoding: _Encoding

    @property
    def frame_bytes(self):
        return self.channels * self.encoding.value[1] // 8

    @classmethod
    def parse(cls, data, name):
        """That of a chunk ``fmt``."""
        if len(data) < 16:
            raise DataError(f"{name}: its format must have 16 bytes or more, not {len(data)}")
        form, channels, rate, _, align, bits = struct.unpack("<HHIIHH", data[:16])
        if form == _EXTENSIBLE and len(data) >= 40 and data[26:40] == _GUID_END:
            form = struct.unpack("<H", data[24:26])[0]
        if not 1 <= channels <= MAX_CHANNELS:
            raise DataError(f"{name}: sound must have 1 to {MAX_CHANNELS} channels, not {channels}")
        if not 1 <= rate <= MAX_RATE_HZ:
            raise DataError(f"{name}: sound must have a rate of 1 to {MAX_RATE_HZ:,} Hz, not {rate}")
        try:
            encoding = _Encoding((form, bits))
        except ValueError:
            raise DataError(f"{name}: samples must be integers of 8, 16, 24 or 32 bits or floats of 32 or 64, not {bits} bits "
                            f"of format {form}; save the file as 16-bit PCM") from None
        found = cls(channels, rate, encoding)
        if align != found.frame_bytes:
            raise DataError(f"{name}: a sample of all channels must take {found.frame_bytes} bytes, not {align}")
        return found


def read_wav(path, name, options):
    """The :class:`~hadam_hw.recordings.csv_file.ReadFile` at ``path``, called ``name`` in sentences; values are int64 counts.

    Raises
    ------
    DataError
        If it is no such file or beyond a limit.
    """
    with regular_file(path, name, _MAX_BYTES) as file:
        length = file.seek(0, 2)
        if not length:
            return ReadFile((), (f"{name}: the file is empty and was left out",))
        file.seek(0)
        form, size = _find_samples(file, length, name)
        frames = size // form.frame_bytes
        if not frames:
            return ReadFile((), (f"{name}: the file has no samples and was left out",))
        if frames * form.channels > MAX_FILE_VALUES:
            raise DataError(f"{name}: a file must have at most {MAX_FILE_VALUES:,} samples, not {frames * form.channels:,}; "
                            "cut it into several")
        values = _counts(file, frames, form, name)
    channels = ("sound",) if form.channels == 1 else tuple(f"sound_{k}" for k in range(form.channels))
    return ReadFile((Recording(values, channels, ("counts",) * form.channels, float(form.rate_hz), None, None, None, name,
                               Kind.COUNTS),))


def _find_samples(file, length, name):
    """(format, bytes of samples) with ``file`` standing at the first sample."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise DataError(f"{name}: a WAV file must begin with RIFF and WAVE, and this one does not")
    form = None
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            break
        kind, size = struct.unpack("<4sI", head)
        here = file.tell()
        if kind == b"data":
            if form is None:
                raise DataError(f"{name}: its format must stand before its samples")
            if size in _UNKNOWN_SIZES:
                size = length - here
            if size > length - here:
                raise DataError(f"{name}: it says that {size:,} bytes of samples follow, and there are {length - here:,}; the "
                                "file was cut off")
            return form, size
        if kind == b"fmt ":
            if size > _MAX_FORMAT_BYTES:
                raise DataError(f"{name}: its format must have at most {_MAX_FORMAT_BYTES} bytes, not {size:,}")
            form = _Format.parse(file.read(size), name)
        file.seek(here + size + (size & 1))  # chunks begin at even bytes
    raise DataError(f"{name}: no samples were found in it; the file was cut off, or is none")


def _counts(file, frames, form, name):
    """int64 [frames, channels]."""
    values = np.empty(frames * form.channels, np.int64)
    width = form.encoding.value[1] // 8
    filled = 0
    while filled < len(values):
        data = file.read(min(_BLOCK_BYTES, (len(values) - filled) * width))
        if not data or len(data) % width:
            raise DataError(f"{name}: the file ended while it was read")
        block = _CONVERSIONS[form.encoding](data)
        if block is None:
            raise DataError(f"{name}: samples must be finite, and one of {len(data) // width:,} from sample {filled:,} on is "
                            "not")
        values[filled:filled + len(block)] = block
        filled += len(block)
    return values.reshape(frames, form.channels)


def _of_u8(data):
    return (np.frombuffer(data, np.uint8).astype(np.int64) - 128) << 8


def _of_s24(data):
    low, middle, high = np.frombuffer(data, np.uint8).reshape(-1, 3).T.astype(np.int32)
    return _rounded(low | middle << 8 | ((high ^ 0x80) - 0x80) << 16, 8)


def _of_s32(data):
    return _rounded(np.frombuffer(data, "<i4").astype(np.int64), 16)


def _rounded(wide, shift):
    return np.minimum((wide + (1 << shift - 1)) >> shift, HIGHEST)


def _of_floats(data, dtype):
    samples = np.frombuffer(data, dtype)
    if not np.isfinite(samples).all():
        return None
    return np.clip(np.floor(np.clip(samples.astype(np.float64), -2, 2) * -LOWEST + 0.5), LOWEST, HIGHEST).astype(np.int64)


_CONVERSIONS = {
    _Encoding.U8: _of_u8,
    _Encoding.S16: lambda data: np.frombuffer(data, "<i2").astype(np.int64),
    _Encoding.S24: _of_s24,
    _Encoding.S32: _of_s32,
    _Encoding.F32: lambda data: _of_floats(data, "<f4"),
    _Encoding.F64: lambda data: _of_floats(data, "<f8"),
}
