# SPDX-License-Identifier: BSD-2-Clause
"""``sim.verify``: a core that is the golden model, one that is not, and what is refused."""

import numpy as np
import pytest

import sim
from hadam_hw.errors import ArchitectureError, DiffersError
from hadam_hw.readout import Pooling
from rtl_gen.cores.build import build_core
from sim import core_check
from sim.equal import Equal
from tests.models_for_tests import random_model


@pytest.mark.parametrize(("arch", "pooling", "outputs"), [("serial", Pooling.LAST, 4), ("folded:2", Pooling.EVERY, 40)])
def test_a_core_is_the_golden_model(arch, pooling, outputs):
    model = random_model(size=8, block=4, outputs=2).with_readout(pooling=pooling)
    rng = np.random.default_rng(4)
    sequences = [rng.integers(model.input.minimum, model.input.maximum + 1, (steps, model.inputs)) for steps in (7, 13)]
    assert sim.verify(model, arch, sequences=sequences) == Equal(sequences=2, steps=20, outputs=outputs)
    assert sim.verify(model, arch, steps=5) == Equal(sequences=1, steps=5, outputs=outputs // (2 if outputs == 4 else 4))


def test_the_core_of_another_model_is_seen(monkeypatch):
    model, other = (random_model(size=8, block=4, outputs=2, seed=seed) for seed in (1, 2))
    monkeypatch.setattr(core_check, "build_core", lambda model, architecture: build_core(other, architecture))
    with pytest.raises(DiffersError, match="The core is not the golden model: states: number"):
        sim.verify(model, "serial", steps=5)


def test_an_architecture_that_is_none_is_a_sentence():
    with pytest.raises(ArchitectureError):
        sim.verify(random_model(size=8, block=4, outputs=2), "seriel")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sim.nothing
