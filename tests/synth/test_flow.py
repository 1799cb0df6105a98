# SPDX-License-Identifier: BSD-2-Clause
"""The flow on a small core: what is counted, what is refused, what is remembered."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from hadam_hw.cache import Cache
from hadam_hw.errors import ToolFailedError
from rtl_gen.estimate.inventory import inventory
from rtl_gen.tools import flow as flow_module
from rtl_gen.tools import multipliers
from rtl_gen.tools.components import OTHER
from rtl_gen.tools.family import FAMILIES, GOWIN, Device
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.jobs import Tool
from rtl_gen.tools.multipliers import MultiplierError, is_dsp
from rtl_gen.tools.toolchain import Kind, find_toolchain
from tests.synth.conftest import HX8K

PRODUCT = """
module top(input clk, input [7:0] a, input [7:0] b, output reg [15:0] y);
  always @(posedge clk) y <= a * b;
endmodule
"""
DSP_INSTANCES = {
    "ice40": "SB_MAC16 product(.CLK(clk), .A(a), .B(b), .O(y));",
    "ecp5": "MULT18X18D product(.CLK0(clk), .A0(a[0]), .B0(b[0]), .P0(y[0]));",
    "gowin": "MULT9X9 product(.CLK(clk), .A(a[8:0]), .B(b[8:0]), .DOUT(y[17:0]));",
}


def test_the_parts_sum_to_what_place_and_route_counts(placement):
    assert placement.fmax_mhz > 50
    for kind, total in placement.used.items():
        assert sum(part[kind] for part in placement.parts.values()) == total
    assert placement.used["lc"] > 200 and placement.used["ff"] > 100 and placement.used["dsp"] == 0


def test_every_level_of_the_network_is_found_and_little_is_left_over(placement):
    assert {"cell.network.level1", "cell.memory", "readout"} <= placement.parts.keys()
    # n units in blocks of 4: two levels, one serial adder (sum and carry: two cells) for each unit in each
    for level in ("cell.network.level1", "cell.network.level2"):
        assert placement.parts[level]["lc"] == placement.parts[level]["ff"] == 16
    assert placement.parts.get(OTHER, {"lc": 0})["lc"] <= placement.used["lc"] // 50


def test_the_core_uses_as_many_block_rams_as_counted_and_no_multiplier(small_core, netlist):
    # What becomes block RAM is Yosys's choice, which a small change of a memory's description turns.
    assert netlist.cells["SB_RAM40_4K"] == inventory(small_core[0].plan)[1] > 0
    assert not any(map(is_dsp, netlist.cells))


@pytest.fixture(scope="module", params=FAMILIES)
def any_flow(request):
    """A flow that remembers nothing, of each family."""
    return Flow(find_toolchain(Kind.YOWASP, FAMILIES[request.param]), Cache(None))


def test_a_planted_product_is_seen_before_mapping(any_flow):
    with pytest.raises(MultiplierError, match=r"before mapping it has 1 such cell.*write the product as shifts"):
        any_flow.synthesise(PRODUCT, "top")


def test_a_planted_product_is_seen_after_mapping(any_flow, monkeypatch):
    monkeypatch.setattr(flow_module, "MULTIPLYING", ("$pow",))  # the first check looks the other way
    family = any_flow.family
    command = tuple(word for word in family.synthesis if word != "-nodsp")
    monkeypatch.setattr(any_flow, "family", replace(family, synthesis=command))
    with pytest.raises(MultiplierError, match="after mapping it has 1 (SB_MAC16|MULT18X18D|MULT9X9)"):
        any_flow.synthesise(PRODUCT, "top", ("-dsp",) if family.name == "ice40" else ())


def test_an_instantiated_dsp_cell_is_seen(any_flow):
    text = ("module top(input clk, input [15:0] a, input [15:0] b, output [31:0] y);\n"
            f"{DSP_INSTANCES[any_flow.family.name]}\nendmodule\n")
    with pytest.raises(MultiplierError, match="after mapping it has 1 (SB_MAC16|MULT18X18D|MULT9X9)"):
        any_flow.synthesise(text, "top")


def test_adders_of_gowin_are_no_multipliers():
    multipliers.check_no_multiplier("", {"ALU": 7, "LUT4": 3, "MUX2_LUT5": 1})
    with pytest.raises(MultiplierError, match="has 2 ALU54D"):
        multipliers.check_no_multiplier("", {"ALU": 7, "ALU54D": 2})


def _memories(count, words=256):
    """A design with ``count`` memories of ``words`` times 16 bits, and nothing in common but the address."""
    declared = "".join(f"reg [15:0] m{k} [{words - 1}:0]; reg [15:0] r{k};\n"
                       f"always @(posedge clk) begin r{k} <= m{k}[a]; if (w) m{k}[a] <= d; end\n" for k in range(count))
    total = " ^ ".join(f"r{k}" for k in range(count))
    return (f"module top(input clk, w, input [{(words - 1).bit_length() - 1}:0] a, input [15:0] d, output [15:0] o);\n"
            f"{declared}assign o = {total};\nendmodule\n")


def test_a_full_chip_is_told_not_raised(flow):
    # an HX1K has 16 block RAMs; enough memories of the same kind fill it
    placed, = flow.place(flow.synthesise(_memories(17), "top"), Device("hx1k", "tq144"), 12.0, [1])
    assert "ebr" in placed.overfull
    assert placed.fmax_mhz is None


# What nextpnr said of 57 memories of 1,024 words on an ECP5, 27 on a Gowin chip, and of a chip that is not quite full.
FULL = {
    "ecp5": ("Info: \t              DP16KD:      57/     56   101%\nInfo: \t        TRELLIS_COMB:     355/  24288     1%\n"
             "ERROR: Unable to place cell 'm0.0.0', no BELs remaining to implement cell type 'DP16KD'\n", ["ebr"]),
    "gowin": ("Info: \t                LUT4:    6000/   8640    69%\nInfo: \t                 ALU:    3000/   6480    46%\n"
              "ERROR: Unable to find legal placement for all cells, design is probably at utilisation limit.\n", ["lc"]),
    "ice40": ("Info: \t         ICESTORM_LC:    1279/   1280    99%\n"
              "ERROR: Unable to find a placement location for cell 'a_LC'\n", []),
}


def _saying(any_flow, monkeypatch, text):
    """A flow whose place & route only says ``text``, and fails."""
    code = f"import sys; print({text!r}); sys.exit(125)"
    fake = Tool("nextpnr", (sys.executable, "-c", code), "fake")
    monkeypatch.setattr(any_flow, "tools", replace(any_flow.tools, placement=fake))
    return any_flow


def test_each_familys_words_for_a_full_chip_are_understood(any_flow, netlist, monkeypatch):
    said, kinds = FULL[any_flow.family.name]
    device = Device("chip", "package", any_flow.family.name)
    placed, = _saying(any_flow, monkeypatch, said).place(netlist, device, 12.0, [1], pins="")
    assert placed.overfull == kinds and placed.fmax_mhz is None


def test_place_and_route_that_comes_to_no_end_is_told_and_remembered_until_there_is_more_time(tmp_path, netlist, monkeypatch):
    endless = Tool("nextpnr", (sys.executable, "-c", "while True: pass"), "fake")
    flow = Flow(replace(find_toolchain(Kind.YOWASP), placement=endless), Cache(tmp_path))
    monkeypatch.setattr(flow_module, "PLACEMENT_SECONDS", 1)
    monkeypatch.setattr(flow_module, "PLACEMENT_SECONDS_A_CELL", 0)
    placed, = flow.place(netlist, HX8K, 12.0, [1])
    assert placed.out_of_time == 1 and placed.fmax_mhz is None and placed.overfull == []
    monkeypatch.setattr(flow_module, "run_jobs", None)
    assert flow.place(netlist, HX8K, 12.0, [1])[0].out_of_time == 1
    monkeypatch.setattr(flow_module, "PLACEMENT_SECONDS", 2)
    with pytest.raises(TypeError):  # is tried again
        flow.place(netlist, HX8K, 12.0, [1])


def test_another_end_of_place_and_route_is_an_error(any_flow, netlist, monkeypatch):
    device = Device("chip", "package", any_flow.family.name)
    with pytest.raises(ToolFailedError, match="Failed to open"):
        _saying(any_flow, monkeypatch, "ERROR: Failed to open 'pins'").place(netlist, device, 12.0, [1], pins="")


def test_gowin_places_no_port_without_a_pin(netlist):
    flow = Flow(find_toolchain(Kind.YOWASP, GOWIN), Cache(None))
    with pytest.raises(ToolFailedError, match="places no port without a pin"):
        flow.place(netlist, Device("GW1N-9C", "GW1NR-LV9QN88PC6/I5", "gowin"), 27.0, [1])


def test_what_the_tool_says_is_in_the_error(flow):
    with pytest.raises(ToolFailedError, match=r"yosys ended with status 1: .*ERROR.*syntax error"):
        flow.synthesise("module top(; endmodule", "top")


def test_pins_that_do_not_exist_are_the_tools_error(flow, netlist):
    with pytest.raises(ToolFailedError, match="nextpnr-ice40 ended with status"):
        flow.place(netlist, HX8K, 100.0, [1], pins="set_io nowhere Z99\n")


def test_seeds_differ_and_repeat(flow, netlist, placement):
    first, second = flow.place(netlist, HX8K, 100.0, [1, 2])
    assert (first.seed, second.seed) == (1, 2)
    assert first.text == placement.text != second.text
    assert flow.pack(first, HX8K) == flow.pack(placement, HX8K)


def test_the_second_time_no_tool_runs(tmp_path, small_core, placement, monkeypatch):
    tools = find_toolchain(Kind.YOWASP)
    stages = []
    flow = Flow(tools, Cache(tmp_path), stages.append)
    netlist = flow.synthesise(small_core[1], "hadam_core")
    placed, = flow.place(netlist, HX8K, 100.0, [1])
    bitstream = flow.pack(placed, HX8K)
    assert stages == ["synthesis", "place & route, seed 1", "packing"]
    assert placed.text == placement.text

    monkeypatch.setattr(flow_module, "run_jobs", None)
    monkeypatch.setattr(flow_module, "run_tool", None)
    again = flow.synthesise(small_core[1], "hadam_core")
    placed_again, = flow.place(again, HX8K, 100.0, [1])
    assert (placed_again.text, placed_again.parts, flow.pack(placed_again, HX8K)) == (placed.text, placed.parts, bitstream)
    assert len(stages) == 3
    with pytest.raises(TypeError):  # another clock is another content
        flow.place(again, HX8K, 101.0, [1])


def test_nothing_is_left_in_the_temporary_folder(flow, netlist, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ToolFailedError):
        flow.place(netlist, HX8K, 100.0, [1], pins="set_io nowhere Z99\n")
    assert list(Path(tmp_path).iterdir()) == []
