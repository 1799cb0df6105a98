/* SPDX-License-Identifier: BSD-2-Clause */
/* See hadam_spi.h. */

#include "hadam_spi.h"

/* What goes over the line where there is nothing to say; no frame begins with it. */
#define IDLE 0
/* Times that a line which seems to be at rest may turn out not to be. */
#define RESTLESS 4

#define VERSION_PLACE (HADAM_HEADER_VERSION_OFFSET / 8)
#define VERSION_SHIFT (HADAM_HEADER_VERSION_OFFSET % 8)
#define LENGTH_PLACE (HADAM_HEADER_LENGTH_OFFSET / 8)

static int swap(hadam_spi *spi, uint8_t byte)
{
    return spi->port.swap(spi->port.context, byte);
}

static int wait_for(hadam_spi *spi, int level, uint32_t timeout_ms)
{
    return spi->port.wait(spi->port.context, level, timeout_ms);
}

/* Counts a byte of an answer, so that its end is known: behind it come idle bytes, which look like some of its own. */
static void count_byte(hadam_spi *spi, uint8_t byte)
{
    const uint32_t place = spi->place++;
    if ((place == 0 && byte != HADAM_SYNC) || (place == VERSION_PLACE && byte >> VERSION_SHIFT != HADAM_VERSION))
        spi->place = 0; /* noise */
    else if (place == LENGTH_PLACE)
        spi->left = byte;
    else if (place == LENGTH_PLACE + 1)
        spi->left += ((uint32_t)byte << 8) + HADAM_CRC_BYTES;
    else if (place >= HADAM_HEADER_BYTES && --spi->left == 0)
        spi->place = 0;
}

static int send_bytes(void *context, const uint8_t *bytes, size_t count)
{
    hadam_spi *spi = context;
    int level;
    spi->place = 0; /* what is left of an answer is nobody's */
    for (; count && !spi->given_up; bytes++, count--) {
        level = wait_for(spi, 1, spi->patience_ms);
        if (level < 0)
            return -1;
        if (level == 0)
            spi->given_up = 1;
        else if (swap(spi, *bytes) < 0)
            return -1;
    }
    return 0;
}

/* The first byte of an answer, 0 if none comes, or a negative number. */
static int first_byte(hadam_spi *spi, uint32_t timeout_ms)
{
    unsigned times;
    int byte, level = wait_for(spi, 1, timeout_ms);
    if (level <= 0)
        return level;
    byte = swap(spi, IDLE);
    if (byte != IDLE || timeout_ms == 0)
        return byte;
    /*
     * It still listens: the request was lost, or a part of it. In the middle of a frame it waits for silence before it says so,
     * and each byte would be one of the frame: so none goes out until the line has been at rest.
     */
    for (times = 0; times < RESTLESS; times++) {
        level = wait_for(spi, 0, timeout_ms);
        if (level < 0)
            return level;
        if (level == 0)
            break;
        level = wait_for(spi, 1, timeout_ms);
        if (level <= 0)
            return level;
    }
    return swap(spi, IDLE);
}

static int receive_bytes(void *context, uint8_t *bytes, size_t count, uint32_t timeout_ms)
{
    hadam_spi *spi = context;
    size_t got = 0;
    int byte, level;
    spi->given_up = 0;
    while (got < count) {
        if (spi->place == 0) {
            byte = first_byte(spi, timeout_ms);
            if (byte == IDLE)
                break;
        } else {
            level = wait_for(spi, 1, timeout_ms);
            if (level < 0)
                return level;
            if (level == 0) { /* cut off */
                spi->place = 0;
                break;
            }
            byte = swap(spi, IDLE);
        }
        if (byte < 0)
            return byte;
        count_byte(spi, (uint8_t)byte);
        bytes[got++] = (uint8_t)byte;
        if (spi->place == 0)
            break;
    }
    return (int)got;
}

hadam_transport hadam_spi_transport(hadam_spi *spi, hadam_spi_port port, uint32_t patience_ms)
{
    static const hadam_spi nothing;
    hadam_transport transport;
    *spi = nothing;
    spi->port = port;
    spi->patience_ms = patience_ms;
    transport.context = spi;
    transport.send = send_bytes;
    transport.receive = receive_bytes;
    return transport;
}
