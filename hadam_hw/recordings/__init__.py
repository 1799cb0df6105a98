# SPDX-License-Identifier: BSD-2-Clause
"""Recordings of one's own: read within limits from files that nobody vouches for, and split without leaks."""

from hadam_hw.recordings.lines import Lines, Sample
from hadam_hw.recordings.options import ReadOptions
from hadam_hw.recordings.reader import read_file, read_recordings
from hadam_hw.recordings.recording import Kind, Part, Recording, RecordingSet
from hadam_hw.recordings.split import Shares, Split, SplitBy, folds, split

__all__ = ["Kind", "Lines", "Part", "ReadOptions", "Recording", "RecordingSet", "Sample", "Shares", "Split", "SplitBy", "folds",
           "read_file", "read_recordings", "split"]
