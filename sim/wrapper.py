# SPDX-License-Identifier: BSD-2-Clause
"""The Verilog around the cores of one simulation: many cores, each with its own reset, behind few signals.

A read from Python costs far more than a clock in the simulator. So the handshakes of all cores are gathered in one word,
``status``, which is all that is read in a clock in which nothing happens.
"""

from dataclasses import dataclass

from rtl_gen.gateware.words import input_stream, output_stream

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
    """

    module: str
    x_width: int
    y_width: int
    tap_width: int

    @classmethod
    def of(cls, plan, module):
        """The ports of the core of ``plan``, emitted as ``module``."""
        model, contexts = plan.model, plan.timing.contexts
        x, y = input_stream(model, contexts), output_stream(model.readout_width, contexts)
        return cls(module, x.payload_shape.size, y.payload_shape.size, model.top.state.width)


def wrapper(cores):
    """Verilog of :data:`TOP` around ``cores`` (:class:`CorePorts`, one for each instance)."""
    ports = ["input wire clk"]
    body = []
    for k, core in enumerate(cores):
        ports += [
            f"input wire rst_{k}", f"input wire [{core.x_width - 1}:0] x_{k}", f"input wire x_valid_{k}",
            f"output wire [{core.y_width - 1}:0] y_{k}", f"input wire y_ready_{k}",
            f"output wire [{core.tap_width - 1}:0] tap_{k}"]
        status = {READY: "x__ready", VALID: "y__valid", TAP: "tap__valid"}
        bits = "".join(f", .{port}(status[{STATUS_BITS * k + bit}])" for bit, port in status.items())
        body.append(
            f"  {core.module} core_{k} (.clk(clk), .rst(rst_{k}), .x__payload(x_{k}), .x__valid(x_valid_{k}), "
            f".y__payload(y_{k}), .y__ready(y_ready_{k}), .tap__data(tap_{k}){bits});")
    ports.append(f"output wire [{STATUS_BITS * len(cores) - 1}:0] status")
    return f"`timescale 1ns/1ps\nmodule {TOP}(\n  " + ",\n  ".join(ports) + "\n);\n" + "\n".join(body) + "\nendmodule\n"
