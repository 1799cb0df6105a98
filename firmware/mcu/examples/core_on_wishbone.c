/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sequence through a core on a Wishbone bus, for a processor to which the core's registers are memory (docs/wishbone.md).
 * Elements of one byte, outputs of 32 bits. The caller says where the registers are.
 */
#include "hadam_wishbone.h"
#include <stdint.h>

#define REGISTER(base, name) (*(volatile uint32_t *)((base) + HADAM_WB_##name))

/* 0, or -1 if there is no such core at `base`; `inputs`, `outputs` and `vector_words` are then those of its model. */
int core_find(uintptr_t base, uint32_t *inputs, uint32_t *outputs, uint32_t *vector_words)
{
    uint32_t shape = REGISTER(base, SHAPE);
    if (REGISTER(base, ID) != HADAM_WB_MAGIC)
        return -1;
    *inputs = (shape & HADAM_WB_SHAPE_INPUTS_MASK) >> HADAM_WB_SHAPE_INPUTS_SHIFT;
    *outputs = (shape & HADAM_WB_SHAPE_OUTPUTS_MASK) >> HADAM_WB_SHAPE_OUTPUTS_SHIFT;
    *vector_words = REGISTER(base, FORMAT) >> HADAM_WB_FORMAT_VECTOR_WORDS_SHIFT;
    return 0;
}

/* Sends `steps` vectors of `inputs` bytes each, and takes the `outputs` numbers of the read-out behind the last. */
void core_run(uintptr_t base, const uint8_t *vectors, uint32_t steps, uint32_t inputs, int32_t *y, uint32_t outputs)
{
    for (uint32_t t = 0; t < steps; t++, vectors += inputs) {
        while (!(REGISTER(base, STATUS) & HADAM_WB_STATUS_READY_MASK))
            ;
        if (t == steps - 1)
            REGISTER(base, CONTROL) = HADAM_WB_CONTROL_LAST_MASK;
        for (uint32_t k = 0; k < inputs; k += 4) {
            uint32_t word = 0;
            for (uint32_t byte = 0; byte < 4 && k + byte < inputs; byte++)
                word |= (uint32_t)vectors[k + byte] << 8 * byte;
            REGISTER(base, VECTOR) = word;
        }
    }
    for (uint32_t k = 0; k < outputs; k++) {
        while (!(REGISTER(base, STATUS) & HADAM_WB_STATUS_OUTPUT_MASK))
            ;
        y[k] = (int32_t)REGISTER(base, OUTPUT);
    }
}
