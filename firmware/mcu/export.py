# SPDX-License-Identifier: BSD-2-Clause
"""A model as C files: ``NAME.h`` for users, ``NAME.c`` with the tables; what computes is ``hadam_cell.h``.

Of two layers the lower one is in ``NAME_lower.h`` and ``NAME_lower.c``; a table of tokens is in ``NAME_table.c``.
"""

import re
from importlib.resources import files
from pathlib import Path

from firmware.mcu.layout import layouts
from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Hadamard

#: Where hadam_cell.h and the driver of the link lie.
INCLUDE = Path(__file__).resolve().parent
#: How much of the digest a device tells (docs/link.md).
DIGEST_BYTES = 8
MAX_NAME = 48
#: What the names of the other files end with.
LOWER, TABLE = "_lower", "_table"
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

    ``table_bytes`` are those of all layers, ``token_bytes`` those of a table of tokens; ``state_bytes`` and ``logits_bytes``
    those of a state and of a read-out's outputs; ``word_bits`` and ``logit_bits`` the top layer's.
    """
    plans, state = layouts(model), None
    for layer, plan in zip(model.layers, plans):
        state = _state(layer, plan, state, model.pooling is Pooling.SUM and layer is model.top)
    return {
        "word_bits": plans[-1].word_bits, "logit_bits": plans[-1].logit_bits,
        "table_bytes": sum(plan.table_bytes for plan in plans), "state_bytes": state[0],
        "logits_bytes": model.outputs * plans[-1].logit_bits // 8,
        "token_bytes": 0 if model.table is None else model.table.size * plans[0].input_bits // 8,
    }


def _state(layer, plan, lower, pooled):
    """(bytes, alignment) of a layer's state in C, ``lower`` being those of the layer below, if there is one."""
    word, logit = plan.word_bits // 8, plan.logit_bits // 8
    words = layer.size * (1 if isinstance(layer.recurrence, Hadamard) else 2)
    members = [(layer.size * logit, logit)] if pooled else []
    members += [lower] if lower else []
    members += [(words * word, word), (4, 4)]  # z, next, saturations
    members += [(1, 1)] if len(layer.phases) == 2 else []
    end = 0
    for size, align in members:
        end = -(-end // align) * align + size
    align = max(align for _, align in members)
    return -(-end // align) * align, align


def c_sources(texts, name):
    """Those of the files ``texts`` of model ``name`` that every program with it compiles: all but a table of tokens."""
    return [file for file in texts if file.endswith(".c") and file != f"{name}{TABLE}.c"]


def render(model, name):
    """The texts of the C files of ``model`` by their names; ``name`` as :func:`c_name` made it."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    templates = files("firmware.mcu").joinpath("templates")

    def text(template, facts):
        return environment.from_string(templates.joinpath(template).read_text("utf-8")).render(facts)

    *lower, top = model.layers
    *lower_plans, plan = layouts(model)
    digest = ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(model.digest)[:DIGEST_BYTES])
    common = {"digest": model.digest, "digest_bytes": f"{{{digest}}}", "inputs": model.inputs,
              "input_type": f"{'' if model.input.signed else 'u'}int{[*lower_plans, plan][0].input_bits}_t"}
    layers = {f"{name}{LOWER}": _layer_facts(layer, below, None) | {"title": f"The lower layer of {name}. {_title(layer)}"}
              for layer, below in zip(lower, lower_plans)}
    layers[name] = _layer_facts(top, plan, f"{name}{LOWER}" if lower else None) | _readout_facts(model, plan) | sizes(model) | {
        "title": f"{_title(top)} {model.outputs} outputs." + " Above a lower layer." * len(lower),
        "input_min": model.input.minimum, "input_max": model.input.maximum}
    texts = {f"{file}{suffix}": text(f"model{suffix}", common | facts | {"name": file, "NAME": file.upper()})
             for file, facts in layers.items() for suffix in (".h", ".c")}
    if model.table is not None:
        texts[f"{name}{TABLE}.c"] = text("table.c", common | {
            "name": name, "NAME": name.upper(), "table": _table(f"{name}_input", f"{name}_table", model.table)})
    return texts


def _title(layer):
    kind = "Hadamard" if isinstance(layer.recurrence, Hadamard) else "Ternary"
    block = getattr(layer.recurrence, "block", layer.size)
    blocks = f" in blocks of {block}" if block < layer.size else ""
    return (f"{kind} recurrence of {layer.size} units{blocks}, {layer.inputs} inputs of {layer.input.width} bits, "
            f"{layer.state.width}-bit state, rounding {layer.rounding.value}.")


def _layer_facts(layer, plan, lower):
    """What the templates say of a layer; ``lower`` is the name of the one below, if there is one."""
    hadamard = isinstance(layer.recurrence, Hadamard)
    bias, output_bias = f"int{plan.bias_bits}_t", f"int{plan.output_bias_bits}_t"
    phases = []
    for p, phase in enumerate(plan.phases):
        tables = [_table("uint8_t", f"hadam_digits_{p}", phase.digits.reshape(-1)), _table(bias, f"hadam_bias_{p}", phase.bias)]
        tables += [_table(output_bias, f"hadam_output_bias_{p}", phase.output_bias)] if phase.output_bias.size else []
        phases.append({
            "tables": "\n\n".join(tables), "last_row": phase.digits.size - phase.digits.shape[1],
            "numbers": f"{phase.planes}, {phase.input_shift}, {phase.state_shift}, {phase.output_shift}"})
    return {
        "lower": lower, "units": layer.size, "elements": layer.inputs, "outputs": 0,
        "table_bytes": plan.table_bytes, "state_bytes": _state(layer, plan, None, False)[0],
        "word_type": f"int{plan.word_bits}_t",
        "input_min": layer.input.minimum, "input_max": layer.input.maximum, "tokens": 0, "pool": False,
        "scratch": not hadamard, "classes": [], "log2_block": layer.recurrence.log2_block if hadamard else 0,
        "state_min": f"(-{layer.state.maximum} - 1)", "state_max": layer.state.maximum,
        "half_even": int(layer.rounding is Rounding.HALF_EVEN), "relu": int(layer.activation is Activation.RELU),
        "phases": phases, "scale": _scale(plan.scale_digits), "bias_type": bias, "output_bias_type": output_bias,
        "recurrent": _table("int8_t", "hadam_sign", plan.signs) if hadamard else _table("uint8_t", "hadam_rows", plan.signs),
    }


def _readout_facts(model, plan):
    """What the templates say of the read-out, besides."""
    _, greatest = model.readout.range(model.top.state)
    return {
        "outputs": model.outputs, "class_count": model.class_count, "emit_every": int(model.pooling is Pooling.EVERY),
        "pool": model.pooling is Pooling.SUM, "pool_max": greatest,
        "logit_type": f"int{plan.logit_bits}_t", "classes": [_string(text) for text in model.classes],
        "output_planes": plan.output_digits.shape[1], "tokens": 0 if model.table is None else len(model.table),
        "output_digits": _table("uint8_t", "hadam_output_digits", plan.output_digits.reshape(-1)),
    }


def _table(kind, name, values):
    """A constant of C: numbers in one or two dimensions, in lines that people can look at."""
    if values.ndim == 1:
        body = "\n".join(_lines(values, "    "))
    else:
        body = "\n".join("    {\n" + "\n".join(_lines(row, "        ")) + "\n    }," for row in values)
    return f"static const {kind} {name}{''.join(f'[{length}]' for length in values.shape)} = {{\n{body}\n}};"


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
    return f"(hadam_word)({' '.join(terms).removeprefix('+ ')})"


def _string(text):
    """A C string: what is not plain ASCII as octal escapes of its UTF-8 bytes."""
    return '"' + "".join(chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
                         for byte in text.encode()) + '"'
