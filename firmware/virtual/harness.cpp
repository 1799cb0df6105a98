// SPDX-License-Identifier: BSD-2-Clause
// Clocks a compiled design and works its UART pins: many clocks a call.
#include "harness.h"

namespace {

struct Session : Board {
    // what is on its way to the device: bits still to be put on the line, clocks until the next
    uint32_t sending = 0, sending_bits = 0, sending_clocks = 0;
    Receiver receiver;
};

}  // namespace

extern "C" {

void *board_new() {
    Session *session = new Session;
    session->top.rx = 1;
    session->settle();
    return session;
}

void board_delete(void *handle) { finish<Session>(handle); }

// Bytes that came without a stop bit.
uint64_t board_broken(void *handle) { return static_cast<Session *>(handle)->receiver.broken; }

// Runs for `clocks`, or until the first byte has come if `stop`; returns the clocks it ran. Bytes of `send` go out as the
// line is free, `sent` counts them; at most `room` bytes go to `received`, `count` counts them.
uint64_t board_run(void *handle, uint64_t clocks, uint32_t divisor, const uint8_t *send, uint64_t length, uint64_t *sent,
                   uint8_t *received, uint64_t room, uint64_t *count, int stop) {
    Session &s = *static_cast<Session *>(handle);
    uint64_t ran = 0, next = 0, got = 0;
    for (; ran < clocks && got < room && !(stop && got); ran++) {
        if (s.sending_clocks) {
            s.sending_clocks--;
        } else if (s.sending_bits) {
            s.top.rx = s.sending & 1;
            s.sending >>= 1;
            s.sending_bits--;
            s.sending_clocks = divisor - 1;
        } else if (next < length) {
            s.top.rx = 0;
            s.sending = send[next++] | 0x100;
            s.sending_bits = 9;
            s.sending_clocks = divisor - 1;
        }
        s.clock();
        got += s.receiver.clock(s.top.tx, divisor, received[got]);
    }
    *sent = next;
    *count = got;
    return ran;
}
}
