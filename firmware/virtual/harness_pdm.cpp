// SPDX-License-Identifier: BSD-2-Clause
// Clocks a compiled design with a PDM microphone at its pins, and notes what it says: bytes of its UART, and LEDs as they change.
#include "harness.h"
#include "watched.h"

namespace {

struct Session : Board {
    bool high = false;  // the microphone's clock, as it was
    Receiver receiver;
    uint32_t seen = 0;
    uint64_t clocks = 0;
};

}  // namespace

extern "C" {

void *board_new() {
    Session *session = new Session;
    session->top.pdm_data = 0;
    session->settle();
    session->seen = watched(session->top);
    return session;
}

void board_delete(void *handle) { finish<Session>(handle); }

uint64_t board_broken(void *handle) { return static_cast<Session *>(handle)->receiver.broken; }

// Runs until `length` bits were given, `clocks` have gone by or the room is full; returns the clocks. A bit is on the data pin
// while the microphone's clock is low, its opposite while that is high. `bytes` and `levels` get what came, each with the clock.
uint64_t board_hear(void *handle, const uint8_t *bits, uint64_t length, uint64_t *used, uint64_t clocks, uint32_t divisor,
                    uint64_t room, uint8_t *bytes, uint64_t *byte_clocks, uint64_t *byte_count, uint32_t *levels,
                    uint64_t *level_clocks, uint64_t *level_count) {
    Session &s = *static_cast<Session *>(handle);
    uint64_t next = 0, got = 0, changes = 0, began = s.clocks;
    while (next < length && s.clocks - began < clocks && got < room && changes < room) {
        s.clock();
        s.clocks++;
        if (s.top.pdm_clock != s.high) {
            s.high = s.top.pdm_clock;
            s.top.pdm_data = s.high ? !s.top.pdm_data : bits[next++];
        }
        if (s.receiver.clock(s.top.tx, divisor, bytes[got]))
            byte_clocks[got++] = s.clocks;
        uint32_t now = watched(s.top);
        if (now != s.seen) {
            s.seen = levels[changes] = now;
            level_clocks[changes++] = s.clocks;
        }
    }
    *used = next;
    *byte_count = got;
    *level_count = changes;
    return s.clocks - began;
}
}
