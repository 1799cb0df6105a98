# SPDX-License-Identifier: BSD-2-Clause
"""Seeds of epochs do not depend on the version of Python."""

from hadam_hw.train.seeds import mixed


def test_the_seeds_with_which_the_shipped_models_were_trained():
    assert [mixed(0, 0), mixed(0, 1), mixed(3, 39), mixed(2**40, 10**6)] == [397586535, 16979904, 625420110, 376230435]


def test_seeds_differ():
    assert len({mixed(seed, epoch) for seed in range(50) for epoch in range(50)}) == 2500
