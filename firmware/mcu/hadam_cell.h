/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The step and the read-out of a model, in integers, without a multiplication: docs/mcu.md.
 *
 * This is no header for users. A file that `python -m firmware export-c` made defines the model's constants and tables and
 * then includes it, once; users include that file's own header.
 *
 * Codes of V and U are cut into digits of -8 ... 7, two a byte. The sixteen multiples of a value are added up once, and each
 * unit (or output) then picks its own: a table look-up in place of a product. No sum here can leave its type: the generator
 * chose `word` and `logit` by the bounds of every partial sum for any input in its declared range.
 */

/* Inlined even where size counts: with constant strides the passes are no larger, and no index needs a product. */
#if defined(__GNUC__)
#define HADAM_INLINE inline __attribute__((always_inline))
#else
#define HADAM_INLINE inline
#endif

#define HADAM_JOIN_(a, b) a##_##b
#define HADAM_JOIN(a, b) HADAM_JOIN_(a, b)
#define HADAM_NAME(suffix) HADAM_JOIN(HADAM_MODEL, suffix)

typedef HADAM_NAME(word) hadam_word;
#if HADAM_OUTPUTS
typedef HADAM_NAME(logit) hadam_logit;
#endif

/*
 * An element of the input, and whether to look if it is 0: the layer below hands its states over, of which only the positive
 * ones count, about one in two.
 */
#ifdef HADAM_LOWER
#define HADAM_LOWER_NAME(suffix) HADAM_JOIN(HADAM_LOWER, suffix)
#define HADAM_ELEMENT(x) ((x) > 0 ? (x) : 0)
#define HADAM_OFTEN_0 1
#else
#define HADAM_ELEMENT(x) (x)
#define HADAM_OFTEN_0 0
#endif

/* C leaves a right shift of negative numbers to the compiler; the arithmetic one is needed, and all of today do it. */
typedef char hadam_needs_an_arithmetic_right_shift[(-3 >> 1) == -2 ? 1 : -1];

/* A left shift that is defined for negative numbers too. */
#define HADAM_SHL(value, amount) ((hadam_word)((HADAM_UNSIGNED_WORD)(value) << (amount)))

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

#define HADAM_DIGIT_ROW(count) (((count) + 1) / 2)

#if HADAM_LOG2_BLOCK

#define HADAM_BLOCK (1 << HADAM_LOG2_BLOCK)
/* Passes of radix 4; a block of an odd number of levels begins with one of radix 2. */
#define HADAM_FIRST (1 << (HADAM_LOG2_BLOCK & 1))

/* What the last pass does to each unit: its sign, the common fraction, the bias. */
static HADAM_INLINE hadam_word hadam_turn(hadam_word value, unsigned unit, const hadam_constants *constants)
{
    const hadam_word mask = hadam_sign[unit]; /* 0, or -1 for a sign of -1 */
    value = HADAM_SCALE(value); /* of a recurrence with a leak; else it is nothing */
    value = (hadam_word)((value ^ mask) - mask);
    return (hadam_word)(HADAM_SHL(value, constants->state_shift) + constants->bias[unit]);
}

static HADAM_INLINE void hadam_radix2(hadam_word *z, unsigned half, int last, const hadam_constants *constants)
{
    unsigned base, i;
    for (base = 0; base < HADAM_UNITS; base += 2 * half) {
        for (i = base; i < base + half; i++) {
            const hadam_word a = z[i], b = z[i + half];
            const hadam_word sum = (hadam_word)(a + b), difference = (hadam_word)(a - b);
            z[i] = last ? hadam_turn(sum, i, constants) : sum;
            z[i + half] = last ? hadam_turn(difference, i + half, constants) : difference;
        }
    }
}

static HADAM_INLINE void hadam_radix4(hadam_word *z, unsigned quarter, int last, const hadam_constants *constants)
{
    unsigned base, i;
    for (base = 0; base < HADAM_UNITS; base += 4 * quarter) {
        for (i = base; i < base + quarter; i++) {
            const hadam_word a = z[i], b = z[i + quarter], c = z[i + 2 * quarter], d = z[i + 3 * quarter];
            const hadam_word ab = (hadam_word)(a + b), a_b = (hadam_word)(a - b);
            const hadam_word cd = (hadam_word)(c + d), c_d = (hadam_word)(c - d);
            const hadam_word y0 = (hadam_word)(ab + cd), y1 = (hadam_word)(a_b + c_d);
            const hadam_word y2 = (hadam_word)(ab - cd), y3 = (hadam_word)(a_b - c_d);
            z[i] = last ? hadam_turn(y0, i, constants) : y0;
            z[i + quarter] = last ? hadam_turn(y1, i + quarter, constants) : y1;
            z[i + 2 * quarter] = last ? hadam_turn(y2, i + 2 * quarter, constants) : y2;
            z[i + 3 * quarter] = last ? hadam_turn(y3, i + 3 * quarter, constants) : y3;
        }
    }
}

