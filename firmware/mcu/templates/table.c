/* SPDX-License-Identifier: BSD-2-Clause */
/* The tokens of model {{ digest }}; made by `python -m firmware export-c`, do not edit. */

#include <stddef.h>

#include "{{ name }}.h"

{{ table }}

const {{ name }}_input *{{ name }}_embed(uint32_t token)
{
    return token < {{ NAME }}_TOKENS ? {{ name }}_table[token] : NULL;
}
