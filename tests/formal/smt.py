# SPDX-License-Identifier: BSD-2-Clause
"""A component's own RTLIL as an SMT problem: Yosys exports the transition relation, z3 is asked about all its runs."""

import re
import tempfile
from pathlib import Path

import z3
from amaranth.back import rtlil

from rtl_gen.tools.jobs import run_tool
from rtl_gen.tools.toolchain import Kind, find_toolchain

_WIRE = re.compile(r"^\(define-fun \|top_n ([^|]+)\| \(\(state \|top_s\|\)\) (Bool|\(_ BitVec \d+\))", re.MULTILINE)
#: Memories become registers, so that a state is one bit-vector and the question a pure one of bits.
_SCRIPT = ("read_rtlil top.il; hierarchy -top top; proc; flatten; opt_clean; memory -nordff; dffunmap; opt_clean; "
           "write_smt2 -stbv -wires top.smt2")


class Proof:
    """``clocks`` consecutive clocks of a component, from its reset state on, with every input free but the reset, which is low.

    ``wire(name, clock)`` is the z3 value (a Bool for one bit, else a bit-vector) of a port in a clock.
    """

    def __init__(self, component, clocks=1):
        with tempfile.TemporaryDirectory(prefix="hadam-") as name:
            folder = Path(name)
            (folder / "top.il").write_text(rtlil.convert(component, name="top", emit_src=False))
            run_tool(find_toolchain(Kind.YOWASP).synthesis, ["-q", "-p", _SCRIPT], folder)
            self._text = (folder / "top.smt2").read_text()
        self._sorts = dict(_WIRE.findall(self._text))
        self.clocks = clocks
        self._asked = {}
        self._given = [z3.Not(self.wire("rst", clock)) for clock in range(clocks) if "rst" in self._sorts]

    def wire(self, name, clock):
        """The value of the port ``name`` in ``clock``."""
        sort = self._sorts[name]
        const = f"{name}@{clock}"
        self._asked[const] = f"(declare-const |{const}| {sort})(assert (= |{const}| (|top_n {name}| s{clock})))"
        return z3.Bool(const) if sort == "Bool" else z3.BitVec(const, int(sort.split()[-1][:-1]))

    def assume(self, *facts):
        """Only runs in which all ``facts`` hold are asked about. The caller shows that there are any."""
        self._given += facts

    def counterexample(self, *claims):
        """A z3 model of a run in which not all ``claims`` hold, or None: then they hold in every run of so many clocks."""
        frames = [f"(declare-const s{k} |top_s|)" for k in range(self.clocks)]
        frames.append("(assert (|top_i| s0))")
        frames += [f"(assert (|top_t| s{k} s{k + 1}))" for k in range(self.clocks - 1)]
        solver = z3.SolverFor("QF_BV")
        solver.from_string("\n".join([self._text, *frames, *self._asked.values()]))
        solver.add(self._given)
        return refute(*claims, solver=solver)


def refute(*claims, solver=None):
    """A z3 model in which not all ``claims`` hold, or None if there is none. Anything else z3 may say is an error."""
    solver = solver or z3.Solver()
    solver.add(z3.Not(z3.And(*claims)))
    answer = solver.check()
    assert answer in (z3.sat, z3.unsat), solver.reason_unknown()
    return solver.model() if answer == z3.sat else None
