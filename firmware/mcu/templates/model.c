/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of model {{ digest }}; made by `python -m firmware export-c`, do not edit. */

#include "{{ name }}.h"

#define HADAM_MODEL {{ name }}
#define HADAM_UNITS {{ units }}
#define HADAM_LOG2_BLOCK {{ log2_block }} /* 0: a matrix of -1, 0 and 1 */
#define HADAM_INPUTS {{ elements }}
{%- if lower %}
#define HADAM_LOWER {{ lower }} /* its rectified states are this layer's input */
{%- endif %}
#define HADAM_OUTPUTS {{ outputs }}
#define HADAM_PHASES {{ phases|length }}
#define HADAM_STATE_MIN {{ state_min }}
#define HADAM_STATE_MAX {{ state_max }}
#define HADAM_HALF_EVEN {{ half_even }}
#define HADAM_RELU {{ relu }} /* within the recurrence */
{%- if outputs %}
#define HADAM_OUTPUT_PLANES {{ output_planes }}
#define HADAM_UNSIGNED_LOGIT u{{ logit_type }}
{%- endif %}
#define HADAM_UNSIGNED_WORD u{{ word_type }}
#define HADAM_SCALE(v) {{ scale }}
{%- if pool %}
#define HADAM_POOL_MAX {{ pool_max }}
{%- endif %}

{{ recurrent }}

{% if outputs -%}
{{ output_digits }}

{% endif -%}
{% for phase in phases -%}
{{ phase.tables }}

{% endfor -%}
typedef struct {
    const uint8_t *digits, *digits_last; /* the first and the last row */
    const {{ bias_type }} *bias;
{%- if outputs %}
    const {{ output_bias_type }} *output_bias;
{%- endif %}
    uint8_t planes, input_shift, state_shift, output_shift;
} hadam_constants;

static const hadam_constants hadam_phases[HADAM_PHASES] = {
{%- for phase in phases %}
    { hadam_digits_{{ loop.index0 }}, hadam_digits_{{ loop.index0 }} + {{ phase.last_row }},
      hadam_bias_{{ loop.index0 }}, {% if outputs %}hadam_output_bias_{{ loop.index0 }}, {% endif %}{{ phase.numbers }} },
{%- endfor %}
};
{% if classes %}
const char *const {{ name }}_classes[{{ NAME }}_CLASSES] = {
{%- for text in classes %}
    {{ text }},
{%- endfor %}
};
{% endif %}
#include "hadam_cell.h"
