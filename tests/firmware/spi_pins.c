/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SPI pins of a compiled board, worked bit by bit. CLOCKS_PER_MS and POWER_UP are the board's.
 *
 * Compiled with LATE it takes the device's bits half a period late, with BLIND it does not look at the ready line while it
 * sends: two mistakes.
 */

#include "spi_pins.h"

/* firmware/virtual/harness_spi.cpp */
void *board_new(void);
unsigned board_pins(void *board, unsigned sck, unsigned mosi, unsigned cs_n, uint32_t clocks);

#define MISO 1u
#define READY 2u
/* Clocks until the ready line is right, docs/link.md; and half a period of sck, at least. */
#define SETTLE 8
#define HALF 4

static void *board;
static unsigned half = HALF, one_in;
static uint32_t random_state;
static unsigned long turned;

void pins_begin(unsigned half_period, unsigned one_bit_in, uint32_t seed)
{
    half = half_period;
    one_in = one_bit_in;
    random_state = seed;
}

unsigned long pins_turned(void)
{
    return turned;
}

static unsigned pins(unsigned sck, unsigned mosi, unsigned cs_n, uint32_t clocks)
{
    if (!board) {
        board = board_new();
        board_pins(board, 0, 0, 1, POWER_UP);
    }
    return board_pins(board, sck, mosi, cs_n, clocks);
}

static unsigned noisy(unsigned bit)
{
    if (one_in == 0)
        return bit;
    random_state = random_state * 1664525u + 1013904223u;
    if ((random_state >> 8) % one_in)
        return bit;
    turned++;
    return !bit;
}

int board_swap(void *context, uint8_t byte)
{
    unsigned bit, came = 0, seen;
    (void)context;
    pins(0, 0, 0, SETTLE);
    for (bit = 8; bit-- > 0;) {
        const unsigned mosi = noisy(byte >> bit & 1);
        seen = pins(0, mosi, 0, half);
        pins(1, mosi, 0, half);
#ifdef LATE
        seen = pins(0, mosi, 0, half);
#endif
        came = came << 1 | noisy((seen & MISO) != 0);
    }
    pins(0, 0, 0, SETTLE);
    pins(0, 0, 1, 0);
    return (int)came;
}

int board_wait(void *context, int level, uint32_t timeout_ms)
{
    uint64_t clocks = (uint64_t)timeout_ms * CLOCKS_PER_MS;
    (void)context;
#ifdef BLIND
    if (timeout_ms == PATIENCE_MS)
        return 1;
#endif
    for (;; clocks--) {
        if (((pins(0, 0, 1, 0) & READY) != 0) == level)
            return 1;
        if (clocks == 0)
            return 0;
        pins(0, 0, 1, 1);
    }
}
