# SPDX-License-Identifier: BSD-2-Clause
"""requirements.lock is one choice of what pyproject.toml allows, and what the suite runs with."""

import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]


def requirements():
    """All that pyproject.toml asks for, but the package itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *(line for lines in project["optional-dependencies"].values() for line in lines)]
    return [parsed for parsed in map(Requirement, lines) if parsed.name != "hadam_hw"]


def locked(text=None):
    """The versions of requirements.lock by name."""
    lines = (ROOT / "requirements.lock").read_text("utf-8") if text is None else text
    pairs = (line.split("==") for line in lines.splitlines() if not line.startswith("#"))
    return {canonicalize_name(name): Version(number) for name, number in pairs}


def outside(wanted, have):
    """What is asked for, and not in ``have`` within its range."""
    return [str(one) for one in wanted if canonicalize_name(one.name) not in have
            or have[canonicalize_name(one.name)] not in one.specifier]


def test_the_lock_has_all_that_is_asked_for_within_its_range():
    assert len(requirements()) > 20 and outside(requirements(), locked()) == []


@pytest.mark.parametrize("text", ["numpy==3.0", "rich==15.0.0"])
def test_a_version_out_of_range_or_missing_is_seen(text):
    assert any(line.startswith("numpy") for line in outside(requirements(), locked(text)))


def test_what_runs_is_what_is_locked():
    assert {name: Version(version(name)).public for name in locked()} == {name: each.public for name, each in locked().items()}
