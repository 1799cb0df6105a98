# SPDX-License-Identifier: BSD-2-Clause
"""A model as two C files, ``NAME.h`` for users and ``NAME.c`` with the tables; what computes is ``hadam_cell.h``."""

import re
from importlib.resources import files
from pathlib import Path

from firmware.mcu.layout import layout
from hadam_hw.errors import ModelError
from hadam_hw.fixed import Rounding
from hadam_hw.model import Activation, Emit
from hadam_hw.recurrence import Hadamard

#: Where hadam_cell.h and the driver of the link lie.
INCLUDE = Path(__file__).resolve().parent
#: How much of the digest a device tells (docs/link.md).
DIGEST_BYTES = 8
MAX_NAME = 48
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
    """Bytes of ``model`` in C: of the tables, of a state, of a read-out's outputs; and the types that hold the sums."""
    plan = layout(model)
    words = model.size * (1 if isinstance(model.recurrence, Hadamard) else 2)
    word = plan.word_bits // 8
    align = max(word, 4)
    pool = model.size * plan.logit_bits // 8 if model.pool_bits else 0
    align = max(align, plan.logit_bits // 8) if pool else align
    return {
        "word_bits": plan.word_bits, "logit_bits": plan.logit_bits, "table_bytes": plan.table_bytes,
        # the pool, z, next, saturations, and with two phases the last one's; padded as C pads them
        "state_bytes": -(-(pool + -(-words * word // 4) * 4 + 4 + (len(model.phases) == 2)) // align) * align,
        "logits_bytes": model.outputs * plan.logit_bits // 8,
    }


def render(model, name):
    """The texts of the C files of ``model`` by their names; ``name`` as :func:`c_name` made it."""
    from jinja2 import Environment, StrictUndefined

    plan = layout(model)
    hadamard = isinstance(model.recurrence, Hadamard)
    word = f"int{plan.word_bits}_t"
    bias, output_bias = f"int{plan.bias_bits}_t", f"int{plan.output_bias_bits}_t"
    phases = [{
        "tables": "\n\n".join([_table("uint8_t", f"hadam_digits_{p}", phase.digits.reshape(-1)),
                               _table(bias, f"hadam_bias_{p}", phase.bias),
                               _table(output_bias, f"hadam_output_bias_{p}", phase.output_bias)]),
        "last_row": phase.digits.size - phase.digits.shape[1],
        "numbers": f"{phase.planes}, {phase.input_shift}, {phase.state_shift}, {phase.output_shift}",
    } for p, phase in enumerate(plan.phases)]
    kind = "Hadamard" if hadamard else "ternary"
    blocks = f" in blocks of {model.recurrence.block}" if hadamard and model.recurrence.block < model.size else ""
    facts = sizes(model) | {
        "name": name, "NAME": name.upper(), "digest": model.digest,
        "digest_bytes": "{" + ", ".join(f"0x{byte:02x}" for byte in bytes.fromhex(model.digest)[:DIGEST_BYTES]) + "}",
        "title": f"{kind} recurrence of {model.size} units{blocks}, {model.inputs} inputs of {model.input.width} bits, "
                 f"{model.outputs} outputs, {model.state.width}-bit state, rounding {model.rounding.value}.",
        "units": model.size, "inputs": model.inputs, "outputs": model.outputs,
        "input_min": model.input.minimum, "input_max": model.input.maximum,
        "emit_every": int(model.emit is Emit.EVERY), "pool": model.emit is Emit.SUM, "pool_max": model.readout_maximum,
        "input_type": f"{'' if model.input.signed else 'u'}int{plan.input_bits}_t",
        "word_type": word, "logit_type": f"int{plan.logit_bits}_t", "scratch": not hadamard,
        "classes": [_string(text) for text in model.classes],
        "log2_block": model.recurrence.log2_block if hadamard else 0,
        "state_min": f"(-{model.state.maximum} - 1)", "state_max": model.state.maximum,
        "half_even": int(model.rounding is Rounding.HALF_EVEN), "relu": int(model.activation is Activation.RELU),
        "phases": phases,
        "output_planes": plan.output_digits.shape[1], "scale": _scale(plan.scale_digits),
        "recurrent": _table("int8_t", "hadam_sign", plan.signs) if hadamard
        else _table("uint8_t", "hadam_rows", plan.signs),
        "bias_type": bias, "output_bias_type": output_bias,
        "output_digits": _table("uint8_t", "hadam_output_digits", plan.output_digits.reshape(-1)),
    }
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    templates = files("firmware.mcu").joinpath("templates")
    return {f"{name}{suffix}": environment.from_string(templates.joinpath(f"model{suffix}").read_text("utf-8")).render(facts)
            for suffix in (".h", ".c")}


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
