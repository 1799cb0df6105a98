# SPDX-License-Identifier: BSD-2-Clause
"""The chips of the boards, and what they have."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """A chip in its package, in nextpnr's words, and what it has.

    Parameters
    ----------
    family : str
        As in :data:`rtl_gen.tools.family.FAMILIES`.
    device, package : str
        For Gowin the package is the whole part number.
    lc, ebr, dsp : int
        Logic cells (a LUT of four inputs each), block RAMs, multipliers.
    ebr_bits : int
        Of a block RAM.
    mark : int
        What a bitstream for it carries: the IDCODE, or for iCE40 the width of its banks of configuration.
    label : str
        What people call it.
    speed : str
        The speed grade, where the tools are told it apart.
    spram : int
        Single-port memories of 256 kbit, which no bitstream fills.
    """

    family: str
    device: str
    package: str
    lc: int
    ebr: int
    dsp: int
    ebr_bits: int
    mark: int
    label: str
    speed: str = ""
    spram: int = 0


UP5K_SG48 = Chip("ice40", "up5k", "sg48", lc=5280, ebr=30, dsp=8, ebr_bits=4096, mark=691, label="iCE40UP5K-SG48",
                 spram=4)
HX1K_TQ144 = Chip("ice40", "hx1k", "tq144", lc=1280, ebr=16, dsp=0, ebr_bits=4096, mark=331, label="iCE40HX1K-TQ144")
HX8K_CT256 = Chip("ice40", "hx8k", "ct256", lc=7680, ebr=32, dsp=0, ebr_bits=4096, mark=871, label="iCE40HX8K-CT256")
#: Sold with 12,000 cells; it is the 25F's die under another IDCODE, and the open tools use all of it.
LFE5U_12F_BG381 = Chip("ecp5", "12k", "CABGA381", lc=24288, ebr=56, dsp=28, ebr_bits=18432, mark=0x21111043,
                       label="LFE5U-12F-6BG381", speed="6")
LFE5U_85F_BG381 = Chip("ecp5", "85k", "CABGA381", lc=83640, ebr=208, dsp=156, ebr_bits=18432, mark=0x41113043,
                       label="LFE5U-85F-6BG381", speed="6")
LFE5U_25F_MG285 = Chip("ecp5", "25k", "CSFBGA285", lc=24288, ebr=56, dsp=28, ebr_bits=18432, mark=0x41111043,
                       label="LFE5U-25F-8MG285", speed="8")
GW1NR_9C_QN88P = Chip("gowin", "GW1N-9C", "GW1NR-LV9QN88PC6/I5", lc=8640, ebr=26, dsp=20, ebr_bits=18432, mark=0x1100481B,
                      label="GW1NR-LV9QN88PC6/I5")
