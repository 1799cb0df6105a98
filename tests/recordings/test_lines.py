# SPDX-License-Identifier: BSD-2-Clause
"""A stream of lines: what is damaged is counted and left out, and memory stays constant."""

import io
import itertools
import tracemalloc

import numpy as np
import pytest

from hadam_hw.errors import DataError
from hadam_hw.recordings import Lines


def read(data, **options):
    """(lines, samples) of these bytes."""
    lines = Lines(io.BytesIO(data), **options)
    return lines, list(lines)


def test_a_header_names_channels_in_any_order():
    lines, samples = read(b"\xef\xbb\xbftime [ms],y [g],t2,x\r\n10,1,9,2\r\n20,3,9,4\r\n", channels=("x", "y"))
    assert [sample.values.tolist() for sample in samples] == [[2, 1], [4, 3]]
    assert [sample.seconds for sample in samples] == [0.01, 0.02] and [sample.number for sample in samples] == [2, 3]
    assert lines.channels == ("x", "y") and lines.units == ("", "g") and lines.damaged == 0


def test_without_a_header_columns_are_channels_in_their_order():
    lines, samples = read(b"0.5;1,5\n2;3\n")
    assert lines.channels == ("channel_0", "channel_1") and lines.units == ("", "")
    assert lines.damaged == 1  # both marks: one may be that of thousands
    assert [sample.values.tolist() for sample in samples] == [[2, 3]]
    assert read(b"1,2\n", channels=("x", "y"))[0].channels == ("x", "y")


def test_who_begins_with_half_a_line_goes_on_with_the_next():
    lines, samples = read(b"5,2\n1,2,3\n4,5,6\n", channels=("x", "y", "z"))
    assert [sample.values.tolist() for sample in samples] == [[1, 2, 3], [4, 5, 6]] and lines.damaged == 1
    lines, samples = read(b"boot v1\nx,y\n1,2\n", channels=("x", "y"))
    assert [sample.number for sample in samples] == [3] and lines.damaged == 1


@pytest.mark.parametrize("line, what", [
    (b"1,two", "y must be a finite number, not 'two'"), (b"1", "a line must have the header's 2 cells, not 1"),
    (b"1,2,3", "a line must have the header's 2 cells, not 3"), (b"1,", "a line must have a number in each cell"),
    (b"1,inf", "y must be a finite number"), (b"1,\xff", "a line must be UTF-8 text"),
    (b"1," + b"0" * 5000, "a line must have at most 4,096 bytes"), (b"1,\x00", "y must be a finite number"),
])
def test_a_damaged_line_is_counted_and_left_out(line, what):
    data = b"x,y\n1,2\n" + line + b"\n3,4\n"
    lines, samples = read(data)
    assert [sample.number for sample in samples] == [2, 4] and lines.damaged == 1
    assert lines.last_damage.startswith(f"-, line 3: {what}")
    with pytest.raises(DataError, match="line 3"):
        read(data, strict=True)


def test_memory_is_constant_even_for_a_line_without_an_end():
    class Endless(io.RawIOBase):
        """Good lines, then digits without an end of line, then good ones."""

        def __init__(self):
            self.calls = 0

        def readline(self, limit=-1):
            self.calls += 1
            return b"1,2,3\n" if self.calls < 2000 or self.calls > 4000 else b"1" * limit

    tracemalloc.start()
    lines = Lines(Endless())
    peaks = []
    for _ in range(2):
        count = sum(1 for _ in itertools.islice(lines, 3000))
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert count == 3000 and max(peaks) < 1 << 20 and lines.damaged == 1


def test_seeded_noise_never_stops_the_stream():
    rng = np.random.default_rng(4)
    for _ in range(200):
        noise = rng.integers(0, 256, 300, dtype=np.uint8).tobytes()
        lines, samples = read(b"x,y\n" + noise + b"\n1,2\n")
        assert samples[-1].values.tolist() == [1, 2]
