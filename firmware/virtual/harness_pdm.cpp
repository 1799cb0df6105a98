// SPDX-License-Identifier: BSD-2-Clause
// Clocks a compiled design with a PDM microphone at its pins, and notes what it says: bytes of its UART, and LEDs as they change.
#include "harness.h"
#include "watched.h"

namespace {

struct Session : Board {
    bool high = false;  // the microphone's clock, as it was
    uint32_t coming = 0, coming_bits = 0, coming_clocks = 0;  // a byte on its way; 0 bits while the line rests
    uint32_t seen = 0;
    uint64_t clocks = 0, broken = 0;
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

uint64_t board_broken(void *handle) { return static_cast<Session *>(handle)->broken; }

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
        if (!s.coming_bits) {
            if (!s.top.tx) {
                s.coming_bits = 9;
                s.coming_clocks = divisor + divisor / 2;
            }
        } else if (--s.coming_clocks == 0) {
            s.coming = s.coming >> 1 | (uint32_t)s.top.tx << 8;
            s.coming_clocks = divisor;
            if (--s.coming_bits == 0) {
                if (s.coming & 0x100) {
                    bytes[got] = s.coming & 0xff;
                    byte_clocks[got++] = s.clocks;
                } else {
                    s.broken++;
                }
            }
        }
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
