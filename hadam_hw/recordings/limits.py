# SPDX-License-Identifier: BSD-2-Clause
"""Limits of what is read, all in one place: a file from anywhere costs at most 256 MB of memory and some seconds."""

#: Samples times channels of one file, 96 MiB as they are kept, and twice that while they are converted: 13 minutes of sound at
#: 16 kHz, nearly 4 hours of nine channels at 100 Hz.
MAX_FILE_VALUES = 12 << 20
#: Of all files together: 1 GiB.
MAX_VALUES = 1 << 27
#: Of one file of text, which is read a block at a time.
MAX_TEXT_BYTES = 128 << 20
#: Of the arrays of one archive together.
MAX_ARRAY_BYTES = 100 << 20
#: Sequences of one archive; each costs a kilobyte beside its values.
MAX_SEQUENCES = 100_000
#: Text becomes numbers beside the text's own memory, so it may hold fewer than a binary file.
MAX_TEXT_VALUES = 1 << 23
MAX_LINES = 1 << 21
MAX_LINE_BYTES = 64 << 10
#: A line of a stream: a sensor that sends longer ones sends no lines.
MAX_STREAM_LINE_BYTES = 4 << 10
MAX_CHANNELS = 256
#: Beyond this nothing is measured that a recurrence would follow.
MAX_RATE_HZ = 1_000_000
MAX_NAME_CHARACTERS = 100
#: Of a number; squares and sums of larger ones leave float64.
MAX_MAGNITUDE = 1e30
MAX_CLASSES = 1000
#: Members of an archive; eight have a meaning.
MAX_ARRAYS = 16
#: Speech Commands has 105,829 files.
MAX_FILES = 200_000
#: Recordings into which gaps, or changes of label, cut one file.
MAX_PIECES = 10_000
#: Rows of a table of labels.
MAX_TABLE_BYTES = 4 << 20
#: Gaps of up to this many samples are interpolated, longer ones cut the recording.
MAX_INTERPOLATED = 3
#: From here on a rate drifts, or two files have two rates.
RATE_TOLERANCE = 0.02
