# SPDX-License-Identifier: BSD-2-Clause
"""The exported C computes the golden model's integers, under the sanitizers, over the corners of what a model can be."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from firmware.__main__ import main
from firmware.mcu.export import INCLUDE, c_name, render, sizes
from firmware.mcu.layout import code_digits, layout
from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.errors import ModelError
from hadam_hw.files import write_together
from hadam_hw.fixed import Rounding
from hadam_hw.layer import Activation
from hadam_hw.model_file import load_model, save_model
from hadam_hw.oscillators import Oscillators, oscillations
from hadam_hw.readout import Pooling
from hadam_hw.recurrence import Recurrence
from tests.firmware.c_harness import compile_all, compile_models, expected, export, random_inputs, run
from tests.models_for_tests import centred, random_model, random_stack

MODELS = Path(__file__).parents[2] / "models"
SHIPPED = ("pmnist-h128-b64", "pmnist-h512-b256", "har-h128-b64", "har-mu-h256-b64", "keywords-h256x2-b64", "imdb-h128-b64")

#: Every number of levels from 1 to 12, both kinds of recurrence, all roundings, all widths of the sums.
CORNERS = [
    dict(size=2, outputs=1, state_width=2),
    dict(size=4, outputs=2, rounding=Rounding.FLOOR, frac=-3, state_width=8, bias_range=20),
    dict(size=24, block=8, outputs=3, rounding=Rounding.HALF_EVEN, input_frac=3),
    dict(size=16, outputs=10, frac=2, rounding=Rounding.HALF_EVEN, inputs=3, input_signed=True),
    dict(size=32, outputs=4, input_frac=0, rounding=Rounding.FLOOR, emit=Pooling.EVERY),
    dict(size=128, block=64, outputs=10, frac=-4, output_bits=6),
    dict(size=128, outputs=7, frac=3, input_frac=4, input_bits=8, output_bits=8),
    dict(size=256, outputs=10, frac=-2, state_width=6, bias_range=5),
    dict(size=512, outputs=2, frac=-5, inputs=2, rounding=Rounding.HALF_EVEN),
    dict(size=1024, outputs=5, frac=4, input_width=16),
    dict(size=2048, outputs=3, frac=-3, input_bits=1, output_bits=1),
    dict(size=4096, outputs=3, frac=-8),
    dict(size=8, outputs=3, state_width=32, frac=6, input_width=16, input_signed=True),
    dict(size=16, outputs=3, state_width=7, frac=-6, bias_range=100, input_width=4, rounding=Rounding.HALF_EVEN),
    dict(size=8, outputs=3, frac=-8, input_width=1, bias_range=3, rounding=Rounding.HALF_UP),
    dict(size=64, outputs=3, frac=-7, input_frac=24, input_bits=8, state_width=20),
    dict(size=1, outputs=1, ternary=True, shift_bits=0, bias_range=3),
    dict(size=3, outputs=2, ternary=True, multiplier=255, shift_bits=9),
    dict(size=17, outputs=5, ternary=True, multiplier=7, shift_bits=5, rounding=Rounding.HALF_EVEN, inputs=4),
    dict(size=40, outputs=4, ternary=True, multiplier=91, shift_bits=10, rounding=Rounding.FLOOR, state_width=16),
    dict(size=33, outputs=4, ternary=True, shift_bits=30, frac=-20, state_width=6, input_signed=True),
    dict(size=64, outputs=6, ternary=True, frac=-3, shift_bits=2, state_width=5, bias_range=30, emit=Pooling.EVERY),
    dict(size=17, outputs=3, entries=(-8, 7), shift_bits=6, inputs=2), dict(size=1, outputs=1, entries=(5, 5), shift_bits=3),
    dict(size=12, outputs=3, entries=(-128, 127), multiplier=45, shift_bits=14, rounding=Rounding.HALF_EVEN),
    dict(size=16, outputs=3, leak=3, frac=-3), dict(size=32, outputs=2, leak=12, inputs=2, rounding=Rounding.HALF_EVEN),
    dict(size=16, outputs=3, emit=Pooling.SUM, frac=-2, pool_bits=6),
    dict(size=64, outputs=5, emit=Pooling.SUM, leak=2, pool_bits=1),
    dict(size=7, outputs=2, ternary=True, emit=Pooling.SUM, pool_bits=16, state_width=24, output_bits=8, input_width=16),
]


def corner_models():
    models = {f"corner_{i}": random_model(seed=i, **corner) for i, corner in enumerate(CORNERS)}
    relu = {f"{name}_relu": models[name].with_top(activation=Activation.RELU) for name in ("corner_2", "corner_6", "corner_18")}
    return models | relu


#: Wires, blocks of 1, hidden stages, in all combinations that go different ways in C.
WIRED = [
    dict(size=16, block=1, outputs=3), dict(size=2, block=1, outputs=2, state_width=5, bias_range=9),
    dict(size=16, block=1, outputs=3, wires=True, state_width=6, frac=-2, bias_range=20),
    dict(size=300, block=1, outputs=4, wires=True, inputs=2),
    dict(size=64, block=4, outputs=3, wires=True, rounding=Rounding.HALF_EVEN, frac=-2),
    dict(size=32, block=2, outputs=3, wires=True, input_frac=3), dict(size=24, block=8, outputs=3, wires=True, leak=3),
    dict(size=8, block=4, outputs=3, wires=True, leak=[0, 1, 2, 3, 4, 5, 6, 12], state_width=20, frac=3),
    dict(size=8, block=1, outputs=3, leak=[0, 0, 2, 3, 4, 5, 1, 1], state_width=9, frac=-2),
    dict(size=16, block=8, outputs=3, leak=[2, 5, 0, 1] * 4, inputs=2, rounding=Rounding.HALF_EVEN, frac=-3),
    dict(size=128, block=64, outputs=5, wires=True, frac=-3, activation=Activation.RELU, inputs=3, input_signed=True),
]
HIDDEN = [
    dict(size=16, outputs=3, hidden=[(9, 4, 6, 4)]),
    dict(size=16, outputs=3, hidden=[(9, 4, 5, 6)], emit=Pooling.EVERY, frac=-2),
    dict(size=16, outputs=3, hidden=[(9, 4, 8, 6)], emit=Pooling.SUM, pool_bits=2),
    dict(size=32, outputs=1, hidden=[(8, 8, 12, 8), (5, 4, 3, 3)], input_frac=2),  # two phases
    dict(size=9, ternary=True, outputs=2, hidden=[(7, 3, 0, 8), (5, 1, 1, 1)], state_width=4, frac=-4, bias_range=2),
    dict(size=64, block=1, wires=True, outputs=10, hidden=[(33, 5, 9, 5)], emit=Pooling.EVERY, output_bits=8),
    dict(size=8, block=8, outputs=3, hidden=[(4, 8, 20, 7)], state_width=32, frac=6, input_width=16),
    dict(size=64, block=4, wires=True, outputs=4, hidden=[(16, 8, 14, 4), (12, 8, 6, 8)], emit=Pooling.SUM, pool_bits=1,
         leak=2, state_width=16),
]


def read_outs():
    """Models of :data:`WIRED` and :data:`HIDDEN`; a name a corner."""
    return {f"{name}_{seed}": random_model(seed=seed, **corner)
            for name, corners in (("wired", WIRED), ("hidden", HIDDEN)) for seed, corner in enumerate(corners)}


def test_wires_blocks_of_1_and_hidden_stages_equal_the_golden_model(tmp_path):
    models = read_outs()
    inputs = {name: random_inputs(model, 3, 25) for name, model in models.items()}
    found = run(compile_models(models, tmp_path), models, inputs)
    for name, model in models.items():
        wanted = expected(model, inputs[name])
        assert (found[name] == wanted).all(), name
        assert len(np.unique(wanted[..., model.top.size + 1:-1])) > 4, name  # something comes through the stages
    plans = {name: layout(model) for name, model in models.items()}
    assert {plan.stages[0].word_bits for name, plan in plans.items() if "hidden" in name} == {32, 64}
    assert {plan.pool_bits for plan in plans.values()} == {0, 16, 32}


def test_hidden_stages_of_the_corners_cut_off_and_let_through():
    for name, model in read_outs().items():
        for sequence in random_inputs(model, 3, 25) if "hidden" in name else ():
            trace = golden.trace(model, sequence)
            stage = model.readout.stages[0]
            if model.pooling is not Pooling.SUM and len(model.top.phases) == 1:
                found = stage.requantization(stage.sums(trace.states, 0))
                assert found.min() == 0 < found.max(), name


@pytest.mark.parametrize("part, right, wrong", [
    ("m.c", "#define HADAM_HALF 32", "#define HADAM_HALF 31"), ("m.c", "#define HADAM_SHIFT 6", "#define HADAM_SHIFT 7"),
    ("m.c", "#define HADAM_ACTIVATION_MAX 15", "#define HADAM_ACTIVATION_MAX 14"),
    ("m.c", "#define HADAM_BIAS_SHIFT 4", "#define HADAM_BIAS_SHIFT 3"),
    ("m.c", r"(hadam_layer_0_wires\[16\] = {\s+)(\d+), (\d+),", r"\1\3, \2,"),
    ("m.c", r"(hadam_layer_0_cycle_ends\[\d+\] = {\s+)(\d+),", r"\g<1>1,"),
    ("m.c", r"(hadam_stage_0_digits\[\d+\] = {\s+)(\d+),", r"\g<1>7,"),
    ("m.c", r"(hadam_stage_0_bias_0\[\d+\] = {\s+)(-?\d+),", r"\g<1>99,"),
    ("hadam_dot.h", r"bucket\[8 - d\] = 0;", "")])
def test_a_fault_in_wires_or_a_hidden_stage_is_seen(part, right, wrong, tmp_path):
    model = random_model(size=16, block=1, wires=True, outputs=3, hidden=[(9, 4, 6, 4)], frac=-2, seed=1)
    models, inputs = {"m": model}, {"m": random_inputs(model, 4, 40)}
    wanted = expected(model, inputs["m"])
    assert (run(compile_models(models, tmp_path), models, inputs)["m"] == wanted).all()
    text = (tmp_path / part if part == "m.c" else INCLUDE / part).read_text()
    faulty = re.sub(right, wrong, text, count=1)
    assert faulty != text
    for header in INCLUDE.glob("hadam_*.h"):  # beside the file that includes them they are found first
        (tmp_path / header.name).write_text(header.read_text())
    (tmp_path / part).write_text(faulty)
    program = compile_all([tmp_path / "main.c", tmp_path / "m.c"], tmp_path, ("-O1",))
    assert (run(program, models, inputs)["m"] != wanted).any()


class Blurred(Recurrence):
    """A kind that C knows nothing of: a circulant matrix of small integers."""

    kind = "blurred"

    def __init__(self, size, row):
        self.size, self.row = size, row

    bits = 0
    words = "blurred"

    def header(self):
        return {}

    def arrays(self):
        return {}

    @classmethod
    def parse(cls, header, arrays):
        raise NotImplementedError

    def shift(self, phase):
        return 5

    def dense(self):
        return np.array([np.roll(np.resize([*self.row, *[0] * self.size], self.size), k) for k in range(self.size)])


Recurrence._kinds.pop(Blurred.kind)  # for this file alone


def test_a_recurrence_of_another_kind_goes_by_its_matrix(tmp_path):
    models = {}
    for k, (size, row) in enumerate([(8, [5, -3, 1]), (7, [200, -129, 8, 3]), (9, [3, 0, -3]), (4, [0])]):
        model = random_model(size=size, ternary=True, outputs=3, seed=k)
        models[f"m{k}"] = model.with_top(recurrence=Blurred(size, row))
    assert [layout(model).layers[0].recurrence.constants["MATRIX"] for model in models.values()] == [2, 2, 1, 1]
    inputs = {name: random_inputs(model, 2, 25) for name, model in models.items()}
    found = run(compile_models(models, tmp_path), models, inputs)
    for name, model in models.items():
        assert (found[name] == expected(model, inputs[name])).all(), name


def test_oscillators_equal_the_golden_model(tmp_path):
    known, rng, models = oscillations(), np.random.default_rng(0), {}
    for k, (pairs, leaks, changes) in enumerate([
            (1, None, dict(state_width=20)), (7, None, dict(frac=-3, rounding=Rounding.HALF_EVEN)),
            (5, [0, 12, 1, 3, 5], dict(inputs=2, input_signed=True)), (20, None, dict(state_width=8, frac=-2, bias_range=9))]):
        recurrence = Oscillators.of([known[index] for index in rng.integers(0, len(known), pairs)], leaks)
        models[f"m{k}"] = random_model(size=2 * pairs, recurrence=recurrence, outputs=3, seed=k, **changes)
    inputs = {name: random_inputs(model, 2, 40) for name, model in models.items()}
    found = run(compile_models(models, tmp_path), models, inputs)
    for name, model in models.items():
        assert (found[name] == expected(model, inputs[name])).all(), name


def test_many_layers_equal_the_golden_model(tmp_path):
    models = {}
    for count in (3, 8):
        model = random_stack(seed=count, lower=dict(size=16, block=1, wires=True, inputs=2, input_signed=True), upper=dict(
            size=12, block=4, outputs=1, frac=-1))
        for k in range(count - 2):
            below, model = model.layers, random_stack(
                seed=count + k, lower=dict(size=model.top.size, ternary=True), upper=dict(
                    size=(10, 16)[k % 2], block=(2, 16)[k % 2], ternary=not k % 2, outputs=3, frac=-2, hidden=[(6, 4, 5, 4)]))
            model = model.replace(layers=(*below, model.top))
        models[f"m{count}"] = model
    assert [len(model.layers) for model in models.values()] == [3, 8]
    inputs = {name: random_inputs(model, 2, 30) for name, model in models.items()}
    found = run(compile_models(models, tmp_path), models, inputs)
    for name, model in models.items():
        assert (found[name] == expected(model, inputs[name])).all(), name
        assert len(np.unique(found[name][..., model.top.size + 1])) > 4, name


def stacks():
    """Stacks whose layers have words of different widths, saturate and round in all ways; a name a corner."""
    return {f"stack_{seed}": random_stack(seed=seed, **corner) for seed, corner in enumerate([
        dict(lower=dict(size=4, block=4), upper=dict(size=16, block=4, outputs=3, frac=-3)),
        dict(lower=dict(size=64, inputs=3, input_signed=True, state_width=8), upper=dict(size=64, block=16, outputs=5, frac=-5),
             rounding=Rounding.HALF_EVEN),
        dict(lower=dict(size=64, state_width=17, frac=4, inputs=4, input_width=16, input_bits=8), upper=dict(
            size=4, outputs=1, frac=-2, state_width=20)),
        dict(lower=dict(size=7, ternary=True, multiplier=5, state_width=6), upper=dict(
            size=9, ternary=True, outputs=2, emit=Pooling.SUM, pool_bits=2, frac=-2), rounding=Rounding.FLOOR),
        dict(lower=dict(size=16, leak=3, frac=-3, activation=Activation.RELU), upper=dict(
            size=16, outputs=4, emit=Pooling.SUM, frac=-3, state_width=30, output_bits=8), input_width=16),
        dict(lower=dict(size=4, state_width=7, frac=-5), upper=dict(size=256, outputs=3, frac=-4, emit=Pooling.EVERY)),
    ])}


def test_every_integer_of_two_layers_equals_the_golden_model(tmp_path):
    models = stacks()
    inputs = {name: random_inputs(model, 2, 30) for name, model in models.items()}
    found = run(compile_models(models, tmp_path), models, inputs)
    for name, model in models.items():
        assert (found[name] == expected(model, inputs[name])).all(), name
    words = [tuple(plan.word_bits for plan in layout(model).layers) for model in models.values()]
    assert any(below > above for below, above in words) and any(below < above for below, above in words)
    assert sum(found[name][:, -1, model.layers[-1].size].sum() > 0 for name, model in models.items()) >= 4


def test_states_that_the_layer_below_does_not_rectify_are_seen(tmp_path):
    model = stacks()["stack_0"]
    models, inputs = {"m": model}, {"m": random_inputs(model, 2, 20)}
    compile_models(models, tmp_path)
    cell = (INCLUDE / "hadam_cell.h").read_text()
    wrong = cell.replace("#define HADAM_TAKEN(x) ((x) > 0 ? (x) : 0)", "#define HADAM_TAKEN(x) (x)")
    assert wrong != cell
    (tmp_path / "hadam_cell.h").write_text(wrong)  # found first, beside the files that include it
    program = compile_all([tmp_path / file for file in ("main.c", "m.c")], tmp_path, ("-O1",))
    assert (run(program, models, inputs)["m"] != expected(model, inputs["m"])).any()


TOKENS_MAIN = """
#include <stdio.h>
#include "net.h"

