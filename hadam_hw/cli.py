# SPDX-License-Identifier: BSD-2-Clause
"""What every command line here has in common: one line for an error, and the right exit code."""

import argparse
import os
import sys

from hadam_hw import completion
from hadam_hw.command import PROGRAM, VERBS
from hadam_hw.errors import HadamError, UsageError
from hadam_hw.processes import EndedError, end_on_signals
from hadam_hw.terminal import printable

INTERRUPTED = 130
#: Exit codes of processes that a signal ended begin here.
SIGNALLED = 128
#: Letters of an error; a name in it may be as long as a file likes.
LONGEST = 1000


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are errors like all others: one line, exit code 1."""

    def error(self, message):
        """Raises UsageError."""
        raise UsageError(f"{message}; see {self.prog} --help")


class VerbParser(Parser):
    """The parser of a verb of ``hadam``, whose help ends with an example.

    Parameters
    ----------
    name : str
        The verb, as :data:`hadam_hw.command.VERBS` spells it.
    """

    def __init__(self, name, **settings):
        super().__init__(prog=f"{PROGRAM} {name}", epilog=VERBS[name].epilog,
                         formatter_class=argparse.RawDescriptionHelpFormatter, **settings)

    def parse_args(self, args=None, namespace=None):
        """As in argparse; while a shell completes a line, answers what may come next and ends the process."""
        if completion.asked():
            completion.answer(self)
        return super().parse_args(args, namespace)


def positive(kind, below=1e6):
    """The type of a command line's number, ``int`` or ``float``, that must be greater than 0 and less than ``below``."""
    words = f"a {'number' if kind is float else 'whole number'} greater than 0 and less than {below:,.0f}"

    def convert(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < below:  # NaN is neither
            raise argparse.ArgumentTypeError(f"must be {words}, not {text!r}")
        return value

    return convert


def run_cli(main, argv=None):
    """Calls ``main(argv)`` and returns the exit code: 0 ok, 1 user's error, 2 does not fit, 3 tool missing, 130 interrupted,
    143 ended by SIGTERM."""
    end_on_signals()
    try:
        return main(sys.argv[1:] if argv is None else argv) or 0
    except HadamError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _fail("interrupted", INTERRUPTED)
    except EndedError as ended:
        return _fail("ended by a signal", SIGNALLED + ended.number)
    except MemoryError:
        return _fail("out of memory; the input is larger than this machine can work on", 1)
    except BrokenPipeError:
        # The reader went away; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        return _fail(f"{error.strerror or error}{place}", 1)


def _fail(message, code):
    sentence = printable(" ".join(message.split()))
    if len(sentence) > LONGEST:
        sentence = f"{sentence[:LONGEST]} ..."
    sys.stderr.write(f"error: {sentence}\n")
    return code
