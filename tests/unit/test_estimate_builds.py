# SPDX-License-Identifier: BSD-2-Clause
"""The estimate of cells against the committed builds, half of which it has never seen."""

import pytest

from bench.designs import DESIGNS
from bench.estimate import ASKED_ERROR, ASKED_SECONDS, judge, load_builds
from rtl_gen.estimate import model
from rtl_gen.estimate.fit import fit_factors
from rtl_gen.estimate.inventory import inventory
from rtl_gen.plan.arch import parse_architecture


@pytest.fixture(scope="module")
def builds():
    """Name of a design to what nextpnr counted."""
    return load_builds()


def test_the_held_out_half_is_estimated_as_closely_as_asked(builds):
    assert builds.keys() <= {design.name for design in DESIGNS} and len(builds) >= 45
    result = judge(builds)
    assert result["judged"] >= 20
    assert result["median_error"] <= ASKED_ERROR
    assert result["slowest_seconds"] <= ASKED_SECONDS
    assert result["rams_right"] == len(builds), [row for row in result["builds"] if row["ebr"] != row["estimated_ebr"]]


def test_the_factors_are_what_the_other_half_gives(builds):
    rows = [(inventory(parse_architecture(design.arch).plan(design.model()))[0], builds[design.name]["lc"])
            for design in DESIGNS[::2] if design.name in builds]
    assert fit_factors(rows) == pytest.approx(model.factors(), abs=2e-4)
    assert min(model.factors().values()) > 0


def test_wrong_factors_are_noticed(builds, monkeypatch):
    monkeypatch.setattr(model, "factors", lambda: dict.fromkeys(["adders, one bit", "butterflies", "sums", "joins"], 1.4))
    assert judge(builds)["median_error"] > ASKED_ERROR
