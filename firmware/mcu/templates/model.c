/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of model {{ digest }}; made by `python -m firmware export-c`, do not edit. */

#include "{{ name }}.h"
#include "hadam_common.h"
{% for layer in layers %}
/* Layer {{ loop.index0 }}. {{ layer.title }} */

#define HADAM_PART {{ layer.part }}
#define HADAM_STATE {{ name }}_{{ layer.part }}
#define HADAM_WORD {{ layer.word_type }}
#define HADAM_UNSIGNED_WORD u{{ layer.word_type }}
#define HADAM_UNITS {{ layer.units }}
#define HADAM_ELEMENT {{ layer.element_type }}
#define HADAM_ELEMENTS {{ layer.elements }}
#define HADAM_UPPER {{ layer.upper }} /* 1: takes the states of the layer below, rectified */
{%- for constant, value in layer.constants.items() %}
#define HADAM_{{ constant }} {{ value }}
{%- endfor %}
#define HADAM_SCALE(v) {{ layer.scale }}
#define HADAM_STATE_MIN {{ layer.state_min }}
#define HADAM_STATE_MAX {{ layer.state_max }}
#define HADAM_HALF_EVEN {{ layer.half_even }}
#define HADAM_RELU {{ layer.relu }} /* within the recurrence */
{%- if pool_type and loop.last %}
#define HADAM_POOL {{ pool_type }}
#define HADAM_POOL_MAX {{ pool_max }}
{%- endif %}

{{ layer.recurrent }}

{% for phase in layer.phases -%}
{{ phase.tables }}

{% endfor -%}
typedef struct {
    const uint8_t *digits, *digits_last; /* the first and the last row */
    const {{ layer.bias_type }} *bias;
    uint8_t planes, input_shift, state_shift, output_shift;
} hadam_{{ layer.part }}_constants;

static const hadam_{{ layer.part }}_constants hadam_{{ layer.part }}_phases[{{ layer.phases|length }}] = {
{%- for phase in layer.phases %}
    { hadam_{{ layer.part }}_digits_{{ loop.index0 }}, hadam_{{ layer.part }}_digits_{{ loop.index0 }} + {{ phase.last_row }},
      hadam_{{ layer.part }}_bias_{{ loop.index0 }}, {{ phase.numbers }} },
{%- endfor %}
};

#include "hadam_cell.h"
{% endfor %}
{%- for stage in stages %}
/* Stage {{ loop.index0 }} of the read-out. */

#define HADAM_PART {{ stage.part }}
#define HADAM_HIDDEN {{ stage.hidden|int }}
#define HADAM_WORD {{ stage.word_type }}
#define HADAM_UNSIGNED_WORD u{{ stage.word_type }}
#define HADAM_ELEMENT {{ stage.element_type }}
#define HADAM_ELEMENTS {{ stage.elements }}
#define HADAM_OUTPUTS {{ stage.outputs }}
#define HADAM_PLANES {{ stage.planes }}
#define HADAM_BIAS {{ stage.bias_type }}
{%- for constant, value in stage.constants.items() %}
#define HADAM_{{ constant }} {{ value }}
{%- endfor %}

{{ stage.digits }}
{% for bias in stage.biases %}
{{ bias }}
{% endfor %}
#include "hadam_stage.h"
{% endfor %}
{%- if channels %}
/* The input. */

#define HADAM_LEVEL {{ level_type }}
#define HADAM_UNSIGNED_LEVEL u{{ level_type }}
#include "hadam_input.h"
#undef HADAM_LEVEL
#undef HADAM_UNSIGNED_LEVEL

static const hadam_channel hadam_channels[{{ NAME }}_INPUTS] = {
{%- for row, words in channels %}
    {{ row }}, /* {{ words }} */
{%- endfor %}
};

void {{ name }}_encode({{ name }}_input *x, const int32_t *counts)
{
    unsigned i;
    for (i = 0; i < {{ NAME }}_INPUTS; i++)
        x[i] = ({{ name }}_input)hadam_code(&hadam_channels[i], counts[i], {{ NAME }}_INPUT_MIN, {{ NAME }}_INPUT_MAX);
}
{% endif %}
{%- if classes %}
const char *const {{ name }}_classes[{{ NAME }}_CLASSES] = {
{%- for text in classes %}
    {{ text }},
{%- endfor %}
};
{% endif %}
void {{ name }}_reset({{ name }}_state *state)
{
    unsigned i;
{%- for layer in layers %}
    for (i = 0; i < {{ layer.units }}; i++)
        state->{{ layer.part }}.z[i] = 0;
{%- endfor %}
{%- if pool_type %}
    for (i = 0; i < {{ NAME }}_UNITS; i++)
        state->pool[i] = 0;
{%- endif %}
    state->saturations = 0;
{%- if phases == 2 %}
    state->phase = 0;
{%- endif %}
}

void {{ name }}_step({{ name }}_state *state, const {{ name }}_input *x)
{
{%- if phases == 2 %}
    state->phase = !state->phase; /* the first step of a sequence has phase 1 */
{%- endif %}
{%- for layer in layers %}
    hadam_{{ layer.part }}_step(&state->{{ layer.part }}, {{ "state->layer_%d.z" % (loop.index0 - 1) if layer.upper else "x" }},
                       {% if phases == 2 %}state->phase ? &hadam_{{ layer.part }}_phases[1] : {% endif %}&hadam_{{ layer.part }}_phases[0], &state->saturations);
{%- endfor %}
{%- if pool_type %}
    hadam_layer_{{ top }}_collect(&state->layer_{{ top }}, state->pool);
{%- endif %}
}

void {{ name }}_readout(const {{ name }}_state *state, {{ name }}_logit *y)
{
{%- for stage in stages if stage.hidden %}
    uint8_t activations_{{ loop.index0 }}[{{ stage.outputs }}];
{%- endfor %}
{%- for stage in stages %}
    hadam_{{ stage.part }}_run({{ "activations_%d" % (loop.index0 - 1) if loop.index0 else "state->pool" if pool_type else "state->layer_%d.z" % top }}, {{ "activations_%d" % loop.index0 if stage.hidden else "y" }},
                      {% if stage.biases|length == 2 %}state->phase ? hadam_{{ stage.part }}_bias_1 : {% endif %}hadam_{{ stage.part }}_bias_0);
{%- endfor %}
}
{%- if not values %}

unsigned {{ name }}_classify(const {{ name }}_logit *y)
{
{%- if outputs == 1 %}
    return *y > 0;
{%- else %}
    unsigned i, best = 0;
    for (i = 1; i < {{ NAME }}_OUTPUTS; i++)
        if (y[i] > y[best])
            best = i;
    return best;
{%- endif %}
}
{%- endif %}
