/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classifies what a sensor sends in overlapping windows: each WINDOW samples long, a new one every WINDOW / STATES samples.
 * A window is a sequence of its own, so each has a state of its own; nothing else is kept of the samples.
 *
 *     python -m firmware export-c --weights models/har-h128-b64.npz --name net --out build/c
 *     gcc -std=c99 -O2 -I firmware/mcu -I build/c firmware/mcu/examples/streaming_sensor.c build/c/net.c -o build/c/sensor
 *     build/c/sensor < samples.txt
 */

#include <stdio.h>

#include "net.h"

#ifndef WINDOW
#define WINDOW 128
#endif
#ifndef STATES
#define STATES 2
#endif

/*
 * The function to write for a board: the next sample, or 0 when there is none any more. Here: numbers in a text. With -DCOUNTS they
 * are raw counts of the sensor, which the model's own input turns into codes; without, they are codes.
 */
#ifdef COUNTS
static int sensor_read(net_input *x)
{
    int32_t counts[NET_INPUTS];
    long value;
    int i;
    for (i = 0; i < NET_INPUTS; i++) {
        if (scanf("%ld", &value) != 1)
            return 0;
        counts[i] = (int32_t)value;
    }
    net_encode(x, counts);
    return 1;
}
#else
static int sensor_read(net_input *x)
{
    int i, value;
    for (i = 0; i < NET_INPUTS; i++) {
        if (scanf("%d", &value) != 1)
            return 0;
        /* The tables are made for this range, and what lies outside may overflow: a sensor's outliers end here. */
        if (value < NET_INPUT_MIN)
            value = NET_INPUT_MIN;
        if (value > NET_INPUT_MAX)
            value = NET_INPUT_MAX;
        x[i] = (net_input)value;
    }
    return 1;
}
#endif

/* And this: what to do with an answer. */
static void report(unsigned long sample, unsigned label)
{
    printf("%lu %s\n", sample, net_classes[label]);
}

int main(void)
{
    static net_state states[STATES];
    net_input x[NET_INPUTS];
    net_logit y[NET_OUTPUTS];
    unsigned done[STATES] = {0}; /* samples that each window has had */
    unsigned long sample = 0;
    unsigned i;

    while (sensor_read(x)) {
        for (i = 0; i < STATES; i++) {
            if (sample < i * (unsigned long)(WINDOW / STATES))
                continue; /* this one begins later */
            if (done[i] == 0)
                net_reset(&states[i]);
            net_step(&states[i], x);
            if (++done[i] == WINDOW) {
                net_readout(&states[i], y);
                report(sample, net_classify(y));
                done[i] = 0;
            }
        }
        sample++;
    }
    return 0;
}
