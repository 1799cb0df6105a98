/* SPDX-License-Identifier: BSD-2-Clause */
/*
{%- for layer in layers %}
 * {{ layer.title }}
{%- endfor %}
{%- for stage in stages %}
 * {{ "Hidden stage" if stage.hidden else "Outputs" }}: {{ stage.outputs }} of {{ stage.elements }}.
{%- endfor %}
 * Model {{ digest }}
 *
 * Made by `python -m firmware export-c`; do not edit. Compile {{ name }}.c with the folder of hadam_cell.h on the include path.
 * {{ table_bytes }} bytes of tables, {{ state_bytes }} bytes a state, {{ logits_bytes }} bytes of outputs.
 */

#ifndef {{ NAME }}_H
#define {{ NAME }}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of the last layer, whose state is the member {{ NAME }}_TOP. */
#define {{ NAME }}_UNITS {{ units }}
#define {{ NAME }}_TOP layer_{{ top }}
/* Elements of the vector that a step takes; each must lie between the two ends, or sums may leave their types. */
#define {{ NAME }}_INPUTS {{ inputs }}
#define {{ NAME }}_INPUT_MIN ({{ input_min }})
#define {{ NAME }}_INPUT_MAX {{ input_max }}
#define {{ NAME }}_OUTPUTS {{ outputs }}
{%- if values %}
/*
 * The outputs are values and no classes: output k is worth y[k] * scales[k][phase] in units[k], with
 *     static const double scales[{{ NAME }}_OUTPUTS][{{ phases }}] = {{ NAME }}_SCALES;
 *     static const char *const units[{{ NAME }}_OUTPUTS] = {{ NAME }}_VALUE_UNITS;
 * and {{ "the phase of the last step, state.phase" if phases == 2 else "phase 0" }}. Who has no floating point compares y[k] with a limit divided by its scale beforehand.
 */
#define {{ NAME }}_SCALES {{ values.scales }}
#define {{ NAME }}_VALUE_UNITS {{ values.units }}
{%- else %}
#define {{ NAME }}_CLASSES {{ class_count }}
{%- endif %}
/* 1: made to be read out after every step; 0: after a sequence's last. */
#define {{ NAME }}_EMIT_EVERY {{ emit_every }}
/* The beginning of the model's digest, as an FPGA with this model says it. */
#define {{ NAME }}_DIGEST {{ digest_bytes }}

typedef {{ input_type }} {{ name }}_input;
typedef {{ logit_type }} {{ name }}_logit; /* holds every partial sum of an output */
{% for layer in layers %}
/* The state of layer {{ loop.index0 }}, in words that hold every partial sum of a step. */
typedef struct {
    {{ layer.word_type }} z[{{ layer.units }}];
{%- if not layer.in_place %}
    {{ layer.word_type }} next[{{ layer.units }}]; /* work space of a step */
{%- endif %}
} {{ name }}_{{ layer.part }};
{% endfor %}
/* All that a sequence is, between two steps; as many as you like at once. */
typedef struct {
{%- if pool_type %}
    {{ pool_type }} pool[{{ NAME }}_UNITS]; /* the sum of the rectified states, which is what is read out */
{%- endif %}
{%- for layer in layers %}
    {{ name }}_{{ layer.part }} {{ layer.part }};
{%- endfor %}
    uint32_t saturations; /* units that were saturated since the reset, counted once a step, of all layers */
{%- if phases == 2 %}
    uint8_t phase; /* of the last step */
{%- endif %}
} {{ name }}_state;

/* Begins a sequence. */
void {{ name }}_reset({{ name }}_state *state);

/* One step with the vector x[{{ NAME }}_INPUTS]. */
void {{ name }}_step({{ name }}_state *state, const {{ name }}_input *x);

/* The outputs y[{{ NAME }}_OUTPUTS] after the last step; the state stays as it is. */
void {{ name }}_readout(const {{ name }}_state *state, {{ name }}_logit *y);
{%- if not values %}

/* The class of the outputs, less than {{ NAME }}_CLASSES: {% if outputs == 1 %}1 if the output is positive, else 0{% else %}the lowest index among the largest{% endif %}. */
unsigned {{ name }}_classify(const {{ name }}_logit *y);
{%- endif %}
{%- if classes %}

/* Its name. */
extern const char *const {{ name }}_classes[{{ NAME }}_CLASSES];
{%- endif %}
{%- if channels %}

/* The vector of raw counts, one for each channel:
{%- for _, words in channels %}
 *   {{ loop.index0 }}  {{ words }}
{%- endfor %}
 * Counts beyond a channel's word are clipped to it. */
void {{ name }}_encode({{ name }}_input *x, const int32_t *counts);
{%- endif %}
{%- if tokens %}

/* For inputs that are tokens: what a step takes for one, or NULL if it is none. In {{ name }}_table.c, which may be left out. */
#define {{ NAME }}_TOKENS {{ tokens }}
const {{ name }}_input *{{ name }}_embed(uint32_t token);
{%- endif %}

#ifdef __cplusplus
}
#endif

#endif
