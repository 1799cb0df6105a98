/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The step of a layer, in integers, without a multiplication: docs/mcu.md.
 *
 * This is no header for users. A file that `python -m firmware export-c` made defines a layer's constants and tables and then
 * includes this, once for each layer; users include that file's own header.
 *
 * The sixteen multiples of an element of the input are added up once, and each unit then picks its own: a table look-up in place
 * of a product.
 */

/*
 * An element of the input, and whether to look if it is 0: the layer below hands its states over, of which only the positive
 * ones count, about one in two.
 */
#if HADAM_UPPER
#define HADAM_TAKEN(x) ((x) > 0 ? (x) : 0)
#else
#define HADAM_TAKEN(x) (x)
#endif

/*
 * What a unit of R Z becomes: the common factor, which is none without a leak or a multiplier, or the leak of the unit; its place
 * in the sum; the bias.
 */
static HADAM_INLINE HADAM_WORD HADAM_AT(place)(HADAM_WORD value, unsigned unit, const HADAM_AT(constants) *constants)
{
#if HADAM_MATRIX == 0 && HADAM_LEAKS /* the greatest; a unit without a leak keeps the whole */
    const unsigned leak = HADAM_AT(leaks)[unit];
    const HADAM_WORD whole = HADAM_SHL(value, HADAM_LEAKS);
    value = leak ? (HADAM_WORD)(whole - HADAM_SHL(value, HADAM_LEAKS - leak)) : whole;
#else
    value = HADAM_SCALE(value);
#endif
    return (HADAM_WORD)(HADAM_SHL(value, constants->state_shift) + constants->bias[unit]);
}

#if HADAM_MATRIX == 0 /* signs, wires and butterflies, in place */

#define HADAM_BLOCK (1 << HADAM_LOG2_BLOCK)
/* Passes of radix 4; a block of an odd number of levels begins with one of radix 2. */
#define HADAM_FIRST (1 << (HADAM_LOG2_BLOCK & 1))
/* Whether the last pass makes the units; where wires follow, they do. */
#define HADAM_LAST (!HADAM_CYCLES)

static HADAM_INLINE HADAM_WORD HADAM_AT(turn)(HADAM_WORD value, unsigned unit, const HADAM_AT(constants) *constants)
{
    const HADAM_WORD mask = HADAM_AT(sign)[unit]; /* 0, or -1 for a sign of -1 */
    return HADAM_AT(place)((HADAM_WORD)((value ^ mask) - mask), unit, constants);
}

#if HADAM_LOG2_BLOCK
static HADAM_INLINE void HADAM_AT(radix2)(HADAM_WORD *z, unsigned half, int last, const HADAM_AT(constants) *constants)
{
    unsigned base, i;
    for (base = 0; base < HADAM_UNITS; base += 2 * half) {
        for (i = base; i < base + half; i++) {
            const HADAM_WORD a = z[i], b = z[i + half];
            const HADAM_WORD sum = (HADAM_WORD)(a + b), difference = (HADAM_WORD)(a - b);
            z[i] = last ? HADAM_AT(turn)(sum, i, constants) : sum;
            z[i + half] = last ? HADAM_AT(turn)(difference, i + half, constants) : difference;
        }
    }
}

static HADAM_INLINE void HADAM_AT(radix4)(HADAM_WORD *z, unsigned quarter, int last, const HADAM_AT(constants) *constants)
{
    unsigned base, i;
    for (base = 0; base < HADAM_UNITS; base += 4 * quarter) {
        for (i = base; i < base + quarter; i++) {
            const HADAM_WORD a = z[i], b = z[i + quarter], c = z[i + 2 * quarter], d = z[i + 3 * quarter];
            const HADAM_WORD ab = (HADAM_WORD)(a + b), a_b = (HADAM_WORD)(a - b);
            const HADAM_WORD cd = (HADAM_WORD)(c + d), c_d = (HADAM_WORD)(c - d);
            const HADAM_WORD y0 = (HADAM_WORD)(ab + cd), y1 = (HADAM_WORD)(a_b + c_d);
            const HADAM_WORD y2 = (HADAM_WORD)(ab - cd), y3 = (HADAM_WORD)(a_b - c_d);
            z[i] = last ? HADAM_AT(turn)(y0, i, constants) : y0;
            z[i + quarter] = last ? HADAM_AT(turn)(y1, i + quarter, constants) : y1;
            z[i + 2 * quarter] = last ? HADAM_AT(turn)(y2, i + 2 * quarter, constants) : y2;
            z[i + 3 * quarter] = last ? HADAM_AT(turn)(y3, i + 3 * quarter, constants) : y3;
        }
    }
}
#endif

#if HADAM_LOG2_BLOCK == 0 && !HADAM_CYCLES
/* Signs alone. */
static HADAM_INLINE void HADAM_AT(turn_all)(HADAM_WORD *z, const HADAM_AT(constants) *constants)
{
    unsigned unit;
    for (unit = 0; unit < HADAM_UNITS; unit++)
        z[unit] = HADAM_AT(turn)(z[unit], unit, constants);
}
#endif

