# SPDX-License-Identifier: BSD-2-Clause
"""What a constructor takes becomes what the model means by it, or is refused in one sentence; nothing passes as it is."""

from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hadam_hw import golden
from hadam_hw.errors import ArchitectureError, ModelError
from hadam_hw.fixed import FixedPoint, Rounding, round_shift
from hadam_hw.form import form_of
from hadam_hw.layer import Activation, InputFormat, Phase
from hadam_hw.model import Model, Provenance, TestVectors
from hadam_hw.model_file import load_model, model_bytes, save_model
from hadam_hw.quantize import quantize, quantize_codes
from hadam_hw.readout import Pooling, Requantization
from hadam_hw.recurrence import Hadamard, Integer, Ternary
from rtl_gen.plan.arch import Folded, Parallel, Serial
from rtl_gen.plan.code_store import CodeStore
from tests.models_for_tests import random_model, random_stack, with_stage

SIZE, INPUTS, OUTPUTS = 8, 2, 3
INT64_MIN = -(2**63)
TOO_LARGE = np.uint64(2**63 + 1)
#: The shipped models, so that no change of a constructor changes what an old file means.
DIGESTS = {
    "copy-h128-b64": "666f0c53c937007c73bfb7d6cf83bd783fcc274ff8e8ad97544b5f8297bf2bf2",
    "digits-bank-h128": "9d62f7df2e1f873cba1b8caa61db67c248679988ced26bcfc711163a45ba7992",
    "digits-h128-b64": "4a7a396d80dfb9aaa068b2fbbcb9dd21641538e720c94d85a575080484643ab3",
    "dsa-persons-h64-b64": "356111a07843fef1096a5038c7ff1519d8752e618f22f63c09a57a476aef5330",
    "dsa-persons-mu-h64-b64": "7ced2400c58aff6b287b71510c0355f40e792e22df8b97181d2d1b696ae3d417",
    "dsa-random-h64-b64": "7797d2c9a48ed7fe9b4c7f8e7abee7f2298744f27826daf81b3f42fef55ac31a",
    "ecg-h64-b64": "040adbba7be962fb12f98e4b347a8692e626bee5bfc00aa632efb4c4ff90d4f7",
    "fashion-h128-b64": "5c8b9f0e166b44dc6efb6863e09115ce2274a60bf0b00d1c8099037eac380016",
    "fashion-o128-d128": "0d112e31f3213527e252be4995b4a936da1d915c588942b6bfa354c2a918a6e8",
    "fashion-h512-d256": "85d7c1c60f862a7c76f5e910c5145ddaaa9513160849f9f1892dfba139a5c332",
    "har-h128-b64": "dd4b14b8eb05208a41864f95474d811e155539aa505924f04e6232427a9e3520",
    "har-h256-b64": "76ddceb713ea79facf93606ff40dc3b413ae6a3e510c98c61b972174ac0976c5",
    "har-mu-h128-s40": "785a388f5c38f847d898a45095714b4489af005a0a5b3d7295daf8250cf628f4",
    "har-mu-h128-s40-stretch": "8f9b9a73f6ee82c1ec42631180537637e0ff5416d239042446430b12ba097527",
    "har-mu-h256-b64": "b34e5d8db022c53193a71f9e66c52a4f20a3d958f3b5b19c8441a46a93ec97ce",
    "har2-mu-h128-s32": "882e95d75f6afbd5fdeb1ffc4ccfb3af6362669f90127cbfc24d7be983c233b3",
    "har2-mu-h256-b64": "4d843247bff91a110e7d1e7c4874395ff1f9da5bda314a8d979b31cfcf64a969",
    "imdb-h128-b64": "307a3318ce83c01a8c14462403d304d5a8e7019d4de797a81676eec769f1fd9b",
    "keywords-h128x2-b64": "2e9a17faade197c90aadd37e5f4717f9950ed28305a78d104610d275ec5a02ea",
    "keywords-h256x2-b64": "a29a987b427b5580896d0a6426b02c5e64b5a8f97053cec0640f222ab4527f7b",
    "pmnist-h128-b64": "70ed37a72f9337e54d984147a7e57e8fc1d6ecc0a69f8f36396fa20f9353451b",
    "pmnist-h128-b64-v6-u8": "581a8d31d290c37ec064835842ef2d66052b6c8f8e3e79814b7d700911cbc7f9",
    "pmnist-h512-b256": "8076258ca8723abd03d85dee7393ddfa4bec986fa22a9b4e4e837f232dcc6311",
    "pmnist-h128-d128": "3d5b4271e7478abb168b88e1ab54a4e622bd18dc48652371046bd2f2a824cd81",
    "pmnist-h128-d64": "951c3dc02db38e4a76e6bd0f6ba8486932e2fa69fc5bdc99632980db9d3d03a4",
    "pmnist-h256-d256": "9179681b51cd7fbd725bf12a9507626888ec4dfe1fa26993b245eb5ddbab9cb8",
    "smnist-o64-d128": "5813b5888fe82f8bc45a6d17ad0b4f4234c573f73b6e68e9c825f573a33c4f3a",
    "pmnist-h512-b256-v6-u8": "00681c2f0aa3c900be2c506e762b58f0736f87388ffbf075b688bb04fc5be1c0",
    "smnist-h128-b64": "eb7f3e04a3ab3ee779f5880a28bfb7983545cf04e03d3e46d949d89c47936666",
    "smnist-h512-d256": "6431bf7272a9e8f3264f72351cecfe89caecbf77c2e522f3a43e198ba1d4b9a3",
    "smnist-h512-b256": "c98a5fbdf24ec0b3cdaf899a327cfb4266bde8d85b1848ecfda705904265680a",
    "smnist-h512-b256-v6-u8": "029328e6df910ff84f7acdc416ed545a86fafbfc7ac46fe2b2049a76b9a05e48",
}


