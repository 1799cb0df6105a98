// SPDX-License-Identifier: BSD-2-Clause
// Clocks a compiled design whose link is SPI; its host works the pins. CLOCK is the name of its clock's pin.
#include <cstdint>
#include "Vboard.h"

namespace {

struct Session {
    VerilatedContext context;
    Vboard top{&context};
};

}  // namespace

extern "C" {

void *board_new() {
    Session *session = new Session;
    session->top.cs_n = 1;
    session->top.CLOCK = 0;
    session->top.eval();
    return session;
}

void board_delete(void *handle) {
    Session *session = static_cast<Session *>(handle);
    session->top.final();
    delete session;
}

// Sets the pins, runs for `clocks`, and returns the other ones: miso in bit 0, ready in bit 1.
unsigned board_pins(void *handle, unsigned sck, unsigned mosi, unsigned cs_n, uint32_t clocks) {
    Vboard &top = static_cast<Session *>(handle)->top;
    top.sck = sck;
    top.mosi = mosi;
    top.cs_n = cs_n;
    for (; clocks; clocks--) {
        top.CLOCK = 1;
        top.eval();
        top.CLOCK = 0;
        top.eval();
    }
    return top.miso | top.ready << 1;
}
}
