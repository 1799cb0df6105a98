// SPDX-License-Identifier: BSD-2-Clause
// Clocks a compiled design whose link is SPI; its host works the pins.
#include "harness.h"

extern "C" {

void *board_new() {
    Board *board = new Board;
    board->top.cs_n = 1;
    board->settle();
    return board;
}

void board_delete(void *handle) { finish<Board>(handle); }

// Sets the pins, runs for `clocks`, and returns the other ones: miso in bit 0, ready in bit 1.
unsigned board_pins(void *handle, unsigned sck, unsigned mosi, unsigned cs_n, uint32_t clocks) {
    Board &board = *static_cast<Board *>(handle);
    board.top.sck = sck;
    board.top.mosi = mosi;
    board.top.cs_n = cs_n;
    for (; clocks; clocks--)
        board.clock();
    return board.top.miso | board.top.ready << 1;
}
}
