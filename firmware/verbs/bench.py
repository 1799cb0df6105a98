# SPDX-License-Identifier: BSD-2-Clause
"""``hadam bench``: how many sequences a second a device does, the link included."""

import numpy as np

from firmware.device import connect, parser, run, say
from hadam_hw.cli import positive


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parsing = parser("bench", "Measures how many sequences a second a device does, the link and the host included.")
    parsing.add_argument("--count", type=positive(int), default=100, metavar="N", help="sequences (default 100)")
    parsing.add_argument("--steps", type=positive(int), default=784, metavar="T", help="vectors of each (default 784)")
    arguments = parsing.parse_args(argv)
    client, _ = connect(arguments)
    with client:
        identity = client.identify()
        zeros = np.zeros((arguments.count, arguments.steps, identity.inputs), dtype=np.int64)
        _, seconds = run(client, zeros)
    core = identity.clock_hz / (arguments.steps * identity.step_clocks)
    facts = {"sequences_per_second": arguments.count / seconds, "core_sequences_per_second": core,
             "repeated": client.repeated}
    say(arguments, facts, f"{arguments.count / seconds:.1f} sequences of {arguments.steps} vectors a second; "
        f"the core alone would do {core:.1f}")
    return 0
