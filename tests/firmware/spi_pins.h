/* SPDX-License-Identifier: BSD-2-Clause */
/* What hadam_spi.h asks of a board, of a compiled one. */

#ifndef SPI_PINS_H
#define SPI_PINS_H

#include <stdint.h>

/* Half a period of sck in clocks, and one bit in how many the line turns over, either way; 0 for none, as without this. */
void pins_begin(unsigned half_period, unsigned one_bit_in, uint32_t seed);

/* Bits that were turned over. */
unsigned long pins_turned(void);

int board_swap(void *context, uint8_t byte);
int board_wait(void *context, int level, uint32_t timeout_ms);

#endif
