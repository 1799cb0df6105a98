// SPDX-License-Identifier: BSD-2-Clause
// Stand for the families' PLLs in simulation: the clock of the pin itself, locked after some edges. Rates are the bench's.
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

module SB_PLL40_CORE #(
    parameter FEEDBACK_PATH = "SIMPLE",
    parameter [3:0] DIVR = 0,
    parameter [6:0] DIVF = 0,
    parameter [2:0] DIVQ = 0,
    parameter [2:0] FILTER_RANGE = 0
) (
    input REFERENCECLK, input RESETB, input BYPASS,
    output PLLOUTGLOBAL, output LOCK
);
    SB_PLL40_PAD same(.PACKAGEPIN(REFERENCECLK), .RESETB(RESETB), .BYPASS(BYPASS), .PLLOUTGLOBAL(PLLOUTGLOBAL), .LOCK(LOCK));
endmodule

module EHXPLLL #(
    parameter PLLRST_ENA = "DISABLED", parameter INTFB_WAKE = "DISABLED", parameter STDBY_ENABLE = "DISABLED",
    parameter DPHASE_SOURCE = "DISABLED", parameter OUTDIVIDER_MUXA = "DIVA", parameter OUTDIVIDER_MUXB = "DIVB",
    parameter OUTDIVIDER_MUXC = "DIVC", parameter OUTDIVIDER_MUXD = "DIVD", parameter CLKI_DIV = 1, parameter CLKFB_DIV = 1,
    parameter FEEDBK_PATH = "CLKOP", parameter CLKOP_ENABLE = "ENABLED", parameter CLKOP_DIV = 8, parameter CLKOP_CPHASE = 0,
    parameter CLKOP_FPHASE = 0
) (
    input CLKI, input CLKFB, input RST, input STDBY, input PHASESEL0, input PHASESEL1, input PHASEDIR, input PHASESTEP,
    input PHASELOADREG, input PLLWAKESYNC, input ENCLKOP,
    output CLKOP, output LOCK
);
    SB_PLL40_PAD same(.PACKAGEPIN(CLKI), .RESETB(~RST), .BYPASS(1'b0), .PLLOUTGLOBAL(CLKOP), .LOCK(LOCK));
endmodule

module rPLL #(
    parameter FCLKIN = "27", parameter DEVICE = "GW1NR-9C", parameter IDIV_SEL = 0, parameter FBDIV_SEL = 0,
    parameter ODIV_SEL = 8, parameter CLKFB_SEL = "internal", parameter PSDA_SEL = "0000", parameter DUTYDA_SEL = "1000",
    parameter CLKOUT_FT_DIR = 1'b1, parameter CLKOUTP_FT_DIR = 1'b1, parameter CLKOUT_DLY_STEP = 0,
    parameter CLKOUTP_DLY_STEP = 0, parameter DYN_SDIV_SEL = 2, parameter CLKOUTD_SRC = "CLKOUT",
    parameter CLKOUTD3_SRC = "CLKOUT", parameter DYN_IDIV_SEL = "false", parameter DYN_FBDIV_SEL = "false",
    parameter DYN_ODIV_SEL = "false", parameter DYN_DA_EN = "false", parameter CLKOUT_BYPASS = "false",
    parameter CLKOUTP_BYPASS = "false", parameter CLKOUTD_BYPASS = "false"
) (
    input CLKIN, input RESET, input RESET_P, input CLKFB, input [5:0] FBDSEL, input [5:0] IDSEL, input [5:0] ODSEL,
    input [3:0] PSDA, input [3:0] DUTYDA, input [3:0] FDLY,
    output CLKOUT, output LOCK
);
    SB_PLL40_PAD same(.PACKAGEPIN(CLKIN), .RESETB(~RESET), .BYPASS(1'b0), .PLLOUTGLOBAL(CLKOUT), .LOCK(LOCK));
endmodule
