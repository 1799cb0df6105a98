# SPDX-License-Identifier: BSD-2-Clause
"""The Verilog around the cores of one simulation: many cores, each with its own reset, behind few signals.

A read from Python costs far more than a clock in the simulator. So the handshakes of all cores are gathered in one word,
``status``, which is all that is read in a clock in which nothing happens.

A core whose codes have to be loaded finds them beside it: a memory that sends them row by row after each reset.
"""

from dataclasses import dataclass

from amaranth.hdl import Shape

from rtl_gen.gateware.words import input_stream, output_stream
from rtl_gen.plan.code_store import SPRAM_BITS

TOP = "cosim_top"
READY, VALID, TAP = 0, 1, 2  # bits of each core's part of `status`
STATUS_BITS = 3


@dataclass(frozen=True)
class CorePorts:
    """Names and widths of a core's module.

    Parameters
    ----------
    module : str
        Name of the Verilog module.
    x_width, y_width : int
        Bits of the payloads, all marks included.
    tap_width : int
        Bits of a state word.
    codes : tuple of int
        Rows that are to be loaded, if any.
    """

    module: str
    x_width: int
    y_width: int
    tap_width: int
    codes: tuple[int, ...] = ()

    @classmethod
    def of(cls, plan, module):
        """The ports of the core of ``plan``, emitted as ``module``."""
        model, contexts = plan.model, plan.timing.contexts
        x, y = input_stream(model, contexts), output_stream(model.readout_width, contexts)
        x_width, y_width = (Shape.cast(stream.members["payload"].shape).width for stream in (x, y))
        image = plan.image
        return cls(module, x_width, y_width, model.top.state.width, image.rows if image else ())


def wrapper(cores):
    """Verilog of :data:`TOP` around ``cores`` (:class:`CorePorts`, one for each instance)."""
    ports = ["input wire clk"]
    body = []
    for k, core in enumerate(cores):
        ports += [
            f"input wire rst_{k}", f"input wire [{core.x_width - 1}:0] x_{k}", f"input wire x_valid_{k}",
            f"output wire [{core.y_width - 1}:0] y_{k}", f"input wire y_ready_{k}",
            f"output wire [{core.tap_width - 1}:0] tap_{k}"]
        status = {"y__valid": VALID, "tap__valid": TAP}
        bits = "".join(f", .{port}(status[{STATUS_BITS * k + bit}])" for port, bit in status.items())
        ready = f"status[{STATUS_BITS * k + READY}]"
        stream = f".x__valid(x_valid_{k}), .x__ready({ready})"
        if core.codes:
            body.append(_loader(k, core.codes, ready))
            stream = (f".x__valid(x_valid_{k} && loaded_{k}), .x__ready(x_ready_{k}), .codes__payload(codes_{k}[row_{k}]), "
                      f".codes__valid(!loaded_{k}), .codes__ready(codes_ready_{k})")
        body.append(
            f"  {core.module} core_{k} (.clk(clk), .rst(rst_{k}), .x__payload(x_{k}), {stream}, "
            f".y__payload(y_{k}), .y__ready(y_ready_{k}), .tap__data(tap_{k}){bits});")
    ports.append(f"output wire [{STATUS_BITS * len(cores) - 1}:0] status")
    return f"`timescale 1ns/1ps\nmodule {TOP}(\n  " + ",\n  ".join(ports) + "\n);\n" + "\n".join(body) + "\nendmodule\n"


def _loader(k, rows, ready):
    """Verilog that sends the rows of core ``k`` after a reset; ``x`` waits, so that clocks are measured without it."""
    contents = "\n".join(f"    codes_{k}[{place}] = {row};" for place, row in enumerate(rows))
    return (f"  reg [{SPRAM_BITS - 1}:0] codes_{k} [0:{len(rows) - 1}];\n  reg [31:0] row_{k} = 0;\n"
            f"  wire codes_ready_{k}, x_ready_{k};\n  wire loaded_{k} = row_{k} == {len(rows)};\n"
            f"  assign {ready} = x_ready_{k} && loaded_{k};\n  initial begin\n{contents}\n  end\n"
            f"  always @(posedge clk)\n    if (rst_{k}) row_{k} <= 0;\n"
            f"    else if (codes_ready_{k} && !loaded_{k}) row_{k} <= row_{k} + 1;")
