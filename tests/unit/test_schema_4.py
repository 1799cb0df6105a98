# SPDX-License-Identifier: BSD-2-Clause
"""Files of schema 4: what they hold comes back, and what is wrong in one is said in one sentence."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from hadam_hw.errors import ModelFileError
from hadam_hw.model_file import model_bytes
from hadam_hw.readout import Pooling, Requantization
from hadam_hw.recurrence import Hadamard
from tests.models_for_tests import random_model, random_stack
from tests.unit.test_model_file import edited, load

STACK = dict(lower=dict(size=8, block=4, inputs=2), upper=dict(size=4, block=1, outputs=2, wires=True))


def whole():
    """One layer with wires and two phases, and a hidden stage."""
    model = random_model(size=8, block=8, wires=True, outputs=3, inputs=2, hidden=((5, 4, 6, 3),))
    return model.with_readout(classes=("a", "b", "c"))


def three_layers():
    """Blocks of 4, of 1, and a ternary matrix."""
    top = random_model(size=5, ternary=True, outputs=2, inputs=4, input_width=11, input_bits=1)
    return top.above(*random_stack(**STACK).layers)


NEW = {
    "wires": lambda: random_model(size=8, block=4, wires=True, outputs=2),
    "blocks of 1": lambda: random_model(size=8, block=1, outputs=2),
    "hidden stages": lambda: random_model(size=8, block=4, outputs=2, hidden=((6, 8, 9, 4), (5, 1, 0, 1))),
    "hidden stage of a pool": lambda: random_model(size=8, block=4, outputs=2, emit=Pooling.SUM, hidden=((6, 4, 3, 8),)),
    "integers": lambda: random_model(size=6, entries=(-3, 2), multiplier=5, outputs=2),
    "leaks": lambda: random_model(size=8, block=8, leak=[0, 1, 2, 3, 4, 5, 12, 2], outputs=2),
    "two phases": whole, "three layers": three_layers,
    "a table below two layers": lambda: random_stack(
        lower=dict(size=8, block=4, inputs=2), upper=dict(size=4, block=4, outputs=2)).replace(table=[[1, 2], [3, 255]]),
}


def header_of(data):
    return json.loads(bytes(np.load(io.BytesIO(data))["header"]))


@pytest.mark.parametrize("name", NEW)
def test_what_schema_4_adds_comes_back(name, tmp_path):
    model = NEW[name]()
    data = model_bytes(model)
    again = load(tmp_path, data)
    assert header_of(data)["schema"] == 4
    assert again.digest == model.digest and model_bytes(again) == data and again.classes == model.classes
    assert again.table is model.table is None or np.array_equal(again.table, model.table)
    assert again.model_bits == model.model_bits


def test_leaks_come_back_and_are_in_the_digest(tmp_path):
    model = NEW["leaks"]()
    leaks = model.top.recurrence.leaks
    assert (load(tmp_path, model_bytes(model)).top.recurrence.leaks == leaks).all()
    assert model.with_top(recurrence=replace(model.top.recurrence, leak=leaks[::-1])).digest != model.digest


@pytest.mark.parametrize("leaks, message", [
    ([0, 1, 2, 3, 4, 5, 13, 2], "Leak must be between 0 and 12, not 13"), ([1, 2], "Leaks must be one, or 8 in a row"),
    ([3] * 8, "arrays that no model has: layer0_leaks|schema 4 and holds what schema 3"), ([1, 2, 3, 4, 5, 6, 7, 8], "digest")])
def test_a_file_with_other_leaks_is_refused(tmp_path, leaks, message):
    with pytest.raises(ModelFileError, match=message):
        load(tmp_path, edited(NEW["leaks"](), layer0_leaks=np.array(leaks)))


def test_a_file_with_a_leak_and_leaks_is_refused(tmp_path):
    data = with_header(lambda header: header["layers"][0]["recurrence"].update(leak=3), NEW["leaks"]())
    with pytest.raises(ModelFileError, match="header is malformed"):
        load(tmp_path, data)


def test_every_part_of_schema_4_is_in_the_digest():
    model = whole()
    hidden, last = model.readout.stages
    wires, top = model.top.recurrence.wires, model.top.recurrence
    stages = [
        (replace(hidden, bias_shift=hidden.bias_shift + 1), last), (replace(hidden, bits=5), last),
        (replace(hidden, biases=(hidden.biases[0] + 1, hidden.biases[1])), last),
        (replace(hidden, codes=hidden.codes[::-1]), last),
        *((replace(hidden, requantization=Requantization(s, p)), last) for s, p in ((7, 3), (6, 4))),
        (hidden, replace(last, biases=(last.biases[0] + 1,)))]
    others = [model.with_top(recurrence=Hadamard(8, 8, top.signs, wires=wires[::-1])),
              *(model.with_readout(stages=pair) for pair in stages)]
    assert len({model.digest, *(other.digest for other in others)}) == 1 + len(others)


def with_header(change, model=None, **arrays):
    """The file of ``model`` after ``change`` has been at its header, and with other arrays."""
    model = model or whole()
    header = header_of(model_bytes(model))
    change(header)
    return edited(model, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)


def stage(number, **changes):
    return lambda: with_header(lambda header: header["stages"][number].update(changes))


def requantized(**changes):
    return lambda: with_header(lambda header: header["stages"][0]["requantization"].update(changes))


def set_to(**changes):
    return lambda: with_header(lambda header: header.update(changes))


def nine_layers():
    """Nine layers of eight units, each with its arrays."""
    model = random_model(size=8, block=1, outputs=1, inputs=8, input_width=11, input_bits=1)
    with np.load(io.BytesIO(model_bytes(model))) as archive:
        own = {name.removeprefix("layer0_"): array for name, array in archive.items() if name.startswith("layer0_")}
    return with_header(lambda header: header.update(layers=header["layers"] * 9), model,
                       **{f"layer{k}_{name}": array for k in range(9) for name, array in own.items()})


REFUSED = {
    "no stages": (set_to(stages=[]), "Read-out must have between 1 and 4 stages, not 0"),
    "stages of nothing": (set_to(stages=None), "its header is malformed"),
    "one stage of two": (lambda: with_header(lambda header: header["stages"].pop()), "Stage 0 must be hidden"),
    "codes for other states": (lambda: edited(whole(), stage0_codes=np.zeros((5, 7), np.int8)),
                               r"First stage's codes must have shape \[outputs, 8\], not \[5, 7\]"),
    "stages that do not meet": (lambda: edited(whole(), stage1_codes=np.zeros((3, 6), np.int8)),
                                "Stage 1 must take the 5 activations of the one before it, not 6"),
    "codes without a shape": (lambda: edited(whole(), stage0_codes=np.zeros(5, np.int8)), "Stage codes must be a matrix"),
    "codes of more bits": (stage(0, bits=2), "Stage codes must lie between -2 and 1 for 2 bits"),
    "bits of a code": (stage(1, bits=9), "Stage codes must have between 1 and 8 bits, not 9"),
    "biases of another shape": (lambda: edited(whole(), stage0_bias_1=np.zeros(4, np.int64)), "biases must be 5 integers"),
    "bias of 17 bits": (lambda: edited(whole(), stage0_bias_0=np.full(5, 1 << 15)), "must lie between -32767 and 32767"),
    "activation of no bits": (requantized(width=0), "Activation width must be between 1 and 8 bits, not 0"),
    "activation of 9 bits": (requantized(width=9), "Activation width must be between 1 and 8 bits, not 9"),
    "shift below 0": (requantized(shift=-1), "Stage shift must be between 0 and 30 bits, not -1"),
    "shift of 31": (requantized(shift=31), "Stage shift must be between 0 and 30 bits, not 31"),
    "shift that is no integer": (requantized(shift=6.0), "it has 6.0 where an integer belongs"),
    "something else in a requantization": (requantized(offset=1), "its header is malformed"),
    "bias shift below 0": (stage(0, bias_shift=-1), "Bias shift must be between 0 and 30 bits, not -1"),
    "bias shift of 31": (stage(0, bias_shift=31), "Bias shift must be between 0 and 30 bits, not 31"),
    "bias shift of the last stage": (stage(1, bias_shift=1), "Bias shift must be 0 in the last stage"),
    "hidden stage without an end": (stage(0, requantization=None, bias_shift=0), "Stage 0 must have a requantization"),
    "last stage with an end": (stage(1, requantization={"shift": 1, "width": 1}), "Stage 1 must be hidden, or have no"),
    "scale of one phase": (set_to(scales=[1.0]), "biases and a scale for each of 2 phases"),
    "pool of a last state": (set_to(pool_bits=3), "Pool bits are for emit = sum only"),
    "pooling that there is not": (set_to(pooling="mean"), "its header is malformed"),
    "a wire twice": (lambda: edited(whole(), layer0_wires=np.zeros(8, np.int64)), "Wires must be a permutation of 0 to 7"),
    "a wire from nowhere": (lambda: edited(whole(), layer0_wires=np.arange(1, 9)), "Wires must be a permutation of 0 to 7"),
    "too few wires": (lambda: edited(whole(), layer0_wires=np.arange(7)), "Wires must be a permutation of 0 to 7"),
    "what schema 1 says": (lambda: edited(random_model(size=8, block=4, wires=True, outputs=2), layer0_wires=None),
                           "it says schema 4 and holds what schema 1 is for"),
    "schema 4.0": (set_to(schema=4.0), "it has schema 4.0 and this version reads schemas 1 to 5"),
    "no layers": (set_to(layers=[]), "must have"),
    "nine layers": (nine_layers, "Model must have between 1 and 8 layers, not 9"),
    "layers without arrays": (lambda: with_header(lambda header: header.update(layers=header["layers"] * 2)),
                              "it lacks 'layer1_recurrent'"),
    "wires that are gone": (lambda: edited(whole(), layer0_wires=None), "its contents do not match its digest"),
    "edited wires": (lambda: edited(whole(), layer0_wires=np.arange(8)), "its contents do not match its digest"),
    **{f"{name} more": (lambda name=name, kind=kind: edited(whole(), **{name: np.zeros(8, kind)}),
                        f"arrays that no model has: {name}")
       for name, kind in (("stage2_bias_0", np.int64), ("stage1_bias_1", np.int64), ("layer1_recurrent", np.int8),
                          ("lower_recurrent", np.int8), ("recurrent", np.int8), ("layer0_more", np.int64))},
    **{f"no {name}": (lambda name=name: edited(whole(), **{name: None}), f"it lacks '{name}'")
       for name in ("layer0_recurrent", "layer0_input_codes_0", "layer0_input_codes_1", "layer0_bias_1", "stage0_codes",
                    "stage0_bias_1", "stage1_codes", "stage1_bias_0")},
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_model_of_schema_4_is_refused_in_one_sentence(name, tmp_path):
    make, words = REFUSED[name]
    with pytest.raises(ModelFileError, match=words) as caught:
        load(tmp_path, make())
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_wires_of_a_file_of_schema_1_are_refused(tmp_path):
    with pytest.raises(ModelFileError, match="it says schema 1 and holds what schema 4 is for"):
        load(tmp_path, edited(random_model(size=8, block=4, outputs=2), wires=np.arange(8)))


def test_a_shipped_model_of_two_layers_is_of_the_schema_that_it_was_of(tmp_path):
    model = random_stack(lower=dict(size=8, block=4), upper=dict(size=4, block=4, outputs=2))
    assert header_of(model_bytes(model))["schema"] == 2 and load(tmp_path, model_bytes(model)).digest == model.digest
