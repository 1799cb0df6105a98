# SPDX-License-Identifier: BSD-2-Clause
"""The inputs of a folded layer that stands on another one: words that come one by one, and where its matrix lies. Data only."""

from dataclasses import dataclass

from hadam_hw.errors import ArchitectureError
from rtl_gen.plan.code_store import MOST_SPRAMS, SPRAM_BITS, SPRAM_ROWS, CodeImage, CodeStore


@dataclass(frozen=True)
class Feed:
    """What the layer below hands over, and where the matrix between the two lies.

    Parameters
    ----------
    width : int
        Bits of a state of the layer below, of which the relu is the input.
    store : CodeStore
    """

    width: int
    store: CodeStore = CodeStore.BLOCK


@dataclass(frozen=True)
class PackedCodes:
    """The codes of a matrix in SPRAM, several clocks' in a row.

    Parameters
    ----------
    codes : tuple of int
        What is wanted clock by clock.
    bits : int
        Of each.

    Raises
    ------
    ArchitectureError
        If one is wider than a row, or they are more than the chip has SPRAMs for.
    """

    codes: tuple[int, ...]
    bits: int

    def __post_init__(self):
        if self.bits > SPRAM_BITS:
            raise ArchitectureError(f"Codes between two layers in SPRAM must have at most {SPRAM_BITS} bits a clock, not "
                                    f"{self.bits}; try fewer lanes or a smaller radix")
        if self.sprams > MOST_SPRAMS:
            raise ArchitectureError(f"Codes between two layers must have room in {MOST_SPRAMS} SPRAMs, and take {self.sprams}; "
                                    "use fewer units")

    @property
    def clocks_a_row(self):
        """Codes side by side in a row: a power of two."""
        return 1 << (SPRAM_BITS // self.bits).bit_length() - 1

    @property
    def image(self):
        """The rows, the first code lowest."""
        count = self.clocks_a_row
        return CodeImage(tuple(sum(code << place * self.bits for place, code in enumerate(self.codes[begin:begin + count]))
                               for begin in range(0, len(self.codes), count)))

    @property
    def rows(self):
        """Their number."""
        return -(-len(self.codes) // self.clocks_a_row)

    @property
    def sprams(self):
        """SPRAMs that hold them."""
        return -(-self.rows // SPRAM_ROWS)
