# SPDX-License-Identifier: BSD-2-Clause
"""A model as C files: ``NAME.h`` for users, ``NAME.c`` with the tables; a table of tokens is in ``NAME_table.c``.

What computes is ``hadam_cell.h``, which ``NAME.c`` includes once for each layer, and ``hadam_stage.h``, once for each stage.
"""

import re
from importlib.resources import files
from pathlib import Path

from firmware.mcu.front_ends import render_front_end
from firmware.mcu.input_layout import input_layout
from firmware.mcu.layout import half_of, layout
from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation
from hadam_hw.readout import Pooling

#: Where hadam_cell.h, what it includes, and the driver of the link lie.
INCLUDE = Path(__file__).resolve().parent
#: How much of the digest a device tells (docs/link.md).
DIGEST_BYTES = 8
MAX_NAME = 48
#: What the name of the file of tokens ends with.
TABLE = "_table"
_WIDTH = 124


def c_name(text):
    """``text`` as the beginning of C names: letters, digits and underscores.

    Raises
    ------
    ModelError
        If nothing of it can be one.
    """
    name = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower()
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or len(name) > MAX_NAME:
        raise ModelError(f"Name in C must begin with a letter and have at most {MAX_NAME} characters, not be {text!r}; "
                         "choose one with --name")
    return name


def sizes(model):
    """Bytes of ``model`` in C, and the types that hold its sums.

    ``token_bytes`` are those of a table of tokens; ``state_bytes`` and ``logits_bytes`` those of a state and of a read-out's
    outputs; ``word_bits`` the top layer's.
    """
    plan = layout(model)
    return {
        "word_bits": plan.layers[-1].word_bits, "logit_bits": plan.logit_bits, "table_bytes": plan.table_bytes,
        "state_bytes": plan.state_bytes, "logits_bytes": model.outputs * plan.logit_bits // 8,
        "token_bytes": 0 if model.table is None else model.table.size * plan.input_bits // 8,
    }


def c_sources(texts, name):
    """Those of the files ``texts`` of model ``name`` that every program with it compiles: all but a table of tokens."""
    return [file for file in texts if file.endswith(".c") and file != f"{name}{TABLE}.c"]


