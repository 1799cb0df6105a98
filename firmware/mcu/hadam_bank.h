/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The resonator bank (docs/front-end.md): samples in, codes out, by additions and shifts of 32 bits. It is included by a file that
 * firmware/mcu/bank.py made, which defines before what it is: HADAM_PART, the beginning of its names, HADAM_STATE and HADAM_BAND,
 * the types of its state and of a band in it, HADAM_BANDS, and the parameters of the definition by their names there.
 *
 * No sum can leave its type, whatever the samples: the bank's bounds were checked before the file was made.
 */

#define HADAM_WORD int32_t
#define HADAM_UNSIGNED_WORD uint32_t

/* A shift by -1 doubles. Without such bands it is a plain shift. */
#if HADAM_DOUBLES
#define HADAM_SHIFTED(value, shift) ((shift) < 0 ? HADAM_SHL(value, 1) : (value) >> (shift))
#else
#define HADAM_SHIFTED(value, shift) ((value) >> (shift))
#endif

/* The logarithm of a sum: the place of its leading 1, and HADAM_LOG_BITS bits behind it. */
static HADAM_INLINE unsigned HADAM_AT(log)(uint32_t sum)
{
    unsigned octave = 31;
    if (!sum)
        return 0;
    for (; !(sum >> 31); sum <<= 1)
        octave--;
    return (octave << HADAM_LOG_BITS) + ((sum & 0x7fffffff) >> (31 - HADAM_LOG_BITS));
}

static HADAM_INLINE void HADAM_AT(reset)(HADAM_STATE *state)
{
    HADAM_BAND *band;
    state->blocker = 0;
    state->count = 0;
#if HADAM_LEVEL
    state->level = -1;
#endif
    for (band = state->bands; band != state->bands + HADAM_BANDS; band++) {
        band->x = band->y = 0;
        band->sum = 0;
    }
}

/* The codes of the frame that is over; its sums become 0. */
static HADAM_INLINE void HADAM_AT(finish)(HADAM_STATE *state, uint8_t *codes)
{
    HADAM_BAND *band;
#if HADAM_LEVEL
    const int32_t most = (32 << HADAM_LOG_BITS) - 1;
    uint32_t total = 0;
    int32_t target, offset;
    for (band = state->bands; band != state->bands + HADAM_BANDS; band++)
        total += band->sum;
    target = (int32_t)(HADAM_AT(log)(total) << 8);
    if (state->level < 0)
        state->level = target;
    else
        state->level += (target - state->level) >> (target >= state->level ? HADAM_RISE : HADAM_FALL);
    offset = (16 << HADAM_LOG_BITS) - (state->level >> 8);
#endif
    for (band = state->bands; band != state->bands + HADAM_BANDS; band++) {
#if HADAM_LEVEL
        int32_t code = (int32_t)HADAM_AT(log)(band->sum) + offset;
        if (code < 0)
            code = 0;
        if (code > most)
            code = most;
        *codes++ = (uint8_t)code;
#else
        *codes++ = (uint8_t)HADAM_AT(log)(band->sum);
#endif
        band->sum = 0;
    }
}

/* One sample; returns 1 when a frame is over, and the codes are written. */
static HADAM_INLINE int HADAM_AT(sample)(HADAM_STATE *state, int16_t sample, uint8_t *codes)
{
    const HADAM_AT(resonator) *resonator = HADAM_AT(resonators);
    const int32_t u = sample - (state->blocker >> HADAM_BLOCKER), driven = HADAM_SHL(u, HADAM_FRACTION);
    HADAM_BAND *band;
    state->blocker += u;
    for (band = state->bands; band != state->bands + HADAM_BANDS; band++, resonator++) {
        const int32_t x = band->x;
        int32_t y = band->y - HADAM_SHIFTED(x, resonator->first);
        if (resonator->sign > 0)
            y -= x >> resonator->second;
        else if (resonator->sign < 0)
            y += x >> resonator->second;
        y -= y >> resonator->damping;
        y += driven;
        band->x = x + HADAM_SHIFTED(y, resonator->shift);
        band->y = y;
        band->sum += (uint32_t)(y < 0 ? ~y : y) >> HADAM_DROPPED;
    }
    if (++state->count < HADAM_FRAME)
        return 0;
    state->count = 0;
    HADAM_AT(finish)(state, codes);
    return 1;
}

/* The next part has its own. */
#undef HADAM_WORD
#undef HADAM_UNSIGNED_WORD
#undef HADAM_SHIFTED
#undef HADAM_PART
#undef HADAM_STATE
#undef HADAM_BAND
#undef HADAM_BANDS
#undef HADAM_DOUBLES
#undef HADAM_FRAME
#undef HADAM_FRACTION
#undef HADAM_DROPPED
#undef HADAM_BLOCKER
#undef HADAM_LOG_BITS
#undef HADAM_LEVEL
#undef HADAM_RISE
#undef HADAM_FALL
