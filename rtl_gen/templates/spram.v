// SPDX-License-Identifier: BSD-2-Clause
// Stands for the single-port memory of iCE40 UltraPlus in simulation. What is undefined there is made up here: it must not be
// taken for what was written, and 0 would be.
module SB_SPRAM256KA (
    input [13:0] ADDRESS, input [15:0] DATAIN, input [3:0] MASKWREN,
    input WREN, input CHIPSELECT, input CLOCK, input STANDBY, input SLEEP, input POWEROFF,
    output reg [15:0] DATAOUT
);
    reg [15:0] rows [0:16383];
    integer i;
    initial for (i = 0; i < 16384; i = i + 1) rows[i] = 16'h5a5a;
    always @(posedge CLOCK) begin
        DATAOUT <= 16'h5a5a;
        if (CHIPSELECT && !STANDBY && !SLEEP && POWEROFF) begin
            if (!WREN) DATAOUT <= rows[ADDRESS];
            else begin
                if (MASKWREN[0]) rows[ADDRESS][3:0] <= DATAIN[3:0];
                if (MASKWREN[1]) rows[ADDRESS][7:4] <= DATAIN[7:4];
                if (MASKWREN[2]) rows[ADDRESS][11:8] <= DATAIN[11:8];
                if (MASKWREN[3]) rows[ADDRESS][15:12] <= DATAIN[15:12];
            end
        end
    end
endmodule
