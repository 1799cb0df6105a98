# SPDX-License-Identifier: BSD-2-Clause
"""A design with a microphone as integers: from the bits at its pins to the labels that it gives."""

from dataclasses import dataclass

import numpy as np

from hadam_hw import golden
from hadam_hw.errors import BoardError
from hadam_hw.sensors.pdm import PdmDecimator

#: Letters of a name in a line of text.
LONGEST = 15
END = b"\n"


def window_of(source):
    """Vectors of a sequence: the window of an input, or the steps of its length rule.

    Raises
    ------
    BoardError
        If it has neither.
    """
    steps = source.window or source.length.steps
    if not steps:
        raise BoardError("Model must have a window, or sequences of one length, to work on a sensor that never stops; fit one "
                         "with --window")
    return steps


def lines_of(model):
    """The line of each label: the class's name in ASCII, others as ``?``, or its number."""
    names = model.classes or tuple(map(str, range(model.label_count)))
    return [name.encode("ascii", "replace")[:LONGEST] + END for name in names]


@dataclass(frozen=True, eq=False)
class Heard:
    """All integers between the bits and the labels.

    Parameters
    ----------
    samples : int64 [count]
        Of 16 bits.
    codes : uint8 [frames, bands]
        Of the front end.
    outputs : int64 [windows, m]
        ``Y`` at the end of each window.
    labels : int64 [windows]
    """

    samples: np.ndarray
    codes: np.ndarray
    outputs: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Ear:
    """The definition of ``rtl_gen/design/sensor_top.py``: windows follow each other from the first sample after the reset on.

    Parameters
    ----------
    model : Model
        Whose front end is the resonator bank.
    decimator : PdmDecimator
    """

    model: object
    decimator: PdmDecimator

    @property
    def window(self):
        """Vectors of a sequence."""
        return window_of(self.model.input)

    @property
    def window_samples(self):
        """Samples of a sequence."""
        return self.window * self.model.input.front_end.frame_hop

    def vectors(self, codes):
        """The model's vectors int64 [frames, d_in] of the front end's ``codes``."""
        source = self.model.input
        return np.stack([channel.codes_of_counts(column, source.format)
                         for channel, column in zip(source.channels, codes.T.astype(np.int64), strict=True)], axis=1)

    def hear(self, bits):
        """What becomes of ``bits`` int [count] from a microphone: :class:`Heard`, of the windows that are whole."""
        samples = self.decimator(bits)
        codes = self.model.input.front_end.bank.encode(samples)
        whole = len(codes) // self.window
        windows = self.vectors(codes[:whole * self.window]).reshape(whole, self.window, -1)
        outputs = golden.run(self.model, windows).outputs if whole else np.zeros((0, self.model.outputs), np.int64)
        return Heard(samples, codes, outputs, golden.label(self.model, outputs))
