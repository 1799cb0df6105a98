# SPDX-License-Identifier: BSD-2-Clause
"""A resonator bank as C files: ``NAME.h`` for users, ``NAME.c`` with its tables. What computes is ``hadam_bank.h``."""

from dataclasses import astuple
from importlib.resources import files

#: Bytes of a resonator in the table, and of a band's x, y and sum in the state.
RESONATOR_BYTES, BAND_BYTES = 5, 12


def bank_sizes(bank):
    """Bytes of a bank in C: ``table_bytes`` and ``state_bytes``."""
    rest = 8 if bank.level is None else 12  # blocker, level, count, and what fills up the last word
    return {"table_bytes": RESONATOR_BYTES * bank.size, "state_bytes": BAND_BYTES * bank.size + rest}


def render_bank(bank, name):
    """The texts of the C files of a :class:`~hadam_hw.input.bank.ResonatorBank` by their names.

    Parameters
    ----------
    bank : ResonatorBank
    name : str
        As :func:`firmware.mcu.export.c_name` made it.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    templates = files("firmware.mcu").joinpath("templates")
    facts = bank_sizes(bank) | {
        "name": name, "NAME": name.upper(), "bands": bank.size, "rate_hz": bank.rate_hz, "frame": bank.frame,
        "fraction": bank.fraction, "dropped": bank.dropped, "blocker": bank.blocker, "log_bits": bank.log_bits,
        "level": bank.level, "center": bank.center, "code_max": (1 << bank.code_bits) - 1,
        "doubles": int(any(min(band.shift, band.first) < 0 for band in bank.bands)),
        "resonators": [astuple(band) for band in bank.bands],
    }
    return {f"{name}.{kind}": environment.from_string(templates.joinpath(f"bank.{kind}").read_text("utf-8")).render(facts)
            for kind in ("h", "c")}
