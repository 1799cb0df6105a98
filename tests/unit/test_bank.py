# SPDX-License-Identifier: BSD-2-Clause
"""The resonator bank: one definition, two fast ways, bounds that hold and are tight."""

from dataclasses import replace
from itertools import chain, islice, repeat

import numpy as np
import pytest

from hadam_hw.errors import DataError, ModelError
from hadam_hw.input import bank as bank_module
from hadam_hw.input import bank_bounds
from hadam_hw.input.bank import Level, Resonator, ResonatorBank
from hadam_hw.input.bank_bounds import resonator_bounds, worst_samples
from hadam_hw.input.bank_design import frequency, mel_bank, resonator

DIGITS = mel_bank(8000)


def random_bank(rng):
    """A bank of a few bands with drawn parameters; those that could overflow are drawn again."""
    while True:
        bands = []
        while len(bands) < rng.integers(1, 6):
            first, sign = int(rng.integers(-1, 6)), int(rng.integers(-1, 2))
            second = int(rng.integers(max(first + 1, 0), 10)) if sign else 0
            try:
                bands.append(Resonator(int(rng.integers(-1, 6)), first, second, sign, int(rng.integers(1, 7))))
            except ModelError:
                continue
        level = None if rng.integers(2) else Level(*rng.integers(0, 7, 2).tolist())
        try:
            names, most = ("frame", "fraction", "dropped", "blocker", "log_bits"), (30, 6, 9, 8, 4)
            drawn = dict(zip(names, rng.integers((1, 0, 0, 1, 0), most).tolist()))
            return ResonatorBank(tuple(bands), 8000, level=level, **drawn)
        except ModelError:
            continue


