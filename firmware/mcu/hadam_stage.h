/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stage of a read-out, in integers, without a multiplication: docs/mcu.md. A file that `python -m firmware export-c` made
 * defines its constants and tables and then includes this, once for each stage.
 *
 * HADAM_HIDDEN says which of two it is. A hidden stage goes row by row, so that it needs no array of sums, and leaves
 * activations of 8 bits. The last goes column by column, so that an element that is 0 costs nothing, and its sums are the outputs.
 */

#if HADAM_HIDDEN

#define HADAM_DOT_COUNT HADAM_ELEMENTS
#define HADAM_DOT_ELEMENT HADAM_ELEMENT
#define HADAM_DOT_PLANES HADAM_PLANES
#include "hadam_dot.h"

/* activations[i] = clip(round(relu(M vector + (c << bias_shift)) >> shift)); what is negative ends as 0 without a relu. */
static HADAM_INLINE void HADAM_AT(run)(const HADAM_ELEMENT *vector, uint8_t *activations, const HADAM_BIAS *bias)
{
    const uint8_t *row = HADAM_AT(digits);
    HADAM_WORD bucket[16];
    unsigned i;
    HADAM_MULTIPLES(bucket, 0);
    for (i = 0; i < HADAM_OUTPUTS; i++, row += HADAM_PLANES * HADAM_DIGIT_ROW(HADAM_ELEMENTS)) {
        HADAM_WORD sum = HADAM_AT(dot)(vector, row, bucket);
        sum = (HADAM_WORD)(sum + HADAM_SHL(bias[i], HADAM_BIAS_SHIFT) + HADAM_HALF) >> HADAM_SHIFT;
        activations[i] = (uint8_t)(sum < 0 ? 0 : sum > HADAM_ACTIVATION_MAX ? HADAM_ACTIVATION_MAX : sum);
    }
}

#else

/* y = M relu(vector) + c: the sixteen multiples of an element are added up once, and each output picks its own. */
static HADAM_INLINE void HADAM_AT(run)(const HADAM_ELEMENT *vector, HADAM_WORD *y, const HADAM_BIAS *bias)
{
    const uint8_t *row = HADAM_AT(digits);
    unsigned element, plane, i;
    for (i = 0; i < HADAM_OUTPUTS; i++)
        y[i] = bias[i];
    for (element = 0; element < HADAM_ELEMENTS; element++, row += HADAM_PLANES * HADAM_DIGIT_ROW(HADAM_OUTPUTS)) {
        const uint8_t *digits = row;
        HADAM_WORD value = vector[element];
        if (value <= 0) /* relu */
            continue;
        for (plane = 0; plane < HADAM_PLANES; plane++) {
            HADAM_WORD bank[16];
            HADAM_MULTIPLES(bank, value);
            for (i = 0; i + 1 < HADAM_OUTPUTS; i += 2, digits++) {
                y[i] += bank[*digits & 15];
                y[i + 1] += bank[*digits >> 4];
            }
            if (HADAM_OUTPUTS & 1)
                y[i] += bank[*digits++ & 15];
            value = HADAM_SHL(value, 4);
        }
    }
}

#endif

/* The next stage has its own. */
#undef HADAM_PART
#undef HADAM_WORD
#undef HADAM_UNSIGNED_WORD
#undef HADAM_ELEMENT
#undef HADAM_ELEMENTS
#undef HADAM_OUTPUTS
#undef HADAM_PLANES
#undef HADAM_BIAS
#undef HADAM_HIDDEN
#undef HADAM_BIAS_SHIFT
#undef HADAM_HALF
#undef HADAM_SHIFT
#undef HADAM_ACTIVATION_MAX
