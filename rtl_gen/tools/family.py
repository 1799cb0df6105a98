# SPDX-License-Identifier: BSD-2-Clause
"""What differs between the families of chips: a description each, of the tools' options and of what is counted.

Words in braces in the arguments are filled in by :mod:`rtl_gen.tools.flow`.
"""

import re
from dataclasses import dataclass

#: What is counted of every design: logic cells, flip-flops, block RAMs, single-port memories, multipliers.
KINDS = ("lc", "ff", "ebr", "spram", "dsp")


@dataclass(frozen=True)
class Device:
    """A chip in its package, in nextpnr's words, such as ``Device("up5k", "sg48")``.

    Parameters
    ----------
    chip : str
    package : str
        For Gowin the whole part number.
    family : str
        A key of :data:`FAMILIES`.
    speed : str
        The speed grade, where nextpnr is told it apart.
    """

    chip: str
    package: str
    family: str = "ice40"
    speed: str = ""


@dataclass(frozen=True)
class Resource:
    """A line of nextpnr's utilisation.

    Parameters
    ----------
    name : str
        As nextpnr calls it.
    kind : str
        One of :data:`KINDS`. What there is of a kind is what there is of its first resource; the others stand in its place.
    weight : int
        How many of the kind one is.
    cells : str
        Pattern of the types of the cells that are counted there; default: its name.
    ff_parameter : str
        The cell's parameter that is 1 if the flip-flop in it is used, where they share a cell.
    """

    name: str
    kind: str
    weight: int = 1
    cells: str = ""
    ff_parameter: str = ""


@dataclass(frozen=True)
class Family:
    """A family of chips.

    Parameters
    ----------
    name : str
    placement, packing : str
        The tools' names.
    synthesis : tuple of str
        The command of Yosys that maps, without its multipliers.
    library : tuple of str
        Yosys' models of the cells that a design may contain before it is mapped, a PLL among them.
    device_arguments, pinned, unpinned, output_arguments : tuple of str
        For place & route. ``unpinned`` is empty where every port must have a pin.
    packing_arguments : tuple of str
    pins_file, bitstream_file : str
        Called so in the delivered files.
    resources : tuple of Resource
    """

    name: str
    placement: str
    packing: str
    synthesis: tuple[str, ...]
    library: tuple[str, ...]
    device_arguments: tuple[str, ...]
    pinned: tuple[str, ...]
    unpinned: tuple[str, ...]
    output_arguments: tuple[str, ...]
    packing_arguments: tuple[str, ...]
    pins_file: str
    bitstream_file: str
    resources: tuple[Resource, ...]

    def resource_of(self, cell_type):
        """The :class:`Resource` in which cells of a type are counted, or None."""
        return next((resource for resource in self.resources
                     if re.fullmatch(resource.cells or re.escape(resource.name), cell_type)), None)

    def totals(self, counts):
        """nextpnr's count of each resource as counts of each kind.

        Parameters
        ----------
        counts : dict of str to (int, int)
            Used and available.

        Returns
        -------
        used, available : dict of str to int
            ``ff`` is not in ``used`` where a cell holds logic and flip-flop: nextpnr counts the cells.
        """
        used, available = {}, {}
        for resource in self.resources:
            taken, there_are = counts.get(resource.name, (0, 0))
            used[resource.kind] = used.get(resource.kind, 0) + resource.weight * taken
            available.setdefault(resource.kind, resource.weight * there_are)
            if resource.ff_parameter:
                available["ff"] = there_are
        return used, {kind: available.get(kind, 0) for kind in KINDS}


ICE40 = Family(
    name="ice40", placement="nextpnr-ice40", packing="icepack", synthesis=("synth_ice40",),
    library=("+/ice40/cells_sim.v",),
    device_arguments=("--{chip}", "--package", "{package}"),
    pinned=("--pcf", "{pins}"), unpinned=("--pcf-allow-unconstrained",),
    output_arguments=("--asc", "{text}"), packing_arguments=("{text}", "{bitstream}"),
    pins_file="pins.pcf", bitstream_file="design.bin",
    resources=(Resource("ICESTORM_LC", "lc", ff_parameter="DFF_ENABLE"), Resource("ICESTORM_RAM", "ebr"),
               Resource("ICESTORM_SPRAM", "spram"), Resource("ICESTORM_DSP", "dsp")))

ECP5 = Family(
    name="ecp5", placement="nextpnr-ecp5", packing="ecppack", synthesis=("synth_ecp5", "-nodsp"),
    library=("+/lattice/cells_sim_ecp5.v", "+/lattice/cells_bb_ecp5.v"),
    device_arguments=("--{chip}", "--package", "{package}", "--speed", "{speed}"),
    pinned=("--lpf", "{pins}"), unpinned=("--lpf-allow-unconstrained",),
    output_arguments=("--textcfg", "{text}"), packing_arguments=("--compress", "--input", "{text}", "--bit", "{bitstream}"),
    pins_file="pins.lpf", bitstream_file="design.bit",
    # A memory of LUTs takes two more for its write port, which nextpnr counts apart.
    resources=(Resource("TRELLIS_COMB", "lc"), Resource("TRELLIS_RAMW", "lc", weight=2), Resource("TRELLIS_FF", "ff"),
               Resource("DP16KD", "ebr"), Resource("MULT18X18D", "dsp"), Resource("ALU54B", "dsp")))

GOWIN = Family(
    name="gowin", placement="nextpnr-himbaechel-gowin", packing="gowin_pack",
    synthesis=("synth_gowin", "-family", "gw1n", "-nodsp"),
    library=("+/gowin/cells_sim.v", "+/gowin/cells_xtra_gw1n.v"),
    device_arguments=("--device", "{package}", "--vopt", "family={chip}"),
    pinned=("--vopt", "cst={pins}"), unpinned=(),
    output_arguments=(), packing_arguments=("-d", "{chip}", "-o", "{bitstream}", "{placed}"),
    pins_file="pins.cst", bitstream_file="design.fs",
    # An ALU is a LUT with a carry and takes a LUT's place. The LUTs of a memory of LUTs are cells of their own in the end.
    resources=(Resource("LUT4", "lc", cells="LUT[1-4]"), Resource("ALU", "lc"),
               Resource("DFF", "ff", cells="DFF[NSRPCE]*"), Resource("BSRAM", "ebr", cells="(SP|DP|SDP|pROM)(X9)?B?"),
               *(Resource(name, "dsp") for name in (
                   "MULT18X18", "MULT9X9", "MULT36X36", "MULTALU18X18", "MULTALU36X18", "MULTADDALU18X18", "ALU54D",
                   "PADD9", "PADD18"))))

FAMILIES = {family.name: family for family in (ICE40, ECP5, GOWIN)}
