/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From raw counts of a sensor to a model's codes (docs/numerics.md, "The input"): additions, shifts and comparisons.
 *
 * This is no header for users. A file that `hadam export-c` made defines HADAM_LEVEL, a signed type that holds every
 * partial sum, and its unsigned twin HADAM_UNSIGNED_LEVEL, and includes this once.
 */

/* How the counts of a channel become codes. A digit is 0 for none, else its exponent + 1, below 0 where it is subtracted. */
typedef struct {
    int32_t lowest, highest; /* of a count; beyond them it is clipped */
    int32_t offset;
    int8_t digits[4]; /* of the multiplier */
    uint8_t shift;
    uint8_t chord; /* of the mu-law */
    uint8_t mu_law; /* 0: linear */
} hadam_channel;

static int32_t hadam_code(const hadam_channel *channel, int32_t count, int32_t least, int32_t most)
{
    HADAM_LEVEL level = 0, size;
    unsigned i, octave = 0;
    if (count < channel->lowest)
        count = channel->lowest;
    if (count > channel->highest)
        count = channel->highest;
    count -= channel->offset;
    for (i = 0; i < 4 && channel->digits[i] != 0; i++) {
        const int digit = channel->digits[i];
        const HADAM_LEVEL term = (HADAM_LEVEL)((HADAM_UNSIGNED_LEVEL)(HADAM_LEVEL)count << ((digit < 0 ? -digit : digit) - 1));
        level += digit < 0 ? -term : term;
    }
    if (channel->shift > 0)
        level = (level + ((HADAM_LEVEL)1 << (channel->shift - 1))) >> channel->shift; /* half-up */
    if (channel->mu_law) {
        const HADAM_LEVEL one = (HADAM_LEVEL)1 << channel->chord;
        size = (level < 0 ? -level : level) + one;
        while (size >> octave >= 2 * one)
            octave++;
        size = (HADAM_LEVEL)((HADAM_UNSIGNED_LEVEL)octave << channel->chord) + (size >> octave) - one;
        level = level < 0 ? -size : size;
    }
    return level < least ? least : level > most ? most : (int32_t)level;
}
