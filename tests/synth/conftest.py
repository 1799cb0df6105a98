# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of the flow share: the tools, and one small core through synthesis and place & route."""

import pytest

from hadam_hw.cache import Cache
from rtl_gen.design.emit import emit_core
from rtl_gen.plan.arch import parse_architecture
from rtl_gen.tools.design_files import CORE
from rtl_gen.tools.family import Device
from rtl_gen.tools.flow import Flow
from rtl_gen.tools.toolchain import Kind, find_toolchain
from tests.models_for_tests import random_model

HX8K = Device("hx8k", "ct256")


@pytest.fixture(scope="session")
def flow():
    """A flow that remembers nothing."""
    return Flow(find_toolchain(Kind.YOWASP), Cache(None))


@pytest.fixture(scope="session")
def small_core():
    """(Core, its Verilog) of 8 units."""
    return emit_core(random_model(size=8, block=4, outputs=3), parse_architecture("serial"))


@pytest.fixture(scope="session")
def netlist(flow, small_core):
    """The small core, synthesised."""
    return flow.synthesise(small_core[1], CORE)


@pytest.fixture(scope="session")
def placement(flow, netlist):
    """The small core, placed anywhere on an HX8K."""
    found, = flow.place(netlist, HX8K, 100.0, [1])
    return found