def from_arrays(**changes):
    """A model whose results tell half-up from half-even, last from every, and linear from relu."""
    rng = np.random.default_rng(1)
    arguments = dict(
        recurrence=Hadamard(SIZE, 4, rng.choice([-1, 1], SIZE)), input_weight=rng.integers(-8, 8, (SIZE, INPUTS)),
        output_weight=rng.integers(-8, 8, (OUTPUTS, SIZE)), input_width=4, input_signed=True, state_width=16, state_frac=-2)
    return Model.from_arrays(**arguments | changes)


def made(**changes):
    """A model from its constructors, with the other fields of :func:`from_arrays`; each change goes to the part that has it."""
    def those_of(part):
        return {name: changes.pop(name) for name in {field.name for field in fields(part)} & changes.keys()}

    model = from_arrays()
    model = model.with_top(**those_of(model.top)).with_readout(**those_of(model.readout)).replace(**those_of(model))
    return with_stage(model, **changes)


def quantized(**changes):
    """A model of float weights; ``emit`` and the like as given."""
    rng = np.random.default_rng(1)
    arguments = dict(
        recurrence=Hadamard(SIZE, 4, rng.choice([-1, 1], SIZE)), input_weight=rng.normal(size=(SIZE, INPUTS)),
        bias=np.zeros(SIZE), output_weight=rng.normal(size=(OUTPUTS, SIZE)), output_bias=np.zeros(OUTPUTS),
        input_format=InputFormat(INPUTS, 4, True), input_scale=0.1, calibration=rng.integers(-8, 8, (6, 10, INPUTS)))
    return quantize(**arguments | changes)


def phase(**changes):
    """A phase of the model of :func:`from_arrays` with changes."""
    return replace(from_arrays().top.phases[0], **changes)


def with_phase(**changes):
    """A model with a changed phase."""
    return made(phases=(phase(**changes),))


