/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A microcontroller beside an FPGA: sends what a sensor sends over SPI, sample by sample, and tells the class of each WINDOW
 * samples. The functions of the board are in a file of yours; net.h is the header that export-c makes of the FPGA's model.
 *
 *     python -m firmware export-c --weights models/har-h128-b64.npz --name net --out build/c
 *     gcc -std=c99 -O2 -I firmware/mcu -I build/c firmware/mcu/examples/fpga_over_spi.c firmware/mcu/hadam_link.c \
 *         firmware/mcu/hadam_spi.c board.c -o build/c/fpga
 */

#include <stdio.h>

#include "hadam_spi.h"
#include "net.h"

#ifndef WINDOW
#define WINDOW 128
#endif
/* More than the silence that ends a frame: 7 ms at 36 MHz. */
#ifndef TIMEOUT_MS
#define TIMEOUT_MS 20
#endif
#define RETRIES 4

/* The functions to write for a board, as hadam_spi.h says. */
int board_swap(void *context, uint8_t byte);
int board_wait(void *context, int level, uint32_t timeout_ms);

/* And this: the next sample, or 0 when there is none any more. Here: numbers in a text. */
static int sensor_read(net_input *x)
{
    int i, value;
    for (i = 0; i < NET_INPUTS; i++) {
        if (scanf("%d", &value) != 1)
            return 0;
        if (value < NET_INPUT_MIN) /* an element has no more bits */
            value = NET_INPUT_MIN;
        if (value > NET_INPUT_MAX)
            value = NET_INPUT_MAX;
        x[i] = (net_input)value;
    }
    return 1;
}

int main(void)
{
    static const uint8_t digest[] = NET_DIGEST;
    static const hadam_spi_port port = {NULL, board_swap, board_wait};
    static hadam_spi spi;
    static hadam_link link;
    net_input x[NET_INPUTS];
    hadam_link_logit y[NET_OUTPUTS];
    uint16_t label;
    unsigned long sample;
    unsigned place = 0; /* in the window */
    int has_result;
    hadam_link_error error = hadam_link_open(&link, hadam_spi_transport(&spi, port, TIMEOUT_MS), TIMEOUT_MS, RETRIES, digest);

    for (sample = 0; !error && sensor_read(x); sample++) {
        error = hadam_link_step(&link, x, 1, place == 0, place + 1 == WINDOW, y, &label, &has_result);
        if (has_result)
            printf("%lu %u\n", sample, label);
        if (error == HADAM_LINK_LOST) { /* the next sample begins a new window */
            error = HADAM_LINK_OK;
            place = 0;
        } else {
            place = (place + 1) % WINDOW;
        }
    }
    if (error)
        fprintf(stderr, "error %d, device says %u\n", error, link.device_error);
    return error != HADAM_LINK_OK;
}
