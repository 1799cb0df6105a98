/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link over SPI, as a transport for hadam_link_open: docs/mcu.md, and docs/link.md for idle bytes and the ready line.
 *
 * SPI carries a byte each way at once, and the device cannot begin to talk. So this looks for an answer when the ready line
 * says that there may be one, leaves out the idle bytes in front of it, and stops where the answer ends.
 */

#ifndef HADAM_SPI_H
#define HADAM_SPI_H

#include "hadam_link.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What to write for a board. Each returns a negative number where the hardware failed. */
typedef struct {
    void *context;
    /*
     * Selects the device if it is not selected always, sends `byte` in mode 0, most significant bit first, and returns the byte
     * that came meanwhile. sck is at most an eighth of the device's clock, and this returns 8 clocks of the device after the
     * last edge or later: the ready line is right then.
     */
    int (*swap)(void *context, uint8_t byte);
    /* Waits until the ready line is at `level`, 1 or 0; returns 1 when it is, and 0 after `timeout_ms`. With 0 ms it looks once. */
    int (*wait)(void *context, int level, uint32_t timeout_ms);
} hadam_spi_port;

/* The fields are hadam_spi.c's. */
typedef struct {
    hadam_spi_port port;
    uint32_t patience_ms;
    uint32_t place, left; /* bytes of an answer that were taken, 0 outside of one; bytes behind its header that were not */
    uint8_t given_up;     /* the rest of this request does not go out */
} hadam_spi;

/*
 * The transport; `spi` belongs to it from then on. A request is given up where the ready line stays low for `patience_ms`, which
 * must be longer than the device's silence and its steps; the driver then sends it again as one that was lost.
 */
hadam_transport hadam_spi_transport(hadam_spi *spi, hadam_spi_port port, uint32_t patience_ms);

#ifdef __cplusplus
}
#endif

#endif
