# SPDX-License-Identifier: BSD-2-Clause
"""A Verilog template for those who put the core into a design of their own."""

from hadam_hw.readout import Pooling

_TEMPLATE = """\
// How to use {module} (core.v) in a design of your own. Copy what stands below, connect the wires.
//
// {size} units, {inputs} input(s) of {width} bits {signedness}, {outputs} class(es); architecture {architecture}.
// One vector every {interval} clocks at best. {answer}
//
// Transfers happen in clocks where valid and ready are both high; valid, once high, stays until then, with the same payload.
// x: first goes with the first vector of a sequence (it forgets what was before), last with its last one.
// y: one class a transfer, class 0 first; last goes with class {last_class}. The answer is the lowest class among the largest.
// rst is synchronous, active high. tap_* and saturated are for observation; leave them open.
{codes}
localparam HADAM_INPUTS = {inputs};       // elements of a vector
localparam HADAM_INPUT_WIDTH = {width};   // bits of an element
localparam HADAM_CLASSES = {outputs};
localparam HADAM_LOGIT_WIDTH = {logit};   // bits of a class's logit, signed

wire [HADAM_INPUTS*HADAM_INPUT_WIDTH-1:0] x_data;  // element 0 in the lowest bits
wire x_first, x_last, x_valid, x_ready;
wire signed [HADAM_LOGIT_WIDTH-1:0] y_data;
wire y_last, y_valid, y_ready;

{module} core (
    .clk(clk),
    .rst(rst),
    .x__payload({{x_last, x_first, x_data}}),
    .x__valid(x_valid),
    .x__ready(x_ready),
    .y__payload({{y_last, y_data}}),
    .y__valid(y_valid),
    .y__ready(y_ready),
{codes_ports}    .tap__valid(),
    .tap__data(),
    .saturated()
);
"""


#: Where the core has to be loaded.
_CODES = """\
// codes: after each reset the {rows:,} rows of codes.bin, two bytes each, the high one first; until then no answer comes.
"""
_CODES_PORTS = """\
    .codes__payload(codes_row),  // 16 bits
    .codes__valid(codes_valid),
    .codes__ready(codes_ready),
"""


def instantiation_template(core, module):
    """Verilog text that instantiates ``core``, emitted as ``module``, with its ports spelled out."""
    model, image = core.model, core.plan.image
    return _TEMPLATE.format(
        module=module, architecture=core.architecture, size=model.size, inputs=model.inputs, width=model.input.width,
        signedness="signed" if model.input.signed else "unsigned", outputs=model.outputs, logit=model.readout_width,
        last_class=model.outputs - 1, interval=core.timing.interval,
        codes=_CODES.format(rows=len(image.rows)) if image else "", codes_ports=_CODES_PORTS if image else "",
        answer="An answer after each vector." if model.pooling is Pooling.EVERY else "An answer after each sequence.")