def vectors(**changes):
    """Test vectors of the right shape."""
    arrays = dict(inputs=np.zeros((4, 5, INPUTS), int), outputs=np.zeros((4, OUTPUTS), int), labels=[0, 1, 2, 0])
    return TestVectors(**arrays | changes)


def vectored(**changes):
    """A model with changed test vectors."""
    return made(vectors=vectors(**changes))


def codes(value, shape):
    """Zeros of ``shape`` and one ``value``, in its type."""
    array = np.zeros(shape, dtype=np.asarray(value).dtype)
    array.flat[-1] = value
    return array


def at(model, name):
    """The field ``name`` of the part of ``model`` that has it."""
    return getattr(model.readout if name == "pooling" else model.top, name)


@pytest.mark.parametrize("make", [from_arrays, made, quantized])
@pytest.mark.parametrize("name, member", [
    *(("rounding", member) for member in Rounding), *(("pooling", member) for member in (Pooling.LAST, Pooling.EVERY)),
    *(("activation", member) for member in Activation)])
def test_a_word_is_the_member_that_it_names(make, name, member):
    keyword = "emit" if name == "pooling" and make is not made else name
    model, wanted = make(**{keyword: np.str_(member.value)}), make(**{keyword: member})
    assert at(model, name) is member
    inputs = np.random.default_rng(2).integers(-8, 8, (20, 9, INPUTS))
    assert np.array_equal(golden.run(model, inputs).outputs, golden.run(wanted, inputs).outputs)
    assert model_bytes(model) == model_bytes(wanted)


def test_a_sum_may_be_a_word_too():
    assert quantized(emit="sum").digest == quantized(emit=Pooling.SUM).digest
    assert from_arrays(emit="sum", pool_bits=np.int64(3)).pooling is Pooling.SUM


@given(st.integers(-1000, 1000), st.integers(0, 6), st.sampled_from(list(Rounding)))
def test_round_shift_takes_the_word_for_the_member(value, shift, rounding):
    assert round_shift(np.array([value]), shift, rounding.value) == round_shift(np.array([value]), shift, rounding)


#: From a function that turns each integer into a NumPy scalar, an object of each class that holds integers or flags.
NUMPY = {
    "FixedPoint": lambda i: FixedPoint(i(12), i(3)),
    "Hadamard": lambda i: Hadamard(i(8), i(4), np.ones(8), i(2)),
    "Ternary": lambda i: Ternary(np.eye(4), i(3), i(2)),
    "Integer": lambda i: Integer([[i(7)]], i(3), i(2)),
    "InputFormat": lambda i: InputFormat(i(3), i(8), np.bool_(True)),
    "Phase": lambda i: Phase(np.zeros((2, 1), int), i(1), [0, 1]),
    "Requantization": lambda i: Requantization(i(7), i(4)),
    "Provenance": lambda i: Provenance(np.str_("t"), i(4), float_score=np.float32(50), integer_score=i(50), epochs=i(2)),
    "Serial": lambda i: Serial(i(4)),
    "Parallel": lambda i: Parallel(i(2)),
    "Folded": lambda i: Folded(i(4), i(2)),
}


@pytest.mark.parametrize("name", NUMPY)
@pytest.mark.parametrize("kind", [np.int64, np.uint8])
def test_a_numpy_scalar_becomes_pythons(name, kind):
    made_of = NUMPY[name](kind)
    values = [getattr(made_of, field.name) for field in fields(made_of)]
    assert {type(value) for value in values} <= {int, bool, float, str, type(None), np.ndarray, CodeStore}
    plain = NUMPY[name](int)
    assert [value for value in values if not isinstance(value, np.ndarray)] == [
        getattr(plain, field.name) for field in fields(plain) if not isinstance(getattr(plain, field.name), np.ndarray)]


