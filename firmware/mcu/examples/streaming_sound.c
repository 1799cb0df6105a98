/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classifies sound in overlapping windows: raw samples of a microphone go through the resonator bank of the model's input, and a
 * window is WINDOW of its frames long, a new one every WINDOW / STATES frames.
 *
 *     python -m firmware export-c --weights words.npz --name net --out build/c
 *     gcc -std=c99 -O2 -I firmware/mcu -I build/c firmware/mcu/examples/streaming_sound.c build/c/net*.c -o build/c/sound
 *     build/c/sound < samples.txt
 */

#include <stdio.h>

#include "net.h"
#include "net_bank.h"

#ifndef WINDOW
#define WINDOW 80
#endif
#ifndef STATES
#define STATES 4
#endif

/* The function to write for a board: the next sample, or 0 when there is none any more. Here: numbers in a text. */
static int microphone_read(int16_t *sample)
{
    int value;
    if (scanf("%d", &value) != 1)
        return 0;
    *sample = (int16_t)value;
    return 1;
}

/* And this: what to do with an answer. */
static void report(unsigned long frame, unsigned label)
{
    printf("%lu %s\n", frame, net_classes[label]);
}

int main(void)
{
    static net_bank_state bank;
    static net_state states[STATES];
    uint8_t codes[NET_BANK_BANDS];
    int32_t counts[NET_INPUTS];
    net_input x[NET_INPUTS];
    net_logit y[NET_OUTPUTS];
    unsigned done[STATES] = {0}; /* frames that each window has had */
    unsigned long frame = 0;
    unsigned i;
    int16_t sample;

    net_bank_reset(&bank);
    while (microphone_read(&sample)) {
        if (!net_bank_sample(&bank, sample, codes))
            continue; /* the frame is not over */
        for (i = 0; i < NET_INPUTS; i++)
            counts[i] = codes[i];
        net_encode(x, counts);
        for (i = 0; i < STATES; i++) {
            if (frame < i * (unsigned long)(WINDOW / STATES))
                continue; /* this one begins later */
            if (done[i] == 0)
                net_reset(&states[i]);
            net_step(&states[i], x);
            if (++done[i] == WINDOW) {
                net_readout(&states[i], y);
                report(frame, net_classify(y));
                done[i] = 0;
            }
        }
        frame++;
    }
    return 0;
}
