/* SPDX-License-Identifier: BSD-2-Clause */
/* A line that is a compiled board's SPI pins. Its name is HALF:ONE_IN:SEED, the arguments of pins_begin. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "hadam_spi.h"
#include "link_line.h"
#include "spi_pins.h"

hadam_transport open_line(const char *name)
{
    static hadam_spi spi;
    const hadam_spi_port port = {NULL, board_swap, board_wait};
    unsigned half, one_in;
    uint32_t seed;
    if (sscanf(name, "%u:%u:%" SCNu32, &half, &one_in, &seed) != 3)
        exit(2);
    pins_begin(half, one_in, seed);
    return hadam_spi_transport(&spi, port, PATIENCE_MS);
}

void close_line(void)
{
    printf("turned %lu\n", pins_turned());
}