/* (R Z) * 2^state_shift + B, in place. The passes are spelled out so that each has constant strides. */
static HADAM_INLINE void hadam_transform(hadam_word *z, const hadam_constants *constants)
{
#if HADAM_LOG2_BLOCK & 1
    hadam_radix2(z, 1, HADAM_LOG2_BLOCK == 1, constants);
#endif
#if HADAM_BLOCK >= 16 * HADAM_FIRST
    hadam_radix4(z, HADAM_FIRST, 0, constants);
#endif
#if HADAM_BLOCK >= 64 * HADAM_FIRST
    hadam_radix4(z, 4 * HADAM_FIRST, 0, constants);
#endif
#if HADAM_BLOCK >= 256 * HADAM_FIRST
    hadam_radix4(z, 16 * HADAM_FIRST, 0, constants);
#endif
#if HADAM_BLOCK >= 1024 * HADAM_FIRST
    hadam_radix4(z, 64 * HADAM_FIRST, 0, constants);
#endif
#if HADAM_BLOCK >= 4096 * HADAM_FIRST
    hadam_radix4(z, 256 * HADAM_FIRST, 0, constants);
#endif
#if HADAM_LOG2_BLOCK >= 2
    hadam_radix4(z, HADAM_BLOCK / 4, 1, constants);
#endif
}

#else /* a matrix of -1, 0 and 1: a row is a bit for each +1, then a bit for each -1 */

#define HADAM_ROW_BYTES ((HADAM_UNITS + 7) / 8)

/* next = (multiplier * matrix Z) * 2^state_shift + B. */
static HADAM_INLINE void hadam_transform(const hadam_word *z, hadam_word *next, const hadam_constants *constants)
{
    unsigned row, byte, bit;
    for (row = 0; row < HADAM_UNITS; row++) {
        const uint8_t *signs = hadam_rows[row];
        hadam_word sum = 0;
        for (byte = 0; byte < HADAM_ROW_BYTES; byte++) {
            unsigned plus = signs[byte], minus = signs[HADAM_ROW_BYTES + byte];
            for (bit = 8 * byte; plus | minus; bit++, plus >>= 1, minus >>= 1) {
                if (plus & 1)
                    sum += z[bit];
                else if (minus & 1)
                    sum -= z[bit];
            }
        }
        sum = HADAM_SCALE(sum);
        next[row] = (hadam_word)(HADAM_SHL(sum, constants->state_shift) + constants->bias[row]);
    }
}

#endif

/* The constants of a step's phase; with two phases the first step of a sequence has phase 1. An index would make a product. */
#if HADAM_PHASES == 2
#define HADAM_CONSTANTS(phase) ((phase) ? &hadam_phases[1] : &hadam_phases[0])
#else
#define HADAM_CONSTANTS(phase) (&hadam_phases[0])
#endif

