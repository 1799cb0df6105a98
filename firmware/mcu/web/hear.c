/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a page in a browser calls: samples in, frames of codes out; a word's frames in, its outputs and states out. Compiled
 * without a C library, with the files of `hadam export-c --name net` and HEAR_STEPS, the steps of a sequence.
 */

#include <stddef.h>

#include "net.h"
#include "net_bank.h"

#define HEAR_SAMPLES 4096
#define HEAR_FRAMES (HEAR_SAMPLES / NET_BANK_FRAME + 1)

static net_bank_state bank;
static net_state state;
static int16_t samples[HEAR_SAMPLES];
static uint8_t frames[HEAR_FRAMES][NET_BANK_BANDS], word[HEAR_STEPS][NET_BANK_BANDS];
static int16_t states[HEAR_STEPS][NET_UNITS];
static net_logit outputs[NET_OUTPUTS];

/* A compiler may call these for loops that it knows. */
void *memset(void *to, int value, size_t count)
{
    unsigned char *byte = to;
    while (count--)
        *byte++ = (unsigned char)value;
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    unsigned char *byte = to;
    const unsigned char *source = from;
    while (count--)
        *byte++ = *source++;
    return to;
}

/* Where the page writes samples, and reads frames, states [HEAR_STEPS][NET_UNITS] and outputs; where it writes a word. */
int16_t *hear_samples(void) { return samples; }
uint8_t *hear_frames(void) { return &frames[0][0]; }
uint8_t *hear_word(void) { return &word[0][0]; }
int16_t *hear_states(void) { return &states[0][0]; }
net_logit *hear_outputs(void) { return outputs; }
unsigned hear_capacity(void) { return HEAR_SAMPLES; }

/* Begins a stream. */
void hear_reset(void) { net_bank_reset(&bank); }

/* Takes the first samples of the buffer; the number of frames that are over by them. */
unsigned hear_feed(unsigned count)
{
    unsigned i, over = 0;
    for (i = 0; i < count && i < HEAR_SAMPLES; i++)
        over += (unsigned)net_bank_sample(&bank, samples[i], frames[over]);
    return over;
}

/* The class of a sequence: steps of 0 in front, then the first frames of the word, HEAR_STEPS in all. */
unsigned hear_classify(unsigned count)
{
    int32_t counts[NET_INPUTS];
    net_input x[NET_INPUTS];
    unsigned step, i, front = count < HEAR_STEPS ? HEAR_STEPS - count : 0;
    net_reset(&state);
    for (step = 0; step < HEAR_STEPS; step++) {
        for (i = 0; i < NET_INPUTS; i++)
            counts[i] = step < front ? 0 : word[step - front][i];
        net_encode(x, counts);
        for (i = 0; i < NET_INPUTS; i++)
            x[i] = step < front ? 0 : x[i];
        net_step(&state, x);
        for (i = 0; i < NET_UNITS; i++)
            states[step][i] = (int16_t)state.NET_TOP.z[i];
    }
    net_readout(&state, outputs);
    return net_classify(outputs);
}
