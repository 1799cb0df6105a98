# SPDX-License-Identifier: BSD-2-Clause
"""The rules of docs/streams.md, watched by a background process."""


class StreamRuleBroken(AssertionError):
    """A stream did what its contract forbids."""


def check_stream(port):
    """A simulator process: once ``valid``, the payload stays and ``valid`` stays until the transfer."""

    async def watch(ctx):
        waiting = None
        async for _, reset, valid, ready, payload in ctx.tick().sample(port.valid, port.ready, port.p):
            if reset:
                waiting = None
                continue
            if waiting is not None and not valid:
                raise StreamRuleBroken("valid fell before the transfer")
            if waiting is not None and payload != waiting:
                raise StreamRuleBroken("the payload changed before the transfer")
            waiting = payload if valid and not ready else None

    return watch