/* Rounds and saturates a sum: the new state of a unit. Half of the last place is already in the bias, where asked for. */
static HADAM_INLINE hadam_word hadam_settle(hadam_word sum, unsigned shift, uint32_t *saturations)
{
    hadam_word z = (hadam_word)(sum >> shift);
#if HADAM_HALF_EVEN
    if (shift && !(sum & (HADAM_SHL(1, shift) - 1)))
        z &= ~(hadam_word)1;
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
static HADAM_INLINE void hadam_drive(hadam_word *sums, hadam_word *z, hadam_word value, const uint8_t *digits, int last,
                                     unsigned shift, uint32_t *saturations)
{
    hadam_word bank[16];
    uint32_t count = 0;
    unsigned i;
    HADAM_MULTIPLES(bank, value);
    for (i = 0; i + 1 < HADAM_UNITS; i += 2, digits++) {
        const hadam_word low = (hadam_word)(sums[i] + bank[*digits & 15]);
        const hadam_word high = (hadam_word)(sums[i + 1] + bank[*digits >> 4]);
        z[i] = last ? hadam_settle(low, shift, &count) : low;
        z[i + 1] = last ? hadam_settle(high, shift, &count) : high;
    }
    if (HADAM_UNITS & 1) {
        const hadam_word low = (hadam_word)(sums[i] + bank[*digits & 15]);
        z[i] = last ? hadam_settle(low, shift, &count) : low;
    }
    *saturations += count;
}

#ifdef HADAM_POOL_MAX
/* Adds the rectified state to the pool, which saturates. */
static HADAM_INLINE void hadam_pool(HADAM_NAME(state) *state)
{
    unsigned i;
    for (i = 0; i < HADAM_UNITS; i++) {
        if (state->z[i] <= 0)
            continue;
        if (state->pool[i] > HADAM_POOL_MAX - (hadam_logit)state->z[i])
            state->pool[i] = HADAM_POOL_MAX;
        else
            state->pool[i] += state->z[i];
    }
}
#endif

void HADAM_NAME(reset)(HADAM_NAME(state) *state)
{
    unsigned i;
#ifdef HADAM_LOWER
    HADAM_LOWER_NAME(reset)(&state->lower);
#endif
    for (i = 0; i < HADAM_UNITS; i++)
        state->z[i] = 0;
#ifdef HADAM_POOL_MAX
    for (i = 0; i < HADAM_UNITS; i++)
        state->pool[i] = 0;
#endif
    state->saturations = 0;
#if HADAM_PHASES == 2
    state->phase = 0;
#endif
}

void HADAM_NAME(step)(HADAM_NAME(state) *state, const HADAM_NAME(input) *x)
{
    const hadam_constants *constants = HADAM_CONSTANTS(!state->phase);
    const uint8_t *digits = constants->digits;
#ifdef HADAM_LOWER
    const HADAM_LOWER_NAME(word) *element = state->lower.z;
#else
    const HADAM_NAME(input) *element = x;
#endif
#if HADAM_LOG2_BLOCK
    hadam_word *sums = state->z;
    hadam_transform(sums, constants);
#else
    hadam_word *sums = state->next;
    hadam_transform(state->z, sums, constants);
#endif
    unsigned planes = constants->planes, elements = HADAM_INPUTS;
    hadam_word value;
#ifdef HADAM_LOWER
    state->lower.saturations = 0;
    HADAM_LOWER_NAME(step)(&state->lower, x);
    state->saturations += state->lower.saturations;
#endif
    value = HADAM_SHL(HADAM_ELEMENT(*element), constants->input_shift);
    /* One loop, and the last row from the table: compilers compute the address of a row by a product where they can. */
    for (;; digits += HADAM_DIGIT_ROW(HADAM_UNITS)) {
        if (--planes == 0 && --elements == 0)
            break;
        if (!HADAM_OFTEN_0 || value)
            hadam_drive(sums, sums, value, digits, 0, 0, &state->saturations);
        if (planes) {
            value = HADAM_SHL(value, 4);
        } else {
            planes = constants->planes;
            element++;
            value = HADAM_SHL(HADAM_ELEMENT(*element), constants->input_shift);
        }
    }
    hadam_drive(sums, state->z, value, constants->digits_last, 1, constants->output_shift, &state->saturations);
#if HADAM_PHASES == 2
    state->phase = !state->phase;
#endif
#ifdef HADAM_POOL_MAX
    hadam_pool(state);
#endif
}

#if HADAM_OUTPUTS

void HADAM_NAME(readout)(const HADAM_NAME(state) *state, HADAM_NAME(logit) *y)
{
    const hadam_constants *constants = HADAM_CONSTANTS(state->phase);
    const uint8_t *row = hadam_output_digits;
    unsigned unit, plane, i;
    for (i = 0; i < HADAM_OUTPUTS; i++)
        y[i] = constants->output_bias[i];
    for (unit = 0; unit < HADAM_UNITS; unit++, row += HADAM_OUTPUT_PLANES * HADAM_DIGIT_ROW(HADAM_OUTPUTS)) {
        const uint8_t *digits = row;
#ifdef HADAM_POOL_MAX
        hadam_logit value = state->pool[unit];
#else
        hadam_logit value = state->z[unit];
#endif
        if (value <= 0) /* relu */
            continue;
        for (plane = 0; plane < HADAM_OUTPUT_PLANES; plane++) {
            hadam_logit bank[16];
            HADAM_MULTIPLES(bank, value);
            for (i = 0; i + 1 < HADAM_OUTPUTS; i += 2, digits++) {
                y[i] += bank[*digits & 15];
                y[i + 1] += bank[*digits >> 4];
            }
            if (HADAM_OUTPUTS & 1)
                y[i] += bank[*digits++ & 15];
            value = (hadam_logit)((HADAM_UNSIGNED_LOGIT)value << 4);
        }
    }
}

unsigned HADAM_NAME(classify)(const HADAM_NAME(logit) *y)
{
#if HADAM_OUTPUTS == 1
    return *y > 0;
#else
    unsigned i, best = 0;
    for (i = 1; i < HADAM_OUTPUTS; i++)
        if (y[i] > y[best])
            best = i;
    return best;
#endif
}

#endif
