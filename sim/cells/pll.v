// SPDX-License-Identifier: BSD-2-Clause
// Stands for the iCE40's PLL in simulation: the clock of the pin itself, locked after some edges. Rates are the bench's.
module SB_PLL40_PAD #(
    parameter FEEDBACK_PATH = "SIMPLE",
    parameter [3:0] DIVR = 0,
    parameter [6:0] DIVF = 0,
    parameter [2:0] DIVQ = 0,
    parameter [2:0] FILTER_RANGE = 0
) (
    input PACKAGEPIN, input RESETB, input BYPASS,
    output PLLOUTGLOBAL, output LOCK
);
    reg [5:0] edges = 0;
    assign PLLOUTGLOBAL = PACKAGEPIN;
    assign LOCK = &edges;
    always @(posedge PACKAGEPIN) if (RESETB && !LOCK) edges <= edges + 1;
endmodule
