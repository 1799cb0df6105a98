# SPDX-License-Identifier: BSD-2-Clause
"""A tiny stand-in for a core: each word of x is answered by one word of y and one of tap, rightly or wrongly."""

from sim.wrapper import CorePorts, wrapper

MODULE = "echo"
WIDTH = 4

# A register between the streams; `{y}` and `{valid}` are what is shown of it, `{hurry}` how the input is accepted.
TEMPLATE = """
module echo(input clk, input rst, input [3:0] x__payload, input x__valid, output x__ready,
            output [3:0] y__payload, output y__valid, input y__ready, output tap__valid, output [3:0] tap__data);
  reg full = 0;
  reg [3:0] word = 0;
  reg [2:0] count = 0;
  assign x__ready = {ready};
  assign y__valid = {valid};
  assign y__payload = {y};
  assign tap__valid = x__valid & x__ready;
  assign tap__data = x__payload;
  always @(posedge clk) begin
    count <= count + 1;
    if (y__ready & y__valid) full <= 0;
    if (x__valid & x__ready) begin full <= 1; word <= x__payload; end
    if (rst) begin full <= 0; word <= 0; count <= 0; end
  end
endmodule
"""


def echo_sources(ready="~full | y__ready", valid="full", y="word"):
    """Verilog of the stand-in and its wrapper, with other behaviour where an argument says so."""
    return {"echo.v": TEMPLATE.format(ready=ready, valid=valid, y=y),
            "top.v": wrapper([CorePorts(MODULE, WIDTH, WIDTH, WIDTH)])}


def echo_job(words, x_pauses=(0,), y_pauses=(0,), **others):
    """The bench's job for the stand-in: it should give back ``words``."""
    run = {"name": "echo", "x": words, "y": words, "tap": words, "x_pauses": x_pauses, "y_pauses": y_pauses, "cut": None,
           "promise": None}
    return {"cores": [{"name": "echo", "quiet_clocks": 20, "stuck_clocks": 60, "runs": [run | others]}]}
