/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A resonator bank of {{ bands }} bands: {{ rate_hz }} samples a second in, {{ bands }} codes each {{ frame }} samples out (docs/front-end.md).
 *
 * Made by firmware/mcu/bank.py; do not edit. Compile {{ name }}.c with the folder of hadam_bank.h on the include path.
 * {{ table_bytes }} bytes of tables, {{ state_bytes }} bytes a state.
 */

#ifndef {{ NAME }}_H
#define {{ NAME }}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Codes of a frame, each from 0 to {{ NAME }}_CODE_MAX{% if level %}; {{ NAME }}_CENTER is as loud as the level{% endif %}. */
#define {{ NAME }}_BANDS {{ bands }}
#define {{ NAME }}_CODE_MAX {{ code_max }}
{%- if level %}
#define {{ NAME }}_CENTER {{ center }}
{%- endif %}
#define {{ NAME }}_RATE_HZ {{ rate_hz }}
#define {{ NAME }}_FRAME {{ frame }}

typedef struct {
    int32_t x, y;
    uint32_t sum;
} {{ name }}_band;

/* All that is kept of a stream of samples. */
typedef struct {
    {{ name }}_band bands[{{ NAME }}_BANDS];
    int32_t blocker;
{%- if level %}
    int32_t level; /* -1 before the first frame */
{%- endif %}
    uint16_t count; /* samples of the frame that is not over */
} {{ name }}_state;

/* Begins a stream. */
void {{ name }}_reset({{ name }}_state *state);

/* One sample; returns 1 if a frame is over, and then codes[{{ NAME }}_BANDS] are written. */
int {{ name }}_sample({{ name }}_state *state, int16_t sample, uint8_t *codes);

#ifdef __cplusplus
}
#endif

#endif
