# SPDX-License-Identifier: BSD-2-Clause
"""The flow on a small core: what is counted, what is refused, what is remembered."""

from pathlib import Path

import pytest

from hadam_hw.errors import ToolFailedError
from rtl_gen import flow as flow_module
from rtl_gen.cache import Cache
from rtl_gen.components import OTHER
from rtl_gen.flow import Device, Flow, MultiplierError
from rtl_gen.toolchain import Kind, find_toolchain
from tests.synth.conftest import HX8K

PRODUCT = """
module top(input clk, input [7:0] a, input [7:0] b, output reg [15:0] y);
  always @(posedge clk) y <= a * b;
endmodule
"""
DSP_INSTANCE = """
module top(input clk, input [15:0] a, input [15:0] b, output [31:0] y);
  SB_MAC16 product(.CLK(clk), .A(a), .B(b), .O(y));
endmodule
"""


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


def test_the_core_uses_block_ram_and_no_multiplier(netlist):
    assert netlist.cells["SB_RAM40_4K"] > 0
    assert not netlist.cells.keys() & flow_module.DSP_CELLS


def test_a_planted_product_is_seen_before_mapping(flow):
    with pytest.raises(MultiplierError, match=r"before mapping it has 1 such cell.*write the product as shifts"):
        flow.synthesise(PRODUCT, "top")


def test_a_planted_product_is_seen_after_mapping(flow, monkeypatch):
    monkeypatch.setattr(flow_module, "MULTIPLYING", ("$pow",))  # the first check looks the other way
    with pytest.raises(MultiplierError, match="after mapping it has 1 SB_MAC16"):
        flow.synthesise(PRODUCT, "top", ("-dsp",))


def test_an_instantiated_dsp_cell_is_seen(flow):
    with pytest.raises(MultiplierError, match="after mapping it has 1 SB_MAC16"):
        flow.synthesise(DSP_INSTANCE, "top")


def test_a_full_chip_is_told_not_raised(flow):
    # an HX1K has 16 block RAMs; enough memories of the same kind fill it
    memories = "".join(f"reg [15:0] m{k} [255:0]; reg [15:0] r{k};\n"
                       f"always @(posedge clk) begin r{k} <= m{k}[a]; if (w) m{k}[a] <= d; end\n" for k in range(17))
    total = " ^ ".join(f"r{k}" for k in range(17))
    text = (f"module top(input clk, w, input [7:0] a, input [15:0] d, output [15:0] o);\n{memories}"
            f"assign o = {total};\nendmodule\n")
    placed, = flow.place(flow.synthesise(text, "top"), Device("hx1k", "tq144"), 12.0, [1])
    assert "ebr" in placed.overfull
    assert placed.fmax_mhz is None


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
    assert flow.pack(first) == flow.pack(placement)


def test_the_second_time_no_tool_runs(tmp_path, small_core, placement, monkeypatch):
    tools = find_toolchain(Kind.YOWASP)
    stages = []
    flow = Flow(tools, Cache(tmp_path), stages.append)
    netlist = flow.synthesise(small_core[1], "hadam_core")
    placed, = flow.place(netlist, HX8K, 100.0, [1])
    bitstream = flow.pack(placed)
    assert stages == ["synthesis", "place & route, seed 1", "packing"]
    assert placed.text == placement.text

    monkeypatch.setattr(flow_module, "run_jobs", None)
    monkeypatch.setattr(flow_module, "run_tool", None)
    again = flow.synthesise(small_core[1], "hadam_core")
    placed_again, = flow.place(again, HX8K, 100.0, [1])
    assert (placed_again.text, placed_again.parts, flow.pack(placed_again)) == (placed.text, placed.parts, bitstream)
    assert len(stages) == 3
    with pytest.raises(TypeError):  # another clock is another content
        flow.place(again, HX8K, 101.0, [1])


def test_nothing_is_left_in_the_temporary_folder(flow, netlist, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ToolFailedError):
        flow.place(netlist, HX8K, 100.0, [1], pins="set_io nowhere Z99\n")
    assert list(Path(tmp_path).iterdir()) == []
