# SPDX-License-Identifier: BSD-2-Clause
"""Tokens in a user's file become vectors on the host, by the table of the model's file."""

import json

import numpy as np
import pytest

from firmware import device
from firmware.__main__ import main
from hadam_hw import golden
from hadam_hw.cli import run_cli
from hadam_hw.model_file import save_model
from tests.firmware.link_peer import Peer
from tests.models_for_tests import random_model

RNG = np.random.default_rng(3)
PLAIN = random_model(size=16, outputs=3, inputs=4, input_width=6, input_signed=True, bias_range=2)
MODEL = PLAIN.replace(table=RNG.integers(-32, 32, (50, 4)))
TOKENS = RNG.integers(0, 50, (7, 12))
LABELS = golden.classify(golden.run(MODEL, TOKENS).outputs)


class Port:
    """A serial port with a device of the golden model behind it."""

    model = MODEL

    def __init__(self, name, baud):
        self.peer, self.waiting = Peer(self.model), b""

    def write(self, data):
        answer, _ = self.peer.take(data)
        self.waiting += answer.encode()

    def read(self, timeout):
        data, self.waiting = self.waiting, b""
        return data

    def close(self):
        self.peer.line.close()
        self.peer.far.close()


@pytest.fixture
def infer(tmp_path, monkeypatch, capsys):
    """Runs the command on a file of these arrays; returns what it said, or its error."""
    monkeypatch.setattr(device, "SerialPort", Port)
    save_model(MODEL, tmp_path / "tokens.npz")
    save_model(PLAIN, tmp_path / "plain.npz")

    def run(inputs, model="tokens", suffix="npz"):
        path = tmp_path / f"data.{suffix}"
        if suffix == "npz":
            np.savez(path, inputs=inputs, labels=LABELS)
        else:
            path.write_text("\n".join(",".join(map(str, row)) for row in inputs))
        weights = ["--weights", str(tmp_path / f"{model}.npz")] if model else []
        code = run_cli(main, ["infer", "--port", "x", "--json", *weights, str(path)])
        said = capsys.readouterr()
        return json.loads(said.out) if code == 0 else said.err

    return run


@pytest.mark.parametrize("suffix", ["npz", "csv"])
def test_tokens_are_looked_up(infer, suffix):
    facts = infer(TOKENS, suffix=suffix)
    assert facts["classes"] == LABELS.tolist() and len(set(facts["classes"])) > 1
    assert (golden.classify(golden.run(MODEL, (TOKENS + 1) % 50).outputs) != LABELS).any()  # another row would be seen
    assert facts.get("correct") == (7 if suffix == "npz" else None)


def test_vectors_of_a_model_with_a_table_are_taken_as_they_are(infer):
    assert infer(MODEL.embed(TOKENS))["classes"] == LABELS.tolist()
    # without the model the same numbers are vectors: 12 tokens a line are 3 of these
    assert infer(TOKENS % 32, model=None)["classes"] == golden.classify(
        golden.run(MODEL, TOKENS.reshape(7, 3, 4) % 32).outputs).tolist()


@pytest.mark.parametrize("token", [-1, 50])
def test_a_token_that_the_table_has_not_is_named(infer, token):
    wrong = TOKENS.copy()
    wrong[4, 2] = token
    error = infer(wrong)
    assert "must be between 0 and 49, and step 2 of sequence 4 is " + str(token) in error and error.count("\n") == 1


def test_tokens_without_a_table_are_told_where_they_would_be_looked_up(infer, monkeypatch):
    assert "if these are tokens, name the model whose table has them: --weights" in infer(TOKENS[:, :11], model=None)
    monkeypatch.setattr(Port, "model", PLAIN)
    error = infer(TOKENS[:, :11], model="plain")
    assert "must have shape [sequences, steps, 4], not [7, 11]" in error and "--weights" not in error
