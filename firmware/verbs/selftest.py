# SPDX-License-Identifier: BSD-2-Clause
"""``hadam selftest``: a device against the golden model."""

from firmware import selftest, values
from firmware.device import connect, parser, run, say
from hadam_hw.cli import positive


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    parsing = parser("selftest", "Compares a device with the golden model, on the test vectors of the model's file.",
                     weights_required=True)
    parsing.add_argument("--count", type=positive(int), metavar="N", help="vectors to test with; default: all")
    arguments = parsing.parse_args(argv)
    client, model = connect(arguments)
    with client:
        client.identify()
        sequences = selftest.vectors(model, arguments.count)
        results, seconds = run(client, sequences)
    compared = selftest.compare(model, sequences, results)
    score, words = values.score(model, results)
    say(arguments, score | {"sequences": len(results), "compared": compared, "seconds": seconds, "repeated": client.repeated},
        f"{len(results)} sequences, {compared} integers: equal to the golden model, in {seconds:.2f} s{words}")
    return 0
