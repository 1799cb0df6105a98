# SPDX-License-Identifier: BSD-2-Clause
"""The resonator bank's gateware alone on UP5K: cells, clock, and the clock that its rate wants; exit 1 where that is missed."""

import argparse
import statistics

from rich.console import Console
from rich.table import Table

from hadam_hw.cache import Cache, cache_folder
from hadam_hw.input.bank_design import mel_bank
from rtl_gen.design.verilog import emit_verilog
from rtl_gen.frontend.bank import BankCore
from rtl_gen.progress import Progress
from rtl_gen.tools.family import Device
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.toolchain import Kind, find_toolchain

UP5K = Device("up5k", "sg48")
#: Of the crystals and oscillators of the boards, without a PLL.
CLOCK_MHZ = 12.0
RATES_HZ = (8000, 16000)


def main(argv):
    """Prints a row a rate."""
    parser = argparse.ArgumentParser(prog="python -m bench front_end", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args(argv)
    table = Table("bank", "LC", "block RAM", "DSP", "MHz, each seed", "median", "clocks a sample", "at a frame's end",
                  "MHz wanted")
    missed = False
    with Progress() as progress:
        flow = Flow(find_toolchain(Kind.YOWASP), Cache(cache_folder() / "builds"), progress.stage)
        for rate_hz in RATES_HZ:
            core = BankCore(mel_bank(rate_hz))
            placed = flow.place(flow.synthesise(emit_verilog(core, "bank"), "bank"), UP5K, CLOCK_MHZ,
                                range(1, arguments.seeds + 1))
            clocks, used = [one.fmax_mhz for one in placed], placed[0].used
            wanted = rate_hz * (core.sample_cycles + core.frame_cycles) / 1e6
            missed |= min(clocks) < CLOCK_MHZ or wanted > CLOCK_MHZ
            table.add_row(f"{core.bank.size} bands, {rate_hz} Hz", *(str(used[kind]) for kind in ("lc", "ebr", "dsp")),
                          " ".join(f"{clock:.1f}" for clock in clocks), f"{statistics.median(clocks):.1f}",
                          str(core.sample_cycles), f"+{core.frame_cycles}", f"{wanted:.2f}")
    Console(highlight=False, width=140).print(table)
    return int(missed)