def render(model, name):
    """The texts of the C files of ``model`` by their names; ``name`` as :func:`c_name` made it."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    templates = files("firmware.mcu").joinpath("templates")
    facts = _facts(model, name)

    def text(template):
        return environment.from_string(templates.joinpath(template).read_text("utf-8")).render(facts)

    texts = {f"{name}.h": text("model.h"), f"{name}.c": text("model.c")}
    if model.table is not None:
        texts[f"{name}{TABLE}.c"] = text("table.c")
    return texts | render_front_end(model.input, name)


def _facts(model, name):
    """What the templates say."""
    plan = layout(model)
    digest = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(model.digest)[:DIGEST_BYTES])
    layers = [_layer_facts(part, k, name, plan.layers[k - 1]) for k, part in enumerate(plan.layers)]
    inputs = f"{'' if model.input.signed else 'u'}int{plan.input_bits}_t"
    source = f"int{plan.pool_bits or plan.layers[-1].word_bits}_t"
    stages = [_stage_facts(part, k, "uint8_t" if k else source) for k, part in enumerate(plan.stages)]
    tokens = () if model.table is None else model.table
    encoded = input_layout(model.input)
    return sizes(model) | {
        "name": name, "NAME": name.upper(), "digest": model.digest, "digest_bytes": f"{{{digest}}}", "layers": layers,
        "stages": stages, "top": len(layers) - 1, "units": model.top.size, "phases": len(model.top.phases),
        "input_type": inputs, "inputs": model.inputs, "input_min": model.input.minimum, "input_max": model.input.maximum,
        "pool_type": f"int{plan.pool_bits}_t" if plan.pool_bits else None,
        "pool_max": model.readout.range(model.top.state)[1],
        "logit_type": f"int{plan.logit_bits}_t", "outputs": model.outputs, "class_count": model.label_count,
        "emit_every": int(model.pooling is Pooling.EVERY), "classes": [_string(text) for text in model.classes],
        "channels": encoded.rows if encoded else [], "level_type": encoded and f"int{encoded.word_bits}_t",
        "values": _value_facts(model.readout),
        "tokens": len(tokens), "table": _table(f"{name}_table", tokens, f"{name}_input") if len(tokens) else None,
    }


def _value_facts(readout):
    """What initializes arrays of scales [value][phase] and of units; None where the outputs are classes."""
    if not readout.values:
        return None
    rows = [_braces(repr(phase * value.scale) for phase in readout.scales) for value in readout.values]
    return {"scales": _braces(rows), "units": _braces(_string(value.unit) for value in readout.values)}


def _braces(items):
    return f"{{ {', '.join(items)} }}"


def _layer_facts(plan, index, name, below):
    """What the templates say of layer ``index``."""
    layer, part = plan.layer, f"layer_{index}"
    phases = [{
        "tables": "\n\n".join([_table(f"hadam_{part}_digits_{p}", phase.digits.reshape(-1)),
                               _table(f"hadam_{part}_bias_{p}", phase.bias)]),
        "last_row": phase.digits.size - phase.digits.shape[1],
        "numbers": f"{phase.planes}, {phase.input_shift}, {phase.state_shift}, {phase.output_shift}",
    } for p, phase in enumerate(plan.phases)]
    return {
        "title": f"{plan.recurrence.title}, {layer.inputs} inputs of {layer.input.width} bits, {layer.state.width}-bit state, "
                 f"rounding {layer.rounding.value}.",
        "part": part, "units": layer.size, "word_type": f"int{plan.word_bits}_t", "in_place": plan.recurrence.in_place,
        "elements": layer.inputs, "element_type": f"int{below.word_bits}_t" if index else f"{name}_input",
        "upper": int(index > 0), "constants": plan.recurrence.constants, "scale": _scale(plan.scale_digits),
        "recurrent": "\n\n".join(_table(f"hadam_{part}_{table}", values)
                                 for table, values in plan.recurrence.tables.items()),
        "state_min": f"(-{layer.state.maximum} - 1)", "state_max": layer.state.maximum,
        "half_even": int(layer.rounding is Rounding.HALF_EVEN), "relu": int(layer.activation is Activation.RELU),
        "bias_type": _c_type(plan.phases[0].bias), "phases": phases,
    }


def _stage_facts(plan, index, element_type):
    """What the templates say of stage ``index``."""
    stage, part, requantization = plan.stage, f"stage_{index}", plan.stage.requantization
    hidden = {} if requantization is None else {
        "BIAS_SHIFT": stage.bias_shift, "HALF": half_of(requantization.shift), "SHIFT": requantization.shift,
        "ACTIVATION_MAX": requantization.maximum}
    return {
        "part": part, "hidden": requantization is not None, "elements": stage.inputs, "element_type": element_type,
        "outputs": stage.outputs, "word_type": f"int{plan.word_bits}_t", "planes": plan.planes,
        "bias_type": _c_type(plan.biases[0]), "constants": hidden,
        "digits": _table(f"hadam_{part}_digits", plan.digits.reshape(-1)),
        "biases": [_table(f"hadam_{part}_bias_{p}", bias) for p, bias in enumerate(plan.biases)],
    }


def _c_type(array):
    return f"{array.dtype.name}_t"


def _table(name, values, kind=None):
    """A constant of C, of its own type or of ``kind``: numbers in one or two dimensions, in lines that people can look at."""
    if values.ndim == 1:
        body = "\n".join(_lines(values, "    "))
    else:
        body = "\n".join("    {\n" + "\n".join(_lines(row, "        ")) + "\n    }," for row in values)
    lengths = "".join(f"[{length}]" for length in values.shape)
    return f"static const {kind or _c_type(values)} {name}{lengths} = {{\n{body}\n}};"


def _lines(values, indent):
    line = indent
    for value in values:
        word = f"{value},"
        if len(line) + len(word) > _WIDTH and line.strip():
            yield line.rstrip()
            line = indent
        line += word + " "
    yield line.rstrip()


def _scale(digits):
    """The multiplier as shifts and additions of ``v``."""
    terms = [f"{'-' if negate else '+'} {f'HADAM_SHL(v, {shift})' if shift else '(v)'}" for shift, negate in reversed(digits)]
    return f"(HADAM_WORD)({' '.join(terms).removeprefix('+ ')})"


def _string(text):
    """A C string: what is not plain ASCII as octal escapes of its UTF-8 bytes."""
    return '"' + "".join(chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
                         for byte in text.encode()) + '"'
