# SPDX-License-Identifier: BSD-2-Clause
"""The bank in C computes the definition's codes from samples on, under the sanitizers, and without a product in QEMU."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from firmware.mcu.bank import bank_sizes, render_bank
from hadam_hw.input.bank_bounds import worst_samples
from hadam_hw.input.bank_design import mel_bank
from sim.mcu import targets
from sim.mcu.bank import bank_footprint, run_bank
from tests.firmware.c_harness import compile_all
from tests.unit.test_bank import random_bank, random_sound

MAIN = """
#include <stdio.h>
{includes}

/* for each bank the number of samples, then they themselves */
#define RUN(name, UPPER) do {{ \\
        static name##_state state; \\
        uint8_t codes[UPPER##_BANDS]; \\
        int32_t left; \\
        int16_t sample; \\
        if (fread(&left, sizeof left, 1, stdin) != 1) \\
            return 1; \\
        name##_reset(&state); \\
        for (; left && fread(&sample, sizeof sample, 1, stdin) == 1; left--) \\
            if (name##_sample(&state, sample, codes)) \\
                fwrite(codes, sizeof codes, 1, stdout); \\
        fprintf(stderr, "%u ", (unsigned)sizeof state); \\
    }} while (0)

int main(void)
{{
{runs}
    return 0;
}}
"""


def test_codes_are_those_of_the_definition(tmp_path):
    rng = np.random.default_rng(0)
    plain = replace(mel_bank(8000), level=None)
    wide = mel_bank(16000, bands=40, dropped=7)
    banks = {"plain": plain, "digits": mel_bank(8000), "wide": wide} | {f"drawn_{k}": random_bank(rng) for k in range(24)}
    assert any(band.shift < 0 or band.first < 0 for band in (*wide.bands, *plain.bands))
    sources, stream, expected = [], b"", b""
    for name, bank in banks.items():
        for file, text in render_bank(bank, name).items():
            (tmp_path / file).write_text(text)
        sources.append(tmp_path / f"{name}.c")
        sound = np.concatenate([random_sound(rng, 1500), worst_samples(bank, int(rng.integers(bank.size)), 500),
                                np.full(500, -32768), np.zeros(300, int), random_sound(rng, 500)])
        stream += np.array(len(sound), "<i4").tobytes() + sound.astype("<i2").tobytes()
        expected += bank.encode(sound).tobytes()
    main = tmp_path / "main.c"
    main.write_text(MAIN.format(includes="\n".join(f'#include "{name}.h"' for name in banks),
                                runs="\n".join(f"    RUN({name}, {name.upper()});" for name in banks)))
    program = compile_all([main, *sources], tmp_path)
    process = subprocess.run([program], input=stream, capture_output=True, timeout=60)
    assert process.returncode == 0, process.stderr.decode()[-2000:]
    assert process.stdout == expected
    assert list(map(int, process.stderr.split())) == [bank_sizes(bank)["state_bytes"] for bank in banks.values()]


@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda target: target.name)
def test_the_bank_of_digits_on(target, tmp_path):
    bank = mel_bank(8000)
    took = bank_footprint(bank, target, tmp_path)
    assert not took.products and 400 < took.ram <= 600 and 150 <= took.tables <= 200 and 200 < took.code < 1000
    sound = np.random.default_rng(1).integers(-30000, 30000, 3 * bank.frame)
    codes, instructions = run_bank(bank, target, sound, tmp_path)
    assert np.array_equal(codes, bank.encode(sound))
    assert 32 * 12 < instructions < 32 * 50
