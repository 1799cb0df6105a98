# SPDX-License-Identifier: BSD-2-Clause
"""What a training on one's own recordings is told beside its settings, and the file that repeats it."""

import json
import os
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path

from hadam_hw.errors import DataError
from hadam_hw.recordings import Kind, ReadOptions
from hadam_hw.train.settings import Settings, from_text, read_toml

#: What stands for a task where there is none.
OWN = "own"
MAX_BUDGET_SECONDS = 1e6


class Balance(Enum):
    """How classes of unequal size count: ``EVEN``, each class as much as any other; ``NONE``, each sequence as much as any
    other; ``AUTO``, even where the largest class has over five times the sequences of the smallest."""

    AUTO = "auto"
    EVEN = "even"
    NONE = "none"


class Fitting(Enum):
    """How the parameters come to be: ``RIDGE`` in seconds by NumPy alone, ``GRADIENT`` by PyTorch, or ``AUTO``: a ridge, then
    gradients where PyTorch is there, and of both what is better on validation."""

    AUTO = "auto"
    RIDGE = "ridge"
    GRADIENT = "gradient"


class Front(Enum):
    """What makes vectors of samples: ``NONE``, a sample is one; ``BANK``, resonators, for sound; ``AUTO``, the bank for one
    channel of 4 kHz or more."""

    AUTO = "auto"
    NONE = "none"
    BANK = "bank"


@dataclass(frozen=True, kw_only=True)
class OwnOptions:
    """What a training on one's own recordings is told.

    Parameters
    ----------
    data : Path or None
        None where the recordings are in memory.
    read : ReadOptions
    front_end : Front
    window, hop : int or None
        In steps, of a front end its vectors; recordings are one sequence each without. ``hop`` is half a window by default.
    mu_law : tuple of str or None
        The channels that are encoded by the mu-law; None leaves it to validation.
    balance : Balance
    fit : Fitting
    folds : int
        Of the training part, 2 or more, that choose what is left open; fewer where there are fewer groups.
    budget : float
        Seconds of processor time that training by gradients may take; it is one thread.
    test : float
        The share of the groups that is held out for the test, where the recordings do not say; 0 for none.
    probability_scale : float or None
        Of the probabilities; None calibrates it on validation.
    given : dict
        Settings that are not chosen, by their names (:class:`~hadam_hw.train.settings.Settings`).

    Raises
    ------
    DataError
        If a number is out of its range.
    """

    data: Path | None = None
    read: ReadOptions = field(default_factory=ReadOptions)
    front_end: Front = Front.AUTO
    window: int | None = None
    hop: int | None = None
    mu_law: tuple[str, ...] | None = None
    balance: Balance = Balance.AUTO
    fit: Fitting = Fitting.AUTO
    folds: int = 5
    budget: float = 300.0
    test: float = 0.2
    probability_scale: float | None = None
    given: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.hop is not None and self.window is None:
            raise DataError(f"hop must be left alone without a window, not {self.hop}")
        for name, least, most in (("window", 1, 1 << 16), ("hop", 1, 1 << 16), ("folds", 2, 100),
                                  ("budget", 0, MAX_BUDGET_SECONDS), ("test", 0, 0.9)):
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise DataError(f"{name} must be between {least:,} and {most:,.10g}, not {value!r}")

    @property
    def hop_steps(self):
        """From the start of a window to that of the next; None without a window."""
        return None if self.window is None else self.hop or max(1, self.window // 2)

    @property
    def seed(self):
        """Of the split, the folds and all that is drawn."""
        return self.given.get("seed", 0)


_PLAIN = {"window": int, "hop": int, "folds": int, "budget": float, "test": float, "probability_scale": float}
_ENUMS = {"balance": Balance, "fit": Fitting, "front_end": Front}
_READ = {"rate": ("rate_hz", float), "resample": ("resample_hz", float), "group_from": ("group_from", str),
         "background": ("background", str)}
_PATHS = ("data", "out", "table")
#: The names that a configuration or a command line has beside those of settings.
NAMES = (*_PATHS, *_READ, "units", *_PLAIN, *_ENUMS, "mu_law")
#: Settings that stand in a configuration whatever they are: what is not there would be chosen anew.
_CHOSEN = ("hidden", "block", "recurrence", "readout", "leak", "seed")
_SETTINGS = tuple(entry.name for entry in fields(Settings) if entry.name not in ("task", "fit", "folds"))


def options_of(values):
    """The :class:`OwnOptions` of plain ``values`` by name: :data:`NAMES` but ``out``, and those of settings.

    Raises
    ------
    DataError
        Naming what is unknown, or not of its type.
    """
    chosen, read, given = {}, {}, {}
    for name, value in values.items():
        if name in _PLAIN:
            chosen[name] = _number(name, value, _PLAIN[name])
        elif name in _ENUMS:
            chosen[name] = _member(name, value, _ENUMS[name])
        elif name in _READ:
            where, kind = _READ[name]
            read[where] = _number(name, value, kind) if kind is float else _text(name, value)
        elif name == "units":
            read["kind"] = _member(name, value, Kind)
        elif name in ("data", "table"):
            path = Path(_text(name, value))
            (chosen if name == "data" else read)[name] = path
        elif name == "mu_law":
            if not isinstance(value, list) or not all(isinstance(channel, str) for channel in value):
                raise DataError(f"mu_law must be a list of channels' names, not {value!r}")
            chosen[name] = tuple(value)
        elif name in _SETTINGS:
            given[name] = from_text(name, value)
        else:
            raise DataError(f"Configuration must not hold {name!r}; its keys are {', '.join((*NAMES, *_SETTINGS))}")
    return OwnOptions(read=ReadOptions(**read), given=given, **chosen)


def _number(name, value, kind):
    if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else int):
        raise DataError(f"{name} must be a {'number' if kind is float else 'whole number'}, not {value!r}")
    return kind(value)


