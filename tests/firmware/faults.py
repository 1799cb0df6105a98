# SPDX-License-Identifier: BSD-2-Clause
"""A line that damages what goes over it."""

from collections import Counter

KINDS = ("flip", "flips", "drop", "duplicate", "truncate", "noise before", "noise after", "replace")


class FaultyLine:
    """A transport around another, which damages a share of the frames, in both directions.

    Parameters
    ----------
    inner : Transport
    rng : random.Random
    share : float
        Of the frames that are damaged.
    rest : float
        Seconds without a byte that end a frame: more than one takes.
    """

    def __init__(self, inner, rng, share, rest):
        self._inner, self._rng, self._share, self._rest = inner, rng, share, rest
        self._coming = b""
        #: Frames that were sent, and the faults by their kind, ``> kind`` on the way out and ``< kind`` on the way back.
        self.frames, self.faults = 0, Counter()

    def write(self, data):
        self.frames += 1
        assert len(data) <= 32
        self._inner.write(self._pass(">", data))

    def read(self, timeout):
        """The whole of what comes until the line rests, damaged perhaps."""
        if timeout == 0 or self._coming:
            found, self._coming = self._coming, b""
            return found
        found = piece = self._inner.read(timeout)
        while piece:
            piece = self._inner.read(self._rest)
            found += piece
        return self._pass("<", found) if found else found

    def close(self):
        self._inner.close()

    def _pass(self, way, data):
        if self._rng.random() >= self._share:
            return data
        kind = self._rng.choice(KINDS)
        self.faults[f"{way} {kind}"] += 1
        return self._damage(kind, bytearray(data))

    def _damage(self, kind, data):
        rng = self._rng
        place = rng.randrange(len(data))
        noise = rng.randbytes(rng.randrange(1, 12))
        match kind:
            case "flip":
                data[place] ^= 1 << rng.randrange(8)
            case "flips":
                for _ in range(rng.randrange(2, 20)):
                    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            case "drop":
                del data[place]
            case "duplicate":
                data *= 2
            case "truncate":
                del data[place:]
            case "noise before":
                data[:0] = noise
            case "noise after":
                data += noise
            case "replace":
                data[place:place + len(noise)] = noise
        return bytes(data)