@pytest.mark.parametrize("kind", [np.int64, np.uint8])
def test_a_model_of_numpy_scalars_is_saved_and_is_the_same(kind, tmp_path):
    names = np.unique(np.array(["b", "a", "c"]))
    changes = dict(recurrence=Ternary(np.eye(SIZE), 3, 2), output_bits=4, input_bits=4, input_frac=0, pool_bits=5,
                   emit=Pooling.SUM, state_frac=0, state_width=16, input_width=4)
    scalars = {name: kind(value) for name, value in changes.items() if isinstance(value, int)}
    model = from_arrays(**changes | scalars | dict(
        recurrence=Ternary(np.eye(SIZE), kind(3), kind(2)), input_signed=np.bool_(True), classes=names,
        provenance=Provenance(seed=kind(4), float_score=np.float32(50))))
    wanted = from_arrays(**changes, classes=("a", "b", "c"), provenance=Provenance(seed=4, float_score=50.0))
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert model_bytes(again) == model_bytes(model) == model_bytes(wanted)
    assert [type(name) for name in model.classes] == [str] * 3 and model.classes == ("a", "b", "c")
    assert from_arrays(classes=np.arange(3)).classes == ("0", "1", "2")


def test_a_list_of_phases_and_a_whole_number_as_scale_come_back_from_the_file(tmp_path):
    model = made(phases=[phase()], scales=[2])
    save_model(model, tmp_path / "model.npz")
    assert isinstance(model.top.phases, tuple) and model.readout.scales == (2.0,)
    assert load_model(tmp_path / "model.npz").digest == model.digest


def test_whole_floats_are_signs_and_tensors_are_arrays():
    assert Hadamard(4, 4, [1.0, -1.0, 1.0, 1.0]).signs.tolist() == [1, -1, 1, 1]
    weight = torch.zeros(OUTPUTS, SIZE, dtype=torch.int64)
    assert model_bytes(made(codes=weight)) == model_bytes(made(codes=weight.numpy()))


STACK = dict(lower=dict(size=8, block=4), upper=dict(size=4, outputs=2))
BAD_SCORES = ("90", float("nan"), np.float32("inf"), True, 1j, [90.0])

