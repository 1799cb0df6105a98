# SPDX-License-Identifier: BSD-2-Clause
"""Where the codes of a read-out's stages, or of a matrix between layers, lie, and their image for a flash. Data only."""

import zlib
from dataclasses import dataclass
from enum import Enum

#: iCE40 UltraPlus' SB_SPRAM256KA has so many rows of so many bits (Lattice FPGA-TN-02022).
SPRAM_ROWS, SPRAM_BITS = 16_384, 16
#: There are no more of them on a chip.
MOST_SPRAMS = 4
#: Bytes of a row in an image.
ROW_BYTES = SPRAM_BITS // 8
#: That of Ethernet.
CRC_BITS, CRC_POLYNOMIAL = 32, 0x04C11DB7

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class CodeStore(Enum):
    """Block RAM, whose contents come with the bitstream; or SPRAM, which is undefined until it is loaded."""

    BLOCK = "block"
    SPRAM = "spram"


@dataclass(frozen=True)
class CodeImage:
    """The rows of codes as they lie in a flash: two bytes a row, the high one first, as a flash sends them.

    Parameters
    ----------
    rows : tuple of int
        Each of at most :data:`SPRAM_BITS` bits.
    """

    rows: tuple[int, ...]

    @property
    def data(self):
        """The bytes."""
        return b"".join(row.to_bytes(ROW_BYTES, "big") for row in self.rows)

    @property
    def crc(self):
        """See :func:`crc32`."""
        return crc32(self.data)


def crc32(data):
    """CRC-32/MPEG-2 of bytes: the polynomial of Ethernet, highest bit first, from all ones, nothing inverted in the end.

    That is zlib's, which takes the lowest bit first and inverts the result, with the bits turned round.
    """
    inverted = zlib.crc32(data.translate(_REVERSED)) ^ (1 << CRC_BITS) - 1
    return int(f"{inverted:0{CRC_BITS}b}"[::-1], 2)
