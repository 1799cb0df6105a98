# SPDX-License-Identifier: BSD-2-Clause
"""For which chip a bitstream is, by what it says itself."""

ICE40_PREAMBLE = bytes.fromhex("7eaa997e")
ICE40_BANK_WIDTH = 6  # the command's number; a command's low half byte is how many bytes follow
ECP5_PREAMBLE = bytes.fromhex("ffffbdb3")
ECP5_VERIFY_ID = bytes.fromhex("e2000000")
GOWIN_ID = "00000110"


def mark_of(data):
    """The family and the mark (see :class:`boards.parts.chips.Chip`) of a bitstream, or None for anything else.

    iCE40 has no IDCODE in its bitstreams; the width of a bank of configuration tells UP5K, HX1K and HX8K apart.
    """
    for family, find in (("ice40", _ice40), ("ecp5", _ecp5), ("gowin", _gowin)):
        mark = find(data)
        if mark is not None:
            return family, mark
    return None


def _ice40(data):
    start = data.find(ICE40_PREAMBLE, 0, 4096)
    at = start + len(ICE40_PREAMBLE)
    while start >= 0 and at < min(len(data), start + 100):
        command, length = data[at] >> 4, data[at] & 15
        if command == ICE40_BANK_WIDTH:
            return int.from_bytes(data[at + 1:at + 1 + length], "big")
        at += 1 + length
    return None


def _ecp5(data):
    start = data.find(ECP5_PREAMBLE, 0, 4096)
    at = data.find(ECP5_VERIFY_ID, start, start + 100) if start >= 0 else -1
    return int.from_bytes(data[at + 4:at + 8], "big") if at >= 0 else None


def _gowin(data):
    for line in data[:8192].decode("ascii", "replace").splitlines():
        if len(line) == 64 and line.startswith(GOWIN_ID) and set(line) <= set("01"):
            return int(line[32:], 2)
    return None
