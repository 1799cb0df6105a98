# SPDX-License-Identifier: BSD-2-Clause
"""What a shell asks while somebody types a ``hadam ...`` line, in the protocol of argcomplete."""

import argparse
import os
from collections.abc import Sequence

#: Set by the shell that asks.
_ASKED = "_ARGCOMPLETE"
SHELLS = ("bash", "zsh", "fish")


def asked() -> bool:
    """Whether a shell asks, and nothing is to be run."""
    return _ASKED in os.environ


def script(program: str, shell: str) -> str:
    """What one of :data:`SHELLS` evaluates, so that it asks ``program``."""
    import argcomplete

    return argcomplete.shellcode([program], shell=shell) + "\n"


def verb(program: str, names: Sequence[str]) -> list[str]:
    """The words that choose the verb, whose parser then says what may follow.

    Where the verb itself is being typed, those of ``names`` that begin so are the answer, and the process ends.
    """
    typed = os.environ["COMP_LINE"][:int(os.environ["COMP_POINT"])]
    words = typed.split()
    if len(words) + typed.endswith(" ") <= 2:
        parser = argparse.ArgumentParser(prog=program)
        parser.add_argument("verb", choices=names)
        answer(parser)
    os.environ[_ASKED] = "2"  # words are counted from 1, and those before this one are skipped
    return words[1:2]


def answer(parser: argparse.ArgumentParser) -> None:
    """Answers what may come next by ``parser``, and ends the process."""
    import argcomplete

    argcomplete.autocomplete(parser)
