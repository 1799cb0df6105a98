# SPDX-License-Identifier: BSD-2-Clause
"""The input of a model file's JSON. Nothing in it is trusted: every field goes through a constructor that checks it."""

from hadam_hw.errors import ModelError
from hadam_hw.input.channel import Channel
from hadam_hw.input.front_end import FrontEnd
from hadam_hw.input.input import Input
from hadam_hw.input.law import Encoding
from hadam_hw.input.length import LengthRule


def parse_input(header, form):
    """The :class:`Input` of the InputFormat ``form`` that :meth:`Input.header` said.

    Raises
    ------
    ModelError, KeyError, TypeError, ValueError, AttributeError
        If that is no input.
    """
    header = dict(header)
    kind = Channel.of(Encoding(header.pop("encoding")))
    entries, front, length = header.pop("channels"), dict(header.pop("front_end")), dict(header.pop("length"))
    if not isinstance(entries, list) or len(entries) != form.size:
        raise ModelError(f"Input must have a list of {form.size} channels")
    word = front.pop("kind")
    if word not in FrontEnd.kinds():
        raise ModelError(f"Front end must be one of {', '.join(sorted(FrontEnd.kinds()))}, not {word!r}; a newer hadam_hw may "
                         "know it")
    channels = tuple(kind(**entry) for entry in entries)
    return Input(form, channels, front_end=FrontEnd.kinds()[word].parse(front), length=LengthRule(**length), **header)
