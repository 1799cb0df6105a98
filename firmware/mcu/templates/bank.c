/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of a resonator bank; made by firmware/mcu/bank.py, do not edit. */

#include "{{ name }}.h"
#include "hadam_common.h"

#define HADAM_PART bank
#define HADAM_STATE {{ name }}_state
#define HADAM_BAND {{ name }}_band
#define HADAM_BANDS {{ bands }}
#define HADAM_DOUBLES {{ doubles }} /* 1: some shifts are -1 */
#define HADAM_FRAME {{ frame }}
#define HADAM_FRACTION {{ fraction }}
#define HADAM_DROPPED {{ dropped }}
#define HADAM_BLOCKER {{ blocker }}
#define HADAM_LOG_BITS {{ log_bits }}
#define HADAM_LEVEL {{ 1 if level else 0 }}
{%- if level %}
#define HADAM_RISE {{ level.rise }}
#define HADAM_FALL {{ level.fall }}
{%- endif %}

typedef struct {
    int8_t shift, first, second, sign, damping;
} hadam_bank_resonator;

static const hadam_bank_resonator hadam_bank_resonators[{{ bands }}] = {
{%- for row in resonators %}
    { {{ row|join(", ") }} },
{%- endfor %}
};

#include "hadam_bank.h"

void {{ name }}_reset({{ name }}_state *state)
{
    hadam_bank_reset(state);
}

int {{ name }}_sample({{ name }}_state *state, int16_t sample, uint8_t *codes)
{
    return hadam_bank_sample(state, sample, codes);
}