int main(void)
{
    net_state state;
    net_logit y[NET_OUTPUTS];
    unsigned token, i;
    net_reset(&state);
    while (scanf("%u", &token) == 1) {
        const net_input *x = net_embed(token);
        if (!x) {
            printf("none of %u\\n", NET_TOKENS);
            continue;
        }
        net_step(&state, x);
    }
    net_readout(&state, y);
    for (i = 0; i < NET_OUTPUTS; i++)
        printf("%ld ", (long)y[i]);
    return 0;
}
"""


@pytest.mark.parametrize("width", [6, 12])
def test_tokens_are_looked_up(width, tmp_path):
    rng = np.random.default_rng(width)
    model = random_model(size=16, outputs=3, inputs=5, input_width=width, input_signed=True)
    model = model.replace(table=rng.integers(model.input.minimum, model.input.maximum, (40, 5), endpoint=True))
    sources = export(model, "net", tmp_path)
    (tmp_path / "main.c").write_text(TOKENS_MAIN)
    program = compile_all([tmp_path / "main.c", tmp_path / "net_table.c", *sources], tmp_path)
    tokens = rng.integers(0, 40, 30)

    def said(tokens):
        return subprocess.run([program], input=" ".join(map(str, tokens)), capture_output=True, text=True, check=True).stdout

    assert said(tokens).split() == [str(y) for y in golden.run(model, tokens[None]).outputs[0]]
    assert said([40, 2**32 - 1]).splitlines()[:2] == ["none of 40"] * 2
    assert sizes(model)["token_bytes"] == 200 * (1 if width <= 8 else 2)
    # who gets vectors leaves the table out
    compile_models({"net": model}, tmp_path)


def test_every_integer_equals_the_golden_model(tmp_path):
    models = corner_models()
    inputs = {name: random_inputs(model, 2, 30) if model.size < 1000 else random_inputs(model, 1, 4)
              for name, model in models.items()}  # the definition builds its dense matrix at each step
    found = run(compile_models(models, tmp_path), models, inputs)
    saturated = ties = 0
    for name, model in models.items():
        wanted = expected(model, inputs[name])
        assert (found[name] == wanted).all(), name
        saturated += wanted[:, -1, model.size].sum() > 0
        ties += model.top.rounding is Rounding.HALF_EVEN
    # the corners are corners: saturation in many, each width of word and each number of planes somewhere
    assert saturated >= 8 and ties >= 5
    plans = [layout(model) for model in models.values()]
    layers = [plan.layers[0] for plan in plans]
    assert {plan.word_bits for plan in layers} == {16, 32, 64} and {plan.logit_bits for plan in plans} == {32, 64}
    assert {1, 2, 3} <= {phase.planes for plan in layers for phase in plan.phases}
    assert any(phase.state_shift for plan in layers for phase in plan.phases)


def test_shipped_models_give_their_vectors(tmp_path):
    models = {c_name(name): load_model(MODELS / f"{name}.npz") for name in SHIPPED}
    inputs = {name: model.vectors.inputs[:16] for name, model in models.items()}
    found = run(compile_models(models, tmp_path), models, inputs, every=False)
    for name, model in models.items():
        assert (found[name][:, 0, model.layers[-1].size + 1:-1] == model.vectors.outputs[:16]).all(), name


def test_a_wrong_table_entry_is_seen(tmp_path):
    model = random_model(size=16, outputs=3, frac=-2)
    models, inputs = {"m": model}, {"m": random_inputs(model, 2, 20)}
    wanted = expected(model, inputs["m"])
    assert (run(compile_models(models, tmp_path), models, inputs)["m"] == wanted).all()
    right = render(model, "m")["m.c"]
    for table in ("layer_0_sign", "layer_0_digits_0", "layer_0_bias_0", "stage_0_digits", "stage_0_bias_0"):
        wrong = re.sub(rf"(hadam_{table}\[\d+\] = {{\s+)(-?\d+)", lambda hit: f"{hit[1]}{_another(hit[2])}", right)
        assert wrong != right
        (tmp_path / "m.c").write_text(wrong)
        program = compile_all([tmp_path / "main.c", tmp_path / "m.c"], tmp_path, ("-O1",))
        assert (run(program, models, inputs)["m"] != wanted).any(), table


def _another(number):
    """Another sign for 0 and -1, an even neighbour for odd numbers and the other way round."""
    return -1 - int(number) if int(number) in (0, -1) else int(number) ^ 1


def test_digits_are_the_codes():
    codes = np.arange(-5000, 5000)
    digits = code_digits(codes)
    assert digits.min() == -8 and digits.max() == 7
    assert (sum(digit << 4 * k for k, digit in enumerate(digits)) == codes).all()
    assert len(code_digits(np.arange(-8, 8))) == 1


def test_sizes_are_what_the_compiler_says(tmp_path):
    models = corner_models()
    models |= stacks() | read_outs()
    for name, model in models.items():
        export(model, name, tmp_path)
    checks = "".join(f'#include "{name}.h"\ntypedef char {name}_state_is[sizeof({name}_state) == {sizes(model)["state_bytes"]} '
                     f'&& {model.outputs} * sizeof({name}_logit) == {sizes(model)["logits_bytes"]} ? 1 : -1];\n'
                     for name, model in models.items())
    (tmp_path / "sizes.c").write_text(checks + "int main(void) { return 0; }\n")
    compile_all([tmp_path / "sizes.c"], tmp_path, ("-O0",))


@pytest.mark.parametrize("text, name", [("pmnist-h128-b64", "pmnist_h128_b64"), ("My Model", "my_model"), ("a.b", "a_b")])
def test_names(text, name):
    assert c_name(text) == name


@pytest.mark.parametrize("text", ["", "2nd", "-", "é", "x" * 49])
def test_names_that_c_has_not(text):
    with pytest.raises(ModelError, match="Name in C must begin with a letter .* choose one with --name"):
        c_name(text)


def test_class_names_survive():
    text = render(random_model(size=4, outputs=2).with_readout(classes=('a "b"\\', "\n\u00fc??/9")), "m")["m.c"]
    assert r'"a \042b\042\134",' in text and r'"\012\303\274\077\077/9",' in text


def test_a_single_output_is_a_class_by_its_sign_and_has_two_names(tmp_path):
    plain = random_model(size=16, outputs=1).with_readout(classes=("no", "yes"))
    inputs = random_inputs(plain, 9, 3)
    models = {"one": centred(plain, inputs)}
    found = run(compile_models(models, tmp_path), models, {"one": inputs})
    assert np.array_equal(found["one"], expected(models["one"], inputs))
    assert "#define ONE_CLASSES 2" in (tmp_path / "one.h").read_text()


def test_the_command_writes_both_files(tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    assert main(["export-c", "--weights", str(MODELS / "pmnist-h128-b64.npz"), "--out", str(out), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert sorted(path.name for path in out.iterdir()) == facts["files"] == ["pmnist_h128_b64.c", "pmnist_h128_b64.h"]
    assert facts["state_bytes"] + facts["logits_bytes"] <= 700
    assert main(["export-c", "--weights", str(MODELS / "pmnist-h128-b64.npz"), "--out", str(out), "--name", "net"]) == 0
    assert (out / "net.h").is_file() and "gcc -std=c99" in capsys.readouterr().out


@pytest.mark.parametrize("model, more, compiled", [
    (random_model(size=4, outputs=2).replace(table=np.ones((9, 1), dtype=int)), {"net_table.c"}, ["net.c"]),
    (random_stack(lower=dict(size=4), upper=dict(size=4, outputs=2)), set(), ["net.c"])])
def test_the_command_says_which_files_there_are(model, more, compiled, tmp_path, capsys):
    save_model(model, tmp_path / "model.npz")
    out = tmp_path / "c"
    assert main(["export-c", "--weights", str(tmp_path / "model.npz"), "--out", str(out), "--name", "net"]) == 0
    assert {path.name for path in out.iterdir()} == {"net.c", "net.h"} | more
    said = capsys.readouterr().out
    assert said.endswith(f" -c {' '.join(str(out / name) for name in compiled)}\n") and ("tokens" in said) == (model.size == 4)


@pytest.mark.parametrize("argv, said", [
    (["--weights", "nothing.npz", "--out", "x"], "Model file nothing.npz cannot be read"),
    (["--weights", str(MODELS / "pmnist-h128-b64.npz"), "--out", "x", "--name", "9"], "Name in C must begin with a letter"),
    (["--weights", str(MODELS / "pmnist-h128-b64.npz"), "--out", "/proc/none"], "No such file or directory"),
    (["--out", "x"], "--weights"),
])
def test_the_command_says_what_is_wrong(argv, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_cli(main, ["export-c", *argv]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and said in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_a_write_that_fails(tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    with pytest.raises(TypeError):
        write_together(tmp_path, {"a.h": "whole", "a.c": None})
    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_together(tmp_path, {"a.h": "whole", "a.c": "whole"})
    assert not list(tmp_path.iterdir())