#if HADAM_CYCLES
/*
 * Unit i takes the value of the unit that its wire names. Going along each cycle of the wires needs no second array: the table
 * has the units in this order, a wire's end behind its unit, and HADAM_CYCLES numbers say where each cycle ends.
 */
static HADAM_INLINE void HADAM_AT(rewire)(HADAM_WORD *z, const HADAM_AT(constants) *constants)
{
    unsigned cycle, i = 0;
    for (cycle = 0; cycle < HADAM_CYCLES; cycle++) {
        const unsigned end = HADAM_AT(cycle_ends)[cycle];
        unsigned unit = HADAM_AT(wires)[i];
        const HADAM_WORD first = z[unit]; /* is overwritten, and its taker comes last */
        while (++i < end) {
            const unsigned next = HADAM_AT(wires)[i];
            z[unit] = HADAM_AT(turn)(z[next], unit, constants);
            unit = next;
        }
        z[unit] = HADAM_AT(turn)(first, unit, constants);
    }
}
#endif

/* (R Z) * 2^state_shift + B, in place. The passes are spelled out so that each has constant strides. */
static HADAM_INLINE void HADAM_AT(transform)(HADAM_WORD *z, const HADAM_AT(constants) *constants)
{
#if HADAM_LOG2_BLOCK & 1
    HADAM_AT(radix2)(z, 1, HADAM_LOG2_BLOCK == 1 && HADAM_LAST, constants);
#endif
#if HADAM_BLOCK >= 16 * HADAM_FIRST
    HADAM_AT(radix4)(z, HADAM_FIRST, 0, constants);
#endif
#if HADAM_BLOCK >= 64 * HADAM_FIRST
    HADAM_AT(radix4)(z, 4 * HADAM_FIRST, 0, constants);
#endif
#if HADAM_BLOCK >= 256 * HADAM_FIRST
    HADAM_AT(radix4)(z, 16 * HADAM_FIRST, 0, constants);
#endif
#if HADAM_BLOCK >= 1024 * HADAM_FIRST
    HADAM_AT(radix4)(z, 64 * HADAM_FIRST, 0, constants);
#endif
#if HADAM_BLOCK >= 4096 * HADAM_FIRST
    HADAM_AT(radix4)(z, 256 * HADAM_FIRST, 0, constants);
#endif
#if HADAM_LOG2_BLOCK >= 2
    HADAM_AT(radix4)(z, HADAM_BLOCK / 4, HADAM_LAST, constants);
#endif
#if HADAM_CYCLES
    HADAM_AT(rewire)(z, constants);
#elif HADAM_LOG2_BLOCK == 0
    HADAM_AT(turn_all)(z, constants);
#endif
}

#elif HADAM_MATRIX == 1 /* a matrix of -1, 0 and 1: a row is a bit for each +1, then a bit for each -1 */

#define HADAM_ROW_BYTES ((HADAM_UNITS + 7) / 8)

/* next = (multiplier * matrix Z) * 2^state_shift + B. */
static HADAM_INLINE void HADAM_AT(transform)(const HADAM_WORD *z, HADAM_WORD *next, const HADAM_AT(constants) *constants)
{
    unsigned row, byte, bit;
    for (row = 0; row < HADAM_UNITS; row++) {
        const uint8_t *signs = HADAM_AT(rows)[row];
        HADAM_WORD sum = 0;
        for (byte = 0; byte < HADAM_ROW_BYTES; byte++) {
            unsigned plus = signs[byte], minus = signs[HADAM_ROW_BYTES + byte];
            for (bit = 8 * byte; plus | minus; bit++, plus >>= 1, minus >>= 1) {
                if (plus & 1)
                    sum += z[bit];
                else if (minus & 1)
                    sum -= z[bit];
            }
        }
        next[row] = HADAM_AT(place)(sum, row, constants);
    }
}

#else /* a matrix of small integers, in digits */

#define HADAM_DOT_COUNT HADAM_UNITS
#define HADAM_DOT_ELEMENT HADAM_WORD
#define HADAM_DOT_PLANES HADAM_MATRIX_PLANES
#include "hadam_dot.h"

/* next = (multiplier * matrix Z) * 2^state_shift + B. */
static HADAM_INLINE void HADAM_AT(transform)(const HADAM_WORD *z, HADAM_WORD *next, const HADAM_AT(constants) *constants)
{
    const uint8_t *digits = HADAM_AT(rows);
    HADAM_WORD bucket[16];
    unsigned row;
    HADAM_MULTIPLES(bucket, 0);
    for (row = 0; row < HADAM_UNITS; row++, digits += HADAM_MATRIX_PLANES * HADAM_DIGIT_ROW(HADAM_UNITS))
        next[row] = HADAM_AT(place)(HADAM_AT(dot)(z, digits, bucket), row, constants);
}

#endif