def random_sound(rng, length):
    """Samples of a drawn loudness: noise, or a square wave of drawn length, around a drawn mean."""
    size = 1 << int(rng.integers(0, 16))
    sound = rng.integers(-size, size, length)
    if rng.integers(2):
        sound = np.where(np.arange(length) // rng.integers(1, 40) % 2, size, -size)
    return np.clip(sound + rng.integers(-2000, 2000), -32768, 32767)


@pytest.mark.parametrize("seed", range(12))
def test_arrays_equal_the_definition_wherever_they_are_cut(seed):
    rng = np.random.default_rng(seed)
    bank = random_bank(rng)
    sound = random_sound(rng, 400)
    defined = np.array(list(bank.frames(sound.tolist()))).reshape(-1, bank.size)
    for compiled in (True, False):
        codes, end = bank.run(sound, compiled=compiled)
        assert codes.dtype == np.uint8 and np.array_equal(codes, defined)
        state, parts = None, []
        for part in np.split(sound, np.sort(rng.integers(0, len(sound), 5))):
            codes, state = bank.run(part, state, compiled=compiled)
            parts.append(codes)
        assert np.array_equal(np.concatenate(parts), defined)
        for name in ("blocker", "x", "y", "sums", "count", "level"):
            assert np.array_equal(getattr(state, name), getattr(end, name)), name
    assert len(bank.encode(sound[:bank.frame - 1])) == 0


def test_without_numba_the_codes_are_the_same(monkeypatch):
    sound = random_sound(np.random.default_rng(0), 800)
    codes = DIGITS.encode(sound)
    monkeypatch.setattr(bank_module, "_fastest", lambda: bank_module.run_numpy)
    assert np.array_equal(DIGITS.encode(sound), codes)


def test_the_definition_takes_samples_that_never_end():
    sound = random_sound(np.random.default_rng(1), 160)
    frames = DIGITS.frames(chain(sound.tolist(), repeat(0)))
    assert np.array_equal(np.array(list(islice(frames, 4))), DIGITS.encode(np.pad(sound, (0, 160))))


def reached(bank, sound):
    """(least, greatest) of x and y of each band that the definition's words take on the way."""
    state, words = None, []
    for sample in sound:
        _, state = bank.run(np.array([sample]), state)
        words.append((state.x, state.y))
    words = np.array(words)
    return words.min(axis=0), words.max(axis=0)


@pytest.mark.parametrize("band", [0, 7, 19, 31])
def test_the_worst_samples_come_near_the_bound_and_stay_within_it(band):
    worst = worst_samples(DIGITS, band, 4000)
    least, most = DIGITS.bounds.y[band]
    for sound, bound in ((worst, most), (-1 - worst, least)):
        _, state = DIGITS.run(sound)
        assert 0.9995 < state.y[band] / bound <= 1
    inside = reached(DIGITS, worst[-400:])
    for values, intervals in zip(np.transpose(inside, (1, 2, 0)), (DIGITS.bounds.x, DIGITS.bounds.y)):
        for (low, high), interval in zip(values, intervals):
            assert interval[0] <= low and high <= interval[1]


@pytest.mark.parametrize("seed", range(6))
def test_drawn_banks_stay_within_their_bounds(seed):
    rng = np.random.default_rng(100 + seed)
    bank = random_bank(rng)
    sound = [worst_samples(bank, band, 300) for band in range(bank.size)] + [random_sound(rng, 300)]
    inside = reached(bank, np.concatenate(sound))
    for values, intervals in zip(np.transpose(inside, (1, 2, 0)), (bank.bounds.x, bank.bounds.y)):
        for (low, high), interval in zip(values, intervals):
            assert interval[0] <= low and high <= interval[1]


@pytest.mark.parametrize("seed", range(4))
def test_a_step_is_linear_but_for_roundings_in_their_intervals(seed):
    """What the bounds rest on: the definition's words are those of the linear step with its roundings as inputs, exactly."""
    rng = np.random.default_rng(200 + seed)
    bank = random_bank(rng)
    band, before = bank.bands[0], None
    columns = [np.array([[getattr(band, name)]], float) for name in ("shift", "first", "second", "sign", "damping")]
    least, most = bank_bounds._intervals(*columns, bank.blocker, 16)[0].T
    factors = 2.0**-band.shift, 2.0**-band.first, band.sign * 2.0**-band.second
    for sample in random_sound(rng, 300):
        state = (0, 0, 0) if before is None else (before.blocker, int(before.x[0]), int(before.y[0]))
        _, before = bank.run(np.array([sample]), before)
        a, x, y = state[0] / 2.0**bank.blocker, *state[1:]
        partial = y - ((2 * x) >> (band.first + 1))
        lesser = partial - band.sign * (x >> band.second)
        sources = [sample, a - (state[0] >> bank.blocker), x * factors[1] - (y - partial),
                   band.sign * (x * 2.0**-band.second - (x >> band.second)),
                   lesser * 2.0**-band.damping - (lesser >> band.damping),
                   (int(before.x[0]) - x) - int(before.y[0]) * factors[0]]
        assert all(least <= sources) and all(sources <= most)
        after, _ = bank_bounds._step((a, x, y), sources, factors, 2.0**-band.damping, 2.0**-bank.blocker, 2.0**bank.fraction)
        assert after == (before.blocker / 2.0**bank.blocker, before.x[0], before.y[0])


@pytest.mark.parametrize(("band", "fraction", "blocker"), [
    (Resonator(0, 1, 0, 0, 1), 0, 1), (Resonator(1, 0, 2, 1, 1), 1, 1), (Resonator(1, 0, 1, -1, 2), 0, 2),
    (Resonator(-1, 1, 3, -1, 1), 2, 1)])
def test_no_samples_at_all_leave_the_bounds(band, fraction, blocker):
    """Of samples of two bits every state that any sequence can reach is visited: the bounds hold, and are near."""
    bounds = resonator_bounds((band,), fraction, blocker, 2)
    seen, states = {(0, 0, 0)}, [(0, 0, 0)]
    while states:
        a, x, y = states.pop()
        for sample in (-2, -1, 0, 1):
            u = sample - (a >> blocker)
            driven = y - ((2 * x) >> (band.first + 1)) - band.sign * (x >> band.second)
            driven = driven - (driven >> band.damping) + (u << fraction)
            after = a + u, x + ((2 * driven) >> (band.shift + 1)), driven
            if after not in seen:
                seen.add(after)
                states.append(after)
    for values, ((least, most),) in zip(np.array(list(seen)).T[1:], (bounds.x, bounds.y)):
        assert least <= values.min() and values.max() <= most
        assert np.ptp(values) > 0.6 * (most - least)


@pytest.mark.parametrize("value", [0, 32767, -32768])
def test_an_hour_of_a_constant_ends_in_constant_codes(value):
    codes, state = DIGITS.run(np.full(8000 * 60, value))
    assert state.blocker >> DIGITS.blocker == value
    for _ in range(59):
        codes, state = DIGITS.run(np.full(8000 * 60, value), state)
    assert (codes == codes[0]).all() and np.abs(state.y).max() < 256
    assert codes.max() <= DIGITS.center  # no band is louder than the level


def test_logarithms_of_all_octaves():
    totals = np.array([0, 1, 2, 3, 7, 8, 9, 15, 16, 255, 256, (1 << 31) - 1, 1 << 31, (1 << 32) - 1])
    assert [DIGITS.log(int(total)) for total in totals] == [0, 0, 8, 12, 22, 24, 25, 31, 32, 63, 64, 247, 248, 255]
    bank = replace(DIGITS, level=None)
    assert np.array_equal(bank._logs(totals), [bank.log(int(total)) for total in totals])


def test_a_gain_moves_no_code_once_the_level_is_taken_off():
    rng = np.random.default_rng(3)
    quiet = rng.integers(-500, 500, 4000)
    apart = np.abs(DIGITS.encode(quiet).astype(int) - DIGITS.encode(32 * quiet))
    assert apart[1:].max() <= 2
    plain = replace(DIGITS, level=None)
    louder = plain.encode(32 * quiet).astype(int) - plain.encode(quiet)
    assert np.abs(louder[1:] - 40).max() <= 2


def test_each_band_hears_its_own_frequency():
    bank = replace(DIGITS, level=None)
    for band in (3, 12, 24, 30):
        tone = np.rint(8000 * np.sin(np.arange(2000) * 2 * np.pi * frequency(bank.bands[band], 8000) / 8000))
        codes = bank.encode(tone.astype(np.int16))[-1]
        # of the highest bands, a neighbour with the same width may have more gain: louder it is not by more than an eighth
        assert codes[band] >= codes.max() - 1


@pytest.mark.parametrize("rate", [8000, 16000])
def test_bands_lie_near_the_mel_centers(rate):
    centers = 700 * (10 ** (np.linspace(*(2595 * np.log10(1 + edge / 700) for edge in (60, 0.4875 * rate)), 34) / 2595) - 1)
    found = np.array([frequency(band, rate) for band in mel_bank(rate).bands])
    assert np.abs(found / centers[1:-1] - 1).max() < 0.08
    assert mel_bank(rate).frame == rate // 100


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: Resonator(-1, -1, 0, 0, 4), r"Product a b of a resonator must be below 4, which is half of the rate, not 4\.0"),
    (lambda: Resonator(6, 6, 0, 0, 2), "Resonator must oscillate, and with a damping of 2 a product a b of 0.000244141 only"),
    (lambda: Resonator(0, 3, 3, 1, 4), "Second digit with the sign 1 must be between 4 and 14, not 3"),
    (lambda: Resonator(0, 3, 3, 0, 4), "Second digit with the sign 0 must be between 0 and 0, not 3"),
    (lambda: Resonator(0, 3, 4, 1, 0), "Damping must be between 1 and 8, not 0"),
    (lambda: Resonator(0.5, 3, 4, 1, 4), "Shift must be an integer, not 0.5"),
    (lambda: Level(13, 4), "Rise must be between 0 and 12, not 13"),
    (lambda: replace(DIGITS, bands=()), "Number of bands must be between 1 and 128, not 0"),
    (lambda: replace(DIGITS, log_bits=4), "Bank's bits of the logarithm must be between 0 and 3, not 4"),
    (lambda: mel_bank(8000, damping=8, fraction=8), r"Words of a resonator must fit 31 bits for any input, not take 3\d; "),
    (lambda: replace(DIGITS, frame=200), r"Sum of all bands must be below 2\*\*32 for any input, not reach \d+; more dropped"),
    (lambda: resonator(4000, 8000, 4), r"Frequency must be between 0 and 4000\.0 Hz, half of the rate, not 4000"),
])
def test_what_cannot_be_is_refused_in_a_sentence(make, sentence):
    with pytest.raises(ModelError, match=sentence):
        make()


@pytest.mark.parametrize(("samples", "sentence"), [
    (np.zeros(3), r"Sound must be integer samples \[n\], not float64 \[3\]"),
    (np.zeros((2, 3), np.int16), r"Sound must be integer samples \[n\], not int16 \[2, 3\]"),
    ([0, 40000], "Samples must be between -32768 and 32767, not between 0 and 40000"),
])
def test_other_samples_are_refused(samples, sentence):
    with pytest.raises(DataError, match=sentence):
        DIGITS.run(samples)


@pytest.mark.parametrize("sample", [32768, 0.5])
def test_the_definition_refuses_other_samples(sample):
    with pytest.raises(DataError, match="Sample must be"):
        list(DIGITS.frames([sample]))
