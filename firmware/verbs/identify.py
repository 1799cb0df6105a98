# SPDX-License-Identifier: BSD-2-Clause
"""``hadam identify``: what a device is, and what it counted."""

from firmware import values
from firmware.device import connect, parser, say


def main(argv):
    """Runs the command line ``argv``; returns the exit code."""
    arguments = parser("identify", "Asks a device what it is, and what it counted since its last reset.").parse_args(argv)
    client, model = connect(arguments)
    with client:
        identity = client.identify()
        counted = {} if identity.lean else client.status()._asdict()
    facts = vars(identity) | {name: counted[name] for name in ("saturated_steps", "overruns", "bad_frames") if counted}
    if model is not None and identity.values:
        facts["value_units"] = values.units(model)
    say(arguments, facts, "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()))
    return 0
