# SPDX-License-Identifier: BSD-2-Clause
"""Binary and ternary recurrent networks in integers: the model, its file, and the golden definition of what it computes.

``fit``, ``load``, ``save``, ``Model``, ``Input`` and ``read_recordings`` are here by their short names; each is loaded when it
is asked for.
"""

from importlib import import_module

_PUBLIC = {"fit": ("hadam_hw.train.own.api", "fit"), "load": ("hadam_hw.model_file", "load_model"),
           "save": ("hadam_hw.model_file", "save_model"), "Model": ("hadam_hw.model", "Model"),
           "Input": ("hadam_hw.input", "Input"), "read_recordings": ("hadam_hw.recordings", "read_recordings")}

__all__ = ["Input", "Model", "fit", "load", "read_recordings", "save"]  # noqa: F822


def __getattr__(name):
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    return getattr(import_module(module), attribute)


def __dir__():
    return sorted([*globals(), *_PUBLIC])
