# SPDX-License-Identifier: BSD-2-Clause
"""The input: it encodes what its fields say, is in the file, and refuses what it does not know."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hadam_hw import golden
from hadam_hw.answer import Value
from hadam_hw.cli import run_cli
from hadam_hw.command import main
from hadam_hw.errors import ModelError, ModelFileError
from hadam_hw.input import Crop, Encoding, Input, IntegerChannel, Law, LengthRule, Padding, ReferenceChannel
from hadam_hw.layer import InputFormat
from hadam_hw.model_file import model_bytes, save_model
from tests.models_for_tests import random_model
from tests.unit.test_model_file import edited, load
from tests.unit.test_schema_4 import header_of

NAMES, UNITS = ("acc_x", "gyro_x"), ("g", "rad/s")
FACTS = dict(rate_hz=50, window=16, hop=8, source="the bench", licence="CC0")


def recordings(seed=1, count=6, steps=16):
    """Measured numbers [count, steps, 2]: an acceleration and a rotation."""
    return np.random.default_rng(seed).normal(size=(count, steps, 2)) * [0.7, 30] + [1, 0]


def fitted(encoding=Encoding.INTEGER, **changes):
    """An input of two channels, the second companded."""
    facts = dict(channels=NAMES, units=UNITS, companded=["gyro_x"], encoding=encoding) | FACTS
    return Input.fit(recordings(), **facts | changes)


def model_with(source, **changes):
    """A random model that takes what ``source`` gives."""
    model = random_model(size=8, block=4, inputs=source.size, input_width=source.width, input_signed=source.signed, outputs=3)
    return model.replace(input=source, **changes).with_readout(classes=("a", "b", "c"))


@pytest.mark.parametrize("encoding", Encoding)
def test_encode_is_channel_by_channel(encoding):
    source, measured = fitted(encoding), recordings(2)[0]
    codes = source.encode(measured)
    assert codes.dtype == np.int64 and codes.shape == measured.shape and source.holds(codes)
    for k, channel in enumerate(source.channels):
        assert (codes[:, k] == channel.codes(measured[:, k], source.format)).all()
    assert [channel.law for channel in source.channels] == [Law.LINEAR, Law.MU_LAW]
    assert abs(source.measured(codes) - measured).max() < 3 and source.encoding is encoding


def test_counts_give_what_the_measured_numbers_give():
    source, measured = fitted(counts=(1 / 8192, 1 / 131)), recordings(3)[0]
    counts = np.rint(measured * [8192, 131]).astype(np.int64)
    assert (source.encode_counts(counts) == source.encode(counts / [8192, 131])).all()
    with pytest.raises(ModelError, match="Counts must be|Counts must hold integers"):
        source.encode_counts(measured)
    with pytest.raises(ModelError, match="Counts must go to an input that says how large they are"):
        fitted(Encoding.REFERENCE).encode_counts(counts)


def test_an_input_answers_what_its_format_does():
    form, source = InputFormat(2, 8, True), fitted()
    for each in (source, Input(form)):
        assert (each.size, each.width, each.signed, each.minimum, each.maximum) == (2, 8, True, -128, 127)
        assert each.holds(np.array([-128, 127])) and not each.holds(np.array([128]))
    assert source.known and not Input(form).known


@pytest.mark.parametrize("encoding", Encoding)
def test_it_is_in_the_file_and_the_model_is_what_it_was(encoding, tmp_path):
    model = model_with(fitted(encoding, length=LengthRule(16, "front", "loudest")), probability_scale=0.01)
    bare = model.replace(input=None, probability_scale=None)
    data = model_bytes(model)
    again = load(tmp_path, data)
    assert again.input == model.input and again.probability_scale == 0.01 and model_bytes(again) == data
    assert again.digest == model.digest == bare.digest
    header = header_of(data)
    assert (header["schema"], header["form"], header["input_digest"]) == (5, 1, model.input.digest)
    assert header_of(model_bytes(bare))["schema"] == 1
    only_scale = load(tmp_path, model_bytes(bare.replace(probability_scale=2)))
    assert only_scale.probability_scale == 2.0 and not only_scale.input.known


def test_a_file_of_schema_4_may_have_an_input_too(tmp_path):
    source = fitted()
    model = random_model(size=8, block=1, wires=True, inputs=2, input_width=8, input_signed=True, outputs=2)
    again = load(tmp_path, model_bytes(model.replace(input=source)))
    assert again.input == source and again.digest == model.digest


def test_the_digest_covers_what_decides_the_integers():
    source = fitted()
    first, second = source.channels
    same = [replace(source, source="elsewhere"), replace(source, licence="none"),
            replace(source, channels=(replace(first, name="ax"), second))]
    other = [replace(source, rate_hz=51), replace(source, window=15), replace(source, hop=7),
             replace(source, length=LengthRule(16)), fitted(Encoding.REFERENCE),
             replace(source, channels=(first, replace(first, name="other"))),
             *(replace(source, channels=(replace(first, **change), second)) for change in (
                 dict(unit="m/s2"), dict(offset=first.offset + 1), dict(shift=first.shift + 1), dict(multiplier=9),
                 dict(count=1.0), dict(count_width=17)))]
    assert {each.digest for each in same} == {source.digest}
    assert len({source.digest, *(each.digest for each in other)}) == 1 + len(other)


def test_predict_is_encode_and_the_golden_model():
    model, measured = model_with(fitted(), probability_scale=0.02), recordings(4)
    outputs = golden.run(model, np.stack([model.input.encode(one) for one in measured])).outputs
    assert (model.scores(measured) == outputs).all() and (model.scores(list(measured)) == outputs).all()
    assert model.predict(measured).tolist() == [model.classes[k] for k in golden.classify(outputs)]
    assert model.with_readout(classes=()).predict(measured).tolist() == golden.classify(outputs).tolist()
    powers = np.exp(outputs * 0.02 - (outputs * 0.02).max(axis=1, keepdims=True))
    assert np.allclose(model.predict_proba(measured), powers / powers.sum(axis=1, keepdims=True))


def test_recordings_of_several_lengths_keep_their_order():
    source = Input.fit([one[:, :1] for one in recordings()])
    model = model_with(source)
    measured = [one[:steps, 0] for one, steps in zip(recordings(5), (3, 9, 3, 16, 9, 1))]
    alone = [golden.run(model, source.encode(one)[None]).outputs[0] for one in measured]
    assert (model.scores(measured) == np.stack(alone)).all() and len(model.scores([])) == 0


def test_values_come_in_their_units():
    model = model_with(fitted()).with_readout(classes=(), values=[Value(0.5, "kPa"), Value(2.0), Value(1e-3, "g")])
    measured = recordings(9)
    scale = np.array(model.readout.scales)[model.phase_of(15)]
    assert np.allclose(model.predict(measured), model.scores(measured) * scale * [0.5, 2, 1e-3])
    with pytest.raises(ModelError, match="left out of a model that answers with values"):
        model.replace(probability_scale=1.0)


def test_probabilities_of_one_output_and_of_none():
    source = fitted()
    model = random_model(size=8, block=4, inputs=2, input_width=8, input_signed=True, outputs=1)
    model, measured = model.replace(input=source, probability_scale=0.1), recordings(6)
    chances = model.predict_proba(measured)
    assert chances.shape == (6, 2) and (chances.argmax(axis=1) == model.predict(measured)).all()
    with pytest.raises(ModelError, match="must have a probability scale"):
        model.replace(probability_scale=None).predict_proba(measured)


def test_a_model_whose_file_says_nothing_says_what_to_do():
    model = random_model(size=8, block=4, inputs=2, input_width=8, input_signed=True, outputs=2)
    with pytest.raises(ModelError, match="a vector is 2 integers between -128 and 127; give those to golden.run"):
        model.predict(recordings())


def test_changed_models_keep_an_input_that_fits_and_refuse_another():
    model = model_with(fitted())
    assert model.with_readout(classes=()).input == model.input
    bare = random_model(size=8, block=4, inputs=2, outputs=2)
    narrow = InputFormat(2, 3, False)
    assert bare.with_top(input=narrow).input.format == narrow
    with pytest.raises(ModelError, match="Model's input must give vectors of 2 unsigned elements of 3 bits"):
        model.with_top(input=narrow)
    with pytest.raises(ModelError, match="a table for tokens or an input for measured numbers, not both"):
        model.replace(table=[[1, 2]])
    with pytest.raises(ModelError, match="Probability scale must be positive"):
        model.replace(probability_scale=0)


@pytest.mark.parametrize("rule, steps, kept, padded", [
    (LengthRule(), 5, slice(0, 5), (0, 0)), (LengthRule(5), 5, slice(0, 5), (0, 0)),
    (LengthRule(8, Padding.FRONT), 5, slice(0, 5), (3, 0)), (LengthRule(8, "back"), 5, slice(0, 5), (0, 3)),
    (LengthRule(3, crop=Crop.FIRST), 5, slice(0, 3), (0, 0)), (LengthRule(3, crop="last"), 5, slice(2, 5), (0, 0)),
    (LengthRule(2, crop=Crop.LOUDEST), 5, slice(1, 3), (0, 0))])
@pytest.mark.parametrize("encoding", Encoding)
def test_the_length_rule(encoding, rule, steps, kept, padded):
    source = replace(fitted(encoding), window=None, hop=None)
    measured = np.array([[1.0, 0], [2, 3], [2, 3], [0, 5], [4, 0]])[:steps]
    wanted = np.pad(source.encode(measured)[kept], (padded, (0, 0)))
    assert (replace(source, length=rule).encode(measured) == wanted).all()
    assert rule.words.startswith("any" if rule.steps is None else f"{rule.steps} steps")


def test_what_the_length_rule_drops_is_not_in_the_statistics():
    quiet, loud = np.zeros((50, 1)), np.random.default_rng(8).normal(size=(10, 1)) + 7
    rule = LengthRule(10, "front", "loudest")
    for encoding in Encoding:
        cut = Input.fit([np.concatenate([quiet, loud])] * 2, encoding=encoding, length=rule)
        assert cut.channels == Input.fit([loud] * 2, encoding=encoding).channels


def test_numpys_scalars_become_pythons(tmp_path):
    i, f, s = np.int64, np.float32, np.str_
    source = Input(InputFormat(i(1), i(8), True), [IntegerChannel(
        name=s("a"), unit=s("g"), law=s("mu-law"), count=f(0.5), count_width=i(12), offset=i(3), multiplier=i(5), shift=i(2),
        chord=i(3))], rate_hz=f(50), window=i(4), hop=i(2), length=LengthRule(i(4), s("back")), source=s("x"))
    plain = Input(InputFormat(1, 8, True), (IntegerChannel(
        name="a", unit="g", law=Law.MU_LAW, count=0.5, count_width=12, offset=3, multiplier=5, shift=2, chord=3),),
        rate_hz=50.0, window=4, hop=2, length=LengthRule(4, Padding.BACK), source="x")
    assert source == plain and source.digest == plain.digest
    assert json.dumps(source.header()) == json.dumps(plain.header())


def test_windows_are_cut_of_the_whole():
    source, measured = fitted(), recordings(7, 1, 45)[0]
    cut = source.windows(measured)
    assert cut.shape == (4, 16, 2)
    whole = replace(source, window=None, hop=None).encode(measured)
    assert all((window == whole[8 * k:8 * k + 16]).all() for k, window in enumerate(cut))
    with pytest.raises(ModelError, match=r"16 steps of the model's window, not 45; .* \(recording 1\)"):
        model_with(source).predict([measured[:16], measured])
    with pytest.raises(ModelError, match="at least a window of 16 steps, not 15"):
        source.windows(measured[:15])


@pytest.mark.parametrize("encoding", Encoding)
def test_inspect_shows_it_to_a_person(encoding, tmp_path, capsys):
    save_model(model_with(fitted(encoding)), tmp_path / "model.npz")
    assert run_cli(main, ["inspect", str(tmp_path / "model.npz")]) == 0
    text = capsys.readouterr().out
    rows = [line.split() for line in text.splitlines()]
    assert ["input,", encoding.value, "unit", "range", "codes", "law"] in rows
    (acc,), (gyro,) = ([row for row in rows if row[:1] == [name]] for name in NAMES)
    assert acc[1] == "g" and acc[3] == "..." and acc[-1] == "linear"
    assert gyro[1] == "rad/s" and gyro[-3:] == ["and", "more", "mu-law"]
    for words in ("rate                   50 Hz", "16 steps, a new one every 8", "the bench", "CC0", "any length"):
        assert words in text
    assert run_cli(main, ["inspect", "--json", str(tmp_path / "model.npz")]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["input"]["digest"] == fitted(encoding).digest and facts["schema"] == 5


def with_input(change):
    """The file of a model after ``change`` has been at the JSON of its input."""
    model = model_with(fitted())
    facts = model.input.header()
    change(facts)
    return edited(model, input=np.frombuffer(json.dumps(facts).encode(), np.uint8))


def channel(**changes):
    return lambda facts: facts["channels"][0].update(changes)


def put(**changes):
    return lambda facts: facts.update(changes)


FAULTS = {
    "another offset": (channel(offset=5), "its input does not match its digest"),
    "an offset that is a text": (channel(offset="0"), "offset, a count, must be an integer, not '0'"),
    "an offset that is a float": (channel(offset=0.0), "offset, a count, must be an integer, not 0.0"),
    "a huge offset": (channel(offset=10**300), "Channel's offset, a count, must be between"),
    "a count of infinity": (channel(count=float("inf")), "its input is not valid JSON"),
    "a count beyond floats": (channel(count=10**400), "count must be a finite number"),
    "a count that overflows": (channel(count=1e308), "must have a finite range"),
    "a name of 10,000 letters": (channel(name="a" * 10000), "one line of at most 64 printable characters"),
    "a name that is a list": (channel(name=["a"]), "Channel's name must be a text"),
    "a name twice": (channel(name="gyro_x"), "Channels must have names of their own, and two are 'gyro_x'"),
    "another field": (channel(gain=1), "its header is malformed"),
    "a field less": (lambda facts: facts["channels"][0].pop("shift"), "its header is malformed"),
    "an unknown law": (channel(law="A-law"), "must be one of linear, mu-law, not 'A-law'"),
    "a law that is a list": (channel(law=[]), "must be one of linear, mu-law"),
    "a channel less": (lambda facts: facts["channels"].pop(), "a list of 2 channels"),
    "channels that are a text": (put(channels="ab"), "a list of 2 channels"),
    "channels that are numbers": (put(channels=[1, 2]), "its header is malformed"),
    "no encoding": (put(encoding=None), "its header is malformed"),
    "the other encoding": (put(encoding="reference"), "its header is malformed"),
    "an encoding that is an object": (put(encoding={}), "its header is malformed"),
    "an unknown front end": (put(front_end={"kind": "cochlea"}), "Front end must be one of .*none.*, not 'cochlea'"),
    "a front end that is a list": (put(front_end=[1]), "its header is malformed"),
    "a front end of a list": (put(front_end={"kind": []}), "its header is malformed"),
    "a front end with more": (put(front_end={"kind": "none", "bands": 3}), "its header is malformed"),
    "a rate of 0": (put(rate_hz=0), "Rate must be positive"), "a rate of 1e30": (put(rate_hz=1e30), "Rate must be at most"),
    "a rate that is true": (put(rate_hz=True), "Rate must be a finite number"),
    "a window of 0": (put(window=0), "window, in steps, must be between 1 and 1048576, not 0"),
    "a window of 2**40": (put(window=1 << 40), "window, in steps, must be"),
    "a window alone": (put(hop=None), "Window and hop must be given both or neither"),
    "a length that is a number": (put(length=5), "its header is malformed"),
    "a length of -1": (put(length={"steps": -1}), "Length rule's steps must be between"),
    "a crop of nothing": (put(length={"crop": "first"}), "must have a number of steps to pad or crop to"),
    "a source of two lines": (put(source="a\n\x1b[31m"), "Source of the data must be one line"),
    "a licence that is a number": (put(licence=3), "Licence of the data must be a text"),
    "more": (put(more=1), "its header is malformed"), "a lack": (lambda facts: facts.pop("channels"), "it lacks 'channels'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_whose_input_is_none_is_refused_in_one_sentence(name, tmp_path):
    change, words = FAULTS[name]
    with pytest.raises(ModelFileError, match=words) as caught:
        load(tmp_path, with_input(change))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_a_file_with_a_huge_input_or_half_of_one_is_refused(tmp_path):
    model = model_with(fitted())
    bare = model.replace(input=None)
    text = np.frombuffer(json.dumps(model.input.header()).encode(), np.uint8)
    for data, words in (
            (edited(model, input=np.full(5 << 20, 32, np.uint8)), "its input takes 5242880 bytes"),
            (edited(model, input=None), "it says schema 5 and holds what schema 1 is for"),
            (edited(bare, input=text), "it says schema 1 and holds what schema 5 is for"),
            (edited(model, input=np.frombuffer(b"[1]", np.uint8)), "its input must be a JSON object")):
        with pytest.raises(ModelFileError, match=words):
            load(tmp_path, data)


GOOD = recordings()
REFUSED = {
    "no recordings": (lambda: Input.fit([]), "Recordings must be at least one"),
    "an empty recording": (lambda: Input.fit([GOOD[0], GOOD[0][:0]]), "none empty"),
    "recordings of other sources": (lambda: Input.fit([GOOD[0], GOOD[0][:, :1]]), "all with the same sources"),
    "NaN": (lambda: Input.fit([np.array([[1.0], [np.nan]])]), "Recordings must be finite"),
    "names": (lambda: Input.fit(GOOD, channels=["a"]), "one for each of 2 columns, not 1, 2 and 2"),
    "companded": (lambda: Input.fit(GOOD, companded=["b"]), "must be among channel_0, channel_1, not 'b'"),
    "an encoding": (lambda: Input.fit(GOOD, encoding="best"), "Encoding must be one of reference, integer"),
    "a width of 17": (lambda: Input.fit(GOOD, width=17), "Input width must be between 1 and 16"),
    "two encodings": (lambda: Input(InputFormat(2, 8, True), (ReferenceChannel(name="a", offset=0, scale=1), IntegerChannel(
        name="b", count=1, offset=0, multiplier=1, shift=0))), "of one encoding"),
    "too few channels": (lambda: Input(InputFormat(3, 8, True), fitted().channels), "each of its 3 elements, not 2"),
    "measured NaN": (lambda: fitted().encode([[1, 2], [np.inf, 3]]), "sample 1 of 'acc_x' is inf"),
    "three columns": (lambda: fitted().encode(np.zeros((4, 3))),
                      r"\[samples, 2\], a column each of acc_x, gyro_x, not \[4, 3\]"),
    "texts": (lambda: fitted().encode([["a", "b"]]), "Measured numbers must hold numbers"),
    "no samples": (lambda: fitted().encode(np.zeros((0, 2))), "Sequence must be numbers"),
    "too short": (lambda: fitted(length=LengthRule(16)).encode(GOOD[0][:9]), "must have 16 steps, not 9; record longer"),
    "too long": (lambda: fitted(length=LengthRule(8)).encode(GOOD[0]), "must have 8 steps, not 16; cut it into windows"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_in_a_sentence(name):
    make, words = REFUSED[name]
    with pytest.raises(ModelError, match=words):
        make()
