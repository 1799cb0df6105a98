# SPDX-License-Identifier: BSD-2-Clause
"""What a ridge takes where the settings say nothing, so that a first model needs no tuning."""

from hadam_hw.readout import Pooling
from hadam_hw.train.settings import Kind, Settings, Wires

#: For any task; no wires, so that folded cores can compute it too.
DEFAULTS = {"hidden": 256, "block": 64, "u_bits": 8}
#: Leaks that are tried behind a sum of states; validation decides.
LEAKS = (2, 3, 4, 5)
#: Pictures, pixel by pixel: every pixel counts where it is, so the last state is read, of blocks of 1 behind drawn wires.
PICTURES = ("pmnist", "smnist", "fashion")
PICTURE_DEFAULTS = {"readout": Pooling.LAST, "block": 1, "wires": Wires.DRAWN}


def tried_settings(given):
    """The settings that a ridge with the fields ``given`` tries, a tuple of :class:`~hadam_hw.train.settings.Settings`."""
    defaults = DEFAULTS | (PICTURE_DEFAULTS if given["task"] in PICTURES else {"readout": Pooling.SUM})
    if given.get("recurrence") is Kind.OSCILLATORS:
        defaults |= {"block": 2, "wires": Wires.NONE}
    chosen = defaults | given
    if "block" not in given:
        while chosen["block"] > 1 and chosen["hidden"] % chosen["block"]:
            chosen["block"] //= 4
    if "leak" in given or "leaks" in given or chosen["readout"] is not Pooling.SUM:
        return (Settings(**chosen),)
    return tuple(Settings(**chosen, leak=leak) for leak in LEAKS)
