// SPDX-License-Identifier: BSD-2-Clause
// What the harnesses of both links share: a compiled design, its clock, and a flash where FLASH is defined. CLOCK is the name
// of its clock's pin.
#include <cstdint>
#include <vector>
#include "Vboard.h"

namespace {

#ifdef FLASH
// A flash on SPI, mode 0, as a chip finds it after its configuration: asleep. It does nothing but wake and read.
struct Flash {
    static constexpr uint32_t WAKE = 0xab, READ = 0x03;
    std::vector<uint8_t> data;  // from `address` on; elsewhere it is erased
    uint32_t address = 0;
    bool awake = false, reading = false, sck = false;
    uint32_t command = 0, bits = 0;
    uint64_t next = 0;  // bit to be sent

    // Looks at the pins after a clock; returns the one that it drives, or `miso` where it leaves that as it is.
    bool clock(bool cs_n, bool now, bool mosi, bool miso) {
        if (cs_n) {
            awake |= bits == 8 && command == WAKE;
            command = bits = 0;
            reading = false;
        } else if (now && !sck && !reading) {
            command = command << 1 | mosi;
            bits++;
            if (bits == 32 && awake && command >> 24 == READ) {
                reading = true;
                next = 8 * (uint64_t)(command & 0xffffff);
            }
        } else if (sck && !now && reading) {
            uint64_t byte = next / 8 - address;  // wraps far beyond the data where it is before them
            miso = byte < data.size() ? data[byte] >> (7 - next % 8) & 1 : 1;
            next++;
        }
        sck = now;
        return miso;
    }
};
#endif

// The bytes of a UART's line, 8N1, as they come.
struct Receiver {
    uint32_t bits = 0, left = 0, clocks = 0;  // those that came; how many are left, 0 while the line rests; until the next
    uint64_t broken = 0;                      // bytes without a stop bit

    // To be called each clock: whether a byte has come, and which.
    bool clock(bool line, uint32_t divisor, uint8_t &byte) {
        if (!left) {
            if (!line) {
                left = 9;
                clocks = divisor + divisor / 2;
            }
            return false;
        }
        if (--clocks)
            return false;
        bits = bits >> 1 | (uint32_t)line << 8;
        clocks = divisor;
        if (--left)
            return false;
        byte = bits & 0xff;
        broken += !(bits & 0x100);
        return bits & 0x100;
    }
};

struct Board {
    VerilatedContext context;
    Vboard top{&context};
#ifdef FLASH
    Flash flash;
#endif

    // Before the first clock, once the pins are set.
    void settle() {
        top.CLOCK = 0;
        top.eval();
    }

    void clock() {
        top.CLOCK = 1;
        top.eval();
        top.CLOCK = 0;
        top.eval();
#ifdef FLASH
        top.flash_miso = flash.clock(top.flash_cs_n, top.flash_sck, top.flash_mosi, top.flash_miso);
#endif
    }
};

template <class Session>
void finish(void *handle) {
    Session *session = static_cast<Session *>(handle);
    session->top.final();
    delete session;
}

}  // namespace

#ifdef FLASH
// Puts `data` into the flash from `address` on; before the first clock.
extern "C" void board_flash(void *handle, uint32_t address, const uint8_t *data, uint64_t length) {
    Flash &flash = static_cast<Board *>(handle)->flash;
    flash.address = address;
    flash.data.assign(data, data + length);
}
#endif
