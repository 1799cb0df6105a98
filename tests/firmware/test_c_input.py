# SPDX-License-Identifier: BSD-2-Clause
"""The exported C makes the same codes of raw counts as the model's input, over random channels and the ends of each word."""

import subprocess

import numpy as np

from firmware.mcu.export import render
from firmware.mcu.input_layout import input_layout
from hadam_hw.input import Encoding, Input, IntegerChannel, Law, ReferenceChannel
from hadam_hw.input.digits import signed_digits
from hadam_hw.layer import InputFormat
from tests.firmware.c_harness import compile_all, export
from tests.models_for_tests import random_model

MAIN = """
#include <stdio.h>
#include "net.h"

int main(void)
{
    static int32_t counts[NET_INPUTS];
    static net_input x[NET_INPUTS];
    int i;
    while (fread(counts, sizeof counts, 1, stdin) == 1) {
        net_encode(x, counts);
        for (i = 0; i < NET_INPUTS; i++) {
            const int32_t code = x[i];
            fwrite(&code, sizeof code, 1, stdout);
        }
    }
    return 0;
}
"""


def random_channel(rng, index, form, wide):
    """An integer channel over all that one may be; ``wide`` ones need sums of 64 bits."""
    width = int(rng.integers(2, 25 if wide else 13))
    multiplier = 0
    while not 1 <= len(signed_digits(multiplier)) <= 4:
        multiplier = int(rng.integers(1, 1 << (20 if wide else 14))) * int(rng.choice([-1, 1]))
    law = Law.MU_LAW if rng.random() < 0.5 else Law.LINEAR
    return IntegerChannel(
        name=f"channel {index}", unit="µT */", law=law, count=float(2.0 ** -rng.integers(0, 12)), count_width=width,
        offset=int(rng.integers(-(1 << width - 1), 1 << width - 1)), multiplier=multiplier,
        shift=int(rng.integers(0, 41 if wide else 20)), chord=int(rng.integers(0, 9)) if law is Law.MU_LAW else 0)


def run(model, counts, folder):
    """The codes int64 of ``counts`` by the exported C."""
    (folder / "main.c").write_text(MAIN)
    program = compile_all([folder / "main.c", *export(model, "net", folder)], folder)
    said = subprocess.run([program], input=counts.astype("<i4").tobytes(), capture_output=True, check=True).stdout
    return np.frombuffer(said, "<i4").reshape(counts.shape).astype(np.int64)


def counts_of(rng, channels, steps):
    """Counts over each channel's word, its ends and its offset often."""
    columns = []
    for channel in channels:
        ends = rng.choice([channel.lowest, channel.highest, channel.offset, channel.lowest + 1], steps)
        inside = rng.integers(channel.lowest, channel.highest, steps, endpoint=True)
        columns.append(np.where(rng.random(steps) < 0.3, ends, inside))
    return np.stack(columns, axis=1)


def test_the_codes_are_the_inputs(tmp_path):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        form = InputFormat(24, int(rng.integers(1, 17)), bool(rng.integers(2)))
        channels = tuple(random_channel(rng, k, form, wide=seed % 2) for k in range(24))
        source = Input(form, channels)
        model = random_model(size=4, block=4, outputs=2, inputs=24, input_width=form.width, input_signed=form.signed,
                             seed=seed).replace(input=source)
        assert input_layout(source).word_bits == (64 if seed % 2 else 32)
        counts = counts_of(rng, channels, 400)
        folder = tmp_path / str(seed)
        folder.mkdir()
        assert (run(model, counts, folder) == source.encode_counts(counts)).all(), seed


def test_counts_beyond_a_word_are_clipped(tmp_path):
    channel = IntegerChannel(name="x", count=1.0, count_width=8, offset=3, multiplier=5, shift=1)
    model = random_model(size=4, block=4, outputs=2, inputs=1, input_width=12, input_signed=True).replace(
        input=Input(InputFormat(1, 12, True), (channel,)))
    counts = np.array([[128], [127], [2**31 - 1], [-128], [-129], [-(2**31)]])
    assert (run(model, counts, tmp_path)[:, 0] == model.input.encode_counts(np.clip(counts, -128, 127))[:, 0]).all()


def test_what_is_no_matter_of_integers_has_no_function():
    plain = random_model(size=4, block=4, outputs=2)
    reference = ReferenceChannel(name="x", offset=0.0, scale=1.0)
    model = plain.replace(input=Input(plain.layers[0].input, (reference,)))
    assert model.input.encoding is Encoding.REFERENCE
    for one in (plain, model):
        assert "net_encode" not in render(one, "net")["net.h"]