def _text(name, value):
    if not isinstance(value, str) or not value:
        raise DataError(f"{name} must be text, not {value!r}")
    return value


def _member(name, value, kind):
    try:
        return kind(value)
    except ValueError:
        raise DataError(f"{name} must be one of {', '.join(entry.value for entry in kind)}, not {value!r}") from None


def read_entries(path):
    """The entries of a configuration file (TOML) as they stand; paths in it are taken as beside it.

    Raises
    ------
    DataError
    """
    entries = read_toml(path)
    return entries | {name: str(path.parent / entries[name]) for name in _PATHS
                      if isinstance(entries.get(name), str) and "task" not in entries}


def config_text(options, settings, out, comment):
    """The configuration (TOML) that repeats a training: what was told, and what was chosen in place of what was left open.

    Parameters
    ----------
    options : OwnOptions
        With ``mu_law``, ``fit`` and ``balance`` as they were chosen.
    settings : Settings
    out : Path
        Of the model; the configuration stands beside it.
    comment : str
        A line.
    """
    entries = {"data": _beside(options.data, out), "out": out.name}
    read = options.read
    entries |= {"table": _beside(read.table, out), "units": read.kind and read.kind.value}
    entries |= {name: getattr(read, where) for name, (where, _) in _READ.items()}
    entries |= {name: getattr(options, name) for name in _PLAIN} | {name: getattr(options, name).value for name in _ENUMS}
    entries["mu_law"] = list(options.mu_law)
    plain = settings.as_json()
    defaults = {entry.name: entry.default for entry in fields(Settings)}
    entries |= {name: plain[name] for name in _SETTINGS
                if name in _CHOSEN or getattr(settings, name) != defaults[name]}
    lines = [f"# {' '.join(comment.split())}"]
    lines += [f"{name} = {_toml(value)}" for name, value in entries.items() if value is not None]
    return "\n".join(lines) + "\n"


def _beside(path, out):
    """``path`` as seen from the folder of ``out``."""
    if path is None:
        return None
    try:
        return Path(os.path.relpath(path, out.parent)).as_posix()
    except ValueError:  # on another drive
        return Path(path).resolve().as_posix()


def _toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f") if isinstance(value, str) else repr(value)
