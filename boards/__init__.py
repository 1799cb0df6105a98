# SPDX-License-Identifier: BSD-2-Clause
"""The boards by name: a file here each, which has the board as ``BOARD``; a file elsewhere is given by its path.

Nothing is loaded before it is asked for: a platform of amaranth-boards takes a moment.
"""

import importlib.util
from importlib import import_module
from pathlib import Path

from hadam_hw.errors import BoardError

_FOLDER = Path(__file__).parent


def names():
    """The boards there are."""
    return sorted(path.stem.replace("_", "-") for path in _FOLDER.glob("[a-z]*.py"))


def require(name):
    """Does nothing for the name of a board, or a path that ends in ``.py`` and leads to a file; loads nothing.

    Raises
    ------
    BoardError
        Naming the boards there are.
    """
    if name.endswith(".py"):
        if not Path(name).is_file():
            raise BoardError(f"Board's file must exist, and {name} does not; boards by name are {', '.join(names())}")
    elif name not in names():
        raise BoardError(f"Board must be one of {', '.join(names())}, or a file with another such as my_board.py, not {name!r}")


def get(name):
    """The :class:`boards.parts.board.Board` called ``name``, or that of the file with this path.

    Raises
    ------
    BoardError
        If there is none.
    """
    require(name)
    if name.endswith(".py"):
        return _load(Path(name))
    return import_module(f"boards.{name.replace('-', '_')}").BOARD


def _load(path):
    from boards.parts.board import Board

    spec = importlib.util.spec_from_file_location(f"board_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a file of somebody else raises
        raise BoardError(f"Board's file must load, and {path} raises {type(error).__name__}: {error}") from error
    found = getattr(module, "BOARD", None)
    if type(found) is not Board:  # what a board decides is its data, which builds are remembered by
        raise BoardError(f"Board's file must have a Board called BOARD, and {path} has {type(found).__name__}")
    return found
