/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A row of codes times a vector, without a product and without an array of sums: hadam_cell.h and hadam_stage.h include it.
 *
 * Elements with the same digit are added up in the same of sixteen buckets; 7 times the sum of one bucket, 6 times that of the
 * next and so on come out of two running sums. So each code costs an addition, and a row some thirty more.
 *
 * HADAM_DOT_COUNT elements of HADAM_DOT_ELEMENT; HADAM_DOT_PLANES digits a code, the most significant ones first.
 */

/* Adds the elements up, each in the bucket of its digit. */
static HADAM_INLINE void HADAM_AT(gather)(const HADAM_DOT_ELEMENT *vector, const uint8_t *digits, HADAM_WORD *bucket)
{
    const HADAM_DOT_ELEMENT *end = vector + (HADAM_DOT_COUNT & ~1);
    while (vector != end) {
        const unsigned two = *digits++;
        bucket[two & 15] += *vector++;
        bucket[two >> 4] += *vector++;
    }
    if (HADAM_DOT_COUNT & 1)
        bucket[*digits & 15] += *vector;
}

/* Each bucket times its digit, all added up; leaves the buckets empty. */
static HADAM_INLINE HADAM_WORD HADAM_AT(weigh)(HADAM_WORD *bucket)
{
    HADAM_WORD plus = 0, minus = bucket[0], sum = (HADAM_WORD)-minus;
    unsigned d;
    bucket[0] = 0;
    bucket[8] = 0; /* the digit 0 */
    for (d = 7; d; d--) {
        plus += bucket[8 + d];
        minus += bucket[8 - d];
        sum += plus - minus;
        bucket[8 + d] = 0;
        bucket[8 - d] = 0;
    }
    return sum;
}

/* The dot product of a row with the vector; the buckets are empty before and after. */
static HADAM_INLINE HADAM_WORD HADAM_AT(dot)(const HADAM_DOT_ELEMENT *vector, const uint8_t *row, HADAM_WORD *bucket)
{
    HADAM_WORD sum = 0;
    unsigned plane;
    for (plane = 0; plane < HADAM_DOT_PLANES; plane++, row += HADAM_DIGIT_ROW(HADAM_DOT_COUNT)) {
        HADAM_AT(gather)(vector, row, bucket);
        sum = (HADAM_WORD)(HADAM_SHL(sum, 4) + HADAM_AT(weigh)(bucket));
    }
    return sum;
}

#undef HADAM_DOT_COUNT
#undef HADAM_DOT_ELEMENT
#undef HADAM_DOT_PLANES
