# SPDX-License-Identifier: BSD-2-Clause
"""What the verbs that talk to a device have in common: its options, the client, running many sequences."""

import json
import sys
import time
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

import boards
from firmware.host.client import DEFAULT_TIMEOUT, Client
from firmware.host.errors import NoReplyError
from firmware.host.port_url import has_rate
from firmware.host.transport import SerialPort
from hadam_hw.cli import VerbParser, positive
from hadam_hw.errors import HadamError
from hadam_hw.model_file import load_model
from hadam_hw.terminal import console
from rtl_gen.link.frames import RATES

DEFAULT_BOARD = "icebreaker"
#: The slowest rate that is tried where none is given, and the seconds that a device at each has to answer.
PROBED, PROBE_SECONDS = 115_200, 0.2


def parser(verb, description, *, weights_required=False):
    """A parser with the options that say which device it is."""
    parsing = VerbParser(verb, description=description)
    parsing.add_argument("--port", required=True,
                         help="the serial port, such as /dev/ttyUSB1, or what simulate prints, or one over a network: "
                              "socket://HOST:PORT, rfc2217://HOST:PORT")
    parsing.add_argument("--board", default=DEFAULT_BOARD, help=f"whose rate the port has (default {DEFAULT_BOARD})")
    parsing.add_argument("--baud", type=positive(int, 1e9),
                         help="the rate; default: the board's, or a slower one at which a device answers")
    parsing.add_argument("--weights", type=Path, required=weights_required, metavar="FILE",
                         help="the model (.npz); a device with another is refused")
    parsing.add_argument("--timeout", type=positive(float), default=DEFAULT_TIMEOUT, metavar="S",
                         help=f"seconds without a byte after which no answer will come (default {DEFAULT_TIMEOUT:g})")
    parsing.add_argument("--json", action="store_true", help="for machines")
    return parsing


def connect(arguments):
    """(client, model or None) for the parsed options. Without a rate, the board's is tried, and then slower ones."""
    model = load_model(arguments.weights) if arguments.weights else None
    baud = arguments.baud or boards.get(arguments.board).baud
    client = Client(SerialPort(arguments.port, baud), digest=model and model.digest, timeout=arguments.timeout)
    if arguments.baud is None and has_rate(arguments.port):
        try:
            client.identify()
        except NoReplyError:
            client.close()
            baud = next((rate for rate in RATES if PROBED <= rate < baud and _answers(arguments.port, rate)), None)
            if baud is None:
                raise
            client = Client(SerialPort(arguments.port, baud), digest=model and model.digest, timeout=arguments.timeout)
        except HadamError:
            client.close()
            raise
    return client, model


def _answers(port, baud):
    """Whether a device answers at this rate."""
    with Client(SerialPort(port, baud), timeout=PROBE_SECONDS, attempts=2) as client:
        try:
            client.identify()
        except NoReplyError:
            return False
    return True


def run(client, sequences, embed=None):
    """The results of all sequences with a bar on standard error, and the seconds it took.

    ``sequences`` is int [sequences, steps, inputs]; or int [sequences, steps] of tokens, and ``embed`` makes the vectors of
    each when its turn comes: all at once would be gigabytes of a test set of texts.
    """
    began, results = time.monotonic(), []
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task("sequences", total=len(sequences))
        for result in client.each((embed(sequence) if embed else sequence).tolist() for sequence in sequences):
            results.append(result)
            progress.advance(task)
    return results, time.monotonic() - began


def last(result):
    """The result of a sequence's last step."""
    return result[-1] if isinstance(result, list) else result


def say(arguments, facts, text):
    """Prints ``facts`` as JSON where asked for, else ``text``."""
    sys.stdout.write((json.dumps(facts) if arguments.json else text) + "\n")
