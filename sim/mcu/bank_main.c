/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a resonator bank on a machine without an operating system, and tells every code, and the instructions of all samples.
 * case.h gives the bank (NAME, BANDS), SAMPLES and `sound`.
 */

#include <stdint.h>

#include "case.h"
#include "machine.h"

static NAME(state) state;
static uint8_t codes[BANDS];

int main(void)
{
    uint32_t start, idle, ticks, k, i;

    begin();
    NAME(reset)(&state);
    for (k = 0; k < SAMPLES; k++)
        if (NAME(sample)(&state, sound[k], codes))
            for (i = 0; i < BANDS; i++)
                line("code", codes[i]);
    start = now();
    idle = now() - start;
    NAME(reset)(&state);
    start = now();
    for (k = 0; k < SAMPLES; k++)
        NAME(sample)(&state, sound[k], codes);
    ticks = now() - start - idle;
    line("samples", INSTRUCTIONS_OF((uint64_t)ticks));
    line("end", 1);
    leave();
    return 0;
}
