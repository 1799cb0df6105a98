/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What layers and stages of a read-out have in common. They are included once each by a file that `python -m firmware export-c`
 * made, which defines before what they are: HADAM_PART, the beginning of their names, and HADAM_WORD, the type of their sums.
 *
 * Codes are cut into digits of -8 ... 7, two a byte, 8 more than their value, the first in the low bits. No sum here can leave
 * its type: the generator chose them by the bounds of every partial sum for any input in its declared range.
 */

#ifndef HADAM_COMMON_H
#define HADAM_COMMON_H

/* Inlined even where size counts: with constant strides the passes are no larger, and no index needs a product. */
#if defined(__GNUC__)
#define HADAM_INLINE inline __attribute__((always_inline))
#else
#define HADAM_INLINE inline
#endif

#define HADAM_JOIN_(part, suffix) hadam_##part##_##suffix
#define HADAM_JOIN(part, suffix) HADAM_JOIN_(part, suffix)
/* A name of this layer or stage, such as hadam_layer_0_step. */
#define HADAM_AT(suffix) HADAM_JOIN(HADAM_PART, suffix)

/* C leaves a right shift of negative numbers to the compiler; the arithmetic one is needed, and all of today do it. */
typedef char hadam_needs_an_arithmetic_right_shift[(-3 >> 1) == -2 ? 1 : -1];

/* A left shift that is defined for negative numbers too. */
#define HADAM_SHL(value, amount) ((HADAM_WORD)((HADAM_UNSIGNED_WORD)(value) << (amount)))

/* bank[8 + d] = d * value, for d = -8 ... 7. */
#define HADAM_MULTIPLES(bank, value)                                  \
    do {                                                              \
        unsigned d_;                                                  \
        (bank)[8] = 0;                                                \
        for (d_ = 1; d_ < 8; d_++) {                                  \
            (bank)[8 + d_] = (bank)[7 + d_] + (value);                \
            (bank)[8 - d_] = (bank)[9 - d_] - (value);                \
        }                                                             \
        (bank)[0] = (bank)[1] - (value);                              \
    } while (0)

/* Bytes of so many digits. */
#define HADAM_DIGIT_ROW(count) (((count) + 1) / 2)

#endif