REFUSED = {
    # words
    "rounding": (lambda: made(rounding="half-down"), "Rounding must be one of floor, half-up, half-even, not 'half-down'"),
    "rounding of another enum": (lambda: made(rounding=Pooling.LAST), "Rounding must be"),
    "rounding, array": (lambda: made(rounding=np.zeros((40, 40))), "Rounding must be one of .*, not array"),
    "width, huge float": (lambda: FixedPoint(10.0**300, 0), "State width must be an integer"),
    "rounding, list": (lambda: from_arrays(rounding=["floor"]), "Rounding must be"),
    "round_shift": (lambda: round_shift(np.array([1]), 1, "half"), "Rounding must be"),
    "pooling": (lambda: made(pooling=None), "Pooling must be one of last, every, sum, not None"),
    "emit of quantize": (lambda: quantized(emit="each"), "Pooling must be"),
    "activation": (lambda: made(activation="tanh"), "Activation must be one of linear, relu, not 'tanh'"),
    # flags
    "signed, text": (lambda: InputFormat(1, 8, "no"), "Input's sign must be True or False, not 'no'"),
    "signed, number": (lambda: InputFormat(1, 8, 1), "Input's sign must be True or False, not 1"),
    "signed, None": (lambda: InputFormat(1, 8, None), "Input's sign must be True or False"),
    "signed of from_arrays": (lambda: from_arrays(input_signed="no"), "Input's sign must be True or False"),
    # integers
    "width, float": (lambda: FixedPoint(12.0, 0), "State width must be an integer, not 12.0"),
    "frac, text": (lambda: FixedPoint(12, "3"), "State fraction must be an integer, not '3'"),
    "frac, bool": (lambda: FixedPoint(12, True), "State fraction must be an integer, not True"),
    "size, float": (lambda: InputFormat(1.5, 8, True), "Input size must be an integer"),
    "input width, None": (lambda: InputFormat(1, None, True), "Input width must be an integer"),
    "units": (lambda: Hadamard(8.0, 4, [1] * 8), "Size must be an integer"),
    "block": (lambda: Hadamard(8, 4.0, [1] * 8), "Block must be an integer"),
    "leak": (lambda: Hadamard(8, 4, [1] * 8, 2.5), "Leak must be an integer"),
    "leaks": (lambda: Hadamard(8, 4, [1] * 8, [2.0] * 8), "Leaks must hold integers, not float64"),
    "leaks, too few": (lambda: Hadamard(8, 4, [1] * 8, [2, 3]), r"Leaks must be one, or 8 in a row, not of shape \[2\]"),
    "leaks, a matrix": (lambda: Hadamard(2, 2, [1] * 2, [[2, 3]]), r"Leaks must be one, or 2 in a row, not of shape \[1, 2\]"),
    "leaks, ragged": (lambda: Hadamard(2, 2, [1] * 2, [[2], [3, 4]]), "Leaks must be an array of integers"),
    "leaks, a text": (lambda: Hadamard(2, 2, [1] * 2, "23"), "Leaks must hold integers, not <U2"),
    "leaks, none": (lambda: Hadamard(2, 2, [1] * 2, []), "Leaks must be one, or 2 in a row"),
    "leaks, 13": (lambda: Hadamard(2, 2, [1] * 2, [0, 13]), "Leak must be between 0 and 12, not 13"),
    "leaks, -1": (lambda: Hadamard(2, 2, [1] * 2, [-1, 13]), "Leak must be between 0 and 12, not -1"),
    "multiplier": (lambda: Ternary(np.eye(4), 1.5), "Multiplier must be an integer"),
    "scale shift": (lambda: Ternary(np.eye(4), 1, "2"), "Scale shift must be an integer"),
    "input_frac": (lambda: phase(input_frac=1.5), "Input fraction must be an integer"),
    "input_frac of from_arrays": (lambda: from_arrays(input_frac="2", recurrence=Hadamard(8, 8, [1] * 8)),
                                  "Input fraction must be an integer"),
    "input_frac beyond range": (lambda: from_arrays(input_frac=5000, recurrence=Hadamard(8, 8, [1] * 8)),
                                "Input fraction must be between 0 and 24"),
    "state_frac of from_arrays": (lambda: from_arrays(state_frac=5000), "State fraction must be between"),
    "input_bits": (lambda: made(input_bits=4.0), "Input bits must be an integer"),
    "bits of a stage": (lambda: made(bits="4"), "Stage bits must be an integer"),
    "pool_bits": (lambda: made(pooling=Pooling.SUM, pool_bits=3.5), "Pool bits must be an integer"),
    "bits of quantize": (lambda: quantized(input_bits=0), "Bits of a code must be between 1 and 16, not 0"),
    "state_width of quantize": (lambda: quantized(state_width="12"), "State width must be an integer"),
    # floats
    "output_scale, text": (lambda: made(scales=["1"]), "Output scale must be a finite number, not '1'"),
    "output_scale, bool": (lambda: made(scales=[True]), "Output scale must be a finite number"),
    "output_scale, NaN": (lambda: made(scales=[float("nan")]), "Output scale must be a finite number"),
    "output_scale, huge": (lambda: made(scales=[10**400]), "Output scale must be a finite number"),
    "output_scale, 0": (lambda: made(scales=[0]), "Output scale must be positive"),
    "input_scale": (lambda: quantized(input_scale="0.1"), "Input scale must be a finite number"),
    "input_scale, negative": (lambda: quantized(input_scale=-0.1), "Input scale must be positive, not -0.1"),
    "input_offset": (lambda: quantized(input_offset=float("nan")), "Input offset must be a finite number"),
    "bias, text": (lambda: from_arrays(bias=["a"] * SIZE), "Biases must hold numbers, not"),
    "bias beyond int64": (lambda: from_arrays(bias=np.full(SIZE, -1e300)), "at most 2\\*\\*40 in size"),
    "output_bias beyond int64": (lambda: from_arrays(output_bias=np.full(OUTPUTS, 1e30)), "at most 2\\*\\*40 in size"),
    "weight, text": (lambda: quantized(input_weight="abc"), "Weights must hold numbers, not"),
    # provenance
    "task": (lambda: Provenance(task=3), "Provenance's task must be a text, not 3"),
    "command": (lambda: Provenance(command=None), "Provenance's command must be a text"),
    "seed": (lambda: Provenance(seed=1.5), "Provenance's seed must be an integer"),
    "epochs": (lambda: Provenance(epochs="3"), "Provenance's epochs must be an integer"),
    **{f"{name}, {value!r}": (lambda name=name, value=value: Provenance(**{name: value}),
                              f"Provenance's {name} must be a finite number")
       for name in ("float_score", "integer_score", "full_precision_score", "validation_score") for value in BAD_SCORES},
    "provenance as a dict": (lambda: made(provenance=asdict(Provenance())), "must be a Provenance, not of type dict"),
    # names
    "classes, a text": (lambda: made(classes="abc"), "Classes must be a sequence of names"),
    "classes, array of nothing": (lambda: made(classes=np.array("abc")), "Classes must be a sequence of names"),
    "classes, None": (lambda: made(classes=None), "Classes must be a sequence of names"),
    "class None": (lambda: from_arrays(classes=("a", None, "c")), "Classes must be names, not None"),
    "class of bytes": (lambda: made(classes=(b"a", b"b", b"c")), "Classes must be names, not b'a'"),
    "class True": (lambda: made(classes=(True, False, "c")), "Classes must be names, not True"),
    # arrays
    "signs 1.7": (lambda: Hadamard(2, 2, [1.7, 1]), "Signs must be 2 values of -1 or 1"),
    "signs, complex": (lambda: Hadamard(2, 2, [1 + 0j, 1]), "Signs must hold numbers, not complex128"),
    "signs, tensor with a gradient": (lambda: Hadamard(2, 2, torch.ones(2, requires_grad=True)),
                                      "Signs must be an array of numbers"),
    "signs, ragged": (lambda: Hadamard(2, 2, [[1], [1, 1]]), "Signs must be an array of numbers"),
    "ternary 0.5": (lambda: Ternary([[0.5]]), "must hold only -1, 0 and 1"),
    "integer 0.5": (lambda: Integer([[0.5]]), "must hold only integers of -128 to 127"),
    "integer, NaN": (lambda: Integer([[float("nan")]]), "must hold only integers of -128 to 127"),
    "integer 128": (lambda: Integer([[128]]), "must hold only integers of -128 to 127"),
    "integer, no square": (lambda: Integer([[2, 3]]), "must be square, at most 4096 units, not of shape \\(1, 2\\)"),
    "integer, multiplier": (lambda: Integer([[2]], 256), "Multiplier must be between 1 and 255, not 256"),
    "integer, scale shift": (lambda: Integer([[2]], 1, 31), "Scale shift must be between 0 and 30 bits, not 31"),
    "ternary of text": (lambda: Ternary([["1"]]), "Recurrent matrix must hold numbers"),
    "codes 1.7": (lambda: made(codes=codes(1.7, (OUTPUTS, SIZE))), "Stage codes must hold integer codes"),
    "output_weight 1.7": (lambda: from_arrays(output_weight=codes(1.7, (OUTPUTS, SIZE))), "Output weight must hold integer"),
    "outputs beyond int64": (lambda: with_stage(
        random_model(size=1024, block=1024, outputs=1, state_width=32, output_bits=8),
        codes=np.full((1, 1024), -128)).with_readout(pooling=Pooling.SUM, pool_bits=16), "Outputs must fit 62 bits, not 65"),
    "output_weight uint64": (lambda: from_arrays(output_weight=codes(TOO_LARGE, (OUTPUTS, SIZE))), "Output weight must lie"),
    "table 1.7": (lambda: made(table=codes(1.7, (9, INPUTS))), "Table must hold integer codes"),
    "table uint64": (lambda: made(table=codes(TOO_LARGE, (9, INPUTS))), "Table must"),
    "table int64 min": (lambda: made(table=codes(INT64_MIN, (9, INPUTS))), "Table must be rows of 2 integers"),
    "input_weight uint64": (lambda: from_arrays(input_weight=codes(TOO_LARGE, (SIZE, INPUTS))), "Input weight must lie"),
    "input_codes 1.7": (lambda: phase(input_codes=codes(1.7, (SIZE, INPUTS))), "Input codes must hold integers, not float"),
    "bias uint64": (lambda: phase(bias=codes(np.uint64(2**64 - 5), SIZE)), "Bias must lie between"),
    "bias of Python's integers": (lambda: phase(bias=[2**70] * SIZE), "Bias must hold integers, not object"),
    "output_bias uint64": (lambda: made(biases=[codes(TOO_LARGE, OUTPUTS)]), "Stage biases must lie between"),
    "bias int64 min": (lambda: with_phase(bias=codes(INT64_MIN, SIZE)), "constants must be at most 2\\*\\*40 in size"),
    "output_bias int64 min": (lambda: made(biases=[codes(INT64_MIN, OUTPUTS)]), "Stage biases must be at most 2\\*\\*40"),
    "bias -2**40 - 1": (lambda: with_phase(bias=codes(-(2**40) - 1, SIZE)), "constants must be at most 2\\*\\*40 in size"),
    "input_codes int64 min": (lambda: with_phase(input_codes=codes(INT64_MIN, (SIZE, INPUTS))), "Input codes must lie"),
    "sums beyond int64": (lambda: made(
        recurrence=Ternary(np.eye(SIZE), 1, 30), state=FixedPoint(16, 32),  # 4 * 15 << 62 is 0 in int64
        phases=(phase(input_codes=np.full((SIZE, INPUTS), 4), bias=np.zeros(SIZE, int)),)), "Sums of phase 0 must fit 52 bits"),
    # test vectors
    "inputs 0.5": (lambda: vectors(inputs=np.full((4, 5, INPUTS), 0.5)), "Test inputs must hold integers, not float"),
    "outputs 0.5": (lambda: vectors(outputs=np.full((4, OUTPUTS), 0.5)), "Test outputs must hold integers, not float"),
    "labels 0.5": (lambda: vectors(labels=[0.5, 0, 0, 0]), "Test labels must hold integers, not float"),
    "labels, whole floats": (lambda: vectors(labels=np.zeros(4)), "Test labels must hold integers, not float"),
    "labels, text": (lambda: vectors(labels=list("0120")), "Test labels must hold integers"),
    "labels uint64": (lambda: vectors(labels=codes(TOO_LARGE, 4)), "Test labels must lie between"),
    "label too large": (lambda: vectored(labels=[0, 1, 2, 3]), "Labels of test vectors must be .* 0 to 2, not 3"),
    "label negative": (lambda: vectored(labels=[0, 1, 2, -1]), "Labels of test vectors must be .* 0 to 2, not -1"),
    "label of two layers": (lambda: random_stack(**STACK).replace(
        vectors=TestVectors(np.zeros((1, 2, 1), int), [[0, 0]], [2])), "Labels of test vectors must be .* 0 to 1"),
    "vectors as a tuple": (lambda: made(vectors=(1, 2, 3)), "Test vectors must be a TestVectors, not of type tuple"),
    # parts
    "recurrence": (lambda: made(recurrence=np.eye(SIZE)), "Recurrence must be a Recurrence, not of type ndarray"),
    "recurrence of from_arrays": (lambda: from_arrays(recurrence="hadamard"), "Recurrence must be a Recurrence, not"),
    "input": (lambda: made(input=(INPUTS, 4, True)), "Input must be an InputFormat, not of type tuple"),
    "input_format of quantize": (lambda: quantized(input_format=(INPUTS, 4, True)), "Input must be an InputFormat"),
    "state": (lambda: made(state=16), "State must be a FixedPoint, not of type int"),
    "phases, one": (lambda: made(phases=phase()), "Phases must be a sequence of Phase"),
    "phases of something": (lambda: made(phases=(3,)), "Phases must be a sequence of Phase"),
    "layers, one": (lambda: made(layers=from_arrays().top), "Layers must be a sequence of Layer"),
    "layers of something": (lambda: made(layers=(3,)), "Layers must be a sequence of Layer"),
    "no layers": (lambda: made(layers=()), "Model must have between 1 and 8 layers, not 0"),
    "nine layers": (lambda: from_arrays().above(*[from_arrays().top] * 8), "Model must have between 1 and 8 layers, not 9"),
    "readout": (lambda: made(readout=from_arrays().top), "Read-out must be a Readout, not of type Layer"),
    "stages, one": (lambda: made(stages=from_arrays().readout.stages[0]), "Stages must be a sequence of Dense"),
    "wires": (lambda: Hadamard(4, 4, [1] * 4, wires=[0, 1, 1, 3]), "Wires must be a permutation of 0 to 3"),
    "wires, floats": (lambda: Hadamard(2, 2, [1] * 2, wires=[0.0, 1.0]), "Wires must hold integers, not float64"),
    "stage shift": (lambda: Requantization(31, 4), "Stage shift must be between 0 and 30 bits, not 31"),
    "activation width": (lambda: Requantization(3, 9), "Activation width must be between 1 and 8 bits, not 9"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_meant_is_refused_in_one_sentence(name):
    make, words = REFUSED[name]
    with pytest.raises(ModelError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


@pytest.mark.parametrize("make", [
    lambda: Serial(1.0), lambda: Serial(True), lambda: Parallel("2"), lambda: Folded("2"),
    lambda: Folded(2, 2.0)])
def test_an_architecture_of_no_integers_is_refused(make):
    with pytest.raises(ArchitectureError, match="must be an integer, not"):
        make()


def test_the_edges_of_the_constants_are_still_a_model():
    for bias in (2**40, -(2**40)):
        model = with_phase(bias=codes(bias, SIZE))
        assert model.top.phases[0].bias[-1] == bias
    assert random_model(size=4, outputs=1, inputs=2).replace(
        vectors=TestVectors(np.zeros((2, 3, 2), int), [[0], [5]], [0, 1])).vectors.labels.tolist() == [0, 1], \
        "one output tells two classes apart"


@pytest.mark.parametrize("bits", [4, 8, 12, 16])
def test_codes_of_more_than_a_byte_do_not_wrap(bits):
    weight = np.linspace(-1, 1, 9)
    found, scale = quantize_codes(weight, bits)
    assert np.abs(found * scale - weight).max() <= scale and found.max() == 2**(bits - 1) - 1


def test_arrays_cannot_be_written_and_are_copies():
    given_bias = np.zeros(SIZE, np.int64)
    model = with_phase(bias=given_bias)
    given_bias[0] = 9
    assert not model.top.phases[0].bias.any()
    for array in (*form_of(model).arrays.values(), *vars(vectors()).values()):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


#: Each model that is shipped, or was.
FILES = {path.stem: path for folder in ("models", "tests/data/models") for path in Path(folder).glob("*.npz")}


def test_each_shipped_model_is_listed():
    assert FILES.keys() == DIGESTS.keys()


@pytest.mark.parametrize("name", DIGESTS)
def test_a_shipped_model_means_what_it_meant(name):
    assert load_model(FILES[name]).digest == DIGESTS[name]


@pytest.mark.parametrize("name", DIGESTS)
def test_a_shipped_file_is_what_its_model_is_written_as(name):
    assert model_bytes(load_model(FILES[name])) == FILES[name].read_bytes()