/* Rounds and saturates a sum: the new state of a unit. Half of the last place is already in the bias, where asked for. */
static HADAM_INLINE HADAM_WORD HADAM_AT(settle)(HADAM_WORD sum, unsigned shift, uint32_t *saturations)
{
    HADAM_WORD z = (HADAM_WORD)(sum >> shift);
#if HADAM_HALF_EVEN
    if (shift && !(sum & (HADAM_SHL(1, shift) - 1)))
        z &= ~(HADAM_WORD)1;
#endif
    if (z > HADAM_STATE_MAX) {
        z = HADAM_STATE_MAX;
        ++*saturations;
    } else if (z < HADAM_STATE_MIN) {
        z = HADAM_STATE_MIN;
        ++*saturations;
    }
#if HADAM_RELU
    if (z < 0)
        z = 0;
#endif
    return z;
}

/* sums += digits * value for one column of digits; the last column of a step gives the new state `z`. */
static HADAM_INLINE void HADAM_AT(drive)(HADAM_WORD *sums, HADAM_WORD *z, HADAM_WORD value, const uint8_t *digits, int last,
                                     unsigned shift, uint32_t *saturations)
{
    HADAM_WORD bank[16];
    uint32_t count = 0;
    unsigned i;
    HADAM_MULTIPLES(bank, value);
    for (i = 0; i + 1 < HADAM_UNITS; i += 2, digits++) {
        const HADAM_WORD low = (HADAM_WORD)(sums[i] + bank[*digits & 15]);
        const HADAM_WORD high = (HADAM_WORD)(sums[i + 1] + bank[*digits >> 4]);
        z[i] = last ? HADAM_AT(settle)(low, shift, &count) : low;
        z[i + 1] = last ? HADAM_AT(settle)(high, shift, &count) : high;
    }
    if (HADAM_UNITS & 1) {
        const HADAM_WORD low = (HADAM_WORD)(sums[i] + bank[*digits & 15]);
        z[i] = last ? HADAM_AT(settle)(low, shift, &count) : low;
    }
    *saturations += count;
}

#ifdef HADAM_POOL
/* Adds the rectified state to the pool, which saturates. */
static HADAM_INLINE void HADAM_AT(collect)(const HADAM_STATE *layer, HADAM_POOL *pool)
{
    unsigned i;
    for (i = 0; i < HADAM_UNITS; i++) {
        const HADAM_POOL z = (HADAM_POOL)layer->z[i];
        if (z <= 0)
            continue;
        pool[i] = (HADAM_POOL)(pool[i] > HADAM_POOL_MAX - z ? HADAM_POOL_MAX : pool[i] + z);
    }
}
#endif

/* One step: the new states of the layer, of an input vector or of the states of the layer below. */
static HADAM_INLINE void HADAM_AT(step)(HADAM_STATE *layer, const HADAM_ELEMENT *x, const HADAM_AT(constants) *constants,
                                    uint32_t *saturations)
{
    const uint8_t *digits = constants->digits;
    unsigned planes = constants->planes, elements = HADAM_ELEMENTS;
    HADAM_WORD value;
#if HADAM_MATRIX
    HADAM_WORD *sums = layer->next;
    HADAM_AT(transform)(layer->z, sums, constants);
#else
    HADAM_WORD *sums = layer->z;
    HADAM_AT(transform)(sums, constants);
#endif
    value = HADAM_SHL(HADAM_TAKEN(*x), constants->input_shift);
    /* One loop, and the last row from the table: compilers compute the address of a row by a product where they can. */
    for (;; digits += HADAM_DIGIT_ROW(HADAM_UNITS)) {
        if (--planes == 0 && --elements == 0)
            break;
        if (!HADAM_UPPER || value)
            HADAM_AT(drive)(sums, sums, value, digits, 0, 0, saturations);
        if (planes) {
            value = HADAM_SHL(value, 4);
        } else {
            planes = constants->planes;
            x++;
            value = HADAM_SHL(HADAM_TAKEN(*x), constants->input_shift);
        }
    }
    HADAM_AT(drive)(sums, layer->z, value, constants->digits_last, 1, constants->output_shift, saturations);
}

/* The next layer has its own. */
#undef HADAM_TAKEN
#undef HADAM_UPPER
#undef HADAM_BLOCK
#undef HADAM_FIRST
#undef HADAM_LAST
#undef HADAM_ROW_BYTES
#undef HADAM_PART
#undef HADAM_STATE
#undef HADAM_WORD
#undef HADAM_UNSIGNED_WORD
#undef HADAM_UNITS
#undef HADAM_ELEMENT
#undef HADAM_ELEMENTS
#undef HADAM_MATRIX
#undef HADAM_LOG2_BLOCK
#undef HADAM_CYCLES
#undef HADAM_LEAKS
#undef HADAM_MATRIX_PLANES
#undef HADAM_SCALE
#undef HADAM_STATE_MIN
#undef HADAM_STATE_MAX
#undef HADAM_HALF_EVEN
#undef HADAM_RELU
#undef HADAM_POOL
#undef HADAM_POOL_MAX
