/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs an exported model on a machine without an operating system, and tells every output and the instructions of all steps
 * and of as many read-outs. case.h gives the model (NAME, OUTPUTS), STEPS and `sequence`.
 */

#include <stdint.h>

#include "case.h"
#include "machine.h"

static NAME(state) state;
static NAME(logit) outputs[OUTPUTS];

int main(void)
{
    uint32_t start, idle, ticks, step, i;

    begin();
    NAME(reset)(&state);
    for (step = 0; step < STEPS; step++) {
        NAME(step)(&state, sequence[step]);
        NAME(readout)(&state, outputs);
        for (i = 0; i < OUTPUTS; i++)
            line("y", (uint64_t)(int64_t)outputs[i]);
        line("class", NAME(classify)(outputs));
    }
    line("saturations", state.saturations);

    start = now();
    idle = now() - start;
    NAME(reset)(&state);
    start = now();
    for (step = 0; step < STEPS; step++)
        NAME(step)(&state, sequence[step]);
    ticks = now() - start - idle;
    line("steps", INSTRUCTIONS_OF((uint64_t)ticks));
    start = now();
    for (step = 0; step < STEPS; step++)
        NAME(readout)(&state, outputs);
    ticks = now() - start - idle;
    line("readouts", INSTRUCTIONS_OF((uint64_t)ticks));
    line("end", 1);
    leave();
    return 0;
}
